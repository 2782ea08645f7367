//! Templates: what their header says, which rows they take, and what is refused before anything is printed.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::cast_possible_truncation)]

mod common;

use common::labels::{TEXT, error, fields, label, template, try_label};
use common::{pool, worker};
use ostler_render::template::{self as templates, BUILT_IN, Fields, MEDIA_TYPE};
use ostler_render::{ErrorClass, Output, PoolSize, Raster, RenderError, RenderLimits, RenderPool};
use serde_json::json;

const LABEL: Raster = Raster::new(8, 400, 240);

fn of_50_by_30(fields: &str, body: &str) -> String {
    template(50.0, 30.0, fields, body)
}

// The header.

#[test]
fn a_header_says_name_size_and_fields_in_their_order() {
    let source = template(
        101.6,
        50.0,
        r#"
description = "For tests"
[fields.second]
kind = "integer"
min = 0
max = 9
default = 3
[fields.first]
kind = "choice"
required = true
choices = ["a", "b"]
sample = "b"
[fields.due]
kind = "date"
sample = 2026-02-28"#,
        "",
    );
    let template = templates::parse(&source).unwrap();
    assert_eq!((template.name.as_str(), template.width_um, template.height_um), ("test", 101_600, 50_000));
    assert_eq!(template.fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>(), ["second", "first", "due"]);
    assert_eq!(template.sample_row(), fields(&[("second", "3"), ("first", "b"), ("due", "2026-02-28")]));
    let as_json = serde_json::to_value(&template).unwrap();
    assert_eq!(
        as_json["fields"][0],
        json!({
            "name": "second", "kind": "integer", "min": 0, "max": 9, "required": false, "description": "",
            "sample": null, "default": "3"
        })
    );
}

#[test]
fn what_is_wrong_with_a_header_is_said_with_its_place_in_the_file() {
    let with = |field: &str| of_50_by_30(&format!("[fields.x]\n{field}"), "");
    for (source, place, says) in [
        ("#hello".to_owned(), "line 1, column 1", "a template begins with `/* ostler-template`"),
        ("/* ostler-template\nname = \"x\"".to_owned(), "line 1", "the header does not end"),
        (of_50_by_30("colour = \"red\"", ""), "line 5, column 1", "unknown field `colour`"),
        (of_50_by_30("", "").replace("\"test\"", "\"A b\""), "line 2, column 8", "lower-case letters"),
        (of_50_by_30("", "").replace("name = \"test\"\n", ""), "line 1", "missing field `name`"),
        (of_50_by_30("", "").replace("50", "5000"), "line 4", "each side may be 1 to 1,000 mm"),
        (of_50_by_30("", "").replace("30 }", "nan }"), "line 4", "each side"),
        (of_50_by_30("[fields.\"a b\"]\nkind = \"text\"", ""), "line 5", "begins with a letter"),
        (with("kind = \"colour\""), "line 6, column 8, field `x`", "there is no kind `colour`"),
        (with("kind = \"text\"\nlength = 4"), "line 7, column 1", "unknown field `length`"),
        (with("kind = \"text\"\nmin = 4"), "line 7, column 7, field `x`", "`min` does not fit a field of kind `text`"),
        (with("kind = \"text\"\nrequired = true"), "field `x`", "needs a `sample`"),
        (with("kind = \"text\"\npattern = \"(\""), "line 7", "its pattern cannot be read"),
        (with("kind = \"integer\"\nmax = 3\nsample = 4"), "line 8, column 10", "`4` is not a whole number up to 3"),
        (with("kind = \"choice\""), "line 6", "needs `choices`"),
        (with("kind = \"date\"\ndefault = \"today\""), "line 7", "a date such as"),
    ] {
        let error = templates::parse(&source).unwrap_err().to_string();
        assert!(error.contains(place) && error.contains(says), "{source}\n{error}");
    }
}

