//! What an operator may set: wrong values are refused with a sentence that helps, and nothing of them is kept.
//!
//! * [`kinds`]: every kind of setting, in both scopes
//! * [`secrets`]: what goes in and never comes out
//! * [`choices`]: choices that a driver is asked for

mod choices;
mod kinds;
mod secrets;

use ostler_simulators::ZebraPrinter;
use ostler_tests::{Daemon, printer};
use serde_json::{Value, json};

fn id(daemon: &Daemon, machine: &str) -> String {
    daemon.machine(machine)["pk"].as_str().unwrap().to_owned()
}

/// The value of a setting in scope `driver`, as the API shows it.
fn value(daemon: &Daemon, machine: &str, key: &str) -> Value {
    daemon.get(&format!("/api/machine/{}/settings/D/{key}/", id(daemon, machine)))["value"].clone()
}

#[test]
fn a_wrong_value_is_refused_with_a_sentence_and_the_old_one_stays() {
    let (daemon, _zebra) = Daemon::with_zebra();
    daemon.json(&["machine", "set", "dock", "DARKNESS=10"]);
    let before = value(&daemon, "dock", "DARKNESS");
    assert_eq!(before, 10);

    let wrong: [(&str, &[&str]); 8] = [
        ("DARKNESS=31", &["DARKNESS", "31 is too large: the most is 30"]),
        ("DARKNESS=-1", &["DARKNESS", "-1 is too small: the least is 0"]),
        ("DARKNESS=dark", &["DARKNESS", "'dark' is not a whole number"]),
        ("DPMM=9", &["DPMM", "'9' is not one of the choices: 8, 12, 24"]),
        ("LABEL_WIDTH=wide", &["LABEL_WIDTH", "'wide' is not a number"]),
        ("CONNECTION=http://10.0.0.7/", &["CONNECTION", "'http'", "tcp or usb"]),
        ("CONNECTION=somewhere", &["CONNECTION", "not a URI", "tcp://10.0.0.7:9100"]),
        ("DRAKNESS=3", &["DRAKNESS", "there are: CONNECTION, DARKNESS, DPMM, ENCODING, LABEL_LENGTH, LABEL_SHIFT"]),
    ];
    for (setting, words) in wrong {
        daemon.cli(&["machine", "set", "dock", setting]).refused(1, words);
    }
    daemon.cli(&["machine", "set", "dock", "DARKNESS"]).refused(1, &["'DARKNESS' is not KEY=VALUE"]);
    daemon.cli(&["machine", "set", "dock"]).refused(2, &["KEY=VALUE"]);
    assert_eq!(value(&daemon, "dock", "DARKNESS"), before);
}

#[test]
fn settings_are_saved_together_or_not_at_all() {
    let (daemon, _zebra) = Daemon::with_zebra();
    daemon
        .cli(&["machine", "set", "dock", "DARKNESS=10", "LABEL_LENGTH=0", "DPMM=7"])
        .refused(1, &["LABEL_LENGTH: 0 is too small", "DPMM: '7' is not one of the choices"]);
    assert_eq!(value(&daemon, "dock", "DARKNESS"), json!(null));
    daemon.cli(&["machine", "set", "dock", "DARKNESS=10", "LABEL_LENGTH=100"]).ok();
    assert_eq!(value(&daemon, "dock", "DARKNESS"), 10);
    assert_eq!(value(&daemon, "dock", "LABEL_LENGTH"), 100.0);
}

#[test]
fn an_empty_value_goes_back_to_the_default() {
    let (daemon, _zebra) = Daemon::with_zebra();
    daemon.cli(&["machine", "set", "dock", "DPMM=12", "M:LOCATION=Hall 3"]).ok();
    assert_eq!(value(&daemon, "dock", "DPMM"), "12");
    daemon.cli(&["machine", "set", "dock", "DPMM=", "M:LOCATION="]).ok();
    assert_eq!(value(&daemon, "dock", "DPMM"), "8");
    let shown = daemon.cli(&["machine", "show", "dock"]).ok().stdout;
    assert!(shown.contains("M:LOCATION = -") && shown.contains("D:DPMM = 8"), "{shown}");
}

#[test]
fn settings_that_a_driver_refuses_together_are_not_saved() {
    let daemon = Daemon::start();
    daemon.install("ostler_driver_virtual");
    daemon.add("desk", "virtual-printer", &[]);
    // Each is allowed alone; together they are more dots than the host renders.
    let all = ["DPMM=24", "LABEL_WIDTH=300", "LABEL_LENGTH=1000"];
    daemon
        .cli(&[&["machine", "set", "desk"], all.as_slice()].concat())
        .refused(1, &["LABEL_LENGTH", "more than 100 million dots"]);
    assert_eq!(value(&daemon, "desk", "DPMM"), "8");
}

#[test]
fn a_required_setting_without_value_keeps_the_machine_incomplete_until_it_is_set() {
    let daemon = Daemon::start();
    daemon.install("ostler_driver_zebra");
    let zebra: ZebraPrinter = printer::zebra();
    daemon.json(&["machine", "add", "dock", "--driver", "zebra-zpl"]);
    let machine = daemon.until_state("dock", "incomplete");
    assert_eq!(machine["state"]["reason"], "Missing DRIVER settings: CONNECTION");
    assert_eq!(machine["initialized"], false);
    assert_eq!(zebra.connections().total, 0);

    daemon.cli(&["machine", "set", "dock", &format!("CONNECTION={}", zebra.uri())]).ok();
    daemon.until_state("dock", "ready");
    daemon.until_machine("dock", "connected", |machine| machine["status"] == 100);

    daemon.cli(&["machine", "set", "dock", "CONNECTION="]).ok();
    daemon.until_state("dock", "incomplete");
}

#[test]
fn a_wrong_setting_stops_a_machine_from_being_added_at_all() {
    let daemon = Daemon::start();
    daemon.install("ostler_driver_zebra");
    let add = ["machine", "add", "dock", "--driver", "zebra-zpl", "--set"];
    daemon.cli(&[&add[..], &["DARKNESS=99"]].concat()).refused(1, &["DARKNESS", "the most is 30"]);
    daemon.cli(&[&add[..], &["NOZZLE=1"]].concat()).refused(1, &["NOZZLE", "there are: CONNECTION"]);
    assert_eq!(daemon.json(&["machine", "list"]), json!([]));
}

#[test]
fn a_machine_that_is_not_there_is_exit_status_3() {
    let daemon = Daemon::start();
    for arguments in [
        &["machine", "show", "ghost"][..],
        &["machine", "set", "ghost", "DPMM=8"],
        &["machine", "restart", "ghost"],
        &["machine", "remove", "ghost"],
        &["machine", "log", "ghost"],
    ] {
        daemon.cli(arguments).refused(3, &["there is no machine 'ghost'", "ostler machine list"]);
    }
    daemon.cli(&["job", "show", "7"]).refused(3, &["7"]);
    daemon.cli(&["driver", "show", "ghost"]).refused(3, &["ghost"]);
}

#[test]
fn another_address_is_used_from_the_next_connection_on() {
    let (daemon, first) = Daemon::with_zebra();
    let second = printer::zebra();
    daemon.cli(&["machine", "set", "dock", &format!("CONNECTION={}", second.uri())]).ok();
    let png = ostler_tests::Label::four_by_six("MOVED").png();
    daemon.print_done("dock", &png);
    assert_eq!((first.label_count(), second.label_count()), (0, 1));
}
