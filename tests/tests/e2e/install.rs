//! Components that come and go: what is not a driver is refused by name, and nothing runs before an operator says so.

use ostler_tests::{
    Daemon, Label,
    contract::{Contract, without_lines},
    place, printer,
};
use serde_json::json;

#[test]
fn a_text_file_is_refused_and_the_message_says_how_to_build_a_driver() {
    let daemon = Daemon::start();
    let file = daemon.document("driver.wasm", b"print hello\n");
    let words = ["not a WebAssembly component", "cargo build --target wasm32-wasip2"];
    daemon.cli(&["driver", "install", &file.to_string_lossy()]).refused(1, &words);
    daemon.cli(&["driver", "install", "/nowhere/driver.wasm"]).refused(1, &["/nowhere/driver.wasm"]);
    assert_eq!(daemon.json(&["driver", "list"]), json!([]));
}

#[test]
fn a_core_module_and_a_cut_off_component_are_refused() {
    let daemon = Daemon::start();
    let whole = std::fs::read(place::guest("ostler_driver_zebra")).unwrap();
    // The first eight bytes of a core module: magic and version.
    for bytes in [&b"\0asm\x01\0\0\0"[..], &whole[..whole.len() / 2], &[]] {
        let file = daemon.document("driver.wasm", bytes);
        daemon.cli(&["driver", "install", &file.to_string_lossy()]).refused(1, &["component"]);
    }
    assert_eq!(daemon.json(&["driver", "list"]), json!([]));
    daemon.install("ostler_driver_zebra");
}

#[test]
fn a_component_that_is_no_driver_gets_every_missing_function_by_name() {
    let daemon = Daemon::start();
    let contract = Contract::read(str::to_owned);
    let functions = contract.lifecycle();
    assert!(functions.len() > 10 && functions.contains(&"init-machine".to_owned()), "{functions:?}");

    let file = daemon.document("nothing.wasm", &Contract::read(nothing).component("driver"));
    let said = daemon.cli(&["driver", "install", &file.to_string_lossy()]).refused(1, &["not a driver"]);
    for function in functions {
        assert!(said.stderr.contains(&format!("`{function}`")), "{function} is not in: {}", said.stderr);
    }
    // Which type it was meant for nobody knows, so the types are named and not their functions.
    assert!(said.stderr.contains("ostler:label-printer/printer@0.1.0"), "{}", said.stderr);
    assert_eq!(daemon.json(&["driver", "list"]), json!([]));
}

#[test]
fn a_driver_that_lacks_one_function_is_told_which_and_how_it_should_look() {
    let daemon = Daemon::start();
    let component = Contract::read(|wit| without_lines(wit, "    discover: async func()")).component("driver");
    let file = daemon.document("incomplete.wasm", &component);
    let said = daemon
        .cli(&["driver", "install", &file.to_string_lossy()])
        .refused(1, &["`discover`", "expected async func() -> result<list<"]);
    assert_eq!(said.stderr.matches("\n  - ").count(), 1, "{}", said.stderr);
}

#[test]
fn a_driver_that_imports_what_it_is_not_given_is_refused_by_name() {
    let daemon = Daemon::start();
    let greedy = |wit: &str| {
        let vault = "interface vault { open: func() -> string; }\n\nworld core {\n    import vault;";
        wit.replace("world core {", vault)
    };
    let file = daemon.document("greedy.wasm", &Contract::read(greedy).component("driver"));
    daemon
        .cli(&["driver", "install", &file.to_string_lossy()])
        .refused(1, &["it imports ostler:machine/vault@0.1.0, which no driver of type 'label-printer' is given"]);
    assert_eq!(daemon.json(&["driver", "list"]), json!([]));
}

#[test]
fn a_driver_that_cannot_say_what_it_is_is_not_installed() {
    let daemon = Daemon::start();
    // Every function is there, and each one traps.
    let file = daemon.document("mute.wasm", &Contract::read(str::to_owned).component("driver"));
    daemon.cli(&["driver", "install", &file.to_string_lossy()]).refused(1, &["`describe` of this driver failed"]);
    assert_eq!(daemon.json(&["driver", "list"]), json!([]));
}

#[test]
fn installing_twice_changes_nothing() {
    let daemon = Daemon::start();
    let file = place::guest("ostler_driver_zebra");
    let install = ["driver", "install", file.to_str().unwrap()];
    let first = daemon.json(&install);
    assert_eq!(daemon.json(&install), first);
    daemon.json(&["driver", "enable", "zebra-zpl"]);
    // Not even whether it is enabled.
    assert_eq!(daemon.json(&install)["enabled"], true);
    assert_eq!(daemon.json(&["driver", "list"]).as_array().unwrap().len(), 1);
}

