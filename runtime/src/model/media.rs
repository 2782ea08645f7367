//! What is loaded in a machine, and whether a document fits on it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much larger than the media a document may be, in micrometres: documents in points or inches are rarely exact.
const TOLERANCE_UM: u32 = 1000;

/// What is in a machine, as far as its driver can tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoadedMedia {
    /// In micrometres.
    pub width_um: u32,
    /// In micrometres; none for a continuous roll.
    pub length_um: Option<u32>,
    /// For people: `continuous`, `die-cut`, or the maker's own name.
    pub kind: String,
    /// How many labels are left, if it can tell.
    pub labels_left: Option<u32>,
}

impl LoadedMedia {
    /// Whether a document of this width and height in micrometres lies on it, give or take a millimetre.
    pub fn takes(&self, (width, height): (u32, u32)) -> bool {
        let fits = |document: u32, media: u32| document <= media.saturating_add(TOLERANCE_UM);
        fits(width, self.width_um) && self.length_um.is_none_or(|length| fits(height, length))
    }

    /// `die-cut labels of 101.5 x 152.2 mm`, `a continuous roll 101.5 mm wide`.
    pub fn describe(&self) -> String {
        let (kind, width) = (&self.kind, millimetres(self.width_um));
        match self.length_um {
            Some(length) => format!("{kind} labels of {width} x {} mm", millimetres(length)),
            None => format!("a {kind} roll {width} mm wide"),
        }
    }
}

/// Micrometres as millimetres with one place.
pub fn millimetres(micrometres: u32) -> String {
    format!("{:.1}", f64::from(micrometres) / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn media(length_um: Option<u32>) -> LoadedMedia {
        LoadedMedia { width_um: 101_500, length_um, kind: "die-cut".to_owned(), labels_left: None }
    }

    #[test]
    fn a_document_may_be_smaller_and_a_millimetre_larger() {
        let labels = media(Some(152_250));
        assert!(labels.takes((101_600, 152_400)) && labels.takes((10_000, 10_000)));
        assert!(!labels.takes((103_000, 152_250)) && !labels.takes((101_500, 154_000)));
    }

    #[test]
    fn a_continuous_roll_takes_any_length() {
        assert!(media(None).takes((100_000, 9_000_000)));
        assert!(!media(None).takes((200_000, 10_000)));
    }
}
