//! The print queue: the real daemon over its socket, with printers that take and answer and do nothing else.
//!
//! # Layout
//!
//! * [`prints`]: durable prints from request to printer, beside `LPrint`
//! * [`burst`]: 10,000 jobs at once
//! * [`enqueue`]: handing in a job beside 1,000,000 that are over
//! * [`hanging`]: one printer beside 99 that hang
//!
//! What they are made of:
//!
//! * [`sink`]: the printer, a process of its own
//! * [`pictures`]: labels as PNG, each another one
//! * [`client`]: requests, many at a time
//! * [`lprint`]: `LPrint`'s server, and jobs for it
//! * [`network`]: a network of one's own, where `LPrint` listens

// Of JSON: what is not there is null.
#![allow(clippy::indexing_slicing)]

pub mod burst;
mod client;
pub mod enqueue;
pub mod hanging;
mod lprint;
mod network;
mod pictures;
pub mod prints;
pub mod sink;

use anyhow::{Context as _, Result};
use ostler_tests::{Daemon, daemon::Builder};
use serde_json::Value;

/// The crate of the driver that prints.
const DRIVER: &str = "ostler_driver_zebra";
/// Its slug.
const SLUG: &str = "zebra-zpl";
/// What labels are, as `LPrint` calls it.
const PNG: &str = "image/png";

/// A daemon as an operator has it: the harness pings more often.
fn daemon() -> Builder {
    Daemon::builder().ping_interval(ostler::instance::Limits::default().ping_interval_ms)
}

/// Adds a printer of 4 x 6 inch labels and returns the machine's id; it is ready then.
fn add_printer(daemon: &Daemon, name: &str, port: u16) -> Result<String> {
    let machine = daemon.add(name, SLUG, &[&format!("CONNECTION=tcp://127.0.0.1:{port}")]);
    machine["pk"].as_str().map(str::to_owned).context("a machine has an id")
}

/// Where a document for a machine is handed in.
fn submission(machine: &str) -> String {
    format!("/api/job/?machine={machine}")
}

/// How many jobs are in one of these states, separated by commas.
fn count(daemon: &Daemon, states: &str) -> usize {
    const PAGE: usize = 1000;
    let mut count = 0;
    let mut before = String::new();
    loop {
        let page = daemon.get(&format!("/api/job/?state={states}&limit={PAGE}{before}"));
        let jobs = page.as_array().map(Vec::as_slice).unwrap_or_default();
        count += jobs.len();
        match jobs.last().and_then(|job: &Value| job["id"].as_i64()) {
            Some(last) if jobs.len() == PAGE => before = format!("&before={last}"),
            _ => return count,
        }
    }
}
