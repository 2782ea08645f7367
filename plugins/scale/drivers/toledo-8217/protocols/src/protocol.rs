//! What can be asked, as bytes.

use crate::{sma, toledo};

/// A language of scales.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Mettler-Toledo 8217: scales at checkouts.
    Toledo8217,
    /// The serial protocol of the Scale Manufacturers Association (SMA SCP-0499): its level 1, and `T` of level 2.
    Sma,
}

/// Something that is asked of a scale. Every one is answered once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// What does it weigh?
    Weigh,
    /// Make this weight zero.
    Zero,
    /// Subtract what lies on it now.
    Tare,
}

impl Protocol {
    /// The bytes that ask it.
    pub fn question(self, command: Command) -> &'static [u8] {
        match self {
            Self::Toledo8217 => toledo::question(command),
            Self::Sma => sma::question(command),
        }
    }

    /// The byte with which every answer begins.
    pub(crate) fn start(self) -> u8 {
        match self {
            Self::Toledo8217 => toledo::STX,
            Self::Sma => sma::LF,
        }
    }
}
