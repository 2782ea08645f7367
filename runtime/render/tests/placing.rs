//! Where a document lies, how large it is, and which way it is turned.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]

mod common;

use common::{Picture, bitmap, noise, pool, text};
use ostler_render::{Output, Raster, Rendered, Rotation, Scaling};

/// Different in every turn and mirror image.
const HOOK: [&str; 3] = ["####.", "#....", "#.#.."];

async fn hook(change: impl FnOnce(&mut Raster)) -> Vec<String> {
    let mut raster = Raster::new(8, 7, 6);
    change(&mut raster);
    text(&bitmap(&pool(), &Picture::lines(&HOOK).file(), raster).await)
}

#[tokio::test]
async fn it_lies_in_the_left_upper_corner() {
    let lines = ["####...", "#......", "#.#....", ".......", ".......", "......."];
    assert_eq!(hook(|_| {}).await, lines);
}

#[tokio::test]
async fn a_quarter_turn_is_clockwise() {
    let lines = ["###....", "..#....", "#.#....", "..#....", ".......", "......."];
    assert_eq!(hook(|raster| raster.rotation = Rotation::Quarter).await, lines);
}

#[tokio::test]
async fn half_a_turn_is_upside_down() {
    let lines = ["..#.#..", "....#..", ".####..", ".......", ".......", "......."];
    assert_eq!(hook(|raster| raster.rotation = Rotation::Half).await, lines);
}

#[tokio::test]
async fn three_quarters_of_a_turn_are_one_quarter_back() {
    let lines = [".......", "#......", "#.#....", "#......", "###....", "......."];
    assert_eq!(hook(|raster| raster.rotation = Rotation::ThreeQuarters).await, lines);
}

#[tokio::test]
async fn mirror_turns_the_whole_raster_left_to_right_at_the_end() {
    let lines = ["...####", "......#", "....#.#", ".......", ".......", "......."];
    assert_eq!(hook(|raster| raster.mirror = true).await, lines);
    let lines = ["....###", "....#..", "....#.#", "....#..", ".......", "......."];
    let turned = |raster: &mut Raster| {
        raster.mirror = true;
        raster.rotation = Rotation::Quarter;
    };
    assert_eq!(hook(turned).await, lines);
}

#[tokio::test]
async fn invert_swaps_all_dots_and_no_unused_bit() {
    let lines = ["....###", ".######", ".#.####", "#######", "#######", "#######"];
    assert_eq!(hook(|raster| raster.invert = true).await, lines);
    let raster = Raster { invert: true, ..Raster::new(8, 7, 6) };
    let bitmap = bitmap(&pool(), &Picture::lines(&HOOK).file(), raster).await;
    assert_eq!(bitmap.data, [0b0000_1110, 0b0111_1110, 0b0101_1110, 0xfe, 0xfe, 0xfe]);
}

#[tokio::test]
async fn an_offset_moves_it_and_may_cut_it_off() {
    let moved = |x, y| {
        hook(move |raster| {
            raster.offset_x = x;
            raster.offset_y = y;
        })
    };
    let empty = ["......."; 6];
    assert_eq!(moved(4, 4).await, [".......", ".......", ".......", ".......", "....###", "....#.."]);
    assert_eq!(moved(-2, -1).await, [".......", "#......", ".......", ".......", ".......", "......."]);
    for (x, y) in [(7, 0), (0, 6), (-5, 0), (0, -3), (i32::MIN, i32::MAX), (i32::MAX, i32::MIN)] {
        assert_eq!(moved(x, y).await, empty, "{x} {y}");
    }
}

#[tokio::test]
async fn crop_keeps_the_size_and_cuts_off() {
    let raster = Raster { scaling: Scaling::Crop, ..Raster::new(8, 3, 2) };
    let bitmap = bitmap(&pool(), &Picture::lines(&HOOK).file(), raster).await;
    assert_eq!(text(&bitmap), ["###", "#.."]);
}

#[tokio::test]
async fn fit_shrinks_by_averaging_areas() {
    // Two to one: each dot is the mean of four pixels.
    let png = Picture::grey(4, 2, vec![0, 255, 255, 255, 255, 0, 255, 0]).file();
    let pool = pool();
    let at = |threshold| Raster { threshold, ..Raster::new(8, 2, 9) };
    assert_eq!(text(&bitmap(&pool, &png, at(128)).await)[..2], ["..", ".."]);
    assert_eq!(text(&bitmap(&pool, &png, at(129)).await)[..2], ["#.", ".."]);
    assert_eq!(text(&bitmap(&pool, &png, at(191)).await)[..2], ["#.", ".."]);
    assert_eq!(text(&bitmap(&pool, &png, at(192)).await)[..2], ["##", ".."]);
}

