//! What clients know that were written for InvenTree: its paths, its fields, its words. Over the network, as they come.

use ostler_simulators::ZebraPrinter;
use ostler_tests::{Ask, Daemon, Recorder, dots, printer, until};
use serde_json::{Value, json};

/// A label with one field, of the size that simulated printers have loaded.
const TAG: &str = r#"/* ostler-template
name = "tag"
title = "Tag"
size = { width-mm = 101.5, height-mm = 152.25 }
[fields.part]
kind = "text"
required = true
sample = "M4x12"
*/
#place(top + left, dx: 5mm, dy: 5mm, text(size: 20pt)[#fields.part])
"#;

/// A client that knows an address and a token.
struct Client {
    daemon: Daemon,
    token: String,
}

impl Client {
    fn new() -> Self {
        let daemon = Daemon::builder().network().start();
        let token = daemon.token("inventree", "admin", &[]);
        Self { daemon, token }
    }

    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let ask = Ask::default().header("authorization", &format!("Token {}", self.token));
        let said = self.daemon.ask(method, path, body.map_or(ask.clone(), |body| ask.json(body)));
        (said.status, said.json())
    }

    #[track_caller]
    fn get(&self, path: &str) -> Value {
        let (status, said) = self.ask("GET", path, None);
        assert_eq!(status, 200, "GET {path}: {said}");
        said
    }

    #[track_caller]
    fn done(&self, method: &str, path: &str, body: &Value, status: u16) -> Value {
        let (answered, said) = self.ask(method, path, Some(body));
        assert_eq!(answered, status, "{method} {path} {body}: {said}");
        said
    }

    /// Adds a machine of a Zebra printer and waits until it takes calls.
    fn zebra(&self, name: &str, printer: &ZebraPrinter) -> String {
        self.daemon.install("ostler_driver_zebra");
        let made = json!({ "name": name, "machine_type": "label-printer", "driver": "zebra-zpl", "active": true });
        let id = self.done("POST", "/api/machine/", &made, 201)["pk"].as_str().unwrap().to_owned();
        let value = json!({ "value": printer.uri() });
        self.done("PATCH", &format!("/api/machine/{id}/settings/D/CONNECTION/"), &value, 200);
        let path = format!("/api/machine/{id}/");
        until("the machine is initialised", || self.get(&path)["initialized"] == true);
        id
    }

    /// Stores the tag with rows for these parts, and answers with the numbers of both.
    fn tag(&self, parts: &[&str]) -> (i64, Vec<i64>) {
        let ask = Ask::token(&self.token).body("text/plain", TAG);
        let template = self.daemon.ask("POST", "/api/template/", ask).is(201).json()["pk"].as_i64().unwrap();
        let rows: Vec<_> = parts.iter().map(|part| json!({ "part": part })).collect();
        let kept = self.done("POST", "/api/template/tag/row/", &json!(rows), 201);
        (template, kept.as_array().unwrap().iter().map(|row| row["pk"].as_i64().unwrap()).collect())
    }

    /// Waits until an output is complete or will not be, and returns it.
    fn output_over(&self, output: &Value) -> Value {
        let path = format!("/api/data-output/{}/", output["pk"]);
        until("the output is over", || {
            let now = self.get(&path);
            now["complete"] == true || now["errors"].is_object()
        });
        self.get(&path)
    }
}

/// Whether a field error says something.
#[track_caller]
fn says(said: &Value, field: &str, words: &str) {
    let message = said[field][0].as_str().unwrap_or_else(|| panic!("no message about {field}: {said}"));
    assert!(message.contains(words), "{message}");
}

