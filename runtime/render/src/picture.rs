//! What is a page between its decoding and its placing?

use crate::error::RenderError;
use crate::limits::RenderLimits;
use crate::raster::Rotation;

/// Pixels per metre that a document declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Density {
    pub x_ppm: u32,
    pub y_ppm: u32,
}

/// One page as shades of grey.
#[derive(Debug)]
pub(crate) struct Picture {
    /// In pixels, at least 1.
    pub width: usize,
    /// In pixels, at least 1.
    pub height: usize,
    /// `width` x `height` bytes from the top, row by row: 0 black to 255 white.
    pub lightness: Vec<u8>,
    /// Nothing: one pixel is one dot.
    pub density: Option<Density>,
}

impl Picture {
    /// The pixels of row `y`; empty below the last one.
    pub fn row(&self, y: usize) -> &[u8] {
        self.lightness.get(y * self.width..(y + 1) * self.width).unwrap_or_default()
    }

    /// The picture with left and right exchanged.
    pub fn mirrored(mut self) -> Self {
        self.lightness.chunks_exact_mut(self.width).for_each(<[u8]>::reverse);
        self
    }

    /// The picture turned clockwise.
    pub fn rotated(mut self, rotation: Rotation, limits: &RenderLimits) -> Result<Self, RenderError> {
        match rotation {
            Rotation::None => Ok(self),
            Rotation::Half => {
                self.lightness.reverse();
                Ok(self)
            }
            Rotation::Quarter => self.on_its_side(true, limits),
            Rotation::ThreeQuarters => self.on_its_side(false, limits),
        }
    }

    /// A quarter turn: each row of the result is a column of this picture.
    fn on_its_side(self, clockwise: bool, limits: &RenderLimits) -> Result<Self, RenderError> {
        let mut lightness = limits.buffer::<u8>(self.lightness.len())?;
        for (y, row) in lightness.chunks_exact_mut(self.height).enumerate() {
            let x = if clockwise { y } else { self.width - 1 - y };
            let column = self.lightness.iter().skip(x).step_by(self.width);
            if clockwise {
                row.iter_mut().rev().zip(column).for_each(|(to, from)| *to = *from);
            } else {
                row.iter_mut().zip(column).for_each(|(to, from)| *to = *from);
            }
        }
        Ok(Self {
            width: self.height,
            height: self.width,
            lightness,
            density: self.density.map(|Density { x_ppm, y_ppm }| Density { x_ppm: y_ppm, y_ppm: x_ppm }),
        })
    }
}
