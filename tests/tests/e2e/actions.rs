//! The buttons that a driver declares, pressed from the command line and over REST.

use ostler_simulators::{
    Fault, ZebraConfig,
    zebra::{LabelKind, Media},
};
use ostler_tests::{Daemon, Label, printer};
use serde_json::json;
use std::time::Duration;

#[test]
fn each_action_of_the_zebra_driver_does_at_the_printer_what_it_says() {
    let (daemon, zebra) = Daemon::with_zebra();
    let press = |action: &str| daemon.cli(&["machine", "action", "dock", action, "--yes"]).ok().stdout;
    assert!(press("feed").contains("feeds a label"));
    printer::until(&zebra, |state| state.labels_fed >= 1 && state.labels_printed == 0);

    let told = press("configuration-label");
    assert!(told.contains("configuration"), "{told}");
    printer::until(&zebra, |state| state.labels_printed == 1);
    assert_eq!(zebra.labels()[0].kind, LabelKind::Configuration);

    press("self-test");
    printer::until(&zebra, |state| state.labels_printed == 2);
    let test = zebra.labels()[1].bitmap.clone();
    assert_eq!((test.width(), test.height()), (812, 1218));
    // Its border touches all four edges.
    assert!([(0, 600), (811, 600), (400, 0), (400, 1217)].iter().all(|&(x, y)| test.is_black(x, y)));

    assert_eq!(press("pause"), "The printer is paused.\n");
    let machine = daemon.until_machine("dock", "paused", |machine| machine["status"] == 500);
    assert!(machine["status_text"].as_str().unwrap().contains("paused"), "{machine:#}");
    press("resume");
    daemon.until_machine("dock", "connected", |machine| machine["status"] == 100);
    press("cancel-all");
    assert_eq!(zebra.errors(), vec![]);
}

#[test]
fn a_calibration_learns_the_length_of_other_labels() {
    let daemon = Daemon::start();
    let zebra = daemon.add_dock(ZebraConfig { media: Some(Media::gap(832, 1218)), ..ZebraConfig::default() });
    daemon.json(&["machine", "set", "dock", "MEDIA_TRACKING=gap"]);
    zebra.load_media(Media::gap(832, 800));
    let told = daemon.cli(&["machine", "action", "dock", "calibrate", "--yes"]).ok().stdout;
    assert!(told.contains("measured labels of 100.0 mm") && told.contains("LABEL_LENGTH is 152.2 mm"), "{told}");
    let machine = daemon.until_machine("dock", "a warning", |machine| machine["status"] == 200);
    assert!(machine["status_text"].as_str().unwrap().contains("100.0 mm"), "{machine:#}");
    // What was measured is what a document is compared with.
    let id = machine["pk"].as_str().unwrap();
    assert_eq!(daemon.get(&format!("/api/machine/{id}/options/"))["media"]["length_um"], 100_000);
}

#[test]
fn an_action_that_asks_a_question_runs_only_when_somebody_agreed() {
    let (daemon, zebra) = Daemon::with_zebra();
    let before = zebra.state().labels_fed;
    daemon.cli(&["machine", "action", "dock", "calibrate"]).refused(1, &["uses up some labels", "--yes"]);
    let id = daemon.machine("dock")["pk"].as_str().unwrap().to_owned();
    let press = |body: &str| {
        let path = format!("/api/machine/{id}/actions/calibrate/");
        daemon.request("POST", &path, Some(("application/json", body.as_bytes().to_vec())))
    };
    let (status, body) = press("{}");
    assert_eq!(status, 400, "{body}");
    assert!(body["confirmed"][0].as_str().unwrap().contains("uses up some labels"), "{body}");
    assert_eq!(zebra.state().labels_fed, before);
    let (status, body) = press(r#"{"confirmed": true}"#);
    assert_eq!(status, 200, "{body}");
    assert!(body["text"].as_str().unwrap().contains("calibrated"), "{body}");
    assert!(zebra.state().labels_fed > before);
    let audit = daemon.get("/api/audit/");
    let pressed: Vec<_> = audit.as_array().unwrap().iter().filter(|row| row["action"] == "machine.action").collect();
    assert_eq!(pressed.len(), 1, "a refusal is no press: {audit:#}");
    assert_eq!(pressed[0]["after"], json!({ "action": "calibrate", "inputs": {} }));
}

#[test]
fn actions_that_are_not_there_or_cannot_run_now_say_why() {
    let (daemon, zebra) = Daemon::with_zebra();
    let press = |action: &str, more: &[&str]| daemon.cli(&[&["machine", "action", "dock", action], more].concat());
    press("explode", &[]).refused(3, &["no action 'explode'", "calibrate, feed, configuration-label"]);
    press("feed", &["-i", "labels=3"]).refused(1, &["'labels' is not an input of 'feed'"]);
    let listed = daemon.json(&["machine", "actions", "dock"]);
    assert_eq!(listed[0]["key"], "calibrate");

    zebra.set_fault(Fault::HeadOpen).unwrap();
    press("self-test", &[]).refused(1, &["The print head is open. Close it."]);
    zebra.clear_faults().unwrap();

    zebra.set_fault(Fault::Refuse).unwrap();
    press("feed", &[]).refused(1, &["cannot be reached"]);
    zebra.clear_faults().unwrap();

    daemon.json(&["machine", "deactivate", "dock"]);
    daemon.until_state("dock", "inactive");
    press("feed", &[]).refused(1, &["not ready", "inactive"]);
    daemon.json(&["driver", "disable", "zebra-zpl"]);
    press("feed", &[]).refused(3, &["no action 'feed'", "it has: none"]);
}

#[test]
fn an_action_does_not_wait_behind_a_job_but_says_which_one_is_in_the_way() {
    let daemon = Daemon::start();
    let zebra = daemon.add_dock(ZebraConfig { print_time: Duration::from_mins(2), ..ZebraConfig::default() });
    let job = daemon.print("dock", &Label::four_by_six("BUSY").png(), 1);
    printer::until(&zebra, |state| state.labels_waiting == 1);
    let said = daemon.cli(&["machine", "action", "dock", "feed"]);
    said.refused(1, &[&format!("is busy with job {job}"), "try again when it is over"]);
    daemon.cli(&["job", "cancel", &job.to_string()]);
    daemon.job_over(job);
}

#[test]
fn in_peel_mode_the_next_label_waits_until_the_first_is_taken() {
    let (daemon, zebra) = Daemon::with_zebra();
    daemon.json(&["machine", "set", "dock", "PRINT_MODE=peel-off"]);
    let job = daemon.print("dock", &Label::four_by_six("PEEL").png(), 2);
    printer::until(&zebra, |state| state.labels_printed == 1 && state.label_to_take);
    daemon.until_machine("dock", "to be taken", |machine| {
        machine["status_text"].as_str().unwrap().contains("Take the label")
    });
    assert!(!["done", "failed", "unknown"].contains(&daemon.job(job)["state"].as_str().unwrap()));
    assert!(zebra.take_label());
    printer::until(&zebra, |state| state.labels_printed == 2);
    assert!(zebra.take_label());
    let job = daemon.job_over(job);
    assert_eq!((&job["state"], &job["labels"]["proof"]), (&json!("done"), &json!("counted")), "{job:#}");
    daemon.until_machine("dock", "connected", |machine| machine["status"] == 100);
}
