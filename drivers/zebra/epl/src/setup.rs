//! How a printer is to print: nothing is said about what an operator did not set.

use std::fmt::Write as _;

/// What a form says about the printer. What is `None` stays as the printer has stored it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Setup {
    /// 0 to 15 (page of `D`).
    pub darkness: Option<u8>,
    /// 0 to 6; what it means in inches per second depends on the model (page of `S`).
    pub speed: Option<u8>,
    /// How the printer finds the end of a label (page of `Q`).
    pub tracking: Option<Tracking>,
    /// Printed from the bottom, which is turned by 180 degrees (page of `Z`). Always said, since the printer keeps it.
    pub inverted: bool,
}

/// How the printer finds the end of a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tracking {
    /// It does not: a label is as long as the form says.
    Continuous,
    /// By a gap of so many dots.
    Gap(u32),
    /// By a black mark of so many dots.
    Mark(u32),
}

impl Setup {
    /// The lines before the picture, for a label of this length in dots.
    pub(crate) fn lines(&self, length: u32) -> String {
        let mut text = String::new();
        let mut line = |command: std::fmt::Arguments<'_>| {
            let _ = writeln!(text, "{command}"); // into a String: cannot fail
        };
        match self.tracking {
            None => {}
            Some(Tracking::Continuous) => line(format_args!("Q{length},0")),
            Some(Tracking::Gap(gap)) => line(format_args!("Q{length},{gap}")),
            Some(Tracking::Mark(mark)) => line(format_args!("Q{length},B{mark}")),
        }
        if let Some(speed) = self.speed {
            line(format_args!("S{}", speed.min(6)));
        }
        if let Some(darkness) = self.darkness {
            line(format_args!("D{}", darkness.min(15)));
        }
        line(format_args!("{}", if self.inverted { "ZB" } else { "ZT" }));
        text
    }
}
