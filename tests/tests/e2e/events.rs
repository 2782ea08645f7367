//! Following the events: filters, going on, signs of life, and readers that do not read.
//!
//! * [`slow`]: many readers, of which half never read

mod slow;

use ostler_tests::{Daemon, Reader, reader};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A daemon with two idle machines, `dock` and `desk`, whose changes are events and nothing more.
fn idle(limits: &str) -> Daemon {
    let daemon = Daemon::builder().limits(limits).ping_interval(0).start();
    daemon.install("ostler_driver_virtual");
    for name in ["dock", "desk"] {
        daemon.json(&["machine", "add", name, "--driver", "virtual-printer", "--inactive"]);
    }
    daemon
}

fn id(daemon: &Daemon, machine: &str) -> String {
    daemon.machine(machine)["pk"].as_str().unwrap().to_owned()
}

/// Gives a machine another name, which is one event.
fn rename(daemon: &Daemon, id: &str, name: &str) {
    let body = json!({ "name": name }).to_string().into_bytes();
    let (status, answer) = daemon.request("PATCH", &format!("/api/machine/{id}/"), Some(("application/json", body)));
    assert_eq!(status, 200, "{answer:#}");
}

/// The number of the newest event.
fn newest(daemon: &Daemon) -> i64 {
    Reader::open(daemon, "?follow=false", "").rest().last().and_then(|event| event.id).unwrap()
}

/// The events that a query tells of, from the first one on.
fn told(daemon: &Daemon, query: &str) -> Vec<Value> {
    let events = Reader::open(daemon, &format!("?follow=false&after=0{query}"), "").rest();
    events.into_iter().map(|event| event.data.unwrap()).collect()
}

#[test]
fn filters_let_through_what_meets_all_of_them() {
    let daemon = idle("");
    let (dock, desk) = (id(&daemon, "dock"), id(&daemon, "desk"));
    daemon.cli(&["machine", "activate", "dock"]).ok();
    daemon.until_state("dock", "ready");
    let label = ostler_tests::Label::new(400, 600, "FILTER").png();
    let jobs = [daemon.print("dock", &label, 1), daemon.print("dock", &label, 1)];
    for job in jobs {
        daemon.job_over(job);
    }
    rename(&daemon, &desk, "shelf");
    let all = told(&daemon, "");
    // Whatever comes later, such as a status that is written behind, is not compared.
    let newest = all.last().unwrap()["id"].as_i64().unwrap();
    let told = |query: &str| -> Vec<Value> {
        told(&daemon, query).into_iter().filter(|event| event["id"].as_i64().unwrap() <= newest).collect()
    };

    let expect = |query: &str, accepts: &dyn Fn(&Value) -> bool| {
        let expected: Vec<_> = all.iter().filter(|event| accepts(event)).cloned().collect();
        assert!(!expected.is_empty() && expected.len() < all.len(), "{query} would show nothing");
        assert_eq!(told(query), expected, "{query}");
    };
    let kind = |event: &Value, prefix: &str| event["kind"].as_str().unwrap().starts_with(prefix);
    expect(&format!("&machine={dock}"), &|event| event["machine"] == dock.as_str());
    expect(&format!("&machine={dock},{desk}"), &|event| event["machine"].is_string());
    expect("&driver=virtual-printer", &|event| event["driver"] == "virtual-printer");
    expect("&kind=job.", &|event| kind(event, "job."));
    expect("&kind=job.label-done,machine.rename", &|event| {
        kind(event, "job.label-done") || kind(event, "machine.rename")
    });
    expect(&format!("&job={}", jobs[1]), &|event| event["job"] == jobs[1]);
    expect(&format!("&job={}&kind=job.state", jobs[0]), &|event| event["job"] == jobs[0] && kind(event, "job.state"));

    // The command line has the same, with names.
    let said = daemon.cli(&["--json", "events", "--after", "0", "--machine", "dock", "--kind", "job.label-done"]).ok();
    let said: Vec<Value> = said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let done: Vec<_> = all.iter().filter(|event| kind(event, "job.label-done")).cloned().collect();
    assert_eq!(said, done);
    daemon.cli(&["events", "--machine", "nobody"]).refused(3, &["no machine 'nobody'"]);
    daemon.cli(&["events", "--kind", "jbo."]).refused(1, &["begins with 'jbo.'", "job.state-changed"]);
}

#[test]
fn without_a_place_the_latest_of_those_that_are_wanted_are_told() {
    let daemon = idle("");
    let dock = id(&daemon, "dock");
    for number in 0..120 {
        rename(&daemon, &dock, &format!("dock {number}"));
    }
    let added = Reader::open(&daemon, "?follow=false&kind=machine.added", "").rest();
    assert_eq!(added.len(), 2);
    let renamed = Reader::open(&daemon, "?follow=false", "").rest();
    assert_eq!(renamed.len(), 100);
    assert_eq!(renamed.last().unwrap().data.as_ref().unwrap()["data"]["to"], "dock 119");
}

