//! What is registered, what is refused, and when both end.

use super::{
    add_counting, component, counting, disable, drivers, each, enable, install, registry_errors, types, with_abc,
};
use ostler_tests::{
    Daemon,
    contract::{Contract, without_lines},
    place,
    plugin::{Bundle, another_build},
};
use serde_json::json;

/// A plugin with one driver, `virtual-printer`.
fn sample() -> Bundle {
    Bundle::new("sample", "1").driver("virtual.wasm", component("ostler_driver_virtual"))
}

/// A plugin with four drivers: two good ones, another one of the first's slug, and one that cannot print.
fn testing() -> Bundle {
    let first = component("ostler_driver_counting");
    let incomplete = Contract::read(|wit| without_lines(wit, "    print-labels: async func(")).component("driver");
    Bundle::new("testing", "1")
        .driver("first.wasm", first.clone())
        .driver("second.wasm", component("ostler_driver_zebra"))
        .driver("duplicate.wasm", another_build(&first, "duplicate"))
        .driver("incomplete.wasm", incomplete)
}

#[test]
fn without_a_plugin_there_is_one_type_no_driver_and_no_machine() {
    let daemon = Daemon::start();
    assert_eq!(types(&daemon), ["label-printer"]);
    assert_eq!(daemon.get("/api/machine/drivers/"), json!([]));
    assert_eq!(daemon.get("/api/machine/"), json!([]));
    assert_eq!(daemon.json(&["plugin", "list"]), json!([]));
    assert_eq!(registry_errors(&daemon), [""; 0]);
}

#[test]
fn a_driver_is_there_as_soon_as_its_plugin_is_enabled_and_not_before() {
    let daemon = Daemon::start();
    let pid = daemon.pid();
    let installed = install(&daemon, &sample());
    assert_eq!(installed["enabled"], json!(false), "{installed:#}");
    assert_eq!(drivers(&daemon), [""; 0]);
    let add = ["machine", "add", "desk", "--driver", "virtual-printer"];
    daemon.cli(&add).refused(1, &["virtual-printer", "not enabled"]);

    enable(&daemon, "sample");
    assert_eq!(drivers(&daemon), ["virtual-printer"]);
    assert_eq!(types(&daemon), ["label-printer"]);
    assert_eq!(daemon.get("/api/machine/"), json!([]));
    daemon.cli(&add).ok();
    daemon.until_state("desk", "ready");
    assert_eq!(daemon.pid(), pid);
}

#[test]
fn a_plugin_that_is_installed_and_not_enabled_changes_nothing_that_runs() {
    let daemon = Daemon::start();
    daemon.install("ostler_driver_counting");
    add_counting(&daemon, "dock", &[]);
    let before = daemon.until_state("dock", "ready");
    let (types, drivers) = (daemon.get("/api/machine/types/"), drivers(&daemon));

    install(&daemon, &testing());
    let broken = "package broken:broken@0.1.0;\n\ninterface broken {";
    install(&daemon, &Bundle::new("broken", "1").machine_type("broken", broken, "slug = 'broken'"));
    assert_eq!(daemon.get("/api/machine/types/"), types);
    assert_eq!(super::drivers(&daemon), drivers);
    assert_eq!(registry_errors(&daemon), [""; 0]);
    let after = daemon.machine("dock");
    assert_eq!((&after["state_since"], &after["properties"]), (&before["state_since"], &before["properties"]));
}

#[test]
fn of_four_drivers_a_duplicate_and_an_incomplete_one_are_refused_and_named() {
    let daemon = Daemon::start();
    install(&daemon, &sample());
    enable(&daemon, "sample");
    // What cannot be registered is told at the install, by file.
    let installed = install(&daemon, &testing());
    assert_eq!(each(&installed["drivers"], "slug"), ["counting-printer", "zebra-zpl", "null", "null"]);
    let said = daemon.cli(&["plugin", "show", "testing"]).ok().stdout;
    assert!(said.contains("duplicate.wasm: Cannot re-register driver 'counting-printer'"), "{said}");
    enable(&daemon, "testing");

    assert_eq!(drivers(&daemon), ["counting-printer", "virtual-printer", "zebra-zpl"]);
    let errors = registry_errors(&daemon);
    assert_eq!(errors.len(), 2, "{errors:#?}");
    for word in ["plugin 'testing', duplicate.wasm", "Cannot re-register driver 'counting-printer'"] {
        assert!(errors[0].contains(word), "'{word}' is not in: {}", errors[0]);
    }
    for word in ["plugin 'testing', incomplete.wasm", "`print-labels`", "is not implemented", "expected async func("] {
        assert!(errors[1].contains(word), "'{word}' is not in: {}", errors[1]);
    }
}

