//! Another version of a driver and back, a driver that is switched off and on, and machines apart from each other.

use super::{ends, scene};
use ostler_tests::{Daemon, Label, Recorder, place, recorder::Answer};
use serde_json::{Value, json};

/// Installs the next version without enabling it.
fn install_next(daemon: &Daemon) {
    let file = place::guest("ostler_driver_recording_next");
    daemon.json(&["driver", "install", &file.to_string_lossy()]);
}

/// The version that a ready machine runs in.
fn version(daemon: &Daemon, machine: &str) -> Value {
    daemon.until_state(machine, "ready")["properties"][0]["value"].clone()
}

fn set(daemon: &Daemon, machine: &str, setting: &str) {
    daemon.cli(&["machine", "set", machine, setting]).ok();
}

fn value(daemon: &Daemon, machine: &str, key: &str) -> (u16, Value) {
    let id = daemon.machine(machine)["pk"].as_str().unwrap().to_owned();
    let (status, body) = daemon.request("GET", &format!("/api/machine/{id}/settings/D/{key}/"), None);
    (status, body["value"].clone())
}

/// Enables version 2.0.0 and gives both active machines what it needs.
fn swap(daemon: &Daemon, recorder: &Recorder) {
    install_next(daemon);
    daemon.cli(&["driver", "enable", "recording"]).ok();
    for machine in ["left", "right"] {
        let state = daemon.until_state(machine, "incomplete")["state"].clone();
        assert_eq!(state["reason"], "Missing DRIVER settings: SHELF");
    }
    recorder.heard(&["stop-machine left", "stop-machine right"]);
    for machine in ["left", "right"] {
        set(daemon, machine, "SHELF=top");
        assert_eq!(version(daemon, machine), "2.0.0");
    }
    recorder.heard(&["init-driver", "init-machine left", "init-machine right"]);
}

