//! How are the bits of a serial line sent?
//!
//! `serial:///dev/ttyUSB0?baud=9600&bits=8&parity=none&stop=1&flow=none`: what is not named is as here. The line carries
//! bytes as they are (termios(3), "raw mode"): no echo, no line editing, no control characters with a meaning, but for
//! XON and XOFF where `flow=xonxoff` asks for them.

use rustix::{
    io,
    termios::{ControlModes, InputModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr},
};
use std::os::fd::AsFd;

/// The settings of a serial line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SerialLine {
    /// Bits a second.
    pub baud: u32,
    /// Bits in a character: 7 or 8.
    pub bits: u8,
    /// The bit that checks them.
    pub parity: Parity,
    /// Stop bits: 1 or 2.
    pub stop: u8,
    /// How one side tells the other to wait.
    pub flow: Flow,
}

/// The parity bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Parity {
    None,
    Even,
    Odd,
}

/// Flow control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// None.
    None,
    /// By the characters XON and XOFF.
    XonXoff,
    /// By the lines RTS and CTS.
    RtsCts,
}

impl Default for SerialLine {
    fn default() -> Self {
        Self { baud: 9_600, bits: 8, parity: Parity::None, stop: 1, flow: Flow::None }
    }
}

impl SerialLine {
    /// Reads the parameters of a URI. The error names the parameter and what it may be.
    pub fn parse<'a>(
        parameters: impl Iterator<Item = (std::borrow::Cow<'a, str>, std::borrow::Cow<'a, str>)>,
    ) -> Result<Self, String> {
        let mut line = Self::default();
        for (key, value) in parameters {
            let may_be = |what: &str| format!("{key}={value}, and {key} may be {what}");
            match &*key {
                "baud" => {
                    let baud = value.parse().ok().filter(|baud| (50..=4_000_000).contains(baud));
                    line.baud = baud.ok_or_else(|| may_be("a number from 50 to 4000000"))?;
                }
                "bits" => line.bits = one_of(&value, &[7, 8]).ok_or_else(|| may_be("7 or 8"))?,
                "stop" => line.stop = one_of(&value, &[1, 2]).ok_or_else(|| may_be("1 or 2"))?,
                "parity" => {
                    line.parity = match &*value {
                        "none" => Parity::None,
                        "even" => Parity::Even,
                        "odd" => Parity::Odd,
                        _ => return Err(may_be("none, even or odd")),
                    }
                }
                "flow" => {
                    line.flow = match &*value {
                        "none" => Flow::None,
                        "xonxoff" => Flow::XonXoff,
                        "rtscts" => Flow::RtsCts,
                        _ => return Err(may_be("none, xonxoff or rtscts")),
                    }
                }
                _ => {
                    return Err(format!(
                        "'{key}' is no parameter of a serial line; there are baud, bits, parity, stop, flow"
                    ));
                }
            }
        }
        Ok(line)
    }

    /// Sets a line up. [`io::Errno::NOTTY`] when it is none.
    pub fn apply(self, node: impl AsFd) -> io::Result<()> {
        let mut modes = tcgetattr(&node)?;
        modes.make_raw();
        modes.set_speed(self.baud)?;
        modes.control_modes -= ControlModes::CSIZE
            | ControlModes::PARENB
            | ControlModes::PARODD
            | ControlModes::CSTOPB
            | ControlModes::CRTSCTS;
        // Modem lines are ignored: three wires are enough.
        modes.control_modes |= ControlModes::CREAD | ControlModes::CLOCAL;
        modes.control_modes |= if self.bits == 7 { ControlModes::CS7 } else { ControlModes::CS8 };
        modes.control_modes |= match self.parity {
            Parity::None => ControlModes::empty(),
            Parity::Even => ControlModes::PARENB,
            Parity::Odd => ControlModes::PARENB | ControlModes::PARODD,
        };
        modes.control_modes.set(ControlModes::CSTOPB, self.stop == 2);
        modes.control_modes.set(ControlModes::CRTSCTS, self.flow == Flow::RtsCts);
        modes.input_modes.set(InputModes::IXON | InputModes::IXOFF, self.flow == Flow::XonXoff);
        // A read gives what there is, and at least a byte.
        modes.special_codes[SpecialCodeIndex::VMIN] = 1;
        modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&node, OptionalActions::Now, &modes)
    }
}

fn one_of(value: &str, allowed: &[u8]) -> Option<u8> {
    value.parse().ok().filter(|value| allowed.contains(value))
}