#[test]
fn the_first_driver_of_a_slug_stays_and_each_registered_one_runs() {
    let daemon = Daemon::start();
    let installed = install(&daemon, &testing());
    enable(&daemon, "testing");
    let first = &installed["drivers"][0]["digest"];
    let listed = daemon.json(&["driver", "list"]);
    let ours: Vec<_> = listed.as_array().unwrap().iter().filter(|of| of["slug"] == "counting-printer").collect();
    assert_eq!(ours.len(), 1, "nothing is kept of the duplicate: {listed:#}");
    assert_eq!(&ours[0]["digest"], first);

    add_counting(&daemon, "dock", &[]);
    daemon.until_state("dock", "ready");
    daemon.add("ramp", "zebra-zpl", &["CONNECTION=tcp://127.0.0.1:9100"]);
}

#[test]
fn a_disabled_plugin_takes_its_drivers_and_its_errors_away() {
    let daemon = Daemon::start();
    for plugin in [sample(), testing()] {
        let installed = install(&daemon, &plugin);
        enable(&daemon, installed["slug"].as_str().unwrap());
    }
    assert_eq!((drivers(&daemon).len(), registry_errors(&daemon).len()), (3, 2));
    disable(&daemon, "testing");
    assert_eq!(drivers(&daemon), ["virtual-printer"]);
    assert_eq!(registry_errors(&daemon), [""; 0]);
}

#[test]
fn a_driver_comes_and_goes_with_its_plugin_as_often_as_one_likes() {
    let daemon = Daemon::start();
    install(&daemon, &counting());
    enable(&daemon, "counting");
    add_counting(&daemon, "dock", &[]);
    for _ in 0..3 {
        let machine = daemon.until_state("dock", "ready");
        assert_eq!(machine["is_driver_available"], json!(true));
        assert_eq!(machine["driver"], json!("counting-printer"));
        assert_eq!(drivers(&daemon), ["counting-printer"]);

        disable(&daemon, "counting");
        let machine = daemon.until_state("dock", "driver-missing");
        assert_eq!(machine["is_driver_available"], json!(false));
        assert!(
            machine["state"]["reason"].as_str().unwrap().contains("the plugin 'counting', which is disabled"),
            "{machine:#}"
        );
        assert_eq!(drivers(&daemon), [""; 0]);
        enable(&daemon, "counting");
    }
    daemon.until_state("dock", "ready");
}

#[test]
fn a_machine_of_a_plugin_has_its_type_and_its_driver() {
    let daemon = with_abc();
    let machine = daemon.add_of_type("abc", "bench", "xyz", &["UNIT=mm"]);
    assert_eq!((&machine["machine_type"], &machine["driver"]), (&json!("abc"), &json!("xyz")));
    assert_eq!(machine["is_driver_available"], json!(true));
    assert_eq!(machine["status_model"], json!("AbcStatus"));
    // A driver of another type does not fit, and says so.
    daemon.install("ostler_driver_virtual");
    let add = ["machine", "add", "wrong", "--type", "abc", "--driver", "virtual-printer"];
    daemon.cli(&add).refused(1, &["'Virtual printer' is incompatible with machine type 'ABC'"]);
}

