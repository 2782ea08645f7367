//! What lies in the printer: the media, and what the printer looks for on it (`^MN`).
//!
//! The two are independent, as in life: somebody loads a roll of another kind, and the printer goes on looking for gaps.

use super::fault::Fault;

/// A roll, or a stack, of media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Media {
    /// What separates its labels.
    pub kind: MediaKind,
    /// Width in dots; dots right of it fall on the platen and are lost.
    pub width: u32,
    /// Length of one label in dots; of no consequence on continuous media.
    pub length: u32,
    /// How many labels are left on it; `None` never runs out.
    pub labels_left: Option<u64>,
}

/// What separates the labels of a roll (guide, `^MN`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaKind {
    /// Nothing: the printer makes labels of any length (`^LL`).
    Continuous,
    /// A gap or a notch: die-cut labels on a web.
    Gap,
    /// A black mark on the back.
    Mark,
}

/// What the printer takes for a label's end (guide, `^MN`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tracking {
    /// The length set by `^LL` (`N`).
    Continuous,
    /// The same, but a format that is longer makes this label longer (`V`).
    VariableLength,
    /// The next gap (`Y`, `W`).
    Gap,
    /// The next black mark (`M`).
    Mark,
}

impl Media {
    /// Endless die-cut labels of this size in dots.
    pub fn gap(width: u32, length: u32) -> Self {
        Self { kind: MediaKind::Gap, width, length, labels_left: None }
    }

    /// Endless labels with black marks, of this size in dots.
    pub fn mark(width: u32, length: u32) -> Self {
        Self { kind: MediaKind::Mark, width, length, labels_left: None }
    }

    /// Endless media without labels, so wide in dots.
    pub fn continuous(width: u32) -> Self {
        Self { kind: MediaKind::Continuous, width, length: 0, labels_left: None }
    }

    /// The same with so many labels left.
    #[must_use]
    pub fn with_labels(self, labels: u64) -> Self {
        Self { labels_left: Some(labels), ..self }
    }

    pub(crate) fn is_used_up(&self) -> bool {
        self.labels_left == Some(0)
    }

    pub(crate) fn take(&mut self, labels: u64) {
        if let Some(left) = &mut self.labels_left {
            *left = left.saturating_sub(labels);
        }
    }
}

impl Tracking {
    /// What a calibration finds on media of this kind.
    pub fn for_media(kind: MediaKind) -> Self {
        match kind {
            MediaKind::Continuous => Self::Continuous,
            MediaKind::Gap => Self::Gap,
            MediaKind::Mark => Self::Mark,
        }
    }

    /// Whether labels end where the format says, not where the media says.
    pub fn is_continuous(self) -> bool {
        matches!(self, Self::Continuous | Self::VariableLength)
    }

    /// What the printer reports after feeding media on which it does not find what it looks for.
    ///
    /// The guide does not say which error follows from which mistake. Media without any marker looks to the sensor like no media
    /// that ends; a marker of the other kind is seen, but not where a mark or a gap should be.
    pub fn misfeed_on(self, kind: MediaKind) -> Option<Fault> {
        match (self, kind) {
            (Self::Gap | Self::Mark, MediaKind::Continuous) => Some(Fault::MediaOut),
            (Self::Mark, MediaKind::Gap) => Some(Fault::BlackMarkNotFound),
            (Self::Gap, MediaKind::Mark) => Some(Fault::BlackMarkCalibration),
            _ => None,
        }
    }

    /// The value of the variable `ezpl.media_type` (guide, `ezpl.media_type`).
    pub(crate) fn variable(self) -> &'static str {
        match self {
            Self::Continuous | Self::VariableLength => "continuous",
            Self::Gap => "gap/notch",
            Self::Mark => "mark",
        }
    }
}
