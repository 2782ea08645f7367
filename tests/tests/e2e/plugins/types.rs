//! Machine types that cannot be registered: a registry error with its source, and a daemon that starts and works all the same.

use super::{component, enable, install, registry_errors, types};
use ostler_tests::{Daemon, place, plugin::Bundle};
use serde_json::json;

/// A file of the type `abc`.
fn abc(file: &str) -> String {
    std::fs::read_to_string(place::repository().join("plugins/abc/abc").join(file)).unwrap()
}

/// A plugin with the type `abc`, its texts changed like this, and a driver of label printers.
fn with_type(slug: &str, wit: impl Fn(String) -> String, manifest: impl Fn(String) -> String) -> Bundle {
    Bundle::new(slug, "1")
        .machine_type("abc", &wit(abc("abc.wit")), &manifest(abc("machine-type.toml")))
        .driver("virtual.wasm", component("ostler_driver_virtual"))
}

/// Enables a plugin whose type is bad: the error names the plugin and has these words, before and after a restart, and
/// the plugin's driver and the type that came with the runtime do their work.
#[track_caller]
fn is_an_error(plugin: &Bundle, words: &[&str]) {
    let mut daemon = Daemon::start();
    install(&daemon, plugin);
    enable(&daemon, "bad");
    for _ in 0..2 {
        let errors = registry_errors(&daemon);
        assert_eq!(errors.len(), 1, "{errors:#?}");
        assert!(errors[0].contains("plugin 'bad'"), "{}", errors[0]);
        assert!(words.iter().all(|word| errors[0].contains(word)), "{words:?} are not in: {}", errors[0]);
        assert_eq!(types(&daemon), ["label-printer"]);
        daemon.kill();
        daemon.restart();
    }
    daemon.add("desk", "virtual-printer", &[]);
    daemon.cli(&["plugin", "disable", "bad"]).ok();
    assert_eq!(registry_errors(&daemon), [""; 0]);
    daemon.until_state("desk", "driver-missing");
}

fn same(text: String) -> String {
    text
}

#[test]
fn a_wit_that_does_not_parse_is_a_registry_error() {
    let broken = |wit: String| wit.replace("enum status {", "enum status");
    is_an_error(&with_type("bad", broken, same), &["abc", "does not parse"]);
    is_an_error(&with_type("bad", |_| String::new(), same), &["abc"]);
    is_an_error(&with_type("bad", |_| "}{".repeat(1000), same), &["abc"]);
}

#[test]
fn a_wit_that_uses_what_is_not_there_is_a_registry_error() {
    let greedy = |wit: String| wit.replace("ostler:machine/types@0.1.0", "ghost:house/types@0.1.0");
    is_an_error(&with_type("bad", greedy, same), &["abc", "package that is not there"]);
    let unknown = |wit: String| wit.replace("types@0.1.0.{error}", "types@0.1.0.{error, horror}");
    is_an_error(&with_type("bad", unknown, same), &["abc", "horror"]);
}

#[test]
fn a_manifest_that_contradicts_its_wit_lists_everything_at_once() {
    let manifest = |text: String| {
        text.replace("default-status = \"disconnected\"", "default-status = \"asleep\"")
            .replace("optional = [\"measure\"]", "optional = [\"sing\"]")
            .replace("case = \"standby\"", "case = \"melted\"")
    };
    is_an_error(&with_type("bad", same, manifest), &["'abc'", "asleep", "`sing`", "'standby'", "'melted'"]);
    let contract = |text: String| text.replace("example:abc/abc@0.1.0", "example:abc/abc@0.2.0");
    is_an_error(&with_type("bad", same, contract), &["'abc'", "example:abc/abc@0.2.0"]);
    is_an_error(&with_type("bad", same, |text| text.replace("slug =", "slog =")), &["machine-type.toml", "slog"]);
}

#[test]
fn a_type_whose_slug_is_taken_is_refused_and_the_first_one_stays() {
    let taken = |text: String| text.replace("slug = \"abc\"", "slug = \"label-printer\"");
    is_an_error(&with_type("bad", same, taken), &["cannot re-register machine type 'label-printer'"]);

    let daemon = Daemon::start();
    install(&daemon, &with_type("first", same, same));
    // Another package, or the two would not even stand side by side.
    let renamed = |text: String| text.replace("example:abc", "other:abc").replace("\"ABC\"", "\"Other\"");
    install(&daemon, &with_type("second", renamed, renamed));
    enable(&daemon, "first");
    enable(&daemon, "second");
    assert_eq!(types(&daemon), ["abc", "label-printer"]);
    let of = daemon.json(&["type", "show", "abc"]);
    assert_eq!((&of["provider_plugin"]["slug"], &of["name"]), (&json!("first"), &json!("ABC")));
    let errors: Vec<_> = registry_errors(&daemon).into_iter().filter(|error| error.contains("re-register")).collect();
    assert!(errors.iter().any(|error| error.contains("plugin 'second'") && error.contains("type 'abc'")), "{errors:?}");

    // When the first one goes, the second takes its place.
    daemon.cli(&["plugin", "disable", "first"]).ok();
    assert_eq!(daemon.json(&["type", "show", "abc"])["provider_plugin"]["slug"], json!("second"));
}

#[test]
fn two_plugins_with_the_same_package_do_not_take_the_daemon_along() {
    let daemon = Daemon::start();
    install(&daemon, &with_type("first", same, same));
    let other_slug = |text: String| text.replace("slug = \"abc\"", "slug = \"abd\"");
    install(&daemon, &with_type("second", same, other_slug));
    enable(&daemon, "first");
    enable(&daemon, "second");
    assert!(types(&daemon).contains(&"abc".to_owned()));
    let errors = registry_errors(&daemon);
    assert!(
        errors.iter().any(|error| error.contains("plugin 'second'") && error.contains("example:abc")),
        "{errors:?}"
    );
}

