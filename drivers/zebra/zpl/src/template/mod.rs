//! ZPL that somebody else wrote, with places for values: `^FO50,50^A0N,40^FD{{name}}^FS`.
//!
//! A template is a document like any other: whoever may print may send one. So it must draw a label and do nothing
//! else, whatever it says and whatever the values say. Three rules see to that, each in a module of its own:
//!
//! 1. `scan` cuts the text into commands as a printer does. What a printer might read in another way (other prefix
//!    characters, control characters that stand for them, other languages on the same wire) is refused, so that both
//!    see the same commands.
//! 2. `rules` has the list of the commands that a label may use. A command that is not in it is refused with the
//!    reason, also one that nobody has thought of.
//! 3. `values` writes a value so that it is data and no more: all but letters, digits and some signs as hexadecimal
//!    (`^FH`), so that no `^` and no `~` of a value ever reaches the printer as such.
//!
//! # What is written for whom
//!
//! * `{{name}}` stands within `^FD ... ^FS` (or `^FV`). The field's own `^FH` indicator is used; without one, `^FH_` is
//!   put before the `^FD`, and the template's own `_` in it is escaped.
//! * Values are UTF-8: `^CI28` is put behind `^XA`, unless the template chooses an encoding; then values must be ASCII.
//! * Copies are the job's: `^PQ` is put before `^XZ`. One of the template's own may only say 1.
//! * What a bar code makes of its data (`>` in Code 128, `QA,` in QR codes) is between the template and its values.

mod rules;
mod scan;
mod values;

use std::collections::HashMap;

use thiserror::Error;

use rules::Forbidden;
use scan::Command;
use values::Indicator;

/// The most bytes that a field may have (guide, page of `^FD`).
const LONGEST_FIELD: usize = 3072;

/// A template, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template<'a> {
    text: &'a str,
    commands: Vec<Command<'a>>,
    /// Whether any place is to be filled in.
    has_places: bool,
    /// Whether the template chooses an encoding other than UTF-8.
    chooses_encoding: bool,
}

/// Why a template cannot be printed, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}, column {column}: {reason}")]
pub struct TemplateError {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong there.
    pub reason: Reason,
}

/// What is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Reason {
    /// Characters that could make a printer see other commands.
    #[error("{0}")]
    Text(&'static str),
    /// A `^` or `~` without a command behind it.
    #[error("`{0}` is not followed by the two characters of a command")]
    NoCommand(char),
    /// Not in the list of what a label may use.
    #[error("{command} is not allowed on a label: {why}")]
    Forbidden {
        /// With its sign.
        command: String,
        /// What it would do.
        why: Forbidden,
    },
    /// Text behind a command that takes none.
    #[error("text stands behind {0}, outside of any field")]
    Loose(String),
    /// Not exactly one `^XA` and behind it one `^XZ`.
    #[error("a label is one format: one ^XA at the beginning and one ^XZ at the end")]
    NotOneFormat,
    /// `^PQ` with another quantity than 1.
    #[error("^PQ prints more than one label: leave it out, and give the job its copies")]
    Quantity,
    /// A place outside of a field's data.
    #[error("a placeholder may stand only between ^FD and ^FS")]
    Misplaced,
    /// `{{` without `}}`, or nothing between them.
    #[error("a placeholder is {{{{name}}}}, with the name of a field")]
    Placeholder,
    /// A place for a field that the label does not have.
    #[error("the label has no field `{name}`; it has {known}")]
    Missing {
        /// As the template writes it.
        name: String,
        /// Those that it has.
        known: String,
    },
    /// A value that the chosen encoding cannot be trusted with.
    #[error("the value of `{0}` is not plain ASCII, and the template chooses an encoding with ^CI: leave that out")]
    Encoding(String),
    /// More data than a field can have.
    #[error("the field has {0} bytes; a printer takes {LONGEST_FIELD}")]
    TooLong(usize),
}

impl<'a> Template<'a> {
    /// Checks a template.
    pub fn parse(text: &'a str) -> Result<Self, TemplateError> {
        let fail = |(at, reason)| place(text, at, reason);
        scan::check_text(text).map_err(fail)?;
        let commands = scan::commands(text).map_err(fail)?;
        for command in &commands {
            rules::check(command).map_err(fail)?;
        }
        check_shape(&commands).map_err(fail)?;
        let has_places = commands.iter().any(|command| command.parameters.contains("{{"));
        let chooses = |command: &Command<'_>| command.is("^CI") && first_parameter(command) != "28";
        let chooses_encoding = commands.iter().any(chooses);
        commands.iter().try_for_each(check_places).map_err(fail)?;
        Ok(Self { text, commands, has_places, chooses_encoding })
    }

