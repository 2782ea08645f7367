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
    let meanwhile = daemon.until_job(job, "waiting in its call", |job| job["state"] == "waiting");
    assert_eq!((&meanwhile["labels"]["started"], &meanwhile["attempts"]), (&json!(0), &json!(1)));
    let why = meanwhile["error"]["message"].as_str().unwrap();
    assert_eq!(why, "Out of labels. Load a new roll. The job goes on by itself when that is over");
    assert_eq!(zebra.label_count(), 0);

    zebra.clear_fault(Fault::MediaOut).unwrap();
    let job = assert_done_with(&daemon, job, "counted");
    assert_eq!(job["attempts"], 1);
    assert_only(&zebra, &png);
}

/// What stops a printer: the status, the error's code, and words of what to do.
const STOPS: [(Fault, u16, &str, &str); 20] = [
    (Fault::MediaOut, 301, "no-media", "Load a new roll."),
    (Fault::RibbonOut, 301, "no-ribbon", "Load a new ribbon."),
    (Fault::HeadOpen, 500, "head-open", "Close it."),
    (Fault::CutterFault, 500, "cutter", "clear the cutter"),
    (Fault::HeadTooHot, 500, "head-hot", "when it has cooled down"),
    (Fault::MotorTooHot, 500, "motor-hot", "when it has cooled down"),
    (Fault::BadHeadElement, 500, "bad-head-element", "Have the head replaced."),
    (Fault::HeadDetection, 500, "head-detection", "check that the head is seated"),
    (Fault::InvalidFirmware, 500, "firmware-configuration", "Load its defaults"),
    (Fault::ThermistorOpen, 500, "head-thermistor", "Have the head replaced."),
    (Fault::PaperJam, 302, "paper-jam", "Open the printer and remove them."),
    (Fault::PresenterStopped, 302, "presenter", "Remove what blocks it"),
    (Fault::FeedError, 302, "feed-error", "check how they are loaded"),
    (Fault::PathNotCleared, 302, "path-blocked", "Remove the labels in it."),
    (Fault::Paused, 500, "paused", "Press its PAUSE button."),
    (Fault::RetractTimedOut, 302, "retract", "Take the printed label away."),
    (Fault::BlackMarkCalibration, 500, "black-mark-calibration", "run the action `Calibrate media`"),
    (Fault::BlackMarkNotFound, 301, "no-black-mark", "Load labels with black marks"),
    // These two are known by `~HS` alone.
    (Fault::HeadTooCold, 500, "head-cold", "when it has warmed up"),
    (Fault::ConfigurationLost, 500, "firmware-configuration", "Load its defaults"),
];

#[test]
fn whatever_stops_a_printer_keeps_its_job_waiting_with_what_to_do_and_goes_on_by_itself() {
    let daemon = Daemon::start();
    daemon.install("ostler_driver_zebra");
    let png = Label::four_by_six("STOPPED").png();
    let printers: Vec<_> = STOPS.iter().map(|(fault, ..)| (format!("{fault:?}"), printer::zebra())).collect();
    for (name, zebra) in &printers {
        daemon.add_zebra(name, zebra, &[]);
    }
    for ((name, zebra), (fault, status, _, advice)) in printers.iter().zip(STOPS) {
        zebra.set_fault(fault).unwrap();
        let machine = daemon.until_machine(name, advice, |machine| machine["status"] == status);
        assert!(machine["status_text"].as_str().unwrap().contains(advice), "{machine:#}");
    }
    let jobs: Vec<_> = printers.iter().map(|(name, _)| daemon.print(name, &png, 1)).collect();
    for (job, (fault, _, code, advice)) in jobs.iter().zip(STOPS) {
        let job = daemon.until_job(*job, "waiting", |job| job["state"] == "waiting");
        let error = &job["error"];
        assert_eq!((&error["kind"], &error["code"]), (&json!("needs-attention"), &json!(code)), "{fault:?}: {job:#}");
        assert!(error["message"].as_str().unwrap().contains(advice), "{fault:?}: {error:#}");
    }
    for ((_, zebra), (fault, ..)) in printers.iter().zip(STOPS) {
        assert_eq!(zebra.label_count(), 0, "{fault:?}");
        zebra.clear_fault(fault).unwrap();
    }
    for ((name, zebra), job) in printers.iter().zip(jobs) {
        assert_done_with(&daemon, job, "counted");
        assert_only(zebra, &png);
        daemon.until_machine(name, "connected", |machine| machine["status"] == 100);
    }
}

#[test]
fn what_a_printer_only_warns_of_is_shown_and_prints_on() {
    let (daemon, zebra) = Daemon::with_zebra();
    let png = Label::four_by_six("WARNED").png();
    let warnings = [
        (Fault::MediaLow, 200, "nearly used up"),
        (Fault::CleanHead, 200, "wants cleaning"),
        (Fault::ReplaceHead, 200, "Have it replaced."),
        (Fault::CalibrateMedia, 200, "Run the action `Calibrate media`."),
        // What the sensors of a kiosk see is no reason to worry.
        (Fault::Sensors { mask: 0xff }, 100, ""),
    ];
    for (printed, (fault, status, advice)) in (1..).zip(warnings) {
        zebra.set_fault(fault).unwrap();
        let machine = daemon.until_machine("dock", advice, |machine| {
            machine["status"] == status && machine["status_text"].as_str().unwrap().contains(advice)
        });
        assert_eq!(machine["machine_errors"], json!([]), "{fault:?}");
        daemon.print_done("dock", &png);
        assert_eq!(zebra.label_count(), printed, "{fault:?}");
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
fn a_question_in_vain_to_a_slow_printer_costs_no_later_proof() {
    let daemon = Daemon::builder().ping_interval(0).start();
    daemon.install("ostler_driver_zebra");
    let zebra = printer::zebra();
    // The question for its variables is read for longer than an answer is waited for; those before it are short.
    zebra.set_fault(Fault::Slow { bytes_per_second: 25 }).unwrap();
    daemon.add_zebra("dock", &zebra, &[]);
    zebra.clear_faults().unwrap();
    let png = Label::four_by_six("SLOW").png();
    let job = daemon.print("dock", &png, 1);
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

#[test]
fn a_printer_that_stops_without_a_word_of_why_sends_somebody_to_look_at_it() {
    let (daemon, zebra) = Daemon::with_zebra();
    // Of a full rewinder the printer says nothing, and it does not answer `~HS`.
    zebra.set_fault(Fault::RewinderFull).unwrap();
    let machine = daemon.until_machine("dock", "unknown", |machine| machine["status"] == 101);
    assert!(machine["status_text"].as_str().unwrap().contains("does not say whether it is ready"), "{machine:#}");
    let png = Label::four_by_six("REWIND").png();
    let job = daemon.print("dock", &png, 1);
    daemon.until_machine("dock", "a warning", |machine| {
        machine["status"] == 200 && machine["status_text"].as_str().unwrap().contains("Look at its display")
    });
    assert_eq!((zebra.label_count(), &daemon.job(job)["state"]), (0, &json!("printing")));
    zebra.clear_fault(Fault::RewinderFull).unwrap();
    assert_done_with(&daemon, job, "counted");
    assert_only(&zebra, &png);
    daemon.until_machine("dock", "connected", |machine| machine["status"] == 100);
}