#[test]
fn a_plugin_cannot_redefine_the_core_contract() {
    let other_core = "package ostler:machine@0.1.0;\n\ninterface host {\n    resource machine;\n}\n\ninterface types {\n    \
                      type error = string;\n}\n\nworld core {\n    import host;\n}\n";
    is_an_error(&with_type("bad", |_| other_core.to_owned(), same), &["ostler:machine"]);
    // The same, hidden behind a package of its own.
    let nested = |wit: String| {
        let core = other_core.replacen("package ostler:machine@0.1.0;", "package ostler:machine@0.1.0 {", 1);
        format!("{wit}\n{core}}}\n")
    };
    is_an_error(&with_type("bad", nested, same), &["ostler:machine"]);
    // And when it comes first in its plugin, before a type that is in order.
    let plugin = Bundle::new("bad", "1")
        .machine_type("core", other_core, "slug = 'core'")
        .machine_type("abc", &abc("abc.wit"), &abc("machine-type.toml"))
        .driver("virtual.wasm", component("ostler_driver_virtual"));
    is_an_error(&plugin, &["ostler:machine"]);
}

#[test]
fn a_driver_of_another_plugins_type_waits_for_that_plugin() {
    let daemon = Daemon::start();
    let kind = Bundle::new("kind", "1").machine_type("abc", &abc("abc.wit"), &abc("machine-type.toml"));
    install(&daemon, &kind);
    enable(&daemon, "kind");
    install(&daemon, &Bundle::new("lite", "1").driver("lite.wasm", component("ostler_driver_xyz_lite")));
    enable(&daemon, "lite");
    daemon.add_of_type("abc", "bench", "xyz-lite", &[]);

    daemon.cli(&["plugin", "disable", "kind"]).ok();
    daemon.until_state("bench", "driver-missing");
    let missing = |daemon: &Daemon| {
        let errors = registry_errors(daemon);
        assert!(errors.iter().any(|error| error.contains("'xyz-lite'") && error.contains("'abc'")), "{errors:?}");
    };
    missing(&daemon);
    daemon.cli(&["plugin", "disable", "lite"]).ok();
    enable(&daemon, "lite");
    missing(&daemon);

    enable(&daemon, "kind");
    daemon.until_state("bench", "ready");
    assert_eq!(registry_errors(&daemon), [""; 0], "what came back is missed no longer");
}

#[test]
fn a_type_that_cannot_be_registered_is_told_at_the_install() {
    let daemon = Daemon::start();
    let broken = |wit: String| wit.replace("enum status {", "enum status");
    let file = daemon.document("plugin.tar", &with_type("bad", broken, same).archive());
    let said = daemon.cli(&["plugin", "install", &file.to_string_lossy()]).ok().stdout;
    assert!(said.contains("does not parse"), "{said}");
}

#[test]
fn a_manifest_cannot_bring_what_is_the_operators_decision_alone() {
    let given = |kind: &'static str, default: &'static str| {
        move |manifest: String| {
            manifest.replace("kind = \"text\"\n", &format!("kind = \"{kind}\"\ndefault = \"{default}\"\n"))
        }
    };
    let operators = ["'LOCATION'", "operator's decision alone", "remove its default"];
    is_an_error(&with_type("bad", same, given("device-uri", "tcp://127.0.0.1:22")), &operators);
    is_an_error(&with_type("bad", same, given("secret", "open sesame")), &operators);
    is_an_error(&with_type("bad", same, given("integer", "many")), &["'LOCATION'", "not a value that it takes"]);
}

#[test]
fn types_that_would_fill_the_memory_when_they_are_written_out_are_a_registry_error() {
    let doubling = |wit: String| {
        let record = |n: u32| format!("record r{n} {{ a: r{}, b: r{} }}\n", n - 1, n - 1);
        let records = (1..60).map(record).collect::<Vec<_>>().concat();
        let first = "record r0 { a: u8, b: u8 }\n";
        wit.replace("interface abc {", &format!("interface abc {{\n{first}{records}"))
            .replace("x: s32, y: s32", "x: r59, y: s32")
    };
    is_an_error(&with_type("bad", doubling, same), &["`multiply`", "too large or too deep"]);
}

#[test]
fn a_driver_that_does_not_fit_another_version_of_another_plugins_type_is_disabled() {
    let daemon = Daemon::start();
    let kind =
        |version: &str, wit: String| Bundle::new("kind", version).machine_type("abc", &wit, &abc("machine-type.toml"));
    install(&daemon, &kind("1", abc("abc.wit")));
    enable(&daemon, "kind");
    daemon.install("ostler_driver_xyz_lite");
    daemon.add_of_type("abc", "bench", "xyz-lite", &[]);
    daemon.until_state("bench", "ready");

    install(&daemon, &kind("2", abc("abc.wit").replace("x: s32, y: s32", "x: s64, y: s64")));
    daemon.until_state("bench", "driver-missing");
    let errors = registry_errors(&daemon);
    let words = ["'xyz-lite'", "does not fit", "`multiply`", "it was disabled"];
    assert!(errors.iter().any(|error| words.iter().all(|word| error.contains(word))), "{errors:#?}");
    daemon.cli(&["driver", "enable", "xyz-lite"]).refused(1, &["does not fit the contracts", "`multiply`"]);

    install(&daemon, &kind("1", abc("abc.wit")));
    daemon.cli(&["driver", "enable", "xyz-lite"]).ok();
    daemon.until_state("bench", "ready");
}
