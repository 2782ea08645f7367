//! Real programs print on the simulator, and every dot comes out where they were told to put it.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;
#[path = "common/counterpart.rs"]
mod counterpart;

use common::{picture, send, wait};
use counterpart::{LABEL_DRIVERS, Lprint, RASTERTOLABEL, cups_raster, in_a_network_of_its_own, missing, rastertolabel};
use ostler_simulators::zebra::{Language, Media, ZebraConfig};
use ostler_simulators::{Bitmap, ZebraPrinter};

/// 4 x 2 inches of 203 dots.
const WIDTH: u32 = 812;
const LENGTH: u32 = 406;

const LPRINT: &str = "/usr/bin/lprint";
const CUPS: [&str; 3] = ["/usr/bin/ppdc", LABEL_DRIVERS, RASTERTOLABEL];

/// A printer with labels of just that size.
fn printer(language: Language, media: Media) -> ZebraPrinter {
    let config =
        ZebraConfig { language, head_width: WIDTH, label_length: LENGTH, media: Some(media), ..ZebraConfig::default() };
    ZebraPrinter::start(config).unwrap()
}

/// A picture of the label's size that is the same in no other position.
fn label() -> Bitmap {
    let picture = Bitmap::from_rows(WIDTH, picture(102, LENGTH as usize)).unwrap();
    assert!(picture != picture.turned() && picture != picture.mirrored());
    picture
}

/// With a byte a dot: `lprint` 1.1.0 takes almost every dot of a PNG with a bit a dot for black.
fn grey_png(picture: &Bitmap) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, picture.width(), picture.height());
    encoder.set_color(png::ColorType::Grayscale);
    // 203 dots an inch, as the printer has them: LPrint scales to the physical size.
    let unit = png::Unit::Meter;
    encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: 7992, yppu: 7992, unit }));
    let dots = (0..picture.height()).flat_map(|y| (0..picture.width()).map(move |x| (x, y)));
    let bytes: Vec<u8> = dots.map(|(x, y)| if picture.is_black(x, y) { 0 } else { 255 }).collect();
    encoder.write_header().unwrap().write_image_data(&bytes).unwrap();
    file
}

#[track_caller]
fn assert_printed(printer: &ZebraPrinter, expected: &Bitmap) {
    let labels = printer.labels();
    assert_eq!(labels.len(), 1);
    assert!(*labels[0].bitmap == *expected, "{:?} came out, {expected:?} was sent", labels[0].bitmap);
    assert_eq!((printer.errors(), printer.unknown_commands()), (vec![], [].into()));
}

/// Sends the label by `lprint`; returns once it has come out. The printer's tasks go on in threads of their own meanwhile.
async fn by_lprint(driver: &str, printer: &ZebraPrinter, tracking: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("label.png");
    std::fs::write(&file, grey_png(&label())).unwrap();
    let lprint = Lprint::start(folder.path(), driver, printer.address().port());
    // Dot for dot: neither scaled nor cut into shades.
    lprint.submit(&["media=oe_4x2-label_4x2in", "print-scaling=none", tracking], &file);
    wait(printer, |state| state.labels_printed == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lprint_prints_zpl_dot_for_dot_on_labels_with_gaps() {
    if missing(&[LPRINT]) || !in_a_network_of_its_own() {
        return;
    }
    let printer = printer(Language::Zpl, Media::gap(WIDTH, LENGTH));
    by_lprint("zpl_4inch-203dpi-dt", &printer, "media-tracking=web").await;
    // It turns every label (^POI).
    assert_printed(&printer, &label().turned());
    assert!(printer.state().queries_answered > 0, "it asks for the status");
    assert_eq!(printer.stored_graphics(), [""; 0], "it cleans up");
}

#[tokio::test(flavor = "multi_thread")]
async fn lprint_prints_zpl_dot_for_dot_on_labels_with_marks_and_on_continuous_media() {
    if missing(&[LPRINT]) || !in_a_network_of_its_own() {
        return;
    }
    let marks = printer(Language::Zpl, Media::mark(WIDTH, LENGTH));
    by_lprint("zpl_4inch-203dpi-dt", &marks, "media-tracking=mark").await;
    assert_printed(&marks, &label().turned());
    let continuous = printer(Language::Zpl, Media::continuous(WIDTH));
    by_lprint("zpl_4inch-203dpi-tt", &continuous, "media-tracking=continuous").await;
    assert_printed(&continuous, &label().turned());
}

#[tokio::test(flavor = "multi_thread")]
async fn lprint_prints_epl2_dot_for_dot() {
    if missing(&[LPRINT]) || !in_a_network_of_its_own() {
        return;
    }
    let printer = printer(Language::Epl2, Media::gap(WIDTH, LENGTH));
    by_lprint("epl2_4inch-203dpi-dt", &printer, "media-type=labels").await;
    assert_printed(&printer, &label());
}

#[tokio::test]
async fn cups_prints_zpl_and_epl2_dot_for_dot() {
    if missing(&CUPS) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let raster = cups_raster(WIDTH, LENGTH, label().bytes());
    for (ppd, language) in [("zebra.ppd", Language::Zpl), ("zebraep2.ppd", Language::Epl2)] {
        let printer = printer(language, Media::gap(WIDTH, LENGTH));
        let _open = send(&printer, &rastertolabel(folder.path(), ppd, &raster)).await;
        wait(&printer, |state| state.labels_printed == 1).await;
        let expected = if language == Language::Zpl { label().turned() } else { label() };
        assert_printed(&printer, &expected);
    }
}
