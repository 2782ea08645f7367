//! Printing: a file, a template, with and without scripts.

use super::{Scene, browser, job_of};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use ostler_tests::{browser::Look, dots, until};
use serde_json::json;

#[test]
fn a_pdf_is_printed_from_the_first_page_and_its_labels_are_counted_as_they_come() {
    let Some(browser) = browser("a_pdf_is_printed_from_the_first_page", Look::default()) else { return };
    let scene = Scene::slow();
    let (file, document) = scene.pdf("parcels", 4);
    browser.open(&scene.front.url("/"));
    let row = browser.until_text("#machines tbody tr", "dock");
    assert!(row.contains("Label Printer") && row.contains("zebra-zpl"), "{row}");
    browser.choose_file("#print-document", &file);
    browser.click("#print-button");
    until("the page of the job", || browser.path().starts_with("/job/"));
    let job = job_of(&browser.path());
    // Each text that the count of labels has had, without loading the page again.
    browser.execute(
        "window.seen = new Set(); setInterval(() => seen.add(document.querySelector('#labels-text').innerText), 20)",
        &[],
    );
    browser.until_text("#outcome-heading", "Done");
    let seen = browser.execute("return [...window.seen]", &[]);
    let seen: Vec<_> = seen.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
    for count in ["2 of 4", "3 of 4"] {
        assert!(seen.contains(&count), "{count} was not among {seen:?}");
    }
    browser.until_text("#labels-text", "4 of 4");
    assert!(browser.text("#outcome").starts_with("All 4 labels are printed."));
    assert_eq!(scene.daemon.job_over(job)["state"], "done");
    scene.came_out(&document);
    browser.open(&scene.front.url("/"));
    let jobs = browser.text("#jobs");
    assert!(jobs.contains("parcels.pdf") && jobs.contains("Done"), "{jobs}");
}

#[test]
fn without_scripts_the_same_form_prints_and_the_page_of_the_job_loads_itself_again() {
    let Some(browser) = browser("without_scripts_the_same_form_prints", Look { scripts: false, ..Look::default() })
    else {
        return;
    };
    let scene = Scene::slow();
    let (file, document) = scene.pdf("plain", 2);
    browser.open(&scene.front.url("/"));
    browser.choose_file("#print-document", &file);
    browser.click("#print-button");
    until("the page of the job", || browser.path().starts_with("/job/"));
    let job = job_of(&browser.path());
    until("the job is shown as done", || browser.text("#outcome-heading").contains("Done"));
    assert_eq!(scene.daemon.job(job)["state"], "done");
    scene.came_out(&document);
}

#[test]
fn a_row_of_a_template_is_typed_and_printed() {
    let Some(browser) = browser("a_row_of_a_template_is_typed_and_printed", Look::default()) else { return };
    let scene = Scene::for_parts();
    browser.open(&scene.front.url(&format!("/machine/{}", scene.dock())));
    browser.click("label[for=what-template]");
    browser.choose("#print-template", "Part with QR code");
    // Its fields come with values to begin with.
    until("the fields of the template", || {
        browser.execute("return document.querySelector('#field-number')?.value ?? ''", &[]) != json!("")
    });
    browser.fill("#field-number", "M8x40-A2");
    browser.click("#print-button");
    until("the page of the job", || browser.path().starts_with("/job/"));
    let job = job_of(&browser.path());
    assert_eq!(scene.daemon.job_over(job)["state"], "done");
    let label = scene.zebra.labels().pop().unwrap();
    let template = scene.daemon.get("/api/template/part/");
    let sample = template["fields"].as_array().unwrap().iter().filter_map(|field| {
        let name = field["name"].as_str().unwrap();
        let value = if name == "number" { "M8x40-A2" } else { field["sample"].as_str()? };
        Some(format!("{name}={value}"))
    });
    let row: Vec<_> = sample.flat_map(|value| ["-f".to_owned(), value]).collect();
    let to = scene.daemon.scratch().join("part.png");
    let preview = ["preview", "dock", "--template", "part", "--to", &to.to_string_lossy()].map(str::to_owned);
    let arguments: Vec<_> = preview.into_iter().chain(row).collect();
    scene.daemon.cli(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).ok();
    dots::assert_same(&dots::of_png(&std::fs::read(to).unwrap()), &label.bitmap);
}

