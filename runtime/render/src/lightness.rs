//! How light is a pixel?
//!
//! Lightness is the luma of ITU-R BT.709 (item 3.2: 0.2126 R + 0.7152 G + 0.0722 B) of the sample values as they are:
//! gamma and colour profiles are ignored, because what counts on a label is the black and the white. A transparent
//! pixel lies on white paper. All is computed in whole numbers and rounded once, half up.

use png::ColorType;

/// The three weights together.
const ONE: u32 = 10_000;

/// Fills `out` with the lightness of each pixel of a row: `samples` are 8-bit, in the order of `color`.
pub(crate) fn of_row_8(color: ColorType, samples: &[u8], out: &mut [u8]) {
    match color {
        // An indexed row has been expanded to RGB before; its bare indices would be meaningless.
        ColorType::Grayscale | ColorType::Indexed => {
            out.iter_mut().zip(samples).for_each(|(out, sample)| *out = *sample);
        }
        ColorType::GrayscaleAlpha => each(samples, out, |&[y, a]: &[u8; 2]| on_white_8(u32::from(y) * ONE, a)),
        ColorType::Rgb => each(samples, out, |&[r, g, b]: &[u8; 3]| round_8(luma_8(r, g, b), ONE)),
        ColorType::Rgba => rgba_8(samples, out),
    }
}

/// Most of a page is white paper, which is told in strips and not computed.
fn rgba_8(samples: &[u8], out: &mut [u8]) {
    const STRIP: usize = 16;
    for (out, strip) in out.chunks_mut(STRIP).zip(samples.chunks(4 * STRIP)) {
        if strip.iter().fold(u8::MAX, |all, sample| all & sample) == u8::MAX {
            out.fill(u8::MAX);
        } else {
            each(strip, out, |&[r, g, b, a]: &[u8; 4]| on_white_8(luma_8(r, g, b), a));
        }
    }
}

/// Fills `out` with the lightness of each pixel of a row: `samples` are 16-bit, high byte first, in the order of `color`.
pub(crate) fn of_row_16(color: ColorType, samples: &[u8], out: &mut [u8]) {
    let grey = |high, low| u64::from(u16::from_be_bytes([high, low])) * u64::from(ONE);
    match color {
        ColorType::Grayscale | ColorType::Indexed => {
            each(samples, out, |&[h, l]: &[u8; 2]| on_white_16(grey(h, l), u16::MAX));
        }
        ColorType::GrayscaleAlpha => {
            each(samples, out, |&[h, l, ah, al]: &[u8; 4]| on_white_16(grey(h, l), u16::from_be_bytes([ah, al])));
        }
        ColorType::Rgb => each(samples, out, |&[rh, rl, gh, gl, bh, bl]: &[u8; 6]| {
            on_white_16(luma_16([rh, rl], [gh, gl], [bh, bl]), u16::MAX)
        }),
        ColorType::Rgba => each(samples, out, |&[rh, rl, gh, gl, bh, bl, ah, al]: &[u8; 8]| {
            on_white_16(luma_16([rh, rl], [gh, gl], [bh, bl]), u16::from_be_bytes([ah, al]))
        }),
    }
}

fn each<const N: usize>(samples: &[u8], out: &mut [u8], lightness: impl Fn(&[u8; N]) -> u8) {
    let (pixels, _) = samples.as_chunks::<N>();
    out.iter_mut().zip(pixels).for_each(|(out, pixel)| *out = lightness(pixel));
}

fn luma_8(r: u8, g: u8, b: u8) -> u32 {
    2_126 * u32::from(r) + 7_152 * u32::from(g) + 722 * u32::from(b)
}

fn luma_16(r: [u8; 2], g: [u8; 2], b: [u8; 2]) -> u64 {
    let [r, g, b] = [r, g, b].map(|sample| u64::from(u16::from_be_bytes(sample)));
    2_126 * r + 7_152 * g + 722 * b
}

/// `luma` is in 1/10,000.
fn on_white_8(luma: u32, alpha: u8) -> u8 {
    const MAX: u32 = u8::MAX as u32;
    let alpha = u32::from(alpha);
    round_8(luma * alpha + ONE * MAX * (MAX - alpha), ONE * MAX)
}

/// `luma` is in 1/10,000 of a 16-bit sample.
fn on_white_16(luma: u64, alpha: u16) -> u8 {
    const MAX: u64 = u16::MAX as u64;
    // 65,535 is 257 x 255.
    const WHOLE: u64 = ONE as u64 * MAX * 257;
    let alpha = u64::from(alpha);
    let sum = luma * alpha + u64::from(ONE) * MAX * (MAX - alpha);
    u8::try_from((sum + WHOLE / 2) / WHOLE).unwrap_or(u8::MAX)
}

fn round_8(sum: u32, whole: u32) -> u8 {
    u8::try_from((sum + whole / 2) / whole).unwrap_or(u8::MAX)
}
