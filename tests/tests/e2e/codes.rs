//! Codes of every symbology through driver and printer, at every density and turned in every way, are read back from what was
//! printed.

use ostler_simulators::ZebraConfig;
use ostler_tests::{
    Daemon,
    codes::{CASES, Case, Printed, misread},
    counterpart::{Counterpart, missing},
    place::repository,
    printer,
};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Millimetres of the label's sides. It is square, so that a code may lie on it in any direction.
const SIDE: u32 = 68;

/// A template with all codes. A row says which, gives it its data, and turns it.
fn template() -> String {
    let mut codes = String::new();
    for case in CASES {
        writeln!(codes, "  data => {},", case.call).unwrap();
    }
    format!(
        r#"/* ostler-template
name = "codes"
title = "A code of any symbology"
size = {{ width-mm = {SIDE}, height-mm = {SIDE} }}
[fields.code]
kind = "integer"
required = true
min = 0
sample = 0
[fields.data]
kind = "text"
required = true
sample = "A"
[fields.turned]
kind = "integer"
default = 0
*/
#let codes = (
{codes})
#let code = codes.at(fields.code)
#align(center + horizon, rotate(fields.turned * 90deg, reflow: true, code(fields.data)))
"#
    )
}

/// Prints all codes and has them read back.
fn all_are_read_back_at(dpmm: u32, dpi: u32) {
    if missing(&format!("codes::codes_at_{dpi}_dpi"), &[Counterpart::Zbarimg, Counterpart::ZxingCpp]) {
        return;
    }
    let daemon = Daemon::start();
    daemon.install("ostler_driver_zebra");
    let zebra = printer::zebra_with(ZebraConfig {
        dots_per_mm: dpmm,
        head_width: SIDE * dpmm,
        label_length: SIDE * dpmm,
        ..ZebraConfig::default()
    });
    let settings = [format!("DPMM={dpmm}"), format!("LABEL_WIDTH={SIDE}"), format!("LABEL_LENGTH={SIDE}")];
    daemon.add_zebra("dock", &zebra, &settings.each_ref().map(String::as_str));
    let source = daemon.document("codes.typ", template().as_bytes());
    daemon.json(&["template", "add", &source.to_string_lossy()]);

    let mut printed = Vec::new();
    // All codes, turned in the template so many times by a quarter, and by the job or the printer so many times again.
    let mut print = |turned: u8, arguments: &[&str], again: u8, how: &str| {
        let row = |(code, case): (usize, &Case)| json!({"code": code, "data": case.data, "turned": turned});
        let rows: Value = CASES.iter().enumerate().map(row).collect();
        let rows = daemon.document("rows.json", rows.to_string().as_bytes());
        let print = ["print", "dock", "--template", "codes", "--rows", &rows.to_string_lossy()];
        let job = daemon.json(&[print.as_slice(), arguments].concat());
        let job = daemon.job_over(job["id"].as_i64().unwrap());
        assert_eq!((&job["state"], &job["labels"]["done"]), (&json!("done"), &json!(CASES.len())), "{job:#}");
        let labels = zebra.labels().split_off(printed.len());
        assert_eq!(labels.len(), CASES.len());
        for (case, label) in CASES.iter().zip(labels) {
            let file = daemon.document(&format!("{}.png", printed.len()), &label.to_png().unwrap());
            printed.push(Printed { file, case, quarters: (turned + again) % 4, how: how.to_owned() });
        }
    };
    for turned in 0..4 {
        print(turned, &[], 0, "turned in the template");
    }
    for (again, rotation) in [(1, "rotation=quarter"), (2, "rotation=half"), (3, "rotation=three-quarters")] {
        print(0, &["-o", rotation], again, "turned by the job's option");
    }
    daemon.json(&["machine", "set", "dock", "ORIENTATION=inverted"]);
    print(0, &[], 2, "turned by the printer");
    print(1, &["-o", "rotation=quarter"], 3, "turned in the template, by the option, and by the printer");

    assert_eq!(zebra.errors(), vec![]);
    let wrong = misread(&printed);
    assert!(wrong.is_empty(), "at {dpi} dpi, {} of {}:\n{}", wrong.len(), printed.len(), wrong.join("\n"));
}

#[test]
fn all_that_are_printed_at_203_dpi_are_read_back_and_lie_as_they_were_turned() {
    all_are_read_back_at(8, 203);
}

#[test]
fn all_that_are_printed_at_300_dpi_are_read_back_and_lie_as_they_were_turned() {
    all_are_read_back_at(12, 300);
}

#[test]
fn all_that_are_printed_at_600_dpi_are_read_back_and_lie_as_they_were_turned() {
    all_are_read_back_at(24, 600);
}

#[test]
fn every_code_that_the_documentation_names_is_among_them() {
    let documentation = std::fs::read_to_string(repository().join("docs/templates.md")).unwrap();
    let codes = documentation.split("\n## ").find(|section| section.starts_with("Codes\n")).unwrap();
    let rows = codes.lines().filter(|line| line.starts_with("| `"));
    let names: Vec<_> = rows.flat_map(|row| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2)).collect();
    assert!(names.len() >= 10, "{names:?}");
    for name in names {
        let function = name.split_inclusive('(').next().unwrap();
        assert!(CASES.iter().any(|case| case.call.starts_with(function)), "no code of `{name}`");
    }
}
