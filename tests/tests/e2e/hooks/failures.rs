//! Traps, and starts that fail or never return.

use super::{SHORT, ends, scene, scene_with};
use ostler_tests::{Daemon, Label, Recorder, recorder::Answer};
use serde_json::{Value, json};

#[track_caller]
fn says(text: &Value, words: &[&str]) {
    for word in words {
        assert!(text.to_string().contains(word), "'{word}' is not in: {text:#}");
    }
}

/// Adds `frail`, whose `init-machine` does what it is told.
fn add_frail(daemon: &Daemon, recorder: &Recorder, answer: Answer) {
    recorder.answer("init-machine", "frail", answer);
    daemon.cli(&["machine", "add", "frail", "--driver", "recording", "--set", &recorder.setting()]).ok();
}

#[test]
fn a_trap_in_a_call_of_one_machine_starts_the_driver_and_all_its_machines_again() {
    let (daemon, recorder) = scene();
    recorder.answer("restart-machine", "left", Answer::Trap);
    daemon.cli(&["machine", "restart", "left"]).ok();
    recorder.heard(&["restart-machine left", "init-driver", "init-machine left", "init-machine right"]);
    let left = daemon.until_state("left", "ready");
    says(&left["machine_errors"], &["crashed in a call of this machine"]);
    assert_eq!(daemon.until_state("right", "ready")["machine_errors"], json!([]));
    says(&daemon.get("/api/driver/recording/")[0]["driver_errors"], &["the driver's instance ended"]);
    ends(daemon, &recorder);
}

#[test]
fn a_machine_that_traps_too_often_is_quarantined_and_initialised_again_when_it_is_released() {
    let (mut daemon, recorder) = scene_with("blames = 2");
    let png = Label::new(400, 600, "X").png();
    recorder.answer("print-label", "left", Answer::Trap);
    daemon.job_over(daemon.print("left", &png, 1));
    recorder.heard(&["print-label left", "init-driver", "init-machine left", "init-machine right"]);
    for machine in ["left", "right"] {
        daemon.until_state(machine, "ready");
    }
    daemon.job_over(daemon.print("left", &png, 1));
    let left = daemon.until_state("left", "quarantined");
    says(&left["state"]["reason"], &["crash 2 times", "ostler machine restart"]);
    assert_eq!(left["initialized"], false);
    daemon.until_state("right", "ready");
    recorder.heard(&["print-label left", "init-driver", "init-machine right"]);

    daemon.cli(&["machine", "restart", "left"]).ok();
    let left = daemon.until_state("left", "ready");
    assert_eq!(left["machine_errors"], json!([]));
    recorder.heard(&["init-machine left"]);
    assert!(daemon.stop().success());
    recorder.heard(&["stop-machine left", "stop-machine right"]);
}

#[test]
fn a_start_that_fails_is_tried_again_later_with_the_attempts_counted_and_the_reason_shown() {
    let (mut daemon, recorder) = scene();
    add_frail(&daemon, &recorder, Answer::Fail("no lamp lights"));
    for attempt in [1, 2] {
        let frail = daemon.until_machine("frail", "failed again", |machine| machine["state"]["attempt"] == attempt);
        assert_eq!(frail["state"]["state"], "failed");
        says(&frail["state"]["reason"], &["no lamp lights"]);
        assert_eq!(frail["initialized"], false);
        assert!(frail["state"]["next_try_at"].as_str() > frail["state_since"].as_str(), "{frail:#}");
    }
    recorder.heard(&["init-machine frail", "init-machine frail"]);

    // Nobody does anything; the third try comes by itself.
    recorder.let_go("init-machine", "frail");
    daemon.until_state("frail", "ready");
    recorder.heard(&["init-machine frail"]);
    let states: Vec<_> = daemon.json(&["machine", "history", "frail"]).as_array().unwrap().to_owned();
    let states: Vec<_> = states.iter().rev().map(|change| change["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["starting", "failed", "starting", "failed", "starting", "ready"]);
    assert!(daemon.stop().success());
    recorder.heard(&["stop-machine frail", "stop-machine left", "stop-machine right"]);
}

#[test]
fn a_machine_that_waits_for_its_next_try_is_not_tried_sooner_for_an_action() {
    let (daemon, recorder) = scene();
    add_frail(&daemon, &recorder, Answer::Fail("no lamp lights"));
    let failed = daemon.until_state("frail", "failed")["state"].clone();
    // The keeper answers them one after the other, so the first one's effect is there before the last one's answer.
    for _ in 0..3 {
        daemon.cli(&["machine", "action", "frail", "machines"]).refused(1, &["'frail' is not ready: it is failed"]);
    }
    assert_eq!(daemon.machine("frail")["state"], failed);
    recorder.heard(&["init-machine frail"]);
}

#[test]
fn a_machine_that_waits_for_its_next_try_is_not_tried_sooner_for_a_job() {
    let (daemon, recorder) = scene();
    add_frail(&daemon, &recorder, Answer::Fail("no lamp lights"));
    let failed = daemon.until_state("frail", "failed")["state"].clone();
    let png = Label::new(400, 600, "X").png();
    let jobs = [(); 3].map(|()| daemon.print("frail", &png, 1));
    assert_eq!(daemon.machine("frail")["state"], failed);
    recorder.heard(&["init-machine frail"]);

    // An operator who does something about it need not wait.
    recorder.let_go("init-machine", "frail");
    daemon.cli(&["machine", "restart", "frail"]).ok();
    for job in jobs {
        assert_eq!(daemon.job_over(job)["state"], "done");
    }
    recorder.heard(&["init-machine frail", "print-label frail", "print-label frail", "print-label frail"]);
}

#[test]
fn a_start_that_never_returns_ends_at_its_deadline_and_is_tried_again() {
    let (mut daemon, recorder) = scene_with(SHORT);
    add_frail(&daemon, &recorder, Answer::Wait);
    let frail = daemon.until_state("frail", "failed");
    says(&frail["state"]["reason"], &["init-machine took longer than 500ms"]);
    recorder.heard(&["init-machine frail"]);
    // Also when it does not even end when it is asked to.
    recorder.answer("init-machine", "frail", Answer::Hang);
    let frail = daemon.until_machine("frail", "failed again", |machine| machine["state"]["attempt"] == 2);
    says(&frail["state"]["reason"], &["init-machine took longer than 500ms", "did not end when asked to"]);
    recorder.heard(&["init-machine frail"]);
    // Its neighbours did not notice.
    assert_eq!(daemon.machine("left")["state"]["state"], "ready");

    recorder.let_go("init-machine", "frail");
    daemon.until_state("frail", "ready");
    recorder.heard(&["init-machine frail"]);
    assert!(daemon.stop().success());
    recorder.heard(&["stop-machine frail", "stop-machine left", "stop-machine right"]);
}

#[test]
fn a_restart_that_fails_is_shown_and_the_machine_stays_ready() {
    let (daemon, recorder) = scene();
    recorder.answer("restart-machine", "left", Answer::Fail("it does not come up"));
    daemon.cli(&["machine", "restart", "left"]).ok();
    let left = daemon.machine("left");
    assert_eq!((&left["state"]["state"], &left["machine_errors"]), (&json!("ready"), &json!(["it does not come up"])));
    recorder.heard(&["restart-machine left"]);
    ends(daemon, &recorder);
}
