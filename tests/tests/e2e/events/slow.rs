//! Readers that do not read hold neither memory nor anybody up: 200 of them, of which half never read, while labels are printed
//! and thousands of events are told.

use super::{id, idle, newest, rename};
use ostler_simulators::ZebraPrinter;
use ostler_tests::{
    Daemon, Label, Reader,
    printer::{self, runtime},
    reader::ask,
};
use serde_json::{Value, json};
use std::{
    os::unix::net::UnixStream,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    thread,
};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    task::JoinHandle,
};

/// Readers of each sort.
const READERS: usize = 100;
/// Labels that are printed to measure with.
const PRINTS: usize = 21;
/// Events between two of them, besides the labels' own.
const EVENTS: usize = 120;
/// By how much the daemon's memory may grow because of the readers.
const ROOM: u64 = 64 << 20;
/// The longest name of a machine; two of them are in each event.
const NAME: usize = 255;

/// Memory that is the process's own, in bytes.
fn memory(daemon: &Daemon) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() * 1024
}

/// Milliseconds from handing a job in to its end, as the daemon's clock says.
fn latency(job: &Value) -> u64 {
    let ms = |field: &str| {
        let text = job[field].as_str().unwrap();
        let time = text.split_once('T').unwrap().1.trim_end_matches('Z');
        // `hh:mm:ss.mmm`
        let parts: Vec<i64> = time.split([':', '.']).map(|part| part.parse().unwrap()).collect();
        ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1000 + parts[3]
    };
    // Over midnight, too.
    u64::try_from((ms("finished_at") - ms("created_at")).rem_euclid(86_400_000)).unwrap()
}

/// Prints labels, with many events between them; the median of the latencies.
fn print_among_events(daemon: &Daemon, dock: &str, noisy: &[String]) -> u64 {
    let mut latencies: Vec<_> = (0..PRINTS)
        .map(|number| {
            thread::scope(|scope| {
                for id in noisy {
                    scope.spawn(move || {
                        for event in 0..EVENTS / noisy.len() {
                            let name = format!("{id} {number} {event} {}", "x".repeat(NAME));
                            rename(daemon, id, &name[..NAME]);
                        }
                    });
                }
            });
            let png = Label::new(400, 600, &format!("SLOW-{number}")).png();
            let path = format!("/api/job/?machine={dock}");
            let (status, job) = daemon.request("POST", &path, Some(("image/png", png)));
            assert_eq!(status, 201, "{job:#}");
            let over = daemon.job_over(job["id"].as_i64().unwrap());
            assert_eq!(over["state"], "done", "{over:#}");
            latency(&over)
        })
        .collect();
    latencies.sort_unstable();
    latencies[PRINTS / 2]
}

/// A reader that reads for as long as the feed goes on.
struct Live {
    /// The event that it was told last.
    last: Arc<AtomicI64>,
    task: JoinHandle<()>,
}

impl Live {
    fn begin(daemon: &Daemon, after: i64) -> Self {
        let stream = ask(daemon, &format!("?after={after}"), "");
        stream.set_nonblocking(true).unwrap();
        let last = Arc::new(AtomicI64::new(after));
        let told = Arc::clone(&last);
        let task = runtime().spawn(async move {
            let stream = tokio::net::UnixStream::from_std(stream).unwrap();
            let mut lines = BufReader::new(stream).lines();
            while let Some(line) = lines.next_line().await.unwrap() {
                if let Some(id) = line.strip_prefix("id: ") {
                    let id: i64 = id.parse().unwrap();
                    assert_eq!(id, told.load(Ordering::Acquire) + 1, "an event is missing, or told twice");
                    told.store(id, Ordering::Release);
                }
            }
        });
        Self { last, task }
    }

    /// Whether it was told everything up to this event, each once and in order.
    fn has(&self, newest: i64) -> bool {
        assert!(!self.task.is_finished(), "a reader's feed ended");
        self.last.load(Ordering::Acquire) >= newest
    }
}

