//! EPL2 commands to effects. What has a ZPL command of the same meaning is set through it, so that one printer has one set of
//! settings.

use std::sync::Arc;

use super::parser::{Header, Parser, Token};
use crate::bitmap::{Bitmap, Ink};
use crate::zebra::error::CommandError;
use crate::zebra::graphics::GraphicError;
use crate::zebra::media::Tracking;
use crate::zebra::motion::Content;
use crate::zebra::parser::number;
use crate::zebra::printer::{LabelKind, Printer};
use crate::zebra::render::{self, Placement};
use crate::zebra::replies::Replies;
use crate::zebra::settings::PrintMode;
use crate::zebra::sgd;

/// One connection's place in the stream, and its image buffer.
#[derive(Debug)]
pub(crate) struct EplSession {
    connection: u64,
    parser: Parser,
    /// Everything since the image buffer was cleared.
    raw: Vec<u8>,
    placements: Vec<Placement>,
}

impl EplSession {
    pub(crate) fn new(connection: u64) -> Self {
        Self { connection, parser: Parser::default(), raw: Vec::new(), placements: Vec::new() }
    }

    pub(crate) fn feed(&mut self, printer: &mut Printer, bytes: &[u8]) -> Replies {
        let mut replies = Replies::default();
        let mut parser = std::mem::take(&mut self.parser);
        parser.push(bytes, |token| self.take(printer, token, &mut replies));
        self.parser = parser;
        replies
    }

    pub(crate) fn finish(&mut self, printer: &mut Printer) -> Replies {
        let mut replies = Replies::default();
        let mut parser = std::mem::take(&mut self.parser);
        parser.finish(|token| self.take(printer, token, &mut replies));
        replies
    }

    pub(crate) fn end(&mut self, printer: &mut Printer) {
        let mut parser = std::mem::take(&mut self.parser);
        parser.finish(|token| {
            if let Token::Graphic { header, data, .. } = token {
                printer.record(self.connection, short(header, &data));
            }
        });
    }

    fn take(&mut self, printer: &mut Printer, token: Token, replies: &mut Replies) {
        let done = match token {
            Token::Line(line) => {
                self.raw.extend_from_slice(&line);
                self.line(printer, line.trim_ascii(), replies)
            }
            Token::Graphic { header, raw, data } => {
                self.raw.extend_from_slice(&raw);
                self.raw.extend_from_slice(&data);
                self.graphic(printer, header, data)
            }
        };
        if let Err(error) = done {
            printer.record(self.connection, error);
        }
    }

    fn line(&mut self, printer: &mut Printer, line: &[u8], replies: &mut Replies) -> Result<(), CommandError> {
        let letters = line.iter().take(2).take_while(|byte| byte.is_ascii_alphabetic()).count();
        let (name, parameters) = line.split_at(letters);
        match (name, parameters) {
            (b"", b"" | [b';', ..]) => {}
            (b"", b"^ee") => error_report(printer, replies),
            (b"", b"^@") => {
                self.clear(line);
                printer.reset();
            }
            (b"", [b'!', ..]) => sgd::line(printer, line, replies),
            (b"N", b"") => self.clear(line),
            (b"P", _) => return self.print(printer, parameters),
            (b"q", _) => {
                self.clear(line);
                return set(printer, "^PW", name, parameters);
            }
            (b"Q", _) => {
                self.clear(line);
                return length(printer, parameters);
            }
            (b"R", _) => {
                set(printer, "^LH", name, parameters)?;
                // The reference point undoes q: the image buffer is as wide as the head (EPL guide, R).
                printer.settings.width = printer.config.head_width;
            }
            (b"ZT", b"") => return set(printer, "^PO", name, b"N"),
            (b"ZB", b"") => return set(printer, "^PO", name, b"I"),
            (b"S", _) => return set(printer, "^PR", name, parameters),
            (b"D", _) => {
                // 0 to 15 here, 0 to 30 there.
                let density = number::<u8>(parameters).filter(|&density| density <= 15);
                let density = density.ok_or_else(|| CommandError::bad("D", parameters))?;
                return set(printer, "~SD", name, (density * 2).to_string().as_bytes());
            }
            // OEPL1 leaves page mode, which this printer does not.
            ([b'O', ..], _) if name != b"OE" => options(printer, line),
            (b"C", b"") => printer.cut_now(),
            (b"xa", b"") => {
                // It knows gaps only: neither black marks nor continuous media (EPL guide, Q).
                printer.settings.tracking = Tracking::Gap;
                if !printer.calibrate() {
                    return Err(CommandError::NotReady { command: "xa".into() });
                }
            }
            (b"GW", _) => return Err(CommandError::bad("GW", parameters)),
            _ => {
                let name = if name.is_empty() { line.get(..1).unwrap_or_default() } else { name };
                printer.ignore(String::from_utf8_lossy(name).into_owned());
            }
        }
        Ok(())
    }

