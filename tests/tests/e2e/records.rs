//! What is written down: the states of a machine, the events, and who decided what.

use ostler_tests::{Daemon, Recorder};
use serde_json::{Value, json};

/// A machine `desk` of the recording driver, on a daemon without pings.
fn desk() -> (Daemon, Recorder) {
    let (daemon, recorder) = (Daemon::builder().ping_interval(0).start(), Recorder::start());
    daemon.install("ostler_driver_recording");
    daemon.add("desk", "recording", &[&recorder.setting()]);
    (daemon, recorder)
}

#[test]
fn the_states_of_a_machine_are_kept_with_times_and_reasons() {
    let (daemon, _recorder) = desk();
    daemon.cli(&["machine", "deactivate", "desk"]).ok();
    daemon.until_state("desk", "inactive");
    daemon.cli(&["machine", "set", "desk", "RECORDER="]).ok();
    daemon.cli(&["machine", "activate", "desk"]).ok();
    daemon.until_state("desk", "incomplete");
    let history = daemon.json(&["machine", "history", "desk"]);
    let history = history.as_array().unwrap();
    let states: Vec<_> = history.iter().map(|change| change["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["incomplete", "inactive", "stopping", "ready", "starting"]);
    assert_eq!(history[0]["reason"], "Missing DRIVER settings: RECORDER");
    assert_eq!(history[2]["reason"], "the machine was switched off");
    let times: Vec<_> = history.iter().map(|change| change["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|later, earlier| later >= earlier), "{times:?}");
    assert_eq!(daemon.json(&["machine", "history", "desk", "--limit", "1"]).as_array().unwrap().len(), 1);
    let table = daemon.cli(&["machine", "history", "desk"]).ok().stdout;
    assert!(table.contains("stopping") && table.contains("the machine was switched off"), "{table}");
}

#[test]
fn the_feed_goes_on_after_any_event_and_over_a_restart_of_the_daemon() {
    let (mut daemon, _recorder) = desk();
    daemon.cli(&["machine", "rename", "desk", "counter"]).ok();
    let all = daemon.events_up_to("machine.renamed");
    let ids: Vec<_> = all.iter().map(|event| event["id"].as_i64().unwrap()).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    for kind in
        ["driver.installed", "driver.enabled", "machine.added", "machine.settings-changed", "machine.state-changed"]
    {
        assert!(all.iter().any(|event| event["kind"] == kind), "no {kind} in {all:#?}");
    }
    assert_eq!(all.last().unwrap()["data"], json!({ "from": "desk", "to": "counter" }));
    // From any point on, the same events come again.
    for (index, id) in ids.iter().enumerate().take(ids.len() - 1) {
        assert_eq!(daemon.events(*id, 1)[0], all[index + 1]);
    }
    assert_eq!(daemon.events(0, all.len()), all);

    assert!(daemon.stop().success());
    daemon.restart();
    assert_eq!(daemon.events(0, all.len()), all);
    let next = daemon.events(*ids.last().unwrap(), 1);
    assert!(next[0]["id"].as_i64() > ids.last().copied(), "{next:#?}");
}

#[test]
fn every_decision_of_an_operator_is_in_the_audit_with_before_and_after() {
    let (daemon, recorder) = desk();
    let digest = daemon.get("/api/driver/recording/")[0]["digest"].clone();
    let id = daemon.machine("desk")["pk"].as_str().unwrap().to_owned();
    daemon.cli(&["machine", "set", "desk", "NOTE=a"]).ok();
    daemon.cli(&["machine", "set", "desk", "NOTE=b", "PASSWORD=rosebud"]).ok();
    daemon.cli(&["machine", "restart", "desk", "--hard"]).ok();
    daemon.until_state("desk", "ready");
    daemon.cli(&["machine", "deactivate", "desk"]).ok();
    daemon.cli(&["machine", "remove", "desk"]).ok();
    daemon.cli(&["driver", "disable", "recording"]).ok();
    daemon.cli(&["driver", "remove", "recording", "--digest", digest.as_str().unwrap()]).ok();

    let audit = daemon.get("/api/audit/?limit=1000");
    let rows: Vec<_> = audit.as_array().unwrap().iter().rev().collect();
    assert!(rows.iter().all(|row| row["who"] == "operator" && row["at"].is_string()), "{rows:#?}");
    let (machine, driver) = (format!("machine:{id}"), "driver:recording".to_owned());
    let at = |key: &str| format!("{machine} D/{key}");
    let decisions: Vec<_> =
        rows.iter().map(|row| (row["action"].as_str().unwrap(), row["subject"].as_str().unwrap())).collect();
    let expected = [
        ("driver.install", driver.clone()),
        ("driver.enable", driver.clone()),
        ("machine.add", machine.clone()),
        ("setting.write", at("RECORDER")),
        ("setting.write", at("NOTE")),
        ("setting.write", at("NOTE")),
        ("setting.write", at("PASSWORD")),
        ("machine.restart", machine.clone()),
        ("machine.deactivate", machine.clone()),
        ("machine.remove", machine),
        ("driver.disable", driver.clone()),
        ("driver.remove", driver),
    ];
    let expected: Vec<_> = expected.iter().map(|(action, subject)| (*action, subject.as_str())).collect();
    assert_eq!(decisions, expected);
    let change = |row: usize| (rows[row]["before"].clone(), rows[row]["after"].clone());
    assert_eq!(rows[0]["after"]["digest"], digest);
    assert_eq!(change(4), (Value::Null, json!("a")));
    assert_eq!(change(5), (json!("a"), json!("b")));
    assert_eq!(change(6), (Value::Null, json!("***")));
    assert_eq!(rows[7]["after"], json!({ "hard": true }));
    assert_eq!(rows[9]["before"]["name"], "desk");
    drop(recorder);
}

#[test]
fn what_a_machine_showed_before_a_restart_is_shown_as_known_last() {
    let (mut daemon, recorder) = desk();
    daemon.until_machine("desk", "connected", |machine| machine["status"] == 100);
    assert!(daemon.stop().success());
    // The machine does not come up, so nothing new is found out.
    recorder.answer("init-machine", "desk", ostler_tests::recorder::Answer::Wait);
    daemon.restart();
    let desk = daemon.until_state("desk", "starting");
    assert_eq!((&desk["status"], &desk["properties"]), (&json!(101), &json!([])), "{desk:#}");
    let known = &desk["last_known"];
    assert_eq!((&known["code"], &known["name"]), (&json!(100), &json!("connected")), "{desk:#}");
    assert_eq!(known["properties"][0]["value"], "1.0.0");
    assert!(known["at"].as_str() < desk["at"].as_str(), "{desk:#}");

    recorder.let_go("init-machine", "desk");
    let desk = daemon.until_state("desk", "ready");
    assert_eq!((&desk["status"], desk.get("last_known")), (&json!(100), None), "{desk:#}");
}

#[test]
fn events_so_far_are_shown_and_end_and_followed_ones_go_on() {
    let daemon = Daemon::start();
    daemon.install("ostler_driver_virtual");
    let lines = |arguments: &[&str]| {
        let said = daemon.cli(&[&["--json", "events"], arguments].concat()).ok().stdout;
        said.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>()
    };
    let all = lines(&["--after", "0"]);
    let kinds: Vec<_> = all.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["driver.installed", "driver.enabled"]);
    // The latest, of which there are no more than these.
    assert_eq!(lines(&[]), all);
    assert_eq!(lines(&["--after", "1"]), all[1..]);
    assert_eq!(lines(&["--after", "0", "--follow", "--count", "2"]), all);
}

#[test]
fn an_error_that_a_driver_reports_of_itself_is_listed_with_it() {
    let (daemon, recorder) = (Daemon::start(), Recorder::start());
    daemon.install("ostler_driver_recording");
    daemon.add("left", "recording", &[&recorder.setting()]);
    assert_eq!(daemon.get("/api/machine/drivers/")[0]["driver_errors"], json!([]));
    daemon.cli(&["machine", "action", "left", "report", "-i", "message=Test error"]).ok();
    assert_eq!(daemon.get("/api/machine/drivers/")[0]["driver_errors"], json!(["Test error"]));
}
