//! The functions of a type that a plugin brings, called with JSON.

use super::{component, enable, install, with_abc};
use ostler_tests::{Daemon, place, plugin::Bundle};
use serde_json::{Value, json};

fn post(daemon: &Daemon, machine: &str, function: &str, parameters: &Value) -> (u16, Value) {
    let id = daemon.machine(machine)["pk"].as_str().unwrap().to_owned();
    let path = format!("/api/machine/{id}/call/{function}/");
    daemon.request("POST", &path, Some(("application/json", parameters.to_string().into_bytes())))
}

#[test]
fn a_function_gets_its_machine_and_named_parameters_and_its_result_comes_back() {
    let daemon = with_abc();
    daemon.add_of_type("abc", "bench", "xyz", &["UNIT=mm"]);
    daemon.add_of_type("abc", "other", "xyz", &["UNIT=in"]);
    assert_eq!(post(&daemon, "bench", "multiply", &json!({ "y": 4, "x": 3 })), (200, json!({ "ok": 12 })));
    // The machine that was meant is the one that the driver saw.
    daemon.until_machine("bench", "its text", |machine| machine["status_text"] == "Multiplied 3 by 4.");
    assert_eq!(daemon.machine("other")["status_text"], json!(""));
    let samples = json!({ "samples": 1 });
    assert_eq!(post(&daemon, "bench", "measure", &samples), (200, json!({ "ok": { "value": 38.1, "unit": "mm" } })));
    assert_eq!(post(&daemon, "other", "measure", &samples), (200, json!({ "ok": { "value": 1.5, "unit": "in" } })));
    // The largest result is larger than 32 bits, and exact.
    let least = json!({ "x": i32::MIN, "y": i32::MIN });
    assert_eq!(post(&daemon, "bench", "multiply", &least).1["ok"], json!(4_611_686_018_427_387_904_i64.to_string()));
}

#[test]
fn an_unknown_function_is_answered_with_those_that_there_are() {
    let daemon = with_abc();
    daemon.add_of_type("abc", "bench", "xyz-lite", &[]);
    let (status, body) = post(&daemon, "bench", "explode", &json!({}));
    assert_eq!(status, 404, "{body}");
    let detail = body["detail"].as_str().unwrap();
    assert!(detail.contains("no function 'explode'; it has: multiply, measure"), "{detail}");
    // What every driver exports is the daemon's to call.
    let (status, _) = post(&daemon, "bench", "stop-machine", &json!({}));
    assert_eq!(status, 404);
    daemon.cli(&["machine", "call", "bench", "explode"]).refused(3, &["it has: multiply, measure"]);
}

#[test]
fn wrong_parameters_are_named_and_the_driver_is_not_asked() {
    let daemon = with_abc();
    daemon.add_of_type("abc", "bench", "xyz", &["UNIT=mm"]);
    for (parameters, words) in [
        (json!({ "x": 3 }), ["y", ""]),
        (json!({ "x": 3, "y": "four" }), ["y", "four"]),
        (json!({ "x": 3, "y": 4, "z": 5 }), ["z", ""]),
        (json!({ "x": 3, "y": 2_147_483_648_i64 }), ["y", "2147483648"]),
        (json!({ "x": 3, "y": 1.5 }), ["y", "1.5"]),
        (json!([3, 4]), ["x", ""]),
    ] {
        let (status, body) = post(&daemon, "bench", "multiply", &parameters);
        assert_eq!(status, 400, "{parameters}: {body}");
        let detail = body["detail"].as_str().unwrap();
        assert!(words.iter().all(|word| detail.contains(word)), "{parameters}: {detail}");
    }
    let machine = daemon.machine("bench");
    assert_eq!((&machine["status_text"], &machine["machine_errors"]), (&json!(""), &json!([])));
}

#[test]
fn an_optional_function_that_a_driver_leaves_out_is_unsupported() {
    let daemon = with_abc();
    daemon.add_of_type("abc", "bench", "xyz-lite", &[]);
    let (status, body) = post(&daemon, "bench", "measure", &json!({ "samples": 1 }));
    assert_eq!((status, &body["error"]["code"]), (501, &json!("unsupported")), "{body}");
    // Another driver of the same type does it.
    daemon.add_of_type("abc", "other", "xyz", &["UNIT=mm"]);
    assert_eq!(post(&daemon, "other", "measure", &json!({ "samples": 1 })).0, 200);
}

/// A daemon with the plugin `abc`, whose manifest wants `multiply` and `measure` to run as jobs.
fn with_jobs() -> Daemon {
    let file = |name: &str| std::fs::read_to_string(place::repository().join("plugins/abc/abc").join(name)).unwrap();
    let manifest = format!("jobs = [\"multiply\", \"measure\"]\n{}", file("machine-type.toml"));
    let plugin = Bundle::new("abc", "1")
        .machine_type("abc", &file("abc.wit"), &manifest)
        .driver("xyz.wasm", component("ostler_driver_xyz"));
    let daemon = Daemon::start();
    install(&daemon, &plugin);
    enable(&daemon, "abc");
    daemon
}

#[test]
fn a_function_that_the_manifest_lists_as_a_job_is_stored_first_and_its_result_is_kept() {
    let mut daemon = with_jobs();
    daemon.json(&["machine", "add", "bench", "--type", "abc", "--driver", "xyz", "--set", "UNIT=mm", "--inactive"]);
    let (status, body) = post(&daemon, "bench", "multiply", &json!({ "x": 3, "y": 4 }));
    assert_eq!((status, &body["job"]["state"]), (202, &json!("queued")), "{body}");
    let job = body["job"]["id"].as_i64().unwrap();
    assert_eq!(daemon.get(&format!("/api/job/{job}/result/")), Value::Null);
    // It waits for its machine, also over the end of the daemon.
    daemon.kill();
    daemon.restart();
    daemon.cli(&["machine", "activate", "bench"]).ok();
    assert_eq!(daemon.job_over(job)["state"], "done");
    assert_eq!(daemon.get(&format!("/api/job/{job}/result/")), json!(12));
    assert_eq!(daemon.cli(&["job", "result", &job.to_string()]).ok().stdout, "12\n");

    let said = daemon.cli(&["machine", "call", "bench", "measure", r#"{"samples": 1}"#]).ok().stdout;
    assert!(said.contains("calls measure"), "{said}");
    let job = daemon.job_over(job + 1);
    assert_eq!((&job["state"], &job["function"]), (&json!("done"), &json!("measure")));
}

#[test]
fn a_job_whose_parameters_do_not_fit_fails_and_says_why() {
    let daemon = with_jobs();
    daemon.add_of_type("abc", "bench", "xyz", &["UNIT=mm"]);
    let (_, body) = post(&daemon, "bench", "multiply", &json!({ "x": 3 }));
    let job = daemon.job_over(body["job"]["id"].as_i64().unwrap());
    assert_eq!((&job["state"], &job["error"]["code"]), (&json!("failed"), &json!("bad-parameters")));
    assert!(job["error"]["message"].as_str().unwrap().contains("'y' is missing"), "{job:#}");
    assert_eq!(daemon.machine("bench")["state"]["state"], "ready");
}
