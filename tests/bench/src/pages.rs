//! What a page of a PDF costs on its way to dots: our pool of workers, beside `pdftoppm -mono` of Poppler.
//!
//! Both get documents of ten makers, those of the tests (`scripts/counterparts.sh` makes them).

use crate::{
    report::{Row, Section, ratio},
    rounds::{Rounds, nanoseconds},
};
use anyhow::{Context as _, Result, bail, ensure};
use ostler_render::{Output, Raster, RenderLimits, RenderPool, Rendered, WorkerCommand};
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// The argument that makes this program a worker of its own pool.
pub const WORKER: &str = "render-worker";

/// Rounds that count; one more goes before them, which starts the worker.
const ROUNDS: usize = 11;
/// Our time as a multiple of pdftoppm's.
const MOST_RATIO: f64 = 1.0;
/// Dots per millimetre, and what they are called.
const DENSITIES: [(u32, &str); 3] = [(8, "203 dpi"), (12, "300 dpi"), (24, "600 dpi")];
/// Where the documents are, seen from this crate.
const DOCUMENTS: &str = "../../target/counterparts/documents";

/// Measures.
pub fn run() -> Result<Section> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let documents = documents()?;
    let rows = DENSITIES.iter().map(|density| row(&runtime, &documents, *density)).collect::<Result<_>>()?;
    let method = format!(
        "The first page of each of {} documents, one after the other, to a label of 4 x 6 inch. Ours: through the pool, whose \
         worker runs already, every document being a new one to its cache. The baseline: a process of `pdftoppm -mono` \
         each. Times are of one page; medians of {ROUNDS} rounds.",
        documents.len()
    );
    Ok(Section { title: "A page of a PDF to dots", method, rows })
}

fn documents() -> Result<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENTS);
    let missing = || format!("{} is missing: run scripts/counterparts.sh", folder.display());
    let mut documents: Vec<_> = std::fs::read_dir(&folder)
        .with_context(missing)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "pdf"))
        .collect();
    documents.sort();
    ensure!(!documents.is_empty(), missing());
    Ok(documents)
}

fn row(runtime: &tokio::runtime::Runtime, documents: &[PathBuf], (dpmm, dpi): (u32, &str)) -> Result<Row> {
    let worker = WorkerCommand { program: std::env::current_exe()?, args: vec![WORKER.into()] };
    let pool = RenderPool::new(RenderLimits::default(), worker);
    let raster = Raster::new(dpmm, 1015 * dpmm / 10, 1523 * dpmm / 10);
    let mut rounds = Rounds::default();
    for round in 0..=ROUNDS {
        let (mut theirs, mut ours) = (Duration::ZERO, Duration::ZERO);
        for document in documents {
            let begin = Instant::now();
            pdftoppm(document, dpmm)?;
            theirs += begin.elapsed();

            let mut bytes = std::fs::read(document)?;
            bytes.extend_from_slice(format!("\n% {round}\n").as_bytes());
            let begin = Instant::now();
            let rendered = runtime.block_on(pool.render_page(&bytes, "application/pdf", 0, raster, Output::Bitmap))?;
            ours += begin.elapsed();
            ensure!(matches!(rendered, Rendered::Bitmap(_)), "the pool answered in another form");
        }
        if round > 0 {
            rounds.add(nanoseconds(theirs), nanoseconds(ours));
        }
    }
    #[allow(clippy::cast_precision_loss)] // there are ten
    let milliseconds = |of_all: f64| format!("{:.2} ms", of_all / documents.len() as f64 / 1e6);
    Ok(Row {
        what: format!("{dpmm} dots/mm ({dpi})"),
        bar: format!("<= {MOST_RATIO}x"),
        baseline: milliseconds(rounds.baseline()),
        measured: milliseconds(rounds.subject()),
        result: ratio(rounds.ratio(), rounds.ratios()),
        reached: Some(rounds.ratio() <= MOST_RATIO),
    })
}

/// The first page, thrown away.
fn pdftoppm(document: &Path, dpmm: u32) -> Result<()> {
    let dpi = format!("{:.1}", f64::from(dpmm) * 25.4);
    let mut command = Command::new("pdftoppm");
    command.args(["-mono", "-cropbox", "-r", &dpi, "-f", "1", "-l", "1"]).arg(document);
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    let status = status.context("pdftoppm cannot be run: install poppler-utils")?;
    if !status.success() {
        bail!("pdftoppm ended with {status} on {}", document.display());
    }
    Ok(())
}
