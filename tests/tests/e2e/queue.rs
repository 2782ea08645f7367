//! A queue in people's hands: pausing it, holding and releasing jobs, going on with them, printing them again, and asking twice
//! for the same.

use ostler_simulators::{Fault, ZebraPrinter};
use ostler_tests::{Daemon, Label, printer, printer::came_out};
use serde_json::{Value, json};
use std::path::PathBuf;

fn png(name: &str) -> Vec<u8> {
    Label::four_by_six(name).png()
}

/// A daemon with one printer, which is looked at so seldom that nothing here waits for it.
fn scene() -> (Daemon, ZebraPrinter) {
    let daemon = Daemon::builder().ping_interval(600_000).start();
    daemon.install("ostler_driver_zebra");
    let zebra = printer::zebra();
    daemon.add_zebra("dock", &zebra, &[]);
    (daemon, zebra)
}

/// A job of which bytes left, and nobody knows whether it came out.
fn unknown_job(daemon: &Daemon, zebra: &ZebraPrinter) -> i64 {
    zebra.set_fault(Fault::CloseAt { byte: 1500, reset: true }).unwrap();
    let job = daemon.print("dock", &png("DOUBT"), 1);
    assert_eq!(daemon.job_over(job)["state"], "unknown");
    zebra.clear_faults().unwrap();
    assert_eq!(zebra.label_count(), 0);
    job
}

fn go(daemon: &Daemon, arguments: &[&str]) -> String {
    daemon.cli(arguments).ok().stdout
}

#[test]
fn a_paused_machine_takes_jobs_and_prints_none_until_it_is_resumed_also_over_a_restart() {
    let (mut daemon, zebra) = scene();
    let said = go(&daemon, &["machine", "pause", "dock"]);
    assert!(said.contains("ostler machine resume dock"), "{said}");
    let (first, second) = (png("FIRST"), png("SECOND"));
    let jobs = [daemon.print("dock", &first, 1), daemon.print("dock", &second, 1)];
    daemon.restart();
    let machine = daemon.until_state("dock", "ready");
    assert_eq!(machine["paused"], true);
    assert!(go(&daemon, &["machine", "list"]).contains("ready, paused"));
    for job in jobs {
        assert_eq!(daemon.job(job)["state"], "queued");
    }
    assert_eq!(zebra.label_count(), 0);

    go(&daemon, &["machine", "resume", "dock"]);
    for job in jobs {
        assert_eq!(daemon.job_over(job)["state"], "done");
    }
    came_out(&zebra, &[&first, &second]);
    assert_eq!(daemon.machine("dock")["paused"], false);
}

#[test]
fn a_held_job_lets_others_pass_and_comes_out_when_it_is_released() {
    let (daemon, zebra) = scene();
    go(&daemon, &["machine", "pause", "dock"]);
    let (first, second) = (png("FIRST"), png("SECOND"));
    let (held, other) = (daemon.print("dock", &first, 1), daemon.print("dock", &second, 1));
    let said = go(&daemon, &["job", "hold", &held.to_string()]);
    assert!(said.contains(&format!("ostler job release {held}")), "{said}");
    go(&daemon, &["machine", "resume", "dock"]);
    assert_eq!(daemon.job_over(other)["state"], "done");
    let job = daemon.job(held);
    assert_eq!((&job["state"], &job["error"]["code"]), (&json!("held"), &json!("held")));
    daemon.cli(&["job", "hold", &other.to_string()]).refused(1, &["cannot be held", "it is done"]);

    go(&daemon, &["job", "release", &held.to_string()]);
    assert_eq!(daemon.job_over(held)["state"], "done");
    came_out(&zebra, &[&second, &first]);
}

#[test]
fn a_job_in_doubt_is_printed_again_only_when_a_person_says_from_which_label() {
    let (daemon, zebra) = scene();
    let job = unknown_job(&daemon, &zebra);
    let id = job.to_string();
    daemon.cli(&["job", "retry", &id]).refused(1, &["look at the printer", "--from 1", "--from 2"]);
    daemon.cli(&["job", "retry", &id, "--from", "3"]).refused(1, &["has 1 labels"]);
    daemon.cli(&["job", "retry", &id, "--from", "0"]).refused(1, &["counted from 1"]);
    assert_eq!(daemon.job(job)["state"], "unknown");
    assert_eq!(go(&daemon, &["job", "retry", &id, "--from", "1"]), format!("job {id} goes on with label 1 of 1\n"));
    assert_eq!(daemon.job_over(job)["state"], "done");
    came_out(&zebra, &[&png("DOUBT")]);
}

#[test]
fn a_job_whose_label_came_out_after_all_is_done_without_printing() {
    let (daemon, zebra) = scene();
    let job = unknown_job(&daemon, &zebra);
    let said = go(&daemon, &["job", "retry", &job.to_string(), "--from", "2"]);
    assert!(said.contains("is done"), "{said}");
    let done = daemon.job(job);
    assert_eq!((&done["state"], &done["labels"]["proof"]), (&json!("done"), &json!("sent")));
    // The queue was asked again, and found nothing of it.
    daemon.print_done("dock", &png("NEXT"));
    came_out(&zebra, &[&png("NEXT")]);
}

#[test]
fn a_job_in_doubt_can_be_given_up() {
    let (daemon, zebra) = scene();
    let job = unknown_job(&daemon, &zebra);
    go(&daemon, &["job", "cancel", &job.to_string()]);
    let cancelled = daemon.job(job);
    assert_eq!(cancelled["state"], "cancelled");
    let why = cancelled["error"]["message"].as_str().unwrap();
    assert!(why.contains("label 1 came out is not known"), "{why}");
    assert_eq!(zebra.label_count(), 0);
}

