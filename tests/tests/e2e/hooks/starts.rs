//! The start, and machines that are switched on and off, restarted, removed, and pinged.

use super::{ends, scene, scene_on};
use ostler_tests::{Daemon, Recorder};
use serde_json::{Value, json};

#[test]
fn a_driver_is_initialised_once_and_then_each_of_its_active_machines() {
    let (mut daemon, recorder) = scene();
    assert_eq!(daemon.get("/api/driver/recording/")[0]["usage"]["starts"], 1);
    assert!(daemon.stop().success());
    recorder.heard(&["stop-machine left", "stop-machine right"]);

    daemon.restart();
    for machine in ["left", "right"] {
        assert_eq!(daemon.until_state(machine, "ready")["initialized"], true);
    }
    let spare = daemon.until_state("spare", "inactive");
    assert_eq!((&spare["active"], &spare["initialized"]), (&json!(false), &json!(false)));
    recorder.heard(&["init-driver", "init-machine left", "init-machine right"]);
    assert_eq!(daemon.get("/api/driver/recording/")[0]["usage"]["starts"], 1);
    ends(daemon, &recorder);
}

#[test]
fn a_driver_without_an_active_machine_is_not_started() {
    let (daemon, recorder) = (Daemon::builder().ping_interval(0).start(), Recorder::start());
    daemon.install("ostler_driver_recording");
    let spare = ["machine", "add", "spare", "--driver", "recording", "--inactive", "--set", &recorder.setting()];
    daemon.cli(&spare).ok();
    daemon.until_state("spare", "inactive");
    assert_eq!(daemon.get("/api/driver/recording/")[0]["usage"], Value::Null);
    daemon.cli(&["machine", "activate", "spare"]).ok();
    daemon.until_state("spare", "ready");
    recorder.heard(&["init-driver", "init-machine spare"]);
}

#[test]
fn a_driver_finds_its_initialised_machines_unless_it_asks_for_others() {
    let (daemon, recorder) = scene();
    let found = |filter: &[&str]| {
        let inputs: Vec<_> = filter.iter().flat_map(|input| ["-i", *input]).collect();
        let said = daemon.cli(&[&["machine", "action", "left", "machines"], inputs.as_slice()].concat()).ok().stdout;
        said.trim().to_owned()
    };
    assert_eq!(found(&[]), "left right");
    assert_eq!(found(&["active=true"]), "left right");
    assert_eq!(found(&["active=false"]), "");
    assert_eq!(found(&["active=false", "initialized=false"]), "spare");
    assert_eq!(found(&["name=left"]), "left");
    assert_eq!(found(&["name=left", "active=true"]), "left");
    assert_eq!(found(&["name=left", "active=false"]), "");
    daemon.cli(&["machine", "remove", "right"]).ok();
    assert_eq!(found(&[]), "left");
    recorder.heard(&["stop-machine right"]);
}

#[test]
fn the_enabled_drivers_of_a_type_are_listed() {
    let (daemon, _recorder) = scene();
    let slugs = |filter: &str| -> Vec<Value> {
        let found = daemon.get(&format!("/api/machine/drivers/{filter}"));
        found.as_array().unwrap().iter().map(|driver| driver["slug"].clone()).collect()
    };
    assert_eq!(slugs(""), ["recording"]);
    assert_eq!(slugs("?machine_type=label-printer"), ["recording"]);
    assert_eq!(slugs("?machine_type=scale"), [""; 0]);
    daemon.cli(&["driver", "disable", "recording"]).ok();
    assert_eq!(slugs("?machine_type=label-printer"), [""; 0]);
}

#[test]
fn a_machine_is_initialised_when_it_is_switched_on_and_stopped_when_it_is_switched_off() {
    let (daemon, recorder) = scene();
    daemon.cli(&["machine", "activate", "spare"]).ok();
    daemon.until_state("spare", "ready");
    recorder.heard(&["init-machine spare"]);
    daemon.cli(&["machine", "deactivate", "spare"]).ok();
    daemon.until_state("spare", "inactive");
    recorder.heard(&["update-machine spare: spare, active", "stop-machine spare"]);
    ends(daemon, &recorder);
}

#[test]
fn a_restart_runs_the_restart_hook_once_and_keeps_what_init_found_out() {
    let (daemon, recorder) = scene();
    daemon.cli(&["machine", "restart", "left"]).ok();
    recorder.heard(&["restart-machine left"]);
    let left = daemon.machine("left");
    assert_eq!(left["properties"][0]["value"], "1.0.0", "{left:#}");
    ends(daemon, &recorder);
}

#[test]
fn a_hard_restart_stops_a_machine_and_initialises_it_again_in_the_same_instance() {
    let (daemon, recorder) = scene();
    daemon.cli(&["machine", "restart", "left", "--hard"]).ok();
    daemon.until_machine("left", "ready", |machine| machine["initialized"] == true);
    recorder.heard(&["stop-machine left", "init-machine left"]);
    ends(daemon, &recorder);
}

#[test]
fn a_machine_is_stopped_before_it_is_removed() {
    let (mut daemon, recorder) = scene();
    daemon.cli(&["machine", "remove", "left"]).ok();
    recorder.heard(&["stop-machine left"]);
    let names: Vec<_> =
        daemon.json(&["machine", "list"]).as_array().unwrap().iter().map(|of| of["name"].clone()).collect();
    assert_eq!(names, ["right", "spare"]);
    // One that never ran is removed without a hook.
    daemon.cli(&["machine", "remove", "spare"]).ok();
    assert!(daemon.stop().success());
    recorder.heard(&["stop-machine right"]);
}

#[test]
fn a_machine_is_pinged_at_its_own_interval_or_not_at_all() {
    let (daemon, recorder) = scene_on(Daemon::builder().ping_interval(3_600_000));
    daemon.cli(&["machine", "ping", "left", "20"]).ok();
    assert_eq!(daemon.machine("left")["ping_interval_ms"], 20);
    recorder.until_count("ping-machine", "left", 3);
    assert_eq!(recorder.count("ping-machine", "right"), 0);

    daemon.cli(&["machine", "ping", "left", "off"]).ok();
    // Whatever was under way when it was switched off is over when a restart has been answered.
    daemon.cli(&["machine", "restart", "left"]).ok();
    let pings = recorder.count("ping-machine", "left");
    daemon.cli(&["machine", "ping", "right", "20"]).ok();
    recorder.until_count("ping-machine", "right", 5);
    assert_eq!(recorder.count("ping-machine", "left"), pings);

    daemon.cli(&["machine", "ping", "right", "default"]).ok();
    assert_eq!(daemon.machine("right")["ping_interval_ms"], json!(null));
    daemon.cli(&["machine", "ping", "left", "sometimes"]).refused(1, &["'sometimes'", "milliseconds, off or default"]);
}
