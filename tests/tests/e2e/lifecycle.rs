//! Machines and daemons over their lives: switched off and on, renamed, restarted, removed, and found again.

use ostler_simulators::Fault;
use ostler_tests::{Daemon, Label, client, printer};
use serde_json::{Value, json};

#[test]
fn a_machine_that_is_switched_off_keeps_its_jobs_until_it_is_switched_on() {
    let (daemon, zebra) = Daemon::with_zebra();
    daemon.cli(&["machine", "deactivate", "dock"]).ok();
    let machine = daemon.until_state("dock", "inactive");
    assert_eq!((&machine["active"], &machine["initialized"]), (&json!(false), &json!(false)));
    let connections = zebra.connections().total;
    let job = daemon.print("dock", &Label::four_by_six("LATER").png(), 1);
    assert_eq!(daemon.job(job)["state"], "queued");
    assert_eq!(zebra.connections().total, connections);

    daemon.cli(&["machine", "activate", "dock"]).ok();
    assert_eq!(daemon.job_over(job)["state"], "done");
    assert_eq!(zebra.label_count(), 1);
}

#[test]
fn a_renamed_machine_answers_to_its_new_name_and_prints() {
    let (daemon, zebra) = Daemon::with_zebra();
    let id = daemon.machine("dock")["pk"].clone();
    daemon.cli(&["machine", "rename", "dock", "ramp 2"]).ok();
    assert_eq!(daemon.machine("ramp 2")["pk"], id);
    daemon.cli(&["machine", "show", "dock"]).refused(3, &["there is no machine 'dock'"]);
    daemon.print_done("ramp 2", &Label::four_by_six("RENAMED").png());
    assert_eq!(zebra.label_count(), 1);
    // Its id is a name that never changes.
    daemon.cli(&["machine", "show", id.as_str().unwrap()]).ok();
}

#[test]
fn a_name_is_given_once() {
    let (daemon, zebra) = Daemon::with_zebra();
    daemon.add_zebra("ramp", &zebra, &[]);
    daemon.cli(&["machine", "rename", "ramp", "dock"]).refused(1, &["dock"]);
    daemon.cli(&["machine", "add", "dock", "--driver", "zebra-zpl"]).refused(1, &["dock"]);
    daemon.cli(&["machine", "rename", "ramp", " "]).refused(1, &["give the machine a name"]);
    assert_eq!(daemon.json(&["machine", "list"]).as_array().unwrap().len(), 2);
}

#[test]
fn a_restart_clears_the_errors_that_a_machine_shows() {
    let (daemon, zebra) = Daemon::with_zebra();
    for hard in [&[][..], &["--hard"]] {
        zebra.set_fault(Fault::CloseAt { byte: 3000, reset: false }).unwrap();
        let job = daemon.print("dock", &Label::four_by_six("ERROR").png(), 1);
        assert_eq!(daemon.job_over(job)["state"], "unknown");
        daemon.until_machine("dock", "an error", |machine| machine["machine_errors"] != json!([]));
        zebra.clear_faults().unwrap();
        daemon.cli(&[&["machine", "restart", "dock"], hard].concat()).ok();
        daemon.until_machine("dock", "ready without errors", |machine| {
            machine["state"]["state"] == "ready" && machine["status"] == 100 && machine["machine_errors"] == json!([])
        });
    }
}

#[test]
fn a_removed_machine_is_gone_and_its_printer_left_alone() {
    let (daemon, zebra) = Daemon::with_zebra();
    let job = daemon.print_done("dock", &Label::four_by_six("LAST").png());
    daemon.cli(&["machine", "remove", "dock"]).ok();
    assert_eq!(daemon.json(&["machine", "list"]), json!([]));
    daemon.cli(&["machine", "show", "dock"]).refused(3, &["there is no machine 'dock'"]);
    // What was printed stays known.
    assert_eq!(daemon.json(&["job", "list"])[0]["id"], job["id"]);
    printer::until(&zebra, |_| zebra.connections().open == 0);

    // Another machine's pings show that time passed; the removed one's printer is not asked any more.
    let connections = zebra.connections().total;
    let other = printer::zebra();
    daemon.add_zebra("ramp", &other, &[]);
    daemon.until("the other machine was pinged some times", |_| other.connections().total > 4);
    assert_eq!(zebra.connections().total, connections);
}