#[test]
fn a_preview_shows_the_very_dots_beside_the_form_and_keeps_the_file() {
    let Some(browser) = browser("a_preview_shows_the_very_dots", Look::default()) else { return };
    let scene = Scene::new();
    let (file, document) = scene.pdf("looked-at", 3);
    browser.open(&scene.front.url("/print"));
    browser.choose_file("#print-document", &file);
    browser.fill("#print-label", "2");
    browser.click("#preview-button");
    browser.until_text("#preview figcaption", "Label 2 of looked-at.pdf");
    let source = browser.execute("return document.querySelector('#preview img').src", &[]);
    let png = BASE64.decode(source.as_str().unwrap().strip_prefix("data:image/png;base64,").unwrap()).unwrap();
    dots::assert_same(&document.dots()[1], &dots::of_png(&png));
    // The policy of the page lets it be seen.
    assert_eq!(browser.execute("return document.querySelector('#preview img').naturalWidth", &[]), json!(240));
    browser.fill("#print-label", "9");
    browser.click("#preview-button");
    browser.until_text("#preview", "there is no label 9");
    assert_eq!(scene.zebra.label_count(), 0);
    browser.click("#print-button");
    until("the page of the job", || browser.path().starts_with("/job/"));
    scene.daemon.job_over(job_of(&browser.path()));
    scene.came_out(&document);
}

#[test]
fn with_scripts_a_refused_form_keeps_the_file_and_prints_once_it_is_mended() {
    let Some(browser) = browser("with_scripts_a_refused_form_keeps_the_file", Look::default()) else { return };
    let scene = Scene::new();
    let (file, document) = scene.pdf("mended", 1);
    browser.open(&scene.front.url("/"));
    browser.choose_file("#print-document", &file);
    browser.fill("#print-copies", "1000");
    browser.click("#print-button");
    browser.until_text("#print-copies-hint", "1000 copies cannot be printed");
    assert_eq!(
        browser.execute("return document.querySelector('#print-document').files[0].name", &[]),
        json!("mended.pdf")
    );
    assert_eq!(browser.execute("return document.querySelector('#print-copies').value", &[]), json!("1000"));
    browser.fill("#print-copies", "1");
    browser.click("#print-button");
    until("the page of the job", || browser.path().starts_with("/job/"));
    scene.daemon.job_over(job_of(&browser.path()));
    scene.came_out(&document);
}

#[test]
fn the_options_are_those_of_the_machine_that_is_chosen() {
    let Some(browser) = browser("the_options_are_those_of_the_machine", Look::default()) else { return };
    let scene = Scene::new();
    scene.daemon.install("ostler_driver_virtual");
    scene.daemon.add("air", "virtual-printer", &[]);
    browser.open(&scene.front.url(&format!("/print?machine={}", scene.dock())));
    let names = "return [...document.querySelectorAll('#print-options [name]')].map((input) => input.name)";
    let of_dock = browser.execute(names, &[]);
    assert!(of_dock.as_array().unwrap().contains(&json!("option.darkness")), "{of_dock}");
    browser.choose("#print-machine", "air");
    until("other options", || browser.execute(names, &[]) != of_dock);
    let offered =
        scene.daemon.get(&format!("/api/machine/{}/options/", scene.daemon.machine("air")["pk"].as_str().unwrap()));
    let offered: Vec<_> = offered["options"].as_array().unwrap().iter().map(|option| option["key"].clone()).collect();
    let shown = browser.execute(names, &[]);
    for key in offered.iter().filter(|key| **key != json!("copies")) {
        assert!(
            shown.as_array().unwrap().contains(&json!(format!("option.{}", key.as_str().unwrap()))),
            "{key}: {shown}"
        );
    }
}
