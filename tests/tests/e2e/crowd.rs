//! Many machines on one driver: those that hang do not hold up the one that does not.
//!
//! What is said here of Rust holds for a driver in Python too: its calls run side by side in one instance just so.

use ostler_simulators::{Fault, ZebraPrinter};
use ostler_tests::{
    Daemon, Label,
    counterpart::{Counterpart, missing},
    dots, place, printer, until,
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, process::Command};

/// Machines that hang.
const HANGING: usize = 99;
/// Labels for the one that does not.
const PRINTS: usize = 20;

#[test]
fn one_machine_prints_while_99_of_its_driver_hang_in_connect() {
    let daemon = daemon();
    daemon.install("ostler_driver_counting");
    crowd(&daemon, "counting-printer");
}

#[test]
fn a_driver_in_python_prints_on_one_machine_while_99_hang_in_connect() {
    if missing("a_driver_in_python_prints_on_one_machine_while_99_hang_in_connect", &[Counterpart::ComponentizePy]) {
        return;
    }
    let script = place::repository().join("tests/python-driver/build.sh");
    assert!(Command::new(script).arg(place::guests()).status().unwrap().success());
    let daemon = daemon();
    // Not through the harness: compiling the interpreter may take longer than any condition.
    let mut install = Command::new(place::ostler());
    install.arg("--data").arg(daemon.data()).args(["driver", "install", "--enable"]).arg(place::guest("python_driver"));
    let output = install.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    crowd(&daemon, "python-printer");
}

/// Connecting may take as long as it is held back. No pings: they would connect to nothing here, and only take time.
fn daemon() -> Daemon {
    Daemon::builder().limits("connect_ms = 600000\ncompile_ms = 600000").ping_interval(0).start()
}

fn crowd(daemon: &Daemon, driver: &str) {
    let (barred, open) = (printer::zebra(), printer::zebra());
    barred.set_fault(Fault::Barrier).unwrap();
    for index in 0..HANGING {
        add(daemon, driver, &format!("hanging {index}"), &barred);
    }
    add(daemon, driver, "live", &open);
    daemon.until("all machines are ready", |daemon| {
        machines(daemon).iter().all(|machine| machine["state"]["state"] == "ready")
    });
    let before = counters(daemon);

    let png = Label::four_by_six("HANGING").png();
    let hanging: Vec<i64> = machines(daemon)
        .iter()
        .filter(|machine| machine["name"] != "live")
        .map(|machine| submit(daemon, machine, &png))
        .collect();
    until("all connections are being tried", || attempts(daemon, &barred) == HANGING);

    let labels: Vec<_> = (0..PRINTS).map(|index| Label::four_by_six(&format!("LIVE-{index:02}")).png()).collect();
    for png in &labels {
        let job = daemon.job_over(daemon.print("live", png, 1));
        assert_eq!((&job["state"], &job["attempts"]), (&json!("done"), &json!(1)), "{job:#}");
    }
    assert_eq!(open.label_count(), 20);
    // All that time, the others hung.
    assert_eq!(attempts(daemon, &barred), HANGING);
    assert_eq!(states(daemon, &hanging), ["printing".to_owned()].into());

    barred.clear_fault(Fault::Barrier).unwrap();
    for job in hanging {
        let job = daemon.job_over(job);
        assert_eq!(job["state"], "done", "{job:#}");
    }
    assert_eq!(barred.label_count(), 99);
    let expected = dots::of_png(&png);
    assert!(barred.labels().iter().all(|label| *label.bitmap == expected));

    for (png, label) in labels.iter().zip(open.labels()) {
        dots::assert_same(&dots::of_png(png), &label.bitmap);
    }

    // The guest counted: one `init-driver` for all, and each machine once, before and after.
    let numbers: BTreeSet<_> = before.iter().map(|(_, number)| number.parse::<usize>().unwrap()).collect();
    assert!(before.iter().all(|(starts, _)| starts == "1"), "{before:?}");
    assert_eq!(numbers, (1..=HANGING + 1).collect());
    assert_eq!(counters(daemon), before);
}

/// Through the API, where a hundred machines take no hundred processes.
fn add(daemon: &Daemon, driver: &str, name: &str, printer: &ZebraPrinter) {
    let body = json!({
        "name": name, "machine_type": "label-printer", "driver": driver, "active": true,
        "settings": { "D": { "CONNECTION": printer.uri() } },
    });
    let (status, answer) = daemon.request("POST", "/api/machine/", Some(("application/json", body.to_string().into())));
    assert_eq!(status, 201, "{answer:#}");
}

fn submit(daemon: &Daemon, machine: &Value, png: &[u8]) -> i64 {
    let path = format!("/api/job/?machine={}", machine["pk"].as_str().unwrap());
    let (status, answer) = daemon.request("POST", &path, Some(("image/png", png.to_vec())));
    assert_eq!(status, 201, "{answer:#}");
    answer["id"].as_i64().unwrap()
}

fn machines(daemon: &Daemon) -> Vec<Value> {
    daemon.get("/api/machine/").as_array().unwrap().clone()
}

fn states(daemon: &Daemon, jobs: &[i64]) -> BTreeSet<String> {
    jobs.iter().map(|&job| daemon.job(job)["state"].as_str().unwrap().to_owned()).collect()
}

/// What the guest counted, in the order of the machines: starts of the driver, and the machine's number.
fn counters(daemon: &Daemon) -> Vec<(String, String)> {
    let property = |machine: &Value, key: &str| {
        let found = machine["properties"].as_array().unwrap().iter().find(|property| property["key"] == key);
        found.unwrap_or_else(|| panic!("no {key} in {machine:#}"))["value"].as_str().unwrap().to_owned()
    };
    let counted = |machine: &Value| (property(machine, "driver-starts"), property(machine, "machine-number"));
    machines(daemon).iter().map(counted).collect()
}

/// How many connections to a printer the daemon's kernel is trying to open, in its own words (`SYN_SENT` is 02).
fn attempts(daemon: &Daemon, printer: &ZebraPrinter) -> usize {
    let table = std::fs::read_to_string(format!("/proc/{}/net/tcp", daemon.pid())).unwrap();
    let to = format!(":{:04X}", printer.address().port());
    let tried = |line: &&str| {
        let mut fields = line.split_whitespace().skip(2);
        fields.next().is_some_and(|remote| remote.ends_with(&to)) && fields.next() == Some("02")
    };
    table.lines().filter(tried).count()
}