#[test]
fn a_reprint_is_another_job_and_audited() {
    let (daemon, zebra) = scene();
    let picture = png("AGAIN");
    let job = daemon.print("dock", &picture, 1);
    daemon.job_over(job);
    let again = daemon.json(&["job", "reprint", &job.to_string()]);
    assert_eq!(again["reprint_of"], job);
    let again = again["id"].as_i64().unwrap();
    assert_eq!(daemon.job_over(again)["state"], "done");
    came_out(&zebra, &[&picture, &picture]);
    let audit = daemon.get("/api/audit/");
    let audit = audit.as_array().unwrap().iter().find(|audit| audit["action"] == "job.reprint").unwrap();
    assert_eq!((&audit["subject"], &audit["after"]), (&json!(format!("job:{job}")), &json!({ "job": again })));
}

#[test]
fn a_request_that_is_sent_again_prints_once() {
    let (daemon, zebra) = scene();
    let file = daemon.document("order.png", &png("ORDER"));
    let other = daemon.document("other.png", &png("OTHER"));
    let key = ["--idempotency-key", "order 7"];
    let first = daemon.print_with("dock", &file, &key);
    assert_eq!(daemon.print_with("dock", &file, &key), first);
    assert_eq!(daemon.job_over(first)["state"], "done");
    assert_eq!(daemon.print_with("dock", &file, &key), first);
    let print =
        |file: &PathBuf, more: &[&str]| daemon.cli(&[&["print", "dock", file.to_str().unwrap()], more].concat());
    print(&other, &key).refused(1, &["order 7", &format!("job {first}"), "take a new key"]);
    print(&file, &[&key[..], &["--copies", "2"]].concat()).refused(1, &["order 7"]);
    print(&file, &["--idempotency-key", ""]).refused(1, &["1 to 255 characters"]);

    // Also while the machine would not take it any more.
    go(&daemon, &["machine", "deactivate", "dock"]);
    assert_eq!(daemon.print_with("dock", &file, &key), first);
    go(&daemon, &["machine", "activate", "dock"]);
    daemon.print_done("dock", &png("NEXT"));
    came_out(&zebra, &[&png("ORDER"), &png("NEXT")]);
}

#[test]
fn a_job_goes_on_as_soon_as_the_device_has_recovered() {
    let (daemon, zebra) = scene();
    zebra.set_fault(Fault::HeadOpen).unwrap();
    let job = daemon.print("dock", &png("HEAD"), 1);
    // By now the next attempt is some seconds away.
    let waiting = daemon.until_job(job, "waiting for long", |job| job["attempts"] == 3 && job["state"] == "waiting");
    assert_eq!(waiting["error"]["kind"], "needs-attention");
    zebra.clear_fault(Fault::HeadOpen).unwrap();
    let done = daemon.job_over(job);
    assert_eq!(done["state"], "done");
    let at = |time: &Value| time.as_str().unwrap().to_owned();
    assert!(at(&done["finished_at"]) < at(&waiting["next_try_at"]), "{done:#} {waiting:#}");
    came_out(&zebra, &[&png("HEAD")]);
}

#[test]
fn finished_jobs_go_after_their_time_and_those_in_doubt_stay() {
    let daemon = Daemon::builder().ping_interval(600_000).limits("job_retention_s = 2").start();
    daemon.install("ostler_driver_zebra");
    let zebra = printer::zebra();
    daemon.add_zebra("dock", &zebra, &[]);
    let doubtful = unknown_job(&daemon, &zebra);
    let done = daemon.print("dock", &png("DONE"), 1);
    assert_eq!(daemon.job_over(done)["state"], "done");
    let path = format!("/api/job/{done}/");
    daemon.until("the finished job is gone", |daemon| daemon.request("GET", &path, None).0 == 404);
    assert_eq!(daemon.job(doubtful)["state"], "unknown");
    daemon.cli(&["job", "show", &done.to_string()]).refused(3, &["there is no job"]);
}

#[test]
fn whose_turn_it_is_next_is_decided_when_the_job_in_hand_ends_and_not_before() {
    let (daemon, zebra) = scene();
    zebra.set_fault(Fault::StallAt { byte: 1500 }).unwrap();
    go(&daemon, &["machine", "pause", "dock"]);
    let pictures = ["FIRST", "CANCELLED", "HELD", "LAST"].map(png);
    let jobs = pictures.each_ref().map(|picture| daemon.print("dock", picture, 1));
    go(&daemon, &["machine", "resume", "dock"]);
    // The driver has asked for the first one's dots, and what is behind it is known.
    printer::until(&zebra, |state| state.partial_formats == 1);
    go(&daemon, &["job", "cancel", &jobs[1].to_string()]);
    go(&daemon, &["job", "hold", &jobs[2].to_string()]);
    zebra.clear_faults().unwrap();
    for job in [jobs[0], jobs[3]] {
        let over = daemon.job_over(job);
        assert_eq!((&over["state"], &over["attempts"]), (&json!("done"), &json!(1)), "{over:#}");
    }
    came_out(&zebra, &[&pictures[0], &pictures[3]]);
    for (job, state) in [(jobs[1], "cancelled"), (jobs[2], "held")] {
        let passed = daemon.job(job);
        assert_eq!((&passed["state"], &passed["attempts"]), (&json!(state), &json!(0)), "{passed:#}");
    }
}
