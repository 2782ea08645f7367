//! PDF and SVG are drawn for the raster: hard edges, whole dots, no line lost.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation
)]

mod common;

use common::{pool, text};
use ostler_render::{Bitmap, ErrorClass, Output, Raster, RenderError, Rendered, Rotation, Scaling};

const PDF: &str = "application/pdf";
const SVG: &str = "image/svg+xml";

/// A PDF of pages that draw what `contents` say, each of `size` in points, with further entries of the page.
fn pdf(size: (f64, f64), extra: &str, contents: &[&str]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut offsets = Vec::new();
    let mut object = |file: &mut Vec<u8>, body: &str| {
        offsets.push(file.len());
        file.extend(format!("{} 0 obj\n{body}\nendobj\n", offsets.len()).bytes());
    };
    let kids: Vec<_> = (0..contents.len()).map(|page| format!("{} 0 R", 3 + 2 * page)).collect();
    object(&mut file, "<< /Type /Catalog /Pages 2 0 R >>");
    object(&mut file, &format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), kids.len()));
    for (page, content) in contents.iter().enumerate() {
        let (width, height) = size;
        let stream = 4 + 2 * page;
        let entries = format!("/MediaBox [0 0 {width} {height}] /Contents {stream} 0 R {extra}");
        object(&mut file, &format!("<< /Type /Page /Parent 2 0 R {entries} >>"));
        object(&mut file, &format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
    }
    let start = file.len();
    file.extend(format!("xref\n0 {}\n0000000000 65535 f \n", offsets.len() + 1).bytes());
    for offset in &offsets {
        file.extend(format!("{offset:010} 00000 n \n").bytes());
    }
    let trailer = format!("trailer << /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n", offsets.len() + 1);
    file.extend(trailer.bytes());
    file
}

/// Points of so many millimetres.
fn mm(length: f64) -> f64 {
    length * 72.0 / 25.4
}

