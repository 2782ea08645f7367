//! The test label: a picture that shows at a glance whether size, position and head are right.
//!
//! The guide has no command that prints a test of the whole label, only the configuration (`~WC`), so the driver draws
//! one: a border of four dots at the very edge, both diagonals, bars of 1 to 8 dots, and the machine's name.

use font8x8::{BASIC_FONTS, LATIN_FONTS, UnicodeFonts as _};

use crate::print::document::Document;

/// A picture under construction.
struct Canvas {
    width: u32,
    height: u32,
    data: Vec<u8>,
}

impl Canvas {
    /// Makes a dot black; outside of the label nothing happens.
    fn dot(&mut self, x: u32, y: u32) {
        if x >= self.width || y >= self.height {
            return;
        }
        let at = y as usize * self.width.div_ceil(8) as usize + x as usize / 8;
        if let Some(byte) = self.data.get_mut(at) {
            *byte |= 0x80 >> (x % 8);
        }
    }

    fn fill(&mut self, (x, y): (u32, u32), (width, height): (u32, u32)) {
        for dy in 0..height {
            for dx in 0..width {
                self.dot(x + dx, y + dy);
            }
        }
    }

    /// A line of text, each dot of a letter as a square of `scale` dots.
    fn text(&mut self, (x, y): (u32, u32), scale: u32, text: &str) {
        for (letter, left) in text.chars().zip((x..).step_by(8 * scale as usize)) {
            let glyph = BASIC_FONTS.get(letter).or_else(|| LATIN_FONTS.get(letter)).unwrap_or([0; 8]);
            for (bits, dy) in glyph.into_iter().zip(0..) {
                for dx in (0..8).filter(|dx| bits >> dx & 1 == 1) {
                    self.fill((left + dx * scale, y + dy * scale), (scale, scale));
                }
            }
        }
    }
}

/// The test label in this size in dots.
pub fn draw(width: u32, height: u32, name: &str) -> Document {
    let mut canvas = Canvas { width, height, data: vec![0; width.div_ceil(8) as usize * height as usize] };
    let border = 4.min(width).min(height);
    canvas.fill((0, 0), (width, border));
    canvas.fill((0, height - border), (width, border));
    canvas.fill((0, 0), (border, height));
    canvas.fill((width - border, 0), (border, height));
    for y in 0..height {
        let x = u32::try_from(u64::from(y) * u64::from(width) / u64::from(height)).unwrap_or(0);
        canvas.fill((x, y), (2, 1));
        canvas.fill((width.saturating_sub(x + 2), y), (2, 1));
    }
    // Bars of 1 to 8 dots with gaps of the same width, from the left edge on.
    let (mut x, top) = (width / 16, height / 16);
    for bar in 1..=8 {
        canvas.fill((x, top), (bar, height / 8));
        x += 2 * bar + 4;
    }
    let letters = u32::try_from(name.chars().count()).unwrap_or(u32::MAX).max(1);
    let scale = (width * 7 / 8 / letters.saturating_mul(8).max(1)).clamp(1, 8);
    canvas.text((width / 16, height / 4), scale, name);
    Document::Dots { width, height, data: canvas.data }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn black(document: &Document, x: u32, y: u32) -> bool {
        let Document::Dots { width, data, .. } = document else { panic!("no dots") };
        data[(y * width.div_ceil(8) + x / 8) as usize] >> (7 - x % 8) & 1 == 1
    }

    #[test]
    fn the_border_lies_at_the_very_edge_and_the_padding_stays_white() {
        let label = draw(203, 100, "dock");
        for (x, y) in [(0, 0), (202, 0), (0, 99), (202, 99), (100, 0), (0, 50), (202, 50), (100, 99)] {
            assert!(black(&label, x, y), "{x},{y}");
        }
        let Document::Dots { data, .. } = &label else { panic!("no dots") };
        assert!(data.chunks(26).all(|row| row[25].trailing_zeros() >= 5));
    }

    #[test]
    fn another_name_is_another_label() {
        assert_ne!(draw(400, 200, "dock"), draw(400, 200, "ramp"));
    }

    #[test]
    fn labels_of_every_size_can_be_drawn() {
        for size in [1, 2, 3, 7, 8, 9, 33] {
            draw(size, 1, "a name that is much too long for the label");
            draw(1, size, "");
            draw(size, size, "é漢");
        }
    }
}
