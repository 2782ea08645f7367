//! A machine: one configured device, and the state it is in.

use super::{MachineId, Slug, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A machine as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MachineRecord {
    /// Its id.
    pub id: MachineId,
    /// What the operator calls it; unique.
    pub name: String,
    /// The slug of its type.
    pub machine_type: Slug,
    /// The slug of its driver.
    pub driver: Slug,
    /// Whether it should run.
    pub active: bool,
    /// When it was added.
    pub created_at: Timestamp,
    /// The time between two pings in milliseconds: none for the daemon's, 0 for never.
    pub ping_interval_ms: Option<u32>,
    /// Whether its jobs wait until somebody resumes it.
    pub paused: bool,
}

/// What a machine is doing. Everything but `Ready` says why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum MachineState {
    /// Switched off by the operator.
    Inactive,
    /// Its type or driver is not installed or not enabled.
    DriverMissing {
        /// Which, and what to do.
        reason: String,
    },
    /// A required setting has no value.
    Incomplete {
        /// `Missing MACHINE settings: A, B and DRIVER settings: C`.
        reason: String,
    },
    /// Being initialised.
    Starting,
    /// Initialised; takes calls.
    Ready,
    /// Initialising failed, or its instance died; tried again.
    Failed {
        /// What happened.
        reason: String,
        /// How often it was tried in a row.
        attempt: u32,
        /// When it is tried next.
        next_try_at: Timestamp,
    },
    /// Its calls trapped too often; waits for an operator.
    Quarantined {
        /// Which call trapped, how often, and how to release it.
        reason: String,
    },
    /// `stop-machine` runs.
    Stopping {
        /// Why.
        reason: String,
    },
}

impl MachineState {
    /// The state's name as the API writes it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::DriverMissing { .. } => "driver-missing",
            Self::Incomplete { .. } => "incomplete",
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Failed { .. } => "failed",
            Self::Quarantined { .. } => "quarantined",
            Self::Stopping { .. } => "stopping",
        }
    }

    /// Why the machine is in this state, where there is a reason to give.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Inactive | Self::Starting | Self::Ready => None,
            Self::DriverMissing { reason }
            | Self::Incomplete { reason }
            | Self::Failed { reason, .. }
            | Self::Quarantined { reason }
            | Self::Stopping { reason } => Some(reason),
        }
    }
}

impl fmt::Display for MachineState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason() {
            Some(reason) => write!(f, "{}: {reason}", self.name()),
            None => f.write_str(self.name()),
        }
    }
}

/// How a property's value is to be shown. The names are upstream's; the contract's are understood, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PropertyKind {
    /// Text.
    #[serde(rename = "str", alias = "text")]
    Text,
    /// `true` or `false`.
    #[serde(rename = "bool", alias = "boolean")]
    Boolean,
    /// A whole number.
    #[serde(rename = "int", alias = "integer")]
    Integer,
    /// A number with a fraction.
    #[serde(rename = "float", alias = "decimal")]
    Decimal,
    /// A part of `max`.
    #[serde(rename = "progress")]
    Progress,
}

/// A fact about a machine that its driver found out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Property {
    /// Its name.
    pub key: String,
    /// Its value as text.
    pub value: String,
    /// Properties with the same group are shown together.
    pub group: String,
    /// How the value is to be shown.
    #[serde(rename = "type")]
    pub kind: PropertyKind,
    /// The full value of a `Progress`.
    #[serde(rename = "max_progress")]
    pub max: Option<f64>,
}
