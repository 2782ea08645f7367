//! Components that are refused when they are installed: in bounded time, with the reason, and nothing of them stays.

use super::{daemon, prints, ready};
use ostler_tests::{Daemon, place};
use serde_json::json;
use std::{
    collections::BTreeSet,
    ffi::OsString,
    path::Path,
    time::{Duration, Instant},
};

/// Compiling is most of it, and the machine may be busy.
const SOON: Duration = Duration::from_secs(20);

/// Installs a component, which is refused with these words.
#[track_caller]
fn is_refused(daemon: &Daemon, guest: &str, words: &[&str]) {
    let before = (daemon.json(&["driver", "list"]), components(&daemon.data()));
    let began = Instant::now();
    daemon.cli(&["driver", "install", &place::guest(guest).to_string_lossy()]).refused(1, words);
    assert!(began.elapsed() < SOON, "the answer took {:?}", began.elapsed());
    assert_eq!((daemon.json(&["driver", "list"]), components(&daemon.data())), before);
}

/// The components that are stored.
fn components(data: &Path) -> BTreeSet<OsString> {
    data.join("components").read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect()
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
    is_refused(&daemon, "ostler_driver_describe_trap", &["`describe`", "unreachable"]);
    prints(&daemon, "neighbour", &printer);
}
