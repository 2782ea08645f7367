//! Whether a label that was sent has come out.

use std::time::Duration;

use crate::{Fault, Query, Report};

/// How long a printer that has answered before may be silent, until nobody knows.
const LONGEST_SILENCE: Duration = Duration::from_mins(1);

/// The pauses between questions: short ones at first, since most labels come out at once.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(20),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(500),
];

/// While somebody has to do something at the printer.
const FAULT_PAUSE: Duration = Duration::from_secs(1);

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The printer has nothing left to print and no fault.
    Printed,
    /// Not yet: pause, then ask this.
    Ask {
        /// How long to wait before.
        pause: Duration,
        /// What to ask.
        query: Query,
        /// What keeps the printer from going on; empty while it works.
        faults: Vec<Fault>,
    },
    /// The printer has been silent for too long. Whether the label came out is not known.
    Lost,
}

/// Follows one label from its last byte on. Time is handed in, counted from the last byte.
#[derive(Debug, Default)]
pub struct Watch {
    /// When the printer was last heard.
    heard: Duration,
    /// How often it has been asked since something changed.
    rounds: usize,
    /// The last fault, until the printer says that it is gone.
    faults: Vec<Fault>,
    /// Whether the printer answers `~HQES`, also with a fault.
    knows_conditions: bool,
}

impl Watch {
    /// Begins when the last byte has been sent. `knows_conditions`: see
    /// [`Line::knows_conditions`](crate::Line::knows_conditions).
    pub fn new(knows_conditions: bool) -> Self {
        Self { knows_conditions, ..Self::default() }
    }

    /// Takes the answer to a question that was asked after the last byte.
    pub fn observe(&mut self, now: Duration, report: &Report) -> Step {
        if report.is_idle() {
            return Step::Printed;
        }
        if report.heard {
            self.heard = now;
            self.knows_conditions |= report.conditions.is_some();
        } else if now.saturating_sub(self.heard) >= LONGEST_SILENCE {
            return Step::Lost;
        }
        // Silence does not clear a fault: a printer without labels may not answer at all.
        if report.conditions.is_some() || report.status.is_some() {
            let faults = report.faults();
            if faults != self.faults {
                self.rounds = 0;
                self.faults = faults;
            }
        }
        let faulty = !self.faults.is_empty();
        let pause = if faulty { FAULT_PAUSE } else { PAUSES.get(self.rounds).copied().unwrap_or(PAUSE_AT_LAST) };
        self.rounds += 1;
        let query = if faulty && self.knows_conditions { Query::Faults } else { Query::State };
        Step::Ask { pause, query, faults: self.faults.clone() }
    }
}

const PAUSE_AT_LAST: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Conditions, HostStatus};

    const SECOND: Duration = Duration::from_secs(1);

    fn busy() -> Report {
        let status = HostStatus { labels_remaining: 2, ..HostStatus::default() };
        Report { status: Some(status), conditions: Some(Conditions::default()), heard: true }
    }

    fn idle() -> Report {
        Report { status: Some(HostStatus::default()), conditions: Some(Conditions::default()), heard: true }
    }

    fn no_media() -> Report {
        Report { status: None, conditions: Some(Conditions { errors: 1, warnings: 0 }), heard: true }
    }

    fn pause(step: Step) -> Duration {
        match step {
            Step::Ask { pause, .. } => pause,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_printer_with_nothing_left_and_no_fault_has_printed() {
        assert_eq!(Watch::new(true).observe(SECOND, &idle()), Step::Printed);
    }

    #[test]
    fn a_busy_printer_is_asked_again_at_growing_intervals() {
        let mut watch = Watch::new(true);
        let pauses: Vec<Duration> = (1..9).map(|n| pause(watch.observe(SECOND * n, &busy()))).collect();
        assert!(pauses.is_sorted() && pauses[0] < pauses[7]);
        assert_eq!(pauses[7], Duration::from_millis(500));
    }

    #[test]
    fn out_of_media_is_waited_for_however_long_it_takes() {
        let mut watch = Watch::new(true);
        for hour in 1..100 {
            let step = watch.observe(SECOND * 3600 * hour, &no_media());
            let expected = Step::Ask { pause: SECOND, query: Query::Faults, faults: vec![Fault::MediaOut] };
            assert_eq!(step, expected);
        }
    }

    #[test]
    fn when_the_fault_is_gone_the_work_is_asked_for_again() {
        let mut watch = Watch::new(true);
        watch.observe(SECOND, &no_media());
        let cleared = Report { status: None, conditions: Some(Conditions::default()), heard: true };
        let step = watch.observe(2 * SECOND, &cleared);
        assert!(matches!(&step, Step::Ask { query: Query::State, faults, .. } if faults.is_empty()), "{step:?}");
        assert_eq!(watch.observe(3 * SECOND, &idle()), Step::Printed);
    }

    #[test]
    fn an_idle_printer_with_a_fault_has_not_printed() {
        let mut report = idle();
        report.conditions = Some(Conditions { errors: 4, warnings: 0 });
        assert!(matches!(Watch::new(true).observe(SECOND, &report), Step::Ask { .. }));
    }

    #[test]
    fn silence_is_given_up_after_a_minute_since_the_last_answer() {
        let mut watch = Watch::new(true);
        let silence = Report::default();
        assert!(matches!(watch.observe(59 * SECOND, &silence), Step::Ask { .. }));
        watch.observe(59 * SECOND, &busy());
        assert!(matches!(watch.observe(118 * SECOND, &silence), Step::Ask { .. }));
        assert_eq!(watch.observe(119 * SECOND, &silence), Step::Lost);
    }

    #[test]
    fn a_printer_that_answers_only_the_host_status_is_asked_for_it_also_with_a_fault() {
        let report = Report {
            status: Some(HostStatus { paused: true, ..HostStatus::default() }),
            conditions: None,
            heard: true,
        };
        let step = Watch::new(false).observe(SECOND, &report);
        assert!(matches!(step, Step::Ask { query: Query::State, .. }));
    }
}
