//! How does a picture become a bitmap?
//!
//! Turned, placed, scaled, made black or white, and at last inverted and mirrored: row by row, so that beside the picture and
//! the bitmap only a row is in memory.

use std::iter::zip;

use crate::bitmap::Bitmap;
use crate::error::RenderError;
use crate::halftone::Halftoner;
use crate::limits::RenderLimits;
use crate::picture::Picture;
use crate::place::{Placement, place};
use crate::protocol::Output;
use crate::raster::Raster;
use crate::scale::Scaled;

const WHITE: u8 = 255;

/// What `output` asks for, of a picture; not a PDF, which is not made of dots.
pub(crate) fn output(
    picture: Picture,
    raster: &Raster,
    output: Output,
    limits: &RenderLimits,
) -> Result<Vec<u8>, RenderError> {
    let bitmap = bitmap(picture, raster, limits)?;
    match output {
        Output::Bitmap => Ok(bitmap.data),
        Output::Png | Output::Pdf => bitmap.to_png(raster.dpmm),
    }
}

/// The bitmap that `raster` asks for.
fn bitmap(picture: Picture, raster: &Raster, limits: &RenderLimits) -> Result<Bitmap, RenderError> {
    raster.check(limits)?;
    let picture = picture.rotated(raster.rotation, limits)?;
    let Placement { width, height, x, y } = place(&picture, raster)?;
    let columns = Visible::of(x, width, raster.width);
    let rows = Visible::of(y, height, raster.height);
    let mut scaled = Scaled::new(&picture, (width, height), columns.from, limits)?;
    let mut halftoner = Halftoner::new(raster, limits)?;

    let stride = raster.stride();
    let bytes = usize::try_from(raster.bitmap_bytes()).map_err(|_| limits.out_of_memory())?;
    let mut data = limits.buffer(bytes)?;
    let mut row = limits.buffer(raster.width as usize)?;
    for (y, bits) in data.chunks_exact_mut(stride as usize).enumerate() {
        row.fill(WHITE);
        let seen = row.get_mut(columns.start..).and_then(|row| row.get_mut(..columns.count));
        if let (Some(seen), Some(below)) = (seen, y.checked_sub(rows.start))
            && below < rows.count
        {
            scaled.row(rows.from + below as u64, seen);
        }
        halftoner.row(&mut row);
        if raster.mirror {
            row.reverse();
        }
        pack(&row, raster.invert, bits);
    }
    Ok(Bitmap { width: raster.width, height: raster.height, stride, data })
}

/// The part of a placed picture that lies on the raster, along one axis.
#[derive(Debug, PartialEq, Eq)]
struct Visible {
    /// Where it begins on the raster.
    start: usize,
    /// Which dot of the picture that is.
    from: u64,
    /// How many dots.
    count: usize,
}

impl Visible {
    /// Of a picture that lies at `at` and is `length` dots long, on a raster of `raster` dots.
    fn of(at: i64, length: u64, raster: u32) -> Self {
        let raster = u64::from(raster);
        let (start, from) = if at < 0 { (0, at.unsigned_abs()) } else { (at.unsigned_abs(), 0) };
        let count = length.saturating_sub(from).min(raster.saturating_sub(start));
        // Both are at most the raster's length, which fits.
        let [start, count] = [start.min(raster), count].map(|dots| usize::try_from(dots).unwrap_or(usize::MAX));
        Self { start, from, count }
    }
}

/// Eight dots, each 0 or 1, to a byte; the unused bits at the end stay 0.
fn pack(row: &[u8], invert: bool, bits: &mut [u8]) {
    // Each of these bits moves one dot to its place in the highest byte, and no two meet there or below.
    const GATHER: u64 = 0x8040_2010_0804_0201;
    let (whole, rest) = row.as_chunks::<8>();
    let (bytes, last) = bits.split_at_mut(whole.len().min(bits.len()));
    for (byte, dots) in zip(bytes, whole) {
        let [packed, ..] = u64::from_le_bytes(*dots).wrapping_mul(GATHER).to_be_bytes();
        *byte = if invert { !packed } else { packed };
    }
    if let (Some(byte), false) = (last.first_mut(), rest.is_empty()) {
        let flip = u8::from(invert);
        *byte = rest.iter().fold(0, |byte, dot| byte << 1 | (dot ^ flip)) << (8 - rest.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_left_dot_is_the_highest_bit_and_bits_without_a_dot_are_0() {
        let mut bits = [0xff; 3];
        pack(&[1, 0, 0, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 1], false, &mut bits);
        assert_eq!(bits, [0b1001_1101, 0b0000_0001, 0b1010_0000]);
        pack(&[1, 0, 0, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 1], true, &mut bits);
        assert_eq!(bits, [0b0110_0010, 0b1111_1110, 0b0100_0000]);
        for place in 0..8 {
            let dots: [u8; 8] = std::array::from_fn(|at| u8::from(at == place));
            let mut bits = [0];
            pack(&dots, false, &mut bits);
            assert_eq!(bits, [0x80 >> place]);
        }
    }

    #[test]
    fn only_the_part_on_the_raster_is_visible() {
        assert_eq!(Visible::of(0, 10, 8), Visible { start: 0, from: 0, count: 8 });
        assert_eq!(Visible::of(-3, 10, 8), Visible { start: 0, from: 3, count: 7 });
        assert_eq!(Visible::of(5, 10, 8), Visible { start: 5, from: 0, count: 3 });
        assert_eq!(Visible::of(-10, 10, 8).count, 0);
        assert_eq!(Visible::of(9, 10, 8), Visible { start: 8, from: 0, count: 0 });
        assert_eq!(Visible::of(i64::from(i32::MIN), 1, 8).count, 0);
    }
}
