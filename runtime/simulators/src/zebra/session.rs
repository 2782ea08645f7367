//! Commands to effects. Each connection has its own session, because formats of two connections must not mix; what a command
//! leaves behind is in the [`Printer`] that all share.

use std::sync::Arc;

use super::error::ZplError;
use super::fault::{Fault, FaultKind};
use super::graphics::{self, GraphicError, MAX_GRAPHIC};
use super::parser::{Command, MAX_COMMAND, Token, Tokenizer, number};
use super::printer::Printer;
use super::render::{self, Placement};
use super::status;
use crate::bitmap::{Bitmap, Ink};

/// One connection's place in the stream.
#[derive(Debug)]
pub(crate) struct Session {
    connection: u64,
    tokenizer: Tokenizer,
    /// The format between its `^XA` and `^XZ`.
    format: Option<Format>,
}

#[derive(Debug, Default)]
struct Format {
    raw: Vec<u8>,
    /// Where the field begins, in dots, without label home.
    origin: (u32, u32),
    reverse: bool,
    /// The field's graphic, drawn when the field ends, because `^FR` may follow it.
    graphic: Option<Arc<Bitmap>>,
    placements: Vec<Placement>,
    /// Whether anything is to be printed, drawn here or not.
    has_field: bool,
    /// From `^PQ`; 0 is not set.
    copies: u32,
}

impl Session {
    pub(crate) fn new(connection: u64) -> Self {
        Self { connection, tokenizer: Tokenizer::default(), format: None }
    }

    /// Takes bytes in any pieces; returns what is to be sent back.
    pub(crate) fn feed(&mut self, printer: &mut Printer, bytes: &[u8]) -> Vec<u8> {
        let mut replies = Vec::new();
        let mut tokenizer = std::mem::take(&mut self.tokenizer);
        tokenizer.push(bytes, |token| self.take(printer, token, &mut replies));
        self.tokenizer = tokenizer;
        replies
    }

    /// The sender has ended its side: acts on what has no end of its own, such as `~SD15`.
    pub(crate) fn finish(&mut self, printer: &mut Printer) -> Vec<u8> {
        let mut replies = Vec::new();
        let mut tokenizer = std::mem::take(&mut self.tokenizer);
        tokenizer.finish(|token| self.take(printer, token, &mut replies));
        replies
    }

    /// The connection is gone: an unfinished format goes with it.
    pub(crate) fn end(&mut self, printer: &mut Printer) {
        if let Some(format) = self.leave_format(printer) {
            let received = format.raw.len() + self.tokenizer.pending();
            printer.record(self.connection, ZplError::FormatCutOff { received });
        }
    }

    fn take(&mut self, printer: &mut Printer, token: Token, replies: &mut Vec<u8>) {
        match token {
            Token::Text(text) => {
                self.keep(&text);
                get_variable(printer, &text, replies);
            }
            Token::Command(command) => {
                self.keep(command.raw());
                if command.is_cut() {
                    let error = ZplError::CommandTooLong { command: command.name(), limit: MAX_COMMAND };
                    printer.record(self.connection, error);
                } else {
                    self.command(printer, &command, replies);
                }
            }
        }
    }

    fn command(&mut self, printer: &mut Printer, command: &Command, replies: &mut Vec<u8>) {
        let (name, parameters) = (command.name(), command.parameters());
        let done = match name.as_str() {
            "^XA" => {
                self.begin_format(printer, command);
                Ok(())
            }
            "^XZ" => {
                self.end_format(printer);
                Ok(())
            }
            "~JA" => {
                self.leave_format(printer);
                printer.cancel_all();
                Ok(())
            }
            "~PP" => {
                printer.faults.set(Fault::Paused);
                Ok(())
            }
            "~PS" => {
                printer.faults.clear(FaultKind::Paused);
                printer.print_ready();
                Ok(())
            }
            "~DG" => match graphics::download(parameters) {
                Ok((object, graphic)) => {
                    printer.graphics.insert(object, Arc::new(graphic));
                    Ok(())
                }
                Err(reason) => Err(ZplError::Graphic { command: name, reason }),
            },
            "^ID" => {
                let pattern = graphics::object_name(parameters);
                printer.graphics.retain(|object, _| !matches(pattern.as_bytes(), object.as_bytes()));
                Ok(())
            }
            "~HI" | "~HS" | "~HQ" => {
                query(printer, &name, parameters, replies);
                Ok(())
            }
            "^FO" | "^FS" | "^FR" | "^GF" | "^XG" | "^IM" | "^PQ" => self.field(printer, name, parameters),
            _ => self.setting(printer, name, parameters),
        };
        if let Err(error) = done {
            printer.record(self.connection, error);
        }
    }

    /// Commands that mean something only within a format.
    fn field(&mut self, printer: &Printer, name: String, parameters: &[u8]) -> Result<(), ZplError> {
        let Some(format) = &mut self.format else {
            return Ok(());
        };
        match name.as_str() {
            "^FO" => {
                format.end_field(printer);
                let mut parts = parameters.split(|&byte| byte == b',');
                let x = coordinate(parts.next());
                let y = coordinate(parts.next());
                format.origin = x.zip(y).ok_or_else(|| bad(name, parameters))?;
            }
            "^FS" => format.end_field(printer),
            "^FR" => format.reverse = true,
            "^PQ" => {
                let count = parameters.split(|&byte| byte == b',').next().and_then(number);
                format.copies = count.filter(|&copies| copies > 0).ok_or_else(|| bad(name, parameters))?;
            }
            "^GF" => {
                format.has_field = true;
                match graphics::field(parameters, printer.config.old_firmware) {
                    Ok(graphic) => format.add(printer, Arc::new(graphic)),
                    Err(reason) => {
                        return Err(ZplError::Graphic { command: name, reason });
                    }
                }
            }
            _ => {
                format.has_field = true;
                let graphic = recall(printer, name, parameters)?;
                format.add(printer, graphic);
            }
        }
        Ok(())
    }

