//! A label to try printers with: a frame, some lines of text, and a Code 128 barcode, drawn at whole dots.

use anyhow::{Context as _, Result};
use barcoders::sym::code128::Code128;
use font8x8::{BASIC_FONTS, UnicodeFonts as _};
use ostler_render::Bitmap;

/// A picture of black and white dots.
pub struct Picture {
    bitmap: Bitmap,
    dpmm: u32,
}

/// Draws a label of 101.5 x 152.25 mm (4 x 6 inches) at a density in dots per millimetre.
pub fn draw(dpmm: u32, text: &[&str], payload: &str) -> Result<Picture> {
    let (width, height) = (dpmm * 203 / 2, dpmm * 609 / 4);
    let stride = width.div_ceil(8);
    let data = vec![0; usize::try_from(stride * height)?];
    let mut picture = Picture { bitmap: Bitmap { width, height, stride, data }, dpmm };
    let mm = |tenths: u32| tenths * dpmm / 10;
    picture.frame(mm(20), mm(20), width - mm(40), height - mm(40), mm(8));
    for (row, line) in (0_u32..).zip(text) {
        let scale = if row == 0 { mm(12) } else { mm(6) };
        picture.text(mm(80), mm(100 + row * 160), scale, line);
    }
    let modules = modules(payload)?;
    // 0.375 mm a module: 3 dots at 203 dpi.
    let module = (dpmm * 3).div_ceil(8);
    let left = (width - u32::try_from(modules.len())? * module) / 2;
    for (column, black) in (0_u32..).zip(&modules) {
        if *black == 1 {
            picture.fill(left + column * module, mm(700), module, mm(350));
        }
    }
    picture.text(left, mm(1090), mm(4), payload);
    // An arrow in one corner: a label that is turned or mirrored looks different.
    for step in 0..mm(150) {
        picture.fill(mm(80), mm(1200) + step, step.max(1), 1);
    }
    Ok(picture)
}

fn modules(payload: &str) -> Result<Vec<u8>> {
    // U+0181 selects character set B, which has letters of both cases.
    let code = Code128::new(format!("\u{0181}{payload}"));
    Ok(code.ok().context("the payload cannot be written in Code 128")?.encode())
}

impl Picture {
    /// In dots.
    pub fn width(&self) -> u32 {
        self.bitmap.width
    }

    /// In dots.
    pub fn height(&self) -> u32 {
        self.bitmap.height
    }

    /// Whether a dot is black.
    pub fn is_black(&self, x: u32, y: u32) -> bool {
        self.bitmap.is_black(x, y)
    }

    /// The picture as a file.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        Ok(self.bitmap.to_png(self.dpmm)?)
    }

    fn fill(&mut self, left: u32, top: u32, width: u32, height: u32) {
        for y in top..(top + height).min(self.bitmap.height) {
            for x in left..(left + width).min(self.bitmap.width) {
                let byte = usize::try_from(y * self.bitmap.stride + x / 8).ok();
                if let Some(byte) = byte.and_then(|byte| self.bitmap.data.get_mut(byte)) {
                    *byte |= 0x80 >> (x % 8);
                }
            }
        }
    }

    fn frame(&mut self, left: u32, top: u32, width: u32, height: u32, line: u32) {
        self.fill(left, top, width, line);
        self.fill(left, top + height - line, width, line);
        self.fill(left, top, line, height);
        self.fill(left + width - line, top, line, height);
    }

    /// Letters of 8 x 8 squares of `scale` dots.
    fn text(&mut self, left: u32, top: u32, scale: u32, text: &str) {
        for (column, letter) in (0_u32..).zip(text.chars()) {
            let rows = BASIC_FONTS.get(letter).unwrap_or_default();
            for (y, row) in (0_u32..).zip(rows) {
                for x in (0..8).filter(|x| row & (1 << x) != 0) {
                    self.fill(left + (column * 8 + x) * scale, top + y * scale, scale, scale);
                }
            }
        }
    }
}
