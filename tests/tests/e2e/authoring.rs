//! From nothing to a driver that runs: what `ostler driver new|build|check|test|dev` do for those who write one.

use ostler_tests::{Daemon, Label, client, dots, place, plugin, printer, until};
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// A driver's crate as `ostler driver new` makes it.
struct Crate {
    place: tempfile::TempDir,
}

impl Crate {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let made = Self { place };
        let said = Self::ostler(&["driver", "new", "acme-3000", "--to", &made.folder().to_string_lossy()]).ok().stdout;
        assert!(said.contains("is a driver that prints"), "{said}");
        // The dependencies of this workspace, so that nothing else is fetched.
        std::fs::copy(place::repository().join("Cargo.lock"), made.folder().join("Cargo.lock")).unwrap();
        made
    }

    fn folder(&self) -> PathBuf {
        self.place.path().join("acme")
    }

    /// The command line, without a daemon; what it builds is kept for the next run. The first build may take minutes.
    fn ostler(arguments: &[&str]) -> client::Output {
        let mut command = Command::new(place::ostler());
        let output = command.args(arguments).env("CARGO_TARGET_DIR", built()).stdin(Stdio::null()).output().unwrap();
        client::Output::of(&output)
    }

    fn source(&self) -> PathBuf {
        self.folder().join("src/lib.rs")
    }
}

/// Where cargo puts what it builds for these tests.
fn built() -> PathBuf {
    place::repository().join("target/authoring")
}

fn guest(name: &str) -> String {
    place::guest(name).to_string_lossy().into_owned()
}

/// The plugin `abc`, in a folder.
fn abc() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    plugin::assemble("abc", &folder.path().join("abc"));
    folder
}

/// What became of each scenario, by its name.
fn verdicts(output: &str) -> Vec<(String, String)> {
    let reports: Vec<Value> = serde_json::from_str(output).unwrap();
    let text = |report: &Value, key: &str| report[key].as_str().unwrap().to_owned();
    reports.iter().map(|report| (text(report, "scenario"), text(report, "verdict"))).collect()
}

/// A command that goes on until it is ended.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_new_driver_builds_stands_its_trial_and_runs_again_after_each_change() {
    let new = Crate::new();
    let folder = new.folder();
    let folder = folder.to_str().unwrap();
    let said = Crate::ostler(&["driver", "build", folder]).ok().stdout;
    assert!(said.contains("Acme 3000 (acme-3000) 0.1.0") && said.contains("can be installed"), "{said}");
    assert!(!said.contains("advice:"), "{said}");

    let tried = Crate::ostler(&["--json", "driver", "test", folder]).ok().stdout;
    let tried = verdicts(&tried);
    assert_eq!(tried.len(), 11, "{tried:?}");
    assert!(tried.iter().all(|(_, verdict)| verdict != "failed"), "{tried:?}");
    let passed = |name: &str| tried.contains(&(name.to_owned(), "passed".to_owned()));
    assert!(passed("a label is printed") && passed("the connection breaks"), "{tried:?}");

    // A driver that goes on after an error is caught, and one that does not compile is told where.
    let source = std::fs::read_to_string(new.source()).unwrap();
    std::fs::write(
        new.source(),
        source.replace("printer.write_all(&label).await?", "let _ = printer.write_all(&label).await"),
    )
    .unwrap();
    let tried = Crate::ostler(&["--json", "driver", "test", folder, "--only", "the connection breaks"]);
    let tried = verdicts(&tried.refused(1, &["1 failed, 2 passed"]).stdout);
    assert_eq!(tried[2], ("the connection breaks".to_owned(), "failed".to_owned()));
    std::fs::write(new.source(), format!("{source}\nfn broken( {{")).unwrap();
    Crate::ostler(&["driver", "build", folder])
        .refused(1, &["error: ", "src/lib.rs", "cargo could not build the driver"]);
    std::fs::write(new.source(), &source).unwrap();

    // In a daemon that runs, over a change of its source.
    let daemon = Daemon::builder().ping_interval(600_000).start();
    let dev = Command::new(place::ostler())
        .args(["--data", daemon.data().to_str().unwrap(), "driver", "dev", folder])
        .env("CARGO_TARGET_DIR", built())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let _dev = Running(dev.unwrap());
    let version = |daemon: &Daemon| daemon.get("/api/machine/drivers/")[0]["description"].clone();
    until("the driver is enabled", || version(&daemon) == "Prints labels on Acme 3000.");
    let zebra = printer::zebra();
    daemon.add("desk", "acme-3000", &[&format!("CONNECTION={}", zebra.uri())]);
    std::fs::write(new.source(), source.replace("Prints labels on", "Puts labels on")).unwrap();
    until("the change is enabled", || version(&daemon) == "Puts labels on Acme 3000.");
    daemon.until_state("desk", "ready");
    let png = Label::four_by_six("ACME").png();
    daemon.print_done("desk", &png);
    printer::until(&zebra, |state| state.labels_printed == 1);
    dots::assert_same(&dots::of_png(&png), &zebra.labels()[0].bitmap);
}

