//! Whether a label that was sent has come out.

use std::time::Duration;

use crate::{Fault, Query, Report};

/// How long an idle printer's counter may lag behind what was sent, until it is believed.
const LONGEST_LAG: Duration = Duration::from_secs(3);

/// How long a printer that has answered before may be silent, until nobody knows.
const LONGEST_SILENCE: Duration = Duration::from_mins(1);

/// How long a printer may tell of no fault and of no end of its work, until somebody should look at it.
const LONGEST_MUTE: Duration = Duration::from_secs(5);

/// How long a printer may wait for the rest of a format whose last byte was sent. Somebody else may be sending one.
const LONGEST_PART: Duration = Duration::from_secs(10);

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

/// What a label waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wait {
    /// The printer works, as far as it tells.
    Work,
    /// These are to be mended at the printer.
    Faults(Vec<Fault>),
    /// Somebody is to take the label before it from the peel bar.
    Take,
    /// The printer answers, knows of no fault, and does not say that it is done: as with a full rewinder, of which it
    /// cannot tell (guide, page of `~HS`).
    Mute,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The printer has nothing left to print and no fault.
    Printed {
        /// Whether its counter went up by exactly what was sent, too.
        counted: bool,
    },
    /// The printer has nothing left to print and no fault, and its counter did not go up by as much as was sent: the
    /// rest was cancelled at the printer.
    Short {
        /// What the counter was before the label was sent.
        before: u64,
        /// How many labels came out.
        printed: u64,
    },
    /// Not yet: pause, then ask this.
    Ask {
        /// How long to wait before.
        pause: Duration,
        /// What to ask.
        query: Query,
        /// What the label waits for.
        wait: Wait,
    },
    /// The printer has been silent for too long. Whether the label came out is not known.
    Lost,
    /// The printer still waits for the rest of a format, and everything was sent: bytes got lost on the way.
    CutOff,
}

/// What the printer's counter will say when a label has come out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// What it said before the first byte of the label.
    pub before: u64,
    /// How many labels were sent, with all copies.
    pub labels: u32,
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
    /// Only for a printer that counts.
    expected: Option<Expected>,
    /// When the printer last told of its work or of a fault.
    told: Duration,
    /// Since when the printer is idle, its counter being too low.
    lagging: Option<Duration>,
    /// Since when the printer waits for the rest of a format.
    cut_off: Option<Duration>,
}

impl Watch {
    /// Begins when the last byte has been sent. `knows_conditions`: see
    /// [`Line::knows_conditions`](crate::Line::knows_conditions). `expected`: for a printer that told its counter.
    pub fn new(knows_conditions: bool, expected: Option<Expected>) -> Self {
        Self { knows_conditions, expected, ..Self::default() }
    }

