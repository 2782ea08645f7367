//! What does a printer say about its state, all answers to one question together?

use crate::{Conditions, Fault, HostStatus, Warning};

/// What a printer said to the last question.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// The answer to `~HS`.
    pub status: Option<HostStatus>,
    /// The answer to `~HQES`.
    pub conditions: Option<Conditions>,
    /// How many labels the printer has printed in its life, when that was asked and answered.
    pub count: Option<u64>,
    /// Whether the printer's count is known to be had: when it is not here, it is late, and the next question may bring it.
    pub counts: bool,
    /// Whether anything at all was heard since the question, also late answers.
    pub heard: bool,
}

impl Report {
    /// What keeps the printer from printing, in the order of what to do first.
    pub fn faults(&self) -> Vec<Fault> {
        Fault::all(self.status.as_ref(), self.conditions.as_ref())
    }

    /// What wants attention soon.
    pub fn warnings(&self) -> Vec<Warning> {
        Warning::all(self.conditions.as_ref())
    }

    /// Whether the printer said, in answer to this question, that it has no fault and nothing left to print.
    pub fn is_idle(&self) -> bool {
        self.status.is_some_and(|status| status.is_idle()) && self.faults().is_empty()
    }

    /// Whether a label waits to be taken from the peel bar.
    pub fn waits_to_be_taken(&self) -> bool {
        self.status.is_some_and(|status| status.waits_to_be_taken())
    }

    /// Whether the printer said anything about its state in answer to this question.
    pub fn is_conclusive(&self) -> bool {
        self.status.is_some() || !self.faults().is_empty()
    }
}
