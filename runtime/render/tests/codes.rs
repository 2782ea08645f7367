//! Codes of every symbology, read back by programs nobody here wrote, with the white around them that they need.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]

mod common;

use common::labels::{error, label, template};
use common::{pool, text};
use ostler_render::{Raster, Rotation};
use ostler_tests::codes::{CASES, Printed, misread};
use ostler_tests::counterpart::{Counterpart, missing};
use ostler_tests::printer::runtime;
use std::path::Path;
use tempfile::TempDir;

const ROTATIONS: [Rotation; 4] = [Rotation::None, Rotation::Quarter, Rotation::Half, Rotation::ThreeQuarters];

/// All codes at all densities, turned by the renderer.
async fn drawn(folder: &Path) -> Vec<Printed> {
    let pool = pool();
    let mut drawn = Vec::new();
    for dpmm in [8, 12, 24] {
        for case in CASES {
            let body = format!("#let data = {:?}\n#align(center + horizon, {})", case.data, case.call);
            let template = template(90.0, 50.0, "", &body);
            for (quarters, rotation) in (0..).zip(ROTATIONS) {
                let (mut width, mut height) = (90 * dpmm, 50 * dpmm);
                if matches!(rotation, Rotation::Quarter | Rotation::ThreeQuarters) {
                    (width, height) = (height, width);
                }
                let raster = Raster { rotation, ..Raster::new(dpmm, width, height) };
                let bitmap = label(&pool, &template, &[], raster).await;
                let file = folder.join(format!("{}.png", drawn.len()));
                std::fs::write(&file, bitmap.to_png(dpmm).unwrap()).unwrap();
                drawn.push(Printed { file, case, quarters, how: format!("at {dpmm} dots/mm") });
            }
        }
    }
    drawn
}

#[test]
fn codes_of_every_symbology_are_read_back_at_every_density_and_turned_as_one_likes() {
    if missing("codes::codes_of_every_symbology", &[Counterpart::Zbarimg, Counterpart::ZxingCpp]) {
        return;
    }
    let folder = TempDir::new().unwrap();
    let drawn = runtime().block_on(drawn(folder.path()));
    let wrong = misread(&drawn);
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), drawn.len(), wrong.join("\n"));
}

/// The columns and rows of white dots before and behind what is black: left, right, above, below.
fn margins(lines: &[String]) -> [usize; 4] {
    let columns: Vec<bool> = (0..lines[0].len()).map(|x| lines.iter().any(|line| line.as_bytes()[x] == b'#')).collect();
    let rows: Vec<bool> = lines.iter().map(|line| line.contains('#')).collect();
    let ends = |black: &[bool]| {
        let before = black.iter().position(|black| *black).unwrap();
        (before, black.iter().rev().position(|black| *black).unwrap())
    };
    let ((left, right), (above, below)) = (ends(&columns), ends(&rows));
    [left, right, above, below]
}

