//! One file, environment and flags over it, each value with its origin; and what a reload changes.

use ostler_tests::{Daemon, Recorder, client, daemon::Signal};
use serde_json::{Value, json};

/// A value of `ostler config show --json`.
fn value(shown: &Value, key: &str) -> Value {
    let values = shown["values"].as_array().unwrap();
    values.iter().find(|value| value["key"] == key).unwrap_or_else(|| panic!("no '{key}' in {shown:#}")).clone()
}

#[test]
fn every_value_says_where_it_comes_from_and_the_nearest_source_counts() {
    let toml = "log = \"warn\"\n\n[limits]\ndrain_ms = 1\nblames = 9\nping_interval_ms = 1\n\n[limits.driver.zebra-zpl]\nblames = 7\n";
    let daemon = Daemon::builder()
        .config(toml)
        .env("OSTLER_LIMITS_DRAIN_MS", "7000")
        .env("OSTLER_LIMITS_PING_INTERVAL_MS", "2")
        .ping_interval(0)
        .start();
    let file = daemon.scratch().join("ostler.toml").display().to_string();
    let shown = daemon.json(&["config", "show", "--running"]);
    let origin = |key: &str| value(&shown, key)["origin"].clone();
    assert_eq!(value(&shown, "log")["value"], "warn");
    assert_eq!(origin("log"), json!({ "from": "file", "file": file, "line": 1 }));
    assert_eq!(origin("limits.blames"), json!({ "from": "file", "file": file, "line": 5 }));
    assert_eq!(origin("limits.driver.zebra-zpl.blames"), json!({ "from": "file", "file": file, "line": 9 }));
    assert_eq!(value(&shown, "limits.drain_ms")["value"], 7000);
    assert_eq!(origin("limits.drain_ms"), json!({ "from": "environment", "variable": "OSTLER_LIMITS_DRAIN_MS" }));
    assert_eq!(value(&shown, "limits.ping_interval_ms")["value"], 0);
    assert_eq!(origin("limits.ping_interval_ms"), json!({ "from": "flag", "flag": "--ping-interval" }));
    assert_eq!(origin("limits.init_ms"), json!({ "from": "default" }));

    // Without a daemon: what one would use that is started with these flags.
    let table = daemon.cli(&["--config", &file, "config", "show", "--set", "limits.drain_ms=3"]).ok().stdout;
    let row = table.lines().find(|line| line.contains("limits.drain_ms")).unwrap();
    assert!(row.contains('3') && row.contains("--set limits.drain_ms"), "{table}");
    let row = table.lines().find(|line| line.starts_with("limits.init_ms")).unwrap();
    assert!(row.contains("10000") && row.contains("default"), "{table}");
}

#[test]
fn the_file_of_the_data_folder_is_read_without_being_named() {
    let daemon = Daemon::builder().start_on(|data| {
        std::fs::create_dir(data).unwrap();
        std::fs::write(data.join("ostler.toml"), "[limits]\ngrace_ms = 777\n").unwrap();
    });
    assert_eq!(value(&daemon.json(&["config", "show"]), "limits.grace_ms")["value"], 777);
    assert_eq!(value(&daemon.json(&["config", "show", "--running"]), "limits.grace_ms")["value"], 777);
}

#[test]
fn what_is_wrong_is_named_with_its_place_and_what_was_probably_meant() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = folder.path().join("ostler.toml");
    let path = file.to_str().unwrap();
    let check = |toml: &str, words: &[&str]| {
        std::fs::write(&file, toml).unwrap();
        client::ostler(&data, &["config", "check", path]).refused(1, words);
    };
    check("log = \"info\"\n[limits]\ncpu_silce_ms = 5\n", &["ostler.toml:3", "cpu_silce_ms", "'limits.cpu_slice_ms'"]);
    check("[limit]\ndrain_ms = 5\n", &["ostler.toml:1", "'limit'", "'limits'"]);
    check("drain_ms = 5\n", &["ostler.toml:1", "'limits.drain_ms'"]);
    check("[limits.driver.python]\nmemory = 5\n", &["ostler.toml:2", "'limits.driver.python.memory_bytes'"]);
    check("[limits]\ndrain_ms = \"long\"\n", &["ostler.toml:2", "limits.drain_ms", "long"]);
    check("[limits]\ndrain_ms = -1\n", &["ostler.toml:2", "limits.drain_ms", "-1"]);
    check("log = \"a=b=c\"\n", &["ostler.toml:1", "log"]);
    check("log = \n", &["ostler.toml:1"]);
    // All of them at once.
    check("one = 1\n[limits]\ntwo = 2\n", &["ostler.toml:1", "ostler.toml:3"]);
    std::fs::write(&file, "[limits]\ndrain_ms = 5\n").unwrap();
    client::ostler(&data, &["config", "check", path]).ok();
    client::ostler(&data, &["serve", "--set", "limits.drian_ms=5"])
        .refused(1, &["--set limits.drian_ms", "'limits.drain_ms'"]);
    client::ostler(&data, &["serve", "--config", "/none/such.toml"]).refused(1, &["/none/such.toml", "--config"]);
    client::ostler(&data, &["serve", "--dev"]).refused(1, &["--drivers"]);
    assert!(!data.exists(), "a wrong configuration makes nothing");
}

