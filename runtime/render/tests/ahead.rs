//! Documents that are rendered along with being inspected, before anybody asks for their dots.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]

mod common;

use common::chunks::{self, chunk, header};
use common::{Picture, noise, pool, worker};
use ostler_render::{Halftone, Output, PoolSize, Raster, RenderError, RenderLimits, RenderPool, Rendered};

const PNG: &str = "image/png";

/// Not the size of any document here, so that placing and halftone have something to do.
const LABEL: Raster = Raster { halftone: Halftone::Diffusion, offset_x: 3, ..Raster::new(8, 50, 41) };

/// Each number is another picture.
fn document(number: u8) -> Vec<u8> {
    let mut shades = noise(1600);
    shades[0] = number;
    Picture::grey(40, 40, shades).with_ppm(8_000, 8_000).file()
}

/// What is rendered, if that needs no worker.
async fn kept(pool: &RenderPool, document: &[u8], raster: Raster, output: Output) -> Option<Rendered> {
    pool.end_idle().await;
    let rendered = pool.render(document, PNG, raster, output).await.unwrap();
    (pool.idle_workers() == 0).then_some(rendered)
}

#[tokio::test]
async fn dots_that_were_wanted_are_there_and_are_those_that_are_rendered_otherwise() {
    let (pool, other) = (pool(), pool());
    for (number, output) in [(1, Output::Bitmap), (2, Output::Png)] {
        let document = document(number);
        let info = pool.inspect_ahead(&document, PNG, Some((LABEL, output))).await.unwrap();
        assert_eq!(info, other.inspect(&document, PNG).await.unwrap());
        let rendered = kept(&pool, &document, LABEL, output).await.unwrap();
        assert_eq!(rendered, other.render(&document, PNG, LABEL, output).await.unwrap());
    }
}

#[tokio::test]
async fn only_so_much_is_made_ahead_and_room_comes_back_when_it_is_asked_for() {
    // Room for four: a quarter of the cache.
    let label = Raster::new(8, 512, 128);
    let size = PoolSize { cache_bytes: 4 * 4 * label.bitmap_bytes(), ..PoolSize::default() };
    let pool = RenderPool::with_size(RenderLimits::default(), worker(), size);
    for number in 1..=8 {
        pool.inspect_ahead(&document(number), PNG, Some((label, Output::Bitmap))).await.unwrap();
    }
    for number in 1..=8 {
        let is_kept = kept(&pool, &document(number), label, Output::Bitmap).await.is_some();
        assert_eq!(is_kept, number <= 4, "document {number}");
    }
    pool.inspect_ahead(&document(9), PNG, Some((label, Output::Bitmap))).await.unwrap();
    assert!(kept(&pool, &document(9), label, Output::Bitmap).await.is_some());
}

#[tokio::test]
async fn what_is_made_ahead_and_never_asked_for_makes_room_in_the_end() {
    let label = Raster::new(8, 512, 128);
    let size = PoolSize { cache_bytes: 4 * label.bitmap_bytes(), ..PoolSize::default() };
    let pool = RenderPool::with_size(RenderLimits::default(), worker(), size);
    pool.inspect_ahead(&document(1), PNG, Some((label, Output::Bitmap))).await.unwrap();
    // Others come, and are asked for.
    for number in (2..=30).flat_map(|number| [number; 2]) {
        pool.render(&document(number), PNG, label, Output::Bitmap).await.unwrap();
    }
    pool.inspect_ahead(&document(31), PNG, Some((label, Output::Bitmap))).await.unwrap();
    assert!(kept(&pool, &document(31), label, Output::Bitmap).await.is_some());
}

#[tokio::test]
async fn a_document_whose_dots_cannot_be_made_is_inspected_all_the_same() {
    // Its rows fit into the memory one by one, and not together.
    let limits = RenderLimits { memory_bytes: 64 << 20, ..RenderLimits::default() };
    let pool = RenderPool::new(limits, worker());
    let large = chunks::file(&[header(10_000, 9_000, 8, 0, 0), chunk(*b"IDAT", &chunks::zeros(400_000))]);
    let alone = RenderPool::new(limits, worker()).inspect(&large, PNG).await;
    assert_eq!(pool.inspect_ahead(&large, PNG, Some((LABEL, Output::Bitmap))).await, alone);
    // Nor can a raster without dots be made.
    let small = document(1);
    let nothing = Raster::new(8, 0, 1);
    pool.inspect_ahead(&small, PNG, Some((nothing, Output::Bitmap))).await.unwrap();
    assert!(matches!(pool.render(&small, PNG, nothing, Output::Bitmap).await, Err(RenderError::Raster { .. })));
}

#[tokio::test]
async fn what_is_wrong_with_a_document_is_told_as_without_a_look_ahead() {
    let cut = &document(1)[..200];
    let alone = pool().inspect(cut, PNG).await.unwrap_err();
    assert_eq!(pool().inspect_ahead(cut, PNG, Some((LABEL, Output::Bitmap))).await.unwrap_err(), alone);
}

#[tokio::test]
async fn outlines_are_drawn_when_they_are_asked_for() {
    let pool = pool();
    let svg = br#"<svg xmlns="http://www.w3.org/2000/svg" width="10mm" height="10mm"/>"#;
    pool.inspect_ahead(svg, "image/svg+xml", Some((LABEL, Output::Bitmap))).await.unwrap();
    pool.end_idle().await;
    pool.render(svg, "image/svg+xml", LABEL, Output::Bitmap).await.unwrap();
    assert_eq!(pool.idle_workers(), 1, "a worker draws it");
}
