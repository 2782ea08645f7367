//! The answer to `^ee`: error and status codes, two digits each, on a line (EPL Programming Guide, pages of `^ee` and
//! `eR`).
//!
//! `00` says that nothing is wrong. It does not say that everything was printed, so no label is proven by it.

/// Asks for the codes. It is answered at once, whatever the printer does.
pub const ASK: &[u8] = b"\n^ee\n";

/// What a printer says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// What keeps it from printing, in the order of what to do first.
    pub faults: Vec<Fault>,
    /// Other codes: what it thought of a command that it has received.
    pub others: Vec<u8>,
}

/// Why a printer does not print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 11
    HeadOpen,
    /// 07
    MediaOut,
}

impl Fault {
    /// A short stable name for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::HeadOpen => "head-open",
            Self::MediaOut => "no-media",
        }
    }

    /// What is wrong and what to do at the printer.
    pub fn advice(self) -> &'static str {
        match self {
            Self::HeadOpen => "The print head is open. Close it.",
            Self::MediaOut => "Out of labels or ribbon. Load a new roll.",
        }
    }
}

impl Report {
    /// Reads a line; nothing when it is no list of codes. Flow control characters around it are skipped.
    pub fn parse(line: &[u8]) -> Option<Self> {
        let text: String = line.iter().map(|byte| char::from(*byte)).filter(char::is_ascii_graphic).collect();
        let mut report = Self::default();
        for code in text.split(',') {
            if code.len() != 2 {
                return None;
            }
            match code.parse().ok()? {
                0 => {}
                7 => report.faults.push(Fault::MediaOut),
                11 => report.faults.insert(0, Fault::HeadOpen),
                other => report.others.push(other),
            }
        }
        Some(report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_with_what_to_do_first_in_front() {
        assert_eq!(Report::parse(b"00\r\n"), Some(Report::default()));
        let report = Report::parse(b"\x1307,11\r\n").unwrap();
        assert_eq!(report.faults, [Fault::HeadOpen, Fault::MediaOut]);
        assert_eq!(Report::parse(b"01,07\r\n").unwrap(), Report { faults: vec![Fault::MediaOut], others: vec![1] });
    }

    #[test]
    fn another_line_is_no_report() {
        for line in [b"".as_slice(), b"\r\n", b"UKQ1935HLU  V3.34", b"7", b"0A", b"007"] {
            assert_eq!(Report::parse(line), None, "{line:?}");
        }
    }
}
