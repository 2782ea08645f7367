//! The harness of the end-to-end tests: the real binary, real sockets, simulated devices, and programs of other people to
//! compare with.
//!
//! ```no_run
//! use ostler_tests::{Daemon, Label, dots, printer};
//!
//! let daemon = Daemon::start();
//! daemon.install("ostler_driver_zebra");
//! let zebra = printer::zebra();
//! daemon.add_zebra("dock", &zebra, &[]);
//! let png = Label::four_by_six("PARCEL-1").png();
//! let job = daemon.print("dock", &png, 1);
//! assert_eq!(daemon.job_over(job)["state"], "done");
//! dots::assert_same(&dots::of_png(&png), &zebra.labels()[0].bitmap);
//! ```
//!
//! # Layout
//!
//! * [`daemon`]: an `ostler serve` in a folder of its own; ends with its value, and fails the test if it panicked
//! * [`client`]: the command line and the REST API of that daemon
//! * [`network`]: that daemon over TCP, with whatever headers a test wants
//! * [`printer`]: simulated printers, and the runtime that they live on
//! * [`reader`]: readers of the feed, and those that never read
//! * [`recorder`]: what the hooks of a driver tell, one by one
//! * [`scale`]: a simulated scale, and what lies on it
//! * [`plugin`]: plugins: those of the repository, and others made for a test
//! * [`contract`]: components that are drivers by their type only
//! * [`tutorial`]: the files and commands that a tutorial shows
//! * [`label`]: labels to print, as PNG, with codes that can be read back
//! * [`pages`]: documents of several small labels, as PDF
//! * [`dots`]: what a PNG must look like on paper, and whether two pictures are the same
//! * [`front`]: the pages as a browser reaches them; [`browser`]: such a browser
//! * [`codes`]: codes of every symbology, and whether they are read back
//! * [`counterpart`]: programs nobody here wrote, which read what we print
//! * [`namespace`]: a network of a test's own
//! * [`holder`]: another program that holds the daemon's database
//! * [`place`]: where binary, drivers and counterparts lie
//!
//! Waiting is always for a condition, with [`PATIENCE`] as the limit; nothing sleeps and hopes.

// A harness reports by panicking: that is how a test fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::missing_panics_doc)]
// An assertion about an output may be all that a test wants of it.
#![allow(clippy::return_self_not_must_use)]

pub mod browser;
pub mod client;
pub mod codes;
pub mod contract;
pub mod counterpart;
pub mod daemon;
pub mod dots;
pub mod front;
pub mod holder;
pub mod label;
pub mod namespace;
pub mod network;
pub mod pages;
pub mod place;
pub mod plugin;
pub mod printer;
pub mod reader;
pub mod recorder;
pub mod scale;
pub mod tutorial;

pub use browser::Browser;
pub use client::Output;
pub use daemon::{Builder, Daemon};
pub use front::Front;
pub use label::Label;
pub use network::{Answer, Ask};
pub use pages::Pages;
pub use reader::Reader;
pub use recorder::Recorder;
pub use scale::Scale;

use std::time::{Duration, Instant};

/// How long a condition may take to come true. Much longer than any does, so that a busy machine fails no test.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// The pause between two looks at a condition.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Waits until a condition holds, or fails the test with `what`.
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < end, "still not after {} s: {what}", PATIENCE.as_secs());
        std::thread::sleep(LOOK_AGAIN);
    }
}
