//! Element strings: `(01)09506000134352(10)AB-123`.
//!
//! GS1 General Specifications: the application identifiers are those of figure 3.2-1, the characters of a value those of
//! figure 7.11-1, and the identifiers whose values have a predefined length, behind which no FNC1 stands, those of figure
//! 7.8.5-2.

use super::verify_check_digit;

/// Characters of a value beside letters and digits.
const OTHERS: &str = "!\"%&'()*+,-./_:;<=>?";

/// What a value, or a part of it, consists of.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// So many digits.
    Digits(usize),
    /// So many digits, of which the last is a check digit.
    Checked(usize),
    /// A year, month and day of two digits each; the day may be 00.
    Date,
    /// 1 to so many digits.
    UpToDigits(usize),
    /// 1 to so many characters.
    UpTo(usize),
    /// 0 to so many characters.
    Rest(usize),
    /// 0 to so many digits.
    RestDigits(usize),
}

use Part::{Checked, Date, Digits, Rest, RestDigits, UpTo, UpToDigits};

/// First identifier, last one (of as many digits), and its value.
const IDENTIFIERS: &[(&str, &str, &[Part])] = &[
    ("00", "00", &[Checked(18)]),
    ("01", "03", &[Checked(14)]),
    ("10", "10", &[UpTo(20)]),
    ("11", "13", &[Date]),
    ("15", "17", &[Date]),
    ("20", "20", &[Digits(2)]),
    ("21", "22", &[UpTo(20)]),
    ("235", "235", &[UpTo(28)]),
    ("240", "241", &[UpTo(30)]),
    ("242", "242", &[UpToDigits(6)]),
    ("243", "243", &[UpTo(20)]),
    ("250", "251", &[UpTo(30)]),
    ("253", "253", &[Checked(13), Rest(17)]),
    ("254", "254", &[UpTo(20)]),
    ("255", "255", &[Checked(13), RestDigits(12)]),
    ("30", "30", &[UpToDigits(8)]),
    ("3100", "3169", &[Digits(6)]),
    ("3200", "3299", &[Digits(6)]),
    ("3300", "3379", &[Digits(6)]),
    ("3400", "3499", &[Digits(6)]),
    ("3500", "3579", &[Digits(6)]),
    ("3600", "3699", &[Digits(6)]),
    ("37", "37", &[UpToDigits(8)]),
    ("3900", "3909", &[UpToDigits(15)]),
    ("3910", "3919", &[Digits(3), UpToDigits(15)]),
    ("3920", "3929", &[UpToDigits(15)]),
    ("3930", "3939", &[Digits(3), UpToDigits(15)]),
    ("3940", "3943", &[Digits(4)]),
    ("3950", "3955", &[Digits(6)]),
    ("400", "401", &[UpTo(30)]),
    ("402", "402", &[Checked(17)]),
    ("403", "403", &[UpTo(30)]),
    ("410", "417", &[Checked(13)]),
    ("420", "420", &[UpTo(20)]),
    ("421", "421", &[Digits(3), UpTo(9)]),
    ("422", "422", &[Digits(3)]),
    ("423", "423", &[Digits(3), RestDigits(12)]),
    ("424", "424", &[Digits(3)]),
    ("425", "425", &[Digits(3), RestDigits(12)]),
    ("426", "426", &[Digits(3)]),
    ("427", "427", &[UpTo(3)]),
    ("4300", "4301", &[UpTo(35)]),
    ("4302", "4306", &[UpTo(70)]),
    ("4307", "4307", &[UpTo(2)]),
    ("4308", "4308", &[UpTo(30)]),
    ("4309", "4309", &[Digits(20)]),
    ("4310", "4311", &[UpTo(35)]),
    ("4312", "4316", &[UpTo(70)]),
    ("4317", "4317", &[UpTo(2)]),
    ("4318", "4318", &[UpTo(20)]),
    ("4319", "4319", &[UpTo(30)]),
    ("4320", "4320", &[UpTo(35)]),
    ("4321", "4323", &[Digits(1)]),
    ("4324", "4325", &[Digits(10)]),
    ("4326", "4326", &[Digits(6)]),
    ("7001", "7001", &[Digits(13)]),
    ("7002", "7002", &[UpTo(30)]),
    ("7003", "7003", &[Digits(10)]),
    ("7004", "7004", &[UpToDigits(4)]),
    ("7005", "7005", &[UpTo(12)]),
    ("7006", "7006", &[Date]),
    ("7007", "7007", &[Digits(6), RestDigits(6)]),
    ("7008", "7008", &[UpTo(3)]),
    ("7009", "7009", &[UpTo(10)]),
    ("7010", "7010", &[UpTo(2)]),
    ("7011", "7011", &[Digits(6), RestDigits(4)]),
    ("7020", "7022", &[UpTo(20)]),
    ("7023", "7023", &[UpTo(30)]),
    ("7030", "7039", &[Digits(3), UpTo(27)]),
    ("7040", "7040", &[UpTo(4)]),
    ("710", "717", &[UpTo(20)]),
    ("7230", "7239", &[UpTo(30)]),
    ("7240", "7240", &[UpTo(20)]),
    ("8001", "8001", &[Digits(14)]),
    ("8002", "8002", &[UpTo(20)]),
    ("8003", "8003", &[Checked(14), Rest(16)]),
    ("8004", "8004", &[UpTo(30)]),
    ("8005", "8005", &[Digits(6)]),
    ("8006", "8006", &[Checked(14), Digits(4)]),
    ("8007", "8007", &[UpTo(34)]),
    ("8008", "8008", &[Digits(8), RestDigits(4)]),
    ("8009", "8009", &[UpTo(50)]),
    ("8010", "8010", &[UpTo(30)]),
    ("8011", "8011", &[UpToDigits(12)]),
    ("8012", "8012", &[UpTo(20)]),
    ("8013", "8013", &[UpTo(25)]),
    ("8017", "8018", &[Checked(18)]),
    ("8019", "8019", &[UpToDigits(10)]),
    ("8020", "8020", &[UpTo(25)]),
    ("8026", "8026", &[Checked(14), Digits(4)]),
    ("8110", "8110", &[UpTo(70)]),
    ("8111", "8111", &[Digits(4)]),
    ("8112", "8112", &[UpTo(70)]),
    ("8200", "8200", &[UpTo(70)]),
    ("90", "90", &[UpTo(30)]),
    ("91", "99", &[UpTo(90)]),
];

