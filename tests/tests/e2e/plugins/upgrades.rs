//! Another version in place of the one before: types and drivers change while machines run.

use super::{component, counting, disable, drivers, each, enable, install, registry_errors, types};
use ostler_tests::{
    Daemon, place,
    plugin::{Bundle, another_build},
};
use serde_json::{Value, json};

/// The plugin `abc` as this version, with its drivers, and its texts changed like this.
fn abc(version: &str, drivers: &[&str], change: impl Fn(String) -> String) -> Bundle {
    let text =
        |file: &str| change(std::fs::read_to_string(place::repository().join("plugins/abc/abc").join(file)).unwrap());
    let plugin = Bundle::new("abc", version).machine_type("abc", &text("abc.wit"), &text("machine-type.toml"));
    drivers.iter().fold(plugin, |plugin, driver| {
        let built = component(&format!("ostler_driver_{}", driver.replace('-', "_")));
        plugin.driver(&format!("{driver}.wasm"), another_build(&built, version))
    })
}

fn same(text: String) -> String {
    text
}

/// A daemon with the first version, and a machine of each driver.
fn with_first() -> Daemon {
    let daemon = Daemon::start();
    install(&daemon, &abc("1", &["xyz", "xyz-lite"], same));
    enable(&daemon, "abc");
    daemon.add_of_type("abc", "bench", "xyz", &["UNIT=mm"]);
    daemon.add_of_type("abc", "lite", "xyz-lite", &[]);
    daemon
}

