//! What changes is seen without loading the page again.

use super::{Scene, browser, png};
use ostler_simulators::{Fault, zebra::FaultKind};
use ostler_tests::{browser::Look, until};
use serde_json::json;

/// Sets a mark that loading the page again would wipe out.
const MARK: &str = "window.mark = 'still here'";
const MARKED: &str = "return window.mark ?? ''";

#[test]
fn a_status_changes_on_the_page_with_the_reason_and_is_read_out() {
    let Some(browser) = browser("a_status_changes_on_the_page", Look::default()) else { return };
    let scene = Scene::new();
    browser.open(&scene.front.url("/"));
    browser.until_text("#machines tbody tr", "Connected");
    browser.until_text("#live", "Live");
    browser.execute(MARK, &[]);
    scene.zebra.set_fault(Fault::MediaOut).unwrap();
    browser.until_text("#machines tbody tr", "No media");
    browser.until_text("#said", "dock: No media");
    assert!(scene.front.get("/print").text().contains("It wants attention: jobs wait"));
    scene.zebra.clear_fault(FaultKind::MediaOut).unwrap();
    browser.until_text("#machines tbody tr", "Connected");
    assert_eq!(browser.execute(MARKED, &[]), json!("still here"));
}

#[test]
fn machines_and_jobs_come_and_go_on_the_page() {
    let Some(browser) = browser("machines_and_jobs_come_and_go", Look::default()) else { return };
    let scene = Scene::new();
    browser.open(&scene.front.url("/"));
    browser.until_text("#live", "Live");
    browser.execute(MARK, &[]);
    scene.daemon.add_zebra("annex", &scene.zebra, &[]);
    browser.until_text("#machines", "annex");
    scene.daemon.print("annex", &png("HELLO"), 1);
    browser.until_text("#jobs", "label.png");
    scene.daemon.cli(&["machine", "remove", "annex"]).ok();
    until("the row is gone", || !browser.text("#machines").contains("annex"));
    assert_eq!(browser.execute(MARKED, &[]), json!("still here"));
}

#[test]
fn a_machine_is_paused_and_resumed_while_a_form_is_half_filled() {
    let Some(browser) = browser("a_machine_is_paused_and_resumed", Look::default()) else { return };
    let scene = Scene::new();
    browser.open(&scene.front.url("/"));
    browser.fill("#print-copies", "7");
    browser.click("#machines button");
    browser.until_text("#machines tbody tr", "Paused");
    assert_eq!(scene.daemon.machine("dock")["paused"], true);
    browser.click("#machines button");
    browser.until_text("#machines button", "Pause");
    assert_eq!(scene.daemon.machine("dock")["paused"], false);
    assert_eq!(browser.execute("return document.querySelector('#print-copies').value", &[]), json!("7"));
}

#[test]
fn the_page_finds_back_to_a_daemon_that_was_started_again() {
    let Some(browser) = browser("the_page_finds_back", Look::default()) else { return };
    let mut scene = Scene::new();
    browser.open(&scene.front.url("/"));
    browser.until_text("#live", "Live");
    browser.execute(MARK, &[]);
    scene.daemon.kill();
    browser.until_text("#live", "Not connected");
    scene.daemon.restart();
    scene.daemon.until_state("dock", "ready");
    browser.until_text("#live", "Live");
    scene.zebra.set_fault(Fault::HeadOpen).unwrap();
    let status = scene.daemon.until_machine("dock", "a fault", |machine| machine["status"].as_u64() >= Some(200));
    browser.until_text("#machines tbody tr", status["status_title"].as_str().unwrap());
    assert_eq!(browser.execute(MARKED, &[]), json!("still here"));
}
