//! Where do codes lie, and can they be exact there?
//!
//! A code that was laid out is a picture of modules. Here it is made sure that it lies whole on the page, straight and unscaled;
//! then its dots are put on the page, a module as so many of them as it was laid out for. Where in the template it was moved to is
//! all the same: it is whole, or an error.

use typst::layout::{Abs, Size};
use typst::syntax::Span;

use super::canvas::Area;
use super::position::{State, TOLERANCE, snapped};
use crate::raster::Rotation;

/// A code in the laid-out page.
pub(super) struct Found {
    /// Pixels across.
    pub columns: usize,
    /// Row by row.
    pub black: Vec<bool>,
    /// As it was laid out.
    pub size: Size,
    /// What it says.
    pub payload: String,
    pub span: Span,
}

/// A code with its place.
pub(super) struct Code {
    /// With the white around it.
    pub area: Area,
    pub payload: String,
    /// Where in the template it comes from.
    pub span: Span,
    rotation: Rotation,
    /// Pixels across.
    columns: usize,
    black: Vec<bool>,
    /// Dots of a pixel.
    pixel: (usize, usize),
}

impl Code {
    /// Finds its place on a `page`, `scale` dots a point; or says why it has none.
    pub fn place(found: Found, page: Area, scale: f64, state: &State) -> Result<Self, &'static str> {
        let Found { columns, black, size, payload, span } = found;
        let Some(rotation) = state.quarters() else {
            return Err("a code can be turned by quarters only, and not mirrored");
        };
        let rows = black.len() / columns.max(1);
        let (Some(across), Some(down)) = (whole(size.x, columns, scale, state), whole(size.y, rows, scale, state))
        else {
            return Err("a code cannot be scaled, because its modules are whole dots; give it another `module`");
        };
        let Some(corner) = state.corner(size) else {
            return Err("a code can be turned by quarters only");
        };
        let (left, top) = snapped(corner);
        let (mut width, mut height) = (columns * across, rows * down);
        if matches!(rotation, Rotation::Quarter | Rotation::ThreeQuarters) {
            (width, height) = (height, width);
        }
        let side = |dots: usize| i32::try_from(dots).unwrap_or(i32::MAX);
        let area =
            Area { left, top, right: left.saturating_add(side(width)), bottom: top.saturating_add(side(height)) };
        if !page.contains(area) {
            return Err(
                "this code does not fit: a part of it, or of the white around it, would be outside of the label",
            );
        }
        if !state.clip.area.contains(area) || !state.clip.masks.is_empty() {
            return Err("this code does not fit: a part of it would be cut off by what it lies in");
        }
        Ok(Self { area, payload, span, rotation, columns, black, pixel: (across, down) })
    }

    /// Puts its dots, and the white around them, on a page whose rows have `width` dots. It lies on the page.
    pub fn put(&self, lightness: &mut [u8], width: usize) {
        let (across, down) = self.pixel;
        let rows = self.black.len() / self.columns.max(1);
        let (columns, rows) = (self.columns * across, rows * down);
        let [left, top] = [self.area.left, self.area.top].map(|dots| usize::try_from(dots).unwrap_or(0));
        for y in 0..rows {
            for x in 0..columns {
                let black = self.black.get(y / down * self.columns + x / across).is_some_and(|black| *black);
                let (x, y) = match self.rotation {
                    Rotation::None => (x, y),
                    Rotation::Quarter => (rows - 1 - y, x),
                    Rotation::Half => (columns - 1 - x, rows - 1 - y),
                    Rotation::ThreeQuarters => (y, columns - 1 - x),
                };
                if let Some(dot) = lightness.get_mut((top + y) * width + left + x) {
                    *dot = if black { 0 } else { u8::MAX };
                }
            }
        }
    }
}

/// Dots of one of `count` pixels that take up `length`, when that is a whole number of them.
fn whole(length: Abs, count: usize, scale: f64, state: &State) -> Option<usize> {
    let to_dots = state.to_dots;
    let factor = to_dots.sx.get().hypot(to_dots.ky.get());
    let other = to_dots.sy.get().hypot(to_dots.kx.get());
    let unscaled = [factor, other].iter().all(|factor| (factor - scale).abs() < TOLERANCE * 0.01);
    let dots = length.to_pt() * factor;
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)] // below 2^20
    let pixel = (dots / count.max(1) as f64).round() as usize;
    #[allow(clippy::cast_precision_loss)] // below 2^20
    let exact = (pixel * count) as f64;
    (pixel > 0 && (exact - dots).abs() < TOLERANCE * 10.0 && unscaled).then_some(pixel)
}
