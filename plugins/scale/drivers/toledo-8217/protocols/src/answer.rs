//! What a scale said.

use crate::Weight;

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// How the scale is, and mostly what it weighs.
    Report(Report),
    /// It does not know this command.
    NotKnown,
    /// The command reached it damaged.
    Damaged,
    /// A weight in a unit that is none of [`Unit`](crate::Unit)'s, which is here as the scale wrote it.
    OtherUnit(String),
    /// Something with the marks of an answer around it that is none of this protocol.
    Garbled(Vec<u8>),
}

/// How a scale is, and what it weighs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// What it shows. Absent when it said something else instead: Toledo 8217 has no weight for a scale in motion.
    pub weight: Option<Weight>,
    /// The weight has not come to rest.
    pub in_motion: bool,
    /// A tare is subtracted.
    pub net: bool,
    /// Why it cannot weigh, or did not do what it was told.
    pub trouble: Option<Trouble>,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// More lies on it than it can weigh.
    OverCapacity,
    /// It shows less than it can, or less than zero.
    UnderZero,
    /// It did not find its zero, or could not take the weight as zero.
    Zero,
    /// It could not take the weight as tare.
    Tare,
}

impl Report {
    /// The weight, if it stands still and nothing is wrong with it.
    pub fn settled(&self) -> Option<&Weight> {
        let fine = !self.in_motion && self.trouble.is_none();
        self.weight.as_ref().filter(|_| fine)
    }

    /// Whether it stands still and shows zero.
    pub fn is_zero(&self) -> bool {
        self.settled().is_some_and(|weight| weight.number.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Number;

    fn showing(digits: &str) -> Report {
        let weight = Weight { number: Number::parse(digits).unwrap(), unit: None };
        Report { weight: Some(weight), ..Report::default() }
    }

    #[test]
    fn only_a_weight_that_stands_still_without_trouble_is_settled() {
        assert!(showing("1.250").settled().is_some());
        assert!(Report { in_motion: true, ..showing("1.250") }.settled().is_none());
        assert!(Report { trouble: Some(Trouble::OverCapacity), ..showing("1.250") }.settled().is_none());
        assert!(Report::default().settled().is_none());
    }

    #[test]
    fn zero_is_a_settled_weight_of_nothing() {
        assert!(showing("0.000").is_zero() && !showing("0.005").is_zero());
        assert!(!Report { in_motion: true, ..showing("0.000") }.is_zero());
    }
}
