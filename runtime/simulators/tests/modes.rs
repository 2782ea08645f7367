//! What happens to a label once it is printed, and the commands that are neither formats nor queries.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::{format, replies, send, wait};
use ostler_simulators::ZebraPrinter;
use ostler_simulators::zebra::{Fault, LabelKind, PrintMode, ZebraConfig};

fn start() -> ZebraPrinter {
    ZebraPrinter::start(ZebraConfig::default()).unwrap()
}

/// The second string of a `~HS` reply.
async fn second_string(printer: &ZebraPrinter) -> String {
    let reply = replies(printer, b"~HS").await;
    reply.split('\x02').nth(2).unwrap().trim_end().trim_end_matches('\x03').to_owned()
}

#[tokio::test]
async fn a_peeled_label_keeps_the_next_one_waiting_until_it_is_taken() {
    let printer = start();
    let _open = send(&printer, &[b"^XA^MMP^XZ".to_vec(), format(2), format(1)].concat()).await;
    for printed in 1..=3 {
        let state = wait(&printer, |state| state.labels_printed == printed && state.label_to_take).await;
        assert_eq!(state.labels_waiting, 3 - printed);
        assert!(second_string(&printer).await.contains(",1,4,1,0000000"), "peel-off, a label waits");
        assert!(printer.take_label());
    }
    assert!(!printer.take_label(), "there is no more");
    assert_eq!(second_string(&printer).await, "000,0,0,0,0,1,4,0,00000000,1,000");
}

#[tokio::test]
async fn the_cutter_counts_each_label_or_waits_for_its_command() {
    let printer = start();
    replies(&printer, &[b"^XA^MMC^XZ".to_vec(), format(3)].concat()).await;
    assert_eq!((printer.state().cuts, printer.odometer().cuts), (3, 3));
    replies(&printer, &[b"^XA^MMD^XZ".to_vec(), format(2)].concat()).await;
    assert_eq!(printer.state().cuts, 3);
    replies(&printer, b"~JK~JK").await;
    assert_eq!(printer.state().cuts, 4, "the second one had nothing to cut");
    replies(&printer, &[b"^XA^MMT^XZ".to_vec(), format(2)].concat()).await;
    assert_eq!(printer.state().cuts, 4);
}

#[tokio::test]
async fn a_stuck_cutter_stops_printing() {
    let printer = start();
    printer.set_fault(Fault::CutterFault).unwrap();
    replies(&printer, &[b"^XA^MMC^XZ".to_vec(), format(1)].concat()).await;
    assert_eq!((printer.label_count(), printer.state().cuts), (0, 0));
    printer.clear_fault(Fault::CutterFault).unwrap();
    assert_eq!((printer.label_count(), printer.state().cuts), (1, 1));
}

#[tokio::test]
async fn each_print_mode_has_its_number_in_the_host_status() {
    let printer = start();
    let modes = [
        ("R", PrintMode::Rewind, 0),
        ("P", PrintMode::PeelOff, 1),
        ("T", PrintMode::TearOff, 2),
        ("C", PrintMode::Cutter, 3),
        ("A", PrintMode::Applicator, 4),
        ("D", PrintMode::DelayedCut, 5),
    ];
    for (letter, mode, number) in modes {
        replies(&printer, format!("^XA^MM{letter},Y^XZ").as_bytes()).await;
        assert_eq!(printer.settings().print_mode, mode);
        assert_eq!(second_string(&printer).await, format!("000,0,0,0,0,{number},4,0,00000000,1,000"));
    }
}

#[tokio::test]
async fn a_configuration_label_is_counted_and_flagged() {
    let printer = start();
    replies(&printer, &[b"~WC".to_vec(), format(1)].concat()).await;
    let kinds: Vec<_> = printer.labels().iter().map(|label| label.kind).collect();
    assert_eq!(kinds, [LabelKind::Configuration, LabelKind::Format]);
    assert_eq!((printer.label_count(), printer.odometer().labels), (2, 2));
    assert_eq!(*printer.labels()[0].format, *b"~WC");
}

#[tokio::test]
async fn a_reset_forgets_settings_graphics_and_what_waits_but_not_what_was_counted() {
    let printer = start();
    let stream = [format(2), b"~DGR:A,1,1,80~DGE:B,1,1,80^XA^PW100^MNN^XZ~PP".to_vec(), format(1)].concat();
    replies(&printer, &stream).await;
    assert_eq!(printer.state().formats_waiting, 1);
    replies(&printer, b"~JR").await;
    let state = printer.state();
    assert_eq!((state.formats_waiting, state.labels_printed, state.faults), (0, 2, vec![]));
    assert_eq!((printer.settings().width, printer.stored_graphics()), (832, vec!["E:B.GRF".to_owned()]));
    assert_eq!(printer.odometer().labels, 2);
}

#[tokio::test]
async fn a_format_in_the_making_can_be_cancelled_alone() {
    let printer = start();
    printer.set_fault(Fault::Paused).unwrap();
    replies(&printer, &[format(1), b"^XA^FO1,1~JX".to_vec()].concat()).await;
    let state = printer.state();
    assert_eq!((state.partial_formats, state.formats_waiting, state.errors), (0, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn peeling_takes_its_time_too() {
    let config = ZebraConfig { print_time: Duration::from_hours(1), ..ZebraConfig::default() };
    let printer = ZebraPrinter::start(config).unwrap();
    let _open = send(&printer, &[b"^XA^MMP^XZ".to_vec(), format(2)].concat()).await;
    printer.wait_until(|state| state.label_to_take).await;
    // Ten print times later there is still one label.
    tokio::time::sleep(Duration::from_hours(10)).await;
    assert_eq!(printer.label_count(), 1);
    assert!(printer.take_label());
    printer.wait_until(|state| state.labels_printed == 2 && state.label_to_take).await;
}