#[test]
fn a_swap_stops_machines_in_the_old_version_and_initialises_them_in_the_new_one_when_its_settings_are_there() {
    let (daemon, recorder) = scene();
    set(&daemon, "left", "BIN=7");
    recorder.heard(&[r#"validate-settings left: BIN="7""#, "update-machine left: left, active"]);
    swap(&daemon, &recorder);
    // What the new version does not declare is not shown, and kept for the way back.
    assert_eq!(value(&daemon, "left", "BIN"), (404, Value::Null));
    assert_eq!(value(&daemon, "left", "SHELF"), (200, json!("top")));
    ends(daemon, &recorder);
}

#[test]
fn a_rollback_initialises_machines_in_the_version_before_with_the_values_that_it_had() {
    let (daemon, recorder) = scene();
    set(&daemon, "left", "BIN=7");
    recorder.heard(&[r#"validate-settings left: BIN="7""#, "update-machine left: left, active"]);
    swap(&daemon, &recorder);
    let said = daemon.cli(&["driver", "rollback", "recording"]).ok().stdout;
    assert!(said.contains("back at 1.0.0"), "{said}");
    for machine in ["left", "right"] {
        daemon.until_machine(machine, "back", |machine| machine["properties"][0]["value"] == "1.0.0");
        assert_eq!(version(&daemon, machine), "1.0.0");
    }
    let back = ["stop-machine left", "stop-machine right", "init-driver", "init-machine left", "init-machine right"];
    recorder.heard(&back);
    assert_eq!(value(&daemon, "left", "BIN"), (200, json!("7")));
    assert_eq!(value(&daemon, "left", "SHELF"), (404, Value::Null));

    // Its place was kept as well: now nothing is missing, so the machines move without a stay.
    daemon.cli(&["driver", "rollback", "recording"]).ok();
    for machine in ["left", "right"] {
        daemon.until_machine(machine, "forward", |machine| machine["properties"][0]["value"] == "2.0.0");
    }
    recorder.heard(&back);
    ends(daemon, &recorder);
}

#[test]
fn a_swap_waits_for_the_job_in_hand() {
    let (daemon, recorder) = scene();
    recorder.answer("print-label", "left", Answer::Wait);
    let in_hand = daemon.print("left", &Label::new(400, 600, "X").png(), 1);
    recorder.heard(&["print-label left"]);
    install_next(&daemon);
    daemon.cli(&["driver", "enable", "recording"]).ok();
    // The other machine has nothing in hand: it has left already.
    daemon.until_state("right", "incomplete");
    recorder.heard(&["stop-machine right"]);
    assert_eq!(daemon.job(in_hand)["state"], "printing");
    assert_eq!(daemon.machine("left")["state"]["state"], "ready");

    recorder.let_go("print-label", "left");
    assert_eq!(daemon.job_over(in_hand)["state"], "done");
    daemon.until_state("left", "incomplete");
    recorder.heard(&["stop-machine left"]);
}

#[test]
fn a_swap_does_not_wait_for_the_jobs_behind_the_one_in_hand() {
    let (daemon, recorder) = scene();
    let png = Label::new(400, 600, "X").png();
    recorder.answer("print-label", "left", Answer::Wait);
    let in_hand = daemon.print("left", &png, 1);
    let behind = daemon.print("left", &png, 1);
    recorder.heard(&["print-label left"]);
    install_next(&daemon);
    daemon.cli(&["driver", "enable", "recording"]).ok();
    daemon.until_state("right", "incomplete");
    recorder.heard(&["stop-machine right"]);

    recorder.let_go("print-label", "left");
    assert_eq!(daemon.job_over(in_hand)["state"], "done");
    daemon.until_state("left", "incomplete");
    recorder.heard(&["stop-machine left"]);
    assert_eq!(daemon.job(behind)["state"], "queued");

    // They print in the new version.
    set(&daemon, "left", "SHELF=top");
    assert_eq!(daemon.job_over(behind)["state"], "done");
    assert_eq!(version(&daemon, "left"), "2.0.0");
    recorder.heard(&["init-driver", "init-machine left", "print-label left"]);
}

#[test]
fn a_disabled_driver_is_stopped_and_initialised_when_it_is_enabled_again() {
    let (daemon, recorder) = scene();
    daemon.cli(&["driver", "disable", "recording"]).ok();
    for machine in ["left", "right"] {
        let machine = daemon.until_state(machine, "driver-missing");
        assert_eq!((&machine["initialized"], &machine["is_driver_available"]), (&json!(false), &json!(false)));
    }
    recorder.heard(&["stop-machine left", "stop-machine right"]);
    daemon.cli(&["driver", "enable", "recording"]).ok();
    for machine in ["left", "right"] {
        daemon.until_state(machine, "ready");
    }
    recorder.heard(&["init-driver", "init-machine left", "init-machine right"]);
    // It runs already.
    daemon.cli(&["driver", "enable", "recording"]).ok();
    ends(daemon, &recorder);
}

#[test]
fn machines_that_are_isolated_have_an_instance_each_and_a_trap_of_one_leaves_the_other_alone() {
    let (daemon, recorder) = scene();
    daemon.cli(&["driver", "isolate", "recording", "machine"]).ok();
    recorder.heard(&[
        "stop-machine left",
        "stop-machine right",
        "init-driver",
        "init-machine left",
        "init-driver",
        "init-machine right",
    ]);
    for machine in ["left", "right"] {
        daemon.until_state(machine, "ready");
    }
    recorder.answer("restart-machine", "left", Answer::Trap);
    daemon.cli(&["machine", "restart", "left"]).ok();
    recorder.heard(&["restart-machine left", "init-driver", "init-machine left"]);
    daemon.until_state("left", "ready");
    assert_eq!(daemon.machine("right")["machine_errors"], json!([]));

    // Together again.
    daemon.cli(&["driver", "isolate", "recording", "driver"]).ok();
    let together =
        ["stop-machine left", "stop-machine right", "init-driver", "init-machine left", "init-machine right"];
    recorder.heard(&together);
    for machine in ["left", "right"] {
        daemon.until_state(machine, "ready");
    }
    // What is so already is no change.
    daemon.cli(&["driver", "isolate", "recording", "driver"]).ok();
    ends(daemon, &recorder);
}
