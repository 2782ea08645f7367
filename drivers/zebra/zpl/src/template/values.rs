//! Values in a field's data, written so that they are data and nothing else.

use super::Reason;
use super::scan::Command;

/// A piece of a field's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// As the template has it.
    Text(&'a str),
    /// To be filled in.
    Place {
        /// Of the field.
        name: &'a str,
        /// In the template, in bytes.
        at: usize,
    },
}

/// The data of a field, cut at its places.
pub fn parts<'a>(command: &Command<'a>) -> Result<Vec<Part<'a>>, (usize, Reason)> {
    let mut parts = Vec::new();
    let mut rest = command.parameters;
    while let Some((text, behind)) = rest.split_once("{{") {
        let at = command.parameters_at + command.parameters.len() - rest.len() + text.len();
        let (name, next) = behind.split_once("}}").ok_or((at, Reason::Placeholder))?;
        let name = name.trim();
        if name.is_empty() || name.contains(['{', '}', '\n']) {
            return Err((at, Reason::Placeholder));
        }
        parts.extend([Part::Text(text), Part::Place { name, at }]);
        rest = next;
    }
    parts.push(Part::Text(rest));
    Ok(parts)
}

/// The character that begins two hexadecimal digits in a field (guide, page of `^FH`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Indicator(u8);

impl Default for Indicator {
    fn default() -> Self {
        Self(b'_')
    }
}

impl Indicator {
    /// That of a `^FH`.
    pub fn of(command: &Command<'_>) -> Self {
        command.parameters.bytes().next().filter(u8::is_ascii_graphic).map_or_else(Self::default, Self)
    }

    /// The template's own text in a field that had no `^FH`: only the indicator itself has become special.
    pub fn write_text(self, text: &str, out: &mut Vec<u8>) {
        for byte in text.bytes() {
            if byte == self.0 { self.write_hex(byte, out) } else { out.push(byte) }
        }
    }

    /// A value: letters, digits and some signs as they are, all other bytes in hexadecimal.
    pub fn write_value(self, value: &str, out: &mut Vec<u8>) {
        for byte in value.bytes() {
            let plain = byte.is_ascii_alphanumeric() || b" .,:-+/()".contains(&byte);
            if plain && byte != self.0 { out.push(byte) } else { self.write_hex(byte, out) }
        }
    }

    fn write_hex(self, byte: u8, out: &mut Vec<u8>) {
        let digit = |value: u8| if value < 10 { b'0' + value } else { b'A' + value - 10 };
        out.extend([self.0, digit(byte >> 4), digit(byte & 0x0F)]);
    }
}
