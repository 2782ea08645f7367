//! Scales: a machine type and a driver that a plugin brings, on simulated scales that nobody here wrote.

use ostler_tests::{
    Daemon, Scale,
    counterpart::{Counterpart, missing},
    plugin,
    scale::Protocol,
};
use serde_json::{Value, json};
use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener},
    thread,
    time::Duration,
};

const SETTLED: &str = r#"{"stable": true, "timeout-ms": 10000}"#;
const AT_ONCE: &str = r#"{"stable": false, "timeout-ms": 0}"#;

/// A daemon with the plugin.
fn with_plugin() -> Daemon {
    let daemon = Daemon::start();
    let folder = daemon.scratch().join("scales");
    plugin::assemble("scale", &folder);
    daemon.json(&["plugin", "install", &folder.to_string_lossy(), "--enable"]);
    daemon
}

/// A daemon with the plugin and a machine `desk` at this address.
fn with_desk(uri: &str, settings: &[&str]) -> Daemon {
    let daemon = with_plugin();
    let connection = format!("CONNECTION={uri}");
    daemon.add_of_type("scale", "desk", "toledo-8217", &[&[connection.as_str()], settings].concat());
    daemon
}

/// What the scale `desk` weighs.
#[track_caller]
fn weigh(daemon: &Daemon, how: &str) -> Value {
    daemon.json(&["machine", "call", "desk", "read-weight", how])
}

/// Fails the test unless weighing is refused with these words.
#[track_caller]
fn refused(daemon: &Daemon, how: &str, words: &[&str]) {
    daemon.cli(&["machine", "call", "desk", "read-weight", how]).refused(1, words);
}

#[track_caller]
fn until_status(daemon: &Daemon, code: u16) -> Value {
    daemon.until_machine("desk", &format!("status {code}"), |machine| machine["status"] == code)
}

/// A scale that does with each connection what `play` does.
fn actor(play: impl Fn(std::net::TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let uri = format!("tcp://{}", listener.local_addr().unwrap());
    let play = std::sync::Arc::new(play);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let play = play.clone();
            thread::spawn(move || play(stream));
        }
    });
    uri
}

#[test]
fn a_plugin_brings_a_machine_type_that_the_daemon_does_not_know() {
    let daemon = Daemon::start();
    let add = ["machine", "add", "desk", "--type", "scale", "--driver", "toledo-8217"];
    daemon.cli(&add).refused(1, &["toledo-8217"]);
    daemon.cli(&[&add[..], &["--pending"]].concat()).refused(1, &["scale", "ostler type list"]);

    let archive = daemon.scratch().join("scales.tar.zst");
    plugin::assemble("scale", &archive);
    daemon.json(&["plugin", "install", &archive.to_string_lossy(), "--enable"]);
    daemon.json(&add);
    let machine = daemon.until_state("desk", "incomplete");
    assert_eq!(machine["status"], json!(101), "{machine:#}");
}

#[test]
fn a_weight_is_read_over_the_network_and_over_a_serial_line_without_loss() {
    if missing("a_weight_is_read_over_the_network_and_over_a_serial_line_without_loss", &[Counterpart::Emupos]) {
        return;
    }
    let scale = Scale::start(Protocol::Toledo8217);
    for uri in [scale.uri(), scale.serial_uri()] {
        let daemon = with_desk(&uri, &[]);
        scale.put(0);
        assert_eq!(weigh(&daemon, AT_ONCE)["text"], json!("0.000"));
        scale.put(1250);
        let reading = weigh(&daemon, SETTLED);
        let expected = json!({ "value": 1.25, "unit": "kg", "text": "1.250", "stable": true, "net": false });
        assert_eq!(reading, expected, "{uri}");
        let machine = until_status(&daemon, 100);
        assert_eq!(machine["status_text"], json!("1.250 kg"), "{machine:#}");
        // It counts by 5 g.
        scale.put(14_998);
        assert_eq!(weigh(&daemon, SETTLED)["value"].as_f64(), Some(15.0));
    }
}

#[test]
fn the_unit_is_the_setting_for_toledo_and_the_scales_own_for_sma() {
    if missing("the_unit_is_the_setting_for_toledo_and_the_scales_own_for_sma", &[Counterpart::Emupos]) {
        return;
    }
    for (protocol, name, unit) in [(Protocol::Toledo8217, "toledo-8217", "lb"), (Protocol::Sma, "sma", "kg")] {
        let scale = Scale::start(protocol);
        let daemon = with_desk(&scale.uri(), &[&format!("PROTOCOL={name}"), "UNIT=lb"]);
        scale.put(2500);
        let reading = weigh(&daemon, SETTLED);
        assert_eq!((&reading["text"], &reading["unit"]), (&json!("2.500"), &json!(unit)), "{name}");
    }
}

