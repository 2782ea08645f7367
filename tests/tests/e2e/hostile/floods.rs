//! More than anybody can read is cut, and costs neither neighbours nor the feed.

use super::{daemon, print, prints, ready};
use serde_json::Value;
use std::thread;

/// The longest text of each kind, in bytes, and how many there are at most.
const MESSAGE: usize = 4096;
const MACHINE_LOG: usize = 200;
const DRIVER_LOG: usize = 500;
const STATUS_TEXT: usize = 255;
const PROPERTIES: usize = 64;
const PROPERTY: usize = 1000;
const ERRORS: usize = 50;
/// The flood's texts are 5,000; events of one machine are gathered for 100 ms.
const EVENTS: i64 = 1000;

#[test]
fn a_flood_of_log_lines_texts_properties_and_errors_is_cut() {
    let daemon = daemon("");
    let printer = ready(&daemon, "flood", &["BEHAVIOUR=flood"]);
    let neighbour = ready(&daemon, "neighbour", &[]);
    let job = print(&daemon, "flood");
    prints(&daemon, "neighbour", &neighbour);
    let over = daemon.job_over(job);
    assert_eq!(over["state"], "done", "{over:#}");
    assert_eq!(printer.label_count(), 1);

    let machine = daemon.machine("flood");
    assert_eq!(machine["status_text"], "g".repeat(STATUS_TEXT));
    let properties = machine["properties"].as_array().unwrap();
    assert_eq!(properties.len(), PROPERTIES);
    assert!(properties.iter().all(|property| property["value"].as_str().unwrap().len() <= PROPERTY));
    assert_eq!(machine["machine_errors"].as_array().unwrap().len(), ERRORS);
    for (of, most) in [("machine", MACHINE_LOG), ("driver", DRIVER_LOG)] {
        let name = if of == "machine" { "flood" } else { "hostile" };
        let lines = daemon.json(&[of, "log", name]);
        let lines = lines.as_array().unwrap();
        assert!(lines.len() <= most, "{} lines", lines.len());
        let message = |line: &Value| line["message"].as_str().unwrap().to_owned();
        assert!(lines.iter().all(|line| message(line).len() <= MESSAGE));
        assert!(
            lines.iter().any(|line| message(line).contains("lines were dropped")),
            "{of}: nobody tells what is missing"
        );
    }
    let events = last_event(&daemon);
    assert!(events < EVENTS, "{events} events");
}

/// The number of the latest event: one that was waited for is made to happen.
fn last_event(daemon: &ostler_tests::Daemon) -> i64 {
    thread::scope(|scope| {
        let next = scope.spawn(|| daemon.json(&["events", "--count", "1"]));
        while !next.is_finished() {
            daemon.job_over(print(daemon, "neighbour"));
        }
        next.join().unwrap()["id"].as_i64().unwrap()
    })
}
