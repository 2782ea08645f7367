//! Measures what Ostler must reach, each figure against its baseline in the same run, and writes `docs/benchmarks.md`.
//!
//! ```text
//! just bench [NAME...]
//! ```
//!
//! Names choose benchmarks, and so does what stands before a dash in them (`queue`); then, and in a build that is not a
//! release, the results are only shown. A bar that is missed is a result like any other: the exit status says whether
//! everything could be measured.
//!
//! # Layout
//!
//! * [`brokered`]: a call through an instance, beside a bare call of the engine
//! * [`encoding`]: a label to compressed ZPL, in a guest and natively
//! * [`pages`]: a page of a PDF to dots, beside Poppler
//! * [`templates`]: a label of a template to dots, beside `WeasyPrint` and Poppler
//! * [`start`]: a start with 1,000 machines, and what each of them takes
//! * [`queue`]: what the print queue takes and survives, beside `LPrint` where there is something to compare
//! * [`scene`]: the component, its store and its machines, which both need
//! * [`processes`]: what a process and its children took
//! * [`rounds`]: medians, and pairs of them
//! * [`report`]: the table and the file
//! * [`facts`]: what the numbers were measured on
//!
//! Baseline and subject take turns within each round. A ratio is taken of each round, and the median of those is what counts:
//! whatever else the machine does meanwhile, both sides had it.

mod brokered;
mod encoding;
mod facts;
mod pages;
mod processes;
mod queue;
mod report;
mod rounds;
mod scene;
mod start;
mod templates;

use anyhow::{Result, bail};
use report::Section;
use std::{path::Path, process::ExitCode};

/// Where the results go, seen from this crate.
const REPORT: &str = "../../docs/benchmarks.md";

/// A benchmark and its name.
type Benchmark = (&'static str, fn() -> Result<Section>);

const BENCHMARKS: [Benchmark; 9] = [
    ("start", start::run),
    ("brokered", brokered::run),
    ("encoding", encoding::run),
    ("pages", pages::run),
    ("templates", templates::run),
    ("queue-prints", queue::prints::run),
    ("queue-burst", queue::burst::run),
    ("queue-enqueue", queue::enqueue::run),
    ("queue-hanging", queue::hanging::run),
];

/// Whether somebody who says this means a benchmark of this name.
fn means(said: &str, name: &str) -> bool {
    said == name || name.split_once('-').is_some_and(|(group, _)| said == group)
}

fn main() -> Result<ExitCode> {
    let chosen: Vec<String> = std::env::args().skip(1).collect();
    if chosen == [pages::WORKER] {
        return Ok(ostler_render::worker::main());
    }
    match chosen.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [queue::sink::SINK] => return queue::sink::main().map(|()| ExitCode::SUCCESS),
        [queue::prints::ALONE] => return queue::prints::alone().map(|()| ExitCode::SUCCESS),
        [start::START, folder] => return start::once(Path::new(folder)).map(|()| ExitCode::SUCCESS),
        // As the daemon asks its own binary.
        ["compile-worker", memory] => {
            ostler::instance::code::compile_worker(memory.parse()?).map_err(anyhow::Error::msg)?;
            return Ok(ExitCode::SUCCESS);
        }
        _ => {}
    }
    let known = |said: &&String| BENCHMARKS.iter().any(|(name, _)| means(said, name));
    if let Some(unknown) = chosen.iter().find(|said| !known(said)) {
        let names: Vec<_> = BENCHMARKS.iter().map(|(name, _)| *name).collect();
        bail!("there is no benchmark '{unknown}'; there are: {}", names.join(", "));
    }
    // Before anything is measured: afterwards the load is our own.
    let facts = facts::gather();
    let mut sections = Vec::new();
    for (name, run) in BENCHMARKS {
        if chosen.is_empty() || chosen.iter().any(|said| means(said, name)) {
            eprintln!("measuring: {name}");
            sections.push(run()?);
        }
    }
    let text = report::markdown(&facts, &sections);
    println!("{text}");
    if cfg!(debug_assertions) {
        eprintln!("not a release build: nothing was written");
    } else if chosen.is_empty() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(REPORT);
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&file, text)?;
        eprintln!("written: docs/benchmarks.md");
    }
    Ok(ExitCode::SUCCESS)
}