#[test]
fn a_row_is_checked_field_by_field_and_comes_out_as_canonical_texts() {
    let source = of_50_by_30(
        r#"
[fields.text]
kind = "text"
required = true
sample = "A"
max-length = 3
pattern = "[A-Z]+"
[fields.count]
kind = "integer"
min = 1
[fields.weight]
kind = "decimal"
max = 10
[fields.done]
kind = "boolean"
default = false
[fields.due]
kind = "date""#,
        "",
    );
    let template = templates::parse(&source).unwrap();
    let row = |value: serde_json::Value| template.row(&serde_json::from_value(value).unwrap());
    let good =
        row(json!({"text": "ABC", "count": " 07 ", "weight": "+01.50", "done": true, "due": "2024-02-29"})).unwrap();
    let expected = [("text", "ABC"), ("count", "7"), ("weight", "1.50"), ("done", "true"), ("due", "2024-02-29")];
    assert_eq!(good, fields(&expected));
    // What a row of CSV leaves empty is no value.
    let sparse = template.row_of_texts(&fields(&[("text", "A"), ("count", ""), ("weight", ""), ("done", "")])).unwrap();
    assert_eq!(sparse, fields(&[("text", "A"), ("done", "false")]));
    assert_eq!(row(json!({"text": "A", "weight": 1e-3, "count": 3})).unwrap()["weight"], "0.001");
    let errors = row(json!({
        "text": "abcd", "count": 0, "weight": "1,5", "done": "maybe", "due": "2023-02-29", "colour": "red"
    }));
    let errors: Vec<_> = errors.unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(
        errors,
        [
            "field `colour`: template `test` has no such field; it has `text`, `count`, `weight`, `done`, `due`",
            "field `text`: `abcd` has 4 characters, and 3 are allowed",
            "field `count`: `0` is not a whole number from 1 on",
            "field `weight`: `1,5` is not a decimal number up to 10",
            "field `done`: `maybe` is not `true` or `false`",
            "field `due`: `2023-02-29` is not a date such as `2026-11-27`",
        ]
    );
    let missing = row(json!({"text": null})).unwrap_err();
    assert_eq!(missing[0].to_string(), "field `text`: a value is required: a text");
    assert!(row(json!({"text": ["A"]})).unwrap_err()[0].message.contains("a list was given"));
}

// Values.

#[tokio::test]
async fn values_have_the_type_of_their_field() {
    let body = r#"
#assert.eq(type(fields.text), str)
#assert.eq(fields.count + 1, 43)
#assert.eq(fields.weight, decimal("1.50"))
#assert.eq(str(fields.weight), "1.50")
#assert(not fields.done)
#assert.eq(fields.due.display("[day].[month].[year]"), "27.11.2026")
#assert.eq(fields.kind, "b")
#assert.eq(fields.left-out, none)
#assert.eq(dpmm, 8)
#assert(calc.abs(8 * dot / 1mm - 1) < 0.000001)
"#;
    let kinds = r#"
fields.text = { kind = "text" }
fields.count = { kind = "integer" }
fields.weight = { kind = "decimal" }
fields.done = { kind = "boolean" }
fields.due = { kind = "date" }
fields.kind = { kind = "choice", choices = ["a", "b"] }
fields.left-out = { kind = "text" }"#;
    let values =
        [("text", "1"), ("count", "42"), ("weight", "1.50"), ("done", "false"), ("due", "2026-11-27"), ("kind", "b")];
    label(&pool(), &of_50_by_30(kinds, body), &values, LABEL).await;
}

#[tokio::test]
async fn the_same_row_gives_the_same_dots_in_every_worker_and_another_row_others() {
    let source = of_50_by_30(TEXT, "#text(size: 20pt, fields.text) #code128(fields.text)");
    let first = label(&pool(), &source, &[("text", "ABC-1")], LABEL).await;
    let pool = pool();
    assert_eq!(label(&pool, &source, &[("text", "ABC-1")], LABEL).await, first);
    assert_ne!(label(&pool, &source, &[("text", "ABC-2")], LABEL).await, first);
    assert_eq!(label(&pool, &source, &[("text", "ABC-1")], LABEL).await, first);
}

#[tokio::test]
async fn a_row_that_was_rendered_before_needs_no_worker() {
    let pool = pool();
    let source = of_50_by_30(TEXT, "#fields.text");
    let first = label(&pool, &source, &[("text", "A")], LABEL).await;
    pool.end_idle().await;
    assert_eq!(label(&pool, &source, &[("text", "A")], LABEL).await, first);
    assert_eq!(pool.idle_workers(), 0, "a worker was started");
    assert_ne!(label(&pool, &source, &[("text", "B")], LABEL).await, first);
}

#[tokio::test]
async fn values_longer_than_any_header_of_the_protocol_travel() {
    let source = of_50_by_30(TEXT, "#assert.eq(fields.text.len(), 9999)");
    label(&pool(), &source, &[("text", &"x".repeat(9_999))], LABEL).await;
    let many: Vec<_> = (0..100).map(|number| format!("fields.f{number} = {{ kind = \"text\" }}")).collect();
    let row: Fields = (0..100).map(|number| (format!("f{number}"), "y".repeat(9_000))).collect();
    try_label(&pool(), &of_50_by_30(&many.join("\n"), ""), &row, LABEL).await.unwrap();
}

