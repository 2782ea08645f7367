//! The daemon's log: each line about a call says which call of which machine it was, in text and in JSON.

use ostler_simulators::ZebraConfig;
use ostler_tests::{Daemon, Label, printer};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
};

/// Everything that machines, drivers and the broker have to say.
const VERBOSE: &str = "log = \"info,ostler::log=debug,ostler::broker=debug\"\n";

/// The lines of a log in JSON.
fn lines(daemon: &Daemon) -> Vec<Value> {
    let log = daemon.log();
    log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
}

/// The span of the call that a line is about.
fn call(line: &Value) -> Option<&Value> {
    line["spans"].as_array()?.iter().find(|span| span["name"] == "call")
}

#[test]
fn lines_of_drivers_and_of_the_broker_say_which_call_they_are_about() {
    let toml = format!("log_format = \"json\"\n{VERBOSE}");
    let daemon = Daemon::builder().config(&toml).ping_interval(0).start();
    daemon.install("ostler_driver_hostile");
    let zebra = printer::zebra();
    daemon.add("dock", "hostile", &[&format!("CONNECTION={}", zebra.uri()), "BEHAVIOUR=flood"]);
    let job = daemon.print_done("dock", &Label::new(400, 600, "X").png())["id"].clone();
    daemon.until("the connection is in the log", |daemon| {
        lines(daemon).iter().any(|line| line["message"] == "connected")
    });

    let machine = daemon.machine("dock")["pk"].clone();
    let lines = lines(&daemon);
    let mut calls = BTreeSet::new();
    let mut assert_call = |line: &Value| {
        let call = call(line).unwrap_or_else(|| panic!("no call: {line:#}"));
        assert_eq!((&call["driver"], &call["machine"]), (&json!("hostile"), &machine), "{line:#}");
        assert_eq!(call["export"], "print", "{line:#}");
        assert_eq!(call["job"], job, "{line:#}");
        calls.insert(call["call"].as_u64().unwrap());
    };
    // Of the machine's log and of the driver's, both written by the guest; of the broker; and of the keeper.
    let of = |words: &str| {
        let found = lines.iter().find(|line| line["message"].as_str().unwrap().starts_with(words));
        found.unwrap_or_else(|| panic!("no '{words}' in {lines:#?}"))
    };
    let written = of("line 0 lll");
    assert_eq!((&written["target"], &written["severity"]), (&json!("ostler::log"), &json!("info")));
    assert_call(written);
    let by_driver = lines.iter().find(|line| line["message"] == "line 0" && line["driver"] == "hostile").unwrap();
    assert_call(by_driver);
    let connected = of("connected");
    assert_eq!(connected["peer"], zebra.address().to_string());
    assert_eq!(call(connected).unwrap()["function"], "print-labels");
    assert_call(connected);
    assert_call(of(&format!("job {job} begins")));
    assert_eq!(calls.len(), 1, "it was one call: {calls:?}");
}

#[test]
fn text_lines_carry_the_same_and_a_trap_names_its_call() {
    let daemon = Daemon::builder().config(&format!("{VERBOSE}[limits]\nblames = 1\n")).ping_interval(0).start();
    daemon.install("ostler_driver_hostile");
    let zebra = printer::zebra();
    daemon.add("dock", "hostile", &[&format!("CONNECTION={}", zebra.uri()), "BEHAVIOUR=trap"]);
    daemon.print("dock", &Label::new(400, 600, "X").png(), 1);
    daemon.until_state("dock", "quarantined");
    let log = daemon.log();
    let line = log.lines().find(|line| line.contains("the driver's instance ended")).unwrap();
    let machine = daemon.machine("dock")["pk"].as_str().unwrap().to_owned();
    for word in ["call{call=", "driver=\"hostile\"", &format!("machine={machine}"), "export=\"print\"", "WARN"] {
        assert!(line.contains(word), "'{word}' is not in: {line}");
    }
}

/// A request with an id of the client's own.
fn ask(daemon: &Daemon, id: &str, method: &str, path: &str, body: &Value) -> String {
    let mut stream = UnixStream::connect(daemon.data().join("ostler.sock")).unwrap();
    let body = body.to_string();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: ostler\r\nx-request-id: {id}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_call_that_stems_from_a_request_has_the_requests_id() {
    let toml = "log_format = \"json\"\nlog = \"info,ostler::hooks=trace\"\n";
    let daemon = Daemon::builder().config(toml).ping_interval(0).start();
    let _zebra = daemon.add_dock(ZebraConfig::default());
    let machine = daemon.machine("dock")["pk"].as_str().unwrap().to_owned();
    let settings = format!("/api/machine/{machine}/settings/D/DARKNESS/");
    let answer = ask(&daemon, "set-7", "PATCH", &settings, &json!({ "value": 12 }));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    // This one goes through the machine's keeper.
    let answer = ask(&daemon, "feed-8", "POST", &format!("/api/machine/{machine}/actions/feed/"), &json!({}));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    for (request, export) in [("set-7", "validate-settings"), ("set-7", "update-machine"), ("feed-8", "run-action")] {
        daemon.until(export, |daemon| {
            lines(daemon).iter().any(|line| {
                let of_request = |span: &Value| span["name"] == "request" && span["request_id"] == request;
                line["message"] == export
                    && call(line).is_some_and(|call| call["export"] == export && call["machine"] == *machine)
                    && line["spans"].as_array().unwrap().iter().any(of_request)
            })
        });
    }
}
