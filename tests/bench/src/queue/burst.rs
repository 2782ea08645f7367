//! Do 10,000 jobs survive that come at once?

use super::{
    DRIVER, PNG, add_printer,
    client::{self, Post, Server, submit_all},
    count, daemon, pictures,
    sink::Sink,
    submission,
};
use crate::{
    processes,
    report::{Row, Section},
};
use anyhow::{Result, ensure};
use std::{
    thread,
    time::{Duration, Instant},
};

const JOBS: usize = 10_000;
/// Requests at a time.
const IN_FLIGHT: usize = 32;
/// Between two looks at what is open.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// How long all of it may take.
const PATIENCE: Duration = Duration::from_mins(10);

/// Measures.
pub fn run() -> Result<Section> {
    let documents = pictures::labels("B", JOBS);
    let mut sink = Sink::start()?;
    let daemon = daemon().start();
    daemon.install(DRIVER);
    let machine = add_printer(&daemon, "dock", sink.port)?;
    let path = submission(&machine);
    let server = Server::of(&daemon);
    let idle = processes::peak_memory(daemon.pid())?;
    let posts: Vec<_> = documents.into_iter().map(|body| Post { path: path.clone(), media_type: PNG, body }).collect();

    let begin = Instant::now();
    client::runtime()?.block_on(submit_all(&server, IN_FLIGHT, posts))?;
    let accepted = begin.elapsed();
    // Asked of the printer first, which costs the daemon nothing.
    let open = format!("/api/job/?machine={machine}&state=queued,printing,waiting&limit=1");
    while sink.labels()? < JOBS as u64 || !daemon.get(&open).as_array().is_none_or(Vec::is_empty) {
        ensure!(begin.elapsed() < PATIENCE, "jobs are left after {PATIENCE:?}:\n{}", daemon.log());
        thread::sleep(LOOK_AGAIN);
    }
    let printed = begin.elapsed();

    let (done, at_the_printer) = (count(&daemon, "done"), sink.labels()?);
    let peak = processes::peak_memory(daemon.pid())?;
    let processor = processes::processor_time(daemon.pid())?;
    #[allow(clippy::cast_precision_loss)] // thousands
    let rate = |time: Duration| JOBS as f64 / time.as_secs_f64();
    let method = format!(
        "{JOBS} PNGs of 4 x 6 inch at 203 dpi, every one another picture, are handed in as fast as the daemon takes them, \
         {IN_FLIGHT} requests in flight, for one machine with the printer of the section above. Accepted: acknowledged, \
         which is on disk. Done: in the daemon's list; labels are counted at the printer. Memory is the most that was \
         resident of the daemon ({idle:.0} MiB before the first job), without its workers. It and its workers took \
         {:.1} s of processor time.",
        processor.as_secs_f64()
    );
    let row = Row {
        what: format!("{JOBS} jobs at once"),
        bar: "all accepted, done and at the printer".to_owned(),
        baseline: format!("{JOBS} handed in"),
        measured: format!("{JOBS} accepted, {done} done, {at_the_printer} at the printer"),
        result: format!("{:.0}/s accepted, {:.0}/s done, {peak:.0} MiB", rate(accepted), rate(printed)),
        reached: Some(done == JOBS && at_the_printer == JOBS as u64),
    };
    Ok(Section { title: "A burst of jobs", method, rows: vec![row] })
}