// Rows before printing.

#[tokio::test]
async fn bad_rows_are_told_with_number_and_field_before_anything_is_printed() {
    let source =
        of_50_by_30("[fields.ean]\nkind = \"text\"\nrequired = true\nsample = \"950600013435\"", "#ean13(fields.ean)");
    let row = |ean: &str| fields(&[("ean", ean)]);
    let pool = pool();
    let mut rows = vec![row("950600013435"); 250];
    pool.check_rows(source.as_bytes(), &rows, 8).await.unwrap();
    rows[2] = row("9506000134353");
    rows[149] = Fields::new();
    rows[249] = fields(&[("ean", "950600013435"), ("colour", "red")]);
    let error = pool.check_rows(source.as_bytes(), &rows, 8).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Document);
    assert_eq!(
        error.to_string(),
        "row 3, line 10, column 8, field `ean`: the check digit of the EAN-13 `9506000134353` is wrong; with the right one \
         it ends in 2; row 150, field `ean`: a value is required: a text; row 250, field `colour`: template `test` has no \
         such field; it has `ean`"
    );
    let RenderError::Rows { errors, more } = error else { panic!("{error:?}") };
    assert_eq!((errors.iter().map(|error| error.row).collect::<Vec<_>>(), more), (vec![3, 150, 250], false));
}

#[tokio::test]
async fn of_many_bad_rows_the_first_ten_are_told() {
    let source = of_50_by_30("[fields.count]\nkind = \"integer\"", "#fields.count");
    let rows = vec![fields(&[("count", "many")]); 1_000];
    let error = pool().check_rows(source.as_bytes(), &rows, 8).await.unwrap_err();
    let RenderError::Rows { errors, more: true } = &error else { panic!("{error:?}") };
    assert_eq!(errors.iter().map(|error| error.row).collect::<Vec<_>>(), (1..=10).collect::<Vec<_>>());
    assert!(error.to_string().ends_with("; and there may be more"));
}

#[tokio::test]
async fn a_row_whose_code_does_not_fit_is_found_before_printing_and_at_the_density_that_is_printed() {
    let source = of_50_by_30(TEXT, "#code128(fields.text)");
    let rows = [fields(&[("text", "SHORT")]), fields(&[("text", "12345678901234567890")])];
    let pool = pool();
    let error =
        pool.check_rows(source.as_bytes(), &[rows[0].clone(), fields(&[("text", &"long".repeat(12))])], 8).await;
    let error = error.unwrap_err().to_string();
    assert!(error.starts_with("row 2, ") && error.contains("field `text`: this code needs "), "{error}");
    pool.check_rows(source.as_bytes(), &rows, 12).await.unwrap();
}

#[tokio::test]
async fn thousands_of_rows_are_checked_within_the_time_of_each_request() {
    let limits = RenderLimits { time_ms: 3_000, ..RenderLimits::default() };
    let pool = RenderPool::new(limits, worker());
    let source = of_50_by_30(TEXT, "#text(size: 14pt, fields.text) #lorem(6) #qr(fields.text)");
    let rows: Vec<Fields> = (0..2_000).map(|number| fields(&[("text", &format!("PART-{number}"))])).collect();
    pool.check_rows(source.as_bytes(), &rows, 8).await.unwrap();
}

// Errors.

#[tokio::test]
async fn errors_name_line_and_column_and_the_field_where_it_can_be_told() {
    let pool = pool();
    for (body, place, says) in [
        ("\n#let x = (1,", "line 9, column 10", "unclosed delimiter"),
        ("#unknown", "line 8, column 2", "unknown variable: unknown"),
        ("#fields.colour", "line 8, column 9, field `colour`", "does not contain key"),
        ("#(fields.text + 1)", "line 8, column 3, field `text`", "cannot add string and integer"),
        ("#let draw(it) = ean13(it)\n#draw(fields.text)", "field `text`", "an EAN-13 has digits only"),
        ("#ean13(fields.at(\"text\"))", "line 8, column 8, field `text`", "digits only"),
        ("#text(font: \"Arial\")[A]", "line 8", "there are DejaVu Sans, DejaVu Serif and DejaVu Sans Mono"),
        ("#fields.text \u{5927}", "line 8", "there is no picture of the character `\u{5927}` (U+5927)"),
        ("#pagebreak()", "", "its content takes 2 pages, and a label is one"),
        ("#set page(width: 60mm)\nx", "", "it sets a page of 60.0 x 30.0 mm, and its header says 50.0 x 30.0 mm"),
        ("#text(size: 30pt, \"unbreakable\")", "", "the text `unbreakable` does not fit on the label"),
        ("#place(dx: 40mm, text(size: 12pt, fields.text))", "field `text`", "does not fit on the label"),
        ("#let all = fields.values()\n#place(dx: 40mm, text(size: 12pt, all.first()))", "field `text`", "does not fit"),
    ] {
        let error = error(&pool, &of_50_by_30(TEXT, body), &[("text", "value-1")]).await;
        assert_eq!(error.class(), ErrorClass::Document, "{error}");
        let error = error.to_string();
        assert!(error.contains(place) && error.contains(says), "{body}\n{error}");
    }
}

