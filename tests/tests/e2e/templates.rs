//! Label templates: stored, shown, and printed from rows, through driver and printer.

use ostler_simulators::ZebraConfig;
use ostler_tests::{
    Daemon,
    counterpart::{Counterpart, missing, zbarimg},
    dots, printer,
};
use serde_json::{Value, json};
use std::{fmt::Write as _, path::Path};

/// A label with every field kind, a code, and words.
const BIN: &str = r#"/* ostler-template
name = "bin"
title = "Bin"
size = { width-mm = 60.0, height-mm = 40.0 }
[fields.ean]
kind = "text"
required = true
sample = "4006381333931"
[fields.part]
kind = "text"
required = true
max-length = 16
sample = "M4x12"
[fields.count]
kind = "integer"
min = 1
default = 1
sample = 5
*/
#place(top + left, dx: 5mm, dy: 4mm, ean13(fields.ean, module: 3, height: 15mm))
#place(bottom + left, dx: 5mm, dy: -3mm, text(size: 12pt)[#fields.part x #fields.count])
"#;

fn added(daemon: &Daemon, source: &str) -> Value {
    let file = daemon.document("bin.typ", source.as_bytes());
    daemon.json(&["template", "add", &file.to_string_lossy()])
}

fn file(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[test]
fn templates_are_stored_with_versions_listed_shown_and_removed() {
    let mut daemon = Daemon::start();
    let first = added(&daemon, BIN);
    assert_eq!((&first["name"], &first["version"], &first["width_um"]), (&json!("bin"), &json!(1), &json!(60_000)));
    // The same once more changes nothing; another source is another version.
    assert_eq!(added(&daemon, BIN)["version"], 1);
    let second = BIN.replace("title = \"Bin\"", "title = \"Storage bin\"");
    assert_eq!(added(&daemon, &second)["version"], 2);
    daemon.restart();
    let shown = daemon.json(&["template", "show", "bin"]);
    assert_eq!(
        (&shown["version"], &shown["title"], &shown["source"]),
        (&json!(2), &json!("Storage bin"), &json!(second))
    );
    let old = daemon.json(&["template", "show", "bin", "--version", "1"]);
    assert_eq!((&old["title"], &old["latest"]), (&json!("Bin"), &json!(2)));
    assert_eq!(daemon.cli(&["template", "show", "bin", "--source"]).ok().stdout, second);
    let versions = daemon.json(&["template", "versions", "bin"]);
    let versions: Vec<_> = versions.as_array().unwrap().iter().map(|version| version["version"].clone()).collect();
    assert_eq!(versions, [2, 1]);
    daemon.cli(&["template", "show", "bin", "--version", "9"]).refused(3, &["no version 9"]);
    daemon.cli(&["template", "show", "box"]).refused(3, &["no template 'box'", "ostler template list"]);

    let names: Vec<_> =
        daemon.json(&["template", "list"]).as_array().unwrap().iter().map(|of| of["name"].clone()).collect();
    assert_eq!(names, ["bin", "location", "part", "shipping"]);
    daemon.cli(&["template", "remove", "part"]).refused(1, &["comes with ostler"]);
    daemon.cli(&["template", "remove", "bin"]).ok();
    daemon.cli(&["template", "show", "bin"]).refused(3, &["no template 'bin'"]);
    let audit = daemon.get("/api/audit/").to_string();
    assert!(audit.contains("template.add") && audit.contains("template.remove"), "{audit}");
}

#[test]
fn a_template_that_cannot_be_used_is_refused_with_line_column_and_field() {
    let daemon = Daemon::start();
    let refused = |source: &str, words: &[&str]| {
        let path = daemon.document("wrong.typ", source.as_bytes());
        daemon.cli(&["template", "add", &file(&path)]).refused(1, words);
    };
    refused("#let x = 1", &["ostler-template"]);
    refused(&BIN.replace("max-length", "longest"), &["longest"]);
    refused(&BIN.replace("#fields.part x", "#fields.prt x"), &["line 21", "prt"]);
    refused(&BIN.replace("sample = \"4006381333931\"", "sample = \"4006381333932\""), &["line 20", "ean"]);
    refused(&BIN.replace("#fields.part x", "#read(\"/etc/passwd\")"), &["line 21", "nothing but"]);
    assert_eq!(daemon.json(&["template", "list"]).as_array().unwrap().len(), 3);
}

#[test]
fn a_row_is_printed_as_its_preview_shows_it_and_its_code_can_be_read() {
    if missing("templates::a_row_is_printed", &[Counterpart::Zbarimg]) {
        return;
    }
    let daemon = Daemon::start();
    daemon.install("ostler_driver_zebra");
    for (dpmm, name) in [(8, "coarse"), (12, "fine")] {
        let zebra = printer::zebra_with(ZebraConfig {
            dots_per_mm: dpmm,
            head_width: 60 * dpmm,
            label_length: 40 * dpmm,
            ..ZebraConfig::default()
        });
        let settings = [format!("DPMM={dpmm}"), "LABEL_WIDTH=60".to_owned(), "LABEL_LENGTH=40".to_owned()];
        daemon.add_zebra(name, &zebra, &settings.each_ref().map(String::as_str));
        added(&daemon, BIN);
        let row = ["-f", "ean=9780201379624", "-f", "part=Bolt", "-f", "count=250"];
        let print = [&["print", name, "--template", "bin", "--wait"], row.as_slice()].concat();
        let job = daemon.json(&print);
        assert_eq!((&job["state"], &job["title"]), (&json!("done"), &json!("bin")), "{job:#}");
        let label = zebra.labels().pop().unwrap();
        assert_eq!(zbarimg(&label.to_png().unwrap()), ["EAN-13:9780201379624"]);

        let rows = daemon.document("row.json", br#"{"ean": "9780201379624", "part": "Bolt", "count": 250}"#);
        let to = daemon.scratch().join("bin.png");
        let preview =
            ["template", "preview", "bin", "--dpmm", &dpmm.to_string(), "--rows", &file(&rows), "--to", &file(&to)];
        daemon.cli(&preview).ok();
        dots::assert_same(&dots::of_png(&std::fs::read(&to).unwrap()), &label.bitmap);
        // The machine's own preview shows the same.
        let to = daemon.scratch().join("machine.png");
        daemon.cli(&[&["preview", name, "--template", "bin", "--to", &file(&to)], row.as_slice()].concat()).ok();
        dots::assert_same(&dots::of_png(&std::fs::read(&to).unwrap()), &label.bitmap);
    }
    let pdf = daemon.scratch().join("bin.pdf");
    daemon.cli(&["template", "preview", "bin", "--pdf", "--to", &file(&pdf)]).ok();
    assert!(std::fs::read(&pdf).unwrap().starts_with(b"%PDF"));
}

/// A number of 12 digits with its check digit (GS1 General Specifications, 7.9).
fn ean(number: usize) -> String {
    let digits = format!("{number:012}");
    let sum: u32 = digits
        .chars()
        .zip([1, 3].into_iter().cycle())
        .map(|(digit, weight)| digit.to_digit(10).unwrap() * weight)
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

#[test]
fn a_thousand_rows_of_csv_are_printed_in_order_and_a_bad_one_is_found_before_anything_is() {
    if missing("templates::a_thousand_rows", &[Counterpart::Zbarimg]) {
        return;
    }
    let daemon = Daemon::start();
    let zebra = daemon.add_dock(ZebraConfig {
        head_width: 480,
        label_length: 320,
        keep_labels: 1000,
        ..ZebraConfig::default()
    });
    daemon.json(&["machine", "set", "dock", "LABEL_WIDTH=60", "LABEL_LENGTH=40"]);
    added(&daemon, BIN);
    let csv = |rows: &[(String, String)]| {
        let mut text = String::from("part,ean,count\n");
        for (part, ean) in rows {
            writeln!(text, "{part},{ean},").unwrap();
        }
        file(&daemon.document("rows.csv", text.as_bytes()))
    };
    let mut rows: Vec<_> = (1..=1000).map(|number| (format!("part {number}"), ean(number))).collect();
    rows[776].1 = "0000000007770".to_owned();
    rows[899].0 = "a name that is much too long".to_owned();
    let print = ["print", "dock", "--template", "bin", "--rows"];
    let refused = daemon.cli(&[print.as_slice(), &[&csv(&rows)]].concat());
    refused.refused(1, &["nothing is printed", "row 900", "field `part`", "16"]);
    rows[899].0 = "short".to_owned();
    let refused = daemon.cli(&[print.as_slice(), &[&csv(&rows)]].concat());
    refused.refused(1, &["nothing is printed", "row 777", "field `ean`"]);
    assert_eq!((daemon.json(&["job", "list"]), zebra.label_count()), (json!([]), 0));

    rows[776].1 = ean(777);
    let job = daemon.json(&[print.as_slice(), &[&csv(&rows)]].concat());
    assert_eq!(job["label_count"], 1000);
    printer::until(&zebra, |state| state.labels_printed == 1000);
    let job = daemon.job_over(job["id"].as_i64().unwrap());
    assert_eq!((&job["state"], &job["labels"]["done"]), (&json!("done"), &json!(1000)), "{job:#}");
    let labels = zebra.labels();
    for number in [1, 2, 500, 777, 1000] {
        let read = zbarimg(&labels[number - 1].to_png().unwrap());
        assert_eq!(read, [format!("EAN-13:{}", ean(number))], "row {number}");
    }
    let formats: std::collections::HashSet<_> = labels.iter().map(|label| label.format.clone()).collect();
    assert_eq!(formats.len(), 1000, "each row looks like no other");
}

#[test]
fn rows_that_are_kept_with_a_template_are_printed_by_their_numbers_and_a_job_keeps_its_template() {
    if missing("templates::rows_that_are_kept", &[Counterpart::Zbarimg]) {
        return;
    }
    let daemon = Daemon::start();
    let zebra = daemon.add_dock(ZebraConfig { head_width: 480, label_length: 320, ..ZebraConfig::default() });
    daemon.json(&["machine", "set", "dock", "LABEL_WIDTH=60", "LABEL_LENGTH=40"]);
    added(&daemon, BIN);
    let bad = daemon.document("bad.json", br#"[{"ean": "4006381333931", "part": "M4", "size": 1}]"#);
    daemon.cli(&["template", "add-rows", "bin", &file(&bad)]).refused(1, &["row 1", "`size`", "no such field"]);
    let rows = daemon.document("rows.csv", format!("ean,part\n{},one\n{},two\n", ean(1), ean(2)).as_bytes());
    let kept = daemon.json(&["template", "add-rows", "bin", &file(&rows)]);
    let [one, two] = [0, 1].map(|at| kept[at]["pk"].to_string());
    assert_eq!(kept[0]["fields"]["count"], "1", "the default is filled in");

    daemon.json(&["machine", "pause", "dock"]);
    let job = daemon.json(&["print", "dock", "--template", "bin", "--row", &two, "--row", &one]);
    // What was taken is printed, whatever becomes of the template.
    daemon.cli(&["template", "remove-row", "bin", &two]).ok();
    daemon.cli(&["template", "remove", "bin"]).ok();
    daemon.json(&["machine", "resume", "dock"]);
    assert_eq!(daemon.job_over(job["id"].as_i64().unwrap())["state"], "done");
    let read: Vec<_> = zebra.labels().iter().flat_map(|label| zbarimg(&label.to_png().unwrap())).collect();
    assert_eq!(read, [format!("EAN-13:{}", ean(2)), format!("EAN-13:{}", ean(1))]);
    daemon.cli(&["print", "dock", "--template", "bin", "--row", &one]).refused(3, &["no template 'bin'"]);
}

#[test]
fn a_label_that_does_not_lie_on_what_is_loaded_is_refused_and_never_made_smaller() {
    let daemon = Daemon::start();
    let zebra = daemon.add_dock(ZebraConfig { head_width: 400, label_length: 200, ..ZebraConfig::default() });
    daemon.json(&["machine", "set", "dock", "LABEL_WIDTH=50", "LABEL_LENGTH=25"]);
    added(&daemon, BIN);
    let print = ["print", "dock", "--template", "bin", "-f", "ean=4006381333931", "-f", "part=M4"];
    daemon.cli(&print).refused(1, &["60", "40", "loaded"]);
    // Even where the job says so.
    let job = daemon.json(&[print.as_slice(), &["-o", "scaling=fit"]].concat());
    let job = daemon.job_over(job["id"].as_i64().unwrap());
    assert_eq!((&job["state"], &job["error"]["code"]), (&json!("failed"), &json!("document-size")), "{job:#}");
    assert_eq!(zebra.label_count(), 0);
}

#[test]
fn the_templates_that_come_with_ostler_print_their_samples() {
    let (daemon, zebra) = Daemon::with_zebra();
    for (printed, name) in (1..).zip(["location", "part", "shipping"]) {
        let shown = daemon.json(&["template", "show", name]);
        let fields = shown["fields"].as_array().unwrap().iter().filter(|field| field["sample"].is_string());
        let row: serde_json::Map<_, _> =
            fields.map(|field| (field["name"].as_str().unwrap().to_owned(), field["sample"].clone())).collect();
        let rows = daemon.document("row.json", json!(row).to_string().as_bytes());
        let job = daemon.json(&["print", "dock", "--template", name, "--rows", &file(&rows), "--wait"]);
        assert_eq!(job["state"], "done", "{name}: {job:#}");
        assert_eq!(zebra.label_count(), printed);
        assert!(zebra.labels().last().unwrap().bitmap.black_dots() > 1000, "{name}");
    }
}
