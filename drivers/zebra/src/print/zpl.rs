//! The conversation around one label on a printer of ZPL.

use std::time::{Duration, Instant};

use ostler_sdk::label_printer::{SetStatus, Status};
use ostler_sdk::printing::Proof;
use ostler_sdk::{Error, Machine, Outcome, Result};
use ostler_zpl::{Bitmap, Encoding, Expected, Label, Pieces, Query, Step, Stored, Wait, Watch};

use super::document::Document;
use super::proof;
use crate::printer::Printer;
use crate::session::Session;
use crate::settings::Settings;
use crate::status::{advice, status_of};

/// How often to look whether a label was taken from the peel bar.
const TAKE_PAUSE: Duration = Duration::from_millis(500);

/// How often an idle printer is asked again for a counter that did not come.
const LATE_COUNTS: u8 = 2;

/// A label of dots whose first piece is made already, in one encoding.
pub struct Begun<'d> {
    encoding: Encoding,
    first: Vec<u8>,
    rest: Pieces<'d>,
}

/// A printer, and the connection to it, while labels are printed.
pub struct Run<'a> {
    pub machine: &'a Machine,
    pub settings: &'a Settings,
    pub session: Session,
    pub printer: Printer,
    /// A graphic that the printer has stored, with its dots.
    stored: Option<(Stored, Document)>,
    /// The printer did not confirm a graphic: none is stored any more.
    cannot_store: bool,
    /// The printer's counter as a label of this connection left it.
    counted: Option<u64>,
}

impl<'a> Run<'a> {
    pub fn new(machine: &'a Machine, settings: &'a Settings, session: Session, printer: Printer) -> Self {
        Self { machine, settings, session, printer, stored: None, cannot_store: false, counted: None }
    }

