//! A 1-bit picture: what a label printer's head burns. Bit 1 is black; the most significant bit of a byte is its
//! leftmost dot; each row begins at a byte, and the unused bits at a row's end are 0.

use std::fmt;
use std::io;

use thiserror::Error;

/// A 1-bit picture of `width` x `height` dots, in rows of `stride` bytes from top to bottom.
#[derive(Clone, PartialEq, Eq)]
pub struct Bitmap {
    width: u32,
    height: u32,
    stride: usize,
    bytes: Vec<u8>,
}

/// Bytes that are no picture of the stated width.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{length} bytes do not divide into rows of {stride} bytes")]
pub struct RowsError {
    /// Number of bytes given.
    pub length: usize,
    /// Bytes a row at the stated width.
    pub stride: usize,
}

/// How a picture is combined with the one it is drawn on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Black dots are added; white ones leave what is there.
    Black,
    /// Black dots turn over what is there: black on white, white on black.
    Reverse,
}

impl Bitmap {
    /// A white picture; sizes in dots.
    pub fn new(width: u32, height: u32) -> Self {
        let stride = stride_of(width);
        Self { width, height, stride, bytes: vec![0; stride * height as usize] }
    }

    /// Takes rows of `width.div_ceil(8)` bytes, top to bottom; bits past `width` are cleared.
    pub fn from_rows(width: u32, bytes: Vec<u8>) -> Result<Self, RowsError> {
        let stride = stride_of(width);
        let whole = stride != 0 && bytes.len().is_multiple_of(stride);
        let rows = if whole { u32::try_from(bytes.len() / stride).ok() } else { None };
        let Some(height) = rows else {
            return Err(RowsError { length: bytes.len(), stride });
        };
        let mut bitmap = Self { width, height, stride, bytes };
        bitmap.clear_padding();
        Ok(bitmap)
    }

