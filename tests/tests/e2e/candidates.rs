//! Which machines take a job, and why the others do not.

use ostler_simulators::{Fault, Media, ZebraConfig};
use ostler_tests::{Daemon, Label, pages::equal_pages, printer};
use serde_json::{Value, json};

fn candidates(daemon: &Daemon, document: &str, arguments: &[&str]) -> Vec<Value> {
    let all = daemon.json(&[&["job", "where", document], arguments].concat());
    all.as_array().unwrap().clone()
}

#[track_caller]
fn of<'a>(candidates: &'a [Value], name: &str) -> (&'a str, String) {
    let found = candidates.iter().find(|candidate| candidate["name"] == name);
    let found = found.unwrap_or_else(|| panic!("'{name}' is not among {candidates:#?}"));
    let why: Vec<_> = found["why"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    (found["takes"].as_str().unwrap(), why.join("; "))
}

#[test]
fn each_machine_that_prints_says_whether_it_would_print_now_later_or_not_at_all_and_why() {
    let daemon = Daemon::start();
    daemon.install("ostler_driver_zebra");
    daemon.install("ostler_driver_virtual");
    let printers: Vec<_> = (0..4).map(|_| printer::zebra()).collect();
    for (name, zebra) in ["free", "paused", "open", "off"].iter().zip(&printers) {
        daemon.add_zebra(name, zebra, &[]);
    }
    let small = printer::zebra_with(ZebraConfig { media: Some(Media::gap(406, 203)), ..ZebraConfig::default() });
    daemon.add_zebra("small", &small, &["LABEL_WIDTH=50", "LABEL_LENGTH=25"]);
    daemon.add("virtual", "virtual-printer", &[]);
    daemon.json(&["machine", "pause", "paused"]);
    daemon.json(&["machine", "deactivate", "off"]);
    daemon.until_state("off", "inactive");
    let page = daemon.document("page.pdf", &equal_pages(1));
    let waiting = daemon.print_with("paused", &page, &[]);
    printers[2].set_fault(Fault::HeadOpen).unwrap();
    daemon.until_machine("open", "the head is open", |machine| machine["status"] == 500);

    let page = page.to_string_lossy().into_owned();
    let all = candidates(&daemon, &page, &[]);
    assert_eq!(of(&all, "free"), ("now", String::new()));
    assert_eq!(of(&all, "virtual"), ("now", String::new()));
    let (takes, why) = of(&all, "paused");
    assert!(takes == "later" && why.contains("it is paused") && why.contains("one job is before it"), "{why}");
    let (takes, why) = of(&all, "open");
    assert!(takes == "later" && why.contains("Close it."), "{why}");
    assert_eq!(of(&all, "off"), ("later", "it is switched off".to_owned()));
    let (takes, why) = of(&all, "small");
    assert!(takes == "no" && why.contains("loaded") && why.contains("scaling=fit"), "{why}");
    let order: Vec<_> = all.iter().map(|candidate| candidate["takes"].as_str().unwrap()).collect();
    assert!(order.is_sorted_by_key(|takes| ["now", "later", "no"].iter().position(|of| of == takes)), "{order:?}");

    // With an option that says what to do, the small labels will do; the virtual printer has no such option.
    let all = candidates(&daemon, &page, &["-o", "scaling=fit"]);
    assert_eq!(of(&all, "small").0, "now");
    let all = candidates(&daemon, &page, &["-o", "darkness=3"]);
    assert_eq!(of(&all, "free").0, "now");
    let (takes, why) = of(&all, "virtual");
    assert!(takes == "no" && why.contains("'darkness' is not an option of this machine"), "{why}");
    // Nothing was printed or stored by asking.
    assert_eq!(daemon.json(&["job", "list"]).as_array().unwrap().len(), 1);
    assert_eq!(daemon.job(waiting)["state"], "queued");
    assert_eq!(printers[0].label_count(), 0);
}

#[test]
fn a_document_that_nobody_could_print_is_refused_as_a_whole() {
    let (daemon, _zebra) = Daemon::with_zebra();
    let cut = Label::four_by_six("CUT").png();
    let file = daemon.document("cut.png", &cut[..cut.len() / 2]);
    daemon.cli(&["job", "where", &file.to_string_lossy()]).refused(1, &["cut off"]);
    let text = daemon.document("letter.txt", b"Dear printer");
    let all = candidates(&daemon, &text.to_string_lossy(), &[]);
    assert_eq!(all.len(), 1);
    assert_eq!(all[0]["takes"], json!("no"));
}
