//! What goes over a machine's wire, captured for some minutes.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use ostler_simulators::{Fault, ZebraConfig};
use ostler_tests::{Daemon, Label, until};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt as _;

fn frames(daemon: &Daemon) -> Vec<Value> {
    let said = daemon.cli(&["--json", "machine", "capture", "dock", "--show"]).ok();
    said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// All bytes of one direction, in order.
fn bytes(frames: &[Value], direction: &str) -> Vec<u8> {
    let of = frames.iter().filter(|frame| frame["event"] == direction);
    of.flat_map(|frame| BASE64.decode(frame["bytes"].as_str().unwrap()).unwrap()).collect()
}

fn is_over(frames: &[Value]) -> bool {
    frames.last().is_some_and(|frame| frame["event"] == "over")
}

#[test]
fn a_capture_has_every_byte_of_both_directions_and_ends_when_it_is_told_to() {
    let daemon = Daemon::builder().ping_interval(0).start();
    let zebra = daemon.add_dock(ZebraConfig::default());
    let before = zebra.received().len();
    daemon.cli(&["machine", "capture", "dock", "--show"]).refused(3, &["nothing was captured of 'dock' yet"]);
    daemon.cli(&["machine", "capture", "dock", "--minutes", "0"]).refused(1, &["1 to 1440"]);
    let said = daemon.cli(&["machine", "capture", "dock", "--minutes", "5"]).ok().stdout;
    assert!(said.contains("is captured until") && said.contains("--show"), "{said}");
    assert!(daemon.machine("dock")["captured_until"].is_string());

    let png = Label::four_by_six("WIRE").png();
    let job = daemon.print_done("dock", &png)["id"].clone();
    daemon.cli(&["machine", "capture", "dock", "--stop"]).ok();
    until("the capture is over", || is_over(&frames(&daemon)));
    let captured = frames(&daemon);
    assert_eq!(bytes(&captured, "sent"), zebra.received()[before..]);
    assert!(
        String::from_utf8_lossy(&bytes(&captured, "received")).contains("ERRORS"),
        "the printer's answers are missing"
    );
    let sent: Vec<_> = captured.iter().filter(|frame| frame["event"] == "sent").collect();
    assert!(sent.iter().all(|frame| frame["job"] == job), "{sent:#?}");
    assert!(captured.iter().any(|frame| frame["event"] == "opened" && frame["peer"] == zebra.address().to_string()));

    // What comes later is not in it.
    daemon.print_done("dock", &png);
    assert_eq!(frames(&daemon), captured);
    assert_eq!(daemon.machine("dock")["captured_until"], Value::Null);
    let shown = daemon.cli(&["machine", "capture", "dock", "--show"]).ok().stdout;
    assert!(shown.contains("sent") && shown.contains("|^XA") | shown.contains("5e 58 41"), "{shown}");

    let saved = daemon.scratch().join("wire.jsonl");
    daemon.cli(&["machine", "capture", "dock", "--to", &saved.to_string_lossy()]).ok();
    let kept = daemon.data().join("captures").join(format!("{}.jsonl", daemon.machine("dock")["pk"].as_str().unwrap()));
    assert_eq!(std::fs::read(&saved).unwrap(), std::fs::read(&kept).unwrap());
    // It may hold what a device says in confidence.
    assert_eq!(std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    daemon.cli(&["machine", "remove", "dock"]).ok();
    assert!(!kept.exists());
    let audit = daemon.get("/api/audit/").to_string();
    assert!(audit.contains("machine.capture"), "{audit}");
}

#[test]
fn a_capture_tells_what_failed() {
    let daemon = Daemon::builder().ping_interval(0).start();
    let zebra = daemon.add_dock(ZebraConfig::default());
    daemon.cli(&["machine", "capture", "dock"]).ok();
    zebra.set_fault(Fault::Refuse).unwrap();
    let label = daemon.document("label.png", &Label::four_by_six("REFUSED").png());
    let job = daemon.print_with("dock", &label, &[]);
    daemon.until_job(job, "waiting", |job| job["state"] == "waiting");
    until("the refusal is captured", || {
        frames(&daemon)
            .iter()
            .any(|frame| frame["event"] == "failed" && frame["message"].as_str().unwrap().contains("cannot be reached"))
    });
}

#[test]
fn a_capture_that_fills_its_file_ends_and_says_so() {
    let daemon = Daemon::builder().limits("capture_bytes = 5000").ping_interval(0).start();
    let _zebra = daemon.add_dock(ZebraConfig::default());
    daemon.cli(&["machine", "capture", "dock"]).ok();
    daemon.print_done("dock", &Label::four_by_six("FULL").png());
    until("the capture is over", || is_over(&frames(&daemon)));
    assert_eq!(frames(&daemon).last().unwrap()["why"], "its file is full");
    until("the machine is not captured any more", || daemon.machine("dock")["captured_until"].is_null());
    daemon.print_done("dock", &Label::four_by_six("AFTER").png());
}
