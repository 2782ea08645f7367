//! The OpenAPI document: what is checked in is what the routes make, and a running daemon does what it says.

use ostler_tests::{
    Ask, Daemon, client,
    counterpart::{Counterpart, missing, schemathesis},
    place, plugin,
};
use serde_json::{Value, json};

#[test]
fn the_document_in_the_repository_is_what_the_routes_make() {
    let folder = tempfile::tempdir().unwrap();
    let made = client::ostler(folder.path(), &["schema"]).ok().stdout;
    let kept = std::fs::read_to_string(place::repository().join("docs/openapi.json")).unwrap_or_default();
    assert!(made == kept, "docs/openapi.json is another one: `cargo run -- schema > docs/openapi.json` writes it");
}

#[test]
fn every_answer_of_a_running_daemon_is_documented_whatever_it_is_asked() {
    if missing("schema::every_answer_of_a_running_daemon", &[Counterpart::Schemathesis]) {
        return;
    }
    let daemon = Daemon::builder().network().start();
    daemon.install("ostler_driver_virtual");
    daemon.add("screen", "virtual-printer", &[]);
    let token = daemon.token("tester", "admin", &[]);
    // The stream never ends, and whoever revokes the tester's token ends the test.
    let leave = ["/api/events/", "/api/token/{id}/"];
    schemathesis(&format!("http://{}", daemon.address()), "/api/schema/", &token, &leave);
    // It is well after all of that.
    daemon.ask("GET", "/api/machine/status/", Ask::token(&token)).is(200);
}

#[test]
fn functions_of_a_plugins_type_are_in_the_document_with_their_own_parameters() {
    let daemon = Daemon::start();
    let of =
        |daemon: &Daemon| daemon.get("/api/schema/")["paths"]["/api/machine/{id}/call/read-weight/"]["post"].clone();
    assert_eq!(of(&daemon), Value::Null);
    let folder = daemon.scratch().join("scale");
    plugin::assemble("scale", &folder);
    daemon.json(&["plugin", "install", &folder.to_string_lossy(), "--enable"]);
    let call = of(&daemon);
    let taken = &call["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(taken["properties"]["stable"], json!({ "type": "boolean" }), "{call:#}");
    let returned = &call["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["ok"];
    assert!(returned["properties"].as_object().is_some_and(|fields| !fields.is_empty()), "{call:#}");
    let shown = daemon.json(&["type", "show", "scale"]);
    let function = shown["functions"].as_array().unwrap().iter().find(|of| of["name"] == "read-weight").unwrap();
    assert_eq!(&function["parameters"], taken);
}
