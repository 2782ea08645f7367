//! What a PNG must look like on paper, and whether two pictures are the same.
//!
//! Made without the renderer under test: a PNG is decoded here, and a dot is black when its lightness is below 128.

use ostler_simulators::Bitmap;
use std::io::Cursor;

/// The dots of a PNG: every dot darker than the middle is black. Takes grey and RGB of 1 to 16 bits; alpha is not expected.
#[track_caller]
pub fn of_png(png: &[u8]) -> Bitmap {
    let mut decoder = png::Decoder::new(Cursor::new(png));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    let samples = frame.color_type.samples();
    let mut dots = Bitmap::new(frame.width, frame.height);
    for (y, row) in (0..).zip(pixels.chunks_exact(frame.line_size)) {
        for (x, pixel) in (0..).zip(row.chunks_exact(samples)) {
            // With alpha, what is clear is paper.
            let (colour, alpha) = match frame.color_type {
                png::ColorType::GrayscaleAlpha | png::ColorType::Rgba => pixel.split_at(samples - 1),
                _ => (pixel, [255].as_slice()),
            };
            let lightness =
                colour.iter().map(|&value| u32::from(value)).sum::<u32>() / u32::try_from(colour.len()).unwrap();
            if lightness < 128 && alpha[0] >= 128 {
                dots.set_black(x, y);
            }
        }
    }
    dots
}

/// Where two pictures differ: nothing when they are the same, dot for dot.
pub fn difference(expected: &Bitmap, actual: &Bitmap) -> Option<String> {
    let size = |of: &Bitmap| (of.width(), of.height());
    if size(expected) != size(actual) {
        return Some(format!("{:?} dots were expected, {:?} came", size(expected), size(actual)));
    }
    let everywhere = (0..expected.height()).flat_map(|y| (0..expected.width()).map(move |x| (x, y)));
    let mut differing = everywhere.filter(|&(x, y)| expected.is_black(x, y) != actual.is_black(x, y));
    let first = differing.next()?;
    let count = 1 + differing.count();
    let (black, came) = (expected.black_dots(), actual.black_dots());
    Some(format!("{count} dots differ, the first at {first:?}; {black} black ones were expected, {came} came"))
}

/// Dots in which two pictures differ and which do not lie within one dot of an edge: no dot of theirs that has a neighbour of
/// another colour, in any of eight directions, is near in `reference`. Only the part that both pictures have is looked at.
pub fn beyond_an_edge(reference: &Bitmap, other: &Bitmap) -> Vec<(u32, u32)> {
    // To be near an edge dot is to have the other colour within two dots.
    const NEAR: u32 = 2;
    let (width, height) = (reference.width().min(other.width()), reference.height().min(other.height()));
    let near = |x: u32, y: u32, black: bool| {
        let columns = x.saturating_sub(NEAR)..=(x + NEAR).min(width - 1);
        let mut rows = y.saturating_sub(NEAR)..=(y + NEAR).min(height - 1);
        rows.any(|y| columns.clone().any(|x| reference.is_black(x, y) == black))
    };
    let everywhere = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let differing = everywhere.filter(|&(x, y)| reference.is_black(x, y) != other.is_black(x, y));
    differing.filter(|&(x, y)| !near(x, y, other.is_black(x, y))).collect()
}

/// Fails the test unless both pictures are the same, dot for dot.
#[track_caller]
pub fn assert_same(expected: &Bitmap, actual: &Bitmap) {
    assert_ne!(expected.black_dots(), 0, "an expectation of nothing proves nothing");
    if let Some(difference) = difference(expected, actual) {
        panic!("{difference}");
    }
}
