//! Every kind of setting, in both scopes: what it takes, how it is stored, and what is said of what it does not take.

use super::id;
use ostler_tests::{Daemon, plugin};
use serde_json::{Value, json};
use std::fs;

/// The declarations of `tests/drivers/recording/hooks/src/settings.rs`, as a machine type writes them.
const DECLARED: &str = r#"
[[setting]]
key = "NOTE"
kind = "text"
constraints = [{ key = "max-length", value = "40" }]
[[setting]]
key = "LINES"
kind = "multi-line"
[[setting]]
key = "COUNT"
kind = "integer"
constraints = [{ key = "min", value = "0" }, { key = "max", value = "9" }, { key = "step", value = "3" }]
[[setting]]
key = "SHARE"
kind = "decimal"
units = "mm"
constraints = [{ key = "min", value = "0" }, { key = "max", value = "1" }, { key = "step", value = "0.25" }]
[[setting]]
key = "FLAG"
kind = "boolean"
[[setting]]
key = "SIZE"
kind = "choice"
choices = [{ value = "s", name = "Small" }, { value = "l", name = "Large" }]
[[setting]]
key = "PASSWORD"
kind = "secret"
[[setting]]
key = "SERVICE"
kind = "url"
[[setting]]
key = "PAUSE"
kind = "duration"
[[setting]]
key = "PART"
kind = "reference"
[[setting]]
key = "RECORDER"
kind = "device-uri"
constraints = [{ key = "schemes", value = "tcp" }]
"#;

/// A machine `desk` that is switched off, with a setting of every kind in scope `driver`.
fn with_driver_settings() -> Daemon {
    let daemon = Daemon::start();
    daemon.install("ostler_driver_recording");
    daemon.cli(&["machine", "add", "desk", "--driver", "recording", "--inactive"]).ok();
    daemon
}

/// A machine `desk` that is switched off, with a setting of every kind in scope `machine`: its type is that of scales,
/// with more settings than its plugin says.
fn with_machine_settings(more: &str) -> Daemon {
    let daemon = Daemon::start();
    let folder = daemon.scratch().join("scales");
    plugin::assemble("scale", &folder);
    let manifest = folder.join("scale/machine-type.toml");
    let declared = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, format!("{declared}{DECLARED}{more}")).unwrap();
    daemon.json(&["plugin", "install", &folder.to_string_lossy(), "--enable"]);
    daemon.cli(&["machine", "add", "desk", "--type", "scale", "--driver", "toledo-8217", "--inactive"]).ok();
    daemon
}

/// Writes a value through the API: HTTP status and answer.
fn write(daemon: &Daemon, scope: &str, key: &str, value: &Value) -> (u16, Value) {
    let path = format!("/api/machine/{}/settings/{scope}/{key}/", id(daemon, "desk"));
    let body = json!({ "value": value }).to_string().into_bytes();
    daemon.request("PUT", &path, Some(("application/json", body)))
}

fn read(daemon: &Daemon, scope: &str, key: &str) -> Value {
    daemon.get(&format!("/api/machine/{}/settings/{scope}/{key}/", id(daemon, "desk")))["value"].clone()
}