    /// Width in dots.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in dots.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Bytes a row.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// All rows, top to bottom, `stride` bytes each.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The rows, top to bottom.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        // A picture of width 0 has no bytes, and `chunks_exact` wants a size of at least 1.
        self.bytes.chunks_exact(self.stride.max(1))
    }

    /// Whether the dot is black; dots outside the picture are white.
    pub fn is_black(&self, x: u32, y: u32) -> bool {
        if x >= self.width || y >= self.height {
            return false;
        }
        let at = y as usize * self.stride + (x / 8) as usize;
        self.bytes.get(at).is_some_and(|byte| byte & (0x80 >> (x % 8)) != 0)
    }

    /// Blackens a dot; one outside the picture is ignored.
    pub fn set_black(&mut self, x: u32, y: u32) {
        if x >= self.width || y >= self.height {
            return;
        }
        let at = y as usize * self.stride + (x / 8) as usize;
        if let Some(byte) = self.bytes.get_mut(at) {
            *byte |= 0x80 >> (x % 8);
        }
    }

    /// Number of black dots.
    pub fn black_dots(&self) -> u64 {
        self.bytes.iter().map(|byte| u64::from(byte.count_ones())).sum()
    }

    /// Draws `picture` with its upper left corner at (x, y), which may lie outside; what does not fit is cut off.
    pub fn draw(&mut self, picture: &Self, x: i32, y: i32, ink: Ink) {
        let Ok(width) = i32::try_from(self.width) else {
            return;
        };
        if x >= width {
            return;
        }
        let above = usize::try_from(y.min(0).unsigned_abs()).unwrap_or(usize::MAX);
        let below = usize::try_from(y.max(0)).unwrap_or(usize::MAX);
        // Byte n of a row takes its dots from bit 8n - x of the picture's row, on: from two bytes, unless x is a multiple of 8.
        let shift = x.saturating_neg().rem_euclid(8);
        let lead = x.saturating_neg().div_euclid(8);
        let stride = self.stride.max(1);
        let rows = self.bytes.chunks_exact_mut(stride).skip(below);
        for (target, source) in rows.zip(picture.rows().skip(above)) {
            let byte =
                |at: i32| usize::try_from(at).ok().and_then(|at| source.get(at)).map_or(0, |&byte| u16::from(byte));
            for (to, at) in target.iter_mut().zip(lead..) {
                let [_, dots] = ((byte(at) << 8 | byte(at + 1)) >> (8 - shift)).to_be_bytes();
                match ink {
                    Ink::Black => *to |= dots,
                    Ink::Reverse => *to ^= dots,
                }
            }
        }
        self.clear_padding();
    }

    /// The picture on another area with the same upper left corner: what is more is white, what does not fit is cut off.
    #[must_use]
    pub fn fitted(&self, width: u32, height: u32) -> Self {
        let mut result = Self::new(width, height);
        result.draw(self, 0, 0, Ink::Black);
        result
    }

    /// The picture turned by 180 degrees.
    #[must_use]
    pub fn turned(&self) -> Self {
        self.mirrored().upside_down()
    }

    /// The picture with left and right exchanged.
    #[must_use]
    pub fn mirrored(&self) -> Self {
        // Reversing a row's bits moves its padding to the left; shifting it out restores the alignment.
        let padding = (8 - self.width % 8) % 8;
        let mut result = Self::new(self.width, self.height);
        let stride = self.stride.max(1);
        for (to, from) in result.bytes.chunks_exact_mut(stride).zip(self.rows()) {
            let mut reversed = from.iter().rev().map(|byte| byte.reverse_bits()).peekable();
            for to in to {
                let high = reversed.next().unwrap_or(0);
                let low = reversed.peek().copied().unwrap_or(0);
                *to = if padding == 0 { high } else { (high << padding) | (low >> (8 - padding)) };
            }
        }
        result
    }

    /// The picture moved down by `dots` (up, if negative) on the same area.
    #[must_use]
    pub fn shifted_down(&self, dots: i32) -> Self {
        let mut result = Self::new(self.width, self.height);
        let by = dots.unsigned_abs() as usize;
        let (skip_to, skip_from) = if dots >= 0 { (by, 0) } else { (0, by) };
        let stride = self.stride.max(1);
        let targets = result.bytes.chunks_exact_mut(stride).skip(skip_to);
        for (to, from) in targets.zip(self.rows().skip(skip_from)) {
            to.copy_from_slice(from);
        }
        result
    }

    /// The picture with every dot repeated `across` and `down` times.
    #[must_use]
    pub fn scaled(&self, across: u32, down: u32) -> Self {
        let mut result = Self::new(self.width * across, self.height * down);
        for y in 0..result.height {
            for x in 0..result.width {
                if self.is_black(x / across, y / down) {
                    result.set_black(x, y);
                }
            }
        }
        result
    }

    /// A 1-bit greyscale PNG; with `dots_per_mm` it carries the physical size.
    pub fn to_png(&self, dots_per_mm: Option<u32>) -> io::Result<Vec<u8>> {
        let mut png = Vec::new();
        let mut encoder = png::Encoder::new(&mut png, self.width, self.height);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::One);
        if let Some(density) = dots_per_mm {
            encoder.set_pixel_dims(Some(png::PixelDimensions {
                xppu: density * 1000,
                yppu: density * 1000,
                unit: png::Unit::Meter,
            }));
        }
        // In a greyscale PNG, 0 is black.
        let inverted: Vec<u8> = self.bytes.iter().map(|byte| !byte).collect();
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&inverted)?;
        writer.finish()?;
        Ok(png)
    }

    fn upside_down(&self) -> Self {
        let bytes = self.rows().rev().flatten().copied().collect();
        Self { bytes, ..*self }
    }

    fn clear_padding(&mut self) {
        let used = self.width % 8;
        if used == 0 {
            return;
        }
        let mask = !(0xff_u8 >> used);
        for row in self.bytes.chunks_exact_mut(self.stride) {
            if let Some(last) = row.last_mut() {
                *last &= mask;
            }
        }
    }
}