#[test]
fn a_client_of_upstream_lists_creates_configures_restarts_prints_to_and_deletes_a_machine() {
    let client = Client::new();
    assert_eq!(client.get("/api/machine/"), json!([]));
    let printer = printer::zebra();
    let id = client.zebra("dock", &printer);
    let path = format!("/api/machine/{id}/");
    let machine = client.get(&path);
    assert_eq!(client.get("/api/machine/").as_array().unwrap().len(), 1);
    for (field, value) in [
        ("pk", json!(id)),
        ("name", json!("dock")),
        ("machine_type", json!("label-printer")),
        ("driver", json!("zebra-zpl")),
        ("active", json!(true)),
        ("initialized", json!(true)),
        ("status_model", json!("LabelPrinterStatus")),
        ("is_driver_available", json!(true)),
        ("restart_required", json!(false)),
        ("machine_errors", json!([])),
    ] {
        assert_eq!(machine[field], value, "{field}: {machine:#}");
    }
    let status = client.get("/api/generic/status/")["LabelPrinterStatus"]["values"].clone();
    let known = status.as_object().unwrap().values().find(|value| value["key"] == machine["status"]).unwrap();
    assert_eq!(known["label"], machine["status_title"]);

    let renamed = client.done("PATCH", &path, &json!({ "name": "gate" }), 200);
    assert_eq!((&renamed["name"], &client.get(&path)["name"]), (&json!("gate"), &json!("gate")));
    assert_eq!(client.done("POST", &format!("{path}restart/"), &json!({}), 200)["ok"], true);

    let (template, rows) = client.tag(&["M4x12", "M5x20"]);
    let listed = client.get("/api/label/template/");
    assert!(listed.as_array().unwrap().iter().any(|of| of["pk"] == template && of["width"] == 101.5), "{listed}");
    until("the machine is initialised again", || client.get(&path)["initialized"] == true);
    let order = json!({ "template": template, "items": rows, "machine": id, "driver_options": { "copies": 1 } });
    let output = client.done("POST", "/api/label/print/", &order, 201);
    assert_eq!(
        (&output["total"], &output["output_type"], &output["output"]),
        (&json!(2), &json!("label"), &Value::Null)
    );
    assert_eq!(output["user"], "token:inventree");
    let output = client.output_over(&output);
    assert_eq!((&output["complete"], &output["progress"], &output["errors"]), (&json!(true), &json!(2), &Value::Null));
    assert_eq!(printer.label_count(), 2);
    assert_eq!(client.get("/api/data-output/")[0]["pk"], output["pk"]);

    assert_eq!(client.ask("DELETE", &path, None).0, 204);
    assert_eq!(client.ask("GET", &path, None).0, 404);
    assert_eq!(client.get("/api/machine/"), json!([]));
}

#[test]
fn types_and_drivers_have_upstreams_fields() {
    let client = Client::new();
    client.daemon.install("ostler_driver_recording");
    let of = client.get("/api/machine/types/")[0].clone();
    assert_eq!((&of["slug"], &of["name"]), (&json!("label-printer"), &json!("Label Printer")));
    assert_eq!(of["description"], "Directly print labels for various items.");
    assert_eq!((&of["provider_plugin"], &of["is_builtin"]), (&Value::Null, &json!(true)));
    let driver = client.get("/api/machine/drivers/?machine_type=label-printer")[0].clone();
    assert_eq!((&driver["slug"], &driver["machine_type"]), (&json!("recording"), &json!("label-printer")));
    assert_eq!((&driver["is_builtin"], &driver["driver_errors"]), (&json!(false), &json!([])));
    assert!(driver["name"].is_string() && driver["description"].is_string() && driver["digest"].is_string());
    assert_eq!(client.get("/api/machine/drivers/?machine_type=scale"), json!([]));
}

#[test]
fn a_machine_whose_driver_is_not_there_is_added_and_says_so() {
    let client = Client::new();
    let made = json!({ "name": "later", "machine_type": "label-printer", "driver": "non-existent-driver" });
    let machine = client.done("POST", "/api/machine/", &made, 201);
    let path = format!("/api/machine/{}/", machine["pk"].as_str().unwrap());
    until("it says what it waits for", || client.get(&path)["state"]["state"] == "driver-missing");
    let machine = client.get(&path);
    says(&machine, "machine_errors", "Driver 'non-existent-driver' not found");
    assert_eq!((&machine["initialized"], &machine["is_driver_available"]), (&json!(false), &json!(false)));
    // Somebody at a keyboard rather mistyped.
    let add = ["machine", "add", "typo", "--driver", "zebar-zpl"];
    client.daemon.cli(&add).refused(1, &["zebar-zpl", "--pending"]);
    client.daemon.cli(&[&add[..], &["--pending"]].concat()).ok();
}

