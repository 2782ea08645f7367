//! What becomes of a job when its call has ended?
//!
//! Decided by bytes: a label of which a byte left, and which is neither done nor known not to be printed, is in doubt, and
//! with it the job. Nothing in doubt is ever printed again by itself.

use crate::{
    broker::print::PrintStanding,
    instance::CallEnd,
    model::{DriverError, ErrorKind, JobState, Outcome},
};
use std::time::Duration;

/// What becomes of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// It is over.
    Over {
        /// How.
        state: JobState,
        /// Why, unless it is done.
        error: Option<DriverError>,
    },
    /// It is tried again, from the first label that is not finished.
    Again {
        /// Why.
        error: DriverError,
        /// When.
        after: Duration,
    },
}

/// Pauses before the second, third ... attempt in seconds; the last one repeats.
const BACK_OFF: [u64; 6] = [1, 2, 5, 10, 20, 30];

/// Settles a job of `label_count` labels. `attempts` counts the attempt that ended; `cancelled` says that an operator asked
/// for the end.
pub fn settle(end: &CallEnd, standing: PrintStanding, label_count: u32, attempts: u32, cancelled: bool) -> Settlement {
    let failure = end.failure();
    if let Some(label) = standing.labels.started {
        let proven = matches!(&failure, Some(error) if error.outcome == Outcome::NotPrinted)
            && matches!(end, CallEnd::Returned(_));
        if standing.bytes > 0 && !proven {
            return Settlement::Over { state: JobState::Unknown, error: Some(in_doubt(label, label_count, failure)) };
        }
    }
    let all_done = standing.labels.done >= label_count;
    match failure {
        // A driver that fails after its last label was done has still printed the job.
        _ if all_done => Settlement::Over { state: JobState::Done, error: None },
        None => {
            let message = format!(
                "the driver returned without an error, but only {} of {label_count} labels are done",
                standing.labels.done
            );
            let error = DriverError::new(ErrorKind::Permanent, "labels-missing", message);
            Settlement::Over { state: JobState::Failed, error: Some(certain(error, standing)) }
        }
        Some(error) if cancelled => {
            Settlement::Over { state: JobState::Cancelled, error: Some(certain(error, standing)) }
        }
        Some(error) => {
            let error = certain(error, standing);
            match (end, error.kind) {
                // By no fault of the job: the instance ended, or the machine was stopped meanwhile.
                (CallEnd::Crashed { .. } | CallEnd::NotRunning | CallEnd::GivenUp { .. }, _)
                | (_, ErrorKind::Transient | ErrorKind::NeedsAttention | ErrorKind::Cancelled) => {
                    let after =
                        error.retry_after_ms.map_or_else(|| pause(attempts), |ms| Duration::from_millis(ms.into()));
                    Settlement::Again { error, after }
                }
                (_, ErrorKind::Permanent | ErrorKind::Invalid | ErrorKind::Denied | ErrorKind::Unsupported) => {
                    Settlement::Over { state: JobState::Failed, error: Some(error) }
                }
            }
        }
    }
}

/// Settles a job that is one call and has no labels. `written` counts the bytes that the device took; an `idempotent` function
/// may be called again whatever it did.
pub fn settle_call(end: &CallEnd, written: u64, idempotent: bool, attempts: u32, cancelled: bool) -> Settlement {
    let Some(error) = end.failure() else { return Settlement::Over { state: JobState::Done, error: None } };
    let did_nothing = written == 0 || idempotent;
    let knows = matches!(end, CallEnd::Returned(_)) && error.outcome == Outcome::NotPrinted;
    let own_word = matches!(end, CallEnd::Returned(_))
        && matches!(error.kind, ErrorKind::Permanent | ErrorKind::Invalid | ErrorKind::Denied | ErrorKind::Unsupported);
    if own_word {
        return Settlement::Over { state: JobState::Failed, error: Some(error) };
    }
    if !did_nothing && !knows {
        let message = format!(
            "{written} bytes were sent, and it is not known what they did: {}. Look at the machine, then call again if \
             it is still wanted",
            error.message
        );
        let error = DriverError::new(ErrorKind::NeedsAttention, "call-in-doubt", message);
        return Settlement::Over { state: JobState::Unknown, error: Some(error.with_outcome(Outcome::Unknown)) };
    }
    if cancelled {
        return Settlement::Over { state: JobState::Cancelled, error: Some(error) };
    }
    let after = error.retry_after_ms.map_or_else(|| pause(attempts), |ms| Duration::from_millis(ms.into()));
    Settlement::Again { error, after }
}

fn pause(attempts: u32) -> Duration {
    let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or_default();
    Duration::from_secs(BACK_OFF.get(index).or(BACK_OFF.last()).copied().unwrap_or(30))
}

/// The host knows by its own count that no byte left, whatever the driver thinks.
fn certain(mut error: DriverError, standing: PrintStanding) -> DriverError {
    if standing.bytes == 0 {
        error.outcome = Outcome::NotSent;
    }
    error
}

