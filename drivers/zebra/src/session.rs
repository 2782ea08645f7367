//! A connection to a printer of ZPL, and the conversation on it.

use std::cell::Cell;
use std::time::{Duration, Instant};

use ostler_sdk::{Connection, Error, Machine, Result};
use ostler_zpl::{Identity, Line, Query, Report};

use crate::declare::CONNECTION;
use crate::printer::Printer;

/// How long an answer is waited for. Printers answer within some milliseconds, or not at all.
pub const PATIENCE: Duration = Duration::from_millis(1500);

/// More than all answers to one question.
const READ_SIZE: u32 = 4096;

/// An open connection.
#[derive(Debug)]
pub struct Session {
    connection: Connection,
    line: Line,
    /// Whether a question was asked on this connection.
    asked: bool,
    /// Whether this printer is known not to answer.
    silent: bool,
    /// Whether this connection began with variables in use.
    used_variables: bool,
    /// Whether it has told that they were asked for in vain.
    told: Cell<bool>,
}

impl Session {
    /// Connects to the machine's printer, with what is known about it.
    pub async fn open(machine: &Machine, printer: &Printer) -> Result<Self> {
        let connection = machine.connect(CONNECTION).await?;
        let silent = printer.answers == Some(false);
        let mut session = Self {
            connection,
            line: Line::default(),
            asked: false,
            silent,
            used_variables: false,
            told: Cell::default(),
        };
        session.use_variables(printer);
        Ok(session)
    }

    /// Ask in any case, also a printer that never answered: it may have been replaced, or set to answer.
    pub fn expect_answers(&mut self) {
        self.silent = false;
    }

    /// Asks for variables from now on, if that makes sense for this printer.
    pub fn use_variables(&mut self, printer: &Printer) {
        let uses = printer.uses_variables();
        self.used_variables |= uses;
        self.line.use_variables(uses);
    }

    /// Whether variables were asked for and nothing came; a conversation tells that once.
    pub fn tells_of_vain_question(&self) -> bool {
        self.used_variables && !self.line.uses_variables() && !self.told.replace(true)
    }

    /// Whether it makes sense to wait for an answer. Many devices that take ZPL answer nothing (print servers, other
    /// makers' printers); after one question in vain, no label waits for another.
    pub fn is_worth_asking(&self) -> bool {
        self.line.ever_heard() || !(self.silent || self.asked)
    }

    /// Whether the printer answers on this connection; nothing when it was not asked.
    pub fn answered(&self) -> Option<bool> {
        self.asked.then(|| self.line.ever_heard())
    }

    /// Whether the printer answers `~HQES`.
    pub fn knows_conditions(&self) -> bool {
        self.line.knows_conditions()
    }

    /// What it said to the last question.
    pub fn report(&self) -> &Report {
        self.line.report()
    }

    /// What it is, when it was asked and said so.
    pub fn identity(&self) -> Option<&Identity> {
        self.line.identity()
    }

    /// The values of its variables, when they were just asked for and answered.
    pub fn variables(&self) -> Option<&[String]> {
        self.line.variables()
    }

    /// Sends a question and reads until it is answered, or nothing comes. Silence is not an error.
    pub async fn ask(&mut self, query: Query) -> Result<()> {
        let question = self.line.ask(query);
        if question.is_empty() {
            return Ok(());
        }
        self.send(&question).await?;
        self.asked = true;
        let deadline = Instant::now() + PATIENCE;
        while !self.line.is_complete() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                self.line.timed_out();
                break;
            }
            match self.connection.read(READ_SIZE, left).await {
                Ok(bytes) if bytes.is_empty() => {
                    return Err(Error::transient("closed", "The printer closed the connection."));
                }
                Ok(bytes) => self.line.receive(&bytes),
                Err(error) if error.is_timeout() => {
                    self.line.timed_out();
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Sends bytes.
    pub async fn send(&self, bytes: &[u8]) -> Result<()> {
        self.connection.write_all(bytes).await
    }
}
