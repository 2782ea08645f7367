//! Drivers that mean harm: whatever one machine's calls do, it ends in a state that a person can read, and daemon and
//! neighbours go on.
//!
//! All machines here are of one driver and so of one instance; the setting `BEHAVIOUR` says what each of them does.
//!
//! * [`crashes`]: traps, endless loops, memory and handles without end
//! * [`endless`]: calls that never return, and starts that fail
//! * [`floods`]: more than anybody can read
//! * [`installs`]: components that are refused
//! * [`ledger`]: prints that do not keep the rules of labels
//! * [`trespass`]: devices, settings and addresses that are not theirs, and what the standard library reaches

mod crashes;
mod endless;
mod floods;
mod installs;
mod ledger;
mod trespass;

use ostler_simulators::ZebraPrinter;
use ostler_tests::{Daemon, Label, printer};
use serde_json::Value;
use std::sync::LazyLock;

/// A document; the hostile driver does not look at it.
static PNG: LazyLock<Vec<u8>> = LazyLock::new(|| Label::new(400, 600, "X").png());

/// A daemon with the hostile driver, these limits and no pings.
fn daemon(limits: &str) -> Daemon {
    let daemon = Daemon::builder().limits(limits).ping_interval(0).start();
    daemon.install("ostler_driver_hostile");
    daemon
}

/// Adds a machine with a printer of its own, and does not wait for it.
fn add(daemon: &Daemon, name: &str, settings: &[&str]) -> ZebraPrinter {
    let printer = printer::zebra();
    let connection = format!("CONNECTION={}", printer.uri());
    let mut arguments = vec!["machine", "add", name, "--driver", "hostile", "--set", &connection];
    for setting in settings {
        arguments.extend(["--set", setting]);
    }
    daemon.json(&arguments);
    printer
}

/// Adds a machine with a printer of its own, and waits until it is ready.
fn ready(daemon: &Daemon, name: &str, settings: &[&str]) -> ZebraPrinter {
    let printer = add(daemon, name, settings);
    daemon.until_state(name, "ready");
    printer
}

fn set(daemon: &Daemon, machine: &str, setting: &str) {
    daemon.cli(&["machine", "set", machine, setting]).ok();
}

/// Submits a job.
fn print(daemon: &Daemon, machine: &str) -> i64 {
    daemon.print(machine, &PNG, 1)
}

/// Prints one label, which must come out exactly once.
#[track_caller]
fn prints(daemon: &Daemon, machine: &str, printer: &ZebraPrinter) {
    let before = printer.label_count();
    let job = print(daemon, machine);
    let over = daemon.job_over(job);
    assert_eq!(over["state"], "done", "{over:#}");
    printer::until(printer, |state| state.labels_printed > before);
    assert_eq!(jobs_on(printer).into_iter().filter(|of| *of == job).count(), 1);
    assert_eq!(printer.label_count(), before + 1);
}

/// Waits until an honest print is held at this point.
fn held(daemon: &Daemon, machine: &str, point: &str) {
    let text = format!("held: {point}");
    daemon.until_machine(machine, &text, |machine| machine["status_text"] == text);
}

/// The jobs whose labels came out, in order.
fn jobs_on(printer: &ZebraPrinter) -> Vec<i64> {
    let job = |format: &[u8]| {
        let text = std::str::from_utf8(format).unwrap();
        let (job, _) = text.strip_prefix("^XA^FO").unwrap().split_once(',').unwrap();
        job.parse().unwrap()
    };
    printer.labels().iter().map(|label| job(&label.format)).collect()
}

/// Fails unless a text contains all of these.
#[track_caller]
fn says(text: &Value, words: &[&str]) {
    let text = text.as_str().unwrap_or_else(|| panic!("{text} is no text"));
    for word in words {
        assert!(text.contains(word), "'{word}' is not in: {text}");
    }
}

/// Fails unless one of the machine's errors contains all of these.
#[track_caller]
fn shows_error(machine: &Value, words: &[&str]) {
    let errors = machine["machine_errors"].as_array().unwrap();
    let told = errors.iter().any(|error| words.iter().all(|word| error.as_str().unwrap().contains(word)));
    assert!(told, "{words:?} are not in: {errors:#?}");
}

/// The audit's entries about refusals of this code.
fn refusals(daemon: &Daemon, code: &str) -> Vec<Value> {
    let audit = daemon.get("/api/audit/?limit=1000");
    let of_code = |entry: &&Value| entry["action"] == "refused" && entry["after"]["code"] == code;
    audit.as_array().unwrap().iter().filter(of_code).cloned().collect()
}
