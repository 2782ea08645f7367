//! Plugins that come, change and go while the daemon runs: which types and drivers there are, and what becomes of the machines
//! that use them.
//!
//! * [`archives`]: files that are no plugins
//! * [`functions`]: the functions of a type that a plugin brings
//! * [`machines`]: machines of a driver that a plugin brings
//! * [`registration`]: what is registered, what is refused, and when both end
//! * [`types`]: machine types that cannot be registered
//! * [`upgrades`]: another version in place of the one before

mod archives;
mod functions;
mod machines;
mod registration;
mod types;
mod upgrades;

use ostler_tests::{
    Daemon, place,
    plugin::{self, Bundle},
};
use serde_json::Value;

/// The component of a driver by its crate's name.
fn component(guest: &str) -> Vec<u8> {
    std::fs::read(place::guest(guest)).unwrap()
}

/// A plugin with one driver, `counting-printer`, which counts its own starts.
fn counting() -> Bundle {
    Bundle::new("counting", "1").driver("counting.wasm", component("ostler_driver_counting"))
}

/// Installs a plugin from the command line.
#[track_caller]
fn install(daemon: &Daemon, plugin: &Bundle) -> Value {
    let file = daemon.document("plugin.tar", &plugin.archive());
    daemon.json(&["plugin", "install", &file.to_string_lossy()])
}

/// Installs and enables the plugin `abc` of the repository.
#[track_caller]
fn with_abc() -> Daemon {
    let daemon = Daemon::start();
    let folder = daemon.scratch().join("abc");
    plugin::assemble("abc", &folder);
    daemon.json(&["plugin", "install", &folder.to_string_lossy(), "--enable"]);
    daemon
}

#[track_caller]
fn enable(daemon: &Daemon, plugin: &str) {
    daemon.cli(&["plugin", "enable", plugin]).ok();
}

#[track_caller]
fn disable(daemon: &Daemon, plugin: &str) {
    daemon.cli(&["plugin", "disable", plugin]).ok();
}

/// Adds a machine of the driver `counting-printer`, and does not wait for it. Nothing is connected to before a job.
#[track_caller]
fn add_counting(daemon: &Daemon, name: &str, more: &[&str]) {
    let add = ["machine", "add", name, "--driver", "counting-printer", "--set", "CONNECTION=tcp://127.0.0.1:9100"];
    daemon.json(&[&add, more].concat());
}

/// One field of each entry of a list.
fn each(list: &Value, field: &str) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    list.as_array().unwrap().iter().map(|entry| text(&entry[field])).collect()
}

/// The slugs of the machine types.
fn types(daemon: &Daemon) -> Vec<String> {
    each(&daemon.get("/api/machine/types/"), "slug")
}

/// The slugs of the enabled drivers.
fn drivers(daemon: &Daemon) -> Vec<String> {
    each(&daemon.get("/api/machine/drivers/"), "slug")
}

/// What is wrong in the registry, each with its source in front.
fn registry_errors(daemon: &Daemon) -> Vec<String> {
    let status = daemon.get("/api/machine/status/");
    let errors = status["registry_errors"].as_array().unwrap();
    errors.iter().map(|error| format!("{}: {}", error["source"], error["message"])).collect()
}

/// The machines that a query finds, by name.
#[track_caller]
fn found(daemon: &Daemon, query: &str) -> Vec<String> {
    each(&daemon.get(&format!("/api/machine/?{query}")), "name")
}
