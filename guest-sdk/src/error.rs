//! Ordinary failures, and what the host should do about them.

use std::fmt;

use crate::__private::core::ostler::machine::types::Error as RawError;
use crate::{ErrorKind, Outcome};

/// The result of everything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure, classed by what helps against it.
///
/// In a print call the class decides what becomes of the job: `transient` is tried again, `needs-attention` waits for
/// the device and goes on by itself, `permanent` fails. The [`Outcome`] is [`Outcome::NotSent`] unless said
/// otherwise. The host believes that only when it has seen no byte leave since `label-started`; after a byte,
/// [`Outcome::NotPrinted`] is a promise of the driver, and anything else makes the label `unknown`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What helps.
    pub kind: ErrorKind,
    /// A short stable name for programs, in lower case with dashes.
    pub code: String,
    /// For people: what happened, to what, and what to do about it.
    pub message: String,
    /// What is known about the label in hand.
    pub outcome: Outcome,
    /// When trying again may help, in milliseconds; the host's own back-off when absent.
    pub retry_after_ms: Option<u32>,
}

impl Error {
    /// An error of any kind.
    pub fn new(kind: ErrorKind, code: impl Into<String>, message: impl Into<String>) -> Self {
        let (code, message) = (code.into(), message.into());
        Self { kind, code, message, outcome: Outcome::NotSent, retry_after_ms: None }
    }

    /// Worth another try later, without anybody doing anything.
    pub fn transient(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Transient, code, message)
    }

    /// Somebody must do something at the device; the message says what.
    pub fn needs_attention(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NeedsAttention, code, message)
    }

    /// Trying again will not help.
    pub fn permanent(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Permanent, code, message)
    }

    /// The request is wrong: a setting, an option, a document.
    pub fn invalid(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, code, message)
    }

    /// It is not allowed; the message names the rule.
    pub fn denied(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Denied, code, message)
    }

    /// This driver does not do this. Its code is `unsupported`.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, "unsupported", message)
    }

    /// The same error, with what is known about the label in hand.
    #[must_use]
    pub fn with_outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }

    /// The same error, with the time in milliseconds after which trying again may help.
    #[must_use]
    pub fn with_retry_after(mut self, ms: u32) -> Self {
        self.retry_after_ms = Some(ms);
        self
    }

    /// The same error, with words in front of its message: `context: message`.
    #[must_use]
    pub fn context(mut self, context: impl fmt::Display) -> Self {
        self.message = format!("{context}: {}", self.message);
        self
    }

    /// Whether a read waited in vain: no byte came within its time-out.
    pub fn is_timeout(&self) -> bool {
        self.kind == ErrorKind::Transient && self.code == "timeout"
    }

    /// Whether the call was cancelled or its deadline passed. Such an error is handed on, not handled.
    pub fn is_cancelled(&self) -> bool {
        self.kind == ErrorKind::Cancelled
    }
}

/// The message; the class and the code are for programs.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<RawError> for Error {
    fn from(raw: RawError) -> Self {
        let RawError { kind, code, message, outcome, retry_after_ms } = raw;
        Self { kind, code, message, outcome, retry_after_ms }
    }
}

impl From<Error> for RawError {
    fn from(error: Error) -> Self {
        let Error { kind, code, message, outcome, retry_after_ms } = error;
        Self { kind, code, message, outcome, retry_after_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_keeps_all_its_parts_on_the_way_to_the_host_and_back() {
        let error = Error::transient("busy", "The port is busy.").with_outcome(Outcome::Unknown).with_retry_after(250);
        assert_eq!(Error::from(RawError::from(error.clone())), error);
    }

    #[test]
    fn context_goes_in_front_of_the_message() {
        assert_eq!(Error::invalid("x", "too long").context("setting WIDTH").to_string(), "setting WIDTH: too long");
    }

    #[test]
    fn only_a_transient_timeout_counts_as_one() {
        assert!(Error::transient("timeout", "").is_timeout());
        assert!(!Error::transient("unreachable", "").is_timeout());
        assert!(!Error::permanent("timeout", "").is_timeout());
    }
}
