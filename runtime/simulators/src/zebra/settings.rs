//! What stays set in the printer from one format to the next, on whatever connection and in whatever language it came.

use std::collections::BTreeMap;

use super::config::ZebraConfig;
use super::media::{Media, Tracking};
use super::parser::number;

/// The longest label in dots (guide, `^LL`).
const MAX_LENGTH: u32 = 32_000;

/// The printer's settings now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Width of a label in dots (`^PW`), at most the head's.
    pub width: u32,
    /// Length of a label in dots (`^LL`), which counts with continuous tracking.
    pub length: u32,
    /// Length of the label that was last measured, in dots; counts with gap and mark tracking. Set by a calibration.
    pub measured_length: u32,
    /// What the printer takes for a label's end (`^MN`).
    pub tracking: Tracking,
    /// What happens to a printed label (`^MM`).
    pub print_mode: PrintMode,
    /// Where fields count from, in dots (`^LH`): x, y.
    pub home: (u32, u32),
    /// How far the label is moved down, in dots (`^LT`, -120 to 120).
    pub top_shift: i32,
    /// How far fields are moved to the left, in dots (`^LS`, -9999 to 9999).
    pub left_shift: i32,
    /// Whether labels are turned by 180 degrees (`^PO`).
    pub inverted: bool,
    /// Whether labels are mirrored (`^PM`).
    pub mirrored: bool,
    /// Whether all fields reverse what is beneath (`^LR`).
    pub reversed: bool,
    /// The last parameters of each of `^MM`, `^MN`, `^MT`, `^PR`, `^MD`, `~SD` and `~TA`, by these names. Those that
    /// change something on the label have a field of their own, too.
    pub recorded: BTreeMap<String, String>,
    head_width: u32,
}

/// What happens to a label that has been printed (guide, `^MM`). The numbers are those of `~HS` (string 2, r).
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
pub enum PrintMode {
    /// It is wound up with its web.
    #[strum(serialize = "rewind")]
    Rewind = 0,
    /// It is peeled from the web; the next one waits until it is taken.
    #[strum(serialize = "peel off")]
    PeelOff = 1,
    /// It stops at the tear bar.
    #[strum(serialize = "tear off")]
    TearOff = 2,
    /// It is cut off.
    #[strum(serialize = "cutter")]
    Cutter = 3,
    /// An applicator takes it at once.
    #[strum(serialize = "applicator")]
    Applicator = 4,
    /// It is cut off when `~JK` comes.
    #[strum(serialize = "delayed cut")]
    DelayedCut = 5,
}

impl PrintMode {
    fn from_letter(letter: u8) -> Option<Self> {
        Some(match letter.to_ascii_uppercase() {
            b'R' => Self::Rewind,
            b'P' => Self::PeelOff,
            b'T' => Self::TearOff,
            b'C' => Self::Cutter,
            b'A' => Self::Applicator,
            b'D' => Self::DelayedCut,
            _ => return None,
        })
    }

    /// The letter that chooses it in `^MM`.
    pub(crate) fn letter(self) -> char {
        match self {
            Self::Rewind => 'R',
            Self::PeelOff => 'P',
            Self::TearOff => 'T',
            Self::Cutter => 'C',
            Self::Applicator => 'A',
            Self::DelayedCut => 'D',
        }
    }
}

impl Settings {
    /// As the printer is switched on: calibrated to the media that is in it.
    pub fn new(config: &ZebraConfig, media: Media) -> Self {
        Self {
            width: config.head_width,
            length: config.label_length,
            measured_length: media.length,
            tracking: Tracking::for_media(media.kind),
            print_mode: PrintMode::TearOff,
            home: (0, 0),
            top_shift: 0,
            left_shift: 0,
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
        let good = match name {
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
            "^LS" => set(&mut self.left_shift, number(first).filter(|shift| (-9999..=9999).contains(shift))),
            "^PO" => set(&mut self.inverted, choice(b'I', b'N')),
            "^PM" => set(&mut self.mirrored, choice(b'Y', b'N')),
            "^LR" => set(&mut self.reversed, choice(b'Y', b'N')),
            // Modes that this printer has not (kiosk, RFID) leave it in the one it is in.
            "^MM" => {
                if let Some(mode) = first.first().copied().and_then(PrintMode::from_letter) {
                    self.print_mode = mode;
                }
                true
            }
            "^MN" => match first.to_ascii_uppercase().as_slice() {
                b"N" => set(&mut self.tracking, Some(Tracking::Continuous)),
                b"V" => set(&mut self.tracking, Some(Tracking::VariableLength)),
                b"Y" | b"W" => set(&mut self.tracking, Some(Tracking::Gap)),
                b"M" => set(&mut self.tracking, Some(Tracking::Mark)),
                // Found out by the next calibration; until then it stays.
                b"A" => true,
                _ => false,
            },
            "~SD" => number(first).is_some_and(|darkness: f32| (0.0..=30.0).contains(&darkness)),
            "^MD" | "~MD" => number(first).is_some_and(|change: f32| (-30.0..=30.0).contains(&change)),
            "^MT" | "^PR" | "~TA" => !first.is_empty(),
            _ => return None,
        };
        if good && matches!(name, "^MM" | "^MN" | "^MT" | "^PR" | "^MD" | "~MD" | "~SD" | "~TA") {
            let value = String::from_utf8_lossy(parameters).trim().to_owned();
            self.recorded.insert(name.to_owned(), value);
        }
        Some(good)
    }

    /// How long the printer believes a label to be, in dots: the length of the page on which formats are drawn.
    pub fn label_length(&self) -> u32 {
        if self.tracking.is_continuous() { self.length } else { self.measured_length }
    }

    /// Whether a calibration is to find out what kind of media there is (`^MNA`).
    pub(crate) fn detects_media(&self) -> bool {
        self.first_letter("^MN") == Some('A')
    }

    /// Whether `^MT` chose thermal transfer.
    pub(crate) fn is_thermal_transfer(&self) -> bool {
        self.first_letter("^MT") == Some('T')
    }

    /// The first parameter that was recorded for a command.
    pub(crate) fn first_recorded(&self, name: &str) -> Option<&str> {
        self.recorded.get(name)?.split(',').next().map(str::trim)
    }

    fn first_letter(&self, name: &str) -> Option<char> {
        self.recorded.get(name)?.chars().next().map(|letter| letter.to_ascii_uppercase())
    }
}

fn set<T>(target: &mut T, value: Option<T>) -> bool {
    let good = value.is_some();
    if let Some(value) = value {
        *target = value;
    }
    good
}
