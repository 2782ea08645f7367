//! A plugin: machine types and drivers that come together.

use super::{Digest, Slug, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A plugin as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Plugin {
    /// Its name for programs.
    pub slug: Slug,
    /// Its name for people.
    pub name: String,
    /// What it brings.
    pub description: String,
    /// The plugin's own version.
    pub version: String,
    /// The machine types that it brings.
    pub types: Vec<TypeSource>,
    /// The drivers that it brings.
    pub drivers: Vec<PluginDriver>,
    /// When it was installed last.
    pub installed_at: Timestamp,
    /// Whether the operator enabled it.
    pub enabled: bool,
}

/// The files of a machine type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TypeSource {
    /// The folder in the plugin.
    pub folder: String,
    /// Names and texts of its `.wit` files.
    pub wit: Vec<(String, String)>,
    /// Its `machine-type.toml`; none for a folder that only has packages which others use.
    pub manifest: Option<String>,
    /// Why it could not be registered when the plugin was installed.
    #[serde(default)]
    pub problem: Option<String>,
}

/// A component of a plugin, and what became of it at the install.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PluginDriver {
    /// Its file in the plugin.
    pub file: String,
    /// The driver that it is; none when it could not be installed.
    pub driver: Option<(Slug, Digest)>,
    /// Why it could not be installed.
    pub problem: Option<String>,
}
