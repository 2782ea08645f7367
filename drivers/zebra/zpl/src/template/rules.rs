//! Which commands a label may use.
//!
//! The list is of what is allowed: a command that is missing from it, because it is rare or newer than this list, is
//! refused, and so is every way to change a printer that nobody has thought of. The reasons are for the people who
//! read the error.

use thiserror::Error;

use super::scan::Command;
use super::{Reason, first_parameter};

/// What draws a label or says how this one is printed (guide, the page of each). `^A` and the bar codes, `^B` and a
/// character, are not listed.
const ALLOWED: [&str; 49] = [
    // The format, and comments.
    "^XA", "^XZ", "^FX", // Fields: where, what, how.
    "^FO", "^FT", "^FS", "^FD", "^FV", "^FH", "^FB", "^TB", "^FP", "^FR", "^FW", "^FM", "^FN", "^FC", "^SN", "^SF",
    "^PA", // Fonts, encodings, bar codes.
    "^A@", "^CF", "^CI", "^BY", // Drawing.
    "^GB", "^GC", "^GD", "^GE", "^GF", "^GS", // What is stored already.
    "^XG", "^IM", "^IL", "^XF", // The label's size and place.
    "^LH", "^LL", "^LR", "^LS", "^LT", "^PM", "^PO", "^PW", // How it is printed.
    "^MD", "^MM", "^MN", "^MT", "^PQ", "^PR", "~SD",
];

/// Why a command is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Forbidden {
    /// `^CC`, `^CD`, `^CT`.
    #[error("it changes the signs by which commands are told")]
    Signs,
    /// `~DG`, `^DF`, `^ID`, `~DY`, `~DN` ...
    #[error("it stores, replaces or deletes something in the printer")]
    Objects,
    /// `^JU`, `~JR`, `^KN`, `~JC` ...
    #[error("it changes, calibrates or resets the printer; an operator does that")]
    Device,
    /// `^NS`, `^WP` ...
    #[error("it changes the printer's network")]
    Network,
    /// `~HS`, `^HH` ...
    #[error("it makes the printer answer, which confuses the driver")]
    Answers,
    /// `^RF`, `^HR` ...
    #[error("it writes to a tag in the label, which this driver cannot check")]
    Tags,
    /// Binary data would be cut where it looks like a command.
    #[error("its data is binary; use the form ^GFA")]
    Binary,
    /// Anything else.
    #[error("it is not in the list of commands that draw a label")]
    Unknown,
}

/// Checks one command by itself.
pub fn check(command: &Command<'_>) -> Result<(), (usize, Reason)> {
    let forbid = |why| {
        let command_text = format!("{}{}", command.sign, command.name);
        Err((command.at, Reason::Forbidden { command: command_text, why }))
    };
    if !is_allowed(command) {
        return forbid(reason(&command.name));
    }
    let blank = command.parameters.trim().is_empty();
    match command.name.as_str() {
        "XA" | "XZ" | "FS" if !blank => {
            let loose = command.parameters.len() - command.parameters.trim_start().len();
            let command_text = format!("{}{}", command.sign, command.name);
            Err((command.parameters_at + loose, Reason::Loose(command_text)))
        }
        "GF" if !first_parameter(command).eq_ignore_ascii_case("A") => forbid(Forbidden::Binary),
        "PQ" if !matches!(first_parameter(command), "" | "1") => Err((command.at, Reason::Quantity)),
        _ => Ok(()),
    }
}

fn is_allowed(command: &Command<'_>) -> bool {
    let bar_code = command.sign == '^' && command.name.starts_with('B');
    let font = command.sign == '^' && command.name == "A";
    bar_code || font || ALLOWED.iter().any(|allowed| command.is(allowed))
}

fn reason(name: &str) -> Forbidden {
    match name {
        "CC" | "CD" | "CT" => Forbidden::Signs,
        "DB" | "DD" | "DE" | "DF" | "DG" | "DL" | "DN" | "DS" | "DT" | "DU" | "DY" | "EF" | "EG" | "ID" | "IS"
        | "TO" | "CW" | "FL" | "LF" => Forbidden::Objects,
        "HR" | "RA" | "RB" | "RE" | "RF" | "RL" | "RM" | "RN" | "RO" | "RQ" | "RR" | "RS" | "RT" | "RU" | "RV"
        | "RW" | "RZ" | "WF" | "WT" | "WV" => Forbidden::Tags,
        "HB" | "HD" | "HF" | "HG" | "HH" | "HI" | "HL" | "HM" | "HQ" | "HS" | "HT" | "HU" | "HV" | "HW" | "HY"
        | "HZ" | "WD" | "WQ" => Forbidden::Answers,
        _ if name.starts_with(['J', 'K', 'S', 'C', 'M', 'P', 'T', 'Z']) => Forbidden::Device,
        _ if name.starts_with(['N', 'W']) => Forbidden::Network,
        _ => Forbidden::Unknown,
    }
}
