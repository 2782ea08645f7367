//! Machines of a driver that a plugin brings: how many instances serve them, how they are found, and what a restart leaves.

use super::{add_counting, counting, each, enable, found, install, with_abc};
use ostler_tests::Daemon;
use serde_json::{Value, json};

/// A daemon with two active machines of one driver, `dock` and `ramp`, and `spare`, which is switched off.
fn with_three() -> Daemon {
    let daemon = Daemon::start();
    install(&daemon, &counting());
    enable(&daemon, "counting");
    add_counting(&daemon, "dock", &[]);
    daemon.until_state("dock", "ready");
    add_counting(&daemon, "ramp", &[]);
    daemon.until_state("ramp", "ready");
    add_counting(&daemon, "spare", &["--inactive"]);
    daemon.until_state("spare", "inactive");
    daemon
}

/// A property's value.
fn property(machine: &Value, key: &str) -> String {
    let properties = machine["properties"].as_array().unwrap();
    let found = properties.iter().find(|property| property["key"] == key);
    found.unwrap_or_else(|| panic!("no {key}: {machine:#}"))["value"].as_str().unwrap().to_owned()
}

fn path(daemon: &Daemon, name: &str) -> String {
    format!("/api/machine/{}/", daemon.machine(name)["pk"].as_str().unwrap())
}

#[test]
fn three_machines_of_a_driver_share_one_instance() {
    let daemon = with_three();
    let driver = &daemon.get("/api/machine/drivers/")[0];
    assert_eq!((&driver["machines"], &driver["usage"]["starts"]), (&json!(3), &json!(1)), "{driver:#}");
    // Counted by the instance itself: it was started once, and was given two machines.
    let counts = |name: &str| {
        let machine = daemon.machine(name);
        (property(&machine, "driver-starts"), property(&machine, "machine-number"))
    };
    assert_eq!(counts("dock"), ("1".to_owned(), "1".to_owned()));
    assert_eq!(counts("ramp"), ("1".to_owned(), "2".to_owned()));
    assert_eq!(daemon.machine("spare")["properties"], json!([]));
}

#[test]
fn machines_are_found_by_being_active_by_name_by_driver_and_by_type() {
    let daemon = with_three();
    assert_eq!(found(&daemon, "").len(), 3);
    let active = daemon.get("/api/machine/?active=true");
    assert_eq!(each(&active, "initialized"), ["true", "true"]);
    let inactive = daemon.get("/api/machine/?active=false");
    assert_eq!(each(&inactive, "initialized"), ["false"]);
    assert_eq!(found(&daemon, "search=dock"), ["dock"]);
    assert_eq!(found(&daemon, "search=dock&active=false"), [""; 0]);
    assert_eq!(found(&daemon, "search=dock&active=true"), ["dock"]);
    assert_eq!(found(&daemon, "driver=counting-printer&machine_type=label-printer").len(), 3);
    assert_eq!(found(&daemon, "machine_type=abc"), [""; 0]);
    assert_eq!(found(&daemon, "driver=virtual-printer"), [""; 0]);
}

#[test]
fn an_unknown_filter_is_refused_by_name() {
    let daemon = with_three();
    let (status, body) = daemon.request("GET", "/api/machine/?unknown_filter=x", None);
    assert_eq!(status, 400, "{body}");
    assert!(body["detail"].as_str().is_some_and(|detail| detail.contains("unknown_filter")), "{body}");
}

#[test]
fn machines_are_found_by_their_whole_name_and_by_being_initialised() {
    let daemon = with_three();
    add_counting(&daemon, "dock 2", &["--inactive"]);
    assert_eq!(found(&daemon, "search=dock").len(), 2);
    assert_eq!(found(&daemon, "name=dock"), ["dock"]);
    assert_eq!(found(&daemon, "name=dock&active=false"), [""; 0]);
    assert_eq!(found(&daemon, "initialized=true"), ["dock", "ramp"]);
    assert_eq!(found(&daemon, "active=false&initialized=false"), ["spare", "dock 2"]);
}

#[test]
fn a_machine_is_the_same_by_its_id_and_in_the_list() {
    let daemon = with_three();
    let listed = daemon.machine("dock");
    let mut alone = daemon.get(&path(&daemon, "dock"));
    alone["at"] = listed["at"].clone();
    assert_eq!(alone, listed);
}

#[test]
fn a_restart_succeeds_without_a_hook_and_leaves_the_properties() {
    let daemon = with_three();
    let before = daemon.machine("dock")["properties"].clone();
    let (status, body) = daemon.request("POST", &format!("{}restart/", path(&daemon, "dock")), None);
    assert_eq!((status, body), (200, json!({ "ok": true })));
    let machine = daemon.until_state("dock", "ready");
    assert_eq!(machine["properties"], before);
    assert_eq!(machine["machine_errors"], json!([]));
}

#[test]
fn a_property_says_how_it_is_to_be_shown() {
    let daemon = with_abc();
    daemon.add_of_type("abc", "bench", "xyz", &["UNIT=mm"]);
    let properties = daemon.machine("bench")["properties"].clone();
    let plain = json!({ "key": "Model", "value": "XYZ 1", "group": "", "type": "str", "max_progress": null });
    let progress = json!({ "key": "Ink", "value": "80", "group": "", "type": "progress", "max_progress": 100.0 });
    assert_eq!(properties, json!([plain, progress]));
}

#[test]
fn a_removed_machine_is_no_longer_among_the_others() {
    let daemon = with_three();
    assert_eq!(found(&daemon, "active=true"), ["dock", "ramp"]);
    let (status, _) = daemon.request("DELETE", &path(&daemon, "dock"), None);
    assert_eq!(status, 204);
    assert_eq!(found(&daemon, "active=true"), ["ramp"]);
}
