//! Printers that run out of labels, refuse, fall silent or hang up. No label is lost, none comes out twice, and the operator
//! reads what to do.

use ostler_simulators::{Fault, ZebraConfig, ZebraPrinter};
use ostler_tests::{Daemon, Label, dots, printer};
use serde_json::{Value, json};

#[test]
fn a_job_waits_for_labels_and_then_prints_by_itself_once() {
    let (daemon, zebra) = Daemon::with_zebra();
    zebra.set_fault(Fault::MediaOut).unwrap();
    let machine = daemon.until_machine("dock", "no media", |machine| machine["status"] == 301);
    assert_eq!(machine["status_title"], "No media");
    assert_eq!(machine["status_text"], "Out of labels. Load a new roll.");

    let png = Label::four_by_six("ROLL").png();
    let job = daemon.print("dock", &png, 1);
    let waiting = daemon.until_job(job, "waiting", |job| job["state"] == "waiting");
    assert_eq!(waiting["error"]["kind"], "needs-attention");
    assert_eq!(waiting["error"]["message"], "Out of labels. Load a new roll.");
    assert_eq!(zebra.label_count(), 0);

    zebra.clear_fault(Fault::MediaOut).unwrap();
    assert_done_with(&daemon, job, "counted");
    assert_only(&zebra, &png);
    daemon.until_machine("dock", "connected", |machine| machine["status"] == 100);
    assert_eq!(zebra.label_count(), 1);
}

#[test]
fn labels_that_run_out_in_the_middle_of_one_keep_its_job_alive() {
    let (daemon, zebra) = Daemon::with_zebra();
    let png = Label::four_by_six("MIDDLE").png();
    let before = zebra.received_bytes();
    zebra.set_fault(Fault::Slow { bytes_per_second: 4000 }).unwrap();
    let job = daemon.print("dock", &png, 1);
    // Well past the questions, so inside the picture.
    daemon.until("a part of the label arrived", |_| zebra.received_bytes() > before + 2000);
    zebra.set_fault(Fault::MediaOut).unwrap();
    zebra.clear_fault(Fault::Slow { bytes_per_second: 0 }).unwrap();
    daemon.until_machine("dock", "no media", |machine| machine["status"] == 301);
    let meanwhile = daemon.job(job);
    assert!(!["failed", "unknown", "done"].map(Value::from).contains(&meanwhile["state"]), "{meanwhile:#}");
    assert_eq!(zebra.label_count(), 0);

    zebra.clear_fault(Fault::MediaOut).unwrap();
    let job = assert_done_with(&daemon, job, "counted");
    assert_eq!(job["attempts"], 1);
    assert_only(&zebra, &png);
}

#[test]
fn every_fault_of_the_printer_says_what_to_do_and_goes_away() {
    let (daemon, zebra) = Daemon::with_zebra();
    let faults = [
        (Fault::RibbonOut, 301, "Load a new ribbon."),
        (Fault::HeadOpen, 500, "Close it."),
        (Fault::PaperJam, 302, "Open the printer and remove them."),
        (Fault::Paused, 500, "Press its PAUSE button."),
        (Fault::MediaLow, 200, "nearly used up"),
    ];
    for (fault, status, advice) in faults {
        zebra.set_fault(fault).unwrap();
        let machine = daemon.until_machine("dock", advice, |machine| machine["status"] == status);
        assert!(machine["status_text"].as_str().unwrap().contains(advice), "{machine:#}");
        zebra.clear_fault(fault).unwrap();
        daemon.until_machine("dock", "connected", |machine| machine["status"] == 100);
    }
}

#[test]
fn a_job_waits_for_a_printer_that_cannot_be_reached() {
    let (daemon, zebra) = Daemon::with_zebra();
    zebra.set_fault(Fault::Refuse).unwrap();
    let machine = daemon.until_machine("dock", "disconnected", |machine| machine["status"] == 400);
    assert_eq!(machine["status_title"], "Disconnected");
    // The operator sees which address was tried.
    let text = machine["status_text"].as_str().unwrap();
    assert!(text.contains(&zebra.address().to_string()), "{text}");

    let png = Label::four_by_six("OFFLINE").png();
    let job = daemon.print("dock", &png, 1);
    let waiting = daemon.until_job(job, "waiting", |job| job["state"] == "waiting");
    assert_eq!((&waiting["error"]["kind"], &waiting["error"]["outcome"]), (&json!("transient"), &json!("not-sent")));

    zebra.clear_fault(Fault::Refuse).unwrap();
    assert_done_with(&daemon, job, "counted");
    assert_only(&zebra, &png);
}

#[test]
fn a_printer_that_answers_nothing_prints_and_no_more_than_sent_is_claimed() {
    let daemon = Daemon::start();
    daemon.install("ostler_driver_zebra");
    let zebra = printer::zebra();
    zebra.set_fault(Fault::Silent).unwrap();
    daemon.add_zebra("dock", &zebra, &[]);
    let png = Label::four_by_six("SILENT").png();
    let job = daemon.print("dock", &png, 1);
    assert_done_with(&daemon, job, "sent");
    // It may still read when the last byte has left the daemon.
    printer::until(&zebra, |state| state.labels_printed == 1);
    assert_only(&zebra, &png);
    let machine = daemon.until_machine("dock", "unknown", |machine| machine["status"] == 101);
    assert!(machine["status_text"].as_str().unwrap().contains("not answering"), "{machine:#}");
}

