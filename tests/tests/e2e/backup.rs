//! A backup that is taken while everything goes on, and a data folder that is made of it.

use ostler_simulators::ZebraPrinter;
use ostler_tests::{Daemon, Label, Recorder, client, client::send, place, printer, printer::runtime, until};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

const MACHINES: usize = 6;
const SECRET: &str = "xyzzy-plugh-4711";
/// Orders for each machine that are stored before the backup begins.
const BEFORE: usize = 20;
/// A client hands in an order for each machine this often: about as many as are printed.
const ORDER_PAUSE: Duration = Duration::from_millis(60);

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Restores a backup for a daemon that is about to start.
fn restored(backup: &Path, arguments: &[&str]) -> Daemon {
    Daemon::builder().ping_interval(0).start_on(|data| {
        client::ostler(data, &[&["restore", backup.to_str().unwrap()], arguments].concat()).ok();
        assert_eq!(mode(data), 0o700);
        for file in ["ostler.db", "secret.key"] {
            assert_eq!(mode(&data.join(file)), 0o600, "{file}");
        }
    })
}

/// Jobs by number.
fn jobs(daemon: &Daemon) -> BTreeMap<i64, Value> {
    let all = daemon.get("/api/job/?limit=1000");
    all.as_array().unwrap().iter().map(|job| (job["id"].as_i64().unwrap(), job.clone())).collect()
}

/// Hands in orders for all machines until it is stopped.
async fn hand_in(data: PathBuf, machines: Vec<String>, stop: Arc<AtomicBool>) {
    let document = Label::new(400, 600, "ORDER").png();
    let mut pause = tokio::time::interval(ORDER_PAUSE);
    while !stop.load(Ordering::Acquire) {
        pause.tick().await;
        for machine in &machines {
            let path = format!("/api/job/?machine={machine}");
            let (status, job) = send(&data, "POST", &path, Some(("image/png", document.clone()))).await.unwrap();
            assert_eq!(status, 201, "{job:#}");
        }
    }
}

/// What a restored daemon must have as the first one had it.
fn lasting(daemon: &Daemon) -> Value {
    let mut machines = daemon.get("/api/machine/");
    let mut settings = Vec::new();
    for machine in machines.as_array_mut().unwrap() {
        let id = machine["pk"].as_str().unwrap().to_owned();
        settings.push(daemon.get(&format!("/api/machine/{id}/settings/")));
        *machine = json!([id, machine["name"], machine["driver"], machine["machine_type"], machine["active"]]);
    }
    let drivers = daemon.get("/api/driver/");
    let drivers: Vec<_> = drivers
        .as_array()
        .unwrap()
        .iter()
        .map(|driver| json!([driver["slug"], driver["digest"], driver["enabled"]]))
        .collect();
    assert!(!drivers.is_empty());
    json!([machines, settings, drivers])
}

#[test]
fn a_backup_under_load_restores_every_machine_setting_secret_driver_and_job_and_the_queue_goes_on() {
    let mut daemon = Daemon::builder().ping_interval(0).start();
    let recorder = Recorder::start();
    daemon.install("ostler_driver_hostile");
    daemon.install("ostler_driver_recording");
    let zebras: Vec<ZebraPrinter> = (0..MACHINES).map(|_| printer::zebra()).collect();
    let machines: Vec<String> = (0..MACHINES)
        .map(|at| {
            let connection = format!("CONNECTION={}", zebras[at].uri());
            let machine = daemon.add(&format!("press {at}"), "hostile", &[&connection, "PACE=15"]);
            machine["pk"].as_str().unwrap().to_owned()
        })
        .collect();
    daemon.add("desk", "recording", &[&recorder.setting()]);
    daemon.cli(&["machine", "set", "desk", &format!("PASSWORD={SECRET}"), "NOTE=kept"]).ok();
    let before = lasting(&daemon);
    let png = Label::new(400, 600, "ORDER").png();
    for machine in &machines {
        for _ in 0..BEFORE {
            let (status, _) =
                daemon.request("POST", &format!("/api/job/?machine={machine}"), Some(("image/png", png.clone())));
            assert_eq!(status, 201);
        }
    }
    let acknowledged = jobs(&daemon);
    let stop = Arc::new(AtomicBool::new(false));
    let client = runtime().spawn(hand_in(daemon.data(), machines.clone(), Arc::clone(&stop)));

    let backup = daemon.scratch().join("state.tar.zst");
    let labels = |zebras: &[ZebraPrinter]| zebras.iter().map(ZebraPrinter::label_count).sum::<u64>();
    let printed = labels(&zebras);
    let told = daemon.json(&["backup", backup.to_str().unwrap()]);
    assert_eq!(told["manifest"]["format"], 1, "{told:#}");
    assert_eq!(mode(&backup), 0o600);
    // Printing goes on.
    until("printing goes on", || labels(&zebras) > printed + MACHINES as u64);
    stop.store(true, Ordering::Release);
    runtime().block_on(client).unwrap();
    daemon.kill();
    for zebra in &zebras {
        printer::until(zebra, |state| state.connections_open == 0);
    }

    // Paused, it shows what the backup has.
    let paused = restored(&backup, &["--paused"]);
    let in_backup = jobs(&paused);
    for id in acknowledged.keys() {
        assert!(in_backup.contains_key(id), "job {id} was acknowledged before the backup, and is not in it");
    }
    assert!(in_backup.values().any(|job| job["state"] == "queued"), "nothing was left to be done");
    let unknown: Vec<_> = in_backup.values().filter(|job| job["state"] == "unknown").collect();
    for job in &unknown {
        assert_eq!(
            (&job["labels"]["started"], &job["error"]["code"]),
            (&json!(0), &json!("daemon-stopped")),
            "{job:#}"
        );
        let same = unknown.iter().filter(|other| other["machine"] == job["machine"]).count();
        assert_eq!(same, 1, "several labels of one machine are in doubt");
    }
    drop(paused);

    let at_restore: Vec<_> = zebras.iter().map(ZebraPrinter::label_count).collect();
    let second = restored(&backup, &[]);
    assert_eq!(lasting(&second), before);
    second.until_state("desk", "ready");
    let sign_in = ["machine", "action", "desk", "sign-in", "-i", &format!("password={SECRET}")];
    assert!(second.cli(&sign_in).ok().stdout.contains("welcome"));
    for (id, job) in &in_backup {
        let wanted = if job["state"] == "unknown" { "unknown" } else { "done" };
        assert_eq!(second.job_over(*id)["state"], wanted, "job {id}");
    }
    // Everything that was queued came out once.
    for (at, machine) in machines.iter().enumerate() {
        let queued = in_backup.values().filter(|job| job["machine"] == *machine && job["state"] == "queued").count();
        printer::until(&zebras[at], |state| state.labels_printed >= at_restore[at] + queued as u64);
        assert_eq!(zebras[at].label_count() - at_restore[at], queued as u64, "machine {at}");
    }
    // And it goes on with new ones.
    assert_eq!(second.print_done("press 0", &png)["state"], "done");
    let audits = second.get("/api/audit/").to_string();
    assert!(!audits.contains("backup.take"), "the backup is audited after the copy was made");
}