#[test]
fn a_stable_weight_is_waited_for() {
    if missing("a_stable_weight_is_waited_for", &[Counterpart::Emupos]) {
        return;
    }
    for (protocol, name) in [(Protocol::Toledo8217, "toledo-8217"), (Protocol::Sma, "sma")] {
        let scale = Scale::settling(protocol, 1500);
        let daemon = with_desk(&scale.uri(), &[&format!("PROTOCOL={name}")]);
        scale.put_moving(3000);
        let reading = weigh(&daemon, r#"{"stable": true, "timeout-ms": 60000}"#);
        assert_eq!((reading["value"].as_f64(), &reading["stable"]), (Some(3.0), &json!(true)), "{name}");
        assert_eq!(scale.state()["stable"], json!(true));
    }
}

#[test]
fn a_scale_that_does_not_come_to_rest_is_in_motion_and_its_last_weight_is_told() {
    if missing("a_scale_that_does_not_come_to_rest_is_in_motion_and_its_last_weight_is_told", &[Counterpart::Emupos]) {
        return;
    }
    let scale = Scale::settling(Protocol::Sma, 3_600_000);
    let daemon = with_desk(&scale.uri(), &["PROTOCOL=sma"]);
    scale.put_moving(3000);
    refused(&daemon, r#"{"stable": true, "timeout-ms": 400}"#, &["did not come to rest", "3.000 kg"]);
    until_status(&daemon, 110);
    let reading = weigh(&daemon, AT_ONCE);
    assert_eq!((&reading["text"], &reading["stable"]), (&json!("3.000"), &json!(false)));

    // Toledo 8217 tells no weight in motion, so there is none to give.
    let scale = Scale::settling(Protocol::Toledo8217, 3_600_000);
    daemon.cli(&["machine", "set", "desk", &format!("CONNECTION={}", scale.uri()), "PROTOCOL=toledo-8217"]).ok();
    scale.put_moving(3000);
    refused(&daemon, AT_ONCE, &["did not come to rest", "tells no weight"]);
    scale.put(3000);
    assert_eq!(weigh(&daemon, AT_ONCE)["stable"], json!(true));
}

#[test]
fn overload_and_underload_say_what_to_do_and_go_by_themselves() {
    if missing("overload_and_underload_say_what_to_do_and_go_by_themselves", &[Counterpart::Emupos]) {
        return;
    }
    for (protocol, name) in [(Protocol::Toledo8217, "toledo-8217"), (Protocol::Sma, "sma")] {
        let scale = Scale::start(protocol);
        let daemon = with_desk(&scale.uri(), &[&format!("PROTOCOL={name}")]);
        for (grams, status, words) in [(15_001, 301, "Take some of it off"), (-20, 302, "less than zero")] {
            scale.put(grams);
            refused(&daemon, SETTLED, &[words]);
            let machine = until_status(&daemon, status);
            assert!(machine["status_text"].as_str().is_some_and(|text| text.contains(words)), "{name}: {machine:#}");
        }
        scale.put(15_000);
        assert_eq!(weigh(&daemon, SETTLED)["text"], json!("15.000"), "{name}");
        until_status(&daemon, 100);
    }
}

#[test]
fn a_tare_and_a_zero_are_done_where_the_scale_takes_them() {
    if missing("a_tare_and_a_zero_are_done_where_the_scale_takes_them", &[Counterpart::Emupos]) {
        return;
    }
    let scale = Scale::start(Protocol::Sma);
    let daemon = with_desk(&scale.uri(), &["PROTOCOL=sma"]);
    scale.put(500);
    daemon.cli(&["machine", "call", "desk", "tare"]).ok();
    assert_eq!(scale.state()["tare_grams"], json!(500));
    scale.put(1750);
    let reading = weigh(&daemon, SETTLED);
    assert_eq!((&reading["text"], &reading["net"]), (&json!("1.250"), &json!(true)));
    daemon.cli(&["machine", "call", "desk", "zero"]).ok();
    assert_eq!(scale.state()["tare_grams"], json!(0));
    let reading = weigh(&daemon, SETTLED);
    assert_eq!((&reading["text"], &reading["net"]), (&json!("0.000"), &json!(false)));
}

#[test]
fn a_tare_in_motion_is_refused_and_changes_nothing() {
    if missing("a_tare_in_motion_is_refused_and_changes_nothing", &[Counterpart::Emupos]) {
        return;
    }
    let scale = Scale::settling(Protocol::Sma, 3_600_000);
    let daemon = with_desk(&scale.uri(), &["PROTOCOL=sma"]);
    scale.put_moving(500);
    for order in ["tare", "zero"] {
        daemon.cli(&["machine", "call", "desk", order]).refused(1, &[order, "not come to rest"]);
    }
    let state = scale.state();
    assert_eq!((&state["grams"], &state["tare_grams"]), (&json!(500), &json!(0)));
}

#[test]
fn an_order_that_a_toledo_scale_does_not_take_is_not_called_done() {
    if missing("an_order_that_a_toledo_scale_does_not_take_is_not_called_done", &[Counterpart::Emupos]) {
        return;
    }
    // This one knows neither command; the weight shows that nothing happened.
    let scale = Scale::start(Protocol::Toledo8217);
    let daemon = with_desk(&scale.uri(), &[]);
    scale.put(500);
    for order in ["tare", "zero"] {
        daemon.cli(&["machine", "call", "desk", order]).refused(1, &[&format!("did not {order}"), "its own key"]);
    }
    scale.press_tare();
    let reading = weigh(&daemon, SETTLED);
    assert_eq!((&reading["text"], &reading["net"]), (&json!("0.000"), &json!(true)));
}

#[test]
fn a_silent_scale_is_unknown_and_only_one_that_is_gone_is_disconnected() {
    if missing("a_silent_scale_is_unknown_and_only_one_that_is_gone_is_disconnected", &[Counterpart::Emupos]) {
        return;
    }
    let scale = Scale::start(Protocol::Toledo8217);
    let daemon = with_desk(&scale.uri(), &[]);
    until_status(&daemon, 100);
    scale.fall_silent();
    refused(&daemon, AT_ONCE, &["does not answer"]);
    let machine = until_status(&daemon, 101);
    assert_eq!(machine["status_text"], json!("Reachable, not answering."));
    scale.wake();
    scale.put(750);
    assert_eq!(weigh(&daemon, SETTLED)["text"], json!("0.750"));
    until_status(&daemon, 100);

    drop(scale);
    refused(&daemon, AT_ONCE, &[]);
    until_status(&daemon, 400);
}

#[test]
fn another_protocol_than_the_scales_is_not_understood_and_the_setting_is_named() {
    if missing("another_protocol_than_the_scales_is_not_understood_and_the_setting_is_named", &[Counterpart::Emupos]) {
        return;
    }
    let scale = Scale::start(Protocol::Toledo8217);
    let daemon = with_desk(&scale.uri(), &["PROTOCOL=sma"]);
    refused(&daemon, AT_ONCE, &["PROTOCOL"]);
    until_status(&daemon, 401);
    daemon.cli(&["machine", "set", "desk", "PROTOCOL=toledo-8217"]).ok();
    assert_eq!(weigh(&daemon, AT_ONCE)["text"], json!("0.000"));
}

#[test]
fn an_answer_in_pieces_and_behind_noise_is_read_to_its_end() {
    let uri = actor(|mut stream| {
        let mut question = [0];
        while stream.read_exact(&mut question).is_ok() {
            // Half an answer, whose end was lost; then one byte at a time.
            let _ = stream.write_all(b"\xFF\x0200.1");
            for byte in b"\x0202.345\r" {
                thread::sleep(Duration::from_millis(20));
                let _ = stream.write_all(&[*byte]);
            }
        }
    });
    let daemon = with_desk(&uri, &[]);
    for _ in 0..3 {
        assert_eq!(weigh(&daemon, AT_ONCE)["text"], json!("2.345"));
    }
}

#[test]
fn garbage_without_end_neither_crashes_nor_holds_the_driver() {
    let uri = actor(|mut stream| {
        let noise: Vec<u8> = (0..=255).cycle().take(4096).collect();
        while stream.write_all(&noise).is_ok() {}
    });
    let daemon = with_desk(&uri, &[]);
    for how in [AT_ONCE, r#"{"stable": true, "timeout-ms": 300}"#] {
        refused(&daemon, how, &["PROTOCOL"]);
    }
    let machine = until_status(&daemon, 401);
    assert_eq!(machine["state"]["state"], json!("ready"), "{machine:#}");
}

#[test]
fn the_rest_api_answers_with_the_weight_or_with_the_drivers_error() {
    if missing("the_rest_api_answers_with_the_weight_or_with_the_drivers_error", &[Counterpart::Emupos]) {
        return;
    }
    let scale = Scale::start(Protocol::Toledo8217);
    let daemon = with_desk(&scale.uri(), &[]);
    let id = daemon.machine("desk")["pk"].as_str().unwrap().to_owned();
    let call = || {
        let body = Some(("application/json", SETTLED.as_bytes().to_vec()));
        daemon.request("POST", &format!("/api/machine/{id}/call/read-weight/"), body)
    };
    scale.put(1250);
    let (status, body) = call();
    assert_eq!((status, &body["ok"]["value"]), (200, &json!(1.25)), "{body}");
    scale.put(20_000);
    let (status, body) = call();
    assert!(status >= 400, "{status}: {body}");
    assert_eq!(body["error"]["code"], json!("overload"), "{body}");
    assert!(body["detail"].as_str().is_some_and(|detail| detail.contains("Too much")), "{body}");
}
