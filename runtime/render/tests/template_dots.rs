//! The dots of templates: of which size they are, how crisp, and whether a preview shows the same ones.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

mod common;

use common::labels::{TEXT, fields, label, template, try_label};
use common::{pool, text};
use ostler_render::template::{Fields, MEDIA_TYPE};
use ostler_render::{Output, Raster, RenderError, Rendered, Scaling};

const LABEL: Raster = Raster::new(8, 400, 240);

fn of_50_by_30(fields: &str, body: &str) -> String {
    template(50.0, 30.0, fields, body)
}

fn black(lines: &[String]) -> usize {
    lines.iter().map(|line| line.matches('#').count()).sum()
}

// Sizes.

#[tokio::test]
async fn inspecting_a_template_tells_its_size_and_lays_out_its_sample() {
    let pool = pool();
    let source = of_50_by_30("[fields.ean]\nkind = \"text\"\nsample = \"9506000134352\"", "#ean13(fields.ean)");
    let info = pool.inspect(source.as_bytes(), MEDIA_TYPE).await.unwrap();
    assert_eq!((info.pages.len(), info.pages[0].size_um, info.pages[0].pixels), (1, Some((50_000, 30_000)), None));
    let wrong = source.replace("9506000134352", "9506000134353");
    assert!(pool.inspect(wrong.as_bytes(), MEDIA_TYPE).await.unwrap_err().to_string().contains("ends in 2"));
}

#[tokio::test]
async fn a_label_is_never_shrunk_and_a_millimetre_too_much_is_cut_off() {
    let pool = pool();
    let source =
        template(101.6, 152.4, "", "#place(dx: 10mm, dy: 10mm, rect(width: 20mm, height: 10mm, stroke: 1 * dot))");
    // Of 4 x 6 inches, on the printer's 812 x 1218 dots.
    let lines = text(&label(&pool, &source, &[], Raster::new(8, 812, 1_218)).await);
    let rows: Vec<usize> = (0..lines.len()).filter(|row| lines[*row].contains('#')).collect();
    assert_eq!((rows[0], *rows.last().unwrap()), (80, 160));
    assert_eq!(lines[80].find('#'), Some(80));
    assert_eq!(lines[80].matches('#').count(), 161);
    for (width, height) in [(804, 1_218), (812, 1_200)] {
        let small = try_label(&pool, &source, &Fields::new(), Raster::new(8, width, height)).await.unwrap_err();
        assert!(matches!(small, RenderError::Size { document_um: (101_600, 152_400), .. }), "{small}");
    }
    let cropped = Raster { scaling: Scaling::Crop, ..Raster::new(8, 200, 200) };
    assert_eq!(text(&label(&pool, &source, &[], cropped).await)[80], lines[80][..200]);
    let code = template(101.6, 20.0, "", "#place(right + bottom, qr(\"A\", quiet: false))");
    let cut = try_label(&pool, &code, &Fields::new(), Raster::new(8, 810, 160)).await.unwrap_err();
    assert!(cut.to_string().contains("would be outside of the label"), "{cut}");
}

// Crispness.

#[tokio::test]
async fn lines_have_whole_dots_and_at_least_one_wherever_they_lie() {
    let pool = pool();
    for tenth in 0..10 {
        for (stroke, dots) in [("0.05mm", 1), ("0.125mm", 1), ("0.25mm", 2), ("3 * dot", 3), ("0.2mm", 2)] {
            let at = format!("{}mm", 2.0 + f64::from(tenth) / 80.0);
            let body = format!(
                "#place(dy: {at}, line(length: 40mm, stroke: {stroke}))\n#place(dx: {at}, dy: 10mm, line(angle: 90deg, length: 10mm, stroke: {stroke}))"
            );
            let lines = text(&label(&pool, &of_50_by_30("", &body), &[], LABEL).await);
            let thick = lines[..60].iter().filter(|line| line.starts_with(&"#".repeat(320))).count();
            assert_eq!(thick, dots, "{stroke} at {at}");
            assert_eq!(black(&lines[..60]), dots * 320, "{stroke} at {at}: ends");
            assert_eq!(lines[100].matches('#').count(), dots, "{stroke} at {at}");
            assert_eq!(black(&lines[80..160]), dots * 80, "{stroke} at {at}");
        }
    }
}

#[tokio::test]
async fn boxes_grids_and_rounded_corners_have_even_lines() {
    let pool = pool();
    let body = "#place(dx: 1.06mm, dy: 1.06mm, box(width: 20.1mm, height: 10.1mm, stroke: 0.1mm, radius: 2mm))\n\
                #place(dx: 25.03mm, dy: 1.09mm, grid(columns: (8.05mm,) * 2, rows: 5.05mm, stroke: 0.1mm, [], [], [], []))";
    let lines = text(&label(&pool, &of_50_by_30("", body), &[], LABEL).await);
    // Through the middle of both: two lines of the box, three of the grid, a dot each.
    assert_eq!(lines[30].matches('#').count(), 5, "{}", lines[30]);
    assert!(!lines[30].contains("##"));
    let column = |x: usize| lines.iter().filter(|line| line.as_bytes()[x] == b'#').count();
    assert_eq!((column(80), column(230)), (2, 3));
}

