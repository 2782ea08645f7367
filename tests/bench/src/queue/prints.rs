//! What does a durable print cost, from the request to the printer? Our daemon beside `LPrint`, with the same PNGs and the same
//! kind of printer; all of it runs in a network of its own, where `LPrint` can be.

use super::{
    DRIVER, PNG, add_printer,
    client::{self, Post, Server, submit_all},
    count, daemon,
    lprint::{Lprint, Pace, StandsStill},
    network, pictures,
    sink::Sink,
    submission,
};
use crate::{
    processes,
    report::{Row, Section, ratio},
    rounds::{Rounds, median},
};
use anyhow::{Context as _, Result, bail, ensure};
use hyper::body::Bytes;
use ostler_tests::Daemon;
use serde_json::{Value, json};
use std::{
    thread,
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;

/// The argument that makes this program the part in a network of its own.
pub const ALONE: &str = "prints-alone";

/// Labels of one side in a round.
const LABELS: usize = 100;
/// Labels before them, which do not count.
const WARM_UP: usize = 10;
const ROUNDS: usize = 7;
/// Requests at a time, to our daemon.
const IN_FLIGHT: usize = 8;
/// How jobs are handed in to `LPrint`, from gently to all at once; [`choose`] takes one of them.
const PACES: [Pace; 4] = [
    Pace { in_flight: 1, ahead: 1 },
    Pace { in_flight: 1, ahead: 2 },
    Pace { in_flight: 2, ahead: 4 },
    Pace { in_flight: 8, ahead: LABELS },
];
/// Rounds to try a pace.
const TRIALS: usize = 6;
/// How often a round is repeated whose server crashed or stood still.
const TRIES: usize = 40;
/// Our labels a second as a multiple of `LPrint`'s.
const LEAST_RATIO: f64 = 3.0;
/// Between two looks at a sink.
const LOOK_AGAIN: Duration = Duration::from_millis(1);
/// How long one side may take in a round.
const PATIENCE: Duration = Duration::from_mins(1);

/// What one side took in a round.
#[derive(Debug, Clone, Copy)]
struct Took {
    /// From the first request until the last label was at the printer.
    time: Duration,
    /// Of the server and its children.
    processor: Duration,
}

impl Took {
    #[allow(clippy::cast_precision_loss)] // hundreds
    fn rate(self) -> f64 {
        LABELS as f64 / self.time.as_secs_f64()
    }

    /// Milliseconds of processor time a label.
    #[allow(clippy::cast_precision_loss)] // hundreds
    fn each(self) -> f64 {
        self.processor.as_secs_f64() * 1e3 / LABELS as f64
    }
}

/// Measures.
pub fn run() -> Result<Section> {
    let text = network::alone(ALONE)?;
    let measured: Value = serde_json::from_str(&text).with_context(|| text.clone())?;
    let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
    let mut rates = Rounds::default();
    let mut processor = Rounds::default();
    for round in measured["rounds"].as_array().context("no rounds")? {
        rates.add(number(&round["their_rate"]), number(&round["our_rate"]));
        processor.add(number(&round["their_ms"]), number(&round["our_ms"]));
    }
    let method = format!(
        "PNGs of 4 x 6 inch at 203 dpi, every one another picture, for one machine whose printer reads, throws away, and \
         answers every question at once; it is a process of its own, the same for both sides. Ours: the daemon, by REST over \
         its socket, {IN_FLIGHT} requests in flight; jobs are on disk when they are acknowledged, and labels before and \
         after they are sent. LPrint 1.1.0 of Debian: `Print-Job` over HTTP to its server, started anew for each round. Its \
         server ends with SIGSEGV, or stands still, when jobs come while it prints. So {} paces were tried, {TRIALS} times \
         each, and the fastest counts at which it survived every time, or else the one at which it survived most often. {} \
         Times from the first request to the last label at the printer, {LABELS} labels a round and side, medians of \
         {ROUNDS} rounds. Processor time is that of the server with its children; clients and printers are not counted.",
        PACES.len(),
        measured["paces"].as_str().unwrap_or_default()
    );
    let row = Row {
        what: "labels a second, one machine".to_owned(),
        bar: format!(">= {LEAST_RATIO}x"),
        baseline: format!("{:.0}/s ({:.2} ms of processor time each)", rates.baseline(), processor.baseline()),
        measured: format!("{:.0}/s ({:.2} ms of processor time each)", rates.subject(), processor.subject()),
        result: ratio(rates.ratio(), rates.ratios()),
        reached: Some(rates.ratio() >= LEAST_RATIO),
    };
    Ok(Section { title: "Durable prints", method, rows: vec![row] })
}

/// All of it, in a network of its own; prints the rounds as JSON.
pub fn alone() -> Result<()> {
    let clients = client::runtime()?;
    let (pace, paces) = best_pace(&clients)?;
    let ours = Ours::start()?;
    let mut crashes = 0;
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        let documents = pictures::labels(&format!("R{round}"), WARM_UP + LABELS);
        // Each goes first in turn.
        let (our, their) = if round % 2 == 0 {
            let their = again_until_it_lives(&clients, &documents, pace, &mut crashes)?;
            (ours.print(&clients, &documents)?, their)
        } else {
            let our = ours.print(&clients, &documents)?;
            (our, again_until_it_lives(&clients, &documents, pace, &mut crashes)?)
        };
        eprintln!("  ours {:.0}/s, LPrint {:.0}/s", our.rate(), their.rate());
        rounds.push(json!({
            "our_rate": our.rate(), "our_ms": our.each(), "their_rate": their.rate(), "their_ms": their.each(),
        }));
    }
    // A label is at the printer a moment before its job is done.
    ours.daemon.until("no job is left", |daemon| count(daemon, "queued,printing,waiting") == 0);
    let done = count(&ours.daemon, "done");
    ensure!(done == ROUNDS * (WARM_UP + LABELS), "{done} jobs are done");
    let paces = format!("{paces} In the rounds {crashes} tries failed and were repeated.");
    println!("{}", json!({ "rounds": rounds, "paces": paces }));
    Ok(())
}

