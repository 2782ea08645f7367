//! What a printer's counter of labels proves when it did not go up as it should.

use ostler_sdk::{Error, Outcome};

/// The error for a printer that is idle and free of faults, and whose counter went up by fewer than was sent.
///
/// That nothing was printed is a promise: the host may print again on the strength of it. So it is given only when
/// the counter did not move at all, and only for a counter that was seen to move before (`trusted`): one that
/// never does would make every label printed twice.
pub fn short(copies: u32, before: u64, printed: u64, trusted: bool) -> Error {
    if printed > 0 {
        let now = before.saturating_add(printed);
        let message = format!(
            "The printer is done, but its counter went from {before} to {now}: {printed} of {copies} labels came out. \
             The others were cancelled at the printer."
        );
        return Error::permanent("partly-printed", message).with_outcome(Outcome::Unknown);
    }
    if trusted {
        let message = format!(
            "The printer took the label and is idle again, but its counter stayed at {before}: nothing was printed, \
             as when somebody cancels at the printer. Print again if it is still wanted."
        );
        return Error::permanent("cancelled-at-printer", message).with_outcome(Outcome::NotPrinted);
    }
    let message = format!(
        "The printer took the label and is idle again, but its counter stayed at {before}, and it is not known \
         whether this printer counts. See whether the label came out."
    );
    Error::permanent("not-counted", message).with_outcome(Outcome::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_counter_that_counts_and_did_not_move_proves_that_nothing_was_printed() {
        assert_eq!(short(3, 100, 0, true).outcome, Outcome::NotPrinted);
        assert_eq!(short(3, 100, 0, false).outcome, Outcome::Unknown);
        assert_eq!(short(3, 100, 2, true).outcome, Outcome::Unknown);
    }

    #[test]
    fn the_numbers_are_told() {
        let message = short(3, 100, 2, true).message;
        assert!(message.contains("from 100 to 102") && message.contains("2 of 3"), "{message}");
        assert!(short(3, 100, 0, true).message.contains("stayed at 100"));
    }
}