#[track_caller]
fn multiplies(daemon: &Daemon, machine: &str) {
    let product = daemon.json(&["machine", "call", machine, "multiply", r#"{"x": 3, "y": 4}"#]);
    assert_eq!(product, json!(12));
}

/// The digest of the enabled component of a driver.
fn enabled(daemon: &Daemon, driver: &str) -> Value {
    let all = daemon.get("/api/machine/drivers/");
    let found = all.as_array().unwrap().iter().find(|of| of["slug"] == driver);
    found.unwrap_or_else(|| panic!("{driver} is not among {all:#}"))["digest"].clone()
}

#[test]
fn machines_move_over_to_another_build_of_their_drivers() {
    let daemon = with_first();
    let before = enabled(&daemon, "xyz");
    let settings = daemon.json(&["machine", "show", "bench"])["settings"].clone();
    let installed = install(&daemon, &abc("2", &["xyz", "xyz-lite"], same));
    assert_eq!((&installed["version"], &installed["enabled"]), (&json!("2"), &json!(true)));
    assert_eq!(enabled(&daemon, "xyz"), installed["drivers"][0]["digest"]);
    assert_ne!(enabled(&daemon, "xyz"), before);
    for machine in ["bench", "lite"] {
        daemon.until_state(machine, "ready");
        multiplies(&daemon, machine);
    }
    assert_eq!(daemon.json(&["machine", "show", "bench"])["settings"], settings);
    assert_eq!(daemon.json(&["plugin", "list"]).as_array().unwrap().len(), 1);
    assert_eq!(registry_errors(&daemon), [""; 0]);
}

#[test]
fn a_changed_type_reaches_machines_that_run() {
    let daemon = with_first();
    let calibrated = |text: String| {
        text.replace("text = \"Connected\"", "text = \"At your service\"").replace("\"LOCATION\"", "\"ROOM\"")
    };
    install(&daemon, &abc("2", &["xyz", "xyz-lite"], calibrated));
    let machine = daemon.until_machine("bench", "the new type", |machine| {
        machine["status_title"] == "At your service" && machine["state"]["state"] == "ready"
    });
    assert_eq!(machine["status"], json!(100));
    let shown = daemon.cli(&["machine", "show", "bench"]).ok().stdout;
    assert!(shown.contains("M:ROOM") && !shown.contains("M:LOCATION"), "{shown}");
    assert!(shown.contains("D:UNIT = mm"), "what the type does not say is kept: {shown}");
    multiplies(&daemon, "bench");
}

#[test]
fn a_driver_that_another_version_does_not_bring_is_gone_and_its_machines_say_so() {
    let daemon = with_first();
    install(&daemon, &abc("2", &["xyz"], same));
    assert_eq!(drivers(&daemon), ["xyz"]);
    daemon.until_state("bench", "ready");
    let machine = daemon.until_state("lite", "driver-missing");
    assert!(machine["state"]["reason"].as_str().unwrap().contains("'xyz-lite'"), "{machine:#}");

    install(&daemon, &abc("3", &["xyz", "xyz-lite"], same));
    assert_eq!(drivers(&daemon), ["xyz", "xyz-lite"]);
    daemon.until_state("lite", "ready");
}

#[test]
fn components_that_do_not_fit_the_new_type_are_errors_until_they_are_built_again() {
    let daemon = with_first();
    let wider = |text: String| text.replace("x: s32, y: s32", "x: s64, y: s64");
    let installed = install(&daemon, &abc("2", &["xyz", "xyz-lite"], wider));
    let problem = installed["drivers"][0]["problem"].as_str().unwrap();
    assert!(problem.contains("`multiply`") && problem.contains("differs: expected"), "{problem}");
    assert_eq!(drivers(&daemon), [""; 0]);
    assert_eq!(registry_errors(&daemon).len(), 2);
    for machine in ["bench", "lite"] {
        daemon.until_state(machine, "driver-missing");
    }
    install(&daemon, &abc("1", &["xyz", "xyz-lite"], same));
    assert_eq!(registry_errors(&daemon), [""; 0]);
    for machine in ["bench", "lite"] {
        daemon.until_state(machine, "ready");
        multiplies(&daemon, machine);
    }
}

#[test]
fn a_type_that_breaks_in_an_upgrade_stops_its_machines_and_not_the_daemon() {
    let daemon = with_first();
    daemon.install("ostler_driver_virtual");
    daemon.add("desk", "virtual-printer", &[]);
    let since = daemon.machine("desk")["state_since"].clone();
    install(&daemon, &abc("2", &["xyz"], |text| text.replace("interface abc {", "interface abc")));
    assert_eq!(types(&daemon), ["label-printer"]);
    let errors = registry_errors(&daemon);
    assert!(errors.iter().any(|error| error.contains("plugin 'abc', abc") && error.contains("parse")), "{errors:?}");
    let machine = daemon.until_state("bench", "driver-missing");
    assert!(machine["state"]["reason"].as_str().unwrap().contains("Machine type 'abc' not found"), "{machine:#}");
    assert_eq!(daemon.machine("desk")["state_since"], since);

    install(&daemon, &abc("3", &["xyz", "xyz-lite"], same));
    for machine in ["bench", "lite"] {
        daemon.until_state(machine, "ready");
    }
    assert_eq!(registry_errors(&daemon), [""; 0]);
}

#[test]
fn a_disabled_plugin_stays_disabled_when_it_is_upgraded() {
    let daemon = with_first();
    disable(&daemon, "abc");
    let installed = install(&daemon, &abc("2", &["xyz", "xyz-lite"], same));
    assert_eq!(installed["enabled"], json!(false));
    assert_eq!((types(&daemon).len(), drivers(&daemon).len()), (1, 0));
    daemon.until_state("bench", "driver-missing");
    enable(&daemon, "abc");
    daemon.until_state("bench", "ready");
    assert_eq!(enabled(&daemon, "xyz"), installed["drivers"][0]["digest"]);
}

#[test]
fn the_same_version_again_disturbs_nobody() {
    let daemon = Daemon::start();
    install(&daemon, &counting());
    enable(&daemon, "counting");
    super::add_counting(&daemon, "dock", &[]);
    let before = daemon.until_state("dock", "ready");
    install(&daemon, &counting());
    enable(&daemon, "counting");
    let after = daemon.machine("dock");
    assert_eq!((&after["state_since"], &after["properties"]), (&before["state_since"], &before["properties"]));
    assert_eq!(each(&daemon.json(&["driver", "list"]), "slug"), ["counting-printer"]);
}