/// What each kind takes, as it is read back, and what it refuses.
fn takes_every_kind(daemon: &Daemon, scope: &str) {
    let long = "x".repeat(2001);
    let taken: [(&str, Value, Value); 19] = [
        ("NOTE", json!("a note"), json!("a note")),
        ("NOTE", json!(12), json!("12")),
        ("LINES", json!("two\nlines"), json!("two\nlines")),
        ("COUNT", json!(6), json!(6)),
        ("COUNT", json!("3"), json!(3)),
        ("COUNT", json!(0), json!(0)),
        ("SHARE", json!(0.25), json!(0.25)),
        ("SHARE", json!("1"), json!(1.0)),
        ("SHARE", json!(0), json!(0.0)),
        ("FLAG", json!(true), json!(true)),
        ("FLAG", json!("off"), json!(false)),
        ("FLAG", json!("Yes"), json!(true)),
        ("FLAG", json!(false), json!(false)),
        ("SIZE", json!("l"), json!("l")),
        ("PASSWORD", json!("rosebud"), json!("***")),
        ("SERVICE", json!("https://example.org/labels"), json!("https://example.org/labels")),
        ("PAUSE", json!(1500), json!(1500)),
        ("PART", json!("stock/7"), json!("stock/7")),
        ("RECORDER", json!("tcp://127.0.0.1:9"), json!("tcp://127.0.0.1:9")),
    ];
    for (key, proposed, stored) in taken {
        let (status, body) = write(daemon, scope, key, &proposed);
        assert_eq!((status, &body["value"]), (200, &stored), "{scope}:{key} = {proposed}: {body:#}");
        assert_eq!(read(daemon, scope, key), stored, "{scope}:{key}");
    }
    let refused: [(&str, Value, &str); 16] = [
        ("NOTE", json!("two\nlines"), "Only one line"),
        ("NOTE", json!("x".repeat(41)), "At most 40 characters"),
        ("LINES", json!(long), "At most 2000 characters"),
        ("COUNT", json!(1.5), "not a whole number"),
        ("COUNT", json!(12), "the most is 9"),
        ("COUNT", json!(4), "steps of 3 from 0"),
        ("SHARE", json!("much"), "not a number"),
        ("SHARE", json!("inf"), "not a finite number"),
        ("SHARE", json!(1.5), "the most is 1"),
        ("FLAG", json!("perhaps"), "neither true nor false"),
        ("SIZE", json!("m"), "not one of the choices: s, l"),
        ("SERVICE", json!("labels"), "not a URI"),
        ("PAUSE", json!(-1), "not a duration"),
        ("PART", json!({ "pk": 7 }), "Give a text, a number, true or false"),
        ("RECORDER", json!("usb:///dev/usb/lp0"), "use tcp"),
        ("PASSWORD", json!(long), "At most 2000 characters"),
    ];
    for (key, proposed, words) in refused {
        let before = read(daemon, scope, key);
        let (status, body) = write(daemon, scope, key, &proposed);
        let said = body[key][0].as_str().unwrap_or_default();
        assert!(status == 400 && said.contains(words), "{scope}:{key} = {proposed}: {status} {body}");
        assert_eq!(read(daemon, scope, key), before);
    }
    // The empty text is no value, and so is null. Text without a value is shown as empty, as upstream does.
    for (key, nothing) in [("NOTE", json!("")), ("COUNT", json!(null)), ("FLAG", json!("")), ("PASSWORD", json!(null))]
    {
        assert_eq!(write(daemon, scope, key, &nothing).0, 200);
        let shown = if matches!(key, "NOTE" | "PASSWORD") { json!("") } else { json!(null) };
        assert_eq!(read(daemon, scope, key), shown, "{scope}:{key}");
    }
}

#[test]
fn a_driver_has_settings_of_every_kind() {
    let daemon = with_driver_settings();
    takes_every_kind(&daemon, "D");
    // A kind that this host does not know is text, with the rules of text.
    assert_eq!(write(&daemon, "D", "COLOUR", &json!("red")).1["value"], "red");
    let (status, body) = write(&daemon, "D", "COLOUR", &json!("RED"));
    assert!(status == 400 && body.to_string().contains("[a-z]+"), "{body}");
    // The choices are the driver's, and it does not run.
    assert_eq!(write(&daemon, "D", "TRAY", &json!("anything")).0, 200);
}

#[test]
fn a_machine_type_has_settings_of_every_kind() {
    let daemon = with_machine_settings("");
    takes_every_kind(&daemon, "M");
}

#[test]
fn a_kind_that_is_not_known_is_text_also_in_a_machine_type() {
    let daemon = with_machine_settings("[[setting]]\nkey = \"COLOUR\"\nkind = \"colour-wheel\"\n");
    assert_eq!(write(&daemon, "M", "COLOUR", &json!("red")).1["value"], "red");
}

#[test]
fn decimals_keep_their_steps_as_whole_numbers_do() {
    let daemon = with_driver_settings();
    assert_eq!(write(&daemon, "D", "SHARE", &json!(0.75)).0, 200);
    let (status, body) = write(&daemon, "D", "SHARE", &json!(0.3));
    assert!(status == 400 && body.to_string().contains("steps of 0.25 from 0"), "{status} {body}");
    assert_eq!(read(&daemon, "D", "SHARE"), 0.75);
}