/// A daemon with a printer and four machines that can be renamed.
fn scene(limits: &str) -> (Daemon, ZebraPrinter, String, Vec<String>) {
    let daemon = idle(limits);
    daemon.install("ostler_driver_zebra");
    let zebra = printer::zebra();
    daemon.add_zebra("printer", &zebra, &[]);
    let printer = id(&daemon, "printer");
    for name in ["shelf", "bench"] {
        daemon.json(&["machine", "add", name, "--driver", "virtual-printer", "--inactive"]);
    }
    let noisy = ["dock", "desk", "shelf", "bench"].map(|name| id(&daemon, name)).to_vec();
    (daemon, zebra, printer, noisy)
}

#[test]
fn memory_and_prints_stay_level_while_half_of_200_readers_never_read() {
    // Nobody is sent away, so that what is kept for those who do not read would be seen.
    let (daemon, _zebra, printer, noisy) = scene("api_stall_ms = 600000\nevent_heartbeat_ms = 600000");
    print_among_events(&daemon, &printer, &noisy);
    let before = memory(&daemon);
    let alone = print_among_events(&daemon, &printer, &noisy);
    let level = memory(&daemon);

    let from = newest(&daemon);
    let silent: Vec<UnixStream> = (0..READERS).map(|_| ask(&daemon, &format!("?after={from}"), "")).collect();
    let reading: Vec<_> = (0..READERS).map(|_| Live::begin(&daemon, from)).collect();
    daemon.until("all follow", |daemon| {
        let (_, text) = daemon.text("/metrics");
        text.lines().any(|line| line == format!("ostler_event_readers {}", 2 * READERS))
    });
    let together = print_among_events(&daemon, &printer, &noisy);
    let after = memory(&daemon);
    let told = newest(&daemon) - from;
    let bytes = told.unsigned_abs() * 2 * NAME as u64;
    println!(
        "prints: {alone} ms (median) without readers, {together} ms with {} of them\n\
         memory: {before} bytes before, {level} after prints without readers, {after} after those with readers\n\
         {told} events, {bytes} bytes for each reader at least",
        2 * READERS
    );
    assert!(bytes * READERS as u64 > 2 * ROOM, "a copy for each of them would not be seen");
    assert!(after < level.max(before) + ROOM, "the readers took {} bytes", after - level);
    assert!(together < 4 * alone + 250, "prints took {together} ms instead of {alone}");

    let newest = newest(&daemon);
    daemon.until("those who read were told everything", |_| reading.iter().all(|reader| reader.has(newest)));
    for reader in reading {
        reader.task.abort();
    }
    drop(silent);
}

#[test]
fn a_reader_that_takes_nothing_is_sent_away_and_goes_on_where_it_was() {
    let daemon = idle("api_stall_ms = 300\nevent_heartbeat_ms = 600000");
    let (dock, desk) = (id(&daemon, "dock"), id(&daemon, "desk"));
    let from = newest(&daemon);
    let silent = ask(&daemon, &format!("?after={from}"), "");
    // More than a connection's buffers hold.
    let name = |number: usize| format!("{number} {}", "y".repeat(NAME))[..NAME].to_owned();
    let mut number = 0;
    daemon.until("the reader is sent away", |daemon| {
        for _ in 0..50 {
            number += 1;
            rename(daemon, if number % 2 == 0 { &dock } else { &desk }, &name(number));
        }
        let (_, text) = daemon.text("/metrics");
        text.contains("ostler_api_stalled_connections_total 1\n") && text.contains("ostler_event_readers 0\n")
    });
    // What had reached it is whole up to the break.
    let mut reader = Reader::of(silent);
    let mut place = from;
    while let Some(piece) = reader.piece() {
        if let Some(id) = piece.id {
            assert_eq!(id, place + 1);
            place = id;
        }
    }
    let newest = newest(&daemon);
    assert!(place > from && place < newest, "{from} {place} {newest}");
    let rest = Reader::open(&daemon, "?follow=false", &format!("last-event-id: {place}\r\n")).rest();
    let ids: Vec<_> = rest.iter().map(|event| event.id.unwrap()).collect();
    assert_eq!(ids, (place + 1..=newest).collect::<Vec<_>>());
    assert_eq!(rest.last().unwrap().data.as_ref().unwrap()["data"]["to"], json!(name(number)));
}