#[test]
fn what_cannot_be_a_driver_is_told_before_anything_is_made() {
    let place = tempfile::tempdir().unwrap();
    let ostler = |arguments: &[&str]| client::ostler(place.path(), arguments);
    let to = place.path().join("new");
    let to = to.to_str().unwrap();
    ostler(&["driver", "new", "Acme 3000", "--to", to]).refused(2, &["Acme 3000"]);
    ostler(&["driver", "new", "acme", "--to", to, "--type", "scale"]).refused(1, &["docs/machine-types.md"]);
    ostler(&["driver", "new", "acme", "--to", to, "--sdk", "/nowhere"]).refused(1, &["--sdk", "/nowhere"]);
    assert!(!Path::new(to).exists());
    ostler(&["driver", "new", "acme", "--to", place.path().to_str().unwrap()]).refused(1, &["is there already"]);
    ostler(&["driver", "build", place.path().to_str().unwrap()])
        .refused(1, &["has no Cargo.toml", "ostler driver new"]);
}

#[test]
fn a_component_is_checked_as_a_daemon_would_without_one() {
    let place = tempfile::tempdir().unwrap();
    let ostler = |arguments: &[&str]| client::ostler(place.path(), arguments);
    let said = ostler(&["driver", "check", &guest("ostler_driver_scripted")]).ok().stdout;
    assert!(
        said.contains("advice: it asks for the grant 'time-travel'") && said.contains("can be installed"),
        "{said}"
    );
    ostler(&["driver", "check", &guest("ostler_driver_describe_trap")])
        .refused(1, &["`describe` of this driver failed"]);
    let text = place.path().join("text.wasm");
    std::fs::write(&text, "this is no component").unwrap();
    ostler(&["driver", "check", text.to_str().unwrap()]).refused(1, &["not a WebAssembly component"]);
    ostler(&["driver", "check", "nowhere.wasm"]).refused(1, &["nowhere.wasm"]);

    // A driver of a type that a plugin brings.
    ostler(&["driver", "check", &guest("ostler_driver_xyz")])
        .refused(1, &["the contract of no machine type", "plugin"]);
    let abc = abc();
    let abc = abc.path().join("abc");
    let abc = abc.to_str().unwrap();
    ostler(&["driver", "check", &guest("ostler_driver_xyz"), "--with", abc]).ok();
    let said = ostler(&["driver", "check", abc]).ok().stdout;
    assert!(said.contains("xyz-lite (xyz-lite.wasm)"), "{said}");
    assert!(std::fs::read_dir(place.path()).unwrap().count() == 1, "nothing is left behind");
}

#[test]
fn a_trial_tells_what_a_driver_does_not_stand() {
    let place = tempfile::tempdir().unwrap();
    let ostler = |arguments: &[&str]| client::ostler(place.path(), arguments);
    // It never shows that its device is off.
    let tried = ostler(&["--json", "driver", "test", &guest("ostler_driver_hostile"), "--only", "the device is off"]);
    let tried = verdicts(&tried.refused(1, &["1 failed"]).stdout);
    assert_eq!(tried[2], ("the device is off".to_owned(), "failed".to_owned()));
    let nothing = ostler(&["driver", "test", &guest("ostler_driver_zebra"), "--only", "nosuch"]);
    nothing.refused(2, &["no scenario has that in its name", "the device is off"]);
    // Its settings have no defaults.
    let abc = abc();
    let abc = abc.path().join("abc");
    let abc = abc.to_str().unwrap();
    let xyz = guest("ostler_driver_xyz");
    ostler(&["driver", "test", &xyz, "--with", abc]).refused(1, &["--set UNIT=..."]);
    let tried = ostler(&["--json", "driver", "test", &xyz, "--with", abc, "--set", "UNIT=mm"]).ok().stdout;
    let tried = verdicts(&tried);
    assert_eq!(tried.iter().filter(|(_, verdict)| verdict == "passed").count(), 3, "{tried:?}");
}

#[test]
fn a_trial_that_is_ended_leaves_nothing_behind() {
    let place = tempfile::tempdir().unwrap();
    let started = Command::new(place::ostler())
        .args(["driver", "test", &guest("ostler_driver_zebra")])
        .env("TMPDIR", place.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut trial = Running(started.unwrap());
    let socket = || {
        std::fs::read_dir(place.path()).unwrap().flatten().find(|entry| entry.path().join("data/ostler.sock").exists())
    };
    until("its daemon runs", || socket().is_some());
    let lock = socket().unwrap().path().join("data");
    let pid = rustix::process::Pid::from_raw(trial.0.id().try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(!trial.0.wait().unwrap().success());
    assert!(!lock.exists(), "{} is left behind", lock.display());
}

#[test]
fn the_drivers_that_come_along_stand_their_trials() {
    let place = tempfile::tempdir().unwrap();
    for name in ["ostler_driver_zebra", "ostler_driver_virtual"] {
        let tried = client::ostler(place.path(), &["--json", "driver", "test", &guest(name)]).ok().stdout;
        let tried = verdicts(&tried);
        assert!(tried.iter().all(|(_, verdict)| verdict != "failed"), "{name}: {tried:?}");
    }
}
