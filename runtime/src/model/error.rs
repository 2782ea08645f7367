//! An ordinary failure, as a driver reports it or as the host answers a driver.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How a failure is to be taken. The cases are those of `ostler:machine/types.error-kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// Worth another try later.
    Transient,
    /// Somebody must do something at the device.
    NeedsAttention,
    /// Trying again will not help.
    Permanent,
    /// The request is wrong.
    Invalid,
    /// The host does not allow it.
    Denied,
    /// Cancelled, or past its deadline.
    Cancelled,
    /// Not done by this driver or host.
    Unsupported,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Transient => "transient",
            Self::NeedsAttention => "needs-attention",
            Self::Permanent => "permanent",
            Self::Invalid => "invalid",
            Self::Denied => "denied",
            Self::Cancelled => "cancelled",
            Self::Unsupported => "unsupported",
        })
    }
}

/// What is known about the label in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// No byte of it was sent.
    NotSent,
    /// Bytes were sent, and the driver asked the device: it was not printed.
    NotPrinted,
    /// Bytes were sent, and nobody knows.
    Unknown,
}

/// A failure with a kind for programs and a message for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DriverError {
    /// How it is to be taken.
    pub kind: ErrorKind,
    /// A short stable name.
    pub code: String,
    /// What happened, to what, and what to do.
    pub message: String,
    /// What is known about the label in hand.
    pub outcome: Outcome,
    /// When trying again may help, in milliseconds.
    #[serde(alias = "retry-after-ms")]
    pub retry_after_ms: Option<u32>,
}

impl DriverError {
    /// With what is known about the label in hand.
    #[must_use]
    pub fn with_outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }

    /// An error of the host's own: nothing was sent.
    pub fn new(kind: ErrorKind, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind, code: code.into(), message: message.into(), outcome: Outcome::NotSent, retry_after_ms: None }
    }

    /// The host does not allow it. The message names the rule and what would allow it.
    pub fn denied(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Denied, code, message)
    }

    /// The request is wrong.
    pub fn invalid(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, code, message)
    }

    /// Worth another try later.
    pub fn transient(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Transient, code, message)
    }

    /// The call was cancelled or its deadline passed.
    pub fn cancelled(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Cancelled, "cancelled", message)
    }
}

impl fmt::Display for DriverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {})", self.message, self.kind, self.code)
    }
}

impl std::error::Error for DriverError {}
