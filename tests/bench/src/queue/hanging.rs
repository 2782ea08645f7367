//! Does one printer notice 99 others of its driver that hang?

use super::{
    DRIVER, PNG, SLUG, add_printer,
    client::{self, Feed, Line, Post, Server},
    pictures,
    sink::Sink,
    submission,
};
use crate::{
    report::{Row, Section, ratio},
    rounds::{Rounds, quantile},
};
use anyhow::{Context as _, Result, ensure};
use hyper::body::Bytes;
use ostler_simulators::{ZebraConfig, ZebraPrinter, zebra::Fault};
use ostler_tests::{Daemon, PATIENCE, printer};
use serde_json::json;
use std::{
    thread,
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;

const HANGING: usize = 99;
/// So many of them hang in a job, the others in pings.
const WITH_JOB: usize = 50;
/// Milliseconds; the daemons of both sides ping so often.
const PING_INTERVAL: u32 = 1000;
/// An instance of both sides may take 256 MiB: labels that hang stay in its memory, and they are large ones here.
const LIMITS: &str = "memory_bytes = 268435456";
/// Jobs of one side in a round, one after the other.
const JOBS: usize = 200;
/// Rounds that count; one more goes before them.
const ROUNDS: usize = 9;
/// Between two looks at jobs that are to hang.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// The latency beside those that hang as a multiple of that alone.
const MOST_RATIO: f64 = 2.0;

/// Measures.
pub fn run() -> Result<Section> {
    let clients = client::runtime()?;
    let (alone, beside) = (Side::start()?, Side::start()?);
    let hanging = Hanging::add_to(&beside.daemon)?;
    let (mut middle, mut late) = (Rounds::default(), Rounds::default());
    for round in 0..=ROUNDS {
        let documents = pictures::labels(&format!("H{round}"), JOBS);
        hanging.check(&beside.daemon)?;
        // Each goes first in turn.
        let (baseline, subject) = if round % 2 == 0 {
            let baseline = alone.print(&clients, &documents)?;
            (baseline, beside.print(&clients, &documents)?)
        } else {
            let subject = beside.print(&clients, &documents)?;
            (alone.print(&clients, &documents)?, subject)
        };
        hanging.check(&beside.daemon)?;
        if round > 0 {
            middle.add(quantile(&baseline, 50), quantile(&subject, 50));
            late.add(quantile(&baseline, 99), quantile(&subject, 99));
        }
    }
    let milliseconds = |seconds: f64| format!("{:.2} ms", seconds * 1e3);
    let row = |what: &str, rounds: &Rounds| Row {
        what: what.to_owned(),
        bar: format!("<= {MOST_RATIO}x"),
        baseline: milliseconds(rounds.baseline()),
        measured: milliseconds(rounds.subject()),
        result: ratio(rounds.ratio(), rounds.ratios()),
        reached: Some(rounds.ratio() <= MOST_RATIO),
    };
    let method = format!(
        "Labels of 4 x 6 inch at 203 dpi, one after the other, on one machine; a job's time is from its request until the \
         feed says that it is done. The baseline: a daemon with this machine alone. The subject: a daemon with {HANGING} \
         further machines on the same driver, and so in the same instance, whose devices accept connections, read nothing and \
         answer nothing: {WITH_JOB} of them hang in the middle of a job; {} are pinged, and each of these pings waits 1.5 s for an answer, \
         every 6 s. {JOBS} jobs a round and side, the daemons taking turns; p99 of each round, \
         medians of {ROUNDS} rounds. The labels that hang are of 3.6 MB, since the kernel takes smaller ones whether they are \
         read or not; so that one instance has room for them, it may take 256 MiB on both sides.",
        HANGING - WITH_JOB
    );
    let rows = vec![row("a job, p99", &late), row("a job, p50", &middle)];
    Ok(Section { title: "One printer beside 99 that hang", method, rows })
}

/// A daemon with a machine that prints.
struct Side {
    daemon: Daemon,
    path: String,
    _sink: Sink,
}

impl Side {
    fn start() -> Result<Self> {
        let sink = Sink::start()?;
        let daemon = Daemon::builder().ping_interval(PING_INTERVAL).limits(LIMITS).start();
        daemon.install(DRIVER);
        let path = submission(&add_printer(&daemon, "live", sink.port)?);
        Ok(Self { daemon, path, _sink: sink })
    }

    /// Prints one after the other, and returns what each took in seconds.
    fn print(&self, clients: &Runtime, documents: &[Bytes]) -> Result<Vec<f64>> {
        clients.block_on(async {
            let server = Server::of(&self.daemon);
            let (mut line, mut feed) = (Line::open(&server).await?, Feed::open(&server).await?);
            let mut times = Vec::new();
            for body in documents.iter().cloned() {
                let begin = Instant::now();
                let job = line.submit(Post { path: self.path.clone(), media_type: PNG, body }).await?;
                feed.until_done(job).await?;
                times.push(begin.elapsed().as_secs_f64());
            }
            Ok(times)
        })
    }
}

/// The machines that hang, and their devices.
struct Hanging {
    jobs: Vec<i64>,
    printers: Vec<ZebraPrinter>,
}

impl Hanging {
    fn add_to(daemon: &Daemon) -> Result<Self> {
        let _inside = printer::runtime().enter();
        let mut printers = Vec::new();
        let mut machines = Vec::new();
        for number in 0..HANGING {
            let config = ZebraConfig { receive_window: Some(4096), ..ZebraConfig::default() };
            let printer = ZebraPrinter::start(config)?;
            printer.set_fault(Fault::StallAt { byte: 0 })?;
            let new = json!({
                "name": format!("hangs {number}"), "machine_type": "label-printer", "driver": SLUG,
                "settings": { "D": { "CONNECTION": printer.uri(), "DPMM": "24", "LABEL_LENGTH": 250 } },
            });
            let body = ("application/json", new.to_string().into_bytes());
            let (status, machine) = daemon.request("POST", "/api/machine/", Some(body));
            ensure!(status == 201, "a machine cannot be added: {machine}");
            machines.push(machine["pk"].as_str().context("a machine has an id")?.to_owned());
            printers.push(printer);
        }
        daemon.until("all machines are ready", |daemon| {
            let all = daemon.get("/api/machine/");
            all.as_array().is_some_and(|all| all.iter().all(|machine| machine["state"]["state"] == "ready"))
        });
        let noise = pictures::noise();
        let mut jobs = Vec::new();
        for machine in machines.iter().take(WITH_JOB) {
            let (status, job) = daemon.request("POST", &submission(machine), Some((PNG, noise.to_vec())));
            ensure!(status == 201, "a job is refused: {job}");
            jobs.push(job["id"].as_i64().context("a job has a number")?);
        }
        let hanging = Self { jobs, printers };
        let end = Instant::now() + PATIENCE;
        loop {
            match hanging.check(daemon) {
                Ok(()) => return Ok(hanging),
                Err(error) if Instant::now() > end => return Err(error),
                Err(_) => thread::sleep(LOOK_AGAIN),
            }
        }
    }

    /// Fails unless they still do.
    fn check(&self, daemon: &Daemon) -> Result<()> {
        for job in &self.jobs {
            let job = daemon.job(*job);
            ensure!(job["state"] == "printing" && job["labels"]["started"] == 0, "a job does not hang: {job}");
        }
        let read: u64 = self.printers.iter().map(ZebraPrinter::received_bytes).sum();
        ensure!(read == 0, "a device has read {read} bytes");
        Ok(())
    }
}
