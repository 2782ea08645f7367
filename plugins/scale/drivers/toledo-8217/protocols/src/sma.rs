//! The serial protocol of the Scale Manufacturers Association.
//!
//! # Sources
//!
//! * SCP-0499: Scale Manufacturers Association, *Standard Scale Serial Communication Protocol, Levels #1 and #2*, SMA SCP-0499,
//!   1999, Mod 1 of 2005, sections 4 to 7 as cited by emupos.
//! * PR 5211: Sartorius, *PR 5211 Instrument Manual*, section 5.4.1 (standard answer), 5.4.2 (unknown command), 5.4.3
//!   (communication error).
//! * Model 190: Cardinal, *Model 190 Installation, Technical and Operation*, 8400-M022-O1, the page on the weight in SMA format.
//! * PR 5410: Fairbanks, *PR 5410 Instruction Manual*, 51207 Revision 1, section 5.
//! * emupos: the simulator of this name, 0.4.0 (`sma.py`).

use crate::{Answer, Command, Number, Report, Trouble, Unit, Weight};

pub const LF: u8 = 0x0A;
pub const CR: u8 = 0x0D;

/// Characters of an answer before its weight: status, range, gross or net, motion, reserved (PR 5211 5.4.1).
const FLAGS: usize = 5;
/// Characters of the unit.
const UNIT: usize = 3;

/// SCP-0499 4.1, 4.5, 4.6: a line feed, a letter, CR. `T` belongs to level 2; a scale of level 1 does not know it.
pub fn question(command: Command) -> &'static [u8] {
    match command {
        Command::Weigh => b"\nW\r",
        Command::Zero => b"\nZ\r",
        Command::Tare => b"\nT\r",
    }
}

/// Reads what stands between `LF` and `CR`.
pub fn parse(content: &[u8]) -> Answer {
    match content {
        b"?" => Answer::NotKnown, // PR 5211 5.4.2
        b"!" => Answer::Damaged,  // PR 5211 5.4.3
        _ => standard(content).unwrap_or_else(|| Answer::Garbled(content.to_vec())),
    }
}

/// `<s><r><n><m><f><xxxxxx.xxx><uuu>` (PR 5211 5.4.1). The weight is what lies between flags and unit: it has 10 characters,
/// and in some makers' answers one more.
fn standard(content: &[u8]) -> Option<Answer> {
    let text = std::str::from_utf8(content).ok().filter(|text| text.is_ascii())?;
    let (flags, rest) = text.split_at_checked(FLAGS)?;
    let (weight, unit) = rest.split_at_checked(rest.len().checked_sub(UNIT)?)?;
    let &[status, _range, mode, motion, _reserved] = flags.as_bytes() else { return None };
    let trouble = match status {
        b'O' => Some(Trouble::OverCapacity),
        b'U' => Some(Trouble::UnderZero),
        b'E' | b'I' => Some(Trouble::Zero), // `I`: the zero at power-on was not found
        b'T' => Some(Trouble::Tare),
        b'Z' | b' ' | b'e' => None, // `e`: the scale shows something else (Model 190)
        _ => return None,
    };
    // `T` would be the tare, which is never asked for.
    let net = match mode {
        b'N' | b'n' => true,
        b'G' | b'g' => false,
        _ => return None,
    };
    let in_motion = match motion {
        b'M' => true,
        b' ' => false,
        _ => return None,
    };
    let mut report = Report { weight: None, in_motion, net, trouble };
    // Dashes stand for no weight: with the errors above (PR 5211 5.4.1), and when a scale waited in vain (PR 5410 5.3).
    let no_weight = status == b'e' || weight.bytes().all(|byte| byte == b'-') && !weight.is_empty();
    if !no_weight {
        let number = Number::parse(weight)?;
        let Some(unit) = named(unit) else { return Some(Answer::OtherUnit(unit.to_owned())) };
        report.weight = Some(Weight { number, unit: Some(unit) });
    }
    Some(Answer::Report(report))
}

/// A unit by its three characters (SCP-0499 7). Manuals write the filling as an underscore, and some scales send it so.
fn named(unit: &str) -> Option<Unit> {
    Some(match unit.trim_matches([' ', '_']).to_ascii_lowercase().as_str() {
        "mg" => Unit::Milligram,
        "g" => Unit::Gram,
        "kg" => Unit::Kilogram,
        "t" => Unit::Tonne,
        "oz" => Unit::Ounce,
        "lb" => Unit::Pound,
        "ton" => Unit::ShortTon,
        "ozt" => Unit::TroyOunce,
        "ct" => Unit::Carat,
        "gn" => Unit::Grain,
        "dwt" => Unit::Pennyweight,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &str) -> Report {
        match parse(content.as_bytes()) {
            Answer::Report(report) => report,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_examples_of_the_manual_are_read() {
        // PR 5211 5.4.1; its underscores stand for blanks.
        for (content, text, unit, net) in [
            (" 1G       5.025lb ", "5.025", Unit::Pound, false),
            (" 1N      100000lb ", "100000", Unit::Pound, true),
            ("Z1G       0.000lb ", "0.000", Unit::Pound, false),
            (" 1G       7.025kg ", "7.025", Unit::Kilogram, false),
        ] {
            let report = read(content);
            let weight = report.settled().unwrap();
            assert_eq!((weight.number.text(), weight.unit, report.net), (text, Some(unit), net), "{content}");
        }
    }

    #[test]
    fn a_weight_in_motion_is_told_and_not_settled() {
        let report = read(" 1GM      7.650kg_");
        assert!(report.in_motion && report.settled().is_none());
        assert_eq!(report.weight.unwrap().number.text(), "7.650");
    }

    #[test]
    fn each_status_is_its_trouble() {
        for (status, trouble) in [
            ('O', Trouble::OverCapacity),
            ('U', Trouble::UnderZero),
            ('E', Trouble::Zero),
            ('I', Trouble::Zero),
            ('T', Trouble::Tare),
        ] {
            assert_eq!(read(&format!("{status}1G       1.000kg ")).trouble, Some(trouble));
        }
    }

    #[test]
    fn dashes_are_no_weight() {
        for content in ["E1G  ----------kg_", " 1G  ----------   ", "e1G       0.000kg "] {
            assert_eq!(read(content).weight, None, "{content}");
        }
    }

    #[test]
    fn units_are_filled_with_blanks_or_underscores() {
        for (unit, expected) in
            [("g__", Unit::Gram), ("g  ", Unit::Gram), ("ozt", Unit::TroyOunce), ("LB ", Unit::Pound)]
        {
            assert_eq!(read(&format!(" 1G       1.000{unit}")).weight.unwrap().unit, Some(expected));
        }
        assert_eq!(parse(b" 1G       1.000pcs"), Answer::OtherUnit("pcs".to_owned()));
    }

    #[test]
    fn refusals_are_told_apart_from_answers_of_another_protocol() {
        assert_eq!((parse(b"?"), parse(b"!")), (Answer::NotKnown, Answer::Damaged));
        for content in ["", "?x", " 1G", " 1X       1.000kg ", "S1234", "01.250", "SMA:1/1.0", " 1G       1x000kg "] {
            assert_eq!(parse(content.as_bytes()), Answer::Garbled(content.as_bytes().to_vec()), "{content}");
        }
    }
}
