//! Templates that are made to do harm: each ends as an error that is theirs, and the next label is printed.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]

mod common;

use std::time::Instant;

use common::labels::{error, label, template, try_label};
use common::{pool, worker};
use ostler_render::template::Fields;
use ostler_render::{ErrorClass, Raster, RenderError, RenderLimits, RenderPool};

fn hostile(body: &str) -> String {
    template(50.0, 30.0, "", body)
}

async fn still_prints(pool: &RenderPool) {
    label(pool, &hostile("#qr(\"fine\")"), &[], Raster::new(8, 400, 240)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn loops_without_an_end_meet_the_deadline_or_typsts_own_limit() {
    let limits = RenderLimits { time_ms: 2_000, ..RenderLimits::default() };
    let pool = RenderPool::new(limits, worker());
    for body in [
        "#while true {}",
        "#while dpmm > 0 { let x = 1 }",
        "#for a in range(100000) { for b in range(100000) { let c = a * b } }",
        "#let s = \"a\"\n#for i in range(1000000000) { s = s.rev() }",
        "#str.from-unicode(65).replace(regex(\"(a*)*b\"), \"\") #range(100000000).fold(0, (a, b) => a + b)",
    ] {
        let started = Instant::now();
        let error = error(&pool, &hostile(body), &[]).await;
        assert!(matches!(error.class(), ErrorClass::Limit | ErrorClass::Document), "{body}: {error}");
        assert!(started.elapsed().as_secs() < 8, "{body}: {error}");
        still_prints(&pool).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nests_without_an_end_is_the_documents_fault() {
    let pool = pool();
    let brackets = format!("#let x = {}{}", "(".repeat(100_000), ")".repeat(100_000));
    let blocks = format!("{}x{}", "#block[".repeat(5_000), "]".repeat(5_000));
    let arrays = "#let a = ()\n#for i in range(2000000) { a = (a,) }\n#a".to_owned();
    let show = "#show \"a\": it => [a#it]\na".to_owned();
    for body in [
        "#let f(x) = f(x + 1)\n#f(1)".to_owned(),
        "#let f() = [#context f()]\n#f()".to_owned(),
        "#let b(x) = block(b(x))\n#b(1)".to_owned(),
        "#let n = [x]\n#for i in range(100000) { n = block(n) }\n#n".to_owned(),
        show,
        brackets,
        blocks,
        arrays,
    ] {
        let start: String = body.chars().take(60).collect();
        match try_label(&pool, &hostile(&body), &Fields::new(), Raster::new(8, 400, 240)).await {
            Ok(_) => assert!(start.starts_with("#show"), "{start} is drawn"),
            Err(error) => {
                assert!(matches!(error.class(), ErrorClass::Limit | ErrorClass::Document), "{start}: {error}");
            }
        }
        still_prints(&pool).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_without_an_end_meets_the_limit() {
    let pool = pool();
    for body in [
        "#let a = \"x\" * 1000000\n#while true { a = a + a }",
        "#let a = (0,)\n#while true { a = a + a }",
        "#let n = range(300000000)\n#n.len()",
        "#let b = bytes(\"x\" * 100000000)\n#let all = ()\n#for i in range(100) { all.push(array(b)) }\n#all.len()",
        "#for i in range(3000000) [#circle(radius: 1mm) ]",
    ] {
        let error = error(&pool, &hostile(body), &[]).await;
        assert!(
            matches!(error, RenderError::Memory { .. } | RenderError::Deadline { .. } | RenderError::Template(_)),
            "{body}: {error}"
        );
        still_prints(&pool).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_and_pictures_without_an_end_are_refused() {
    let pool = pool();
    for (body, says) in [
        ("#set page(width: 100000mm, height: 100000mm)\nx", "leave the size of the page to the header"),
        ("#set page(height: auto)\n#v(100000mm)\nx", "leave the size of the page to the header"),
        ("#for i in range(300) [#pagebreak() x]", "301 pages, and a label is one"),
        (
            "#image(bytes(\"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>\"), width: 900000mm)",
            "too large",
        ),
        ("#qr(\"A\", module: 1000)", "this code"),
        ("#code128(\"A\" * 80, module: 1000)", "too large to be drawn"),
        ("#code128(\"A\", height: 90000000mm)", "too large to be drawn"),
        ("#rect(width: 1e12mm, height: 1e12mm, fill: tiling(size: (1e6mm, 1e6mm))[x])", ""),
        ("#place(dx: 1e300mm, line(length: 1e300mm))", ""),
        ("#scale(1e9%, line(length: 1mm, stroke: (dash: (0.0001mm, 0.0001mm))))", ""),
        ("#text(size: 1e6pt)[A]", ""),
    ] {
        let template = hostile(body);
        let result = try_label(&pool, &template, &Fields::new(), Raster::new(8, 400, 240)).await;
        match result {
            Ok(_) => assert_eq!(says, "", "{body} is drawn"),
            Err(error) => {
                assert_ne!(error.class(), ErrorClass::Worker, "{body}: {error}");
                assert!(error.to_string().contains(says), "{body}: {error}");
            }
        }
        still_prints(&pool).await;
    }
    let large = template(1_000.0, 1_000.0, "", "x");
    let error = try_label(&pool, &large, &Fields::new(), Raster::new(12, 12_000, 8_000)).await;
    assert!(matches!(error.unwrap_err().class(), ErrorClass::Document | ErrorClass::Limit));
}

#[tokio::test]
async fn what_is_no_text_is_refused() {
    let pool = pool();
    for bytes in [b"\xff\xfe/* ostler-template".as_slice(), b"/* ostler-template", b"%PDF-1.7", b"/*\0*/"] {
        let error = pool.inspect(bytes, ostler_render::template::MEDIA_TYPE).await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::Document, "{error}");
    }
}