    /// The template with values, ready for the printer: one format that prints `copies` labels.
    pub fn fill(&self, fields: &[(String, String)], copies: u32) -> Result<Vec<u8>, TemplateError> {
        self.write(fields, copies).map_err(|(at, reason)| place(self.text, at, reason))
    }

    fn write(&self, fields: &[(String, String)], copies: u32) -> Result<Vec<u8>, (usize, Reason)> {
        let values: HashMap<&str, &str> = fields.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let mut out = Vec::new();
        let mut indicator = None;
        let has_encoding = self.commands.iter().any(|command| command.is("^CI"));
        for command in &self.commands {
            match (command.sign, command.name.as_str()) {
                ('^', "XA") => {
                    command.write(&mut out);
                    if self.has_places && !has_encoding {
                        out.extend_from_slice(b"^CI28");
                    }
                }
                ('^', "PQ") => {}
                ('^', "XZ") => {
                    out.extend_from_slice(format!("^PQ{},0,0,N", copies.max(1)).as_bytes());
                    command.write(&mut out);
                }
                ('^', "FH") => {
                    indicator = Some(Indicator::of(command));
                    command.write(&mut out);
                }
                ('^', "FD" | "FV") if command.parameters.contains("{{") => {
                    self.write_field(command, indicator, &values, &mut out)?;
                }
                _ => command.write(&mut out),
            }
            if command.is("^FS") || command.is("^XA") {
                indicator = None;
            }
        }
        out.push(b'\n');
        Ok(out)
    }

    fn write_field(
        &self,
        command: &Command<'_>,
        indicator: Option<Indicator>,
        values: &HashMap<&str, &str>,
        out: &mut Vec<u8>,
    ) -> Result<(), (usize, Reason)> {
        let own = indicator.is_none();
        let indicator = indicator.unwrap_or_default();
        if own {
            out.extend_from_slice(b"^FH_");
        }
        out.extend_from_slice(command.head().as_bytes());
        let mut length = 0;
        for part in values::parts(command)? {
            match part {
                values::Part::Text(text) => {
                    length += text.len();
                    if own { indicator.write_text(text, out) } else { out.extend_from_slice(text.as_bytes()) }
                }
                values::Part::Place { name, at } => {
                    let value = values.get(name).copied().ok_or_else(|| (at, missing(name, values)))?;
                    if self.chooses_encoding && !value.is_ascii() {
                        return Err((at, Reason::Encoding(name.to_owned())));
                    }
                    length += value.len();
                    indicator.write_value(value, out);
                }
            }
        }
        if length > LONGEST_FIELD { Err((command.at, Reason::TooLong(length))) } else { Ok(()) }
    }
}

fn check_places(command: &Command<'_>) -> Result<(), (usize, Reason)> {
    let Some(at) = command.parameters.find("{{") else {
        return Ok(());
    };
    if !(command.is("^FD") || command.is("^FV")) {
        return Err((command.parameters_at + at, Reason::Misplaced));
    }
    values::parts(command).map(|_| ())
}

fn check_shape(commands: &[Command<'_>]) -> Result<(), (usize, Reason)> {
    let find = |name: &str| commands.iter().position(|command| command.is(name));
    let begin = find("^XA").ok_or((0, Reason::NotOneFormat))?;
    let inside = |command: &&Command<'_>| command.sign == '^' && !command.is("^XA");
    if let Some(early) = commands.iter().take(begin).find(inside) {
        return Err((early.at, Reason::NotOneFormat));
    }
    if let Some(second) = commands.iter().skip(begin + 1).find(|command| command.is("^XA")) {
        return Err((second.at, Reason::NotOneFormat));
    }
    let last = commands.last().ok_or((0, Reason::NotOneFormat))?;
    let end = find("^XZ").ok_or((last.at, Reason::NotOneFormat))?;
    match commands.get(end + 1) {
        Some(late) => Err((late.at, Reason::NotOneFormat)),
        None => Ok(()),
    }
}

fn first_parameter<'a>(command: &Command<'a>) -> &'a str {
    command.parameters.split(',').next().unwrap_or_default().trim()
}

fn missing(name: &str, values: &HashMap<&str, &str>) -> Reason {
    let mut known: Vec<&str> = values.keys().copied().collect();
    known.sort_unstable();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Reason::Missing { name: name.to_owned(), known }
}

/// Line and column of a byte.
fn place(text: &str, at: usize, reason: Reason) -> TemplateError {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    TemplateError { line, column, reason }
}

#[cfg(test)]
mod tests;
