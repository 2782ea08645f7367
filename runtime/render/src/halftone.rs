//! Which dots of a grey row are black?

use std::cell::Cell;
use std::iter::zip;

use crate::error::RenderError;
use crate::limits::RenderLimits;
use crate::raster::{Halftone, Raster};

/// Lightness from here on is white for error diffusion.
const MIDDLE: i32 = 128;

/// Errors are kept in sixteenths of a lightness, so that none is lost when they are shared out.
const PARTS: i32 = 16;

/// The 8 x 8 matrix of B. E. Bayer, "An optimum method for two-level rendition of continuous-tone pictures" (1973): the
/// order in which the dots of a tile turn white as it gets lighter.
const BAYER: [[u8; 8]; 8] = [
    [0, 32, 8, 40, 2, 34, 10, 42],
    [48, 16, 56, 24, 50, 18, 58, 26],
    [12, 44, 4, 36, 14, 46, 6, 38],
    [60, 28, 52, 20, 62, 30, 54, 22],
    [3, 35, 11, 43, 1, 33, 9, 41],
    [51, 19, 59, 27, 49, 17, 57, 25],
    [15, 47, 7, 39, 13, 45, 5, 37],
    [63, 31, 55, 23, 61, 29, 53, 21],
];

/// Turns grey rows to black and white ones, from the top.
pub(crate) enum Halftoner {
    Threshold(u8),
    /// The errors that the row above left to each dot.
    Diffusion(Vec<i16>),
    /// The matrix's row that is next.
    Ordered(usize),
}

impl Halftoner {
    pub fn new(raster: &Raster, limits: &RenderLimits) -> Result<Self, RenderError> {
        Ok(match raster.halftone {
            Halftone::Threshold => Self::Threshold(raster.threshold),
            Halftone::Diffusion => Self::Diffusion(limits.buffer(raster.width as usize + 1)?),
            Halftone::Ordered => Self::Ordered(0),
        })
    }

    /// Replaces each lightness of the next row by 1 for black and 0 for white.
    pub fn row(&mut self, row: &mut [u8]) {
        match self {
            Self::Threshold(threshold) => row.iter_mut().for_each(|dot| *dot = u8::from(*dot < *threshold)),
            Self::Diffusion(errors) => diffuse(row, errors),
            Self::Ordered(y) => {
                let orders = BAYER.get(*y).copied().unwrap_or_default();
                // Between each two neighbours of the 65 shades: pure black and pure white stay pure.
                let thresholds = orders.map(|order| order * 4 + 2);
                for tile in row.chunks_mut(thresholds.len()) {
                    zip(tile, thresholds).for_each(|(dot, threshold)| *dot = u8::from(*dot < threshold));
                }
                *y = (*y + 1) % BAYER.len();
            }
        }
    }
}

/// Floyd and Steinberg, "An adaptive algorithm for spatial greyscale" (1976): 7/16 of a dot's error go to its right neighbour,
/// 3, 5 and 1 sixteenths to the three below. Each row runs from the left.
///
/// `errors` has an unused place before the first dot's.
fn diffuse(row: &mut [u8], errors: &mut [i16]) {
    // What the row below gets is written over `errors`, one dot behind what is read: `left` is the sum for the dot before
    // this one, still without its share of this one, and `here` what this dot's lower neighbour has so far.
    let (mut right, mut left, mut here) = (0, 0, 0);
    let errors = Cell::from_mut(errors).as_slice_of_cells();
    for (dot, pair) in zip(row, errors.windows(2)) {
        let [behind, error] = pair else { return };
        let lightness = i32::from(*dot) * PARTS + i32::from(error.get()) + right;
        let black = lightness < MIDDLE * PARTS;
        *dot = u8::from(black);
        let miss = if black { lightness } else { lightness - 255 * PARTS };
        // Rounded down; what that leaves goes straight below, so that no darkness is lost.
        right = (miss * 7) >> 4;
        let (below_left, below_right) = ((miss * 3) >> 4, miss >> 4);
        behind.set(narrow(left + below_left));
        left = here + miss - right - below_left - below_right;
        here = below_right;
    }
    if let Some(last) = errors.last() {
        last.set(narrow(left));
    }
}

/// No error is larger than half of the lightnesses, 2,040 sixteenths.
fn narrow(error: i32) -> i16 {
    i16::try_from(error).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bayer_matrix_has_each_order_once() {
        let mut orders = BAYER.concat();
        orders.sort_unstable();
        assert!(orders.into_iter().eq(0..64));
    }

    #[test]
    fn floyd_and_steinberg_share_an_error_as_they_wrote() {
        let mut errors = [0; 4];
        let mut row = [255, 112, 255];
        diffuse(&mut row, &mut errors);
        assert_eq!(row, [0, 1, 0]);
        // 112 is black and leaves 112 x 16: 784 to the right neighbour, whose lightness is then 4,864 and leaves 784.
        let (miss, next) = (112 * 16, 784);
        let expected = [miss * 3 / 16, miss * 5 / 16 + next * 3 / 16, miss / 16 + (next - 343 - 147 - 49)];
        assert_eq!(errors.map(i32::from)[1..], expected);
    }
}
