//! A ZPL format between its `^XA` and `^XZ`: the fields that it places.

use std::sync::Arc;

use super::error::CommandError;
use super::graphics::{self, GraphicError, MAX_GRAPHIC};
use super::parser::number;
use super::printer::Printer;
use super::render::Placement;
use crate::bitmap::{Bitmap, Ink};

#[derive(Debug, Default)]
pub(crate) struct Format {
    /// Its bytes so far.
    pub(crate) raw: Vec<u8>,
    /// Where the field begins, in dots, without label home.
    origin: (u32, u32),
    reverse: bool,
    /// The field's graphic, drawn when the field ends, because `^FR` may follow it.
    graphic: Option<Arc<Bitmap>>,
    pub(crate) placements: Vec<Placement>,
    /// Whether anything is to be printed, drawn here or not.
    pub(crate) has_field: bool,
    /// From `^PQ`; 0 is not set.
    copies: u32,
    /// How often `^PH` asked for a blank label.
    pub(crate) feeds: u32,
}

impl Format {
    pub(crate) fn new(begin: &[u8]) -> Self {
        Self { raw: begin.to_vec(), ..Self::default() }
    }

    pub(crate) fn copies(&self) -> u32 {
        self.copies.max(1)
    }

    /// Whether nothing stands between `^XA` and `^XZ`.
    pub(crate) fn is_empty(&self) -> bool {
        self.raw.iter().filter(|byte| !byte.is_ascii_whitespace()).count() == b"^XA^XZ".len()
    }

    /// Commands that mean something only within a format.
    pub(crate) fn command(&mut self, printer: &Printer, name: &str, parameters: &[u8]) -> Result<(), CommandError> {
        match name {
            "^FO" => {
                self.end_field(printer);
                let mut parts = parameters.split(|&byte| byte == b',');
                let x = coordinate(parts.next());
                let y = coordinate(parts.next());
                self.origin = x.zip(y).ok_or_else(|| CommandError::bad(name, parameters))?;
            }
            "^FS" => self.end_field(printer),
            "^FR" => self.reverse = true,
            "^PH" => self.feeds += 1,
            "^PQ" => {
                let count = parameters.split(|&byte| byte == b',').next().and_then(number);
                self.copies = count.filter(|&copies| copies > 0).ok_or_else(|| CommandError::bad(name, parameters))?;
            }
            "^GF" => {
                self.has_field = true;
                let graphic = graphics::field(parameters, printer.config.old_firmware)
                    .map_err(|reason| CommandError::Graphic { command: name.into(), reason })?;
                self.add(printer, Arc::new(graphic));
            }
            _ => {
                self.has_field = true;
                let graphic = recall(printer, name, parameters)?;
                self.add(printer, graphic);
            }
        }
        Ok(())
    }

    /// A graphic for the field; a field holds one, so another one before it ends another field at the same place.
    fn add(&mut self, printer: &Printer, graphic: Arc<Bitmap>) {
        self.place(printer);
        self.graphic = Some(graphic);
    }

    pub(crate) fn end_field(&mut self, printer: &Printer) {
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
        let dots = |origin: u32, home: u32| i32::try_from(origin.saturating_add(home)).unwrap_or(i32::MAX);
        let x = dots(self.origin.0, settings.home.0).saturating_sub(settings.left_shift);
        let y = dots(self.origin.1, settings.home.1);
        self.placements.push(Placement { x, y, ink, graphic });
    }
}

/// `^XGd:o.x,mx,my` and `^IMd:o.x`: a stored graphic, magnified 1 to 10 times (guide, `^XG`).
fn recall(printer: &Printer, command: &str, parameters: &[u8]) -> Result<Arc<Bitmap>, CommandError> {
    let mut parts = parameters.split(|&byte| byte == b',');
    let name = graphics::object_name(parts.next().unwrap_or_default());
    let mut factor = || match parts.next().map(<[u8]>::trim_ascii) {
        None | Some(b"") => Some(1),
        Some(text) => number(text).filter(|factor| (1..=10).contains(factor)),
    };
    let (Some(across), Some(down)) = (factor(), factor()) else {
        return Err(CommandError::bad(command, parameters));
    };
    let command = command.to_owned();
    let Some(graphic) = printer.graphics.get(&name) else {
        return Err(CommandError::NoSuchGraphic { command, name });
    };
    let size = graphic.bytes().len() * (across * down) as usize;
    if size > MAX_GRAPHIC {
        return Err(CommandError::Graphic { command, reason: GraphicError::TooLarge(size) });
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