#[test]
fn a_key_that_is_not_declared_is_an_error_on_reading_and_on_writing() {
    let daemon = with_driver_settings();
    let machine = id(&daemon, "desk");
    for scope in ["D", "M"] {
        let path = format!("/api/machine/{machine}/settings/{scope}/WINGS/");
        let (status, body) = daemon.request("GET", &path, None);
        assert!(status == 404 && body["detail"].as_str().unwrap().contains("no setting 'WINGS'"), "{body}");
        assert_eq!(write(&daemon, scope, "WINGS", &json!("2")).0, 404);
        let all = json!({ scope: { "WINGS": "2" } }).to_string().into_bytes();
        let path = format!("/api/machine/{machine}/settings/");
        let (status, body) = daemon.request("PATCH", &path, Some(("application/json", all)));
        assert!(status == 400 && body.to_string().contains("there is no setting 'WINGS' here"), "{body}");
    }
    // A key of one scope is none of the other.
    assert_eq!(write(&daemon, "M", "NOTE", &json!("a")).0, 404);
    assert_eq!(write(&daemon, "D", "LOCATION", &json!("a")).0, 404);
    assert_eq!(write(&daemon, "X", "NOTE", &json!("a")).0, 404);
}

#[test]
fn keys_are_found_in_any_case() {
    let daemon = with_driver_settings();
    assert_eq!(write(&daemon, "D", "note", &json!("a")).1["key"], "NOTE");
    assert_eq!(write(&daemon, "m", "Location", &json!("Hall 3")).1["key"], "LOCATION");
    daemon.cli(&["machine", "set", "desk", "nOtE=b", "m:location=Hall 4"]).ok();
    assert_eq!((read(&daemon, "D", "NOTE"), read(&daemon, "M", "location")), (json!("b"), json!("Hall 4")));
}

#[test]
fn both_scopes_may_have_the_same_key() {
    let daemon = with_machine_settings("[[setting]]\nkey = \"CONNECTION\"\nkind = \"text\"\n");
    daemon.cli(&["machine", "set", "desk", "M:CONNECTION=by the window", "CONNECTION=tcp://127.0.0.1:9"]).ok();
    assert_eq!(read(&daemon, "M", "CONNECTION"), "by the window");
    assert_eq!(read(&daemon, "D", "CONNECTION"), "tcp://127.0.0.1:9");
}

#[test]
fn what_is_missing_is_listed_by_scope_and_false_and_zero_are_values() {
    let required = "required = true\n";
    let daemon = with_machine_settings(&format!(
        "[[setting]]\nkey = \"FLOOR\"\nkind = \"integer\"\n{required}[[setting]]\nkey = \"HEATED\"\nkind = \"boolean\"\n{required}"
    ));
    daemon.cli(&["machine", "activate", "desk"]).ok();
    let missing = daemon.until_state("desk", "incomplete")["state"]["reason"].clone();
    assert_eq!(missing, "Missing MACHINE settings: FLOOR, HEATED and DRIVER settings: CONNECTION");
    let still_missing = |setting: &str, reason: &str| {
        daemon.cli(&["machine", "set", "desk", setting]).ok();
        daemon.until_machine("desk", reason, |machine| machine["state"]["reason"] == reason);
    };
    still_missing("M:FLOOR=0", "Missing MACHINE settings: HEATED and DRIVER settings: CONNECTION");
    still_missing("M:HEATED=no", "Missing DRIVER settings: CONNECTION");
    still_missing("M:HEATED=", "Missing MACHINE settings: HEATED and DRIVER settings: CONNECTION");
    still_missing("M:HEATED=false", "Missing DRIVER settings: CONNECTION");
    daemon.cli(&["machine", "set", "desk", "CONNECTION=tcp://127.0.0.1:9"]).ok();
    daemon.until_state("desk", "ready");
}

#[test]
fn a_listing_has_every_setting_once_in_order_of_scope_and_key() {
    let daemon = with_driver_settings();
    let all = daemon.get(&format!("/api/machine/{}/settings/", id(&daemon, "desk")));
    let at =
        |setting: &Value| format!("{}:{}", setting["config_type"].as_str().unwrap(), setting["key"].as_str().unwrap());
    let listed: Vec<_> = all.as_array().unwrap().iter().map(at).collect();
    let expected = [
        "M:LOCATION",
        "D:BAUD",
        "D:BIN",
        "D:COLOUR",
        "D:COUNT",
        "D:FLAG",
        "D:LINES",
        "D:NOTE",
        "D:PART",
        "D:PASSWORD",
        "D:PAUSE",
        "D:RECORDER",
        "D:SERVICE",
        "D:SHARE",
        "D:SIZE",
        "D:TRAY",
    ];
    assert_eq!(listed, expected);
}