    /// Takes the answer to a question that was asked after the last byte.
    pub fn observe(&mut self, now: Duration, report: &Report) -> Step {
        if report.is_idle() {
            match self.judge(now, report) {
                Some(step) => return step,
                None => return self.ask(Wait::Work),
            }
        }
        self.lagging = None;
        if let Some(step) = self.judge_part(now, report) {
            return step;
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
        if report.status.is_some() || !self.faults.is_empty() {
            self.told = now;
        }
        let mute = report.heard && now.saturating_sub(self.told) >= LONGEST_MUTE;
        self.ask(match () {
            () if !self.faults.is_empty() => Wait::Faults(self.faults.clone()),
            () if report.waits_to_be_taken() => Wait::Take,
            () if mute => Wait::Mute,
            () => Wait::Work,
        })
    }

    /// What an idle printer's counter proves. Nothing is decided while it may only be late.
    fn judge(&mut self, now: Duration, report: &Report) -> Option<Step> {
        let Some(Expected { before, labels }) = self.expected else {
            return Some(Step::Printed { counted: false });
        };
        let Some(reached) = report.count else {
            let is_late = report.counts && self.lags(now) < LONGEST_LAG;
            return (!is_late).then_some(Step::Printed { counted: false });
        };
        let labels = u64::from(labels);
        match reached.checked_sub(before) {
            Some(printed) if printed == labels => Some(Step::Printed { counted: true }),
            // Others print on it as well, or its counter was set back: the counter proves nothing.
            None => Some(Step::Printed { counted: false }),
            Some(printed) if printed > labels => Some(Step::Printed { counted: false }),
            Some(printed) => (self.lags(now) >= LONGEST_LAG).then_some(Step::Short { before, printed }),
        }
    }

    /// What it means that a printer waits for the rest of a format: this label's, or one that somebody else sends.
    fn judge_part(&mut self, now: Duration, report: &Report) -> Option<Step> {
        let waits = report.status.is_some_and(|status| status.waits_for_the_rest()) && report.faults().is_empty();
        if !waits {
            // Silence does not say that it has the rest.
            self.cut_off = self.cut_off.filter(|_| report.status.is_none());
            return None;
        }
        let reached = self.expected.map(|Expected { before, labels }| before + u64::from(labels));
        if reached.is_some() && report.count == reached {
            return Some(Step::Printed { counted: true });
        }
        let since = *self.cut_off.get_or_insert(now);
        (now.saturating_sub(since) >= LONGEST_PART).then_some(Step::CutOff)
    }

    /// For how long the idle printer's counter has lagged behind.
    fn lags(&mut self, now: Duration) -> Duration {
        self.heard = now;
        now.saturating_sub(*self.lagging.get_or_insert(now))
    }

    fn ask(&mut self, wait: Wait) -> Step {
        let stopped = matches!(wait, Wait::Faults(_));
        let pause = if stopped { FAULT_PAUSE } else { PAUSES.get(self.rounds).copied().unwrap_or(PAUSE_AT_LAST) };
        self.rounds += 1;
        let query = if stopped && self.knows_conditions { Query::Faults } else { Query::Progress };
        Step::Ask { pause, query, wait }
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
        Report {
            status: Some(status),
            conditions: Some(Conditions::default()),
            count: None,
            counts: false,
            heard: true,
        }
    }

    fn idle() -> Report {
        Report {
            status: Some(HostStatus::default()),
            conditions: Some(Conditions::default()),
            count: None,
            counts: false,
            heard: true,
        }
    }

    fn idle_at(count: u64) -> Report {
        Report { count: Some(count), ..idle() }
    }

    fn counting() -> Watch {
        Watch::new(true, Some(Expected { before: 100, labels: 3 }))
    }

    fn no_media() -> Report {
        Report {
            status: None,
            conditions: Some(Conditions { errors: 1, warnings: 0 }),
            count: None,
            counts: false,
            heard: true,
        }
    }

    fn pause(step: Step) -> Duration {
        match step {
            Step::Ask { pause, .. } => pause,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_printer_with_nothing_left_and_no_fault_has_printed() {
        assert_eq!(Watch::new(true, None).observe(SECOND, &idle()), Step::Printed { counted: false });
    }

    #[test]
    fn a_busy_printer_is_asked_again_at_growing_intervals() {
        let mut watch = Watch::new(true, None);
        let pauses: Vec<Duration> = (1..9).map(|n| pause(watch.observe(SECOND * n, &busy()))).collect();
        assert!(pauses.is_sorted() && pauses[0] < pauses[7]);
        assert_eq!(pauses[7], Duration::from_millis(500));
    }

    #[test]
    fn out_of_media_is_waited_for_however_long_it_takes() {
        let mut watch = Watch::new(true, None);
        for hour in 1..100 {
            let step = watch.observe(SECOND * 3600 * hour, &no_media());
            let expected = Step::Ask { pause: SECOND, query: Query::Faults, wait: Wait::Faults(vec![Fault::MediaOut]) };
            assert_eq!(step, expected);
        }
    }

    #[test]
    fn when_the_fault_is_gone_the_work_is_asked_for_again() {
        let mut watch = Watch::new(true, None);
        watch.observe(SECOND, &no_media());
        let cleared =
            Report { status: None, conditions: Some(Conditions::default()), count: None, counts: false, heard: true };
        let step = watch.observe(2 * SECOND, &cleared);
        assert!(matches!(&step, Step::Ask { query: Query::Progress, wait: Wait::Work, .. }), "{step:?}");
        assert_eq!(watch.observe(3 * SECOND, &idle()), Step::Printed { counted: false });
    }

    #[test]
    fn an_idle_printer_with_a_fault_has_not_printed() {
        let mut report = idle();
        report.conditions = Some(Conditions { errors: 4, warnings: 0 });
        assert!(matches!(Watch::new(true, None).observe(SECOND, &report), Step::Ask { .. }));
    }

    #[test]
    fn a_printer_that_tells_neither_of_a_fault_nor_of_its_work_is_to_be_looked_at_and_waited_for() {
        let mut watch = Watch::new(true, None);
        let mute =
            Report { status: None, conditions: Some(Conditions::default()), count: None, counts: false, heard: true };
        let wait = |step| match step {
            Step::Ask { wait, .. } => wait,
            other => panic!("{other:?}"),
        };
        assert_eq!(wait(watch.observe(SECOND, &busy())), Wait::Work);
        assert_eq!(wait(watch.observe(5 * SECOND, &mute)), Wait::Work);
        assert_eq!(wait(watch.observe(6 * SECOND, &mute)), Wait::Mute);
        assert_eq!(wait(watch.observe(600 * SECOND, &mute)), Wait::Mute);
        assert_eq!(wait(watch.observe(601 * SECOND, &busy())), Wait::Work);
        assert_eq!(watch.observe(602 * SECOND, &idle()), Step::Printed { counted: false });
    }

    #[test]
    fn silence_is_given_up_after_a_minute_since_the_last_answer() {
        let mut watch = Watch::new(true, None);
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
            count: None,
            counts: false,
            heard: true,
        };
        let step = Watch::new(false, None).observe(SECOND, &report);
        assert!(matches!(step, Step::Ask { query: Query::Progress, .. }));
    }

    #[test]
    fn a_counter_that_went_up_by_what_was_sent_is_the_best_proof() {
        assert_eq!(counting().observe(SECOND, &idle_at(103)), Step::Printed { counted: true });
    }

    #[test]
    fn a_counter_that_others_moved_too_proves_nothing_and_disproves_nothing() {
        assert_eq!(counting().observe(SECOND, &idle_at(104)), Step::Printed { counted: false });
        assert_eq!(counting().observe(SECOND, &idle_at(3)), Step::Printed { counted: false });
        assert_eq!(counting().observe(SECOND, &idle()), Step::Printed { counted: false });
    }

    #[test]
    fn a_counter_may_be_late() {
        let mut watch = counting();
        assert!(matches!(watch.observe(SECOND, &idle_at(100)), Step::Ask { query: Query::Progress, .. }));
        assert!(matches!(watch.observe(2 * SECOND, &idle_at(102)), Step::Ask { .. }));
        assert_eq!(watch.observe(3 * SECOND, &idle_at(103)), Step::Printed { counted: true });
    }

    #[test]
    fn an_answer_about_the_counter_may_be_late_too() {
        let late = Report { counts: true, ..idle() };
        let mut watch = counting();
        assert!(matches!(watch.observe(SECOND, &late), Step::Ask { query: Query::Progress, .. }));
        assert_eq!(watch.observe(2 * SECOND, &idle_at(103)), Step::Printed { counted: true });
        // But not for ever, and only for a printer that tells it at all.
        let mut watch = counting();
        watch.observe(SECOND, &late);
        assert_eq!(watch.observe(4 * SECOND, &late), Step::Printed { counted: false });
        assert_eq!(counting().observe(SECOND, &idle()), Step::Printed { counted: false });
    }

    #[test]
    fn an_idle_printer_whose_counter_stays_too_low_has_dropped_labels() {
        for (count, printed) in [(100, 0), (102, 2)] {
            let mut watch = counting();
            watch.observe(SECOND, &idle_at(count));
            // Work in between begins the patience anew.
            watch.observe(2 * SECOND, &busy());
            assert!(matches!(watch.observe(4 * SECOND, &idle_at(count)), Step::Ask { .. }));
            assert!(matches!(watch.observe(6 * SECOND, &idle_at(count)), Step::Ask { .. }));
            assert_eq!(watch.observe(7 * SECOND, &idle_at(count)), Step::Short { before: 100, printed });
        }
    }

    #[test]
    fn a_printer_that_waits_for_the_rest_of_what_was_sent_has_lost_bytes() {
        let status = HostStatus { partial_format: true, ..HostStatus::default() };
        let waits = Report { status: Some(status), ..idle() };
        let mut watch = counting();
        assert!(matches!(watch.observe(SECOND, &waits), Step::Ask { .. }));
        assert!(matches!(watch.observe(5 * SECOND, &Report::default()), Step::Ask { .. }));
        assert_eq!(watch.observe(11 * SECOND, &waits), Step::CutOff);
        // Work in between begins the patience anew, and the counter knows better.
        let mut watch = counting();
        watch.observe(SECOND, &waits);
        watch.observe(9 * SECOND, &busy());
        assert!(matches!(watch.observe(11 * SECOND, &waits), Step::Ask { .. }));
        let done = Report { count: Some(103), ..waits };
        assert_eq!(watch.observe(12 * SECOND, &done), Step::Printed { counted: true });
    }

    #[test]
    fn a_label_at_the_peel_bar_is_no_fault() {
        let status = HostStatus { labels_remaining: 2, label_waiting: true, print_mode: 1, ..HostStatus::default() };
        let step = Watch::new(true, None).observe(SECOND, &Report { status: Some(status), ..busy() });
        assert!(matches!(&step, Step::Ask { wait: Wait::Take, .. }), "{step:?}");
    }
}
