//! Who may do what: roles, and tokens as they are stored.

use super::{MachineId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt, str::FromStr};

/// What somebody may do. Each role may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// See everything but secrets and what goes over a wire.
    View,
    /// Print, decide about jobs, pause and restart machines, press their buttons.
    Operate,
    /// Add, change and remove machines and templates.
    Configure,
    /// Install drivers and plugins, make tokens, take backups.
    Admin,
}

impl Role {
    /// All of them, from the least.
    pub const ALL: [Self; 4] = [Self::View, Self::Operate, Self::Configure, Self::Admin];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Operate => "operate",
            Self::Configure => "configure",
            Self::Admin => "admin",
        }
    }

    /// The role of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::parse(name).ok_or_else(|| format!("'{name}' is not a role: use {}", Self::ALL.map(Self::name).join(", ")))
    }
}

/// The number of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct TokenId(pub i64);

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A token, without its secret: only a hash of that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenRecord {
    /// Its number.
    pub pk: TokenId,
    /// What it is called; unique among those that are not revoked. It stands in the audit.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The machines that it is for; null for all.
    pub machines: Option<BTreeSet<MachineId>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// When it ends; null for never.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
    /// When it was used last, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// A token to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The machines that it is for; none for all.
    pub machines: Option<BTreeSet<MachineId>>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// A session of the page: somebody who showed a token, and need not show it again for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionRecord {
    /// Its number.
    pub id: i64,
    /// The token that was shown.
    pub token: TokenId,
    /// When it ends.
    pub expires_at: Timestamp,
}
