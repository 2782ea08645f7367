//! What stays set in the printer from one format to the next, on whatever connection it came.

use std::collections::BTreeMap;

use super::config::ZebraConfig;
use super::parser::number;

/// The longest label in dots (guide, `^LL`).
const MAX_LENGTH: u32 = 32_000;

/// The printer's settings now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Width of a label in dots (`^PW`), at most the head's.
    pub width: u32,
    /// Length of a label in dots (`^LL`).
    pub length: u32,
    /// Where fields count from, in dots (`^LH`): x, y.
    pub home: (u32, u32),
    /// How far the label is moved down, in dots (`^LT`, -120 to 120).
    pub top_shift: i32,
    /// Whether labels are turned by 180 degrees (`^PO`).
    pub inverted: bool,
    /// Whether labels are mirrored (`^PM`).
    pub mirrored: bool,
    /// Whether all fields reverse what is beneath (`^LR`).
    pub reversed: bool,
    /// The last parameters of each of `^MM`, `^MN`, `^MT`, `^PR`, `^MD`, `~SD` and `~TA`, by these names. They change
    /// nothing on the label, but `~HS` reports some.
    pub recorded: BTreeMap<String, String>,
    head_width: u32,
}

impl Settings {
    /// As the printer is switched on.
    pub fn new(config: &ZebraConfig) -> Self {
        Self {
            width: config.head_width,
            length: config.label_length,
            home: (0, 0),
            top_shift: 0,
            inverted: false,
            mirrored: false,
            reversed: false,
            recorded: BTreeMap::new(),
            head_width: config.head_width,
        }
    }

    /// Applies a command. `None`: it is not a setting. `Some(false)`: its parameters are bad, nothing was changed.
    pub(crate) fn apply(&mut self, name: &str, parameters: &[u8]) -> Option<bool> {
        let mut parts = parameters.split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
        let first = parts.next().unwrap_or_default();
        let choice = |set: u8, unset: u8| match first.to_ascii_uppercase().as_slice() {
            [letter] if *letter == set => Some(true),
            [letter] if *letter == unset => Some(false),
            _ => None,
        };
        match name {
            "^PW" => set(
                &mut self.width,
                number(first).filter(|&width| width >= 2).map(|width: u32| width.min(self.head_width)),
            ),
            "^LL" => set(&mut self.length, number(first).filter(|length| (1..=MAX_LENGTH).contains(length))),
            "^LH" => {
                let x = number(first);
                // A parameter that is left out keeps its value (guide, ^LH).
                let x = if first.is_empty() { Some(self.home.0) } else { x };
                let y = parts.next().filter(|y| !y.is_empty()).map_or(Some(self.home.1), number);
                set(&mut self.home, x.zip(y))
            }
            "^LT" => set(&mut self.top_shift, number(first).filter(|shift| (-120..=120).contains(shift))),
            "^PO" => set(&mut self.inverted, choice(b'I', b'N')),
            "^PM" => set(&mut self.mirrored, choice(b'Y', b'N')),
            "^LR" => set(&mut self.reversed, choice(b'Y', b'N')),
            "^MM" | "^MN" | "^MT" | "^PR" | "^MD" | "~MD" | "~SD" | "~TA" => {
                let value = String::from_utf8_lossy(parameters).trim().to_owned();
                self.recorded.insert(name.to_owned(), value);
                Some(true)
            }
            _ => None,
        }
    }

    /// The `~HS` code of the print mode (guide, `~HS`, string 2, r): 2, tear-off, unless `^MM` set another.
    pub(crate) fn print_mode(&self) -> u8 {
        match self.first_letter("^MM") {
            Some('R') => 0,
            Some('P') => 1,
            Some('C') => 3,
            Some('A') => 4,
            Some('D') => 5,
            _ => 2,
        }
    }

    /// Whether `^MN` says that the media has no gaps.
    pub(crate) fn is_continuous(&self) -> bool {
        matches!(self.first_letter("^MN"), Some('N' | 'V'))
    }

    /// Whether `^MT` chose thermal transfer.
    pub(crate) fn is_thermal_transfer(&self) -> bool {
        self.first_letter("^MT") == Some('T')
    }

    fn first_letter(&self, name: &str) -> Option<char> {
        self.recorded.get(name)?.chars().next().map(|letter| letter.to_ascii_uppercase())
    }
}

#[allow(clippy::unnecessary_wraps)] // so that it is the value of an arm of `apply`
fn set<T>(target: &mut T, value: Option<T>) -> Option<bool> {
    let good = value.is_some();
    if let Some(value) = value {
        *target = value;
    }
    Some(good)
}
