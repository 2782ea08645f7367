//! Documents that are broken, or made to do harm.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]

mod common;

use common::chunks::{self, chunk, header};
use common::{Picture, bitmap, noise, pool, text, try_bitmap, worker};
use ostler_render::{ErrorClass, MEDIA_TYPES, Output, Raster, RenderError, RenderLimits, RenderPool, Rotation};

/// Enough for the program itself, and little more.
const LITTLE: u64 = 112 << 20;

const LABEL: Raster = Raster::new(8, 812, 1_218);

async fn error(document: &[u8]) -> RenderError {
    let pool = pool();
    let error = try_bitmap(&pool, document, LABEL).await.unwrap_err();
    assert_eq!(pool.inspect(document, "image/png").await.unwrap_err(), error);
    error
}

#[tokio::test]
async fn a_document_that_is_not_a_png_is_named_by_its_first_bytes() {
    let pdf = error(b"%PDF-1.7\nrest").await;
    assert_eq!(pdf.to_string(), r#"not a PNG: starts with 25 50 44 46 2d 31 2e 37 ("%PDF-1.7")"#);
    assert_eq!(pdf.class(), ErrorClass::Document);
    assert_eq!(error(b"\0x").await.to_string(), r#"not a PNG: starts with 00 78 ("\x00x")"#);
}

#[tokio::test]
async fn an_empty_document_and_an_unknown_type_are_said_to_be_so() {
    assert_eq!(error(b"").await, RenderError::Empty);
    let png = Picture::lines(&["#"]).file();
    let pool = pool();
    let html = pool.render(&png, "text/html", LABEL, Output::Bitmap).await.unwrap_err();
    assert_eq!(
        html.to_string(),
        format!("a document of type `text/html` cannot be rendered; supported: {}", MEDIA_TYPES.join(", "))
    );
    pool.render(&png, "Image/PNG; charset=binary", LABEL, Output::Bitmap).await.unwrap();
}

#[tokio::test]
async fn a_page_that_does_not_exist_is_refused() {
    let png = Picture::lines(&["#"]).file();
    let refused = pool().render_page(&png, "image/png", 1, LABEL, Output::Bitmap).await;
    assert_eq!(refused.unwrap_err(), RenderError::NoSuchPage { page: 1, pages: 1 });
}

#[tokio::test]
async fn a_file_that_is_cut_off_anywhere_is_an_error_until_the_picture_is_complete() {
    let pool = pool();
    let png = Picture::grey(9, 5, noise(45)).with_ppm(8_000, 8_000).file();
    // The type of the next chunk ends the image data; what follows is of no interest.
    let complete = png.len() - 4;
    for length in 1..png.len() {
        let document = &png[..length];
        let result = try_bitmap(&pool, document, Raster::new(8, 9, 5)).await;
        if length >= complete {
            result.unwrap();
            continue;
        }
        let error = result.unwrap_err();
        assert_eq!(error, RenderError::Truncated { format: "PNG".into(), bytes: length as u64 });
        assert_eq!(pool.inspect(document, "image/png").await.unwrap_err(), error);
    }
}

#[tokio::test]
async fn a_flipped_bit_anywhere_is_an_error_or_harmless_and_never_the_workers_end() {
    let pool = pool();
    let picture = Picture::grey(9, 5, noise(45)).with_ppm(8_000, 8_000).file();
    let raster = Raster::new(8, 9, 5);
    let right = bitmap(&pool, &picture, raster).await;
    for at in 0..picture.len() * 8 {
        let mut document = picture.clone();
        document[at / 8] ^= 1 << (at % 8);
        match try_bitmap(&pool, &document, raster).await {
            // Checksums guard the picture; a damaged density is ignored.
            Ok(bitmap) => assert_eq!(bitmap, right, "bit {at}"),
            Err(error) => assert_ne!(error.class(), ErrorClass::Worker, "bit {at}: {error}"),
        }
    }
}

#[tokio::test]
async fn garbage_behind_the_end_is_ignored() {
    let png = [Picture::lines(&["#."]).file(), noise(5_000)].concat();
    assert_eq!(text(&bitmap(&pool(), &png, Raster::new(8, 2, 1)).await), ["#."]);
}

#[tokio::test]
async fn a_picture_with_too_many_pixels_is_refused_by_its_header() {
    let image = chunk(*b"IDAT", &chunks::zeros(1_000));
    let error = error(&chunks::file(&[header(30_000, 30_000, 8, 0, 0), image])).await;
    assert_eq!(error, RenderError::PageDots { width: 30_000, height: 30_000, dots: 900_000_000, limit: 100_000_000 });
    assert_eq!(error.class(), ErrorClass::Limit);
    assert!(error.to_string().contains("30000 x 30000 = 900000000 pixels, and at most 100000000"));
}

#[tokio::test]
async fn as_many_pixels_as_allowed_are_rendered_within_the_memory() {
    let limits = RenderLimits { time_ms: 60_000, ..RenderLimits::default() };
    let pool = RenderPool::new(limits, worker());
    // The longest rows, and the turn that needs the picture twice.
    for (depth, color, row, rotation) in [(16, 6, 80_001, Rotation::None), (8, 0, 10_001, Rotation::Quarter)] {
        let image = chunk(*b"IDAT", &chunks::zeros(row * 10_000 / 258 + 1));
        let document = chunks::file(&[header(10_000, 10_000, depth, color, 0), image]);
        let bitmap = bitmap(&pool, &document, Raster { rotation, ..LABEL }).await;
        // Zeros are transparent in the first, and black in the second.
        let black: u32 = bitmap.data.iter().map(|byte| byte.count_ones()).sum();
        assert_eq!(black, if color == 6 { 0 } else { 812 * 812 });
    }
}

#[tokio::test]
async fn image_data_that_inflates_to_a_gigabyte_costs_only_what_the_picture_needs() {
    let image = chunk(*b"IDAT", &chunks::zeros(4_200_000));
    let png = chunks::file(&[header(100, 100, 8, 0, 0), image]);
    let limits = RenderLimits { memory_bytes: LITTLE, time_ms: 1_000, ..RenderLimits::default() };
    let pool = RenderPool::new(limits, worker());
    let bitmap = bitmap(&pool, &png, Raster::new(8, 100, 100)).await;
    assert_eq!(text(&bitmap), vec!["#".repeat(100); 100]);
}

#[tokio::test]
async fn huge_texts_and_profiles_are_not_unpacked() {
    let bomb = chunks::zeros(4_200_000);
    let limits = RenderLimits { memory_bytes: LITTLE, time_ms: 1_000, ..RenderLimits::default() };
    let pool = RenderPool::new(limits, worker());
    for (kind, start) in [
        (b"zTXt", b"key\0\0".as_slice()),
        (b"iTXt", b"key\0\x01\0\0\0"),
        (b"iCCP", b"profile\0\0"),
        (b"tEXt", b"key\0"),
    ] {
        let png = chunks::file(&[
            header(1, 1, 8, 0, 0),
            chunk(*kind, &[start, &bomb].concat()),
            chunk(*b"IDAT", &chunks::zlib(&[0, 0])),
        ]);
        assert_eq!(text(&bitmap(&pool, &png, Raster::new(8, 1, 1)).await), ["#"]);
    }
}

#[tokio::test]
async fn a_huge_chunk_that_is_read_ends_at_the_memory_limit() {
    let limits = RenderLimits { memory_bytes: LITTLE, ..RenderLimits::default() };
    let pool = RenderPool::new(limits, worker());
    let png = chunks::file(&[header(1, 1, 8, 0, 0), chunk(*b"eXIf", &vec![0; 15 << 20])]);
    let error = try_bitmap(&pool, &png, LABEL).await.unwrap_err();
    assert_eq!(error, RenderError::Memory { limit_bytes: LITTLE });
    // It was the worker's answer, not its end.
    assert_eq!(pool.idle_workers(), 1);
}

#[tokio::test]
async fn too_little_memory_for_the_picture_is_an_answer_too() {
    let limits = RenderLimits { memory_bytes: LITTLE, ..RenderLimits::default() };
    let pool = RenderPool::new(limits, worker());
    let image = chunk(*b"IDAT", &chunks::zeros(100_000));
    let picture = chunks::file(&[header(10_000, 9_000, 8, 0, 0), image.clone()]);
    let memory = RenderError::Memory { limit_bytes: LITTLE };
    assert_eq!(try_bitmap(&pool, &picture, LABEL).await.unwrap_err(), memory);
    let row = chunks::file(&[header(90_000_000, 1, 8, 6, 0), image]);
    assert_eq!(try_bitmap(&pool, &row, LABEL).await.unwrap_err(), memory);
    assert_eq!(pool.idle_workers(), 1);
}

#[tokio::test]
async fn a_document_too_long_for_the_memory_is_not_even_sent() {
    let limits = RenderLimits { memory_bytes: 4_000, ..RenderLimits::default() };
    let pool = RenderPool::new(limits, worker());
    let error = try_bitmap(&pool, &noise(1_001), LABEL).await.unwrap_err();
    assert_eq!(error, RenderError::DocumentBytes { bytes: 1_001, limit: 1_000 });
}

#[tokio::test]
async fn a_raster_that_makes_no_sense_is_refused() {
    let pool = pool();
    let png = Picture::lines(&["#"]).file();
    for (raster, class) in [
        (Raster::new(0, 1, 1), ErrorClass::Raster),
        (Raster::new(1_001, 1, 1), ErrorClass::Raster),
        (Raster::new(8, 0, 1), ErrorClass::Raster),
        (Raster::new(8, 1, 0), ErrorClass::Raster),
        (Raster::new(8, 10_001, 10_000), ErrorClass::Limit),
        (Raster::new(8, u32::MAX, u32::MAX), ErrorClass::Limit),
    ] {
        assert_eq!(try_bitmap(&pool, &png, raster).await.unwrap_err().class(), class, "{raster:?}");
    }
}

#[tokio::test]
async fn rasters_of_extreme_shapes_are_made() {
    let pool = pool();
    let png = Picture::lines(&["#."]).with_ppm(1, 1).file();
    for (width, height) in [(1, 1_000_000), (1_000_000, 1), (1, 1)] {
        let raster = Raster::new(1_000, width, height);
        assert_eq!(bitmap(&pool, &png, raster).await.data.len() as u64, raster.bitmap_bytes());
    }
}