    fn setting(&mut self, printer: &mut Printer, name: String, parameters: &[u8]) -> Result<(), ZplError> {
        match printer.settings.apply(&name, parameters) {
            Some(true) => Ok(()),
            Some(false) => Err(bad(name, parameters)),
            None => {
                // Text, boxes and their like are not drawn, but a printer would print a label for them.
                let prints = matches!(name.as_str(), "^FD" | "^FV" | "^SN" | "^GB" | "^GC" | "^GD" | "^GE" | "^GS");
                if let Some(format) = &mut self.format {
                    format.has_field |= prints;
                }
                *printer.unknown.entry(name).or_default() += 1;
                Ok(())
            }
        }
    }

    fn begin_format(&mut self, printer: &mut Printer, command: &Command) {
        if self.leave_format(printer).is_some() {
            printer.record(self.connection, ZplError::FormatNotEnded);
        }
        printer.partial_formats += 1;
        self.format = Some(Format { raw: command.raw().to_vec(), ..Format::default() });
    }

    fn end_format(&mut self, printer: &mut Printer) {
        let Some(mut format) = self.leave_format(printer) else {
            return;
        };
        format.end_field(printer);
        if format.has_field {
            let label = render::label(&format.placements, &printer.settings);
            printer.enqueue(self.connection, format.raw, label, format.copies.max(1));
        }
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

impl Format {
    /// A graphic for the field; a field holds one, so another one before it ends another field at the same place.
    fn add(&mut self, printer: &Printer, graphic: Arc<Bitmap>) {
        self.place(printer);
        self.graphic = Some(graphic);
    }

    fn end_field(&mut self, printer: &Printer) {
        self.place(printer);
        self.origin = (0, 0);
        self.reverse = false;
    }

    fn place(&mut self, printer: &Printer) {
        let Some(graphic) = self.graphic.take() else {
            return;
        };
        let settings = &printer.settings;
        let ink = if self.reverse || settings.reversed { Ink::Reverse } else { Ink::Black };
        let x = self.origin.0.saturating_add(settings.home.0);
        let y = self.origin.1.saturating_add(settings.home.1);
        self.placements.push(Placement { x, y, ink, graphic });
    }
}

fn query(printer: &mut Printer, name: &str, parameters: &[u8], replies: &mut Vec<u8>) {
    let reply = match name {
        "~HI" => Some(status::identification(&printer.config)),
        "~HS" => status::host(printer),
        _ if parameters.eq_ignore_ascii_case(b"ES") => Some(status::extended(printer)),
        _ => {
            let name = format!("{name}{}", String::from_utf8_lossy(parameters));
            *printer.unknown.entry(name).or_default() += 1;
            return;
        }
    };
    if printer.answers(reply.is_some()) {
        replies.extend_from_slice(reply.unwrap_or_default().as_bytes());
    }
}

/// Set-Get-Do: `! U1 getvar "name"` on a line of its own.
fn get_variable(printer: &mut Printer, text: &[u8], replies: &mut Vec<u8>) {
    let text = String::from_utf8_lossy(text);
    let name = text.trim().strip_prefix("! U1 getvar").and_then(|rest| rest.trim().strip_prefix('"'));
    let Some(name) = name.and_then(|rest| rest.strip_suffix('"')) else {
        return;
    };
    if printer.config.answers_getvar && printer.answers(true) {
        replies.extend_from_slice(status::variable(printer, name).as_bytes());
    }
}

/// `^XGd:o.x,mx,my` and `^IMd:o.x`: a stored graphic, magnified 1 to 10 times (guide, `^XG`).
fn recall(printer: &Printer, command: String, parameters: &[u8]) -> Result<Arc<Bitmap>, ZplError> {
    let mut parts = parameters.split(|&byte| byte == b',');
    let name = graphics::object_name(parts.next().unwrap_or_default());
    let mut factor = || match parts.next().map(<[u8]>::trim_ascii) {
        None | Some(b"") => Some(1),
        Some(text) => number(text).filter(|factor| (1..=10).contains(factor)),
    };
    let (Some(across), Some(down)) = (factor(), factor()) else {
        return Err(bad(command, parameters));
    };
    let Some(graphic) = printer.graphics.get(&name) else {
        return Err(ZplError::NoSuchGraphic { command, name });
    };
    let size = graphic.bytes().len() * (across * down) as usize;
    if size > MAX_GRAPHIC {
        return Err(ZplError::Graphic { command, reason: GraphicError::TooLarge(size) });
    }
    Ok(if (across, down) == (1, 1) { Arc::clone(graphic) } else { Arc::new(graphic.scaled(across, down)) })
}

fn coordinate(parameter: Option<&[u8]>) -> Option<u32> {
    match parameter.map(<[u8]>::trim_ascii) {
        None | Some(b"") => Some(0),
        // The guide's range is 0 to 32000 (^FO).
        Some(text) => number(text).filter(|&dots| dots <= 32_000),
    }
}

fn bad(command: String, parameters: &[u8]) -> ZplError {
    let parameters = String::from_utf8_lossy(parameters).into_owned();
    ZplError::BadParameters { command, parameters }
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
