//! A format's graphic fields to the label that comes out of the printer.

use std::sync::Arc;

use super::media::Tracking;
use super::settings::Settings;
use crate::bitmap::{Bitmap, Ink};

/// A graphic on its place.
#[derive(Debug, Clone)]
pub struct Placement {
    /// The upper left corner in dots, label home and shift included.
    pub x: i32,
    /// See `x`.
    pub y: i32,
    /// `^FR` or `^LR`: black turns over what is beneath.
    pub ink: Ink,
    /// The picture.
    pub graphic: Arc<Bitmap>,
}

/// A drawn format.
#[derive(Debug, Clone)]
pub struct Page {
    /// What the head will burn.
    pub bitmap: Bitmap,
    /// Black dots of the graphics that lie outside it.
    pub dots_lost: u64,
}

/// Draws a page of the width and length that the printer believes its labels to have: the fields in their order, then mirrored
/// (`^PM`), turned (`^PO`) and moved (`^LT`, which acts on the label as it comes out) as set.
pub fn page(placements: &[Placement], settings: &Settings) -> Page {
    let mut length = settings.label_length();
    if settings.tracking == Tracking::VariableLength {
        length = placements.iter().map(Placement::bottom).max().unwrap_or_default().max(length);
    }
    let mut page = Bitmap::new(settings.width, length);
    let mut dots_lost = 0;
    for placement in placements {
        page.draw(&placement.graphic, placement.x, placement.y, placement.ink);
        dots_lost += placement.dots_outside(&page);
    }
    if settings.mirrored {
        page = page.mirrored();
    }
    if settings.inverted {
        page = page.turned();
    }
    if settings.top_shift != 0 {
        page = page.shifted_down(settings.top_shift);
    }
    Page { bitmap: page, dots_lost }
}

impl Placement {
    /// The row below its last one.
    fn bottom(&self) -> u32 {
        u32::try_from(i64::from(self.y) + i64::from(self.graphic.height())).unwrap_or_default()
    }

    fn dots_outside(&self, page: &Bitmap) -> u64 {
        let right = i64::from(self.x) + i64::from(self.graphic.width());
        let inside = self.x >= 0 && self.y >= 0 && right <= page.width().into() && self.bottom() <= page.height();
        if inside {
            return 0;
        }
        let mut visible = Bitmap::new(page.width(), page.height());
        visible.draw(&self.graphic, self.x, self.y, Ink::Black);
        self.graphic.black_dots() - visible.black_dots()
    }
}
