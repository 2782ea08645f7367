//! What bitmap does a driver want? The same words as `ostler:printing/jobs` in the WIT contract.

use serde::{Deserialize, Serialize};

use crate::error::RenderError;
use crate::limits::RenderLimits;

/// The finest density that is rendered, in dots per millimetre: 25,400 dpi, beyond any printer.
const MAX_DPMM: u32 = 1_000;

/// How a grey dot becomes black or white.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Halftone {
    /// Darker than the threshold is black. For text, lines and codes.
    Threshold,
    /// Floyd-Steinberg error diffusion. For photographs.
    Diffusion,
    /// An 8 x 8 Bayer matrix, which begins at the raster's left upper corner.
    Ordered,
}

/// Clockwise turn of the document before it is placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rotation {
    /// As it is.
    None,
    /// Its top goes to the right.
    Quarter,
    /// Upside down.
    Half,
    /// Its top goes to the left.
    ThreeQuarters,
}

/// What happens to a document that is not as large as the raster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scaling {
    /// It is shrunk to lie inside, keeping its shape. It is never enlarged past its own size.
    Fit,
    /// It keeps its own size, and what lies outside is cut off.
    Crop,
    /// It keeps its own size, and is refused ([`RenderError::Size`]) when its width or height differs from the raster's by
    /// more than a millimetre.
    Exact,
}

/// The bitmap that a driver wants.
///
/// A document's own size in dots follows from the density that it declares, for example in a PNG's `pHYs`: a picture of 72
/// dpi is enlarged on a printer of 203 dpi, by repeating pixels. Without a declared density, or with the device's own, one
/// pixel is one dot. A density is the device's when it lies within 0.5 % of `dpmm` or of what the trade calls it
/// (12 dots/mm is 304.8 dpi, and is called 300 dpi).
///
/// Shrinking averages the lightness of the area that each dot covers, before the halftone. One pixel to one dot is exact.
///
/// A document of outlines (PDF, SVG) is drawn at the size that it will have, with hard edges: a dot takes the colour that
/// covers most of it, and lines too thin for that keep one dot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Raster {
    /// Density of the device in dots per millimetre: 8 is called 203 dpi, 12 300 dpi, 24 600 dpi. 1 to 1,000.
    pub dpmm: u32,
    /// Width of the result in dots.
    pub width: u32,
    /// Height of the result in dots.
    pub height: u32,
    /// How grey becomes black or white.
    pub halftone: Halftone,
    /// For [`Halftone::Threshold`]: a dot is black when its lightness (0 black to 255 white) is below this. 128 is usual.
    pub threshold: u8,
    /// Turns the document before it is placed.
    pub rotation: Rotation,
    /// What to do with a document that is too large.
    pub scaling: Scaling,
    /// Where the document's left upper corner goes, in dots from the left; may be negative.
    pub offset_x: i32,
    /// Where the document's left upper corner goes, in dots from the top; may be negative.
    pub offset_y: i32,
    /// Black becomes white and white black, after everything else.
    pub invert: bool,
    /// Left becomes right, after everything else.
    pub mirror: bool,
}

impl Raster {
    /// A raster of this density and size with the usual rest: threshold 128, fit, at the corner, not turned.
    pub const fn new(dpmm: u32, width: u32, height: u32) -> Self {
        Self {
            dpmm,
            width,
            height,
            halftone: Halftone::Threshold,
            threshold: 128,
            rotation: Rotation::None,
            scaling: Scaling::Fit,
            offset_x: 0,
            offset_y: 0,
            invert: false,
            mirror: false,
        }
    }

    /// Bytes in a row of the bitmap.
    pub fn stride(&self) -> u32 {
        self.width.div_ceil(8)
    }

    /// Bytes of the bitmap.
    pub fn bitmap_bytes(&self) -> u64 {
        u64::from(self.stride()) * u64::from(self.height)
    }

    /// Refuses a raster that cannot be made: class [`Raster`](crate::ErrorClass::Raster) or
    /// [`Limit`](crate::ErrorClass::Limit).
    pub fn check(&self, limits: &RenderLimits) -> Result<(), RenderError> {
        let Self { dpmm, width, height, .. } = *self;
        if !(1..=MAX_DPMM).contains(&dpmm) {
            let reason = format!("a density of {dpmm} dots/mm is outside 1 to {MAX_DPMM}");
            return Err(RenderError::Raster { reason });
        }
        if width == 0 || height == 0 {
            return Err(RenderError::Raster { reason: format!("{width} x {height} dots is no area") });
        }
        let dots = u64::from(width) * u64::from(height);
        if dots > limits.dots {
            return Err(RenderError::RasterDots { width, height, dots, limit: limits.dots });
        }
        Ok(())
    }
}