#[test]
fn machines_of_a_disabled_plugin_wait_also_over_a_restart_and_go_on_with_it() {
    let mut daemon = with_abc();
    daemon.add_of_type("abc", "bench", "xyz", &["UNIT=in", "M:LOCATION=Hall 3"]);
    let settings = daemon.json(&["machine", "show", "bench"])["settings"].clone();
    disable(&daemon, "abc");
    assert_eq!(types(&daemon), ["label-printer"]);
    let waits = |daemon: &Daemon| {
        let machine = daemon.until_state("bench", "driver-missing");
        let reason = machine["state"]["reason"].as_str().unwrap();
        assert!(reason.contains("Machine type 'abc' not found") && reason.contains("ostler plugin list"), "{reason}");
        daemon.cli(&["machine", "call", "bench", "multiply", "{}"]).refused(3, &["no function 'multiply'"]);
    };
    waits(&daemon);
    assert!(daemon.stop().success());
    daemon.restart();
    waits(&daemon);
    assert_eq!(registry_errors(&daemon), [""; 0], "what is switched off is not missed");

    enable(&daemon, "abc");
    daemon.until_state("bench", "ready");
    assert_eq!(daemon.json(&["machine", "show", "bench"])["settings"], settings);
    assert_eq!(daemon.json(&["machine", "call", "bench", "multiply", r#"{"x": 3, "y": 4}"#]), json!(12));
    // An enabled plugin is enabled after a restart, too.
    daemon.kill();
    daemon.restart();
    daemon.until_state("bench", "ready");
}

#[test]
fn a_removed_plugin_leaves_its_machines_and_a_new_install_finds_them() {
    let daemon = with_abc();
    daemon.add_of_type("abc", "bench", "xyz", &["UNIT=mm"]);
    let id = daemon.machine("bench")["pk"].clone();
    daemon.cli(&["plugin", "remove", "abc"]).ok();
    assert_eq!(daemon.json(&["plugin", "list"]), json!([]));
    assert_eq!(daemon.json(&["driver", "list"]), json!([]));
    assert_eq!(types(&daemon), ["label-printer"]);
    daemon.until_state("bench", "driver-missing");
    daemon.cli(&["plugin", "remove", "abc"]).refused(3, &["no plugin 'abc'"]);

    daemon.json(&["plugin", "install", &daemon.scratch().join("abc").to_string_lossy(), "--enable"]);
    let machine = daemon.until_state("bench", "ready");
    assert_eq!(machine["pk"], id);
}

#[test]
fn what_a_plugin_brought_says_so() {
    let daemon = with_abc();
    daemon.install("ostler_driver_virtual");
    let listed = daemon.json(&["driver", "list"]);
    let provider = |slug: &str| {
        let found = listed.as_array().unwrap().iter().find(|driver| driver["slug"] == slug).unwrap();
        found["provider_plugin"]["slug"].clone()
    };
    assert_eq!(provider("xyz"), json!("abc"));
    assert_eq!(provider("virtual-printer"), json!(null));
    let types = daemon.json(&["type", "list"]);
    let of = |slug: &str| types.as_array().unwrap().iter().find(|of| of["slug"] == slug).unwrap();
    assert_eq!((&of("abc")["provider_plugin"]["slug"], &of("abc")["is_builtin"]), (&json!("abc"), &json!(false)));
    let builtin = of("label-printer");
    assert_eq!((&builtin["provider_plugin"], &builtin["is_builtin"]), (&json!(null), &json!(true)));
}

#[test]
fn a_driver_that_was_there_before_a_plugin_is_not_taken_over() {
    let daemon = Daemon::start();
    let mine = component("ostler_driver_counting");
    let file = place::guest("ostler_driver_counting");
    daemon.json(&["driver", "install", &file.to_string_lossy(), "--enable"]);
    let plugin = Bundle::new("late", "1").driver("counting.wasm", another_build(&mine, "late"));
    let installed = install(&daemon, &plugin);
    let problem = installed["drivers"][0]["problem"].as_str().unwrap();
    assert!(problem.contains("Cannot re-register driver 'counting-printer': it was installed by itself"), "{problem}");
    for change in [enable, disable] {
        change(&daemon, "late");
        assert_eq!(drivers(&daemon), ["counting-printer"]);
    }
}

#[test]
fn the_very_same_component_belongs_to_whoever_brought_it_first() {
    let daemon = Daemon::start();
    install(&daemon, &counting());
    enable(&daemon, "counting");
    let again = Bundle::new("again", "1").driver("counting.wasm", component("ostler_driver_counting"));
    let installed = install(&daemon, &again);
    let problem = installed["drivers"][0]["problem"].as_str().unwrap_or_default();
    let words = "Cannot re-register driver 'counting-printer': plugin 'counting' brought it first";
    assert!(problem.contains(words), "{installed:#}");
    // The second plugin neither runs the first one's driver nor stops it.
    for change in [enable, disable] {
        change(&daemon, "again");
        assert_eq!(drivers(&daemon), ["counting-printer"]);
    }
    disable(&daemon, "counting");
    enable(&daemon, "again");
    assert_eq!(drivers(&daemon), [""; 0]);

    let file = place::guest("ostler_driver_virtual");
    daemon.json(&["driver", "install", &file.to_string_lossy(), "--enable"]);
    install(&daemon, &sample());
    enable(&daemon, "sample");
    disable(&daemon, "sample");
    assert_eq!(drivers(&daemon), ["virtual-printer"]);
}

#[test]
fn a_machine_of_a_disabled_plugin_names_the_plugin_to_enable() {
    let daemon = Daemon::start();
    install(&daemon, &counting());
    enable(&daemon, "counting");
    add_counting(&daemon, "dock", &[]);
    daemon.until_state("dock", "ready");
    disable(&daemon, "counting");
    let machine = daemon.until_state("dock", "driver-missing");
    let reason = machine["state"]["reason"].as_str().unwrap();
    assert!(reason.contains("ostler plugin enable counting"), "{reason}");
    // Its driver alone cannot be let run past its plugin.
    let said = daemon.cli(&["driver", "enable", "counting-printer"]);
    said.refused(1, &["plugin 'counting'", "ostler plugin enable counting"]);
    assert_eq!(drivers(&daemon), [""; 0]);
}