/// The size and the amount of black; a test's failure message must not be a megabyte of bytes.
impl fmt::Debug for Bitmap {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Bitmap({}x{}, {} black)", self.width, self.height, self.black_dots())
    }
}

fn stride_of(width: u32) -> usize {
    width.div_ceil(8) as usize
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn pattern(width: u32, height: u32) -> Bitmap {
        let mut bitmap = Bitmap::new(width, height);
        for y in 0..height {
            for x in 0..width {
                if (x * 7 + y * 13 + x * y) % 5 < 2 {
                    bitmap.set_black(x, y);
                }
            }
        }
        bitmap
    }

    #[test]
    fn drawing_at_any_offset_moves_every_dot_and_cuts_off_what_is_outside() {
        let picture = pattern(13, 6);
        for (x, y) in (-16..24).flat_map(|x| [(x, 4), (x, -2)]) {
            let mut page = Bitmap::new(21, 9);
            page.draw(&picture, x, y, Ink::Black);
            for py in 0..9_u32 {
                for px in 0..32_u32 {
                    let (sx, sy) = (px.checked_add_signed(-x), py.checked_add_signed(-y));
                    let expected = px < 21 && sx.zip(sy).is_some_and(|(sx, sy)| picture.is_black(sx, sy));
                    assert_eq!(page.is_black(px, py), expected, "offset {x},{y}, dot {px},{py}");
                }
            }
            assert!(page.rows().all(|row| row.last().unwrap().trailing_zeros() >= 3), "padding stays 0");
        }
    }

    #[test]
    fn reverse_ink_turns_dots_over() {
        let picture = pattern(16, 4);
        let mut page = Bitmap::from_rows(16, vec![0xff; 8]).unwrap();
        page.draw(&picture, 0, 0, Ink::Reverse);
        assert_eq!(page.black_dots(), 64 - picture.black_dots());
    }

    #[test]
    fn mirroring_and_turning_move_each_dot_to_its_opposite() {
        for width in [1, 7, 8, 9, 13, 16, 30] {
            let picture = pattern(width, 5);
            let (mirrored, turned) = (picture.mirrored(), picture.turned());
            for y in 0..5 {
                for x in 0..width {
                    assert_eq!(mirrored.is_black(width - 1 - x, y), picture.is_black(x, y));
                    assert_eq!(turned.is_black(width - 1 - x, 4 - y), picture.is_black(x, y));
                }
            }
        }
    }

    #[test]
    fn shifting_moves_rows_and_loses_those_that_leave() {
        let picture = pattern(9, 6);
        let (down, up) = (picture.shifted_down(2), picture.shifted_down(-2));
        for x in 0..9 {
            for y in 0..6 {
                assert_eq!(down.is_black(x, y), y >= 2 && picture.is_black(x, y.wrapping_sub(2)));
                assert_eq!(up.is_black(x, y), picture.is_black(x, y + 2));
            }
        }
    }

    #[test]
    fn a_png_decodes_to_the_same_dots_with_black_as_zero() {
        let picture = pattern(21, 10);
        let file = picture.to_png(Some(8)).unwrap();
        let mut reader = png::Decoder::new(io::Cursor::new(file)).read_info().unwrap();
        assert_eq!(reader.info().pixel_dims.unwrap().xppu, 8000);
        let mut rows = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut rows).unwrap();
        let back = Bitmap::from_rows(21, rows.iter().map(|byte| !byte).collect()).unwrap();
        assert_eq!(back, picture);
    }

    #[test]
    fn bytes_that_are_no_whole_rows_are_refused() {
        assert_eq!(Bitmap::from_rows(12, vec![0; 5]), Err(RowsError { length: 5, stride: 2 }));
        assert!(Bitmap::from_rows(0, vec![]).is_err());
    }
}
