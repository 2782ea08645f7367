//! A document of one pixel to a dot comes out exactly, whatever kind of PNG it is.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]

mod common;

use common::chunks::{self, chunk};
use common::{Picture, bitmap, lightness, noise, pool, text};
use ostler_render::{Halftone, Raster};
use png::{BitDepth, ColorType};

/// BT.709 luma on white paper, by the book.
fn expected(rgb: [f64; 3], alpha: f64) -> u8 {
    let luma = 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2];
    ((luma * alpha + 1.0 - alpha) * 255.0).round() as u8
}

#[tokio::test]
async fn every_grey_level_of_every_depth_has_its_lightness() {
    let pool = pool();
    for (depth, levels) in [(BitDepth::One, 2), (BitDepth::Two, 4), (BitDepth::Four, 16), (BitDepth::Eight, 256)] {
        let bits = depth as u32;
        let mut data = vec![0; levels * bits as usize / 8 + 1];
        for level in 0..levels {
            let at = level * bits as usize;
            data[at / 8] |= (level << (8 - bits as usize - at % 8)) as u8;
        }
        data.truncate((levels * bits as usize).div_ceil(8));
        let png = Picture::new(levels as u32, 1, ColorType::Grayscale, depth, data).file();
        let seen = lightness(&pool, &png, levels as u32, 1).await;
        let wanted = (0..levels).map(|level| (level * 255 / (levels - 1)) as u8);
        assert_eq!(seen, wanted.collect::<Vec<u8>>(), "{bits} bits");
    }
}

#[tokio::test]
async fn every_colour_type_has_its_lightness_on_white_paper() {
    let pool = pool();
    for color in [ColorType::Grayscale, ColorType::GrayscaleAlpha, ColorType::Rgb, ColorType::Rgba] {
        for depth in [BitDepth::Eight, BitDepth::Sixteen] {
            let bytes = depth as usize / 8;
            let data = noise(20 * 10 * color.samples() * bytes);
            let max = if bytes == 1 { 255.0 } else { 65_535.0 };
            let samples: Vec<f64> = data
                .chunks(bytes)
                .map(|sample| sample.iter().fold(0.0, |sum, b| sum * 256.0 + f64::from(*b)) / max)
                .collect();
            let wanted: Vec<u8> = samples
                .chunks(color.samples())
                .map(|pixel| match *pixel {
                    [y] => expected([y; 3], 1.0),
                    [y, a] => expected([y; 3], a),
                    [r, g, b] => expected([r, g, b], 1.0),
                    [r, g, b, a] => expected([r, g, b], a),
                    _ => unreachable!(),
                })
                .collect();
            let png = Picture::new(20, 10, color, depth, data).file();
            assert_eq!(lightness(&pool, &png, 20, 10).await, wanted, "{color:?} {depth:?}");
        }
    }
}

#[tokio::test]
async fn a_palette_of_every_depth_is_looked_up_with_its_transparency() {
    let pool = pool();
    for depth in [BitDepth::One, BitDepth::Two, BitDepth::Four, BitDepth::Eight] {
        let colors = 1 << (depth as usize).min(4);
        let palette = noise(3 * colors);
        let transparent = vec![0, 128];
        let bits = depth as usize;
        let indices: Vec<usize> = (0..64).map(|at| at * 7 % colors).collect();
        let data =
            indices.chunks(8 / bits).map(|byte| byte.iter().fold(0, |byte, index| byte << (bits % 8) | *index as u8));
        let mut picture = Picture::new(64, 1, ColorType::Indexed, depth, data.collect());
        picture.palette = Some(palette.clone());
        picture.transparent = Some(transparent.clone());
        let wanted = indices.iter().map(|index| {
            let rgb = [0, 1, 2].map(|part| f64::from(palette[3 * index + part]) / 255.0);
            expected(rgb, f64::from(*transparent.get(*index).unwrap_or(&255)) / 255.0)
        });
        let seen = lightness(&pool, &picture.file(), 64, 1).await;
        assert_eq!(seen, wanted.collect::<Vec<u8>>(), "{bits} bits");
    }
}

