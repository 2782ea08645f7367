//! A disk that is full, and a database that another program holds: printing stops with words that say so, nothing that was
//! acknowledged is lost, and it goes on by itself.

use ostler_simulators::ZebraPrinter;
use ostler_tests::{
    Daemon, Front, Label,
    counterpart::{Counterpart, missing},
    daemon::Builder,
    holder::Holder,
    printer,
};
use serde_json::Value;
use std::{fs::File, io::Write as _, process::Command};

/// Room for the daemon's own files, and little more.
const DISK: &str = "size=64m";

/// A file system of its own, which is gone with this.
struct Disk(tempfile::TempDir);

impl Disk {
    fn mount() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", DISK, "ostler-test"]).arg(folder.path()).status();
        assert!(mounted.unwrap().success(), "the small disk was not mounted");
        Self(folder)
    }

    /// Writes until there is no room.
    fn fill(&self) {
        let mut file = File::create(self.filler()).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
    }

    fn empty(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> std::path::PathBuf {
        self.0.path().join("filler")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()), "the small disk is still mounted");
    }
}

/// A daemon with one printer, whose first label is stuck in the middle and whose second one waits.
fn scene(builder: Builder) -> (Daemon, ZebraPrinter, [i64; 2]) {
    let daemon = builder.ping_interval(0).start();
    daemon.install("ostler_driver_hostile");
    let zebra = printer::zebra();
    daemon.add("dock", "hostile", &[&format!("CONNECTION={}", zebra.uri()), "HOLD=middle"]);
    let png = Label::four_by_six("STORED").png();
    let jobs = [daemon.print("dock", &png, 1), daemon.print("dock", &png, 1)];
    daemon.until_machine("dock", "held", |machine| machine["status_text"] == "held: middle");
    (daemon, zebra, jobs)
}

/// Everything that was acknowledged comes out once, and the store is well again.
fn goes_on(daemon: &Daemon, zebra: &ZebraPrinter, jobs: [i64; 2]) {
    for job in jobs {
        let over = daemon.job_over(job);
        assert_eq!((&over["state"], &over["attempts"]), (&"done".into(), &1.into()), "{over:#}");
    }
    assert_eq!(zebra.label_count(), 2);
    daemon.until("the store is well", |daemon| daemon.get("/api/machine/status/")["store"]["ok"] == true);
}

/// The machine says that this could not be written, with these words.
#[track_caller]
fn says(daemon: &Daemon, what: &str, words: &str) {
    let machine = daemon.until_machine("dock", words, |machine| machine["machine_errors"].to_string().contains(words));
    let all = machine["machine_errors"].to_string();
    assert!(all.contains(&format!("{what} could not be written")), "{all}");
    let store = daemon.get("/api/machine/status/")["store"].clone();
    assert_eq!(store["ok"], false);
    assert!(store["message"].as_str().unwrap().contains(words), "{store:#}");
    let page = Front::of(daemon).get("/").text();
    assert!(page.contains("Nothing can be stored") && page.contains(words), "{page}");
}

#[test]
fn a_full_disk_stops_printing_and_loses_nothing() {
    if missing("a_full_disk_stops_printing_and_loses_nothing", &[Counterpart::SmallDisk]) {
        return;
    }
    let disk = Disk::mount();
    let (daemon, zebra, jobs) = scene(Daemon::builder().folder_in(disk.0.path()));
    // The label in hand comes out, and nobody can write that down.
    daemon.cli(&["machine", "set", "dock", "PACE=1000"]).ok();
    let png = daemon.document("next.png", &Label::four_by_six("NEXT").png());
    daemon.cli(&["machine", "set", "dock", "HOLD="]).ok();
    disk.fill();
    says(&daemon, "the outcome of job 1", "is full");
    printer::until(&zebra, |state| state.labels_printed == 1);
    assert_eq!(daemon.job(jobs[0])["labels"]["done"], 0);
    daemon.cli(&["print", "dock", png.to_str().unwrap()]).refused(1, &["is full", "free some space"]);
    disk.empty();
    goes_on(&daemon, &zebra, jobs);
}

#[test]
fn a_database_that_another_program_holds_stops_printing_and_loses_nothing() {
    let (daemon, zebra, jobs) = scene(Daemon::builder());
    daemon.cli(&["machine", "set", "dock", "PACE=400"]).ok();
    daemon.cli(&["machine", "set", "dock", "HOLD="]).ok();
    let holder = Holder::start(&daemon.data().join("ostler.db"));
    says(&daemon, "the outcome of job 1", "another program holds the database");
    // The first label came out meanwhile, and the second one has not begun.
    printer::until(&zebra, |state| state.labels_printed == 1);
    assert_eq!(daemon.job(jobs[0])["labels"]["done"], 0);
    holder.let_go();
    goes_on(&daemon, &zebra, jobs);
}

#[test]
fn a_label_that_is_done_is_written_down_when_the_database_is_free_again_though_its_driver_rests() {
    let (daemon, zebra, jobs) = scene(Daemon::builder());
    // Each part of the label takes so long, and then its call goes on.
    daemon.cli(&["machine", "set", "dock", "PACE=1500", "HOLD=after"]).ok();
    let holder = Holder::start(&daemon.data().join("ostler.db"));
    says(&daemon, "the ledger", "another program holds the database");
    assert_eq!(zebra.label_count(), 1);
    let job = daemon.job(jobs[0]);
    assert_eq!((&job["labels"]["done"], &job["labels"]["started"]), (&0.into(), &0.into()), "{job:#}");
    holder.let_go();
    let job = daemon.until_job(jobs[0], "written down", |job| job["labels"]["done"] == 1);
    assert_eq!((&job["state"], &job["labels"]["started"]), (&"printing".into(), &Value::Null), "{job:#}");
    daemon.cli(&["machine", "set", "dock", "PACE=0", "HOLD="]).ok();
    goes_on(&daemon, &zebra, jobs);
}
