//! ZPL commands to effects. Each connection has its own session, because formats of two connections must not mix; what a command
//! leaves behind is in the [`Printer`] that all share.

use std::sync::Arc;

use super::error::CommandError;
use super::fault::{Fault, FaultKind};
use super::format::Format;
use super::graphics;
use super::motion::Content;
use super::parser::{Command, MAX_COMMAND, Token, Tokenizer};
use super::printer::{LabelKind, Printer};
use super::render;
use super::replies::Replies;
use super::{sgd, status};
use crate::bitmap::Bitmap;

/// One connection's place in the stream.
#[derive(Debug)]
pub(crate) struct ZplSession {
    connection: u64,
    tokenizer: Tokenizer,
    /// The format between its `^XA` and `^XZ`.
    format: Option<Format>,
    /// Which one that is, of all that began.
    number: u64,
}

impl ZplSession {
    pub(crate) fn new(connection: u64) -> Self {
        Self { connection, tokenizer: Tokenizer::default(), format: None, number: 0 }
    }

    pub(crate) fn feed(&mut self, printer: &mut Printer, bytes: &[u8]) -> Replies {
        let mut replies = Replies::default();
        let mut tokenizer = std::mem::take(&mut self.tokenizer);
        tokenizer.push(bytes, |token| self.take(printer, token, &mut replies));
        self.tokenizer = tokenizer;
        if let Some(format) = &self.format {
            printer.faults.extend(printer.moments.within(self.number, format.raw.len() + self.tokenizer.pending()));
        }
        replies
    }

    pub(crate) fn finish(&mut self, printer: &mut Printer) -> Replies {
        let mut replies = Replies::default();
        let mut tokenizer = std::mem::take(&mut self.tokenizer);
        tokenizer.finish(|token| self.take(printer, token, &mut replies));
        replies
    }

    pub(crate) fn end(&mut self, printer: &mut Printer) {
        if let Some(format) = self.leave_format(printer) {
            let received = format.raw.len() + self.tokenizer.pending();
            printer.record(self.connection, CommandError::FormatCutOff { received });
        }
    }

    fn take(&mut self, printer: &mut Printer, token: Token, replies: &mut Replies) {
        match token {
            Token::Text(text) => {
                self.keep(&text);
                sgd::line(printer, &text, replies);
            }
            Token::Command(command) => {
                self.keep(command.raw());
                let done = if command.is_cut() {
                    Err(CommandError::CommandTooLong { command: command.name(), limit: MAX_COMMAND })
                } else {
                    self.command(printer, &command, replies)
                };
                if let Err(error) = done {
                    printer.record(self.connection, error);
                }
            }
        }
    }

    fn command(&mut self, printer: &mut Printer, command: &Command, replies: &mut Replies) -> Result<(), CommandError> {
        let (name, parameters) = (command.name(), command.parameters());
        match name.as_str() {
            "^XA" => self.begin_format(printer, command),
            "^XZ" => self.end_format(printer),
            "~JA" => {
                self.leave_format(printer);
                printer.cancel_all();
            }
            "~JX" => {
                self.leave_format(printer);
            }
            "~JR" => {
                self.leave_format(printer);
                printer.reset();
            }
            "~PP" | "^PP" => printer.faults.set(Fault::Paused),
            "~PS" => {
                printer.faults.clear(FaultKind::Paused);
                printer.print_ready();
            }
            "~PH" => return moved(name, printer.feed(1)),
            "~JC" => return moved(name, printer.calibrate()),
            "~JK" => printer.cut_now(),
            "~WC" => self.print_configuration(printer, command),
            "~RO" => sgd::reset_odometer(printer, parameters),
            "~DG" => {
                let (object, graphic) =
                    graphics::download(parameters).map_err(|reason| CommandError::Graphic { command: name, reason })?;
                printer.graphics.insert(object, Arc::new(graphic));
            }
            "^ID" => {
                let pattern = graphics::object_name(parameters);
                printer.graphics.retain(|object, _| !matches(pattern.as_bytes(), object.as_bytes()));
            }
            "~HI" | "~HS" | "~HQ" | "^HH" => status::query(printer, &name, parameters, replies),
            "^FO" | "^FS" | "^FR" | "^GF" | "^XG" | "^IM" | "^PQ" | "^PH" => {
                return self.format.as_mut().map_or(Ok(()), |format| format.command(printer, &name, parameters));
            }
            _ => return self.setting(printer, name, parameters),
        }
        Ok(())
    }

    fn setting(&mut self, printer: &mut Printer, name: String, parameters: &[u8]) -> Result<(), CommandError> {
        match printer.settings.apply(&name, parameters) {
            Some(true) => {
                if name == "^MN" {
                    printer.forget_misfeed();
                }
                Ok(())
            }
            Some(false) => Err(CommandError::bad(&name, parameters)),
            None => {
                // Text, boxes and their like are not drawn, but a printer would print a label for them.
                let prints = matches!(name.as_str(), "^FD" | "^FV" | "^SN" | "^GB" | "^GC" | "^GD" | "^GE" | "^GS");
                if let Some(format) = &mut self.format {
                    format.has_field |= prints;
                }
                printer.ignore(name);
                Ok(())
            }
        }
    }

    fn begin_format(&mut self, printer: &mut Printer, command: &Command) {
        if self.leave_format(printer).is_some() {
            printer.record(self.connection, CommandError::FormatNotEnded);
        }
        printer.partial_formats += 1;
        self.number = printer.moments.begin();
        self.format = Some(Format::new(command.raw()));
    }

    fn end_format(&mut self, printer: &mut Printer) {
        let Some(mut format) = self.leave_format(printer) else {
            return;
        };
        format.end_field(printer);
        printer.faults.extend(printer.moments.end());
        let (copies, feeds) = (format.copies(), format.feeds + u32::from(format.is_empty()));
        if format.has_field {
            let page = render::page(&format.placements, &printer.settings);
            if page.dots_lost > 0 {
                printer.record(self.connection, CommandError::OffLabel { dots: page.dots_lost });
            }
            let content = Content::Picture(LabelKind::Format, Arc::new(page.bitmap));
            printer.enqueue(self.connection, format.raw.clone(), content, copies);
        }
        if feeds > 0 {
            printer.enqueue(self.connection, format.raw, Content::Blank, feeds);
        }
    }

    fn print_configuration(&self, printer: &mut Printer, command: &Command) {
        let page = Bitmap::new(printer.settings.width, printer.settings.label_length());
        let content = Content::Picture(LabelKind::Configuration, Arc::new(page));
        printer.enqueue(self.connection, command.raw().to_vec(), content, 1);
    }

    fn leave_format(&mut self, printer: &mut Printer) -> Option<Format> {
        let format = self.format.take()?;
        printer.partial_formats -= 1;
        Some(format)
    }

    fn keep(&mut self, bytes: &[u8]) {
        if let Some(format) = &mut self.format {
            format.raw.extend_from_slice(bytes);
        }
    }
}

fn moved(command: String, has_moved: bool) -> Result<(), CommandError> {
    if has_moved { Ok(()) } else { Err(CommandError::NotReady { command }) }
}

/// `*` in the pattern stands for any characters (guide, `^ID`).
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), None) => matches(rest, name),
        (Some((b'*', rest)), Some((_, tail))) => matches(rest, name) || matches(pattern, tail),
        (Some((expected, rest)), Some((actual, tail))) => expected == actual && matches(rest, tail),
        _ => false,
    }
}
