//! How a printer is to print: the commands that an operator may set, and nothing when he did not.

use std::fmt::Write as _;

/// What a format says about the printer. Nothing is said about what is `None`: the printer keeps what was set or
/// calibrated at the device, or by an earlier format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Setup {
    /// 0 to 30 (`~SD`).
    pub darkness: Option<u8>,
    /// In inches per second, 1 to 14 (`^PR`).
    pub speed: Option<u8>,
    /// How the printer finds the end of a label (`^MN`).
    pub tracking: Option<Tracking>,
    /// What happens to a printed label (`^MM`).
    pub mode: Option<Mode>,
    /// With or without ribbon (`^MT`).
    pub method: Option<Method>,
    /// Turned by 180 degrees (`^POI`). Always said, since a format before may have turned it.
    pub inverted: bool,
    /// Down, in dots, -120 to 120 (`^LT`).
    pub top: Option<i32>,
    /// To the left, in dots, -9999 to 9999 (`^LS`).
    pub shift: Option<i32>,
}

/// How the printer finds the end of a label (guide, page of `^MN`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tracking {
    /// It does not: a label is as long as the format says.
    Continuous,
    /// By the gap, notch or hole between labels.
    Gap,
    /// By a black mark.
    Mark,
}

/// What happens to a printed label (guide, page of `^MM`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It is fed to the tear bar.
    TearOff,
    /// It is peeled from its liner, and the next one waits until it is taken.
    PeelOff,
    /// It is wound up.
    Rewind,
    /// An applicator takes it.
    Applicator,
    /// It is cut off.
    Cutter,
    /// It is presented as in a kiosk.
    Kiosk,
}

/// How the head prints (guide, page of `^MT`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// On thermal paper.
    Direct,
    /// Through a ribbon.
    Transfer,
}

impl Setup {
    /// The range of [`top`](Self::top) in dots (guide, page of `^LT`).
    pub const TOP: std::ops::RangeInclusive<i32> = -120..=120;
    /// The range of [`shift`](Self::shift) in dots (guide, page of `^LS`).
    pub const SHIFT: std::ops::RangeInclusive<i32> = -9999..=9999;

    /// What stands before `^XA`: the one setting that is a control command.
    pub(crate) fn before(&self) -> String {
        self.darkness.map(|darkness| format!("~SD{:02}\n", darkness.min(30))).unwrap_or_default()
    }

    /// What stands behind `^XA`.
    pub(crate) fn inside(&self) -> String {
        let mut text = String::from(if self.inverted { "^POI" } else { "^PON" });
        let letter = |command: &str, letter: Option<char>| letter.map(|c| format!("{command}{c}")).unwrap_or_default();
        let number = |command: &str, value: Option<i32>| value.map(|n| format!("{command}{n}")).unwrap_or_default();
        let parts = [
            letter("^MN", self.tracking.map(Tracking::letter)),
            letter("^MM", self.mode.map(Mode::letter)),
            letter("^MT", self.method.map(Method::letter)),
            number("^PR", self.speed.map(|speed| i32::from(speed.clamp(1, 14)))),
            number("^LT", self.top.map(|dots| dots.clamp(*Self::TOP.start(), *Self::TOP.end()))),
            number("^LS", self.shift.map(|dots| dots.clamp(*Self::SHIFT.start(), *Self::SHIFT.end()))),
        ];
        for part in parts {
            let _ = text.write_str(&part); // into a String: cannot fail
        }
        text
    }
}

impl Tracking {
    fn letter(self) -> char {
        match self {
            Self::Continuous => 'N',
            Self::Gap => 'Y',
            Self::Mark => 'M',
        }
    }
}

impl Mode {
    fn letter(self) -> char {
        match self {
            Self::TearOff => 'T',
            Self::PeelOff => 'P',
            Self::Rewind => 'R',
            Self::Applicator => 'A',
            Self::Cutter => 'C',
            Self::Kiosk => 'K',
        }
    }
}

impl Method {
    fn letter(self) -> char {
        match self {
            Self::Direct => 'D',
            Self::Transfer => 'T',
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_said_that_was_not_set() {
        assert_eq!((Setup::default().before().as_str(), Setup::default().inside().as_str()), ("", "^PON"));
    }

    #[test]
    fn everything_that_was_set_is_said() {
        let setup = Setup {
            darkness: Some(7),
            speed: Some(4),
            tracking: Some(Tracking::Mark),
            mode: Some(Mode::PeelOff),
            method: Some(Method::Transfer),
            inverted: true,
            top: Some(-8),
            shift: Some(16),
        };
        assert_eq!(setup.before(), "~SD07\n");
        assert_eq!(setup.inside(), "^POI^MNM^MMP^MTT^PR4^LT-8^LS16");
    }

    #[test]
    fn what_is_out_of_range_is_said_at_its_end() {
        let setup = Setup { speed: Some(99), top: Some(-900), shift: Some(99_999), ..Setup::default() };
        assert_eq!(setup.inside(), "^PON^PR14^LT-120^LS9999");
    }
}