#[tokio::test]
async fn the_colour_that_is_declared_transparent_is_paper() {
    let pool = pool();
    for (color, depth, data, transparent) in [
        (ColorType::Grayscale, BitDepth::Eight, vec![0, 10], vec![0, 10]),
        (ColorType::Grayscale, BitDepth::Sixteen, vec![0, 0, 1, 2], vec![1, 2]),
        (ColorType::Grayscale, BitDepth::Two, vec![0b0001_0000], vec![0, 1]),
        (ColorType::Rgb, BitDepth::Eight, vec![0, 0, 0, 1, 2, 3], vec![0, 1, 0, 2, 0, 3]),
    ] {
        let mut picture = Picture::new(2, 1, color, depth, data);
        picture.transparent = Some(transparent);
        let bitmap = bitmap(&pool, &picture.file(), Raster::new(8, 2, 1)).await;
        assert_eq!(text(&bitmap), ["#."], "{color:?} {depth:?}");
    }
}

#[tokio::test]
async fn one_pixel_is_one_dot_and_no_bit_of_a_large_label_is_lost() {
    let pool = pool();
    let (width, height) = (812, 1_218);
    let data = noise(width * height);
    let png = Picture::grey(width as u32, height as u32, data.clone()).file();
    let bitmap = bitmap(&pool, &png, Raster::new(8, width as u32, height as u32)).await;
    assert_eq!(bitmap.stride, 102);
    let rows = data.chunks(width).flat_map(|row| {
        row.chunks(8).map(|dots| {
            let bits = dots.iter().fold(0, |bits, dot| bits << 1 | u8::from(*dot < 128));
            bits << (8 - dots.len())
        })
    });
    assert!(bitmap.data.into_iter().eq(rows));
}

/// The pixels of each Adam7 pass: PNG specification 8.1, as (x start, y start, x step, y step).
const ADAM7: [[usize; 4]; 7] =
    [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];

#[tokio::test]
async fn an_interlaced_picture_is_the_same_picture() {
    let pool = pool();
    for (width, height) in [(1, 1), (3, 2), (5, 5), (13, 9), (64, 50)] {
        for (color, bytes) in [(0, 1), (6, 4)] {
            let data = noise(width * height * bytes);
            let mut passes = Vec::new();
            for [x_start, y_start, x_step, y_step] in ADAM7 {
                for y in (y_start..height).step_by(y_step) {
                    if x_start < width {
                        passes.push(0);
                    }
                    for x in (x_start..width).step_by(x_step) {
                        passes.extend(&data[(y * width + x) * bytes..][..bytes]);
                    }
                }
            }
            let (w, h) = (width as u32, height as u32);
            let interlaced =
                chunks::file(&[chunks::header(w, h, 8, color, 1), chunk(*b"IDAT", &chunks::zlib(&passes))]);
            let kind = if bytes == 1 { ColorType::Grayscale } else { ColorType::Rgba };
            let plain = Picture::new(w, h, kind, BitDepth::Eight, data).file();
            let raster = Raster { halftone: Halftone::Ordered, ..Raster::new(8, w, h) };
            let (a, b) = (bitmap(&pool, &interlaced, raster).await, bitmap(&pool, &plain, raster).await);
            assert_eq!(text(&a), text(&b), "{width} x {height}, colour {color}");
        }
    }
}

#[tokio::test]
async fn of_an_animation_the_first_frame_is_printed() {
    let frame = |sequence: u32| {
        let numbers = [sequence, 2, 1, 0, 0].map(u32::to_be_bytes).concat();
        chunk(*b"fcTL", &[numbers, vec![0, 1, 0, 1, 0, 0]].concat())
    };
    let png = chunks::file(&[
        chunks::header(2, 1, 8, 0, 0),
        chunk(*b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]),
        frame(0),
        chunk(*b"IDAT", &chunks::zlib(&[0, 0, 255])),
        frame(1),
        chunk(*b"fdAT", &[&[0, 0, 0, 2][..], &chunks::zlib(&[0, 255, 0])].concat()),
    ]);
    assert_eq!(text(&bitmap(&pool(), &png, Raster::new(8, 2, 1)).await), ["#."]);
}

#[tokio::test]
async fn gamma_changes_nothing() {
    let image = chunk(*b"IDAT", &chunks::zlib(&[0, 127, 128]));
    for gamma in [10_000_u32, 45_455, 200_000] {
        let gamma = chunk(*b"gAMA", &gamma.to_be_bytes());
        let png = chunks::file(&[chunks::header(2, 1, 8, 0, 0), gamma, image.clone()]);
        assert_eq!(text(&bitmap(&pool(), &png, Raster::new(8, 2, 1)).await), ["#."]);
    }
}