#[test]
fn what_is_installed_shows_what_it_is_and_what_it_wants() {
    let daemon = Daemon::start();
    let file = place::guest("ostler_driver_zebra");
    let installed = daemon.json(&["driver", "install", file.to_str().unwrap()]);
    assert_eq!(installed["slug"], "zebra-zpl");
    assert_eq!(installed["machine_type"], "label-printer");
    assert_eq!(installed["contract"], "ostler:label-printer/printer@0.1.0");
    assert_eq!(installed["size"], std::fs::metadata(&file).unwrap().len());
    assert_eq!(installed["enabled"], false);
    assert_eq!(installed["info"]["grants"][0]["grant"], "link-local");
    let digest = installed["digest"].as_str().unwrap();
    assert!(digest.len() == 64 && digest.bytes().all(|digit| digit.is_ascii_hexdigit()), "{digest}");
    let imports = installed["imports"].as_array().unwrap();
    assert!(imports.contains(&json!("ostler:machine/host@0.1.0")), "{imports:?}");
    assert!(!imports.iter().any(|import| import.as_str().unwrap().contains("sockets")), "{imports:?}");

    assert_eq!(daemon.json(&["driver", "list"]), json!([installed]));
    let shown = daemon.cli(&["driver", "show", "zebra-zpl"]).ok().stdout;
    for word in
        [digest, "ostler:label-printer/printer@0.1.0", "ostler:machine/host@0.1.0", "CONNECTION", "requested grants"]
    {
        assert!(shown.contains(word), "'{word}' is not in: {shown}");
    }
    let said = daemon.cli(&["driver", "install", file.to_str().unwrap()]).ok().stdout;
    assert!(said.contains("It does not run yet: ostler driver enable zebra-zpl"), "{said}");
}

#[test]
fn a_driver_runs_only_after_it_was_enabled() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(place::guest("ostler_driver_zebra"), folder.path().join("zebra.wasm")).unwrap();
    let daemon = Daemon::builder().drivers(folder.path()).start();
    daemon.until("the driver is installed", |daemon| daemon.json(&["driver", "list"]) != json!([]));
    let drivers = daemon.json(&["driver", "list"]);
    assert_eq!(drivers[0]["slug"], "zebra-zpl");
    assert_eq!(drivers[0]["enabled"], false, "a folder of drivers installs and enables nothing");

    let printer = printer::zebra();
    let connection = format!("CONNECTION={}", printer.uri());
    let add = ["machine", "add", "dock", "--driver", "zebra-zpl", "--set", &connection];
    daemon.cli(&add).refused(1, &["zebra-zpl", "ostler driver enable zebra-zpl"]);
    daemon.cli(&["machine", "add", "dock", "--driver", "ghost"]).refused(1, &["ghost", "ostler driver install"]);
    assert_eq!(daemon.json(&["machine", "list"]), json!([]));
    assert_eq!(printer.connections().total, 0);

    daemon.cli(&["driver", "enable", "zebra-zpl"]).ok();
    daemon.cli(&add).ok();
    daemon.until_state("dock", "ready");
    assert!(printer.connections().total > 0);
}

#[test]
fn a_disabled_driver_stops_and_its_machines_wait_for_it() {
    let (daemon, zebra) = Daemon::with_zebra();
    daemon.cli(&["driver", "disable", "zebra-zpl"]).ok();
    let machine = daemon.until_state("dock", "driver-missing");
    let reason = machine["state"]["reason"].as_str().unwrap();
    assert!(reason.contains("ostler driver enable zebra-zpl"), "{reason}");
    assert_eq!(machine["is_driver_available"], false);

    let connections = zebra.connections().total;
    let job = daemon.print("dock", &Label::four_by_six("WAITS").png(), 1);
    assert_eq!(daemon.job(job)["state"], "queued");
    assert_eq!(zebra.connections().total, connections);
    daemon.cli(&["driver", "enable", "zebra-zpl"]).ok();
    assert_eq!(daemon.job_over(job)["state"], "done");
    assert_eq!(zebra.label_count(), 1);
}

/// A package whose worlds export nothing.
fn nothing(wit: &str) -> String {
    without_lines(wit, "    export ")
}
