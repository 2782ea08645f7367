//! A grey area becomes as many black dots as it is dark.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]

mod common;

use common::{Picture, bitmap, pool};
use ostler_render::{Bitmap, Halftone, Raster};

const SIDE: u32 = 256;

fn darkness(bitmap: &Bitmap) -> f64 {
    let black: u32 = bitmap.data.iter().map(|byte| byte.count_ones()).sum();
    f64::from(black) / f64::from(bitmap.width * bitmap.height)
}

async fn darkness_of(halftone: Halftone, lightness: u8) -> f64 {
    let png = Picture::grey(SIDE, SIDE, vec![lightness; (SIDE * SIDE) as usize]).file();
    darkness(&bitmap(&pool(), &png, Raster { halftone, ..Raster::new(8, SIDE, SIDE) }).await)
}

#[tokio::test]
async fn diffusion_and_matrix_keep_the_mean_darkness() {
    for halftone in [Halftone::Diffusion, Halftone::Ordered] {
        for lightness in (0..=255).step_by(17) {
            let wanted = 1.0 - f64::from(lightness) / 255.0;
            let got = darkness_of(halftone, lightness).await;
            assert!((got - wanted).abs() < 0.009, "{halftone:?} {lightness}: {got} and not {wanted}");
        }
    }
}

#[tokio::test]
async fn black_and_white_stay_pure() {
    for halftone in [Halftone::Diffusion, Halftone::Ordered, Halftone::Threshold] {
        assert_eq!((darkness_of(halftone, 0).await, darkness_of(halftone, 255).await), (1.0, 0.0));
    }
}

#[tokio::test]
async fn a_ramp_is_as_dark_as_it_should_be_everywhere() {
    let row: Vec<u8> = (0..=255).collect();
    let png = Picture::grey(SIDE, SIDE, row.repeat(SIDE as usize)).file();
    let pool = pool();
    for halftone in [Halftone::Diffusion, Halftone::Ordered] {
        let ramp = bitmap(&pool, &png, Raster { halftone, ..Raster::new(8, SIDE, SIDE) }).await;
        for strip in 0..16 {
            let columns = strip * 16..(strip + 1) * 16;
            let black = columns.flat_map(|x| (0..SIDE).map(move |y| (x, y))).filter(|(x, y)| ramp.is_black(*x, *y));
            let got = black.count() as f64 / f64::from(16 * SIDE);
            let wanted = 1.0 - (f64::from(strip * 16) + 7.5) / 255.0;
            assert!((got - wanted).abs() < 0.02, "{halftone:?} strip {strip}: {got} and not {wanted}");
        }
    }
}

#[tokio::test]
async fn a_threshold_is_the_first_lightness_that_stays_white() {
    let png = Picture::grey(3, 1, vec![99, 100, 101]).file();
    let raster = Raster { threshold: 100, ..Raster::new(8, 3, 1) };
    assert_eq!(common::text(&bitmap(&pool(), &png, raster).await), ["#.."]);
}