    /// Makes the first piece of a label, as far as that can be foreseen: nothing of a document in ZPL or with dots that the
    /// printer has or is to keep, and in the encoding for what is known of the printer. Compressing is most of a label's work, and
    /// this needs no device.
    pub fn make<'d>(&self, document: &'d Document, copies: u32, keep: Option<&Stored>) -> Option<Begun<'d>> {
        let is_stored = self.stored.as_ref().is_some_and(|(_, dots)| dots == document);
        if keep.is_some() || is_stored {
            return None;
        }
        let Document::Dots { width, height, data } = document else { return None };
        // What is wrong with it is told when it is sent.
        let label = self.format(*width, *height, data, copies).ok()?;
        let mut rest = label.pieces();
        let first = rest.next()?;
        Some(Begun { encoding: label.encoding, first, rest })
    }

    /// Prints a label with all its copies; `label_started` has been said, `label_done` is to follow. An error's
    /// outcome is what is known about the label.
    ///
    /// `begun` is what was made of it before. `keep` names a graphic in which to keep the dots, because the next label has
    /// the same ones.
    pub async fn label(
        &mut self,
        document: &Document,
        copies: u32,
        begun: Option<Begun<'_>>,
        keep: Option<Stored>,
    ) -> Result<Proof> {
        let repeats = keep.is_some();
        let result = self.print(document, copies, begun, keep).await;
        // While the label is open the host lets bytes through, so the graphic goes now or not at all. Not after an
        // error that says nothing about the line, for a broken one may hold back the bytes for a long time.
        let reachable = match &result {
            Ok(_) => !repeats,
            Err(error) => error.outcome == Outcome::NotPrinted && !error.is_cancelled(),
        };
        if reachable && let Some((graphic, _)) = self.stored.take() {
            // It prints nothing, and what is left behind is gone when the printer is switched off.
            let _ = self.session.send(&graphic.delete()).await;
        }
        self.printer.learn(&self.session);
        result
    }

    async fn print(
        &mut self,
        document: &Document,
        copies: u32,
        begun: Option<Begun<'_>>,
        keep: Option<Stored>,
    ) -> Result<Proof> {
        let outcome = |outcome| move |error: Error| error.with_outcome(outcome);
        let before = self.check().await.map_err(outcome(Outcome::NotPrinted))?;
        self.send(document, copies, begun, keep).await.map_err(outcome(Outcome::Unknown))?;
        // `follow` knows more about its errors: a counter may prove that nothing was printed.
        // A printer that was silent just now has told its counter behind the label before: what it takes and loses shows.
        self.follow(copies, before.or(self.counted)).await
    }

    /// Asks before the first byte of the format, and returns the printer's counter. Silence is no reason not to
    /// print: a printer without labels may not answer, and prints what it has received once it has some.
    pub async fn check(&mut self) -> Result<Option<u64>> {
        if !self.session.is_worth_asking() {
            return Ok(None);
        }
        let mut again = LATE_COUNTS;
        loop {
            self.session.ask(Query::Progress).await?;
            let faults = self.session.report().faults();
            if let Some(first) = faults.first() {
                let error = Error::needs_attention(first.code(), advice(&faults));
                show(self.machine, &Wait::Faults(faults));
                return Err(error);
            }
            if self.session.report().waits_to_be_taken() {
                show(self.machine, &Wait::Take);
                self.machine.sleep(TAKE_PAUSE).await?;
            } else if !self.identify().await? {
                let report = self.session.report();
                // Its answer is late, as after a silence.
                let is_late = report.counts && report.count.is_none() && report.is_idle();
                if !is_late || again == 0 {
                    return Ok(report.count);
                }
                again -= 1;
            }
        }
    }

    /// Asks what the printer is, if it answers and was not asked before; the form of pictures depends on it. Says
    /// whether it was asked: the state is to be asked again then.
    async fn identify(&mut self) -> Result<bool> {
        let printer = &mut self.printer;
        if printer.identity.is_some() || printer.identity_in_vain || !self.session.report().heard {
            return Ok(false);
        }
        self.session.ask(Query::Identity).await?;
        printer.identity = self.session.identity().cloned();
        printer.identity_in_vain = printer.identity.is_none();
        self.session.use_variables(printer);
        Ok(true)
    }

    /// The format for dots, by what is known of the printer.
    fn format<'d>(&self, width: u32, height: u32, data: &'d [u8], copies: u32) -> Result<Label<'d>> {
        let bitmap = Bitmap::new(width, height, width.div_ceil(8), data)
            .map_err(|error| Error::permanent("bitmap", error.to_string()))?;
        let encoding = self.settings.encoding_for(self.printer.identity.as_ref());
        Ok(Label { bitmap, copies, encoding, setup: self.settings.setup })
    }

    /// Sends the format. `begun`, `keep`: see [`label`](Self::label).
    pub async fn send(
        &mut self,
        document: &Document,
        copies: u32,
        begun: Option<Begun<'_>>,
        keep: Option<Stored>,
    ) -> Result<()> {
        let label = match document {
            Document::Zpl(format) => return self.session.send(format).await,
            Document::Dots { width, height, data } => self.format(*width, *height, data, copies)?,
        };
        if let Some(keep) = keep {
            self.store(keep, document, &label).await?;
        }
        if let Some((graphic, dots)) = &self.stored
            && dots == document
        {
            return self.session.send(&label.recall(graphic)).await;
        }
        // The printer may have said what it is only after the label was begun.
        let (first, rest) = match begun.filter(|begun| begun.encoding == label.encoding) {
            Some(Begun { first, rest, .. }) => (Some(first), rest),
            None => (None, label.pieces()),
        };
        // Piece by piece. Compressing one takes a moment, and the other printers of this driver may want to go on in between.
        for piece in first.into_iter().chain(rest) {
            self.session.send(&piece).await?;
            ostler_sdk::yield_now().await;
        }
        Ok(())
    }

    /// Stores the dots in the printer, when that is smaller and the printer confirms it. See [`Stored`].
    async fn store(&mut self, graphic: Stored, document: &Document, label: &Label<'_>) -> Result<()> {
        let has_room = self.printer.identity.as_ref().is_some_and(|identity| Stored::fits(&label.bitmap, identity));
        let before = self.session.report().status.map(|status| status.graphics_stored);
        let (None, true, false, Some(before)) = (&self.stored, has_room, self.cannot_store, before) else {
            return Ok(());
        };
        let download = graphic.download(&label.bitmap, label.encoding);
        if !graphic.saves(&download) {
            return Ok(());
        }
        self.session.send(&download).await?;
        self.session.ask(Query::State).await?;
        if self.session.report().status.is_some_and(|status| status.graphics_stored > before) {
            self.stored = Some((graphic, document.clone()));
        } else {
            // No room, or a printer that does not count its graphics. What it may have stored is not relied on.
            self.cannot_store = true;
            self.session.send(&graphic.delete()).await?;
        }
        Ok(())
    }

    /// Waits until the label has come out, as far as the printer tells.
    pub async fn follow(&mut self, copies: u32, before: Option<u64>) -> Result<Proof> {
        if self.session.answered() != Some(true) {
            return Ok(Proof::Sent);
        }
        let unknown = |error: Error| error.with_outcome(Outcome::Unknown);
        let sent = Instant::now();
        let expected = before.map(|before| Expected { before, labels: copies });
        let mut watch = Watch::new(self.session.knows_conditions(), expected);
        let mut shown = Wait::Work;
        let mut query = Query::Progress;
        loop {
            self.session.ask(query).await.map_err(unknown)?;
            match watch.observe(sent.elapsed(), self.session.report()) {
                Step::Printed { counted: true } => {
                    self.counted = self.session.report().count;
                    self.printer.trust_counter(self.machine).await;
                    return Ok(Proof::Counted);
                }
                Step::Printed { counted: false } => return Ok(Proof::Acknowledged),
                Step::Short { before, printed } => {
                    let trusted = self.printer.is_counter_trusted(self.machine).await;
                    // One that never counted is not asked again: the next label is believed to the printer's word.
                    self.printer.without_variables |= printed == 0 && !trusted;
                    return Err(proof::short(copies, before, printed, trusted));
                }
                Step::Lost => {
                    let message = "The printer took the label and stopped answering. See whether it came out.";
                    return Err(unknown(Error::transient("silent", message)));
                }
                Step::CutOff => {
                    let message = "The printer waits for the rest of the label, and all of it was sent: a part got lost on \
                                   the way. See what came out.";
                    return Err(unknown(Error::transient("cut-off", message)));
                }
                Step::Ask { pause, query: next, wait } => {
                    if wait != shown {
                        show(self.machine, &wait);
                        shown = wait;
                    }
                    query = next;
                    self.machine.sleep(pause).await.map_err(unknown)?;
                }
            }
        }
    }
}

/// Shows what keeps the printer from going on, or that it goes on.
fn show(machine: &Machine, wait: &Wait) {
    let (status, text) = match wait {
        Wait::Faults(faults) => (faults.first().map_or(Status::Error, |first| status_of(*first)), advice(faults)),
        Wait::Take => (Status::Printing, "Take the label; the next one waits for that.".to_owned()),
        Wait::Mute => (
            Status::Warning,
            "The printer took the label and does not say that it is done. Look at its display and its rewinder."
                .to_owned(),
        ),
        Wait::Work => (Status::Printing, "The printer goes on.".to_owned()),
    };
    // In this order: who waits for the status finds the words that belong to it.
    machine.set_status_text(text);
    machine.set_status(status);
}