#[test]
fn machines_settings_and_jobs_are_there_again_after_a_restart_of_the_daemon() {
    let (mut daemon, zebra) = Daemon::with_zebra();
    daemon.cli(&["machine", "set", "dock", "DARKNESS=9", "M:LOCATION=Hall 3"]).ok();
    let done = daemon.print_done("dock", &Label::four_by_six("BEFORE").png());
    zebra.set_fault(Fault::MediaOut).unwrap();
    let waiting = daemon.print("dock", &Label::four_by_six("ACROSS").png(), 1);
    daemon.until_job(waiting, "waiting", |job| job["state"] == "waiting");
    let settings = daemon.json(&["machine", "show", "dock"])["settings"].clone();

    assert!(daemon.stop().success());
    assert!(!daemon.data().join("ostler.sock").exists(), "the socket of a daemon that ended in order is gone");
    daemon.restart();
    daemon.until_state("dock", "ready");
    assert_eq!(daemon.json(&["machine", "show", "dock"])["settings"], settings);
    assert_eq!(daemon.job(done["id"].as_i64().unwrap()), done);
    zebra.clear_faults().unwrap();
    assert_eq!(daemon.job_over(waiting)["state"], "done");
    assert_eq!(zebra.label_count(), 2);
}

#[test]
fn what_was_known_last_is_shown_until_the_printer_is_heard_again() {
    let (mut daemon, zebra) = Daemon::with_zebra();
    zebra.set_fault(Fault::HeadOpen).unwrap();
    let before = daemon
        .until_machine("dock", "an open head", |machine| machine["status"] == 500 && machine["status_text"] != "");
    // In order: a status is written behind, so a daemon that is killed may not have written the latest.
    assert!(daemon.stop().success());
    // Connecting hangs, so that nothing new is found out.
    zebra.set_fault(Fault::Barrier).unwrap();
    daemon.restart();
    let after = daemon.machine("dock");
    assert_eq!((&after["status"], &after["status_title"]), (&json!(101), &json!("Unknown")), "{after:#}");
    let known = &after["last_known"];
    assert_eq!((&known["code"], &known["text"]), (&before["status"], &before["status_text"]), "{after:#}");

    zebra.clear_faults().unwrap();
    let heard = daemon.until_machine("dock", "connected", |machine| machine["status"] == 100);
    assert_eq!(heard.get("last_known"), None);
}

#[test]
fn a_second_daemon_on_a_folder_says_that_there_is_one() {
    let (daemon, zebra) = Daemon::with_zebra();
    let folder = daemon.data().display().to_string();
    daemon.cli(&["serve"]).refused(1, &["another", folder.as_str()]);
    // The first one did not notice.
    daemon.print_done("dock", &Label::four_by_six("FIRST").png());
    assert_eq!(zebra.label_count(), 1);
}

#[test]
fn a_command_without_a_daemon_says_how_to_start_one() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["machine", "list"][..], &["driver", "list"], &["job", "list"], &["events"]] {
        client::ostler(folder.path(), arguments).refused(1, &["no daemon answers", "ostler serve", "--data"]);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "a client writes nothing");
}

#[test]
fn a_wrong_limit_is_named_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ostler.toml");
    std::fs::write(&file, "[limits]\ncpu_silce_ms = 50\n").unwrap();
    let arguments = ["serve", "--config", file.to_str().unwrap()];
    client::ostler(&folder.path().join("data"), &arguments)
        .refused(1, &["ostler.toml:2", "cpu_silce_ms", "cpu_slice_ms"]);
}

#[test]
fn every_listing_is_json_for_programs_and_a_table_for_people() {
    let (daemon, _zebra) = Daemon::with_zebra();
    let job = daemon.print_done("dock", &Label::four_by_six("LIST").png())["id"].to_string();
    let listings: [(&[&str], &str); 9] = [
        (&["machine", "list"], "dock"),
        (&["machine", "show", "dock"], "zebra-zpl"),
        (&["machine", "log", "dock"], "is done"),
        (&["driver", "list"], "Zebra ZPL II"),
        (&["driver", "show", "zebra-zpl"], "CONNECTION"),
        (&["driver", "log", "zebra-zpl"], ""),
        (&["job", "list"], "counted"),
        (&["job", "show", &job], "dock"),
        (&["type", "list"], "label-printer"),
    ];
    for (arguments, word) in listings {
        let json = daemon.json(arguments);
        assert!(json.is_array() || json.is_object(), "{arguments:?}: {json}");
        assert!(json.to_string().contains(word), "{arguments:?}: {json}");
        let table = daemon.cli(arguments).ok().stdout;
        assert!(table.contains(word), "{arguments:?}: {table}");
        assert!(serde_json::from_str::<Value>(&table).is_err(), "{arguments:?} is JSON without being asked");
    }
}

#[test]
fn the_events_tell_the_story_in_order() {
    let (daemon, _zebra) = Daemon::with_zebra();
    let job = daemon.print_done("dock", &Label::four_by_six("STORY").png())["id"].clone();
    let mut states = Vec::new();
    let mut after = 0;
    while states.last().map(String::as_str) != Some("done") {
        let said = daemon.cli(&["--json", "events", "--after", &after.to_string(), "--count", "1"]).ok().stdout;
        let event: Value = serde_json::from_str(&said).unwrap();
        let id = event["id"].as_i64().unwrap();
        assert!(id > after, "{event}");
        after = id;
        if event["kind"] == "job.state-changed" && event["job"] == job {
            states.push(event["data"]["to"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(states, ["queued", "printing", "done"]);
}
