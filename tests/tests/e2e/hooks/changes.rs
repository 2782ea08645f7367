//! Names and settings: the hook is told how the machine was before.

use super::{ends, scene};
use ostler_tests::recorder::Answer;
use serde_json::json;

#[test]
fn a_renamed_machine_is_told_its_old_name_and_has_the_new_one() {
    let (daemon, recorder) = scene();
    daemon.cli(&["machine", "rename", "left", "west"]).ok();
    recorder.heard(&["update-machine west: left, active"]);
    daemon.cli(&["machine", "rename", "west", "left"]).ok();
    recorder.heard(&["update-machine left: west, active"]);
    ends(daemon, &recorder);
}

#[test]
fn a_changed_setting_is_checked_first_and_then_told_with_the_value_before() {
    let (daemon, recorder) = scene();
    daemon.cli(&["machine", "set", "left", "NOTE=a", "M:LOCATION=Hall 3"]).ok();
    recorder.heard(&[r#"validate-settings left: M:LOCATION="Hall 3", NOTE="a""#, "update-machine left: left, active"]);
    daemon.cli(&["machine", "set", "left", "NOTE=b"]).ok();
    recorder.heard(&[
        r#"validate-settings left: M:LOCATION="Hall 3", NOTE="b""#,
        r#"update-machine left: left, active, M:LOCATION="Hall 3", NOTE="a""#,
    ]);
    // Values have the kinds that were declared.
    daemon.cli(&["machine", "set", "left", "NOTE=", "M:LOCATION=", "COUNT=3", "SHARE=1", "FLAG=no", "PAUSE=20"]).ok();
    recorder.heard(&[
        "validate-settings left: COUNT=3, FLAG=false, PAUSE=20, SHARE=1.0",
        r#"update-machine left: left, active, M:LOCATION="Hall 3", NOTE="b""#,
    ]);
    ends(daemon, &recorder);
}

#[test]
fn a_secret_is_masked_before_and_after() {
    let (daemon, recorder) = scene();
    daemon.cli(&["machine", "set", "left", "PASSWORD=first"]).ok();
    recorder.heard(&[r#"validate-settings left: PASSWORD="***""#, "update-machine left: left, active"]);
    daemon.cli(&["machine", "set", "left", "PASSWORD=second"]).ok();
    recorder
        .heard(&[r#"validate-settings left: PASSWORD="***""#, r#"update-machine left: left, active, PASSWORD="***""#]);
    ends(daemon, &recorder);
}

#[test]
fn a_value_that_the_driver_refuses_is_not_stored_and_not_told() {
    let (daemon, recorder) = scene();
    recorder.answer("validate-settings", "left", Answer::Refuse("NOTE"));
    daemon.cli(&["machine", "set", "left", "NOTE=a"]).refused(1, &["NOTE: the recorder refuses this value"]);
    recorder.heard(&[r#"validate-settings left: NOTE="a""#]);
    recorder.let_go("validate-settings", "left");
    daemon.cli(&["machine", "set", "left", "NOTE=b"]).ok();
    recorder.heard(&[r#"validate-settings left: NOTE="b""#, "update-machine left: left, active"]);
    ends(daemon, &recorder);
}

#[test]
fn a_failing_update_hook_is_shown_and_the_value_stays() {
    let (daemon, recorder) = scene();
    recorder.answer("update-machine", "left", Answer::Fail("the note does not please"));
    daemon.cli(&["machine", "set", "left", "NOTE=a"]).ok();
    let left = daemon.until_machine("left", "the error", |machine| machine["machine_errors"] != json!([]));
    assert_eq!(left["machine_errors"], json!(["the note does not please"]));
    assert_eq!(left["state"]["state"], "ready");
    recorder.heard(&[r#"validate-settings left: NOTE="a""#, "update-machine left: left, active"]);
    recorder.let_go("update-machine", "left");
    daemon.cli(&["machine", "set", "left", "NOTE=b"]).ok();
    recorder.heard(&[r#"validate-settings left: NOTE="b""#, r#"update-machine left: left, active, NOTE="a""#]);
    ends(daemon, &recorder);
}

#[test]
fn an_update_hook_may_ask_for_a_restart() {
    let (daemon, recorder) = scene();
    recorder.answer("update-machine", "left", Answer::Restart("the note is read at the start"));
    daemon.cli(&["machine", "set", "left", "NOTE=a"]).ok();
    daemon.until_machine("left", "a restart is asked for", |machine| machine["restart_required"] == true);
    assert_eq!(daemon.machine("right")["restart_required"], false);
    recorder.heard(&[r#"validate-settings left: NOTE="a""#, "update-machine left: left, active"]);
    daemon.cli(&["machine", "restart", "left"]).ok();
    assert_eq!(daemon.machine("left")["restart_required"], false);
    recorder.heard(&["restart-machine left"]);
    ends(daemon, &recorder);
}

#[test]
fn a_setting_that_is_read_at_the_start_asks_for_a_restart_when_it_is_changed() {
    let (daemon, recorder) = scene();
    daemon.cli(&["machine", "set", "left", "NOTE=a"]).ok();
    recorder.heard(&[r#"validate-settings left: NOTE="a""#, "update-machine left: left, active"]);
    assert_eq!(daemon.machine("left")["restart_required"], false);
    daemon.cli(&["machine", "set", "left", "BAUD=9600"]).ok();
    assert_eq!(daemon.machine("left")["restart_required"], true);
    daemon.cli(&["machine", "restart", "left"]).ok();
    assert_eq!(daemon.machine("left")["restart_required"], false);
}

#[test]
fn reading_settings_writes_nothing_and_runs_no_hook() {
    let (daemon, recorder) = scene();
    let id = daemon.machine("left")["pk"].as_str().unwrap().to_owned();
    let audits = daemon.get("/api/audit/");
    let first = daemon.get(&format!("/api/machine/{id}/settings/D/NOTE/"));
    assert_eq!(first["value"], json!(""));
    for path in ["D/NOTE/", "D/note/", "D/RECORDER/", "D/PASSWORD/", "M/LOCATION/", ""] {
        daemon.get(&format!("/api/machine/{id}/settings/{path}"));
    }
    daemon.cli(&["machine", "show", "left"]).ok();
    assert_eq!(daemon.get(&format!("/api/machine/{id}/settings/D/NOTE/")), first);
    assert_eq!(daemon.get("/api/audit/"), audits);
    recorder.heard(&[]);
    // The first hook after all that reading is that of the first write.
    daemon.cli(&["machine", "set", "left", "NOTE=a"]).ok();
    recorder.heard(&[r#"validate-settings left: NOTE="a""#, "update-machine left: left, active"]);
    ends(daemon, &recorder);
}

#[test]
fn saving_the_value_that_is_there_is_told_as_no_change() {
    let (daemon, recorder) = scene();
    daemon.cli(&["machine", "set", "left", "PASSWORD=first"]).ok();
    recorder.heard(&[r#"validate-settings left: PASSWORD="***""#, "update-machine left: left, active"]);
    // A mask that is written back keeps the secret, so there is nothing to save.
    daemon.cli(&["machine", "set", "left", "PASSWORD=***"]).ok();
    recorder.heard(&[]);
    ends(daemon, &recorder);
}

#[test]
fn a_machine_that_lacks_a_required_setting_starts_when_it_is_filled_in_and_stops_when_it_is_emptied() {
    let (mut daemon, recorder) = scene();
    daemon.cli(&["machine", "add", "late", "--driver", "recording"]).ok();
    let late = daemon.until_state("late", "incomplete");
    assert_eq!(late["state"]["reason"], "Missing DRIVER settings: RECORDER");
    // There is no instance that the machine is ready in, so nobody is told of this one.
    daemon.cli(&["machine", "set", "late", "NOTE=a"]).ok();
    daemon.cli(&["machine", "set", "late", &recorder.setting()]).ok();
    daemon.until_state("late", "ready");
    recorder.heard(&["init-machine late"]);
    assert!(daemon.stop().success());
    recorder.heard(&["stop-machine late", "stop-machine left", "stop-machine right"]);
}

#[test]
fn a_change_while_a_machine_starts_is_told_when_it_is_ready() {
    let (daemon, recorder) = scene();
    recorder.answer("init-machine", "left", Answer::Wait);
    daemon.cli(&["machine", "restart", "left", "--hard"]).ok();
    recorder.heard(&["stop-machine left", "init-machine left"]);
    daemon.cli(&["machine", "set", "left", "NOTE=a"]).ok();
    daemon.cli(&["machine", "set", "left", "NOTE=b"]).ok();
    recorder.let_go("init-machine", "left");
    recorder.heard(&["update-machine left: left, active"]);
    ends(daemon, &recorder);
}

#[test]
fn a_change_while_a_start_fails_is_tried_at_once() {
    let (daemon, recorder) = scene();
    recorder.answer("init-machine", "left", Answer::Wait);
    daemon.cli(&["machine", "restart", "left", "--hard"]).ok();
    recorder.heard(&["stop-machine left", "init-machine left"]);
    daemon.cli(&["machine", "set", "left", "NOTE=a"]).ok();
    recorder.answer("init-machine", "left", Answer::Fail("no lamp lights"));
    // The first failure is of the old settings; the second one is waited for.
    recorder.until_count("init-machine", "left", 3);
    let failed = daemon.until_state("left", "failed");
    assert_eq!(failed["state"]["attempt"], 1);
    recorder.heard(&["init-machine left"]);
    recorder.let_go("init-machine", "left");
    daemon.cli(&["machine", "restart", "left"]).ok();
    daemon.until_state("left", "ready");
    recorder.heard(&["init-machine left"]);
    ends(daemon, &recorder);
}

#[test]
fn a_machine_that_is_switched_off_while_it_starts_is_inactive_and_not_failed() {
    let (daemon, recorder) = scene();
    recorder.answer("init-machine", "left", Answer::Wait);
    daemon.cli(&["machine", "restart", "left", "--hard"]).ok();
    recorder.heard(&["stop-machine left", "init-machine left"]);
    daemon.cli(&["machine", "deactivate", "left"]).ok();
    daemon.until_state("left", "inactive");
    let history = daemon.json(&["machine", "history", "left", "--limit", "3"]);
    let states: Vec<_> = history.as_array().unwrap().iter().map(|change| change["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["inactive", "starting", "stopping"]);
    recorder.let_go("init-machine", "left");
    daemon.cli(&["machine", "activate", "left"]).ok();
    daemon.until_state("left", "ready");
    recorder.heard(&["init-machine left"]);
    ends(daemon, &recorder);
}
