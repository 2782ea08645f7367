//! Documents become the dots that other programs see in them.

use ostler_render::{DocumentInfo, Output, Raster, RenderLimits, RenderPool, Rendered, Scaling, WorkerCommand};
use ostler_simulators::Bitmap;
use ostler_tests::{
    counterpart::{Counterpart, documents, missing, pdftoppm},
    dots,
    place::ostler,
    printer::runtime,
};

fn pool() -> RenderPool {
    let limits = RenderLimits { time_ms: 60_000, ..RenderLimits::default() };
    RenderPool::new(limits, WorkerCommand { program: ostler(), args: vec!["render-worker".into()] })
}

fn inspect(pool: &RenderPool, pdf: &[u8]) -> DocumentInfo {
    runtime().block_on(pool.inspect(pdf, "application/pdf")).unwrap()
}

fn render(pool: &RenderPool, pdf: &[u8], page: usize, raster: Raster) -> Bitmap {
    let page = u32::try_from(page).unwrap();
    let rendered = runtime().block_on(pool.render_page(pdf, "application/pdf", page, raster, Output::Bitmap)).unwrap();
    let Rendered::Bitmap(bitmap) = rendered else { panic!("a bitmap was asked for") };
    Bitmap::from_rows(bitmap.width, bitmap.data).unwrap()
}

/// How much finer the picture is that shows where edges really lie.
const FINER: u32 = 4;

/// Whether an edge goes through a dot or one of its neighbours, by a picture that is [`FINER`].
fn has_edge(fine: &Bitmap, x: u32, y: u32) -> bool {
    let side = |at: u32, length: u32| (at.saturating_sub(1) * FINER)..((at + 2) * FINER).min(length);
    let mut dots = side(y, fine.height()).flat_map(|y| side(x, fine.width()).map(move |x| (x, y)));
    let Some((x, y)) = dots.next() else { return false };
    let first = fine.is_black(x, y);
    dots.any(|(x, y)| fine.is_black(x, y) != first)
}

/// Writes both pictures to the folder that `OSTLER_KEEP_DOTS` names, to be looked at.
fn keep(of: &str, ours: &Bitmap, theirs: &Bitmap) {
    if let Some(folder) = std::env::var_os("OSTLER_KEEP_DOTS") {
        for (whose, bitmap) in [("ours", ours), ("theirs", theirs)] {
            let file = std::path::Path::new(&folder).join(format!("{of} - {whose}.png").replace('/', " per "));
            std::fs::write(file, bitmap.to_png(None).unwrap()).unwrap();
        }
    }
}

/// Poppler paints whatever a shape touches and we what it mostly covers, so edges differ by one dot and nothing by more.
#[test]
fn pages_of_ten_makers_have_the_dots_that_poppler_sees_but_for_edges() {
    if missing("rendering::pages_of_ten_makers", &[Counterpart::Pdftoppm, Counterpart::Documents]) {
        return;
    }
    let pool = pool();
    let documents = documents();
    assert!(documents.len() >= 10, "{documents:?}");
    let mut pages = 0;
    for path in &documents {
        let pdf = std::fs::read(path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy();
        for (page, size) in inspect(&pool, &pdf).pages.iter().enumerate() {
            for dpmm in [8, 12, 24] {
                let theirs = pdftoppm(path, page + 1, f64::from(dpmm) * 25.4);
                let (width, height) = (theirs.width(), theirs.height());
                let (width_um, height_um) = size.size_um.unwrap();
                let exact = [width_um, height_um].map(|um| f64::from(um) * f64::from(dpmm) / 1_000.0);
                for (dots, exact) in [width, height].into_iter().zip(exact) {
                    assert!((f64::from(dots) - exact).abs() <= 1.0, "{name}: {dots} dots for {exact}");
                }
                let ours =
                    render(&pool, &pdf, page, Raster { scaling: Scaling::Crop, ..Raster::new(dpmm, width, height) });
                let of = format!("{name}, page {page} at {dpmm} dots/mm");
                keep(&of, &ours, &theirs);
                assert!(theirs.black_dots() > 500, "{of}: an empty page proves nothing");
                let mut beyond = dots::beyond_an_edge(&theirs, &ours);
                beyond.extend(dots::beyond_an_edge(&ours, &theirs));
                // The page ends within the last dots.
                beyond.retain(|&(x, y)| f64::from(x + 1) <= exact[0] && f64::from(y + 1) <= exact[1]);
                if !beyond.is_empty() {
                    // Perhaps an edge that neither raster shows, such as of a gap that both fill.
                    let fine = pdftoppm(path, page + 1, f64::from(dpmm) * 25.4 * f64::from(FINER));
                    beyond.retain(|&(x, y)| !has_edge(&fine, x, y));
                }
                assert!(
                    beyond.is_empty(),
                    "{of}: {} dots differ far from any edge: {:?}",
                    beyond.len(),
                    beyond.first()
                );
                pages += 1;
            }
        }
    }
    assert!(pages >= 30);
}