#[tokio::test]
async fn a_pixel_that_two_dots_share_counts_for_both_by_its_parts() {
    // Three to two: the dots cover 1 + 1/2 and 1/2 + 1 pixels: (0 + 255/2) / 1.5 = 85, (255/2 + 90) / 1.5 = 145.
    let png = Picture::grey(3, 1, vec![0, 255, 90]).file();
    let pool = pool();
    for (threshold, dots) in [(85, ".."), (86, "#."), (145, "#."), (146, "##")] {
        let raster = Raster { threshold, ..Raster::new(8, 2, 1) };
        assert_eq!(text(&bitmap(&pool, &png, raster).await), [dots], "{threshold}");
    }
}

#[tokio::test]
async fn any_shrinking_is_the_weighted_mean_of_the_covered_area() {
    let pool = pool();
    let (width, height) = (37_u32, 23_u32);
    let data = noise(37 * 23);
    let png = Picture::grey(width, height, data.clone()).file();
    for to in [1_u32, 2, 7, 18, 29, 36] {
        let rows = (f64::from(height * to) / f64::from(width)).round().max(1.0) as u32;
        // One row more, so that the width decides.
        let seen = common::lightness(&pool, &png, to, rows + 1).await;
        // Overlap of [a, a + 1) in dots with pixel p.
        let covered = |dot: u32, dots: u32, pixel: u32, pixels: u32| {
            let scale = f64::from(pixels) / f64::from(dots);
            let (from, till) = (f64::from(dot) * scale, f64::from(dot + 1) * scale);
            (till.min(f64::from(pixel + 1)) - from.max(f64::from(pixel))).max(0.0) / scale
        };
        for (at, seen) in seen.into_iter().take((to * rows) as usize).enumerate() {
            let (x, y) = (at as u32 % to, at as u32 / to);
            let mean: f64 = data
                .iter()
                .zip(0..)
                .map(|(lightness, at)| {
                    let part = covered(x, to, at % width, width) * covered(y, rows, at / width, height);
                    f64::from(*lightness) * part
                })
                .sum();
            assert!((f64::from(seen) - mean).abs() < 0.5001, "{to}: {x} {y}: {seen} and not {mean}");
        }
    }
}

#[tokio::test]
async fn a_coarser_declared_density_enlarges_by_repeating_pixels() {
    let png = Picture::lines(&["#.", ".#"]).with_ppm(4_000, 4_000).file();
    let lines = ["##...", "##...", "..##.", "..##.", "....."];
    assert_eq!(text(&bitmap(&pool(), &png, Raster::new(8, 5, 5)).await), lines);
    let one_and_a_half = Picture::lines(&["#.#.#."]).with_ppm(5_333, 8_000).file();
    let raster = Raster { scaling: Scaling::Crop, ..Raster::new(8, 9, 1) };
    assert_eq!(text(&bitmap(&pool(), &one_and_a_half, raster).await), ["#..#..#.."]);
}

#[tokio::test]
async fn a_declared_density_never_enlarges_past_the_label() {
    let rows: Vec<u8> = noise(812 * 20).iter().map(|value| if *value < 99 { 0 } else { 255 }).collect();
    let plain = Picture::grey(812, 20, rows);
    let pool = pool();
    let raster = Raster::new(8, 812, 1_218);
    let exact = bitmap(&pool, &plain.file(), raster).await;
    let declared = bitmap(&pool, &plain.with_ppm(2_835, 2_835).file(), raster).await;
    assert_eq!(exact, declared);
}

#[tokio::test]
async fn a_turned_picture_keeps_each_density_with_its_axis() {
    let png = Picture::lines(&["#."]).with_ppm(4_000, 8_000).file();
    let raster = Raster { rotation: Rotation::Quarter, ..Raster::new(8, 2, 4) };
    assert_eq!(text(&bitmap(&pool(), &png, raster).await), ["#.", "#.", "..", ".."]);
}

#[tokio::test]
async fn the_same_dots_can_be_had_as_a_png_file() {
    let pool = pool();
    let png = Picture::grey(31, 17, noise(31 * 17)).file();
    let raster = Raster::new(12, 31, 17);
    let dots = bitmap(&pool, &png, raster).await;
    let Rendered::Png(file) = pool.render(&png, "image/png", raster, Output::Png).await.unwrap() else {
        unreachable!()
    };
    assert_eq!(bitmap(&pool, &file, raster).await, dots);
    let reader = png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap();
    assert_eq!((reader.info().color_type, reader.info().bit_depth as u8), (png::ColorType::Grayscale, 1));
    let info = pool.inspect(&file, "image/png").await.unwrap();
    assert_eq!(info.pages[0].pixels, Some((31, 17)));
    assert_eq!(info.pages[0].size_um, Some((2_583, 1_417)));
}
