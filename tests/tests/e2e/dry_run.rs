//! A dry run: what a driver would send, and the dots that a printer makes of it, without a printer.

use ostler_tests::{
    Daemon, Label,
    counterpart::{Counterpart, Paper, missing, zpl_renderer_js},
    dots,
    pages::equal_pages,
};
use serde_json::json;
use std::path::PathBuf;

fn dry_run(daemon: &Daemon, machine: &str, document: &str, arguments: &[&str]) -> (ostler_tests::Output, PathBuf) {
    let to = daemon.scratch().join("out");
    let print = ["print", machine, document, "--dry-run", "--to", &to.to_string_lossy()];
    (daemon.cli(&[&["--json"], print.as_slice(), arguments].concat()), to)
}

#[test]
fn the_bytes_and_the_dots_of_a_dry_run_are_those_that_would_be_printed_and_nothing_else_happens() {
    let daemon = Daemon::start();
    daemon.install("ostler_driver_zebra");
    // Nobody listens there.
    daemon.json(&["machine", "add", "dock", "--driver", "zebra-zpl", "--set", "CONNECTION=tcp://127.0.0.1:1"]);
    daemon.until_machine("dock", "disconnected", |machine| machine["status"] == 400);
    let before = daemon.machine("dock");
    let png = Label::four_by_six("DRY").png();
    let file = daemon.document("label.png", &png);
    let (said, to) = dry_run(&daemon, "dock", &file.to_string_lossy(), &["--copies", "3"]);
    let rows: serde_json::Value = serde_json::from_str(&said.ok().stdout).unwrap();
    assert_eq!((&rows[0]["label"], &rows[0]["copies"], &rows[0]["dots"]), (&json!(1), &json!(3), &json!([812, 1218])));
    dots::assert_same(&dots::of_png(&png), &dots::of_png(&std::fs::read(to.join("label-0001.png")).unwrap()));
    let sent = std::fs::read(to.join("label-0001.zpl")).unwrap();
    assert!(String::from_utf8_lossy(&sent).contains("^PQ3"), "the copies are not in what was sent");
    assert_eq!(daemon.json(&["job", "list"]), json!([]));
    let after = daemon.machine("dock");
    for what in ["status", "status_text", "properties", "machine_errors", "state"] {
        assert_eq!(after[what], before[what], "{what}");
    }
}

#[test]
fn what_a_dry_run_sends_is_read_by_others_as_well() {
    if missing("dry_run::what_a_dry_run_sends", &[Counterpart::ZplRendererJs]) {
        return;
    }
    let (daemon, zebra) = Daemon::with_zebra();
    let png = Label::four_by_six("OTHERS").png();
    let file = daemon.document("label.png", &png);
    let (said, to) = dry_run(&daemon, "dock", &file.to_string_lossy(), &[]);
    said.ok();
    let theirs = dots::of_png(&zpl_renderer_js(
        &std::fs::read(to.join("label-0001.zpl")).unwrap(),
        Paper { dpmm: 8, width: 812, height: 1218 },
        0,
    ));
    dots::assert_same(&dots::of_png(&png), &theirs);
    assert_eq!(zebra.label_count(), 0);
}

#[test]
fn labels_that_use_what_an_earlier_one_stored_are_decoded_together() {
    let (daemon, _zebra) = Daemon::with_zebra();
    let file = daemon.document("three.pdf", &equal_pages(3));
    let (said, to) = dry_run(&daemon, "dock", &file.to_string_lossy(), &[]);
    let rows: serde_json::Value = serde_json::from_str(&said.ok().stdout).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 3, "{rows:#}");
    let pictures: Vec<_> =
        (1..=3).map(|label| dots::of_png(&std::fs::read(to.join(format!("label-000{label}.png"))).unwrap())).collect();
    assert!(pictures[0].black_dots() > 1000);
    dots::assert_same(&pictures[0], &pictures[1]);
    dots::assert_same(&pictures[0], &pictures[2]);
}

#[test]
fn labels_in_epl_are_decoded_too() {
    let daemon = Daemon::start();
    daemon.install("ostler_driver_zebra");
    let settings = ["--set", "CONNECTION=tcp://127.0.0.1:1", "--set", "LANGUAGE=epl2"];
    daemon.json(&[&["machine", "add", "old", "--driver", "zebra-zpl"], settings.as_slice()].concat());
    let png = Label::four_by_six("EPL").png();
    let file = daemon.document("label.png", &png);
    let (said, to) = dry_run(&daemon, "old", &file.to_string_lossy(), &[]);
    said.ok();
    dots::assert_same(&dots::of_png(&png), &dots::of_png(&std::fs::read(to.join("label-0001.png")).unwrap()));
    assert!(to.join("label-0001.epl").exists());
}

#[test]
fn a_dry_run_refuses_what_printing_refuses_and_tells_how_a_driver_failed() {
    let (daemon, _zebra) = Daemon::with_zebra();
    let text = daemon.document("letter.txt", b"Dear printer");
    dry_run(&daemon, "dock", &text.to_string_lossy(), &[]).0.refused(1, &["no kind that is known here"]);
    let small = daemon.document("small.png", &Label::new(600, 600, "SMALL").png());
    let (said, _) = dry_run(&daemon, "dock", &small.to_string_lossy(), &["-o", "scaling=exact"]);
    said.refused(1, &["0 of 1 labels", "load labels of its size"]);
}
