//! Mettler-Toledo 8217, the weight-only protocol of checkout scales.
//!
//! # Sources
//!
//! * DIVA: Mettler-Toledo, *DIVA Service Manual*, 72191202 (05/2012), sections 6.1.3.2 and 6.1.4.2 (commands), 6.1.4.3
//!   (status byte).
//! * Odoo: the driver of Odoo's point of sale (`SerialScaleDriver.py`), which follows the service manual of the Viva, page 51.
//! * emupos: the simulator of this name, 0.4.0 (`toledo8217.py`).
//!
//! They agree on questions, on the form of answers and on bits 0 to 5. Not on bit 6: DIVA says that it is always 1, Odoo
//! and emupos that the command was not known. So nothing is concluded from it; whether a command had its effect is seen
//! in the weight.

use crate::{Answer, Command, Number, Report, Trouble, Weight};

pub const STX: u8 = 0x02;
pub const CR: u8 = 0x0D;

/// Behind [`STX`]: a status byte follows in place of a weight (DIVA 6.1.3.2).
const STATUS: u8 = b'?';

/// The status byte (DIVA 6.1.4.3); bit 7 is the parity bit.
mod bit {
    pub const IN_MOTION: u8 = 1;
    pub const OVER_CAPACITY: u8 = 1 << 1;
    pub const UNDER_ZERO: u8 = 1 << 2;
    pub const OUTSIDE_ZERO_RANGE: u8 = 1 << 3;
    pub const NET: u8 = 1 << 5;
}

/// DIVA 6.1.3.2: `W` and `Z` stand alone, `T` ends with CR. (Odoo sends no CR at all; between commands it is ignored.)
pub fn question(command: Command) -> &'static [u8] {
    match command {
        Command::Weigh => b"W",
        Command::Zero => b"Z",
        Command::Tare => b"T\r",
    }
}

/// How many bytes the answer at the front has, with its `STX`; nothing while it is not whole; an error when it never will.
pub fn length(bytes: &[u8]) -> Result<Option<usize>, NoAnswer> {
    // Odoo allows for blanks behind STX.
    let first = bytes.iter().skip(1).position(|byte| *byte != b' ').map(|at| at + 1);
    let Some(first) = first else { return Ok(None) };
    if bytes.get(first) == Some(&STATUS) {
        // The status byte may be any, CR and STX included: it is known by its place.
        return match bytes.get(first + 2) {
            None => Ok(None),
            Some(&CR) => Ok(Some(first + 3)),
            Some(_) => Err(NoAnswer),
        };
    }
    match bytes.iter().skip(1).position(|byte| matches!(*byte, CR | STX)) {
        None => Ok(None),
        Some(at) if bytes.get(at + 1) == Some(&CR) => Ok(Some(at + 2)),
        Some(_) => Err(NoAnswer),
    }
}

/// What began like an answer is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoAnswer;

/// Reads what stands between `STX` and the last `CR`.
pub fn parse(content: &[u8]) -> Answer {
    let trimmed = content.trim_ascii_start();
    if let Some((&STATUS, &[status])) = trimmed.split_first() {
        return Answer::Report(report(status));
    }
    weight(trimmed).unwrap_or_else(|| Answer::Garbled(content.to_vec()))
}

/// `WW.WWW`, and `N` behind it for a net weight (DIVA 6.1.3.2).
///
/// Without a point it would be open what the digits are worth, so that is no weight.
fn weight(content: &[u8]) -> Option<Answer> {
    let text = std::str::from_utf8(content).ok()?;
    let (digits, net) = match text.strip_suffix('N') {
        Some(digits) => (digits, true),
        None => (text, false),
    };
    let number = Number::parse(digits).filter(|_| digits.contains('.'))?;
    let weight = Weight { number, unit: None };
    Some(Answer::Report(Report { weight: Some(weight), net, ..Report::default() }))
}

fn report(status: u8) -> Report {
    let has = |bit: u8| status & bit != 0;
    let in_motion = has(bit::IN_MOTION);
    let trouble = if has(bit::OVER_CAPACITY) {
        Some(Trouble::OverCapacity)
    } else if has(bit::UNDER_ZERO) {
        Some(Trouble::UnderZero)
    } else if has(bit::OUTSIDE_ZERO_RANGE) && !in_motion {
        // A load in motion is outside of that range as well; only alone is it the reason.
        Some(Trouble::Zero)
    } else {
        None
    };
    Report { weight: None, in_motion, net: has(bit::NET), trouble }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &[u8]) -> Report {
        match parse(content) {
            Answer::Report(report) => report,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn weights_are_gross_or_net_and_have_no_unit() {
        for (content, text, net) in [
            (&b"01.250"[..], "1.250", false),
            (b"01.250N", "1.250", true),
            (b" 12.34", "12.34", false),
            (b"002.50", "2.50", false),
        ] {
            let report = read(content);
            let weight = report.settled().unwrap();
            assert_eq!((weight.number.text(), weight.unit, report.net), (text, None, net));
        }
    }

    #[test]
    fn the_bits_of_the_status_are_those_of_the_manual() {
        // Bit 6 is always 1 in the manual of the DIVA.
        let of = |status: u8| {
            let report = read(&[b'?', status]);
            (report.in_motion, report.trouble, report.net)
        };
        assert_eq!(of(0b100_0001), (true, None, false));
        assert_eq!(of(0b100_0010), (false, Some(Trouble::OverCapacity), false));
        assert_eq!(of(0b100_0100), (false, Some(Trouble::UnderZero), false));
        assert_eq!(of(0b100_1000), (false, Some(Trouble::Zero), false));
        assert_eq!(of(0b101_0000), (false, None, false));
        assert_eq!(of(0b110_0001), (true, None, true));
    }

    #[test]
    fn a_load_in_motion_is_outside_of_the_zero_range_without_any_fault() {
        assert_eq!(read(&[b'?', 0b100_1001]).trouble, None);
        assert_eq!(read(&[b'?', 0b100_1011]).trouble, Some(Trouble::OverCapacity));
    }

    #[test]
    fn what_is_no_weight_is_garbled() {
        for content in [&b"0125"[..], b"01.250X", b"", b"?", b"?ab", b"E", b"01.25\xFF", b"1.2.3"] {
            assert_eq!(parse(content), Answer::Garbled(content.to_vec()));
        }
    }
}