#[test]
fn a_label_that_broke_off_in_its_picture_is_unknown_and_never_printed_again_by_itself() {
    for reset in [false, true] {
        let (daemon, zebra) = Daemon::with_zebra();
        zebra.set_fault(Fault::CloseAt { byte: 3000, reset }).unwrap();
        let job = daemon.print("dock", &Label::four_by_six("BROKEN").png(), 1);
        let over = daemon.job_over(job);
        assert_eq!(over["state"], "unknown", "{over:#}");
        assert_eq!((&over["error"]["code"], &over["error"]["outcome"]), (&json!("label-in-doubt"), &json!("unknown")));
        let message = over["error"]["message"].as_str().unwrap();
        assert!(message.contains("label 1 of 1") && message.contains("Look at the printer"), "{message}");
        assert_eq!(zebra.label_count(), 0);
        let shown = daemon.machine("dock");
        assert!(shown["machine_errors"].to_string().contains("label 1 of 1"), "{shown:#}");

        zebra.clear_faults().unwrap();
        let next = Label::four_by_six("NEXT").png();
        daemon.print_done("dock", &next);
        assert_only(&zebra, &next);
        assert_eq!(daemon.job(job), over);
    }
}

#[test]
fn a_connection_that_ends_before_the_label_began_is_tried_again() {
    let (daemon, zebra) = Daemon::with_zebra();
    zebra.set_fault(Fault::CloseAt { byte: 0, reset: true }).unwrap();
    let png = Label::four_by_six("AGAIN").png();
    let job = daemon.print("dock", &png, 1);
    daemon.until_job(job, "tried", |job| job["state"] == "waiting" && job["attempts"].as_u64() >= Some(1));
    zebra.clear_faults().unwrap();
    let job = assert_done_with(&daemon, job, "counted");
    assert!(job["attempts"].as_u64() >= Some(2), "{job:#}");
    assert_only(&zebra, &png);
}

#[test]
fn a_waiting_job_keeps_later_ones_behind_it() {
    let (daemon, zebra) = Daemon::with_zebra();
    zebra.set_fault(Fault::HeadOpen).unwrap();
    let pictures = ["FIRST", "SECOND", "THIRD"].map(|payload| Label::four_by_six(payload).png());
    let jobs: Vec<_> = pictures.iter().map(|png| daemon.print("dock", png, 1)).collect();
    daemon.until_job(jobs[0], "waiting", |job| job["state"] == "waiting");
    zebra.clear_faults().unwrap();
    for job in jobs {
        assert_done_with(&daemon, job, "counted");
    }
    for (png, label) in pictures.iter().zip(zebra.labels()) {
        dots::assert_same(&dots::of_png(png), &label.bitmap);
    }
    assert_eq!(zebra.label_count(), 3);
}

#[test]
fn a_waiting_job_can_be_cancelled_and_is_not_printed() {
    let (daemon, zebra) = Daemon::with_zebra();
    zebra.set_fault(Fault::MediaOut).unwrap();
    let job = daemon.print("dock", &Label::four_by_six("CANCEL").png(), 1);
    daemon.until_job(job, "waiting", |job| job["state"] == "waiting");
    daemon.cli(&["job", "cancel", &job.to_string()]).ok();
    assert_eq!(daemon.job_over(job)["state"], "cancelled");
    zebra.clear_faults().unwrap();
    let next = Label::four_by_six("AFTER").png();
    daemon.print_done("dock", &next);
    assert_only(&zebra, &next);
    daemon.cli(&["job", "cancel", &job.to_string()]).refused(1, &["cannot be cancelled", "it is cancelled"]);
}

#[test]
fn a_printer_of_another_density_is_a_warning_that_names_the_setting() {
    let daemon = Daemon::start();
    daemon.install("ostler_driver_zebra");
    let zebra = printer::zebra_with(ZebraConfig { dots_per_mm: 12, ..ZebraConfig::default() });
    daemon.add_zebra("dock", &zebra, &["DPMM=8"]);
    let machine = daemon.until_machine("dock", "a warning", |machine| machine["status"] == 200);
    let text = machine["status_text"].as_str().unwrap();
    assert!(text.contains("8 dots/mm") && text.contains("12") && text.contains("DPMM"), "{text}");
    daemon.json(&["machine", "set", "dock", "DPMM=12"]);
    daemon.until_machine("dock", "connected", |machine| machine["status"] == 100);
}

#[track_caller]
fn assert_done_with(daemon: &Daemon, job: i64, proof: &str) -> Value {
    let job = daemon.job_over(job);
    assert_eq!((&job["state"], &job["labels"]["proof"]), (&json!("done"), &json!(proof)), "{job:#}");
    job
}

/// One label has come out, and it is this one.
#[track_caller]
fn assert_only(zebra: &ZebraPrinter, png: &[u8]) {
    assert_eq!(zebra.label_count(), 1);
    dots::assert_same(&dots::of_png(png), &zebra.labels()[0].bitmap);
}
