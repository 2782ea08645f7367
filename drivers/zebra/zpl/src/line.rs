//! A conversation: questions out, answers in, and which answer belongs to which question.
//!
//! A printer answers in order, but not always: without labels it leaves `~HS` unanswered. An answer that comes late
//! must not be taken for the answer to a later question, or an idle report from before a label was sent would prove
//! that it was printed. So questions and answers are counted, and only the answer to the last question is believed.

use crate::{Identity, Replies, Reply, Report};

/// What to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Query {
    /// Faults and work: `~HQES` and `~HS`.
    State,
    /// The same, and the count of labels printed so far, when variables are in use.
    Progress,
    /// Faults only: `~HQES`. For a printer with a fault, which does not answer `~HS`.
    Faults,
    /// What the printer is: `~HI`.
    Identity,
    /// What [`VARIABLES`] are, when variables are in use.
    Variables,
}

/// The variables that [`Query::Variables`] asks for, in this order (guide, SGD command reference).
pub const VARIABLES: [&str; 4] =
    ["odometer.total_label_count", "odometer.total_print_length", "device.friendly_name", "device.unique_id"];

const COUNT: &str = "! U1 getvar \"odometer.total_label_count\"\r\n";
const STATE: &str = "~HQES\n~HS\n";

/// One connection's conversation. It holds no connection: the caller writes what [`ask`](Self::ask) returns, hands
/// over what it reads, and stops reading when [`is_complete`](Self::is_complete) or when nothing comes for a while.
#[derive(Debug, Default)]
pub struct Line {
    replies: Replies,
    report: Report,
    identity: Option<Identity>,
    asked: Option<Query>,
    status: Tally,
    conditions: Tally,
    variables: Tally,
    /// How many variables the last question asked for.
    wanted: u32,
    /// What they are, as far as answered.
    values: Vec<String>,
    uses_variables: bool,
    ever_heard: bool,
}

/// The count of one kind of question.
#[derive(Debug, Default)]
struct Tally {
    /// Questions without an answer so far.
    open: u32,
    /// Whether an answer came since the last question, be it late or not.
    came: bool,
    /// Whether an answer ever came.
    known: bool,
}

impl Tally {
    /// Counts an answer, and says whether it is the one to the last question.
    fn answered(&mut self) -> bool {
        self.came = true;
        self.known = true;
        self.open = self.open.saturating_sub(1);
        self.open == 0
    }

    fn timed_out(&mut self) {
        if self.came {
            self.open = 0;
        }
    }
}

impl Line {
    /// Says whether this printer answers `getvar`, as far as is known. Not unless this was called.
    pub fn use_variables(&mut self, yes: bool) {
        self.uses_variables = yes;
    }

    /// Whether `getvar` is asked: not after a question in vain.
    pub fn uses_variables(&self) -> bool {
        self.uses_variables
    }

    /// Begins a question, and returns the bytes to send for it.
    pub fn ask(&mut self, query: Query) -> Vec<u8> {
        let was_idle = self.report.is_idle();
        let counts = self.uses_variables && query == Query::Progress;
        self.report = Report { counts, ..Report::default() };
        self.asked = Some(query);
        self.wanted = 0;
        self.values.clear();
        for tally in [&mut self.status, &mut self.conditions, &mut self.variables] {
            tally.came = false;
        }
        match query {
            // While a printer is busy it may leave the last one lying, and is not asked once more before it has answered. One that
            // was idle and did not answer has lost the question.
            Query::Progress if self.uses_variables && (self.variables.open == 0 || was_idle) => {
                let mut question = self.ask_variables(&[COUNT.to_owned()]);
                question.extend(self.ask_state());
                question
            }
            Query::State | Query::Progress => self.ask_state(),
            Query::Faults => {
                self.conditions.open += 1;
                b"~HQES\n".to_vec()
            }
            Query::Identity => {
                self.identity = None;
                b"~HI\n".to_vec()
            }
            Query::Variables if self.uses_variables => {
                self.ask_variables(&VARIABLES.map(|name| format!("! U1 getvar \"{name}\"\r\n")))
            }
            Query::Variables => Vec::new(),
        }
    }

