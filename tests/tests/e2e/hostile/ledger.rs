//! Prints that do not keep the rules of labels: the host counts bytes itself, and believes nothing else.

use super::{daemon, jobs_on, print, prints, ready, refusals, says, set};
use ostler_tests::printer;

#[test]
fn a_byte_before_label_started_is_refused() {
    let daemon = daemon("");
    let printer = ready(&daemon, "early", &["BEHAVIOUR=early-write"]);
    let job = daemon.job_over(print(&daemon, "early"));
    assert_eq!((&job["state"], &job["error"]["kind"]), (&"failed".into(), &"denied".into()));
    assert_eq!(job["error"]["code"], "label-not-started");
    says(&job["error"]["message"], &["label-started", "first"]);
    printer::until(&printer, |state| state.connections == 1 && state.connections_open == 0);
    assert_eq!(printer.received_bytes(), 0);
    // Written beside the job.
    daemon.until("the refusal is in the audit", |daemon| refusals(daemon, "label-not-started").len() == 1);
    set(&daemon, "early", "BEHAVIOUR=honest");
    prints(&daemon, "early", &printer);
}

#[test]
fn success_after_bytes_and_without_label_done_is_unknown() {
    let daemon = daemon("");
    let printer = ready(&daemon, "silent", &["BEHAVIOUR=no-done"]);
    let job = print(&daemon, "silent");
    let over = daemon.job_over(job);
    assert_eq!((&over["state"], &over["error"]["code"]), (&"unknown".into(), &"label-in-doubt".into()));
    says(&over["error"]["message"], &["label 1 of 1", "without saying whether it is done", "Look at the printer"]);
    // It did come out, and is not printed once more beside the next one.
    set(&daemon, "silent", "BEHAVIOUR=honest");
    prints(&daemon, "silent", &printer);
    assert_eq!(jobs_on(&printer).into_iter().filter(|of| *of == job).count(), 1);
}

#[test]
fn success_without_a_byte_is_a_failure() {
    let daemon = daemon("");
    let printer = ready(&daemon, "idle", &["BEHAVIOUR=no-bytes"]);
    let job = daemon.job_over(print(&daemon, "idle"));
    assert_eq!((&job["state"], &job["error"]["code"]), (&"failed".into(), &"labels-missing".into()));
    says(&job["error"]["message"], &["only 0 of 1 labels are done"]);
    assert_eq!(printer.connections().total, 0);
}

#[test]
fn a_driver_that_sent_bytes_and_denies_it_is_not_believed() {
    let daemon = daemon("");
    let printer = ready(&daemon, "liar", &["BEHAVIOUR=fail-in-label"]);
    let job = print(&daemon, "liar");
    let over = daemon.job_over(job);
    assert_eq!((&over["state"], &over["attempts"]), (&"unknown".into(), &1.into()));
    says(&over["error"]["message"], &["label 1 of 1", "nothing was sent, try again"]);
    set(&daemon, "liar", "BEHAVIOUR=honest");
    prints(&daemon, "liar", &printer);
    assert!(!jobs_on(&printer).contains(&job));
}

#[test]
fn work_that_outlives_its_call_does_not_write() {
    let daemon = daemon("");
    let printer = ready(&daemon, "late", &["BEHAVIOUR=late-write"]);
    let job = print(&daemon, "late");
    assert_eq!(daemon.job_over(job)["state"], "done");
    let sent = printer::until(&printer, |state| state.labels_printed == 1).received_bytes;
    let machine = daemon.until_machine("late", "tried to write", |machine| {
        machine["status_text"].as_str().unwrap().contains("late writes")
    });
    says(&machine["status_text"], &["0 late writes", "no-device-call"]);
    printer::until(&printer, |state| state.connections_open == 0);
    assert_eq!((printer.received_bytes(), jobs_on(&printer)), (sent, vec![job]));
    assert_eq!(refusals(&daemon, "no-device-call").len(), 1);
    set(&daemon, "late", "BEHAVIOUR=honest");
    prints(&daemon, "late", &printer);
}