#[test]
fn the_example_lists_every_key_with_its_default() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let text = client::ostler(&data, &["config", "example"]).ok().stdout;
    let file = folder.path().join("ostler.toml");
    std::fs::write(&file, &text).unwrap();
    let path = file.to_str().unwrap();
    let defaults: Value =
        serde_json::from_str(&client::ostler(&data, &["--json", "config", "show"]).ok().stdout).unwrap();
    let example = client::ostler(&data, &["--json", "--config", path, "config", "show"]).ok().stdout;
    let example: Value = serde_json::from_str(&example).unwrap();
    let keys = |shown: &Value| -> Vec<_> {
        let values = shown["values"].as_array().unwrap();
        values.iter().map(|value| (value["key"].clone(), value["value"].clone())).collect()
    };
    assert_eq!(keys(&defaults), keys(&example));
    assert!(example["values"].as_array().unwrap().iter().all(|value| value["origin"]["from"] == "file"), "{example:#}");
}

#[test]
fn a_reload_applies_what_can_change_and_a_wrong_file_changes_nothing() {
    let daemon = Daemon::builder().config("[limits]\nping_interval_ms = 0\n").configured_pings().start();
    let recorder = Recorder::start();
    daemon.install("ostler_driver_recording");
    daemon.add("desk", "recording", &[&recorder.setting()]);
    let reload = |toml: &str| {
        daemon.configure(toml);
        daemon.signal(Signal::HUP);
    };
    let errors = |daemon: &Daemon| daemon.get("/api/machine/status/")["registry_errors"].clone();
    assert_eq!(recorder.count("ping-machine", "desk"), 0, "pings were off");

    reload("[limits]\nping_interval_ms = 50\nmemory_bytes = 33554432\ndatabase_bytes = 1000000000\n");
    recorder.until_count("ping-machine", "desk", 3);
    daemon.until("all is told", |daemon| {
        daemon.log().contains("limits.database_bytes: 1000000000 instead of 0, after a restart")
    });
    assert!(daemon.log().contains("limits.ping_interval_ms: 50 instead of 0, at once"), "{}", daemon.log());
    assert_eq!(daemon.get("/api/driver/recording/")[0]["limits"]["memory_bytes"], 33_554_432);
    let shown = daemon.json(&["config", "show", "--running"]);
    let size = value(&shown, "limits.database_bytes");
    assert_eq!((&size["value"], &size["after_restart"]), (&json!(0), &json!(1_000_000_000)), "{size:#}");

    reload("[limits]\nping_intervall_ms = 0\n");
    daemon.until("the error is told", |daemon| errors(daemon).to_string().contains("ping_intervall_ms"));
    assert_eq!(errors(&daemon)[0]["source"], "configuration");
    let before = recorder.count("ping-machine", "desk");
    recorder.until_count("ping-machine", "desk", before + 2);
    assert_eq!(value(&daemon.json(&["config", "show", "--running"]), "limits.ping_interval_ms")["value"], 50);

    // Right again: nothing is wrong any more, and less is logged.
    reload("log = \"error\"\n[limits]\nping_interval_ms = 60\n");
    daemon.until("nothing is wrong", |daemon| errors(daemon) == json!([]));
    daemon.until("it is used", |daemon| {
        value(&daemon.json(&["config", "show", "--running"]), "limits.ping_interval_ms")["value"] == 60
    });
    assert!(!daemon.log().contains("60 instead of"), "{}", daemon.log());
}
