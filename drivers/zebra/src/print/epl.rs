//! Labels and questions on a printer of EPL2.
//!
//! It has one question, `^ee`, and its answer says nothing about labels that were printed. So a label is checked for
//! faults before it is sent, and its proof is `sent`. Printers on a print server, and models without the command,
//! answer nothing; after one question in vain none is asked again.

use ostler_epl::{ASK, Label, Report};
use ostler_sdk::printing::Proof;
use ostler_sdk::{Connection, Error, Machine, Outcome, Result};

use super::document::Document;
use crate::declare::CONNECTION;
use crate::printer::Printer;
use crate::session::PATIENCE;
use crate::settings::Settings;
use crate::status;

/// More than the codes of all errors.
const LONGEST_ANSWER: u32 = 256;

/// The label of a document.
pub fn label<'a>(document: &'a Document, settings: &Settings, copies: u32) -> Result<Label<'a>> {
    let Document::Dots { width, height, data } = document else {
        return Err(Error::unsupported("This printer speaks EPL2 and cannot print a document in ZPL."));
    };
    let label = Label::new(*width, *height, data).map_err(|error| Error::permanent("bitmap", error.to_string()))?;
    Ok(label.copies(copies).setup(settings.epl_setup()))
}

/// An open connection.
pub struct Session {
    connection: Connection,
    /// Whether the printer answered on this connection; nothing before a question.
    pub answered: Option<bool>,
}

impl Session {
    pub async fn open(machine: &Machine) -> Result<Self> {
        Ok(Self { connection: machine.connect(CONNECTION).await?, answered: None })
    }

    /// What the printer says about itself; nothing when it says nothing.
    pub async fn ask(&mut self) -> Result<Option<Report>> {
        self.send(ASK).await?;
        // An empty line may come before the answer.
        for _ in 0..2 {
            let line = match self.connection.read_until(b'\n', LONGEST_ANSWER, PATIENCE).await {
                Ok(line) => line,
                Err(error) if error.is_timeout() => break,
                Err(error) => return Err(error),
            };
            if let Some(report) = Report::parse(&line) {
                self.answered = Some(true);
                return Ok(Some(report));
            }
        }
        self.answered = Some(self.answered == Some(true));
        Ok(None)
    }

    /// Asks and fails if something keeps the printer from printing. A printer that never answers is not asked.
    pub async fn check(&mut self, machine: &Machine, printer: &Printer) -> Result<()> {
        let in_vain = self.answered == Some(false) || (self.answered.is_none() && printer.answers == Some(false));
        if in_vain {
            return Ok(());
        }
        let report = self.ask().await?.unwrap_or_default();
        match report.faults.first() {
            None => Ok(()),
            Some(first) => {
                status::show_epl(machine, Some(&report));
                Err(Error::needs_attention(first.code(), status::epl_advice(&report.faults)))
            }
        }
    }

    /// Prints a label with all its copies; `label_started` has been said, `label_done` is to follow.
    pub async fn label(&mut self, machine: &Machine, printer: &Printer, label: &Label<'_>) -> Result<Proof> {
        self.check(machine, printer).await.map_err(|error| error.with_outcome(Outcome::NotPrinted))?;
        self.send_label(label).await.map_err(|error| error.with_outcome(Outcome::Unknown))?;
        Ok(Proof::Sent)
    }

    /// Piece by piece: these printers have small buffers, and others of this driver may want to go on in between.
    async fn send_label(&self, label: &Label<'_>) -> Result<()> {
        for piece in label.pieces() {
            self.send(&piece).await?;
            ostler_sdk::yield_now().await;
        }
        Ok(())
    }

    /// Sends bytes.
    pub async fn send(&self, bytes: &[u8]) -> Result<()> {
        self.connection.write_all(bytes).await
    }
}
