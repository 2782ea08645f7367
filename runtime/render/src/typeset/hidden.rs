//! What would a code hide?
//!
//! A code is put on the page over whatever is there. Fills and lines beneath it are its background. But words under a code are
//! lost to whoever reads the label, and a picture that was to lie on a code is lost behind it: both are errors that name the code.

use std::sync::Arc;

use ecow::EcoString;
use typst::syntax::Span;

use super::canvas::{Area, Clip, Coverage};

/// A letter may lose less than one part of so many: what reaches over by a hair, such as the hook of a `j`.
const ENOUGH_LEFT: u64 = 10;

/// A text that was drawn.
pub(super) struct Written {
    pub text: EcoString,
    pub clip: Clip,
    pub glyphs: Vec<Glyph>,
}

pub(super) struct Glyph {
    pub coverage: Arc<Coverage>,
    /// Where the coverage was put.
    pub at: (i32, i32),
    pub span: Span,
}

impl Written {
    /// The first letter that cannot be read when the dots of this area are another's.
    pub fn lost_under(&self, area: Area) -> Option<&Glyph> {
        self.glyphs.iter().find(|glyph| glyph.is_lost_under(area, &self.clip))
    }
}

impl Glyph {
    fn is_lost_under(&self, area: Area, clip: &Clip) -> bool {
        let own = self.coverage.area.moved(self.at.0, self.at.1);
        if own.meet(area).meet(clip.area).is_empty() {
            return false;
        }
        let dots = (own.top..own.bottom).flat_map(|y| (own.left..own.right).map(move |x| (x, y)));
        let (mut seen, mut hidden) = (0, 0);
        for ((x, y), covered) in dots.zip(&self.coverage.dots) {
            if !clip.area.has(x, y) || !clip.lets(x, y) {
                continue;
            }
            seen += u64::from(*covered);
            hidden += if area.has(x, y) { u64::from(*covered) } else { 0 };
        }
        hidden > 0 && hidden * ENOUGH_LEFT >= seen
    }
}

/// Whether a picture of this lightness, that takes up `own`, has a dot in `area` that is not white.
pub(super) fn darkens(own: Area, lightness: &[u8], clip: &Clip, area: Area) -> bool {
    let common = own.meet(area).meet(clip.area);
    let columns = i64::from(own.right - own.left);
    let at = |x: i32, y: i32| usize::try_from(i64::from(y - own.top) * columns + i64::from(x - own.left)).ok();
    let mut dots = (common.top..common.bottom).flat_map(|y| (common.left..common.right).map(move |x| (x, y)));
    dots.any(|(x, y)| {
        let dark = at(x, y).and_then(|at| lightness.get(at)).is_some_and(|lightness| *lightness < u8::MAX);
        dark && clip.lets(x, y)
    })
}
