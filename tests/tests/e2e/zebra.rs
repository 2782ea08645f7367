//! The Zebra driver with printers that differ: what they answer, which language and which form of graphics they take.

use ostler_simulators::{
    ZebraConfig,
    zebra::{Answers, Language},
};
use ostler_tests::{
    Daemon, Label,
    counterpart::{Counterpart, documents, missing},
    dots, printer,
};

/// A printer with the given settings prints a label dot for dot; returns the proof and the bytes that it got.
fn prints(config: ZebraConfig, settings: &[&str]) -> (String, Vec<u8>) {
    let daemon = Daemon::start();
    daemon.install("ostler_driver_zebra");
    let zebra = printer::zebra_with(config);
    daemon.add_zebra("dock", &zebra, settings);
    let png = Label::four_by_six("FORMS-1").png();
    let job = daemon.print_done("dock", &png);
    dots::assert_same(&dots::of_png(&png), &zebra.labels()[0].bitmap);
    assert_eq!(zebra.errors(), vec![]);
    (job["labels"]["proof"].as_str().unwrap().to_owned(), zebra.received())
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn a_printer_without_a_counter_that_can_be_read_acknowledges() {
    let (proof, _) = prints(ZebraConfig { answers: Answers::Commands, ..ZebraConfig::default() }, &[]);
    assert_eq!(proof, "acknowledged");
}

#[test]
fn graphics_go_as_z64_and_as_hex_where_the_operator_or_the_firmware_says_so() {
    let (_, z64) = prints(ZebraConfig::default(), &[]);
    assert!(has(&z64, ":Z64:"));
    let (_, hex) = prints(ZebraConfig::default(), &["ENCODING=hex"]);
    assert!(has(&hex, "^GFA") && !has(&hex, ":Z64:"));
    let old = ZebraConfig { firmware: "V39.11.3".into(), old_firmware: true, ..ZebraConfig::default() };
    assert!(!has(&prints(old, &[]).1, ":Z64:"));
}

#[test]
fn a_printer_of_epl2_prints_the_same_dots_and_proves_no_more_than_it_can() {
    let config = ZebraConfig { language: Language::Epl2, ..ZebraConfig::default() };
    let (proof, bytes) = prints(config, &["LANGUAGE=epl2"]);
    assert_eq!(proof, "sent");
    assert!(has(&bytes, "GW0,0,"));
}

#[test]
fn every_page_of_a_pdf_is_a_label() {
    if missing("zebra::every_page_of_a_pdf_is_a_label", &[Counterpart::Documents]) {
        return;
    }
    let (daemon, zebra) = Daemon::with_zebra();
    let path = documents().into_iter().find(|path| path.ends_with("reportlab.pdf")).unwrap();
    let job = daemon.print_done("dock", &std::fs::read(path).unwrap());
    assert_eq!(job["media_type"], "application/pdf");
    assert_eq!((job["label_count"].as_u64(), job["labels"]["done"].as_u64()), (Some(2), Some(2)));
    let labels = zebra.labels();
    assert_eq!(labels.len(), 2);
    assert!(labels.iter().all(|label| label.bitmap.black_dots() > 10_000));
    assert!(dots::difference(&labels[0].bitmap, &labels[1].bitmap).is_some());
}
