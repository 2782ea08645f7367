//! Kills and what survives them: nothing that may have come out is printed again by itself, and nothing that was
//! acknowledged is forgotten.

use ostler_simulators::{Fault, ZebraConfig, ZebraPrinter};
use ostler_tests::{Daemon, Label, dots, holder::Holder, pages::equal_pages, printer};
use serde_json::Value;
use std::time::{Duration, Instant};

/// How far a label gets before the printer stops reading, in bytes: past the questions, and not to its end.
const STALL: u64 = 1500;
/// SIGTERM ends the daemon within this time, whatever its drivers do.
const BOUND: Duration = Duration::from_secs(10);

/// A daemon with the hostile driver.
fn hostile() -> Daemon {
    hostile_with("")
}

/// The same, with these limits.
fn hostile_with(limits: &str) -> Daemon {
    let daemon = Daemon::builder().ping_interval(0).limits(limits).start();
    daemon.install("ostler_driver_hostile");
    daemon
}

/// Adds a hostile machine with a printer of its own and prints on it.
fn hold(daemon: &Daemon, name: &str, setting: &str) -> (ZebraPrinter, i64) {
    let printer = printer::zebra();
    daemon.add(name, "hostile", &[&format!("CONNECTION={}", printer.uri()), setting]);
    let job = daemon.print(name, &Label::new(400, 600, name).png(), 1);
    daemon.until_job(job, "printing", |job| job["state"] == "printing");
    if let Some(point) = setting.strip_prefix("HOLD=") {
        let text = format!("held: {point}");
        daemon.until_machine(name, &text, |machine| machine["status_text"] == text);
    }
    (printer, job)
}

#[track_caller]
fn says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "'{word}' is not in: {text}");
    }
}

fn shown(daemon: &Daemon, job: i64) -> String {
    daemon.cli(&["job", "show", &job.to_string()]).ok().stdout
}

fn message(job: &Value) -> &str {
    job["error"]["message"].as_str().unwrap()
}

#[test]
fn a_label_on_the_wire_at_a_kill_is_unknown_and_the_job_behind_it_prints_once() {
    let mut daemon = Daemon::start();
    daemon.install("ostler_driver_zebra");
    // A small window: what the printer does not read does not leave the daemon's machine.
    let zebra = printer::zebra_with(ZebraConfig { receive_window: Some(4096), ..ZebraConfig::default() });
    daemon.add_zebra("dock", &zebra, &[]);
    zebra.set_fault(Fault::StallAt { byte: STALL }).unwrap();
    let lost = daemon.print("dock", &Label::four_by_six("LOST").png(), 1);
    let next_png = Label::four_by_six("NEXT").png();
    let next = daemon.print("dock", &next_png, 1);
    printer::until(&zebra, |state| state.partial_formats == 1);
    assert_eq!((&daemon.job(lost)["state"], &daemon.job(next)["state"]), (&"printing".into(), &"queued".into()));

    daemon.kill();
    // What the system still holds of the label is thrown away, so that only the new daemon can print.
    zebra.set_fault(Fault::CloseAt { byte: 0, reset: true }).unwrap();
    printer::until(&zebra, |state| state.connections_open == 0);
    zebra.clear_faults().unwrap();
    assert_eq!(zebra.label_count(), 0);

    daemon.restart();
    let job = daemon.job(lost);
    assert_eq!((&job["state"], &job["error"]["code"]), (&"unknown".into(), &"daemon-stopped".into()));
    says(message(&job), &["Label 1 of 1", "when ostler stopped", "look at the printer", "ostler job retry"]);
    says(&shown(&daemon, lost), &["unknown", "Label 1 of 1", "look at the printer"]);

    // The one behind it comes out by itself, and it alone.
    let job = daemon.job_over(next);
    assert_eq!((&job["state"], &job["attempts"]), (&"done".into(), &1.into()), "{job:#}");
    assert_eq!(zebra.label_count(), 1);
    dots::assert_same(&dots::of_png(&next_png), &zebra.labels()[0].bitmap);

    // Also after a further one, nothing of the lost label was printed.
    let later_png = Label::four_by_six("LATER").png();
    let later = daemon.print("dock", &later_png, 1);
    assert_eq!(daemon.job_over(later)["state"], "done");
    assert_eq!(zebra.label_count(), 2);
    dots::assert_same(&dots::of_png(&later_png), &zebra.labels()[1].bitmap);
    assert_eq!(daemon.job(lost)["state"], "unknown");
}

#[test]
fn a_print_without_a_byte_at_a_kill_is_begun_again_and_prints_once() {
    let mut daemon = hostile();
    let (printer, job) = hold(&daemon, "dock", "HOLD=before");
    daemon.kill();
    daemon.restart();
    daemon.until_job(job, "begun again", |job| job["attempts"] == 2);
    daemon.cli(&["machine", "set", "dock", "HOLD="]).ok();
    let over = daemon.job_over(job);
    assert_eq!((&over["state"], &over["attempts"]), (&"done".into(), &2.into()), "{over:#}");
    assert_eq!(printer.label_count(), 1);
}

