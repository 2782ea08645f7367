//! Is a job handed in as fast when 1,000,000 are over?

use super::{
    DRIVER, PNG, add_printer,
    client::{self, Post, Server, submit_all},
    daemon, pictures, submission,
};
use crate::{
    report::{Row, Section, ratio},
    rounds::{Rounds, nanoseconds},
};
use anyhow::{Context as _, Result, ensure};
use ostler_tests::{Daemon, Label};
use rusqlite::{Connection, params};
use std::time::{Duration, Instant};

const OVER: u32 = 1_000_000;
/// Rounds that count; one more goes before them.
const ROUNDS: usize = 15;
/// Jobs of one side in a round.
const JOBS: usize = 200;
/// Requests at a time.
const IN_FLIGHT: [usize; 2] = [1, 16];
/// The time a job with so many in the database as a multiple of that with none.
const MOST_RATIO: f64 = 1.2;

/// Fills the tables as `OVER` jobs would have that were printed once, one every few seconds up to now; each has a document
/// of its own. The first parameter is the machine.
const FILL: &str = "
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?1)
    INSERT INTO documents (digest, bytes) SELECT lower(hex(randomblob(32))), randomblob(64) FROM numbers";
const FILL_JOBS: &str = "
    INSERT INTO jobs (machine_id, machine_name, function, state, title, media_type, document_id, copies, label_count,
                      options, labels_done, label_proof, attempts, created_at, started_at, finished_at)
    SELECT ?1, 'dock', ?2, 'done', 'label', 'image/png', id, 1, 1, '{}', 1, 'counted', 1,
           ?3 - (?4 - id) * 5000, ?3 - (?4 - id) * 5000 + 10, ?3 - (?4 - id) * 5000 + 20
    FROM documents ORDER BY id";

/// Measures.
pub fn run() -> Result<Section> {
    let clients = client::runtime()?;
    let (empty, full) = (Side::start()?, Side::start_full()?);
    let picture = Label::four_by_six("ENQUEUE").png();
    let mut rows = Vec::new();
    let mut handed_in = 0;
    for in_flight in IN_FLIGHT {
        let mut rounds = Rounds::default();
        for round in 0..=ROUNDS {
            let mut take = |side: &Side| {
                handed_in += JOBS;
                side.hand_in(&clients, in_flight, pictures::copies(&picture, handed_in, JOBS))
            };
            // Each goes first in turn.
            let (baseline, subject) = if round % 2 == 0 {
                let baseline = take(&empty)?;
                (baseline, take(&full)?)
            } else {
                let subject = take(&full)?;
                (take(&empty)?, subject)
            };
            if round > 0 {
                rounds.add(nanoseconds(baseline), nanoseconds(subject));
            }
        }
        #[allow(clippy::cast_precision_loss)] // hundreds
        let each = |of_all: f64| format!("{:.2} ms", of_all / JOBS as f64 / 1e6);
        rows.push(Row {
            what: format!("{in_flight} in flight, time a job"),
            bar: format!("<= {MOST_RATIO}x"),
            baseline: each(rounds.baseline()),
            measured: each(rounds.subject()),
            result: ratio(rounds.ratio(), rounds.ratios()),
            reached: Some(rounds.ratio() <= MOST_RATIO),
        });
    }
    let method = format!(
        "Two daemons, one with an empty database (the baseline), one with {OVER} jobs that are done, each with a document of \
         its own ({} MiB). A paused machine takes labels of 4 x 6 inch at 203 dpi by REST over the socket, every one another \
         document; they are acknowledged when they are on disk. {JOBS} a round and side, the daemons taking turns, medians \
         of {ROUNDS} rounds.",
        full.size()? >> 20
    );
    Ok(Section { title: "Handing in a job beside many that are over", method, rows })
}

/// A daemon whose machine is paused.
struct Side {
    daemon: Daemon,
    path: String,
}

impl Side {
    fn start() -> Result<Self> {
        let daemon = daemon().start();
        daemon.install(DRIVER);
        // Nobody listens there, and nobody is asked: a printer that is switched off.
        let machine = add_printer(&daemon, "dock", 9)?;
        let (status, answer) = daemon.request("POST", &format!("/api/machine/{machine}/pause/"), None);
        ensure!(status == 200, "the machine cannot be paused: {answer}");
        Ok(Self { path: submission(&machine), daemon })
    }

    fn start_full() -> Result<Self> {
        let mut side = Self::start()?;
        // One job that shows what its function is called.
        let label = pictures::labels("FULL", 1);
        side.hand_in(&client::runtime()?, 1, label)?;
        let status = side.daemon.stop();
        ensure!(status.success(), "the daemon ended with {status}");
        let begin = Instant::now();
        let mut db = Connection::open(side.daemon.data().join("ostler.db"))?;
        let (machine, function, now): (String, String, i64) =
            db.query_row("SELECT machine_id, function, created_at FROM jobs", [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
        let transaction = db.transaction()?;
        transaction.execute_batch("PRAGMA cache_size = -262144; DELETE FROM jobs; DELETE FROM documents")?;
        transaction.execute(FILL, [OVER])?;
        let last: i64 = transaction.query_row("SELECT max(id) FROM documents", [], |row| row.get(0))?;
        let jobs = transaction.execute(FILL_JOBS, params![machine, function, now, last])?;
        transaction.commit()?;
        ensure!(jobs == usize::try_from(OVER)?, "{jobs} jobs are over");
        db.close().map_err(|(_, error)| error).context("closing the database")?;
        let filled = begin.elapsed();
        side.daemon.restart();
        eprintln!(
            "  filled in {:.1} s, started again {:.1} s later",
            filled.as_secs_f64(),
            begin.elapsed().saturating_sub(filled).as_secs_f64()
        );
        Ok(side)
    }

    fn hand_in(
        &self,
        clients: &tokio::runtime::Runtime,
        in_flight: usize,
        documents: Vec<hyper::body::Bytes>,
    ) -> Result<Duration> {
        let post = |body| Post { path: self.path.clone(), media_type: PNG, body };
        let posts: Vec<_> = documents.into_iter().map(post).collect();
        let begin = Instant::now();
        clients.block_on(submit_all(&Server::of(&self.daemon), in_flight, posts))?;
        Ok(begin.elapsed())
    }

    fn size(&self) -> Result<u64> {
        Ok(std::fs::metadata(self.daemon.data().join("ostler.db"))?.len())
    }
}