/// The first two digits of identifiers whose values have a predefined length.
const PREDEFINED: [&str; 22] = [
    "00", "01", "02", "03", "04", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20", "31", "32", "33", "34",
    "35", "36", "41",
];

/// Identifiers with their values, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Elements(Vec<(String, String)>);

impl Elements {
    /// All of them, with `separator` behind each that needs one; the last never does.
    pub fn joined(&self, separator: char) -> String {
        let mut joined = String::new();
        for (at, (identifier, value)) in self.0.iter().enumerate() {
            joined += identifier;
            joined += value;
            let is_predefined = PREDEFINED.iter().any(|start| identifier.starts_with(start));
            if at + 1 < self.0.len() && !is_predefined {
                joined.push(separator);
            }
        }
        joined
    }
}

/// Reads element strings and checks each value against its identifier.
pub(crate) fn parse(text: &str) -> Result<Elements, String> {
    let mut elements = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let opened = rest.strip_prefix('(').and_then(|rest| rest.split_once(')'));
        let Some((identifier, behind)) = opened else {
            return Err(format!("`{text}` is no GS1 element string, which is such as `(01)09506000134352(10)AB-123`"));
        };
        let Some(parts) = parts_of(identifier) else {
            return Err(format!("`({identifier})` is no GS1 application identifier"));
        };
        // A value may have parentheses; what begins the next element is one with an identifier in it.
        let end = behind.match_indices('(').find(|(at, _)| begins_element(behind.get(*at..).unwrap_or_default()));
        let (value, next) = behind.split_at(end.map_or(behind.len(), |(at, _)| at));
        check(identifier, parts, value)?;
        elements.push((identifier.to_owned(), value.to_owned()));
        rest = next;
    }
    if elements.is_empty() {
        return Err("there is no GS1 element in an empty text".to_owned());
    }
    Ok(Elements(elements))
}