#[tokio::test]
async fn a_template_reads_nothing_but_its_fields() {
    let pool = pool();
    for (body, says) in [
        ("#read(\"/etc/hostname\")", "a template reads nothing but its fields: no files and no packages"),
        ("#image(\"logo.png\")", "no files and no packages"),
        ("#include \"other.typ\"", "no files and no packages"),
        ("#import \"@preview/cades:0.3.0\": qr-code", "no files and no packages"),
        ("#csv(\"rows.csv\")", "no files and no packages"),
        ("#plugin(\"code.wasm\")", "no files and no packages"),
        ("#datetime.today()", "a template has no clock; make the date a field of kind `date`"),
    ] {
        let error = error(&pool, &of_50_by_30("", body), &[]).await.to_string();
        assert!(error.contains("line 7") && error.contains(says), "{body}: {error}");
    }
}

#[tokio::test]
async fn a_row_that_does_not_fit_the_fields_makes_no_label() {
    let source = of_50_by_30("[fields.count]\nkind = \"integer\"\nrequired = true\nsample = 1", "#fields.count");
    let pool = pool();
    let refused = error(&pool, &source, &[("count", "x"), ("more", "y")]).await;
    assert_eq!(
        refused.to_string(),
        "field `more`: template `test` has no such field; it has `count`; field `count`: `x` is not a whole number"
    );
    // Asked for as a document without fields, it has none.
    let plain = pool.render(source.as_bytes(), MEDIA_TYPE, LABEL, Output::Bitmap).await.unwrap_err();
    assert_eq!(plain.to_string(), "field `count`: a value is required: a whole number");
}

// What comes with Ostler.

#[tokio::test]
async fn the_built_in_templates_take_their_samples_the_least_and_the_longest_at_every_density() {
    let pool = pool();
    let mut names = Vec::new();
    for source in BUILT_IN {
        let template = templates::parse(source).unwrap();
        pool.inspect(source.as_bytes(), MEDIA_TYPE).await.unwrap();
        let sample = template.sample_row();
        let required = |name: &str| template.fields.iter().any(|field| field.name == name && field.required);
        let least: Fields =
            sample.iter().filter(|(name, _)| required(name)).map(|(a, b)| (a.clone(), b.clone())).collect();
        let longest: Fields = sample
            .iter()
            .map(|(name, text)| {
                let field = template.fields.iter().find(|field| field.name == *name).unwrap();
                let text = match &field.kind {
                    templates::Kind::Text { max_length: Some(most), .. } => {
                        format!("{text} ").repeat(40).chars().take(*most as usize).collect::<String>().trim().to_owned()
                    }
                    templates::Kind::Integer { max: Some(max), .. } => max.to_string(),
                    _ => text.clone(),
                };
                (name.clone(), text)
            })
            .collect();
        for dpmm in [8, 12, 24] {
            pool.check_rows(source.as_bytes(), &[sample.clone(), least.clone(), longest.clone()], dpmm)
                .await
                .unwrap_or_else(|error| panic!("{} at {dpmm}: {error}", template.name));
        }
        names.push(template.name);
    }
    assert_eq!(names, ["part", "location", "shipping"]);
}

#[tokio::test]
async fn a_warm_label_costs_a_fraction_of_a_cold_one() {
    let size = PoolSize { cache_bytes: 0, ..PoolSize::default() };
    let pool = RenderPool::with_size(RenderLimits::default(), worker(), size);
    let time = async |number: u32| {
        let source = of_50_by_30(TEXT, "#text(size: 14pt, fields.text) #qr(fields.text)");
        let started = std::time::Instant::now();
        label(&pool, &source, &[("text", &format!("PART-{number}"))], LABEL).await;
        started.elapsed()
    };
    let cold = time(0).await;
    let mut warm = std::time::Duration::MAX;
    for number in 1..20 {
        warm = warm.min(time(number).await);
    }
    assert!(warm * 3 < cold, "cold {cold:?}, warm {warm:?}");
}
