//! Black and white dots.

use thiserror::Error;

/// A picture of one bit a dot: 1 is black, the left dot is the highest bit, rows are padded to whole bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bitmap<'a> {
    width: u32,
    height: u32,
    stride: usize,
    data: &'a [u8],
}

/// Why bytes are not a bitmap.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BitmapError {
    /// It has no dots, or more than ZPL can place.
    #[error("a label of {width} x {height} dots cannot be printed; 1 to {most} in each direction can", most = Bitmap::MOST_DOTS)]
    Size {
        /// In dots.
        width: u32,
        /// In dots.
        height: u32,
    },
    /// The row length does not fit the width.
    #[error("a row of {width} dots has {expected} bytes, not {found}")]
    Stride {
        /// In dots.
        width: u32,
        /// Bytes that a row of this width has.
        expected: usize,
        /// Bytes in a row as declared.
        found: usize,
    },
    /// There are too many or too few bytes.
    #[error("the bitmap has {found} bytes instead of {expected}")]
    Length {
        /// Stride times height.
        expected: usize,
        /// Bytes that are there.
        found: usize,
    },
}

impl<'a> Bitmap<'a> {
    /// The longest `^LL` and the largest `^FO` coordinate (guide, pages of `^LL` and `^FO`: 1 to 32000).
    pub const MOST_DOTS: u32 = 32_000;

    /// Checks the sizes: `stride` is `width / 8` rounded up, `data` is `stride` x `height` bytes.
    pub fn new(width: u32, height: u32, stride: u32, data: &'a [u8]) -> Result<Self, BitmapError> {
        let fits = 1..=Self::MOST_DOTS;
        if !fits.contains(&width) || !fits.contains(&height) {
            return Err(BitmapError::Size { width, height });
        }
        let expected = width.div_ceil(8) as usize;
        if stride as usize != expected {
            return Err(BitmapError::Stride { width, expected, found: stride as usize });
        }
        let bytes = expected * height as usize;
        if data.len() != bytes {
            return Err(BitmapError::Length { expected: bytes, found: data.len() });
        }
        Ok(Self { width, height, stride: expected, data })
    }

    /// In dots.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// In dots.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Bytes in a row.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// All rows, from the top.
    pub fn data(&self) -> &'a [u8] {
        self.data
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bitmap_whose_bytes_do_not_fit_its_size_is_refused() {
        assert!(Bitmap::new(9, 2, 2, &[0; 4]).is_ok());
        assert_eq!(Bitmap::new(9, 2, 1, &[0; 2]), Err(BitmapError::Stride { width: 9, expected: 2, found: 1 }));
        assert_eq!(Bitmap::new(9, 2, 2, &[0; 3]), Err(BitmapError::Length { expected: 4, found: 3 }));
    }

    #[test]
    fn a_bitmap_without_dots_or_beyond_zpl_is_refused() {
        assert_eq!(Bitmap::new(0, 5, 0, &[]), Err(BitmapError::Size { width: 0, height: 5 }));
        assert_eq!(Bitmap::new(8, 32_001, 1, &vec![0; 32_001]), Err(BitmapError::Size { width: 8, height: 32_001 }));
    }
}
