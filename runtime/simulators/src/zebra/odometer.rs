//! What the printer has counted over its life: labels, media, cuts. Counters that a user can reset remember the value that
//! they had then.

use std::collections::BTreeMap;

/// The counters that never go back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Odometer {
    /// Labels printed, without feeds and calibrations (guide, `odometer.total_label_count`).
    pub labels: u64,
    /// Labels that have passed, printed or not (guide, `odometer.media_marker_count`).
    pub markers: u64,
    /// Length of all labels that have passed, in dots, without the gaps between them.
    pub length: u64,
    /// Cuts made.
    pub cuts: u64,
}

/// A counter that a user can reset. Its name is that of its variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::EnumString)]
pub(crate) enum Trip {
    #[strum(serialize = "odometer.headclean")]
    HeadClean,
    #[strum(serialize = "odometer.headnew")]
    HeadNew,
    #[strum(serialize = "odometer.media_marker_count1")]
    Length1,
    #[strum(serialize = "odometer.media_marker_count2")]
    Length2,
    #[strum(serialize = "odometer.user_label_count")]
    Labels,
    #[strum(serialize = "odometer.user_label_count1")]
    Labels1,
    #[strum(serialize = "odometer.user_label_count2")]
    Labels2,
}

/// The trip counters: what to take off the odometer for each. Absent means nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trips(BTreeMap<Trip, u64>);

impl Trip {
    /// Whether it counts labels; the others measure media.
    pub(crate) fn counts_labels(self) -> bool {
        matches!(self, Self::Labels | Self::Labels1 | Self::Labels2)
    }

    fn total(self, odometer: &Odometer) -> u64 {
        if self.counts_labels() { odometer.labels } else { odometer.length }
    }
}

impl Trips {
    /// In labels or dots.
    pub(crate) fn value(&self, trip: Trip, odometer: &Odometer) -> u64 {
        let start = self.0.get(&trip).copied().unwrap_or_default();
        trip.total(odometer).wrapping_sub(start)
    }

    /// Makes the counter show `value`.
    pub(crate) fn set(&mut self, trip: Trip, value: u64, odometer: &Odometer) {
        self.0.insert(trip, trip.total(odometer).wrapping_sub(value));
    }
}

/// A length as variables give it: `1489 INCHES, 3784 CENTIMETERS` (guide, `odometer.total_print_length`).
pub(crate) fn length(dots: u64, dots_per_mm: u32) -> String {
    let density = u64::from(dots_per_mm.max(1));
    format!("{} INCHES, {} CENTIMETERS", inches(dots, dots_per_mm), dots / (density * 10))
}

pub(crate) fn inches(dots: u64, dots_per_mm: u32) -> u64 {
    dots.saturating_mul(10) / (u64::from(dots_per_mm.max(1)) * 254)
}