/// Our side, for all rounds.
struct Ours {
    daemon: Daemon,
    sink: std::cell::RefCell<Sink>,
    path: String,
}

impl Ours {
    fn start() -> Result<Self> {
        let sink = Sink::start()?;
        let daemon = daemon().start();
        daemon.install(DRIVER);
        let path = submission(&add_printer(&daemon, "dock", sink.port)?);
        Ok(Self { daemon, sink: sink.into(), path })
    }

    fn print(&self, clients: &Runtime, documents: &[Bytes]) -> Result<Took> {
        let (warm_up, labels) = documents.split_at(WARM_UP);
        self.print_all(clients, warm_up)?;
        let before = processes::processor_time(self.daemon.pid())?;
        let time = self.print_all(clients, labels)?;
        let processor = processes::processor_time(self.daemon.pid())?.saturating_sub(before);
        Ok(Took { time, processor })
    }

    fn print_all(&self, clients: &Runtime, documents: &[Bytes]) -> Result<Duration> {
        let post = |body: &Bytes| Post { path: self.path.clone(), media_type: PNG, body: body.clone() };
        let posts: Vec<_> = documents.iter().map(post).collect();
        let mut sink = self.sink.borrow_mut();
        let goal = sink.labels()? + posts.len() as u64;
        let begin = Instant::now();
        clients.block_on(submit_all(&Server::of(&self.daemon), IN_FLIGHT, posts))?;
        while sink.labels()? < goal {
            ensure!(begin.elapsed() < PATIENCE, "the daemon prints nothing:\n{}", self.daemon.log());
            thread::sleep(LOOK_AGAIN);
        }
        Ok(begin.elapsed())
    }
}

/// `LPrint`'s side of a round, on a server of its own; nothing when that crashed or stood still.
fn theirs(clients: &Runtime, documents: &[Bytes], pace: Pace) -> Result<Option<Took>> {
    let (warm_up, labels) = documents.split_at(WARM_UP);
    let mut sink = Sink::start()?;
    let mut lprint = Lprint::start(&sink)?;
    let mut measure = || {
        clients.block_on(lprint.print(warm_up, pace, &mut sink))?;
        let before = processes::processor_time(lprint.pid())?;
        let time = clients.block_on(lprint.print(labels, pace, &mut sink))?;
        let processor = processes::processor_time(lprint.pid())?.saturating_sub(before);
        Ok(Took { time, processor })
    };
    let took: Result<Took> = measure();
    match took {
        Ok(took) => Ok(Some(took)),
        Err(error) if error.is::<StandsStill>() => {
            eprintln!("  {error}");
            Ok(None)
        }
        Err(error) => {
            let signal = lprint.crash()?;
            eprintln!("  LPrint ended with signal {}", signal.ok_or(error)?);
            Ok(None)
        }
    }
}

