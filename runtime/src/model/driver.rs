//! What a driver says about itself, and the record of an installed component.

use super::{Digest, OptionKey, OptionSpec, SettingSpec, Slug, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The checked answer of `describe`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DriverInfo {
    /// Its name for programs.
    pub slug: Slug,
    /// Its name for people.
    pub name: String,
    /// What it drives.
    pub description: String,
    /// The driver's own version.
    pub version: String,
    /// The machine type that it serves.
    pub machine_type: Slug,
    /// Settings in scope `driver`.
    pub settings: Vec<SettingSpec>,
    /// Buttons that it offers for each machine.
    pub actions: Vec<Action>,
    /// Optional functions of the type that it implements.
    pub implements: Vec<String>,
    /// What it wants beyond the settings of its machines.
    pub grants: Vec<GrantRequest>,
    /// Texts in other languages.
    pub translations: Vec<Translation>,
}

/// A button that a driver offers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Action {
    /// Its name for programs.
    pub key: OptionKey,
    /// Its name for people.
    pub name: String,
    /// What it does.
    pub description: String,
    /// What the operator is asked for first.
    pub inputs: Vec<OptionSpec>,
    /// A question that the operator must agree to first.
    pub confirm: Option<String>,
}

/// How many machines an instance of a driver serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Isolation {
    /// All of the driver's.
    #[default]
    Driver,
    /// One each: what ends one machine's instance does not touch the others, for the price of their memory.
    Machine,
}

impl Isolation {
    /// The name in the API and the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Driver => "driver",
            Self::Machine => "machine",
        }
    }

    /// The policy of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Driver, Self::Machine].into_iter().find(|policy| policy.name() == name)
    }
}

/// Something beyond the settings of its machines that a driver asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GrantRequest {
    /// The grant's name.
    pub grant: String,
    /// Why the driver needs it.
    pub reason: String,
}

/// A text in another language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Translation {
    /// A BCP 47 tag.
    pub language: String,
    /// A path such as `settings.CONNECTION.name`.
    pub key: String,
    /// The text.
    pub text: String,
}

/// A component that passed its install.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InstalledDriver {
    /// The sha256 of the component.
    pub digest: Digest,
    /// What it says about itself.
    pub info: DriverInfo,
    /// The contract that it was checked against, with its version.
    pub contract: String,
    /// Every interface that it imports.
    pub imports: Vec<String>,
    /// The component's size in bytes.
    pub size: u64,
    /// When it was installed.
    pub installed_at: Timestamp,
    /// Whether the operator enabled this digest.
    pub enabled: bool,
    /// When it was enabled last.
    pub enabled_at: Option<Timestamp>,
    /// The plugin that brought it; none when it was installed by itself.
    #[serde(default)]
    pub plugin: Option<Slug>,
}