    /// `N`, and what changes the image buffer's size, clear it; what is sent for the next label begins with that command.
    fn clear(&mut self, command: &[u8]) {
        self.placements.clear();
        self.raw = [command, b"\n"].concat();
    }

    /// `GW`: into the image buffer. Bit 0 is black.
    fn graphic(&mut self, printer: &Printer, header: Header, mut data: Vec<u8>) -> Result<(), CommandError> {
        if Some(data.len()) != header.size() {
            return Err(short(header, &data));
        }
        if data.is_empty() {
            return Ok(());
        }
        for byte in &mut data {
            *byte = !*byte;
        }
        let failed = |reason| CommandError::Graphic { command: "GW".into(), reason };
        let width = u32::try_from(header.row * 8).map_err(|_| failed(GraphicError::TooLarge(header.row)))?;
        let total = data.len();
        let graphic = Bitmap::from_rows(width, data)
            .map_err(|_| failed(GraphicError::NotWholeRows { total, row: header.row }))?;
        let home = printer.settings.home;
        let dots = |at: u32, home: u32| i32::try_from(at.saturating_add(home)).unwrap_or(i32::MAX);
        let (x, y) = (dots(header.x, home.0), dots(header.y, home.1));
        self.placements.push(Placement { x, y, ink: Ink::Black, graphic: Arc::new(graphic) });
        Ok(())
    }

    /// `Pn[,c]`: n labels, each c times. The image buffer stays as it is.
    fn print(&mut self, printer: &mut Printer, parameters: &[u8]) -> Result<(), CommandError> {
        let bad = || CommandError::bad("P", parameters);
        let mut parts = parameters.split(|&byte| byte == b',');
        let sets: u32 = parts.next().and_then(number).ok_or_else(bad)?;
        let copies = parts.next().map_or(Some(1), number).ok_or_else(bad)?;
        let labels = sets.checked_mul(copies).filter(|&labels| labels > 0).ok_or_else(bad)?;
        let page = render::page(&self.placements, &printer.settings);
        if page.dots_lost > 0 {
            printer.record(self.connection, CommandError::OffLabel { dots: page.dots_lost });
        }
        let content = Content::Picture(LabelKind::Format, Arc::new(page.bitmap));
        printer.enqueue(self.connection, self.raw.clone(), content, labels);
        Ok(())
    }
}

/// Applies the ZPL command that means the same.
fn set(printer: &mut Printer, command: &str, name: &[u8], parameters: &[u8]) -> Result<(), CommandError> {
    match printer.settings.apply(command, parameters) {
        Some(true) => Ok(()),
        _ => Err(CommandError::bad(&String::from_utf8_lossy(name), parameters)),
    }
}

/// `Qlength,gap`, `Qlength,Bmark` or `Qlength,0`: how long labels are and, if it is said, what ends them.
fn length(printer: &mut Printer, parameters: &[u8]) -> Result<(), CommandError> {
    let bad = || CommandError::bad("Q", parameters);
    let mut parts = parameters.split(|&byte| byte == b',');
    let length = parts.next().unwrap_or_default();
    let tracking = match parts.next().map(<[u8]>::trim_ascii) {
        None => printer.settings.tracking,
        Some(b"0") => Tracking::Continuous,
        Some([b'B', ..]) => Tracking::Mark,
        Some([b'0'..=b'9', ..]) => Tracking::Gap,
        Some(_) => return Err(bad()),
    };
    set(printer, "^LL", b"Q", length)?;
    printer.settings.measured_length = printer.settings.length;
    printer.settings.tracking = tracking;
    printer.forget_misfeed();
    Ok(())
}

/// `O` with a letter for each option that is on: `C` cutter, `P` peel-off; the others change nothing that shows.
fn options(printer: &mut Printer, line: &[u8]) {
    printer.settings.print_mode = if line.contains(&b'C') {
        PrintMode::Cutter
    } else if line.contains(&b'P') {
        PrintMode::PeelOff
    } else {
        PrintMode::TearOff
    };
}

/// `^ee`: one code, two digits (guide, `^ee`). An error goes before being paused, and both before being busy.
fn error_report(printer: &mut Printer, replies: &mut Replies) {
    let conditions = printer.conditions();
    let error = conditions.effects().filter(|effect| effect.stops_printing).map(|effect| effect.epl_code);
    // 12 is said for a pause and for a label that waits to be taken, 50 for work that goes on.
    let waiting = printer.label_to_take.then_some(12);
    let busy = (printer.queue.formats() > 0).then_some(50);
    let code = error.min_by_key(|&code| code == 12).or(waiting).or(busy).unwrap_or(0);
    if printer.config.answers.commands() && printer.answers(true) {
        replies.push(&format!("{code:02}\r\n"));
    }
}

fn short(header: Header, data: &[u8]) -> CommandError {
    let reason = GraphicError::Short { got: data.len(), wanted: header.size().unwrap_or_default() };
    CommandError::Graphic { command: "GW".into(), reason }
}
