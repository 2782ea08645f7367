//! Waiting for a job on the command line: what is shown meanwhile, and the outcome as the exit status.

use ostler_simulators::Fault;
use ostler_tests::{Daemon, Label, pages::equal_pages};
use std::path::Path;

fn print_and_wait(daemon: &Daemon, document: &Path, arguments: &[&str]) -> ostler_tests::Output {
    daemon.cli(&[&["print", "dock", &document.to_string_lossy(), "--wait"], arguments].concat())
}

/// Each of these stands in the lines, in this order.
#[track_caller]
fn assert_in_order(lines: &str, expected: &[&str]) {
    let mut rest = lines;
    for words in expected {
        let at = rest.find(words).unwrap_or_else(|| panic!("'{words}' does not come next in:\n{lines}"));
        rest = &rest[at + words.len()..];
    }
}

#[test]
fn each_state_and_each_label_is_told_and_a_job_that_is_done_is_a_success() {
    let (daemon, _zebra) = Daemon::with_zebra();
    let three = daemon.document("three.pdf", &equal_pages(3));
    let said = print_and_wait(&daemon, &three, &[]).ok();
    let told = ["printing", "label 1 of 3 is done (counted)", "label 2 of 3", "label 3 of 3", "job 1: done"];
    assert_in_order(&said.stderr, &told);
    assert!(said.stdout.contains("3 of 3 done"), "{}", said.stdout);
    // Programs get the job as it ended, and nothing else.
    let said = daemon.cli(&["--json", "print", "dock", &three.to_string_lossy(), "--wait"]).ok();
    assert_eq!(said.stderr, "");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&said.stdout).unwrap()["state"], "done");
}

#[test]
fn the_exit_status_is_the_outcome_of_the_job() {
    let (daemon, zebra) = Daemon::with_zebra();
    let label = daemon.document("label.png", &Label::four_by_six("OUTCOME").png());
    let small = daemon.document("small.png", &Label::new(600, 600, "SMALL").png());
    print_and_wait(&daemon, &small, &["-o", "scaling=exact"]).refused(1, &["ended as failed", "ostler job retry 1"]);

    zebra.set_fault(Fault::CloseAt { byte: 1500, reset: true }).unwrap();
    print_and_wait(&daemon, &label, &[]).refused(6, &["ended as unknown", "job retry 2 --from LABEL"]);

    zebra.clear_faults().unwrap();
    zebra.set_fault(Fault::MediaOut).unwrap();
    let job = daemon.print_with("dock", &label, &[]);
    daemon.until_job(job, "waiting", |job| job["state"] == "waiting");
    let waiting = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| daemon.cli(&["job", "wait", &job.to_string()]));
        daemon.cli(&["job", "cancel", &job.to_string()]).ok();
        waiting.join().unwrap()
    });
    waiting.refused(5, &["ended as cancelled"]);
    daemon.cli(&["job", "wait", "99"]).refused(3, &["no job 99"]);
    // One that is over already.
    daemon.cli(&["job", "wait", "2"]).refused(6, &["ended as unknown"]);
}

#[test]
fn whoever_waits_sees_why_a_job_waits() {
    let (daemon, zebra) = Daemon::with_zebra();
    zebra.set_fault(Fault::HeadOpen).unwrap();
    let label = daemon.document("label.png", &Label::four_by_six("OPEN").png());
    let said = std::thread::scope(|scope| {
        let said = scope.spawn(|| print_and_wait(&daemon, &label, &[]));
        let waits = |daemon: &Daemon| daemon.get("/api/job/")[0]["state"] == "waiting";
        daemon.until("the job waits", waits);
        zebra.clear_faults().unwrap();
        said.join().unwrap().ok()
    });
    assert_in_order(&said.stderr, &["waiting: ", "Close it.", "done"]);
}