/// Repeats what crashed, and counts that.
fn again_until_it_lives(clients: &Runtime, documents: &[Bytes], pace: Pace, crashes: &mut usize) -> Result<Took> {
    for _ in 0..TRIES {
        match theirs(clients, documents, pace)? {
            Some(took) => return Ok(took),
            None => *crashes += 1,
        }
    }
    bail!("LPrint crashed or stood still {TRIES} times in a row")
}

/// What came of a pace in its trials.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Tried {
    pace: Pace,
    /// Of [`TRIALS`].
    survived: usize,
    /// Labels a second when it survived; not a number when it never did.
    rate: f64,
}

impl Tried {
    /// With how often it failed, where it did.
    fn said(&self) -> String {
        let Self { pace: Pace { in_flight, ahead }, survived, rate } = self;
        let failed = TRIALS - survived;
        let outcome = match (*survived, failed) {
            (0, _) => format!("failed {TRIALS} of {TRIALS} times"),
            (_, 0) => format!("{rate:.0}/s"),
            (_, _) => format!("{rate:.0}/s, but failed {failed} of {TRIALS} times"),
        };
        format!("{in_flight} in flight and at most {ahead} not printed: {outcome}")
    }
}

/// Tries all paces; returns the one that counts, and what came of it and of others, in words.
fn best_pace(clients: &Runtime) -> Result<(Pace, String)> {
    let documents = pictures::labels("PACE", WARM_UP + LABELS);
    let mut all = Vec::new();
    for pace in PACES {
        let tries: Vec<_> = (0..TRIALS).map(|_| theirs(clients, &documents, pace)).collect::<Result<_>>()?;
        let rates: Vec<_> = tries.iter().flatten().map(|took| took.rate()).collect();
        let outcome = Tried { pace, survived: rates.len(), rate: median(rates) };
        eprintln!("  LPrint, {}", outcome.said());
        all.push(outcome);
    }
    let chosen = choose(&all).context("LPrint survived no pace")?;
    Ok((chosen.pace, in_words(chosen, &all)))
}

/// The fastest at which it survived all trials, or else the one at which it survived most.
fn choose(all: &[Tried]) -> Option<Tried> {
    let living = all.iter().copied().filter(|tried| tried.survived > 0);
    living.max_by(|a, b| a.survived.cmp(&b.survived).then(a.rate.total_cmp(&b.rate)))
}

/// The one that counts, and those that are faster or never came to an end.
fn in_words(chosen: Tried, all: &[Tried]) -> String {
    let faster = |tried: &&Tried| tried.survived < chosen.survived && (tried.survived == 0 || tried.rate > chosen.rate);
    let faster: Vec<_> = all.iter().filter(faster).map(Tried::said).collect();
    let beside = if faster.is_empty() { "none".to_owned() } else { faster.join("; ") };
    format!("It was {}. Faster paces, or such that never came to an end: {beside}.", chosen.said())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn tried(in_flight: usize, survived: usize, rate: f64) -> Tried {
        Tried { pace: Pace { in_flight, ahead: 9 }, survived, rate }
    }

    #[test]
    fn the_fastest_pace_that_survived_every_trial_counts_and_faster_ones_that_did_not_are_named() {
        let all = [tried(1, 6, 80.0), tried(2, 6, 90.0), tried(3, 5, 120.0), tried(4, 3, 70.0), tried(5, 0, f64::NAN)];
        let chosen = choose(&all).unwrap();
        assert_eq!(chosen, all[1]);
        let words = in_words(chosen, &all);
        assert!(words.starts_with("It was 2 in flight and at most 9 not printed: 90/s. "), "{words}");
        assert!(
            words.contains("3 in flight and at most 9 not printed: 120/s, but failed 1 of 6 times; 5 in"),
            "{words}"
        );
        assert!(words.ends_with("5 in flight and at most 9 not printed: failed 6 of 6 times."), "{words}");
        assert!(!words.contains("4 in flight"), "{words}");
    }

    #[test]
    fn without_a_pace_that_survived_every_trial_the_one_that_survived_most_counts() {
        let all = [tried(1, 4, 80.0), tried(2, 5, 60.0), tried(3, 1, 200.0)];
        assert_eq!(choose(&all), Some(all[1]));
        assert_eq!(choose(&[tried(1, 0, f64::NAN)]), None);
    }
}
