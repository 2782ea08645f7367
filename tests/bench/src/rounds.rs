//! Medians of what rounds gave, and of the ratio between two sides of the same round; other quantiles of single values.

use std::time::Duration;

/// What one round gave of the baseline and of the subject.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// The baseline: nanoseconds, unless the benchmark adds something else.
    pub baseline: f64,
    /// What is measured, in the same unit.
    pub subject: f64,
}

/// The rounds of one comparison.
#[derive(Debug, Clone, Default)]
pub struct Rounds(Vec<Pair>);

impl Rounds {
    /// Adds a round.
    pub fn add(&mut self, baseline: f64, subject: f64) {
        self.0.push(Pair { baseline, subject });
    }

    /// The median of the baseline.
    pub fn baseline(&self) -> f64 {
        median(self.0.iter().map(|pair| pair.baseline))
    }

    /// The median of the subject.
    pub fn subject(&self) -> f64 {
        median(self.0.iter().map(|pair| pair.subject))
    }

    /// The median of subject / baseline.
    pub fn ratio(&self) -> f64 {
        median(self.0.iter().map(|pair| pair.subject / pair.baseline))
    }

    /// The smallest and the largest subject / baseline.
    pub fn ratios(&self) -> (f64, f64) {
        let ratios = self.0.iter().map(|pair| pair.subject / pair.baseline);
        ratios.fold((f64::INFINITY, 0.0), |(least, most), ratio| (least.min(ratio), most.max(ratio)))
    }

    /// The median of subject - baseline.
    pub fn difference(&self) -> f64 {
        median(self.0.iter().map(|pair| pair.subject - pair.baseline))
    }
}

/// The middle value, or the mean of the two in the middle; not a number when there are none.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    if values.len() % 2 == 1 { at(middle) } else { f64::midpoint(at(middle.wrapping_sub(1)), at(middle)) }
}

/// The value that so many of a hundred are not above.
pub fn quantile(values: &[f64], percent: usize) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get((values.len() * percent).div_ceil(100).saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

/// A time in nanoseconds.
pub fn nanoseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_of_each_round_and_not_of_the_medians() {
        let mut rounds = Rounds::default();
        rounds.add(1.0, 2.0);
        rounds.add(10.0, 30.0);
        rounds.add(100.0, 900.0);
        assert!((rounds.ratio() - 3.0).abs() < 1e-9);
        assert_eq!(rounds.ratios(), (2.0, 9.0));
    }

    #[test]
    fn an_even_number_of_values_has_its_median_between_the_middle_ones() {
        assert!((median([4.0, 1.0, 3.0, 2.0]) - 2.5).abs() < 1e-9);
        assert!(median([]).is_nan());
    }

    #[test]
    fn a_quantile_is_the_least_value_that_so_many_are_not_above() {
        let values: Vec<f64> = (1..=200).rev().map(f64::from).collect();
        assert!((quantile(&values, 95) - 190.0).abs() < 1e-9);
        assert!((quantile(&[7.0], 50) - 7.0).abs() < 1e-9);
        assert!(quantile(&[], 50).is_nan());
    }
}
