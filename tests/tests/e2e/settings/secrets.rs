//! Secrets go in and never come out: not in the API, not in the audit, the events, the logs, nor in the data folder.

use super::id;
use ostler_tests::{Daemon, Recorder};
use serde_json::json;
use std::{fs, path::Path};

const SECRET: &str = "xyzzy-plugh-4711";

/// A ready machine `desk` whose password is [`SECRET`].
fn with_secret() -> (Daemon, Recorder) {
    let (daemon, recorder) = (Daemon::builder().ping_interval(0).start(), Recorder::start());
    daemon.install("ostler_driver_recording");
    daemon.add("desk", "recording", &[&recorder.setting()]);
    daemon.cli(&["machine", "set", "desk", &format!("PASSWORD={SECRET}")]).ok();
    (daemon, recorder)
}

#[test]
fn a_secret_is_masked_wherever_it_could_be_read() {
    let (daemon, _recorder) = with_secret();
    let machine = id(&daemon, "desk");
    assert_eq!(daemon.get(&format!("/api/machine/{machine}/settings/D/PASSWORD/"))["value"], "***");
    let seen = [
        daemon.get(&format!("/api/machine/{machine}/settings/")),
        daemon.get(&format!("/api/machine/{machine}/log/")),
        daemon.get("/api/driver/recording/log/"),
        daemon.get("/api/audit/"),
        daemon.json(&["machine", "show", "desk"]),
    ];
    for text in seen {
        assert!(!text.to_string().contains(SECRET), "{text:#}");
    }
    let shown = daemon.cli(&["machine", "show", "desk"]).ok().stdout;
    assert!(shown.contains("D:PASSWORD = ***") && !shown.contains(SECRET), "{shown}");
    let audit = daemon.get("/api/audit/?limit=1");
    assert_eq!((&audit[0]["action"], &audit[0]["after"]), (&json!("setting.write"), &json!("***")), "{audit:#}");
    // An event behind the change, so that what was told of it is among those before.
    daemon.cli(&["machine", "rename", "desk", "counter"]).ok();
    let events = daemon.events_up_to("machine.renamed");
    assert!(events.iter().any(|event| event["data"].to_string().contains("PASSWORD")), "{events:#?}");
    assert!(events.iter().all(|event| !event.to_string().contains(SECRET)), "{events:#?}");
    assert!(!daemon.log().contains(SECRET));
}

#[test]
fn no_file_of_the_data_folder_has_a_secret_in_the_clear() {
    let (mut daemon, _recorder) = with_secret();
    assert!(daemon.stop().success());
    let mut files = 0;
    look(&daemon.data(), &mut |file| {
        files += 1;
        let bytes = fs::read(file).unwrap();
        let there = bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
        assert!(!there, "{} has the secret", file.display());
    });
    assert!(files > 1, "{files} files");
}

fn look(folder: &Path, at: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() { look(&entry.path(), at) } else { at(&entry.path()) }
    }
}

#[test]
fn a_mask_that_is_written_back_keeps_the_secret() {
    let (daemon, recorder) = with_secret();
    let audits = daemon.get("/api/audit/");
    // As a form does that shows all values and saves them all.
    daemon.cli(&["machine", "set", "desk", "PASSWORD=***", "NOTE=a"]).ok();
    let after = daemon.get("/api/audit/");
    assert_eq!(after.as_array().unwrap().len(), audits.as_array().unwrap().len() + 1);
    assert!(after[0]["subject"].as_str().unwrap().ends_with("D/NOTE"), "{after:#}");

    // Elsewhere the mask is a text like any other.
    daemon.cli(&["machine", "set", "desk", "NOTE=***"]).ok();
    let machine = id(&daemon, "desk");
    assert_eq!(daemon.get(&format!("/api/machine/{machine}/settings/D/NOTE/"))["value"], "***");
    assert_eq!(daemon.get(&format!("/api/machine/{machine}/settings/D/PASSWORD/"))["value"], "***");
    // Emptied, it is gone.
    daemon.cli(&["machine", "set", "desk", "PASSWORD="]).ok();
    assert_eq!(daemon.get(&format!("/api/machine/{machine}/settings/D/PASSWORD/"))["value"], json!(""));
    drop(recorder);
}

#[test]
fn a_secret_reaches_its_driver_also_after_a_restart_of_the_daemon() {
    let (mut daemon, _recorder) = with_secret();
    for _ in 0..2 {
        daemon.until_state("desk", "ready");
        assert!(sign_in(&daemon, SECRET).ok().stdout.contains("welcome"));
        sign_in(&daemon, "***").refused(4, &["this is not the password"]);
        assert!(daemon.stop().success());
        daemon.restart();
    }
}

#[test]
fn a_secret_that_an_action_asks_for_is_not_written_down() {
    let (daemon, _recorder) = with_secret();
    sign_in(&daemon, SECRET).ok();
    let audit = daemon.get("/api/audit/?limit=1");
    assert_eq!(audit[0]["action"], "machine.action");
    assert_eq!(audit[0]["after"]["inputs"]["password"], "***", "{audit:#}");
}

fn sign_in(daemon: &Daemon, password: &str) -> ostler_tests::Output {
    let input = format!("password={password}");
    daemon.cli(&["machine", "action", "desk", "sign-in", "-i", &input])
}