fn in_doubt(label: u32, label_count: u32, failure: Option<DriverError>) -> DriverError {
    let number = label + 1;
    let why = failure
        .map_or_else(|| "the driver returned without saying whether it is done".to_owned(), |error| error.message);
    let message = format!(
        "bytes of label {number} of {label_count} were sent, and it is not known whether it came out: {why}. Look at the \
         printer, then print again from label {number} or the one after it"
    );
    DriverError::new(ErrorKind::NeedsAttention, "label-in-doubt", message).with_outcome(Outcome::Unknown)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::{instance::Answer, model::LabelProgress};

    fn standing(done: u32, started: Option<u32>, bytes: u64) -> PrintStanding {
        PrintStanding { labels: LabelProgress { done, started, proof: None }, bytes }
    }

    fn failed(kind: ErrorKind, outcome: Outcome) -> CallEnd {
        CallEnd::Returned(Err(DriverError::new(kind, "code", "words").with_outcome(outcome)))
    }

    fn crashed() -> CallEnd {
        CallEnd::Crashed { blamed: true, reason: "trap".into() }
    }

    fn state(settlement: &Settlement) -> Option<JobState> {
        match settlement {
            Settlement::Over { state, .. } => Some(*state),
            Settlement::Again { .. } => None,
        }
    }

    #[test]
    fn all_labels_done_is_done() {
        let end = CallEnd::Returned(Ok(Answer::Done));
        assert_eq!(state(&settle(&end, standing(2, None, 0), 2, 1, false)), Some(JobState::Done));
    }

    #[test]
    fn one_byte_without_a_word_about_it_is_unknown_however_the_call_ends() {
        let ends = [
            CallEnd::Returned(Ok(Answer::Done)),
            failed(ErrorKind::Transient, Outcome::NotSent),
            failed(ErrorKind::Permanent, Outcome::Unknown),
            crashed(),
            CallEnd::GivenUp { reason: "late".into() },
            CallEnd::NotRunning,
        ];
        for end in ends {
            for cancelled in [false, true] {
                let settled = settle(&end, standing(1, Some(1), 1), 3, 1, cancelled);
                assert_eq!(state(&settled), Some(JobState::Unknown), "{end:?}");
                let Settlement::Over { error: Some(error), .. } = settled else { panic!("an error is due") };
                assert!(error.message.contains("label 2 of 3"), "{error}");
            }
        }
    }

    #[test]
    fn not_printed_by_the_devices_word_is_tried_again() {
        let end = failed(ErrorKind::NeedsAttention, Outcome::NotPrinted);
        assert!(matches!(settle(&end, standing(0, Some(0), 500), 1, 1, false), Settlement::Again { .. }));
    }

    #[test]
    fn a_crash_before_the_first_byte_is_tried_again_and_after_it_never() {
        assert!(matches!(settle(&crashed(), standing(0, Some(0), 0), 1, 1, false), Settlement::Again { .. }));
        assert_eq!(state(&settle(&crashed(), standing(0, Some(0), 9), 1, 1, false)), Some(JobState::Unknown));
    }

    #[test]
    fn a_driver_that_claims_success_without_labels_has_failed() {
        let end = CallEnd::Returned(Ok(Answer::Done));
        assert_eq!(state(&settle(&end, standing(1, None, 0), 2, 1, false)), Some(JobState::Failed));
    }

    #[test]
    fn error_kinds_decide_when_no_byte_left() {
        let at = |kind, cancelled| settle(&failed(kind, Outcome::NotSent), standing(0, None, 0), 1, 1, cancelled);
        assert_eq!(state(&at(ErrorKind::Permanent, false)), Some(JobState::Failed));
        assert_eq!(state(&at(ErrorKind::Denied, false)), Some(JobState::Failed));
        assert_eq!(state(&at(ErrorKind::Transient, false)), None);
        assert_eq!(state(&at(ErrorKind::Cancelled, true)), Some(JobState::Cancelled));
    }

    #[test]
    fn a_call_is_tried_again_only_when_it_did_nothing_or_may_be_repeated() {
        let end = failed(ErrorKind::Transient, Outcome::Unknown);
        assert_eq!(state(&settle_call(&end, 0, false, 1, false)), None);
        assert_eq!(state(&settle_call(&end, 9, false, 1, false)), Some(JobState::Unknown));
        assert_eq!(state(&settle_call(&end, 9, true, 1, false)), None);
        assert_eq!(state(&settle_call(&crashed(), 9, false, 1, false)), Some(JobState::Unknown));
        assert_eq!(state(&settle_call(&crashed(), 0, false, 1, true)), Some(JobState::Cancelled));
        let refused = failed(ErrorKind::Permanent, Outcome::Unknown);
        assert_eq!(state(&settle_call(&refused, 9, false, 1, false)), Some(JobState::Failed));
        let done = CallEnd::Returned(Ok(Answer::Json(serde_json::json!(1))));
        assert_eq!(state(&settle_call(&done, 9, false, 1, true)), Some(JobState::Done));
    }

    #[test]
    fn pauses_grow_and_stay_at_the_last() {
        assert_eq!(pause(1), Duration::from_secs(1));
        assert_eq!(pause(3), Duration::from_secs(5));
        assert_eq!(pause(100), Duration::from_secs(30));
    }
}
