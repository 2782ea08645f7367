//! The text of a template as commands, cut as a printer cuts it.

use super::Reason;

/// A command with its parameters, up to the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command<'a> {
    /// Where its sign stands, in bytes.
    pub at: usize,
    /// `^` or `~`.
    pub sign: char,
    /// Two characters in upper case; `A` alone for `^A` with a font behind it.
    pub name: String,
    /// As written, with its sign and parameters.
    pub raw: &'a str,
    /// All up to the next sign.
    pub parameters: &'a str,
    /// Where these begin, in bytes.
    pub parameters_at: usize,
}

impl<'a> Command<'a> {
    /// Whether it is this one, written with its sign.
    pub fn is(&self, command: &str) -> bool {
        command.strip_prefix(self.sign).is_some_and(|name| name == self.name)
    }

    /// The sign and the name as written.
    pub fn head(&self) -> &'a str {
        self.raw.get(..self.raw.len() - self.parameters.len()).unwrap_or(self.raw)
    }

    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.raw.as_bytes());
    }
}

/// Refuses text that a printer might take for something else than ZPL.
pub fn check_text(text: &str) -> Result<(), (usize, Reason)> {
    // RS, DLE and US stand for `^`, `~` and `,` in a printer; no control character has any business here.
    let control = |c: char| c.is_control() && !matches!(c, '\r' | '\n' | '\t');
    let found = [
        (text.find(control), "a control character: a printer may read it as the sign of a command"),
        (text.find("{}{"), "`{}{` begins a command of another language (JSON set-up)"),
        (text.find("<?xml"), "`<?xml` begins a document of another language"),
        (exclamation(text), "`!` begins a command of another language here (`! U1 setvar` and CPCL)"),
    ];
    match found.into_iter().find_map(|(at, reason)| Some((at?, reason))) {
        Some((at, reason)) => Err((at, Reason::Text(reason))),
        None => Ok(()),
    }
}

/// Where an exclamation mark begins a line, or is followed by a space and `U`.
fn exclamation(text: &str) -> Option<usize> {
    text.match_indices('!').map(|(at, _)| at).find(|at| {
        let (before, after) = text.split_at(*at);
        let begins_line = before.rsplit(['\n', '\r']).next().is_none_or(|line| line.trim().is_empty());
        let behind = after.trim_start_matches('!').trim_start();
        begins_line || (behind.starts_with(['U', 'u']) && after.starts_with("! "))
    })
}

/// Cuts a text into commands.
pub fn commands(text: &str) -> Result<Vec<Command<'_>>, (usize, Reason)> {
    let mut starts: Vec<(usize, char)> = text.char_indices().filter(|(_, c)| matches!(c, '^' | '~')).collect();
    let first = starts.first().map_or(text.len(), |(at, _)| *at);
    let lead = text.get(..first).unwrap_or_default();
    if !lead.trim_start_matches('\u{FEFF}').trim().is_empty() {
        return Err((0, Reason::NotOneFormat));
    }
    starts.push((text.len(), ' '));
    let mut commands = Vec::with_capacity(starts.len());
    for pair in starts.windows(2) {
        if let [(at, sign), (end, _)] = *pair {
            commands.push(command(text, at, end, sign)?);
        }
    }
    Ok(commands)
}

fn command(text: &str, at: usize, end: usize, sign: char) -> Result<Command<'_>, (usize, Reason)> {
    let raw = text.get(at..end).unwrap_or_default();
    let name = raw.get(1..3).filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '@'));
    let mut name = name.ok_or((at, Reason::NoCommand(sign)))?.to_ascii_uppercase();
    // `^A0N,40`: the font is the first parameter. `^A@` is a command of its own.
    if sign == '^' && name.starts_with('A') && name != "A@" {
        name.truncate(1);
    }
    let parameters_at = at + 1 + name.len();
    Ok(Command { at, sign, name, raw, parameters: text.get(parameters_at..end).unwrap_or_default(), parameters_at })
}
