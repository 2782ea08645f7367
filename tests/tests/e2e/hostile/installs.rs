//! Components that are refused when they are installed: in bounded time, with the reason, and nothing of them stays.

use super::{daemon, prints, ready};
use ostler_tests::{Daemon, place};
use serde_json::json;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Compiling is most of it, and the machine may be busy.
const SOON: Duration = Duration::from_secs(20);

/// Installs a component, which is refused with these words.
#[track_caller]
fn is_refused(daemon: &Daemon, guest: &str, words: &[&str]) {
    let before = (daemon.json(&["driver", "list"]), kept(&daemon.data()));
    let began = Instant::now();
    daemon.cli(&["driver", "install", &place::guest(guest).to_string_lossy()]).refused(1, words);
    assert!(began.elapsed() < SOON, "the answer took {:?}", began.elapsed());
    assert_eq!((daemon.json(&["driver", "list"]), kept(&daemon.data())), before);
}

/// Stored components, and compiled code.
fn kept(data: &Path) -> BTreeSet<PathBuf> {
    let folders = ["components", "cache"].map(|folder| data.join(folder));
    let entries = folders.into_iter().filter_map(|folder| folder.read_dir().ok()).flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_driver_may_not_ship_the_address_that_it_connects_to() {
    let daemon = Daemon::start();
    is_refused(
        &daemon,
        "ostler_driver_default_uri",
        &["'CONNECTION'", "the operator's decision alone", "remove its default"],
    );
    assert_eq!(daemon.json(&["driver", "list"]), json!([]));
}

#[test]
fn a_description_that_never_ends_is_refused() {
    let daemon = daemon("");
    let printer = ready(&daemon, "neighbour", &[]);
    is_refused(&daemon, "ostler_driver_describe_loop", &["`describe`", "computed for more than 250 ms"]);
    prints(&daemon, "neighbour", &printer);
}

#[test]
fn a_description_that_crashes_is_refused() {
    let daemon = daemon("");
    let printer = ready(&daemon, "neighbour", &[]);
    is_refused(
        &daemon,
        "ostler_driver_describe_trap",
        &["`describe`", "panic", "this driver does not know what it is"],
    );
    prints(&daemon, "neighbour", &printer);
}
