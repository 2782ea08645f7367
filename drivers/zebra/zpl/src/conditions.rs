//! The answer to `~HQES` (guide, page of `~HQ`): which errors and warnings are present, as bits.
//!
//! ```text
//!   PRINTER STATUS
//!    ERRORS:         1 00000000 00000005
//!    WARNINGS:       1 00000000 00000002
//! ```
//!
//! Each line has a flag, group 2 and group 1 of the bits in hexadecimal. Only group 1 has a meaning today.

/// Errors and warnings, group 1 of the bits each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Conditions {
    /// See [`Fault`](crate::Fault) for their meaning.
    pub errors: u32,
    /// See [`Warning`](crate::Warning).
    pub warnings: u32,
}

impl Conditions {
    /// Reads the text block; nothing when the line of errors is missing or not as described.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // A printer that does not know about warnings may leave their line out.
        Some(Self { errors: group_1(text, "ERRORS:")?, warnings: group_1(text, "WARNINGS:").unwrap_or(0) })
    }
}

fn group_1(text: &str, title: &str) -> Option<u32> {
    let (_, rest) = text.split_once(title)?;
    let mut words = rest.split_whitespace();
    let flag = words.next()?;
    let (_, group) = (words.next()?, words.next()?);
    let bits = u32::from_str_radix(group, 16).ok()?;
    Some(if flag == "0" { 0 } else { bits })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_guide_is_read() {
        let text = "\r\n\r\n  PRINTER STATUS\r\n   ERRORS:         1 00000000 00000005\r\n   WARNINGS:       1 00000000 00000002\r\n";
        assert_eq!(Conditions::parse(text), Some(Conditions { errors: 5, warnings: 2 }));
    }

    #[test]
    fn no_errors_are_no_bits() {
        let text = "PRINTER STATUS\nERRORS: 0 00000000 00000000\nWARNINGS: 0 00000000 00000000";
        assert_eq!(Conditions::parse(text), Some(Conditions::default()));
    }

    #[test]
    fn a_block_that_is_cut_off_is_not_guessed_at() {
        assert_eq!(Conditions::parse("PRINTER STATUS\nERRORS: 1 00000000"), None);
        assert_eq!(Conditions::parse("PRINTER STATUS"), None);
    }
}
