//! Pictures to render and a pool of the real worker.

// Each test file uses its part.
#![allow(dead_code)]

pub mod chunks;
pub mod labels;

use ostler_render::{Bitmap, Output, Raster, RenderError, RenderLimits, RenderPool, Rendered, WorkerCommand};
use png::{BitDepth, ColorType, PixelDimensions, Unit};

/// The worker program of this crate.
pub fn worker() -> WorkerCommand {
    WorkerCommand { program: env!("CARGO_BIN_EXE_ostler-render-worker").into(), args: Vec::new() }
}

pub fn pool() -> RenderPool {
    RenderPool::new(RenderLimits::default(), worker())
}

pub async fn try_bitmap(pool: &RenderPool, png: &[u8], raster: Raster) -> Result<Bitmap, RenderError> {
    match pool.render(png, "image/png", raster, Output::Bitmap).await? {
        Rendered::Bitmap(bitmap) => Ok(bitmap),
        Rendered::Png(_) | Rendered::Pdf(_) => panic!("a bitmap was asked for"),
    }
}

pub async fn bitmap(pool: &RenderPool, png: &[u8], raster: Raster) -> Bitmap {
    try_bitmap(pool, png, raster).await.unwrap()
}

/// A bitmap as lines of `#` and `.`.
pub fn text(bitmap: &Bitmap) -> Vec<String> {
    let line = |y| (0..bitmap.width).map(move |x| if bitmap.is_black(x, y) { '#' } else { '.' });
    (0..bitmap.height).map(|y| line(y).collect()).collect()
}

/// The lightness that the renderer saw in each dot: a dot is white for all thresholds up to its lightness.
pub async fn lightness(pool: &RenderPool, png: &[u8], width: u32, height: u32) -> Vec<u8> {
    let mut seen = vec![0; width as usize * height as usize];
    for threshold in 1..=255 {
        let raster = Raster { threshold, ..Raster::new(8, width, height) };
        let bitmap = bitmap(pool, png, raster).await;
        let dots = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        seen.iter_mut().zip(dots).for_each(|(seen, (x, y))| *seen += u8::from(!bitmap.is_black(x, y)));
    }
    seen
}

/// A picture to be written by the `png` crate.
#[derive(Debug, Clone)]
pub struct Picture {
    pub width: u32,
    pub height: u32,
    pub color: ColorType,
    pub depth: BitDepth,
    pub data: Vec<u8>,
    pub palette: Option<Vec<u8>>,
    pub transparent: Option<Vec<u8>>,
    pub ppm: Option<(u32, u32)>,
}

impl Picture {
    pub fn new(width: u32, height: u32, color: ColorType, depth: BitDepth, data: Vec<u8>) -> Self {
        Self { width, height, color, depth, data, palette: None, transparent: None, ppm: None }
    }

    pub fn grey(width: u32, height: u32, data: Vec<u8>) -> Self {
        Self::new(width, height, ColorType::Grayscale, BitDepth::Eight, data)
    }

    /// From lines of `#` (black) and anything else (white).
    pub fn lines(lines: &[&str]) -> Self {
        let data = lines.iter().flat_map(|line| line.bytes().map(|b| if b == b'#' { 0 } else { 255 }));
        Self::grey(lines[0].len() as u32, lines.len() as u32, data.collect())
    }

    pub fn with_ppm(mut self, x: u32, y: u32) -> Self {
        self.ppm = Some((x, y));
        self
    }

    pub fn file(&self) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.width, self.height);
        encoder.set_color(self.color);
        encoder.set_depth(self.depth);
        if let Some(palette) = &self.palette {
            encoder.set_palette(palette.clone());
        }
        if let Some(transparent) = &self.transparent {
            encoder.set_trns(transparent.clone());
        }
        encoder.set_pixel_dims(self.ppm.map(|(xppu, yppu)| PixelDimensions { xppu, yppu, unit: Unit::Meter }));
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&self.data).unwrap();
        writer.finish().unwrap();
        file
    }
}

/// Noise that is the same in every run.
pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_be_bytes()[1]
    };
    std::iter::repeat_with(next).take(length).collect()
}
