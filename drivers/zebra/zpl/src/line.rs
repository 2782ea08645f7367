//! A conversation: questions out, answers in, and which answer belongs to which question.
//!
//! A printer answers in order, but not always: without labels it leaves `~HS` unanswered. An answer that comes late
//! must not be taken for the answer to a later question, or an idle report from before a label was sent would prove
//! that it was printed. So questions and answers are counted, and only the answer to the last question is believed.

use crate::{Conditions, Fault, HostStatus, Identity, Replies, Reply, Warning};

/// What to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Query {
    /// Faults and work: `~HQES` and `~HS`.
    State,
    /// Faults only: `~HQES`. For a printer with a fault, which does not answer `~HS`.
    Faults,
    /// What the printer is: `~HI`.
    Identity,
}

/// What a printer said to the last question.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// The answer to `~HS`.
    pub status: Option<HostStatus>,
    /// The answer to `~HQES`.
    pub conditions: Option<Conditions>,
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

    /// Whether the printer said anything about its state in answer to this question.
    pub fn is_conclusive(&self) -> bool {
        self.status.is_some() || !self.faults().is_empty()
    }
}

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
    /// Begins a question, and returns the bytes to send for it.
    pub fn ask(&mut self, query: Query) -> &'static [u8] {
        self.report = Report::default();
        self.asked = Some(query);
        (self.status.came, self.conditions.came) = (false, false);
        match query {
            Query::State => {
                self.status.open += 1;
                self.conditions.open += 1;
                b"~HQES\n~HS\n"
            }
            Query::Faults => {
                self.conditions.open += 1;
                b"~HQES\n"
            }
            Query::Identity => {
                self.identity = None;
                b"~HI\n"
            }
        }
    }

    /// Takes what was read, in any pieces.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.replies.push(bytes);
        for reply in self.replies.by_ref() {
            self.ever_heard = true;
            self.report.heard = true;
            match reply {
                Reply::HostStatus(status) => {
                    if self.status.answered() && self.asked == Some(Query::State) {
                        self.report.status = Some(status);
                    }
                }
                Reply::Conditions(conditions) => {
                    if self.conditions.answered() {
                        self.report.conditions = Some(conditions);
                    }
                }
                Reply::Identity(identity) => self.identity = Some(identity),
                Reply::Other(_) => {}
            }
        }
    }

    /// Says that nothing more came for the whole time-out. If an answer of a kind did come, and was not believed,
    /// then the other open questions of that kind will never be answered: the printer has nothing more to say. After
    /// silence they stay open, for the answers may be late.
    pub fn timed_out(&mut self) {
        self.status.timed_out();
        self.conditions.timed_out();
    }

    /// Whether the last question is answered as far as it will be.
    pub fn is_complete(&self) -> bool {
        match self.asked {
            None => true,
            // Answers come in order, so one to `~HS` without one to `~HQES` means that the printer does not know the
            // latter; and with a fault, `~HS` may never be answered.
            Some(Query::State) => self.report.is_conclusive(),
            Some(Query::Faults) => self.report.conditions.is_some(),
            Some(Query::Identity) => self.identity.is_some(),
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
