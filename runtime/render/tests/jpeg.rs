//! JPEG: turned as it says, of the size that it declares, and refused when it is not whole.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation
)]

mod common;

use common::{pool, text};
use jpeg_encoder::{ColorType, Encoder, PixelDensity, PixelDensityUnit};
use ostler_render::{Bitmap, ErrorClass, Output, Raster, RenderError, Rendered};

const JPEG: &str = "image/jpeg";

/// A picture of 16 x 8 pixels whose left upper quarter is black, after which `more` is done to the encoder.
fn picture(color: ColorType, more: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let black = |x: usize, y: usize| x < 8 && y < 4;
    let samples = if color == ColorType::Luma { 1 } else { 3 };
    let dots = (0..8).flat_map(|y| (0..16).map(move |x| if black(x, y) { 0 } else { 255 }));
    let data: Vec<u8> = dots.flat_map(|sample| std::iter::repeat_n(sample, samples)).collect();
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 100);
    more(&mut encoder);
    encoder.encode(&data, 16, 8, color).unwrap();
    file
}

/// An Exif segment that says how to turn the picture.
fn exif(orientation: u8) -> Vec<u8> {
    let mut segment = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    segment.extend([orientation, 0, 0, 0, 0, 0, 0]);
    segment
}

async fn render(file: &[u8], width: u32, height: u32) -> Bitmap {
    let rendered = pool().render(file, JPEG, Raster::new(8, width, height), Output::Bitmap).await.unwrap();
    let Rendered::Bitmap(bitmap) = rendered else { panic!("a bitmap was asked for") };
    bitmap
}

#[tokio::test]
async fn grey_and_colour_are_the_same_dots() {
    let expected: Vec<String> =
        (0..8).map(|y| if y < 4 { "########........" } else { "................" }.to_owned()).collect();
    for color in [ColorType::Luma, ColorType::Rgb] {
        assert_eq!(text(&render(&picture(color, |_| ()), 16, 8).await), expected, "{color:?}");
        let progressive = picture(color, |encoder| encoder.set_progressive(true));
        assert_eq!(text(&render(&progressive, 16, 8).await), expected, "{color:?}, progressive");
    }
}

#[tokio::test]
async fn a_photograph_is_turned_as_its_exif_data_say() {
    // Where the black quarter, which is stored at the left and upper side, is to be seen (Exif 2.3, 4.6.4, orientation).
    let cases = [
        (1, "left upper"),
        (2, "right upper"),
        (3, "right lower"),
        (4, "left lower"),
        (5, "left upper"),
        (6, "right upper"),
        (7, "right lower"),
        (8, "left lower"),
    ];
    for (orientation, place) in cases {
        let file = picture(ColorType::Luma, |encoder| encoder.add_app_segment(1, exif(orientation)).unwrap());
        let (width, height) = if orientation < 5 { (16, 8) } else { (8, 16) };
        let bitmap = render(&file, width, height).await;
        let across = if bitmap.is_black(1, 1) || bitmap.is_black(1, height - 2) { "left" } else { "right" };
        let down = if bitmap.is_black(1, 1) || bitmap.is_black(width - 2, 1) { "upper" } else { "lower" };
        assert_eq!(format!("{across} {down}"), place, "orientation {orientation}");
    }
}

#[tokio::test]
async fn a_declared_density_is_its_size_on_paper() {
    let file = picture(ColorType::Luma, |encoder| {
        encoder.set_density(PixelDensity { density: (127, 254), unit: PixelDensityUnit::Inches });
    });
    let page = pool().inspect(&file, JPEG).await.unwrap().pages[0];
    assert_eq!(page.pixels, Some((16, 8)));
    assert_eq!(page.size_um, Some((3_200, 800)));
    let plain = pool().inspect(&picture(ColorType::Luma, |_| ()), JPEG).await.unwrap().pages[0];
    assert_eq!(plain.size_um, None);
}

#[tokio::test]
async fn one_that_is_cut_off_or_none_at_all_is_refused() {
    let whole = picture(ColorType::Rgb, |_| ());
    let pool = pool();
    for end in (2..whole.len() - 1).step_by(23) {
        let error = pool.inspect(&whole[..end], JPEG).await.unwrap_err();
        assert!(matches!(error, RenderError::Truncated { .. }), "after {end} bytes: {error}");
    }
    let error = pool.inspect(b"\x89PNG", JPEG).await.unwrap_err();
    assert!(error.to_string().starts_with("not a JPEG: starts with 89 50 4e 47"), "{error}");
    // A flipped bit is an error or a spot on the picture, and never the worker's end.
    for at in (2..whole.len()).step_by(7) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        if let Err(error) = pool.inspect(&damaged, JPEG).await {
            assert!(matches!(error.class(), ErrorClass::Document | ErrorClass::Limit), "{error}");
        }
    }
}
