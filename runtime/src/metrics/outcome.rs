//! How something ended, as the label `outcome`.

use crate::{
    instance::CallEnd,
    model::{DriverError, ErrorKind},
};
use std::sync::atomic::{AtomicU64, Ordering};

/// How a call or a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Without an error.
    Ok,
    /// With an error that may pass.
    Transient,
    /// With an error that a person has to look at.
    NeedsAttention,
    /// What was asked for cannot be.
    Invalid,
    /// With an error that does not pass.
    Permanent,
    /// The driver cannot do that.
    Unsupported,
    /// The driver may not do that.
    Denied,
    /// Somebody ended it.
    Cancelled,
    /// It took too long.
    Deadline,
    /// It made the driver's instance end.
    Trap,
    /// The driver's instance ended under it, by no fault of its own.
    InstanceEnded,
    /// The driver's instance did not run.
    NotRunning,
}

impl Outcome {
    const ALL: [Self; 12] = [
        Self::Ok,
        Self::Transient,
        Self::NeedsAttention,
        Self::Invalid,
        Self::Permanent,
        Self::Unsupported,
        Self::Denied,
        Self::Cancelled,
        Self::Deadline,
        Self::Trap,
        Self::InstanceEnded,
        Self::NotRunning,
    ];

    /// The outcome of a call; `overdue` says that its bound had passed before it ended.
    pub fn of_call(end: &CallEnd, overdue: bool) -> Self {
        match end {
            CallEnd::Returned(Err(error)) if overdue && error.kind == ErrorKind::Cancelled => Self::Deadline,
            CallEnd::Returned(Ok(_)) => Self::Ok,
            CallEnd::Returned(Err(error)) => Self::of_error(error),
            CallEnd::Crashed { blamed: true, .. } => Self::Trap,
            CallEnd::Crashed { blamed: false, .. } => Self::InstanceEnded,
            CallEnd::GivenUp { .. } if overdue => Self::Deadline,
            CallEnd::GivenUp { .. } => Self::Cancelled,
            CallEnd::NotRunning => Self::NotRunning,
        }
    }

    /// The outcome of what returns or fails.
    pub fn of<T>(result: &Result<T, DriverError>) -> Self {
        result.as_ref().map_or_else(Self::of_error, |_| Self::Ok)
    }

    fn of_error(error: &DriverError) -> Self {
        match error.kind {
            ErrorKind::Transient => Self::Transient,
            ErrorKind::NeedsAttention => Self::NeedsAttention,
            ErrorKind::Invalid => Self::Invalid,
            ErrorKind::Permanent => Self::Permanent,
            ErrorKind::Unsupported => Self::Unsupported,
            ErrorKind::Denied => Self::Denied,
            ErrorKind::Cancelled => Self::Cancelled,
        }
    }

    /// The label's value.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Transient => "transient",
            Self::NeedsAttention => "needs-attention",
            Self::Invalid => "invalid",
            Self::Permanent => "permanent",
            Self::Unsupported => "unsupported",
            Self::Denied => "denied",
            Self::Cancelled => "cancelled",
            Self::Deadline => "deadline",
            Self::Trap => "trap",
            Self::InstanceEnded => "instance-ended",
            Self::NotRunning => "not-running",
        }
    }
}

/// A counter for each outcome.
#[derive(Debug, Default)]
pub struct Outcomes([AtomicU64; Outcome::ALL.len()]);

impl Outcomes {
    /// Counts one.
    pub fn count(&self, outcome: Outcome) {
        if let Some(counter) = self.0.get(outcome as usize) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Those that came about, with how often.
    pub fn seen(&self) -> impl Iterator<Item = (Outcome, u64)> {
        Outcome::ALL
            .into_iter()
            .zip(&self.0)
            .map(|(outcome, counter)| (outcome, counter.load(Ordering::Relaxed)))
            .filter(|(_, count)| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_its_own_counter() {
        for (index, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome as usize, index);
        }
        let outcomes = Outcomes::default();
        outcomes.count(Outcome::Denied);
        outcomes.count(Outcome::Denied);
        outcomes.count(Outcome::NotRunning);
        let seen: Vec<_> = outcomes.seen().collect();
        assert_eq!(seen, [(Outcome::Denied, 2), (Outcome::NotRunning, 1)]);
    }

    #[test]
    fn a_call_that_was_cancelled_at_its_bound_has_passed_its_deadline() {
        let cancelled = CallEnd::Returned(Err(DriverError::cancelled("ping-machine took longer than 10s")));
        assert_eq!(Outcome::of_call(&cancelled, true), Outcome::Deadline);
        assert_eq!(Outcome::of_call(&cancelled, false), Outcome::Cancelled);
        let trap = CallEnd::Crashed { blamed: true, reason: String::new() };
        assert_eq!(Outcome::of_call(&trap, true), Outcome::Trap);
    }
}
