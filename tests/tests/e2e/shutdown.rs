//! The end of the daemon while jobs are in hand: they finish their labels within a bound, and what they could not finish is told.

use ostler_simulators::{Fault, ZebraConfig, ZebraPrinter};
use ostler_tests::{Daemon, daemon::Signal, pages::equal_pages, printer, until};
use serde_json::{Value, json};

const FOR_EVER: &str = "drain_ms = 600000";

/// A daemon whose printer has stopped reading in the middle of the first of three labels.
fn stalled(limits: &str) -> (Daemon, ZebraPrinter, i64) {
    let daemon = Daemon::builder().limits(limits).start();
    let zebra = daemon.add_dock(ZebraConfig { receive_window: Some(4096), ..ZebraConfig::default() });
    zebra.set_fault(Fault::StallAt { byte: 1000 }).unwrap();
    let job = daemon.print_with("dock", &daemon.document("three.pdf", &equal_pages(3)), &[]);
    daemon.until_job(job, "label 1 is begun", |job| job["labels"]["started"] == 0);
    printer::until(&zebra, |state| state.received_bytes >= 1000);
    (daemon, zebra, job)
}

fn stopping(daemon: &Daemon) {
    daemon.signal(Signal::TERM);
    until("it stops", || daemon.log().contains("jobs in hand may finish their labels"));
}

/// The job after the daemon was started again, with the machine paused so that it stays as it is.
fn left_behind(daemon: &mut Daemon, job: i64) -> Value {
    daemon.restart();
    daemon.until_state("dock", "ready");
    daemon.job(job)
}

#[test]
fn a_label_in_hand_is_finished_and_the_next_one_is_printed_after_the_next_start() {
    let (mut daemon, zebra, job) = stalled(FOR_EVER);
    daemon.json(&["machine", "pause", "dock"]);
    stopping(&daemon);
    zebra.clear_faults().unwrap();
    assert!(daemon.ended().success());
    assert_eq!(zebra.label_count(), 1);
    assert!(daemon.log().contains("not finished when ostler stopped"), "{}", daemon.log());

    let left = left_behind(&mut daemon, job);
    assert_eq!((&left["state"], &left["labels"]["done"]), (&json!("waiting"), &json!(1)), "{left:#}");
    let message = left["error"]["message"].as_str().unwrap();
    assert!(message.contains("ostler stops: label 2 of 3 was not begun"), "{message}");
    daemon.json(&["machine", "resume", "dock"]);
    assert_eq!(daemon.job_over(job)["state"], "done");
    assert_eq!(zebra.label_count(), 3);
}

#[test]
fn a_label_that_cannot_be_finished_in_time_is_in_doubt() {
    let (mut daemon, zebra, job) = stalled("drain_ms = 200");
    assert!(daemon.stop().success());
    assert!(daemon.log().contains("not finished when ostler stopped"), "{}", daemon.log());
    let left = left_behind(&mut daemon, job);
    assert_eq!((&left["state"], &left["labels"]["started"]), (&json!("unknown"), &json!(0)), "{left:#}");
    let message = left["error"]["message"].as_str().unwrap();
    assert!(message.contains("label 1 of 3") && message.contains("ostler stops"), "{message}");
    assert_eq!(zebra.label_count(), 0);
}

#[test]
fn a_second_signal_does_not_wait_for_labels() {
    let (mut daemon, _zebra, job) = stalled(FOR_EVER);
    stopping(&daemon);
    daemon.signal(Signal::INT);
    assert!(daemon.ended().success());
    assert_eq!(left_behind(&mut daemon, job)["state"], "unknown");
}

#[test]
fn jobs_behind_the_one_in_hand_are_not_begun() {
    let (mut daemon, zebra, first) = stalled(FOR_EVER);
    let second = daemon.print_with("dock", &daemon.document("one.pdf", &equal_pages(1)), &[]);
    stopping(&daemon);
    zebra.clear_faults().unwrap();
    assert!(daemon.ended().success());
    assert_eq!(zebra.label_count(), 1);
    daemon.restart();
    for job in [first, second] {
        assert_eq!(daemon.job_over(job)["state"], "done");
    }
    assert_eq!(zebra.label_count(), 4);
}