#[tokio::test]
async fn the_white_around_a_code_is_what_its_standard_says() {
    let pool = pool();
    // A call, the module in dots, and the modules of white left and right; codes of squares have as many above and below.
    for (call, module, left, right) in [
        (r#"code128("ABC", text: false, module: 3)"#, 3, 10, 10),
        (r#"code39("ABC", text: false, module: 2)"#, 2, 10, 10),
        (r#"ean13("950600013435", text: false, module: 2)"#, 2, 11, 7),
        (r#"ean8("9638507", text: false, module: 3)"#, 3, 7, 7),
        (r#"upca("036000291452", text: false, module: 2)"#, 2, 9, 9),
        (r#"itf("1234", text: false, module: 4)"#, 4, 10, 10),
        (r#"datamatrix("ABC", module: 5)"#, 5, 1, 1),
        (r#"qr("ABC", module: 3)"#, 3, 4, 4),
        (r#"pdf417("ABC", module: 2)"#, 2, 2, 2),
        (r#"aztec("ABC", module: 4)"#, 4, 1, 1),
    ] {
        // What lies behind it is black, so that all white is the code's.
        let body = format!("#set page(fill: black)\n#place(dx: 2mm, dy: 2mm, {call})");
        let lines = text(&label(&pool, &template(80.0, 40.0, "", &body), &[], Raster::new(8, 640, 320)).await);
        let dots = |x: usize, y: usize| lines[y].as_bytes()[x];
        let is_bars = call.contains("text");
        let (first, last) = {
            let white: Vec<usize> = (0..640).filter(|x| dots(*x, 16) == b'.').collect();
            (white[0], *white.last().unwrap())
        };
        assert_eq!(first, 16, "{call}: it begins where it was placed");
        // The first column is white around the code, from its top to its end.
        let height = (16..320).take_while(|y| dots(16, *y) == b'.').count();
        let columns: Vec<bool> = (16..=last).map(|x| (16..16 + height).any(|y| dots(x, y) == b'#')).collect();
        let rows: Vec<bool> = (16..16 + height).map(|y| (16..=last).any(|x| dots(x, y) == b'#')).collect();
        let ends = |black: &[bool]| {
            let before = black.iter().take_while(|black| !**black).count();
            (before, black.iter().rev().take_while(|black| !**black).count())
        };
        assert_eq!(ends(&columns), (left * module, right * module), "{call}");
        let beside = if is_bars { 0 } else { left * module };
        assert_eq!(ends(&rows), (beside, beside), "{call}");
    }
}

#[tokio::test]
async fn without_its_white_a_code_is_only_its_dots() {
    let pool = pool();
    let body = r#"#qr("ABC", module: 2, quiet: false)"#;
    let lines = text(&label(&pool, &template(10.0, 10.0, "", body), &[], Raster::new(8, 80, 80)).await);
    assert_eq!(margins(&lines), [0, 80 - 42, 0, 80 - 42]);
}

#[tokio::test]
async fn a_module_is_as_many_dots_as_are_asked_for_or_fit_into_the_length() {
    let pool = pool();
    for (dpmm, module, dots) in [(8, "3", 3), (8, "0.5mm", 4), (8, "0.49mm", 3), (12, "0.49mm", 5), (8, "0.01mm", 1)] {
        let body = format!(r#"#qr("ABC", module: {module}, quiet: false)"#);
        let side = 20 * dpmm;
        let lines = text(&label(&pool, &template(20.0, 20.0, "", &body), &[], Raster::new(dpmm, side, side)).await);
        // A QR code of version 1 has 21 modules, and begins with 7 black ones.
        assert_eq!(margins(&lines)[1], side as usize - 21 * dots, "{module} at {dpmm}");
        assert!(
            lines[0].starts_with(&"#".repeat(7 * dots)) && lines[0].as_bytes()[7 * dots] == b'.',
            "{module} at {dpmm}"
        );
    }
}

#[tokio::test]
async fn a_code_that_is_turned_in_the_template_has_the_dots_of_one_that_is_turned_on_the_printer() {
    let pool = pool();
    let dots = |body: String| {
        let pool = pool.clone();
        async move { text(&label(&pool, &template(30.0, 30.0, "", &body), &[], Raster::new(8, 240, 240)).await) }
    };
    let call = r#"code128("A1", text: false, height: 12mm)"#;
    let straight = dots(format!("#align(center + horizon, {call})")).await;
    let body = straight.iter().filter(|line| line.contains('#')).collect::<Vec<_>>();
    let bars = body[0].trim_matches('.');
    for (angle, reversed, upright) in [(90, false, true), (180, true, false), (270, true, true)] {
        let turned = dots(format!("#align(center + horizon, rotate({angle}deg, reflow: true, {call}))")).await;
        let run: String = if upright {
            turned.iter().map(|line| if line.contains('#') { '#' } else { '.' }).collect()
        } else {
            turned.iter().find(|line| line.contains('#')).unwrap().clone()
        };
        let run = run.trim_matches('.').to_owned();
        let run = if reversed { run.chars().rev().collect() } else { run };
        assert_eq!(run, bars, "{angle}");
    }
}

#[tokio::test]
async fn a_code_is_whole_wherever_it_was_moved_on_the_label() {
    let pool = pool();
    let dots =
        async |body: &str| text(&label(&pool, &template(50.0, 30.0, "", body), &[], Raster::new(8, 400, 240)).await);
    let placed = dots(r#"#place(dx: 25mm, dy: 10mm, qr("ABC"))"#).await;
    for moved in [
        r#"#box(width: 20mm, height: 20mm, move(dx: 25mm, dy: 10mm, qr("ABC")))"#,
        r#"#block(width: 15mm, height: 15mm, place(dx: 25mm, dy: 10mm, qr("ABC")))"#,
        // Fills and lines are its background, before it and behind it.
        r#"#place(dx: 26mm, dy: 11mm, rect(width: 10mm, height: 10mm, fill: black)) #place(dx: 25mm, dy: 10mm, qr("ABC"))"#,
        r#"#place(dx: 25mm, dy: 10mm, qr("ABC")) #place(dx: 26mm, dy: 20mm, line(length: 10mm))"#,
    ] {
        assert_eq!(dots(moved).await, placed, "{moved}");
    }
}

#[tokio::test]
async fn what_a_code_would_hide_is_an_error_that_names_both() {
    let pool = pool();
    let square = r#"image(bytes("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><rect width='3' height='9'/></svg>"), width: 9mm)"#;
    let moved = r#"box(width: 15mm, height: 15mm, move(dx: 20mm, qr("ABC")))"#;
    for (body, says) in [
        (
            format!("#place(dx: 30mm, dy: 5mm)[Lot 42]\n#{moved}"),
            "line 7, column 27: the text `Lot 42` would be hidden by the code of `ABC` (line 8, column 51), or by the white",
        ),
        (format!("#{moved}\n#place(top, dx: 30mm, dy: 5mm)[Lot 42]"), "line 8, column 32: the text `Lot 42` would be hidden"),
        (
            // Of a code, what people read.
            r#"#place(dx: 16mm, qr("ABC")) #place(dx: 10mm, code39("A", module: 1, height: 2mm, quiet: false, text: 20mm))"#
                .to_owned(),
            "line 7, column 53: the text `A` would be hidden by the code of `ABC` (line 7, column 21)",
        ),
        (
            format!(r#"#place(qr("ABC")) #place(dx: 3mm, dy: 3mm, {square})"#),
            "this picture would lie on the code of `ABC` (line 7, column 11)",
        ),
    ] {
        let error = error(&pool, &template(50.0, 30.0, "", &body), &[]).await.to_string();
        assert!(error.contains(says), "{body}: {error}");
    }
    for body in [
        // A picture behind a code is its background; of another, what is white may be on it.
        format!(r#"#place({square}) #place(qr("ABC"))"#),
        format!(r#"#place(dx: 4mm, qr("ABC")) #place(dx: 0.5mm, {square})"#),
        // Text beside it, and a letter that reaches over by a hair.
        r#"#grid(columns: 2, qr("ABC"), text(size: 24pt)[jet])"#.to_owned(),
        // What is not seen is not hidden.
        r#"#place(qr("ABC")) #block(width: 3mm, height: 3mm, clip: true, move(dx: 3mm, dy: 3mm)[Lot])"#.to_owned(),
    ] {
        label(&pool, &template(50.0, 30.0, "", &body), &[], Raster::new(8, 400, 240)).await;
    }
}

#[tokio::test]
async fn a_code_that_cannot_be_exact_is_an_error_and_not_another_code() {
    let pool = pool();
    for (body, says) in [
        (r#"#qr("ABC" * 200)"#, "this code needs "),
        (r#"#box(width: 10mm, qr("ABC"))"#, "this code needs 14.5 x 14.5 mm, and there are 10.0 x"),
        (r#"#place(dx: 40mm, qr("ABC"))"#, "would be outside of the label"),
        (r#"#rotate(45deg, qr("ABC"))"#, "turned by quarters only"),
        (r#"#scale(50%, qr("ABC"))"#, "a code cannot be scaled"),
        (r#"#scale(y: 50%, qr("ABC"))"#, "a code cannot be scaled"),
        (r#"#scale(x: -100%, qr("ABC"))"#, "not mirrored"),
        (r#"#block(width: 20mm, height: 15mm, clip: true, move(dx: 8mm, qr("ABC")))"#, "cut off by what it lies in"),
        (
            r#"#place(qr("ABC")) #place(dx: 5mm, qr("DEF"))"#,
            "this code of `DEF` lies on the code of `ABC` (line 7, column 11), or on the white around it",
        ),
        (r#"#place(qr("ABC")) #box(move(dx: 3mm, qr("DEF")))"#, "this code of `DEF` lies on the code of `ABC`"),
        (r#"#ean13("9506000134353")"#, "with the right one it ends in 2"),
        (r#"#ean13("95060001343")"#, "an EAN-13 has 13 digits, or 12 to which the check digit is added"),
        (r#"#ean8("9638507A")"#, "`A` is none"),
        (r#"#upca("036000291453")"#, "ends in 2"),
        (r#"#itf("123")"#, "an even number"),
        (r#"#itf("10614141000416")"#, "ends in 5"),
        (r#"#code39("abc")"#, "upper-case"),
        (r#"#code128("ä")"#, "`ä` is none"),
        (r#"#code128("(01)09506000134353", gs1: true)"#, "ends in 2"),
        (r#"#datamatrix("(99", gs1: true)"#, "is no GS1 element string"),
        (r#"#qr("A", level: "X")"#, "there are L, M, Q and H"),
        (r#"#qr("A", module: 0)"#, "a module is a number of dots"),
        (r#"#qr("")"#, "at least one character"),
        (r#"#qr("A" * 5000)"#, "more than it can hold"),
        (r#"#pdf417("A" * 5000)"#, "this cannot be a PDF417"),
        (r#"#aztec("A" * 5000)"#, "this cannot be a Aztec code"),
        (r#"#datamatrix("ü" * 5000)"#, "more than it can hold"),
    ] {
        let error = error(&pool, &template(50.0, 30.0, "", body), &[]).await.to_string();
        assert!(error.contains(says), "{body}: {error}");
        assert!(error.contains("line 7"), "{body}: {error}");
    }
}
