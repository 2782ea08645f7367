//! Label templates as they are stored: the source of a version, and rows of values. What a source says is read by
//! `ostler_render::template`.

use super::{Fields, Slug, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A stored version of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTemplate {
    /// The template's number.
    pub id: i64,
    /// Its name.
    pub name: Slug,
    /// Whether it came with ostler.
    pub built_in: bool,
    /// Which version, from 1.
    pub version: u32,
    /// The latest version.
    pub latest: u32,
    /// The whole file.
    pub source: String,
    /// When this version was stored.
    pub created_at: Timestamp,
    /// Who stored it.
    pub created_by: String,
}

/// A row of values that is kept with a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TemplateRow {
    /// Its number.
    pub pk: i64,
    /// The values.
    pub fields: Fields,
    /// When it was stored.
    pub created_at: Timestamp,
}
