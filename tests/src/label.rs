//! Labels to print: pictures in which every wrong turn shows.
//!
//! Nothing is symmetric, lines touch all four edges, each payload gives another picture, a strip has every shade of grey (so that
//! the threshold counts), and the payload can be read back from a Code 128 and a QR code.

use barcoders::sym::code128::Code128;
use qrcode::{Color, QrCode};

/// White, as lightness.
const WHITE: u8 = 255;

/// A grey picture of a label.
#[derive(Debug, Clone)]
pub struct Label {
    /// In dots.
    pub width: u32,
    /// In dots.
    pub height: u32,
    /// What its codes say.
    pub payload: String,
    /// Lightness, row by row.
    pixels: Vec<u8>,
}

impl Label {
    /// A label of 4 x 6 inch at 8 dots/mm: 812 x 1218 dots, the size that the drivers have by default.
    pub fn four_by_six(payload: &str) -> Self {
        Self::new(812, 1218, payload)
    }

    /// A label of at least 400 x 600 dots. The payload is ASCII, at most 16 characters for the Code 128 to stay readable.
    pub fn new(width: u32, height: u32, payload: &str) -> Self {
        assert!(width >= 400 && height >= 600, "{width} x {height} dots are too few for its codes");
        let area = usize::try_from(width * height).unwrap();
        let mut label = Self { width, height, payload: payload.to_owned(), pixels: vec![WHITE; area] };
        label.frame();
        label.writing();
        label.code128();
        label.qr();
        label.greys();
        label
    }

    /// Black and white dots without a pattern, which no compression makes smaller.
    pub fn noise(width: u32, height: u32) -> Self {
        let mut random = Random::new("noise");
        let pixels = (0..width * height).map(|_| if random.below(2) == 1 { WHITE } else { 0 }).collect();
        Self { width, height, payload: String::new(), pixels }
    }

    /// The label as a PNG of 8 bit grey, which does not say how large a dot is.
    pub fn png(&self) -> Vec<u8> {
        self.encoded(None)
    }

    /// The same with a size: so many dots are a metre long.
    pub fn png_at(&self, dots_per_metre: u32) -> Vec<u8> {
        self.encoded(Some(dots_per_metre))
    }

    fn encoded(&self, dots_per_metre: Option<u32>) -> Vec<u8> {
        let mut png = Vec::new();
        let mut encoder = png::Encoder::new(&mut png, self.width, self.height);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::Eight);
        let unit = png::Unit::Meter;
        encoder.set_pixel_dims(dots_per_metre.map(|dots| png::PixelDimensions { xppu: dots, yppu: dots, unit }));
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&self.pixels).unwrap();
        writer.finish().unwrap();
        png
    }

    fn fill(&mut self, left: u32, top: u32, width: u32, height: u32, lightness: u8) {
        for y in top..(top + height).min(self.height) {
            let row = usize::try_from(y * self.width).unwrap();
            let (from, to) = (left.min(self.width), (left + width).min(self.width));
            self.pixels[row + from as usize..row + to as usize].fill(lightness);
        }
    }

    /// A frame at the very edge, of another thickness on each side.
    fn frame(&mut self) {
        let (width, height) = (self.width, self.height);
        self.fill(0, 0, width, 2, 0);
        self.fill(0, height - 4, width, 4, 0);
        self.fill(0, 0, 3, height, 0);
        self.fill(width - 1, 0, 1, height, 0);
    }

    /// Lines of made-up letters of 5 x 7 cells in dark greys. They depend on the payload.
    fn writing(&mut self) {
        let cell = self.width / 130;
        let mut random = Random::new(&self.payload);
        for line in 0..6 {
            let length = 8 + random.below(10);
            let ink = u8::try_from(random.below(128)).unwrap();
            for letter in 0..length {
                let (left, top) = (self.width / 16 + letter * 6 * cell, self.height / 30 + line * 9 * cell);
                for dot in (0..35).filter(|_| random.below(2) == 1).collect::<Vec<_>>() {
                    self.fill(left + dot % 5 * cell, top + dot / 5 * cell, cell, cell, ink);
                }
            }
        }
    }

    fn code128(&mut self) {
        // The first character chooses code set B.
        let bars = Code128::new(format!("\u{181}{}", self.payload)).unwrap().encode();
        let modules = u32::try_from(bars.len()).unwrap();
        // Ten modules of white at each side belong to the code.
        let module = (self.width - 8) / (modules + 20);
        assert!(module >= 2, "'{}' is too long for a label of {} dots", self.payload, self.width);
        let top = self.height * 36 / 100;
        for (index, _) in (0..).zip(bars).filter(|(_, bar)| *bar == 1) {
            self.fill(4 + (10 + index) * module, top, module, self.height / 9, 0);
        }
    }

    fn qr(&mut self) {
        let code = QrCode::new(&self.payload).unwrap();
        let across = u32::try_from(code.width()).unwrap();
        let module = self.width / 3 / across;
        let (left, top) = (self.width / 2, self.height / 2);
        for (index, _) in (0..).zip(code.to_colors()).filter(|(_, colour)| *colour == Color::Dark) {
            self.fill(left + index % across * module, top + index / across * module, module, module, 0);
        }
    }

    /// All 256 shades side by side, and back again.
    fn greys(&mut self) {
        let top = self.height * 92 / 100;
        for x in 8..self.width - 8 {
            let shade = u8::try_from(x % 256).unwrap();
            self.fill(x, top, 1, self.height / 40, if x / 256 % 2 == 0 { shade } else { 255 - shade });
        }
    }
}

/// A generator whose numbers depend on a text only (xorshift64, seeded by FNV-1a).
struct Random(u64);

impl Random {
    fn new(seed: &str) -> Self {
        let hash = seed
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Self(hash | 1)
    }

    fn below(&mut self, end: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from((self.0 >> 16) % u64::from(end)).unwrap()
    }
}