#[test]
fn machines_are_filtered_searched_ordered_and_paged_as_upstream_does() {
    let client = Client::new();
    for (name, active) in [("cutter", false), ("Anvil", true), ("bench", true)] {
        let made = json!({ "name": name, "machine_type": "label-printer", "driver": "none", "active": active });
        client.done("POST", "/api/machine/", &made, 201);
    }
    let names = |path: &str| -> Vec<String> {
        let said = client.get(path);
        let list = said["results"].as_array().or_else(|| said.as_array()).unwrap();
        list.iter().map(|machine| machine["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("/api/machine/"), ["Anvil", "bench", "cutter"], "active ones first, then oldest first");
    assert_eq!(names("/api/machine/?ordering=-name"), ["cutter", "bench", "Anvil"]);
    assert_eq!(names("/api/machine/?ordering=active,name"), ["cutter", "Anvil", "bench"]);
    assert_eq!(names("/api/machine/?active=false"), ["cutter"]);
    assert_eq!(names("/api/machine/?search=N&ordering=name"), ["Anvil", "bench", "cutter"]);
    assert_eq!(names("/api/machine/?search=NVI"), ["Anvil"]);
    assert_eq!(names("/api/machine/?machine_type=scale"), [""; 0]);
    let page = client.get("/api/machine/?ordering=name&limit=2");
    assert_eq!(
        (&page["count"], &page["next"], &page["previous"]),
        (&json!(3), &json!("?limit=2&offset=2"), &Value::Null)
    );
    assert_eq!(names("/api/machine/?ordering=name&limit=2&offset=2"), ["cutter"]);
    let (status, said) = client.ask("GET", "/api/machine/?ordering=size", None);
    assert_eq!(status, 400);
    says(&said, "ordering", "'size'");
}

#[test]
fn settings_are_read_and_written_with_upstreams_fields() {
    let client = Client::new();
    client.daemon.install("ostler_driver_recording");
    let made = json!({ "name": "left", "machine_type": "label-printer", "driver": "recording", "active": false });
    let id = client.done("POST", "/api/machine/", &made, 201)["pk"].as_str().unwrap().to_owned();
    let listed = client.get(&format!("/api/machine/{id}/settings/"));
    let listed = listed.as_array().unwrap();
    let keys: Vec<_> = listed
        .iter()
        .map(|one| format!("{}/{}", one["config_type"].as_str().unwrap(), one["key"].as_str().unwrap()))
        .collect();
    assert_eq!(keys[0], "M/LOCATION");
    assert!(keys[1..].iter().all(|key| key.starts_with("D/")) && keys[1..].is_sorted(), "{keys:?}");
    for one in listed {
        for field in
            ["pk", "api_url", "typ", "key", "type", "name", "description", "choices", "units", "required", "confirm"]
        {
            assert!(one.get(field).is_some(), "{field} of {one}");
        }
    }
    for (scope, key) in [("M", "LOCATION"), ("D", "NOTE")] {
        let path = format!("/api/machine/{id}/settings/{scope}/{key}/");
        assert_eq!(client.get(&path)["value"], "", "{key}");
        assert_eq!(client.done("PATCH", &path, &json!({ "value": "12" }), 200)["value"], "12");
        assert_eq!(client.get(&path.to_lowercase().replace("/m/", "/M/").replace("/d/", "/D/"))["value"], "12");
    }
    assert_eq!(
        client.ask("GET", "/api/machine/00000000-0000-7000-8000-000000000000/settings/M/LOCATION/", None).0,
        404
    );
    assert_eq!(client.ask("GET", &format!("/api/machine/{id}/settings/M/NOTHING/"), None).0, 404);
}

#[test]
fn a_change_of_what_somebody_else_changed_meanwhile_is_refused() {
    let client = Client::new();
    let made = json!({ "name": "later", "machine_type": "label-printer", "driver": "none", "active": false });
    let machine = client.done("POST", "/api/machine/", &made, 201);
    let path = format!("/api/machine/{}/", machine["pk"].as_str().unwrap());
    let seen = client.get(&path)["revision"].clone();
    client.done("PATCH", &path, &json!({ "name": "one", "revision": seen }), 200);
    let lost = client.done("PATCH", &path, &json!({ "name": "two", "revision": seen }), 409);
    assert!(lost["detail"].as_str().unwrap().contains("read it again"), "{lost}");
    assert_eq!(client.get(&path)["name"], "one");
    let write = json!({ "value": "hall 3", "revision": seen });
    client.done("PATCH", &format!("{path}settings/M/LOCATION/"), &write, 409);
    let write = json!({ "value": "hall 3", "revision": client.get(&path)["revision"] });
    client.done("PATCH", &format!("{path}settings/M/LOCATION/"), &write, 200);
    assert_ne!(client.get(&path)["revision"], write["revision"]);
    // Who says nothing about it, as upstream's clients, overwrites.
    client.done("PATCH", &path, &json!({ "name": "three" }), 200);
}

#[test]
fn a_print_request_that_is_wrong_is_refused_by_field_and_nothing_is_printed() {
    let client = Client::new();
    let printer = printer::zebra();
    let id = client.zebra("dock", &printer);
    let (template, rows) = client.tag(&["M4x12"]);
    let order = |field: &str, value: Value| {
        let mut order = json!({ "template": template, "items": rows, "machine": id });
        order[field] = value;
        client.done("POST", "/api/label/print/", &order, 400)
    };
    says(&order("template", json!(9999)), "template", "object does not exist");
    says(&order("items", json!([])), "items", "list may not be empty");
    says(&order("items", Value::Null), "items", "may not be null");
    says(&order("items", json!([999])), "items", "no row 999");
    says(&order("machine", json!("00000000-0000-7000-8000-000000000000")), "machine", "is not a valid choice");
    says(&order("machine", json!("dock")), "machine", "is not a valid choice");
    says(&order("plugin", json!("nothing")), "plugin", "Plugin not found");
    says(&order("driver_options", json!({ "darkness": "dark" })), "driver_options", "darkness");
    says(&order("driver_options", json!({ "copies": 0 })), "driver_options", "0 copies");
    let (status, said) = client.ask("POST", "/api/label/print/", Some(&json!({})));
    assert_eq!(status, 400);
    says(&said, "template", "required");
    assert_eq!((client.get("/api/job/"), printer.label_count()), (json!([]), 0));

    let flat = TAG.replace("width-mm = 101.5", "width-mm = 0");
    let said = client.daemon.ask("POST", "/api/template/", Ask::token(&client.token).body("text/plain", flat)).is(400);
    assert!(said.text().contains("a label of 0 x 152.25 mm"), "{}", said.text());
}

#[test]
fn options_of_a_print_request_are_described_typed_and_left_out_when_nobody_knows_them() {
    let client = Client::new();
    let printer = printer::zebra();
    let id = client.zebra("dock", &printer);
    let (template, rows) = client.tag(&["M4x12", "M5x20"]);
    let fields = client.done("OPTIONS", &format!("/api/label/print/?machine={id}"), &json!({}), 200);
    let fields = &fields["actions"]["POST"];
    assert_eq!(fields["machine"]["choices"], json!([{ "value": id, "display_name": "dock" }]));
    let options = &fields["driver_options"];
    assert_eq!((&options["type"], &options["depends_on"]), (&json!("dependent field"), &json!(["machine"])));
    assert_eq!(options["children"]["copies"]["max_value"], 999);
    assert_eq!(options["children"]["darkness"]["type"], "integer");

    let order = json!({
        "template": template, "items": rows, "machine": id, "plugin": "inventreelabelmachine",
        "driver_options": { "copies": "3", "darkness": "7", "fake_option": 1 },
    });
    let output = client.done("POST", "/api/label/print/", &order, 201);
    client.output_over(&output);
    let job = client.get(&format!("/api/job/{}/", output["pk"]));
    assert_eq!((&job["copies"], &job["options"]), (&json!(3), &json!({ "darkness": 7 })));
    assert_eq!(printer.label_count(), 6);
    assert!(String::from_utf8_lossy(&printer.received()).contains("~SD07"));
}

#[test]
fn the_driver_prints_each_item_once_in_the_order_of_the_request() {
    let client = Client::new();
    let printer = printer::zebra();
    let id = client.zebra("dock", &printer);
    let recorder = Recorder::start();
    client.daemon.install("ostler_driver_recording");
    client.daemon.add("left", "recording", &[&recorder.setting()]);
    let left = client.daemon.machine("left")["pk"].clone();
    let (template, rows) = client.tag(&["M4x12", "M5x20", "M6x30"]);
    let items = [rows[2], rows[0], rows[1], rows[0]];
    for machine in [json!(id), left] {
        let order = json!({ "template": template, "items": items, "machine": machine });
        let output = client.done("POST", "/api/label/print/", &order, 201);
        assert_eq!(client.output_over(&output)["progress"], 4);
    }
    assert_eq!(recorder.count("print-label", "left"), 4);
    let expected = ["M6x30", "M4x12", "M5x20", "M4x12"].map(|part| {
        let rows = json!([{ "part": part }]).to_string();
        let path = "/api/template/tag/preview/?dpmm=8";
        let png = client.daemon.ask("POST", path, Ask::token(&client.token).body("application/json", rows)).is(200);
        dots::of_png(&png.bytes)
    });
    let labels = printer.labels();
    assert_eq!(labels.len(), 4);
    for (label, expected) in labels.iter().zip(&expected) {
        dots::assert_same(expected, &label.bitmap);
    }
}

#[test]
fn statuses_are_described_for_every_type() {
    let client = Client::new();
    let models = client.get("/api/generic/status/");
    let values = models["LabelPrinterStatus"]["values"].as_object().unwrap();
    assert_eq!(values.len(), 8);
    assert_eq!(values["CONNECTED"]["key"], 100);
    assert_eq!((&values["NO_MEDIA"]["label"], &values["NO_MEDIA"]["color"]), (&json!("No media"), &json!("warning")));
    assert_eq!(client.get("/api/generic/status/LabelPrinterStatus/")["status_class"], "LabelPrinterStatus");
    assert_eq!(client.ask("GET", "/api/generic/status/Nothing/", None).0, 404);
}
