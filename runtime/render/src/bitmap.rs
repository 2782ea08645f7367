//! What does a driver get?

use crate::error::RenderError;

/// A picture of black and white dots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bitmap {
    /// In dots.
    pub width: u32,
    /// In dots.
    pub height: u32,
    /// Bytes in a row: `width` / 8, rounded up.
    pub stride: u32,
    /// `stride` x `height` bytes, row by row from the top. One bit a dot, 1 is black, the left dot is the highest bit;
    /// the unused bits at the end of a row are 0.
    pub data: Vec<u8>,
}

impl Bitmap {
    /// Whether the dot in column `x` and row `y` is black; false outside.
    pub fn is_black(&self, x: u32, y: u32) -> bool {
        let byte = u64::from(y) * u64::from(self.stride) + u64::from(x / 8);
        let byte = usize::try_from(byte).ok().and_then(|byte| self.data.get(byte));
        x < self.width && byte.is_some_and(|byte| byte & (0x80 >> (x % 8)) != 0)
    }

    /// The same dots as a PNG file: greyscale of 1 bit, with the density in its `pHYs`.
    pub fn to_png(&self, dpmm: u32) -> Result<Vec<u8>, RenderError> {
        let mut file = Vec::new();
        self.write_png(dpmm, &mut file).map_err(|error| RenderError::Raster { reason: error.to_string() })?;
        Ok(file)
    }

    fn write_png(&self, dpmm: u32, file: &mut Vec<u8>) -> Result<(), png::EncodingError> {
        let ppm = dpmm.saturating_mul(1_000);
        let mut encoder = png::Encoder::new(file, self.width, self.height);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::One);
        encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: ppm, yppu: ppm, unit: png::Unit::Meter }));
        // Rows of bits gain nothing from filters, which predict bytes.
        encoder.set_deflate_compression(png::DeflateCompression::Level(4));
        encoder.set_filter(png::Filter::NoFilter);
        let mut writer = encoder.write_header()?;
        // In PNG greyscale 1 is white.
        let white: Vec<u8> = self.data.iter().map(|byte| !byte).collect();
        writer.write_image_data(&white)?;
        writer.finish()
    }
}
