//! What a driver may be allowed beyond the settings of its machines. A driver asks for a grant in `describe`, with a reason, and an
//! operator approves it; without that nothing of it is open.

use super::{Slug, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A grant that this runtime knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grant {
    /// To connect to link-local addresses (RFC 3927, RFC 4291 section 2.5.6) that stand in a setting of its machines.
    LinkLocal,
}

impl Grant {
    /// Every grant.
    pub const ALL: [Self; 1] = [Self::LinkLocal];

    /// The name by which drivers ask for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::LinkLocal => "link-local",
        }
    }

    /// The grant of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant| grant.name() == name)
    }

    /// What it opens, for the operator who decides.
    pub fn opens(self) -> &'static str {
        match self {
            Self::LinkLocal => {
                "connections to link-local addresses (169.254.0.0/16, fe80::/10) that are typed into a setting, such as that of a \
                 printer on a direct cable; cloud metadata services stay closed"
            }
        }
    }
}

/// A grant that a driver asks for, and what was decided about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GrantState {
    /// The driver.
    pub driver: Slug,
    /// The grant's name.
    pub grant: String,
    /// Why the driver needs it, in its own words.
    pub reason: String,
    /// What it opens; null for one that this runtime does not know and that can therefore not be approved.
    pub opens: Option<String>,
    /// The approval, if there is one.
    pub approved: Option<Approval>,
}

/// That somebody approved a grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Approval {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}
