//! A weight, exactly as it was written.

use std::fmt;

/// What a scale shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weight {
    /// How much.
    pub number: Number,
    /// Of what; absent where the protocol does not say.
    pub unit: Option<Unit>,
}

/// A decimal number of at most 15 digits: so many survive in an `f64`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number(String);

impl Number {
    /// How many digits a number may have.
    pub const MOST_DIGITS: usize = 15;

    /// Reads blanks, a sign, digits and at most one point between them: `  -01.250`. Nothing else is a number.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_matches(' ');
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => ("-", rest.trim_start_matches(' ')),
            None => ("", text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = [whole, fraction].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
        let count = whole.len() + fraction.len();
        if !all_digits || count == 0 || count > Self::MOST_DIGITS {
            return None;
        }
        let whole = whole.trim_start_matches('0');
        let whole = if whole.is_empty() { "0" } else { whole };
        let point = if fraction.is_empty() { "" } else { "." };
        Some(Self(format!("{sign}{whole}{point}{fraction}")))
    }

    /// The number as text: `1.250`. As many digits behind the point as the scale wrote.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The number. Nothing is lost: see [`MOST_DIGITS`](Self::MOST_DIGITS).
    pub fn value(&self) -> f64 {
        self.0.parse().unwrap_or(f64::NAN) // `parse` let nothing through that is no number
    }

    /// Whether it is zero, however it was written.
    pub fn is_zero(&self) -> bool {
        !self.0.bytes().any(|byte| (b'1'..=b'9').contains(&byte))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a weight is counted in: the single units of SMA SCP-0499, section 7.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Unit {
    Milligram,
    Gram,
    Kilogram,
    Tonne,
    Ounce,
    Pound,
    ShortTon,
    TroyOunce,
    Carat,
    Grain,
    Pennyweight,
}

impl Unit {
    /// How it is written behind a number.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Milligram => "mg",
            Self::Gram => "g",
            Self::Kilogram => "kg",
            Self::Tonne => "t",
            Self::Ounce => "oz",
            Self::Pound => "lb",
            Self::ShortTon => "ton",
            Self::TroyOunce => "ozt",
            Self::Carat => "ct",
            Self::Grain => "gr",
            Self::Pennyweight => "dwt",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(written: &str) -> Option<String> {
        Number::parse(written).map(|number| number.text().to_owned())
    }

    #[test]
    fn zeros_and_blanks_in_front_go_and_those_behind_the_point_stay() {
        for (written, expected) in [
            ("01.250", "1.250"),
            ("00.000", "0.000"),
            ("    100000", "100000"),
            ("   -5.025", "-5.025"),
            ("-   5.025", "-5.025"),
            ("+5.0", "5.0"),
            (".5", "0.5"),
            ("5.", "5"),
        ] {
            assert_eq!(text(written).as_deref(), Some(expected), "{written}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for written in
            ["", " ", ".", "-", "----------", "1.2.3", "1e5", "1,5", "0x10", "NaN", "1 2", "--1", "1234567890123456"]
        {
            assert_eq!(text(written), None, "{written}");
        }
    }

    #[test]
    fn the_value_is_the_very_number() {
        for written in ["0.005", "1.250", "15.000", "-0.015", "99999999.9", "123456789.012345"] {
            let number = Number::parse(written).unwrap();
            let digits = written.split_once('.').unwrap().1.len();
            assert_eq!(format!("{:.digits$}", number.value()), written);
        }
    }

    #[test]
    fn zero_is_zero_with_any_sign_and_any_number_of_digits() {
        for (written, zero) in [("0", true), ("-0.000", true), ("0.001", false), ("10", false)] {
            assert_eq!(Number::parse(written).unwrap().is_zero(), zero, "{written}");
        }
    }
}
