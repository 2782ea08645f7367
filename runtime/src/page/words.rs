//! States, times and progress as people read them.

use crate::{
    broker::BoardSnapshot,
    model::{JobRecord, JobState, MachineState, Proof, Timestamp},
};
use std::fmt;

/// How something is, by a colour; the words beside it say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// At work.
    Busy,
    /// Somebody should look some time.
    Warn,
    /// Somebody has to do something.
    Bad,
    /// At rest.
    Idle,
}

impl fmt::Display for Tone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Good => "good",
            Self::Busy => "busy",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Idle => "idle",
        })
    }
}

/// A state in a word or two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Badge {
    /// Its colour.
    pub tone: Tone,
    /// Its words.
    pub text: String,
}

impl Badge {
    fn new(tone: Tone, text: &str) -> Self {
        Self { tone, text: text.to_owned() }
    }

    /// Of a machine: what its driver shows while it is ready, else what keeps it from that.
    pub fn of_machine(state: &MachineState, board: &BoardSnapshot) -> Self {
        match state {
            MachineState::Inactive => Self::new(Tone::Idle, "Switched off"),
            MachineState::DriverMissing { .. } => Self::new(Tone::Bad, "Driver missing"),
            MachineState::Incomplete { .. } => Self::new(Tone::Bad, "Settings missing"),
            MachineState::Starting => Self::new(Tone::Busy, "Starting"),
            MachineState::Failed { .. } => Self::new(Tone::Bad, "Failed"),
            MachineState::Quarantined { .. } => Self::new(Tone::Bad, "Quarantined"),
            MachineState::Stopping { .. } => Self::new(Tone::Busy, "Stopping"),
            MachineState::Ready if !board.heard => Self::new(Tone::Good, "Ready"),
            MachineState::Ready => {
                let tone = match board.status.code {
                    0..200 if board.status.color == "primary" => Tone::Busy,
                    0..200 => Tone::Good,
                    200..300 => Tone::Warn,
                    _ => Tone::Bad,
                };
                Self::new(tone, &board.status.text)
            }
        }
    }

    /// Of a job.
    pub fn of_job(state: JobState) -> Self {
        match state {
            JobState::Queued => Self::new(Tone::Idle, "Queued"),
            JobState::Held => Self::new(Tone::Warn, "Held"),
            JobState::Printing => Self::new(Tone::Busy, "Printing"),
            JobState::Waiting => Self::new(Tone::Warn, "Waiting"),
            JobState::Done => Self::new(Tone::Good, "Done"),
            JobState::Failed => Self::new(Tone::Bad, "Failed"),
            JobState::Cancelled => Self::new(Tone::Idle, "Cancelled"),
            JobState::Unknown => Self::new(Tone::Bad, "In doubt"),
        }
    }
}

/// How many labels of a job are finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Finished labels.
    pub done: u32,
    /// All labels.
    pub count: u32,
    /// `label 2 of 3`, `3 labels`.
    pub text: String,
}

impl Progress {
    /// Of a job; nothing for a function that prints no labels.
    pub fn of(job: &JobRecord) -> Option<Self> {
        let (done, count) = (job.labels.done, job.label_count);
        let all = if count == 1 { "1 label".to_owned() } else { format!("{count} labels") };
        let text = match job.state {
            JobState::Done | JobState::Queued | JobState::Held if done == 0 || done == count => all,
            JobState::Printing | JobState::Waiting | JobState::Unknown if done < count => {
                format!("label {} of {count}", done + 1)
            }
            _ => format!("{done} of {all}"),
        };
        (count > 0).then_some(Self { done, count, text })
    }
}

/// A moment, for programs and for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// RFC 3339.
    pub iso: String,
    /// In UTC; a script writes it in the reader's own time.
    pub text: String,
}

impl From<Timestamp> for Moment {
    fn from(at: Timestamp) -> Self {
        let text = match jiff::Timestamp::from_millisecond(at.0) {
            Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
            Err(_) => at.to_string(),
        };
        Self { iso: at.to_string(), text }
    }
}

/// How sure it is that labels came out.
pub fn proof(proof: Option<Proof>) -> &'static str {
    match proof {
        Some(Proof::Counted) => "The printer's own counter says so.",
        Some(Proof::Acknowledged) => "The printer said afterwards that nothing was left to print, and no fault.",
        Some(Proof::Sent) => "Everything was handed to the printer, which does not say more.",
        None => "",
    }
}

/// `1 job`, `3 jobs`.
pub fn jobs(count: usize) -> String {
    if count == 1 { "1 job".to_owned() } else { format!("{count} jobs") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_the_same_for_programs_and_people() {
        let moment = Moment::from(Timestamp(1_234));
        assert_eq!(
            (moment.iso.as_str(), moment.text.as_str()),
            ("1970-01-01T00:00:01.234Z", "1970-01-01 00:00:01 UTC")
        );
    }
}