#[test]
fn a_backup_that_is_damaged_or_not_whole_restores_nothing() {
    let (daemon, _zebra) = Daemon::with_zebra();
    let scratch = daemon.scratch();
    let path = |name: &str| scratch.join(name);
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let (folder, tar, small) = (path("folder"), path("state.tar"), path("state.tar.zst"));
    for to in [&folder, &tar, &small] {
        daemon.cli(&["backup", &text(to)]).ok();
        client::ostler(&path("none"), &["restore", &text(to), "--check"]).ok();
    }
    assert!(fs::metadata(&small).unwrap().len() < fs::metadata(&tar).unwrap().len());
    assert_eq!((mode(&folder), mode(&folder.join("secret.key"))), (0o700, 0o600));
    assert!(fs::read_dir(daemon.data().join("backups")).unwrap().next().is_none(), "a copy was left behind");
    // A program that nobody here wrote reads it.
    let listed = std::process::Command::new("tar").arg("tf").arg(&tar).output().unwrap();
    assert!(String::from_utf8_lossy(&listed.stdout).starts_with("manifest.json\nostler.db\ncomponents/"), "{listed:?}");

    // What is there stays.
    daemon.cli(&["backup", &text(&tar)]).refused(1, &["is there already"]);
    client::ostler(&daemon.data(), &["restore", &text(&tar)]).refused(1, &["daemon that runs"]);
    client::ostler(&folder, &["restore", &text(&tar)]).refused(1, &["not empty"]);

    let refused = |from: &Path, words: &[&str]| {
        let to = path("restored");
        client::ostler(&to, &["restore", &text(from)]).refused(1, words);
        assert!(!to.exists(), "something was restored");
        let left = fs::read_dir(scratch)
            .unwrap()
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with('.'));
        assert_eq!(left.count(), 0, "something was left behind");
    };
    let component = fs::read_dir(folder.join("components")).unwrap().next().unwrap().unwrap().path();
    fs::OpenOptions::new().append(true).open(&component).unwrap().write_all(b"x").unwrap();
    refused(&folder, &["damaged", "components/"]);
    fs::remove_file(&component).unwrap();
    refused(&folder, &["components/"]);
    fs::remove_file(folder.join("manifest.json")).unwrap();
    refused(&folder, &["not a backup"]);
    refused(&place::guest("ostler_driver_zebra"), &["not a backup"]);
    for whole in [&tar, &small] {
        let bytes = fs::read(whole).unwrap();
        let part = path("part");
        fs::write(&part, &bytes[..bytes.len() / 2]).unwrap();
        refused(&part, &["damaged"]);
        let mut changed = bytes.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        fs::write(&part, &changed).unwrap();
        refused(&part, &["damaged"]);
    }
    // Into a folder that is there and empty, it is restored.
    let empty = path("empty");
    fs::create_dir(&empty).unwrap();
    client::ostler(&empty, &["restore", &text(&small)]).ok();
    assert!(empty.join("ostler.db").is_file());
}