#[test]
fn wrong_values_are_told_by_their_fields_and_unknown_filters_are_refused() {
    let daemon = Daemon::start();
    let refused = |query: &str, headers: &str| {
        let reader = Reader::open(&daemon, query, headers);
        assert_eq!(reader.status, 400, "{query}");
        reader.refusal()
    };
    let answer = refused("?machine=dock&kind=jbo.&job=x&after=one&follow=maybe&driver=No%20Slug", "");
    let fields: BTreeMap<String, Vec<String>> = serde_json::from_value(answer).unwrap();
    assert_eq!(fields.keys().collect::<Vec<_>>(), ["after", "driver", "follow", "job", "kind", "machine"]);
    assert!(fields["kind"][0].contains("job.state-changed"), "{fields:?}");
    let answer = refused("", "last-event-id: yesterday\r\n");
    assert!(answer["Last-Event-ID"][0].as_str().unwrap().contains("'yesterday'"), "{answer:#}");
    // A filter that is not understood must not show everything.
    assert!(refused("?machines=1", "")["detail"].as_str().unwrap().contains("machines"));
}

#[test]
fn a_filtered_reader_goes_on_where_it_was_without_missing_or_hearing_anything_twice() {
    let daemon = idle("event_heartbeat_ms = 60000");
    let (dock, desk) = (id(&daemon, "dock"), id(&daemon, "desk"));
    let from = newest(&daemon);
    let query = format!("?machine={dock}&kind=machine.renamed");
    let mut heard = Vec::new();
    let mut place = from;
    for round in 0..5 {
        let mut reader = Reader::open(&daemon, &query, &format!("last-event-id: {place}\r\n"));
        for number in 0..7 {
            rename(&daemon, &desk, &format!("desk {round} {number}"));
            rename(&daemon, &dock, &format!("dock {round} {number}"));
        }
        // Some of it is left for the next one.
        for _ in 0..5 {
            let event = reader.event();
            place = event.id.unwrap();
            heard.push(event.data.unwrap()["data"]["to"].as_str().unwrap().to_owned());
        }
    }
    let rest = Reader::open(&daemon, &format!("{query}&follow=false"), &format!("last-event-id: {place}\r\n")).rest();
    heard.extend(rest.into_iter().map(|event| event.data.unwrap()["data"]["to"].as_str().unwrap().to_owned()));
    let expected: Vec<_> =
        (0..5).flat_map(|round| (0..7).map(move |number| format!("dock {round} {number}"))).collect();
    assert_eq!(heard, expected);
}

#[test]
fn a_reader_that_nothing_concerns_gets_signs_of_life_with_its_place() {
    let daemon = idle("event_heartbeat_ms = 50");
    let desk = id(&daemon, "desk");
    let mut reader = Reader::open(&daemon, "?kind=template.", "");
    let first = reader.piece().unwrap();
    assert!(first.comment && !first.is_dispatched(), "{first:?}");
    for number in 0..3 {
        rename(&daemon, &desk, &format!("desk {number}"));
    }
    let newest = newest(&daemon);
    // Its browser keeps this number, and its page sees nothing of it.
    let mut places = Vec::new();
    while places.last().is_none_or(|place| *place < newest) {
        let piece = reader.piece().unwrap();
        assert!(!piece.is_dispatched(), "{piece:?}");
        places.extend(piece.id);
    }
    // A sign of life says it only when it has moved.
    let again = reader.piece().unwrap();
    assert!(again.comment && again.id.is_none_or(|id| id > newest), "{again:?}");
    assert!(places.is_sorted_by(|one, next| one < next), "{places:?}");
}

#[test]
fn a_reader_from_another_time_is_told_that_there_is_a_gap() {
    let daemon = idle("");
    let dock = id(&daemon, "dock");
    let mut reader = Reader::open(&daemon, "", "last-event-id: 1000000\r\n");
    let gap = reader.event();
    assert_eq!((gap.kind(), gap.id), ("feed.gap", None));
    rename(&daemon, &dock, "after the gap");
    assert_eq!(reader.event().data.unwrap()["data"]["to"], "after the gap");
}

#[test]
fn readers_beyond_the_bound_are_sent_away_with_words_until_one_goes() {
    let daemon = Daemon::builder().limits("event_readers = 2\nevent_heartbeat_ms = 20").ping_interval(0).start();
    let first = Reader::open(&daemon, "", "");
    let second = Reader::open(&daemon, "", "");
    assert_eq!((first.status, second.status), (200, 200));
    let third = Reader::open(&daemon, "", "");
    assert_eq!(third.status, 503);
    let answer = third.refusal();
    assert_eq!(answer["error"]["code"], "too-many-readers");
    assert!(answer["detail"].as_str().unwrap().contains("event_readers"), "{answer:#}");
    drop(first);
    daemon.until("there is a place again", |daemon| Reader::open(daemon, "?follow=false", "").status == 200);
    drop(second);
    drop(reader::ask(&daemon, "", ""));
}
