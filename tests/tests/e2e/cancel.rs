//! A cancelled job is over within two seconds, whatever its device and its driver do, and says what is known of its label.

use ostler_simulators::{Fault, ZebraConfig, ZebraPrinter, zebra::Moment};
use ostler_tests::{Daemon, Label, dots, printer};
use rand::{RngCore as _, SeedableRng as _, rngs::StdRng};
use serde_json::Value;
use std::{
    io::{BufRead as _, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
};

/// In milliseconds, by the daemon's own clock.
const BOUND: i64 = 2000;

/// A line whose other side takes the first bytes of a label and no more: the driver hangs in a write.
struct FullLine {
    child: Child,
    output: BufReader<ChildStdout>,
    device: String,
}

impl FullLine {
    /// A raw pseudo-terminal, which holds some ten kilobytes. What is read is more than the questions before a label.
    const SCRIPT: &str = "
import os, pty, sys, tty
ours, theirs = pty.openpty()
tty.setraw(theirs)
print(os.ttyname(theirs), flush=True)
read = 0
while read < 200:
    read += len(os.read(ours, 200 - read))
print('full', flush=True)
sys.stdin.read()
";

    fn new() -> Self {
        let mut command = Command::new("python3");
        command.args(["-c", Self::SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("python3 is needed");
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut device = String::new();
        output.read_line(&mut device).unwrap();
        Self { child, output, device: device.trim().to_owned() }
    }

    /// Waits until it has taken what it takes.
    fn until_full(&mut self) {
        let mut said = String::new();
        self.output.read_line(&mut said).unwrap();
        assert_eq!(said.trim(), "full");
    }
}

impl Drop for FullLine {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// A label that gets no shorter by packing it: its bytes are more than any line holds.
fn noise() -> Vec<u8> {
    let mut dots = vec![0; 102 * 1218];
    StdRng::seed_from_u64(7).fill_bytes(&mut dots);
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, 812, 1218);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&dots).unwrap();
    writer.finish().unwrap();
    png
}

fn scene() -> Daemon {
    let daemon = Daemon::builder().ping_interval(600_000).start();
    daemon.install("ostler_driver_zebra");
    daemon
}

/// Milliseconds of the day of a time as the API writes it: `2026-01-31T23:59:59.999Z`.
fn millis(time: &Value) -> i64 {
    let text = time.as_str().unwrap();
    let number = |from: usize, to: usize| text[from..to].parse::<i64>().unwrap();
    ((number(11, 13) * 60 + number(14, 16)) * 60 + number(17, 19)) * 1000 + number(20, 23)
}

/// Cancels a job, which must be over in time and in this state; returns it.
#[track_caller]
fn cancel(daemon: &Daemon, job: i64, state: &str) -> Value {
    let (status, answer) = daemon.request("POST", &format!("/api/job/{job}/cancel/"), None);
    assert_eq!(status, 200, "{answer:#}");
    let over = daemon.job_over(job);
    let audit = daemon.get("/api/audit/?limit=1000");
    let subject = format!("job:{job}");
    let asked =
        audit.as_array().unwrap().iter().find(|entry| entry["action"] == "job.cancel" && entry["subject"] == subject);
    let asked = asked.unwrap_or_else(|| panic!("who cancelled job {job} is not in the audit"));
    let took = (millis(&over["finished_at"]) - millis(&asked["at"])).rem_euclid(24 * 3_600_000);
    // The entry is written when the call has been told; that may be over by then.
    let took = if took > 12 * 3_600_000 { 0 } else { took };
    assert!(took <= BOUND, "it took {took} ms: {over:#}");
    assert_eq!(over["state"], state, "{over:#}");
    over
}

/// Clears all faults; then another label comes out, behind `before` that the printer had taken already.
#[track_caller]
fn goes_on(daemon: &Daemon, name: &str, zebra: &ZebraPrinter, before: u64) {
    zebra.clear_faults().unwrap();
    let next = Label::four_by_six("NEXT").png();
    daemon.print_done(name, &next);
    printer::until(zebra, |state| state.labels_printed == before + 1);
    dots::assert_same(&dots::of_png(&next), &zebra.labels().last().unwrap().bitmap);
}

#[test]
fn a_job_of_a_printer_that_refuses_is_cancelled_between_its_attempts() {
    let daemon = scene();
    let zebra = daemon.add_dock(ZebraConfig::default());
    zebra.set_fault(Fault::Refuse).unwrap();
    let job = daemon.print("dock", &Label::four_by_six("REFUSED").png(), 1);
    daemon.until_job(job, "waiting", |job| job["state"] == "waiting");
    cancel(&daemon, job, "cancelled");
    goes_on(&daemon, "dock", &zebra, 0);
}

#[test]
fn a_job_that_hangs_in_connecting_is_cancelled() {
    let daemon = scene();
    let zebra = daemon.add_dock(ZebraConfig::default());
    zebra.set_fault(Fault::Barrier).unwrap();
    let job = daemon.print("dock", &Label::four_by_six("HELD").png(), 1);
    daemon.until_job(job, "printing", |job| job["state"] == "printing");
    let over = cancel(&daemon, job, "cancelled");
    assert_eq!(over["error"]["outcome"], "not-sent", "{over:#}");
    goes_on(&daemon, "dock", &zebra, 0);
}

#[test]
fn a_job_whose_printer_fell_silent_behind_the_label_is_ended_and_its_label_is_in_doubt() {
    let daemon = scene();
    let zebra = daemon.add_dock(ZebraConfig::default());
    zebra.set_fault_at(Moment::Read { format: 1 }, Fault::Silent).unwrap();
    let job = daemon.print("dock", &Label::four_by_six("SILENT").png(), 1);
    printer::until(&zebra, |state| state.queries_ignored > 0);
    cancel(&daemon, job, "unknown");
    goes_on(&daemon, "dock", &zebra, 1);
}

#[test]
fn a_job_whose_bytes_nobody_reads_is_ended_and_its_label_is_in_doubt() {
    let daemon = scene();
    let mut line = FullLine::new();
    daemon.add("desk", "zebra-zpl", &[&format!("CONNECTION=usb://{}", line.device), "ENCODING=hex"]);
    let job = daemon.print("desk", &noise(), 1);
    line.until_full();
    let over = cancel(&daemon, job, "unknown");
    assert_eq!(over["labels"]["started"], 0, "{over:#}");
}

#[test]
fn a_job_without_labels_is_ended_within_a_label_and_cancelled_before_one() {
    let daemon = scene();
    let zebra = daemon.add_dock(ZebraConfig::default());
    zebra.set_fault_at(Moment::Within { format: 1, byte: 1000 }, Fault::MediaOut).unwrap();
    let held = daemon.print("dock", &Label::four_by_six("WITHIN").png(), 1);
    let behind = daemon.print("dock", &Label::four_by_six("BEFORE").png(), 1);
    daemon.until_job(held, "held", |job| job["state"] == "waiting" && job["labels"]["started"] == 0);
    cancel(&daemon, held, "unknown");
    daemon.until_job(behind, "waiting", |job| job["state"] == "waiting");
    cancel(&daemon, behind, "cancelled");
    // The printer has the first one, and prints it when it can.
    goes_on(&daemon, "dock", &zebra, 1);
}

#[test]
fn a_driver_that_does_not_listen_is_given_up() {
    let daemon = Daemon::builder().ping_interval(0).start();
    daemon.install("ostler_driver_hostile");
    let png = Label::new(400, 600, "DEAF").png();
    for (behaviour, state) in [("pending", "cancelled"), ("pending-in-label", "unknown")] {
        let zebra = printer::zebra();
        daemon.add(behaviour, "hostile", &[&format!("CONNECTION={}", zebra.uri()), &format!("BEHAVIOUR={behaviour}")]);
        let job = daemon.print(behaviour, &png, 1);
        daemon.until_job(job, "printing", |job| job["state"] == "printing");
        if state == "unknown" {
            printer::until(&zebra, |state| state.partial_formats == 1);
        }
        cancel(&daemon, job, state);
        daemon.cli(&["machine", "set", behaviour, "BEHAVIOUR=honest"]).ok();
        daemon.print_done(behaviour, &png);
        printer::until(&zebra, |state| state.labels_printed == 1);
    }
}