#[test]
fn a_label_is_written_down_as_done_while_its_call_goes_on_and_is_not_printed_again_after_a_kill() {
    let mut daemon = hostile();
    let (printer, job) = hold(&daemon, "dock", "HOLD=after");
    assert_eq!(printer.label_count(), 1);
    let told = daemon.until_job(job, "done", |job| job["labels"]["done"] == 1);
    assert_eq!((&told["state"], &told["labels"]["started"]), (&"printing".into(), &Value::Null), "{told:#}");
    daemon.kill();
    daemon.restart();
    assert_eq!(daemon.job(job)["state"], "done");
    daemon.cli(&["machine", "set", "dock", "HOLD="]).ok();
    daemon.until_state("dock", "ready");
    daemon.print_done("dock", &Label::new(400, 600, "NEXT").png());
    assert_eq!(printer.label_count(), 2);
}

#[test]
fn a_label_whose_end_was_not_written_down_at_a_kill_is_in_doubt_and_not_printed_again() {
    let mut daemon = hostile();
    let (printer, job) = hold(&daemon, "dock", "HOLD=middle");
    // Each part of the label takes so long, and then its call goes on.
    daemon.cli(&["machine", "set", "dock", "PACE=1500", "HOLD=after"]).ok();
    let holder = Holder::start(&daemon.data().join("ostler.db"));
    // The driver has said that it is done, and nobody can write that down.
    daemon.until_machine("dock", "held: after", |machine| machine["status_text"] == "held: after");
    assert_eq!(printer.label_count(), 1);
    daemon.kill();
    holder.let_go();
    daemon.restart();
    let lost = daemon.job(job);
    assert_eq!((&lost["state"], &lost["labels"]["started"]), (&"unknown".into(), &0.into()), "{lost:#}");
    says(message(&lost), &["Label 1 of 1", "nobody knows whether it came out"]);
    daemon.cli(&["machine", "set", "dock", "PACE=0", "HOLD="]).ok();
    daemon.print_done("dock", &Label::new(400, 600, "NEXT").png());
    assert_eq!(printer.label_count(), 2);
    assert_eq!(daemon.job(job)["state"], "unknown");
}

#[test]
fn a_driver_that_crashes_right_behind_a_label_has_printed_it() {
    let daemon = hostile();
    let zebra = printer::zebra();
    daemon.add("dock", "hostile", &[&format!("CONNECTION={}", zebra.uri()), "BEHAVIOUR=trap-behind-label"]);
    // It gets one label further with each attempt.
    let job = daemon.print_with("dock", &daemon.document("two.pdf", &equal_pages(2)), &[]);
    let over = daemon.job_over(job);
    assert_eq!((&over["state"], &over["attempts"]), (&"done".into(), &2.into()), "{over:#}");
    assert_eq!(zebra.label_count(), 2);
}

#[test]
fn kills_one_after_the_other_lose_nothing_and_print_nothing_twice() {
    let mut daemon = hostile();
    let (printer, first) = hold(&daemon, "dock", "HOLD=middle");
    let png = Label::new(400, 600, "X").png();
    let behind = daemon.print("dock", &png, 1);
    daemon.restart();
    assert_eq!(daemon.job(first)["state"], "unknown");
    // Now the second one is held in the same place, and lost in the same way.
    daemon.until_job(behind, "printing", |job| job["state"] == "printing" && job["labels"]["started"] == 0);
    printer::until(&printer, |state| state.connections == 2 && state.partial_formats == 1);
    daemon.restart();
    assert_eq!(daemon.job(behind)["state"], "unknown");
    daemon.cli(&["machine", "set", "dock", "HOLD="]).ok();
    daemon.print_done("dock", &png);
    assert_eq!(printer.label_count(), 1);
}

#[test]
fn sigterm_during_prints_ends_the_daemon_soon_and_every_job_says_where_it_stands() {
    // None of them will finish its label.
    let mut daemon = hostile_with("drain_ms = 500");
    let (wired_printer, wired) = hold(&daemon, "wired", "HOLD=middle");
    let (waiting_printer, waiting) = hold(&daemon, "waiting", "HOLD=before");
    let (stuck_printer, stuck) = hold(&daemon, "stuck", "BEHAVIOUR=pending");
    let behind = daemon.print("wired", &Label::new(400, 600, "BEHIND").png(), 1);

    let began = Instant::now();
    let status = daemon.stop();
    assert!(status.success(), "{status}");
    assert!(began.elapsed() < BOUND, "it took {:?}", began.elapsed());

    daemon.restart();
    let job = daemon.job(wired);
    assert_eq!(job["state"], "unknown", "{job:#}");
    says(message(&job), &["label 1 of 1", "ostler stops", "Look at the printer"]);
    says(&shown(&daemon, wired), &["unknown", "label 1 of 1"]);

    for machine in ["wired", "waiting", "stuck"] {
        daemon.cli(&["machine", "set", machine, "HOLD=", "BEHAVIOUR=honest"]).ok();
    }
    // What was not on the wire goes on by itself. The stuck one may have begun before it was told to be honest.
    for (job, printer) in [(waiting, &waiting_printer), (behind, &wired_printer)] {
        let over = daemon.job_over(job);
        assert_eq!(over["state"], "done", "{over:#}");
        assert_eq!(printer.label_count(), 1);
    }
    assert_eq!(daemon.job(wired)["state"], "unknown");
    assert_eq!(daemon.job(stuck)["labels"]["done"], 0);
    assert_eq!(stuck_printer.received_bytes(), 0);
}