fn svg(size: &str, body: &str) -> Vec<u8> {
    format!(r#"<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {size}>{body}</svg>"#)
        .into_bytes()
}

async fn try_render(document: &[u8], media_type: &str, page: u32, raster: Raster) -> Result<Bitmap, RenderError> {
    match pool().render_page(document, media_type, page, raster, Output::Bitmap).await? {
        Rendered::Bitmap(bitmap) => Ok(bitmap),
        Rendered::Png(_) | Rendered::Pdf(_) => panic!("a bitmap was asked for"),
    }
}

async fn render(document: &[u8], media_type: &str, raster: Raster) -> Vec<String> {
    text(&try_render(document, media_type, 0, raster).await.unwrap())
}

/// Rows that have a black dot, as ranges.
fn black_rows(lines: &[String]) -> Vec<usize> {
    (0..lines.len()).filter(|row| lines[*row].contains('#')).collect()
}

#[tokio::test]
async fn a_rectangle_of_whole_dots_is_those_dots() {
    // From 0.25 mm left and 0.125 mm below the top, 0.5 x 0.25 mm: at 8 dots/mm from (2, 1), 4 x 2 dots.
    let (side, top) = (mm(1.0), mm(0.5));
    let page = format!("{} {} {} {} re f", mm(0.25), top - mm(0.375), mm(0.5), mm(0.25));
    let expected = ["........", "..####..", "..####..", "........"];
    assert_eq!(render(&pdf((side, top), "", &[&page]), PDF, Raster::new(8, 8, 4)).await, expected);
    let picture = svg(r#"width="1mm" height="0.5mm" viewBox="0 0 8 4""#, r#"<rect x="2" y="1" width="4" height="2"/>"#);
    assert_eq!(render(&picture, SVG, Raster::new(8, 8, 4)).await, expected);
}

#[tokio::test]
async fn a_page_is_turned_as_it_says_and_then_as_the_raster_says() {
    let corner = format!("0 0 {} {} re f", mm(0.25), mm(0.125));
    let size = (mm(1.0), mm(0.5));
    // The lower left corner of the page.
    assert_eq!(
        render(&pdf(size, "", &[&corner]), PDF, Raster::new(8, 8, 4)).await,
        ["........", "........", "........", "##......"]
    );
    let turned = ["#...", "#...", "....", "....", "....", "....", "....", "...."];
    assert_eq!(render(&pdf(size, "/Rotate 90", &[&corner]), PDF, Raster::new(8, 4, 8)).await, turned);
    let raster = Raster { rotation: Rotation::Quarter, ..Raster::new(8, 4, 8) };
    assert_eq!(render(&pdf(size, "", &[&corner]), PDF, raster).await, turned);
}

#[tokio::test]
async fn each_page_is_a_label_of_its_own_size_and_none_is_beyond_the_last() {
    let file = pdf((mm(101.6), mm(152.4)), "", &["0 0 10 10 re f", "0 0 100 100 re f"]);
    let info = pool().inspect(&file, PDF).await.unwrap();
    assert_eq!(info.pages.iter().map(|page| page.size_um).collect::<Vec<_>>(), [Some((101_600, 152_400)); 2]);
    let black = |bitmap: Bitmap| bitmap.data.iter().map(|byte| byte.count_ones()).sum::<u32>();
    let raster = Raster::new(8, 813, 1_220);
    let first = black(try_render(&file, PDF, 0, raster).await.unwrap());
    assert!(black(try_render(&file, PDF, 1, raster).await.unwrap()) > 90 * first);
    let error = try_render(&file, PDF, 2, raster).await.unwrap_err();
    assert_eq!(error, RenderError::NoSuchPage { page: 2, pages: 2 });
}

#[tokio::test]
async fn lines_thinner_than_a_dot_are_not_lost_wherever_they_lie() {
    for tenth in 0..10 {
        // Of 0.3 dots, as a stroke, as a rectangle and as a line without width, at any place within a dot.
        let y = mm(1.0) - mm(f64::from(tenth) / 80.0) - mm(0.5);
        let strokes = [
            format!("{} w 0 {y} m 100 {y} l S", mm(0.3 / 8.0)),
            format!("0 {y} 100 {} re f", mm(0.3 / 8.0)),
            format!("0 w 0 {y} m 100 {y} l S"),
        ];
        for stroke in strokes {
            let lines = render(&pdf((mm(2.0), mm(1.0)), "", &[&stroke]), PDF, Raster::new(8, 16, 8)).await;
            let rows = black_rows(&lines);
            assert!((1..=2).contains(&rows.len()), "{stroke}: {lines:#?}");
            assert!(rows.iter().all(|row| lines[*row] == "#".repeat(16)), "{stroke}: {lines:#?}");
        }
        let y = 4.0 + f64::from(tenth) / 10.0;
        for line in [
            format!(r#"<path d="M0 {y}H16" stroke="black" stroke-width="0.3"/>"#),
            format!(r#"<rect x="0" y="{y}" width="16" height="0.3"/>"#),
        ] {
            let lines =
                render(&svg(r#"width="2mm" height="1mm" viewBox="0 0 16 8""#, &line), SVG, Raster::new(8, 16, 8)).await;
            let rows = black_rows(&lines);
            assert!((1..=2).contains(&rows.len()), "{line}: {lines:#?}");
        }
    }
}

#[tokio::test]
async fn bars_that_lie_between_dots_neither_grow_nor_shrink_by_more_than_half_a_dot() {
    // Bars of two dots with gaps of two, each pair 0.1 dots further.
    let bars =
        (0..20).map(|bar| format!("{} 0 {} 10 re f ", mm(f64::from(bar) * 4.1 / 8.0), mm(0.25))).collect::<Vec<_>>();
    let lines = render(&pdf((mm(10.5), mm(1.0)), "", &[&bars.concat()]), PDF, Raster::new(8, 84, 8)).await;
    let runs: Vec<usize> = lines[4].split('.').map(str::len).filter(|length| *length > 0).collect();
    assert_eq!(runs, [2; 20], "{lines:#?}");
}

#[tokio::test]
async fn a_document_that_is_too_large_shrinks_is_cut_or_is_refused_as_the_raster_says() {
    // A frame around a page of 2 x 2 mm, for a raster of 1 x 1.
    let frame = format!("{0} w {1} {1} {2} {2} re S", mm(0.25), mm(0.125), mm(1.75));
    let file = pdf((mm(2.0), mm(2.0)), "", &[&frame]);
    let fitted = render(&file, PDF, Raster::new(8, 8, 8)).await;
    assert_eq!((fitted[0].as_str(), fitted[4].as_str()), ("########", "#......#"));
    let cut = render(&file, PDF, Raster { scaling: Scaling::Crop, ..Raster::new(8, 8, 8) }).await;
    assert_eq!((cut[0].as_str(), cut[1].as_str(), cut[7].as_str()), ("########", "########", "##......"));
    let large = pdf((mm(210.0), mm(297.0)), "", &[""]);
    let exact = Raster { scaling: Scaling::Exact, ..Raster::new(8, 812, 1_218) };
    let error = try_render(&large, PDF, 0, exact).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Document);
    assert!(error.to_string().contains("210.0 x 297.0 mm and the label 101.5 x 152.2 mm"), "{error}");
    // Less than a millimetre over is the label itself.
    let label = pdf((mm(101.6), mm(152.4)), "", &["0 0 10 10 re f"]);
    try_render(&label, PDF, 0, exact).await.unwrap();
}

#[tokio::test]
async fn offset_and_mirror_and_invert_are_those_of_pictures() {
    let file = pdf((mm(1.0), mm(0.5)), "", &[&format!("0 {0} {1} {0} re f", mm(0.25), mm(0.125))]);
    let raster = Raster { offset_x: 2, offset_y: 1, scaling: Scaling::Crop, ..Raster::new(8, 6, 3) };
    assert_eq!(render(&file, PDF, raster).await, ["......", "..#...", "..#..."]);
    assert_eq!(render(&file, PDF, Raster { mirror: true, ..raster }).await, ["......", "...#..", "...#.."]);
    assert_eq!(render(&file, PDF, Raster { invert: true, ..raster }).await, ["######", "##.###", "##.###"]);
}

#[tokio::test]
async fn what_is_no_pdf_or_cut_off_or_locked_is_the_documents_fault() {
    let pool = pool();
    let whole = pdf((100.0, 100.0), "", &["0 0 50 50 re f"]);
    let error = pool.inspect(b"GIF89a and more", PDF).await.unwrap_err();
    assert_eq!(error.to_string(), r#"not a PDF: starts with 47 49 46 38 39 61 20 61 ("GIF89a a")"#);
    for end in (1..whole.len()).step_by(37) {
        if let Err(error) = pool.inspect(&whole[..end], PDF).await {
            assert_eq!(error.class(), ErrorClass::Document, "{error} after {end} bytes");
        }
    }
    let text = String::from_utf8(whole).unwrap();
    let locked = text.replace("/Root 1 0 R", "/Root 1 0 R /ID [<00> <00>] /Encrypt << /Filter /Standard /V 4 /R 4 >>");
    let error = pool.inspect(locked.as_bytes(), PDF).await.unwrap_err();
    assert_eq!(error, RenderError::Protected { format: "PDF".to_owned() });
}

#[tokio::test]
async fn a_pdf_of_too_many_pages_is_refused_with_both_numbers() {
    let file = pdf((10.0, 10.0), "", &[""; 201]);
    let error = pool().inspect(&file, PDF).await.unwrap_err();
    assert_eq!(error, RenderError::Pages { pages: 201, limit: 200 });
}

#[tokio::test]
async fn text_in_an_svg_is_printed_whatever_font_it_names() {
    for family in ["Arial", "serif", "monospace", "No Such Font"] {
        let body = format!(r#"<text x="1" y="20" font-family="{family}" font-size="20">Hx</text>"#);
        let lines =
            render(&svg(r#"width="8mm" height="4mm" viewBox="0 0 64 32""#, &body), SVG, Raster::new(8, 64, 32)).await;
        let black = lines.iter().map(|line| line.matches('#').count()).sum::<usize>();
        assert!((60..400).contains(&black), "{family}: {lines:#?}");
    }
}

#[tokio::test]
async fn an_svg_reads_nothing_but_itself() {
    let body = r#"<image xlink:href="/etc/hostname.png" width="10" height="10"/>"#;
    let error = pool().inspect(&svg(r#"width="10" height="10""#, body), SVG).await.unwrap_err();
    assert_eq!(error, RenderError::Reference { format: "SVG".to_owned(), name: "/etc/hostname.png".to_owned() });
    // Entities that stand for more and more of themselves.
    let mut bomb = r#"<!DOCTYPE svg [<!ENTITY a0 "boom">"#.to_owned();
    let levels = (1..30).map(|level| format!(r#"<!ENTITY a{level} "&a{0};&a{0};&a{0};&a{0};">"#, level - 1));
    bomb += &levels.collect::<Vec<_>>().concat();
    bomb += r#"]><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text>&a29;</text></svg>"#;
    let error = pool().inspect(bomb.as_bytes(), SVG).await.unwrap_err();
    assert!(matches!(error.class(), ErrorClass::Document | ErrorClass::Limit), "{error}");
}

#[tokio::test]
async fn a_page_that_was_rendered_before_needs_no_worker() {
    let pool = pool();
    let file = pdf((100.0, 100.0), "", &["0 0 50 50 re f"]);
    let raster = Raster::new(8, 100, 100);
    let first = pool.render(&file, PDF, raster, Output::Bitmap).await.unwrap();
    pool.end_idle().await;
    assert_eq!(pool.render(&file, PDF, raster, Output::Bitmap).await.unwrap(), first);
    assert_eq!(pool.idle_workers(), 0, "a worker was started");
    // Another raster is another question.
    pool.render(&file, PDF, Raster { invert: true, ..raster }, Output::Bitmap).await.unwrap();
    assert_eq!(pool.idle_workers(), 1);
}
