//! Choices that a driver is asked for: its last good answer stays, whatever becomes of it.

use super::id;
use ostler_tests::{Daemon, Recorder, recorder::Answer};
use serde_json::{Value, json};

/// A ready machine `desk` whose driver is asked for the choices of `TRAY`.
fn desk(limits: &str) -> (Daemon, Recorder) {
    let (daemon, recorder) = (Daemon::builder().ping_interval(0).limits(limits).start(), Recorder::start());
    daemon.install("ostler_driver_recording");
    daemon.add("desk", "recording", &[&recorder.setting()]);
    recorder.heard(&["init-driver", "init-machine desk"]);
    (daemon, recorder)
}

fn ask(daemon: &Daemon, key: &str) -> (u16, Value) {
    daemon.request("GET", &format!("/api/machine/{}/settings/D/{key}/choices/", id(daemon, "desk")), None)
}

fn choices(values: &[&str]) -> Value {
    values.iter().map(|value| json!({ "value": value, "display_name": value })).collect()
}

#[test]
fn a_driver_is_asked_for_the_choices_that_it_does_not_declare() {
    let (daemon, recorder) = desk("");
    recorder.answer("setting-choices", "desk", Answer::Choices("upper lower"));
    assert_eq!(ask(&daemon, "TRAY"), (200, choices(&["upper", "lower"])));
    recorder.heard(&["setting-choices desk: TRAY"]);
    assert_eq!(daemon.json(&["machine", "choices", "desk", "TRAY"]), choices(&["upper", "lower"]));
    recorder.heard(&["setting-choices desk: TRAY"]);

    // Those that are declared are known without asking.
    let (status, sizes) = ask(&daemon, "SIZE");
    assert_eq!((status, &sizes[1]), (200, &json!({ "value": "l", "display_name": "Large" })));
    let table = daemon.cli(&["machine", "choices", "desk", "SIZE"]).ok().stdout;
    assert!(table.contains("Small") && table.contains("Large"), "{table}");
    recorder.heard(&[]);
    daemon.cli(&["machine", "choices", "desk", "NOTE"]).refused(1, &["'NOTE' is not a choice"]);
    daemon.cli(&["machine", "choices", "desk", "WINGS"]).refused(3, &["no setting 'WINGS'"]);
}

#[test]
fn the_last_good_answer_stays_when_the_driver_fails_or_gives_none_in_time_or_does_not_run() {
    let (daemon, recorder) = desk("validate_ms = 300\ngrace_ms = 200\n");
    // Without one, the reason is shown.
    recorder.answer("setting-choices", "desk", Answer::Fail("the trays are in use"));
    let (status, body) = ask(&daemon, "TRAY");
    assert!(status >= 400 && body["detail"].as_str().unwrap().contains("the trays are in use"), "{status} {body}");
    recorder.answer("setting-choices", "desk", Answer::Choices("upper lower"));
    let good = choices(&["upper", "lower"]);
    assert_eq!(ask(&daemon, "TRAY"), (200, good.clone()));

    recorder.answer("setting-choices", "desk", Answer::Fail("the trays are in use"));
    assert_eq!(ask(&daemon, "TRAY"), (200, good.clone()));
    for never in [Answer::Wait, Answer::Hang] {
        recorder.answer("setting-choices", "desk", never);
        assert_eq!(ask(&daemon, "TRAY"), (200, good.clone()));
    }
    daemon.cli(&["machine", "deactivate", "desk"]).ok();
    daemon.until_state("desk", "inactive");
    assert_eq!(ask(&daemon, "TRAY"), (200, good));
}

#[test]
fn a_driver_that_gives_no_choices_does_not_stand_in_the_way_of_saving() {
    let (daemon, recorder) = desk("validate_ms = 300\ngrace_ms = 200\n");
    recorder.answer("setting-choices", "desk", Answer::Hang);
    recorder.answer("validate-settings", "desk", Answer::Hang);
    daemon.cli(&["machine", "set", "desk", "TRAY=lower", "NOTE=a"]).ok();
    let machine = id(&daemon, "desk");
    assert_eq!(daemon.get(&format!("/api/machine/{machine}/settings/D/TRAY/"))["value"], "lower");
    // That it was saved without the driver's word stands in the log.
    let log = daemon.cli(&["machine", "log", "desk"]).ok().stdout;
    assert!(log.contains("validate-settings gave no answer"), "{log}");
}
