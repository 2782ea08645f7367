//! What `ostler doctor` finds, and that it says what to do; completions beside it.

use ostler_tests::{Daemon, client};
use serde_json::Value;
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

/// Of two doctors that try a port at the same time one would be wrong about it.
const NO_PORT: &[(&str, &str)] = &[("OSTLER_HTTP_LISTEN", "off")];

/// Each check as `about: verdict`, and the whole answer.
fn examine(data: &Path, status: i32) -> (Vec<String>, Value) {
    let output = client::ostler_with(data, &["--json", "doctor"], NO_PORT);
    assert_eq!(output.status, status, "{} {}", output.stdout, output.stderr);
    let checks: Value = serde_json::from_str(&output.stdout).unwrap();
    let name = |check: &Value| format!("{}: {}", check["about"].as_str().unwrap(), check["verdict"].as_str().unwrap());
    (checks.as_array().unwrap().iter().map(name).collect(), checks)
}

fn advice(checks: &Value, about: &str) -> String {
    let checks = checks.as_array().unwrap();
    let check = checks.iter().find(|check| check["about"] == about && check["verdict"] != "ok");
    check.unwrap_or_else(|| panic!("nothing is wrong with '{about}': {checks:#?}"))["advice"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn the_doctor_finds_nothing_where_all_is_well_with_a_daemon_and_without() {
    let (mut daemon, _zebra) = Daemon::with_zebra();
    let (names, checks) = examine(&daemon.data(), 0);
    for name in
        ["data folder", "key file", "database", "components", "compiled code", "daemon", "rendering", "compiling"]
    {
        assert!(names.contains(&format!("{name}: ok")), "{checks:#}");
    }
    assert!(checks.to_string().contains("one runs on this folder"), "{checks:#}");
    let table = daemon.cli(&["doctor"]).ok().stdout;
    assert!(table.contains("ok       daemon"), "{table}");
    assert!(daemon.stop().success());
    let (_, checks) = examine(&daemon.data(), 0);
    assert!(checks.to_string().contains("`ostler serve` starts one"), "{checks:#}");
    // Looking leaves nothing behind that keeps a daemon from starting.
    daemon.restart();
    daemon.until_state("dock", "ready");
    // Before the first start.
    let (names, _) = examine(&daemon.scratch().join("none"), 0);
    assert!(names.contains(&"data folder: warning".to_owned()), "{names:?}");
}

#[test]
fn the_doctor_says_what_to_do_where_something_is_wrong() {
    let (mut daemon, _zebra) = Daemon::with_zebra();
    let backup = daemon.scratch().join("state.tar");
    daemon.cli(&["backup", backup.to_str().unwrap()]).ok();
    assert!(daemon.stop().success());
    let data = daemon.data();
    fs::write(data.join("ostler.toml"), "[limits]\nspeed = 1\n").unwrap();
    fs::set_permissions(data.join("secret.key"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(data.join("cache"), fs::Permissions::from_mode(0o777)).unwrap();
    let component = fs::read_dir(data.join("components")).unwrap().next().unwrap().unwrap().path();
    fs::rename(&component, daemon.scratch().join("component")).unwrap();
    let (_, checks) = examine(&data, 1);
    assert!(advice(&checks, "configuration").contains("config check"));
    assert!(advice(&checks, "key file").contains("chmod 600"));
    assert!(advice(&checks, "compiled code").contains("chmod 700"));
    assert!(advice(&checks, "components").contains("driver install"));
    client::ostler(&data, &["doctor"]).refused(1, &["problems: configuration, key file, compiled code, components"]);

    // A restored database is one file, without a log that has the same pages.
    let data = daemon.scratch().join("restored");
    client::ostler(&data, &["restore", backup.to_str().unwrap()]).ok();
    let database = data.join("ostler.db");
    let mut bytes = fs::read(&database).unwrap();
    let length = bytes.len();
    bytes[4096..length.min(40_960)].fill(0x5a);
    fs::write(&database, bytes).unwrap();
    let (_, checks) = examine(&data, 1);
    assert!(advice(&checks, "database").contains("ostler restore"));

    let long = daemon.scratch().join("x".repeat(120));
    fs::create_dir(&long).unwrap();
    let (_, checks) = examine(&long, 1);
    assert!(advice(&checks, "daemon").contains("shorter"));
}

#[test]
fn completions_are_written_for_every_shell() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let text = client::ostler(folder.path(), &["completions", shell]).ok().stdout;
        assert!(text.contains("ostler") && text.contains("doctor"), "{shell}: {text}");
        assert!(!text.contains("render-worker"), "{shell} offers what is not for people");
    }
    let help = client::ostler(folder.path(), &["--help"]).ok().stdout;
    assert!(help.contains("3 not found"), "{help}");
}

#[test]
fn a_port_that_is_taken_or_would_be_unsafe_is_told_before_a_daemon_is_started() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let doctor = |listen: &str, words: &[&str]| {
        client::ostler_with(folder.path(), &["doctor"], &[("OSTLER_HTTP_LISTEN", listen)]).refused(1, &["port"]);
        let said = client::ostler_with(folder.path(), &["doctor"], &[("OSTLER_HTTP_LISTEN", listen)]).stdout;
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
    };
    doctor(&address, &[&address, "--listen", "PROBLEM  port"]);
    doctor("0.0.0.0:0", &["tls_certificate", "PROBLEM  port"]);
    drop(taken);
}