fn parts_of(identifier: &str) -> Option<&'static [Part]> {
    let fits = |first: &str, last: &str| identifier.len() == first.len() && (first..=last).contains(&identifier);
    let digits = identifier.bytes().all(|byte| byte.is_ascii_digit());
    IDENTIFIERS.iter().find(|(first, last, _)| digits && fits(first, last)).map(|(_, _, parts)| *parts)
}

fn begins_element(text: &str) -> bool {
    text.strip_prefix('(').and_then(|text| text.split_once(')')).is_some_and(|(inside, _)| parts_of(inside).is_some())
}

fn check(identifier: &str, parts: &[Part], value: &str) -> Result<(), String> {
    let wrong = |what: String| Err(format!("`{value}` is not right for ({identifier}): {what}"));
    if let Some(other) = value.chars().find(|c| !c.is_ascii_alphanumeric() && !OTHERS.contains(*c)) {
        return wrong(format!("a value has letters, digits and {OTHERS}, and `{other}` is none of them"));
    }
    let mut rest = value;
    for part in parts {
        let (least, most, digits) = match *part {
            Digits(count) | Checked(count) => (count, count, true),
            Date => (6, 6, true),
            UpToDigits(most) => (1, most, true),
            RestDigits(most) => (0, most, true),
            UpTo(most) => (1, most, false),
            Rest(most) => (0, most, false),
        };
        let (taken, behind) = rest.split_at(most.min(rest.len()));
        if taken.len() < least || digits && !taken.bytes().all(|byte| byte.is_ascii_digit()) {
            let what = if digits { "digits" } else { "characters" };
            let count = if least == most { least.to_string() } else { format!("{least} to {most}") };
            return wrong(format!("it has {count} {what} there"));
        }
        match part {
            Checked(_) => verify_check_digit(&format!("({identifier})"), taken)?,
            Date if !is_date(taken) => return wrong("a date is year, month and day, two digits each".to_owned()),
            _ => {}
        }
        rest = behind;
    }
    if rest.is_empty() { Ok(()) } else { wrong(format!("`{rest}` is too much")) }
}

fn is_date(digits: &str) -> bool {
    let two = |at: usize| digits.get(at..at + 2).and_then(|two| two.parse::<u32>().ok());
    two(2).is_some_and(|month| (1..=12).contains(&month)) && two(4).is_some_and(|day| day <= 31)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_separator_stands_behind_values_of_no_predefined_length_but_the_last() {
        let elements = parse("(01)09506000134352(10)AB-123(21)7").unwrap();
        assert_eq!(elements.joined('|'), "010950600013435210AB-123|217");
        assert_eq!(parse("(10)A(01)09506000134352").unwrap().joined('|'), "10A|0109506000134352");
        assert_eq!(parse("(10)A(B)C").unwrap().joined('|'), "10A(B)C");
    }

    #[test]
    fn what_is_wrong_with_an_element_is_said() {
        for (text, says) in [
            ("0109506000134352", "is no GS1 element string"),
            ("(05)1", "`(05)` is no GS1 application identifier"),
            ("(01)09506000134353", "ends in 2"),
            ("(01)0950600013435", "it has 14 digits there"),
            ("(17)261340", "a date is year, month and day"),
            ("(10)ABCDEFGHIJKLMNOPQRSTU", "`U` is too much"),
            ("(10)\u{e4}", "`\u{e4}` is none of them"),
            ("", "no GS1 element"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
