//! What belongs to others is refused, each time with the rule and an entry in the audit: devices of other machines,
//! settings that nobody declared, the operator's settings, dangerous addresses, and the world outside.

use super::{daemon, print, prints, ready, refusals, says, set};
use ostler_tests::{Daemon, printer};
use serde_json::{Value, json};

/// A job of this machine fails with this kind and code; its error is returned.
#[track_caller]
fn fails(daemon: &Daemon, machine: &str, kind: &str, code: &str) -> Value {
    let job = daemon.job_over(print(daemon, machine));
    assert_eq!(job["state"], "failed", "{job:#}");
    assert_eq!((&job["error"]["kind"], &job["error"]["code"]), (&kind.into(), &code.into()), "{job:#}");
    job["error"]["message"].clone()
}

#[test]
fn a_handle_of_another_machine_reaches_no_device() {
    let daemon = daemon("");
    let victim = ready(&daemon, "victim", &["BEHAVIOUR=keep-handle"]);
    let thief = ready(&daemon, "thief", &["BEHAVIOUR=use-kept-handle", "TARGET=victim"]);
    for behaviour in ["use-kept-handle", "use-listed-handle"] {
        set(&daemon, "thief", &format!("BEHAVIOUR={behaviour}"));
        let message = fails(&daemon, "thief", "denied", "handle-without-call");
        says(&message, &["this handle to 'victim'", "no running call", "the handle that the call brought"]);
    }
    assert_eq!((victim.connections().total, thief.connections().total), (0, 0));
    let audit = refusals(&daemon, "handle-without-call");
    says(&audit[0]["subject"], &["victim"]);
    says(&audit[0]["who"], &["hostile"]);
    // A listed handle also reaches none while its machine prints.
    set(&daemon, "victim", "HOLD=middle");
    let job = print(&daemon, "victim");
    super::held(&daemon, "victim", "middle");
    fails(&daemon, "thief", "denied", "handle-without-call");
    set(&daemon, "victim", "HOLD=");
    assert_eq!(daemon.job_over(job)["state"], "done");
    assert_eq!(victim.connections().total, 1);
    prints(&daemon, "victim", &victim);
}

#[test]
fn only_declared_settings_are_there_and_only_addresses_lead_somewhere() {
    let daemon = daemon("");
    let printer = ready(&daemon, "curious", &["BEHAVIOUR=read-target", "TARGET=LABEL_WIDTH"]);
    // The virtual printer declares this key; here there is no such thing.
    let message = fails(&daemon, "curious", "invalid", "undeclared-setting");
    says(&message, &["there is no setting 'LABEL_WIDTH' here", "BEHAVIOUR, CONNECTION"]);
    set(&daemon, "curious", "BEHAVIOUR=connect-to-target");
    fails(&daemon, "curious", "invalid", "undeclared-setting");
    set(&daemon, "curious", "TARGET=BEHAVIOUR");
    let message = fails(&daemon, "curious", "denied", "not-a-device-uri");
    says(&message, &["'BEHAVIOUR'", "no permission to connect"]);
    assert_eq!(printer.connections().total, 0);
    set(&daemon, "curious", "BEHAVIOUR=honest");
    prints(&daemon, "curious", &printer);
}

#[test]
fn a_driver_cannot_lead_its_own_connection_elsewhere() {
    let daemon = daemon("");
    let elsewhere = printer::zebra();
    let target = format!("TARGET={}", elsewhere.uri());
    let own = ready(&daemon, "rewirer", &["BEHAVIOUR=rewire", &target]);
    let path = format!("/api/machine/{}/settings/D/CONNECTION/", daemon.machine("rewirer")["pk"].as_str().unwrap());
    prints(&daemon, "rewirer", &own);
    let machine = daemon.machine("rewirer");
    says(&machine["status_text"], &["operators-setting", "'CONNECTION' is the operator's alone"]);
    assert_eq!(elsewhere.connections().total, 0);
    assert_eq!(daemon.get(&path)["value"], own.uri());
    assert_eq!(refusals(&daemon, "operators-setting").len(), 1);
}

#[test]
fn addresses_that_are_no_devices_are_refused_however_they_are_written() {
    let daemon = daemon("");
    let printer = ready(&daemon, "typo", &[]);
    let own = printer.uri();
    let refused = [
        ("tcp://169.254.169.254:80", "metadata"),
        ("tcp://[fe80::a9fe:a9fe]:80", "metadata"),
        ("tcp://[::ffff:169.254.169.254]:80", "metadata"),
        ("tcp://2852039166:80", "metadata"),
        ("tcp://0xa9fea9fe:80", "metadata"),
        ("tcp://224.0.0.1", "multicast"),
        ("tcp://0.0.0.0:9100", "unspecified"),
    ];
    for (uri, rule) in refused {
        set(&daemon, "typo", &format!("CONNECTION={uri}"));
        let message = fails(&daemon, "typo", "denied", "address-refused");
        says(&message, &[rule, "addresses are refused", "set the device's own address"]);
    }
    let audit = refusals(&daemon, "address-refused");
    says(&audit[0]["subject"], &["typo"]);
    says(&audit[0]["after"]["message"], &["169.254.169.254", "metadata"]);
    // These take a grant, for which this driver does not ask.
    for uri in ["tcp://169.254.7.7:9100", "tcp://[fe80::1]:9100", "tcp://[::ffff:169.254.7.7]:9100"] {
        set(&daemon, "typo", &format!("CONNECTION={uri}"));
        let message = fails(&daemon, "typo", "denied", "grant-needed");
        says(&message, &["link-local", "this driver does not ask"]);
    }
    assert_eq!(printer.connections().total, 0);
    set(&daemon, "typo", &format!("CONNECTION={own}"));
    prints(&daemon, "typo", &printer);
}

#[test]
fn the_standard_library_finds_nothing_outside() {
    let daemon = daemon("");
    let printer = ready(&daemon, "explorer", &["BEHAVIOUR=std-io"]);
    let machine = daemon.machine("explorer");
    let found = machine["properties"].as_array().unwrap();
    let value = |key: &str| found.iter().find(|property| property["key"] == key).unwrap()["value"].clone();
    for door in
        ["read a file", "write a file", "list a folder", "resolve a name", "open a TCP connection", "bind a UDP socket"]
    {
        says(&value(door), &["error: "]);
    }
    for nothing in ["environment", "arguments", "standard input"] {
        assert_eq!(value(nothing), json!("0"), "{nothing}");
    }
    assert!(!std::path::Path::new("/tmp/hostile").exists());
    prints(&daemon, "explorer", &printer);
}