    fn ask_state(&mut self) -> Vec<u8> {
        self.status.open += 1;
        self.conditions.open += 1;
        STATE.as_bytes().to_vec()
    }

    fn ask_variables(&mut self, questions: &[String]) -> Vec<u8> {
        self.wanted = u32::try_from(questions.len()).unwrap_or(0);
        self.variables.open += self.wanted;
        questions.concat().into_bytes()
    }

    /// Takes what was read, in any pieces.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.replies.push(bytes);
        while let Some(reply) = self.replies.next() {
            self.ever_heard = true;
            self.report.heard = true;
            match reply {
                Reply::HostStatus(status) => {
                    if self.status.answered() && matches!(self.asked, Some(Query::State | Query::Progress)) {
                        self.report.status = Some(status);
                    }
                }
                Reply::Conditions(conditions) => {
                    if self.conditions.answered() {
                        self.report.conditions = Some(conditions);
                    }
                }
                Reply::Variable(value) => self.take_variable(value),
                Reply::Identity(identity) => self.identity = Some(identity),
                Reply::Other(_) => {}
            }
        }
    }

    /// An answer to an earlier question is one too many; the last ones belong to the last question.
    fn take_variable(&mut self, value: String) {
        self.variables.answered();
        if self.variables.open < self.wanted {
            if self.asked == Some(Query::Progress) {
                self.report.count = value.parse().ok();
            }
            self.values.push(value);
        }
    }

    /// Says that nothing more came for the whole time-out. If an answer of a kind did come, and was not believed,
    /// then the other open questions of that kind will never be answered: the printer has nothing more to say. After
    /// silence they stay open, for the answers may be late.
    ///
    /// A printer that answers, and not to `getvar`, is not asked for variables any more.
    pub fn timed_out(&mut self) {
        let in_vain = self.wanted > 0 && !self.variables.came;
        let only_these = self.asked == Some(Query::Variables) || self.report.is_idle();
        if in_vain && only_these {
            self.uses_variables = false;
            self.report.counts = false;
        }
        self.status.timed_out();
        self.conditions.timed_out();
        self.variables.timed_out();
    }

    /// Whether the last question is answered as far as it will be.
    pub fn is_complete(&self) -> bool {
        let answered = self.values.len() >= self.wanted as usize;
        match self.asked {
            None => true,
            // Answers come in order, so one to `~HS` without one to `~HQES` means that the printer does not know the
            // latter; and with a fault, `~HS` may never be answered.
            Some(Query::State) => self.report.is_conclusive(),
            // The count matters once the work is done; until then nothing waits for it.
            Some(Query::Progress) => self.report.is_conclusive() && (answered || !self.report.is_idle()),
            Some(Query::Faults) => self.report.conditions.is_some(),
            Some(Query::Identity) => self.identity.is_some(),
            Some(Query::Variables) => answered,
        }
    }

    /// What the printer said to the last question so far.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// What the printer is, once it was asked and said so.
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// The values of [`VARIABLES`], once all of them were asked for and answered; `?` is one that the printer has not.
    pub fn variables(&self) -> Option<&[String]> {
        (self.asked == Some(Query::Variables) && self.values.len() == VARIABLES.len()).then_some(self.values.as_slice())
    }

    /// Whether this printer answers at all, on this connection.
    pub fn ever_heard(&self) -> bool {
        self.ever_heard
    }

    /// Whether this printer knows `~HQES`, which is answered also with a fault.
    pub fn knows_conditions(&self) -> bool {
        self.conditions.known
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fault;

    const IDLE: &[u8] =
        b"\x02030,0,0,1245,000,0,0,0,000,0,0,0\x03\r\n\x02000,0,0,0,1,2,6,0,00000000,1,000\x03\r\n\x021234,0\x03\r\n";
    const FINE: &[u8] = b"\x02PRINTER STATUS\nERRORS: 0 00000000 00000000\nWARNINGS: 0 00000000 00000000\x03\r\n";
    const NO_MEDIA: &[u8] = b"\x02PRINTER STATUS\nERRORS: 1 00000000 00000001\nWARNINGS: 0 00000000 00000000\x03\r\n";

    #[test]
    fn a_printer_that_answers_both_questions_is_idle() {
        let mut line = Line::default();
        assert_eq!(line.ask(Query::State), b"~HQES\n~HS\n");
        line.receive(FINE);
        assert!(!line.is_complete());
        line.receive(IDLE);
        assert!(line.is_complete() && line.report().is_idle());
    }

    #[test]
    fn a_fault_is_enough_because_the_host_status_may_never_come() {
        let mut line = Line::default();
        line.ask(Query::State);
        line.receive(NO_MEDIA);
        assert!(line.is_complete());
        assert_eq!(line.report().faults(), [Fault::MediaOut]);
        assert!(!line.report().is_idle());
    }

    #[test]
    fn an_old_printer_that_knows_only_the_host_status_is_understood() {
        let mut line = Line::default();
        line.ask(Query::State);
        line.receive(IDLE);
        assert!(line.is_complete() && line.report().is_idle() && !line.knows_conditions());
    }

    #[test]
    fn a_late_answer_does_not_prove_that_a_later_label_was_printed() {
        let mut line = Line::default();
        line.ask(Query::State);
        line.timed_out(); // silence; then a label is sent
        line.ask(Query::State);
        line.receive(&[FINE, IDLE].concat()); // late, to the first question
        assert!(!line.is_complete());
        assert!(!line.report().is_idle() && line.report().heard);
        line.receive(&[FINE, IDLE].concat()); // to the second
        assert!(line.report().is_idle());
    }

    #[test]
    fn a_question_that_was_never_answered_does_not_block_later_ones() {
        let mut line = Line::default();
        line.ask(Query::State);
        line.receive(NO_MEDIA); // and nothing to `~HS`, ever
        line.ask(Query::Faults);
        line.receive(FINE);
        line.ask(Query::State);
        line.receive(&[FINE, IDLE].concat()); // could be late, so it is not believed
        assert!(!line.is_complete());
        line.timed_out(); // nothing more: it was not late, the first question was never answered
        line.ask(Query::State);
        line.receive(&[FINE, IDLE].concat());
        assert!(line.report().is_idle());
    }

    #[test]
    fn an_answer_to_the_one_question_does_not_close_the_other() {
        let mut line = Line::default();
        line.ask(Query::State);
        line.receive(FINE); // and no host status in time; then a label is sent
        line.timed_out();
        line.ask(Query::State);
        line.receive(&[IDLE, FINE].concat()); // late
        assert!(!line.report().is_idle());
        line.receive(IDLE);
        assert!(line.report().is_idle());
    }

    fn counting() -> Line {
        let mut line = Line::default();
        line.use_variables(true);
        line
    }

    #[test]
    fn the_count_is_asked_together_with_the_state_and_waited_for_when_idle() {
        let mut line = counting();
        let question = String::from_utf8(line.ask(Query::Progress)).unwrap();
        assert_eq!(question, "! U1 getvar \"odometer.total_label_count\"\r\n~HQES\n~HS\n");
        line.receive(&[FINE, IDLE].concat());
        assert!(!line.is_complete());
        line.receive(b"\"17\"");
        assert!(line.is_complete());
        assert_eq!(line.report().count, Some(17));
    }

    #[test]
    fn a_busy_printer_is_not_waited_for_and_not_asked_again_before_it_answered() {
        const BUSY: &[u8] = b"\x02030,0,0,1245,000,0,0,0,000,0,0,0\x03\r\n\x02000,0,0,0,1,2,6,0,00000003,1,000\x03\r\n";
        let mut line = counting();
        line.ask(Query::Progress);
        line.receive(&[FINE, BUSY].concat());
        assert!(line.is_complete());
        assert_eq!(line.ask(Query::Progress), b"~HQES\n~HS\n");
        line.receive(b"\"17\""); // of the first question: it might be from before the label
        line.receive(&[FINE, IDLE].concat());
        assert!(line.is_complete());
        assert_eq!(line.report().count, None);
        assert!(line.ask(Query::Progress).starts_with(b"! U1 getvar"));
    }

    #[test]
    fn a_count_that_got_lost_in_a_silence_is_asked_again_once_the_printer_is_idle() {
        let mut line = counting();
        line.ask(Query::Progress);
        line.timed_out(); // whether the question got lost or the answer is late is not known
        assert_eq!(line.ask(Query::Progress), b"~HQES\n~HS\n");
        line.receive(&[FINE, IDLE].concat()); // may be late
        line.timed_out();
        assert_eq!(line.ask(Query::Progress), b"~HQES\n~HS\n");
        line.receive(&[FINE, IDLE].concat());
        assert!(line.is_complete() && line.report().is_idle() && line.report().counts);
        assert!(line.ask(Query::Progress).starts_with(b"! U1 getvar"));
        line.receive(&[b"\"17\"", FINE, IDLE].concat()); // may be the answer to the first one
        assert!(!line.is_complete() && line.report().count.is_none());
        line.timed_out();
        line.ask(Query::Progress);
        line.receive(&[b"\"18\"", FINE, IDLE].concat());
        assert!(line.is_complete());
        assert_eq!(line.report().count, Some(18));
    }

    #[test]
    fn a_printer_that_ignores_getvar_is_asked_once_and_is_not_silent() {
        let mut line = counting();
        line.ask(Query::Progress);
        line.receive(&[FINE, IDLE].concat());
        line.timed_out();
        assert!(line.report().is_idle() && !line.uses_variables() && !line.report().counts);
        assert_eq!(line.ask(Query::Progress), b"~HQES\n~HS\n");
        assert!(line.ask(Query::Variables).is_empty() && line.is_complete() && line.variables().is_none());
    }

    #[test]
    fn a_printer_that_answers_nothing_at_all_says_nothing_about_getvar() {
        let mut line = counting();
        line.ask(Query::Progress);
        line.timed_out();
        assert!(line.uses_variables());
    }

    #[test]
    fn a_variable_that_the_printer_has_not_is_no_count() {
        let mut line = counting();
        line.ask(Query::Progress);
        line.receive(&[b"\"?\"", FINE, IDLE].concat());
        assert!(line.is_complete());
        assert_eq!(line.report().count, None);
    }

    #[test]
    fn variables_are_known_when_all_are_there() {
        let mut line = counting();
        assert_eq!(String::from_utf8(line.ask(Query::Variables)).unwrap().lines().count(), VARIABLES.len());
        line.receive(b"\"17\"\"9 INCHES, 22 CENTIMETERS\"\"?\"");
        assert!(!line.is_complete() && line.variables().is_none());
        line.receive(b"\"D2J1\"");
        assert_eq!(line.variables().unwrap(), ["17", "9 INCHES, 22 CENTIMETERS", "?", "D2J1"]);
    }

    #[test]
    fn an_identity_is_told_apart_from_the_state() {
        let mut line = Line::default();
        line.ask(Query::Identity);
        line.receive(b"\x02ZD421-203dpi,V93.21.17Z,8,8192KB\x03\r\n");
        assert!(line.is_complete());
        assert_eq!(line.identity().map(|identity| identity.dpmm), Some(8));
        assert!(!line.report().is_conclusive());
    }
}
