//! The page is for everybody: narrow screens, keyboards, screen readers, light and dark.

use super::{Scene, browser, job_of, png};
use ostler_simulators::Fault;
use ostler_tests::{
    Browser,
    browser::{ENTER, Look, TAB},
    counterpart::{Counterpart, axe, missing},
    until,
};
use serde_json::{Value, json};

/// Pages with something on each: a fault, jobs that are done, waiting and in doubt, an open form of a template.
fn paths(scene: &Scene) -> Vec<String> {
    scene.daemon.print_done("dock", &png("DONE"));
    scene.zebra.set_fault(Fault::CloseAt { byte: 1500, reset: true }).unwrap();
    let doubt = scene.daemon.print("dock", &png("DOUBT"), 1);
    scene.daemon.job_over(doubt);
    scene.zebra.clear_faults().unwrap();
    scene.zebra.set_fault(Fault::MediaOut).unwrap();
    let waiting = scene.daemon.print("dock", &png("WAITING"), 1);
    scene.daemon.until_job(waiting, "waiting", |job| job["state"] == "waiting");
    let long = "a-name-without-any-space-in-it-that-is-much-longer-than-a-narrow-screen-is-wide";
    scene.daemon.json(&["machine", "add", long, "--driver", "zebra-zpl"]);
    let dock = scene.dock();
    [
        "/".to_owned(),
        format!("/machine/{dock}"),
        format!("/job/{doubt}"),
        format!("/job/{waiting}"),
        "/print?what=template&template=shipping".to_owned(),
        "/help".to_owned(),
        "/job/0".to_owned(),
    ]
    .into()
}

#[test]
fn nothing_is_wider_than_a_screen_of_360_pixels() {
    let Some(browser) = browser("nothing_is_wider_than_360_pixels", Look { width: 360, ..Look::default() }) else {
        return;
    };
    let scene = Scene::large();
    for path in paths(&scene) {
        browser.open(&scene.front.url(&path));
        browser.execute("document.querySelectorAll('details').forEach((fold) => { fold.open = true })", &[]);
        let width = browser.execute("return document.documentElement.scrollWidth", &[]);
        assert!(width.as_u64().unwrap() <= 360, "{path} is {width} pixels wide");
    }
}

#[test]
fn a_keyboard_alone_prints() {
    let Some(browser) = browser("a_keyboard_alone_prints", Look::default()) else { return };
    let scene = Scene::new();
    let (file, document) = scene.pdf("by-key", 1);
    browser.open(&scene.front.url("/"));
    browser.choose_file("#print-document", &file);
    browser.execute("document.activeElement.blur()", &[]);
    let focused = || browser.execute("return document.activeElement?.id ?? ''", &[]).as_str().unwrap().to_owned();
    let mut passed = Vec::new();
    while passed.last().is_none_or(|id| id != "print-button") {
        assert!(passed.len() < 60, "the print button is not among {passed:?}");
        browser.press(TAB);
        passed.push(focused());
    }
    for input in ["print-machine", "what-file", "print-document", "print-copies"] {
        assert!(passed.iter().any(|id| id == input), "{input} is not among {passed:?}");
    }
    let outline = browser.execute("return getComputedStyle(document.activeElement).outlineStyle", &[]);
    assert_eq!(outline, json!("solid"), "the focus is seen");
    browser.press(ENTER);
    until("the page of the job", || browser.path().starts_with("/job/"));
    scene.daemon.job_over(job_of(&browser.path()));
    scene.came_out(&document);
}

/// What axe-core finds, by rule and place.
fn violations(browser: &Browser, script: &str) -> Vec<String> {
    browser.execute(&format!("{script}; window.axe = axe"), &[]);
    let found = browser.execute_async(
        "const done = arguments[arguments.length - 1];
         axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
            .then((found) => done(found.violations), (error) => done([{ id: String(error), impact: 'serious', nodes: [] }]))",
        &[],
    );
    let rule = |violation: &Value| {
        let places: Vec<_> =
            violation["nodes"].as_array().unwrap().iter().map(|node| node["html"].to_string()).collect();
        format!("{} ({}): {}", violation["id"], violation["impact"], places.join(" "))
    };
    found.as_array().unwrap().iter().map(rule).collect()
}

#[test]
fn axe_finds_nothing_in_light_dark_and_narrow_pages() {
    if missing("page::axe_finds_nothing", &[Counterpart::Chromium, Counterpart::Axe]) {
        return;
    }
    let script = std::fs::read_to_string(axe()).unwrap();
    let scene = Scene::large();
    let paths = paths(&scene);
    for look in [Look::default(), Look { dark: true, ..Look::default() }, Look { width: 360, ..Look::default() }] {
        let browser = Browser::like(look);
        for path in &paths {
            browser.open(&scene.front.url(path));
            browser.execute("document.querySelectorAll('details').forEach((fold) => { fold.open = true })", &[]);
            let found = violations(&browser, &script);
            assert!(found.is_empty(), "{path}, {look:?}: {found:#?}");
        }
    }
}
