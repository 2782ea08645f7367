//! A format's graphic fields to the label that comes out of the printer.

use std::sync::Arc;

use super::settings::Settings;
use crate::bitmap::{Bitmap, Ink};

/// A graphic on its place.
#[derive(Debug, Clone)]
pub struct Placement {
    /// The upper left corner in dots, label home included.
    pub x: u32,
    /// See `x`.
    pub y: u32,
    /// `^FR` or `^LR`: black turns over what is beneath.
    pub ink: Ink,
    /// The picture.
    pub graphic: Arc<Bitmap>,
}

/// Draws a label of `width` x `length` dots: the fields in their order, then mirrored (`^PM`), turned (`^PO`) and moved
/// (`^LT`, which acts on the label as it comes out) as set.
pub fn label(placements: &[Placement], settings: &Settings) -> Bitmap {
    let mut page = Bitmap::new(settings.width, settings.length);
    for placement in placements {
        page.draw(&placement.graphic, placement.x, placement.y, placement.ink);
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
    page
}