#[tokio::test]
async fn the_same_letter_has_the_same_dots_wherever_it_stands() {
    let pool = pool();
    let at = async |x: f64, y: f64| {
        let body = format!("#place(dx: {x}mm, dy: {y}mm, text(size: 7pt, \"ame\"))");
        let lines = text(&label(&pool, &of_50_by_30("", &body), &[], LABEL).await);
        let rows: Vec<String> = lines.into_iter().filter(|line| line.contains('#')).collect();
        let left = rows.iter().map(|line| line.find('#').unwrap()).min().unwrap();
        rows.iter().map(|line| line[left..left + 16].to_owned()).collect::<Vec<_>>()
    };
    let first = at(2.0, 2.0).await;
    assert!(black(&first) > 30);
    for (x, y) in [(3.04, 2.0), (2.09, 4.06), (10.11, 7.02)] {
        let other = at(x, y).await;
        // The first letter; how far the next ones are away is rounded.
        let letter = |rows: &[String]| rows.iter().map(|row| row[..8].to_owned()).collect::<Vec<_>>();
        assert_eq!(letter(&other), letter(&first), "at {x}, {y}");
    }
}

#[tokio::test]
async fn fills_have_the_lightness_of_their_colour_in_every_dot() {
    let pool = pool();
    for (fill, share) in
        [("black", 1.0), ("red", 1.0), ("white", 0.0), ("yellow", 0.0), ("luma(100)", 1.0), ("luma(200)", 0.0)]
    {
        let body = format!("#place(dx: 5mm, dy: 5mm, rect(width: 10mm, height: 10mm, fill: {fill}))");
        let lines = text(&label(&pool, &of_50_by_30("", &body), &[], LABEL).await);
        assert_eq!(black(&lines), (6_400.0 * share) as usize, "{fill}");
    }
    let gradient = "#rect(width: 50mm, height: 30mm, fill: gradient.linear(black, white))";
    let lines = text(&label(&pool, &of_50_by_30("", gradient), &[], LABEL).await);
    assert!(lines[100].starts_with(&"#".repeat(150)) && lines[100].ends_with(&".".repeat(150)), "{}", lines[100]);
    let tiling = "#rect(width: 50mm, height: 30mm, fill: tiling(size: (1mm, 1mm), square(size: 0.5mm, fill: black)))";
    let lines = text(&label(&pool, &of_50_by_30("", tiling), &[], LABEL).await);
    assert_eq!(black(&lines), 400 * 240 / 4);
}

#[tokio::test]
async fn an_svg_in_the_source_is_drawn_as_sharp_as_any() {
    let svg = r#"<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="4" height="8"/></svg>"#;
    let body = format!(
        "#let logo = bytes(```{svg}```.text)\n#place(dx: 2.02mm, dy: 2mm, image(logo, width: 10mm))\n#place(dx: 20mm, dy: 2mm, rotate(90deg, image(logo, width: 10mm)))"
    );
    let lines = text(&label(&pool(), &of_50_by_30("", &body), &[], LABEL).await);
    let row: Vec<usize> = (0..400).filter(|x| lines[20].as_bytes()[*x] == b'#').collect();
    assert_eq!(row, (16..56).chain(160..240).collect::<Vec<_>>());
    assert_eq!(black(&lines), 2 * 3_200);
}

// Previews.

#[tokio::test]
async fn a_preview_is_a_pdf_of_the_labels_size_with_the_same_code() {
    let pool = pool();
    let source = of_50_by_30(TEXT, "#place(dx: 5mm, dy: 5mm, qr(fields.text, module: 4))");
    let row = fields(&[("text", "HELLO")]);
    let Rendered::Pdf(pdf) = pool.render_label(source.as_bytes(), &row, LABEL, Output::Pdf).await.unwrap() else {
        panic!("a PDF was asked for")
    };
    let info = pool.inspect(&pdf, "application/pdf").await.unwrap();
    assert_eq!(info.pages[0].size_um, Some((50_000, 30_000)));
    let Rendered::Bitmap(drawn) = pool.render(&pdf, "application/pdf", LABEL, Output::Bitmap).await.unwrap() else {
        panic!("a bitmap was asked for")
    };
    assert_eq!(text(&drawn), text(&label(&pool, &source, &[("text", "HELLO")], LABEL).await));
    let png = common::Picture::lines(&["#"]).file();
    let refused = pool.render(&png, "image/png", LABEL, Output::Pdf).await.unwrap_err();
    assert!(refused.to_string().contains("a PDF is made of templates only"), "{refused}");
}
