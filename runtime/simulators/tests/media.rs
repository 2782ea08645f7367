//! Media, what the printer looks for on it, and what happens when the two do not agree.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::{format, replies, send, wait};
use ostler_simulators::zebra::{CommandError, Fault, Media, MediaKind, Tracking, ZebraConfig, interpret};
use ostler_simulators::{PrintedLabel, ZebraPrinter};

const WIDTH: u32 = 64;

fn with(media: Media) -> ZebraConfig {
    ZebraConfig { head_width: WIDTH, label_length: 40, media: Some(media), ..ZebraConfig::default() }
}

fn start(media: Media) -> ZebraPrinter {
    ZebraPrinter::start(with(media)).unwrap()
}

/// A format that prints a column of black dots as long as this.
fn column(set_up: &str, length: usize) -> Vec<u8> {
    format!("^XA{set_up}^FO0,0^GFA,{length},{length},1,{}^FS^XZ", "80".repeat(length)).into_bytes()
}

fn size(label: &PrintedLabel) -> (u32, u32, u64) {
    (label.bitmap.width(), label.bitmap.height(), label.bitmap.black_dots())
}

#[test]
fn labels_with_gaps_or_marks_come_out_as_long_as_they_are() {
    for (media, tracking) in
        [(Media::gap(WIDTH, 30), "^MNY"), (Media::gap(WIDTH, 30), "^MNW"), (Media::mark(WIDTH, 30), "^MNM")]
    {
        let printout = interpret(with(media), &column(&format!("{tracking}^LL10"), 20));
        assert_eq!((size(&printout.labels[0]), printout.errors), ((WIDTH, 30, 20), vec![]), "{media:?}");
    }
}

#[test]
fn what_is_longer_than_the_label_is_cut_off_and_recorded() {
    let printout = interpret(with(Media::gap(WIDTH, 30)), &column("^LL50", 45));
    assert_eq!(size(&printout.labels[0]), (WIDTH, 30, 30));
    assert_eq!(printout.errors[0].error, CommandError::OffLabel { dots: 15 });
}

#[test]
fn what_is_wider_than_the_media_misses_it() {
    let wide = b"^XA^FO40,0^GFA,2,2,2,FFFF^FS^XZ";
    let printout = interpret(with(Media::gap(48, 30)), wide);
    assert_eq!(size(&printout.labels[0]), (48, 30, 8));
    assert_eq!(printout.errors[0].error, CommandError::OffLabel { dots: 8 });
}

#[test]
fn continuous_tracking_makes_labels_of_the_set_length_on_any_media() {
    for media in [Media::continuous(WIDTH), Media::gap(WIDTH, 30), Media::mark(WIDTH, 30)] {
        let printout = interpret(with(media), &column("^MNN^LL25", 27));
        assert_eq!(size(&printout.labels[0]), (WIDTH, 25, 25), "{media:?}");
        let printout = interpret(with(media), &column("^MNV^LL25", 27));
        assert_eq!((size(&printout.labels[0]), printout.errors), ((WIDTH, 27, 27), vec![]), "{media:?}");
        let printout = interpret(with(media), &column("^MNV^LL25", 20));
        assert_eq!(size(&printout.labels[0]), (WIDTH, 25, 20), "{media:?}");
    }
}

#[tokio::test]
async fn tracking_that_does_not_fit_the_media_is_an_error_until_one_of_them_changes() {
    let cases = [
        (Media::continuous(WIDTH), "^MNY", Fault::MediaOut, "00000001"),
        (Media::continuous(WIDTH), "^MNM", Fault::MediaOut, "00000001"),
        (Media::gap(WIDTH, 30), "^MNM", Fault::BlackMarkNotFound, "00080000"),
        (Media::mark(WIDTH, 30), "^MNY", Fault::BlackMarkCalibration, "00040000"),
    ];
    for (media, tracking, fault, bits) in cases {
        let printer = start(media);
        drop(send(&printer, format!("^XA{tracking}^XZ").as_bytes()).await);
        wait(&printer, |state| state.connections == 1 && state.connections_open == 0).await;
        assert_eq!(printer.state().faults, [], "nothing has moved yet");

        let reply = replies(&printer, &[column("", 5), b"~HQES".to_vec()].concat()).await;
        assert!(reply.contains(&format!("1 00000000 {bits}")), "{media:?} {tracking}: {reply}");
        assert_eq!((printer.label_count(), printer.state().faults), (0, vec![fault]));
        printer.clear_fault(fault).unwrap();
        assert_eq!(printer.state().faults, [fault], "it is still so");

        let _open = send(&printer, b"^XA^MNN^XZ").await;
        let state = wait(&printer, |state| state.labels_printed == 1).await;
        assert_eq!(state.faults, [], "{media:?} {tracking}");
    }
}

#[tokio::test]
async fn loading_media_that_fits_prints_what_waited() {
    let printer = start(Media::gap(WIDTH, 30));
    printer.load_media(Media::continuous(WIDTH));
    let _open = send(&printer, &column("", 5)).await;
    assert_eq!(wait(&printer, |state| state.formats_waiting == 1).await.faults, [Fault::MediaOut]);
    printer.load_media(Media::gap(WIDTH, 35));
    assert_eq!((printer.label_count(), printer.state().faults), (1, vec![]));
    assert_eq!(size(&printer.labels()[0]), (WIDTH, 35, 5));
    assert_eq!(printer.media(), Media::gap(WIDTH, 35));
}

#[tokio::test]
async fn a_roll_runs_out_by_itself_in_the_middle_of_a_batch() {
    let printer = start(Media::gap(WIDTH, 30).with_labels(3));
    let _open = send(&printer, &format(5)).await;
    let state = wait(&printer, |state| state.labels_printed == 3).await;
    assert_eq!((state.labels_left, state.labels_waiting, state.faults), (Some(0), 2, vec![Fault::MediaOut]));
    assert_eq!(replies(&printer, b"~HS").await, "");
    printer.clear_fault(Fault::MediaOut).unwrap();
    assert_eq!(printer.label_count(), 3, "there is still nothing to print on");
    printer.load_media(Media::gap(WIDTH, 30).with_labels(10));
    let state = printer.state();
    assert_eq!((state.labels_printed, state.labels_left, state.faults), (5, Some(8), vec![]));
    assert_eq!((printer.labels().len(), printer.labels()[0].copies), (1, 5), "one format");
}

#[tokio::test]
async fn a_new_roll_ends_a_media_fault_that_was_set() {
    let printer = start(Media::gap(WIDTH, 30));
    printer.set_fault(Fault::MediaOut).unwrap();
    printer.set_fault(Fault::MediaLow).unwrap();
    printer.set_fault(Fault::HeadOpen).unwrap();
    printer.load_media(Media::gap(WIDTH, 30));
    assert_eq!(printer.state().faults, [Fault::HeadOpen]);
}

#[tokio::test]
async fn the_printer_believes_the_old_length_until_it_is_calibrated() {
    let printer = start(Media::gap(WIDTH, 30));
    printer.set_fault(Fault::CalibrateMedia).unwrap();
    printer.load_media(Media::gap(WIDTH, 50));
    assert!(replies(&printer, b"~HS").await.starts_with("\x02030,0,0,0030,"));
    assert!(replies(&printer, b"~JC~HS").await.starts_with("\x02030,0,0,0050,"));
    let state = printer.state();
    assert_eq!((state.labels_printed, state.labels_fed, state.faults), (0, 2, vec![]));
    let odometer = printer.odometer();
    assert_eq!((odometer.labels, odometer.markers, odometer.length), (0, 2, 100));
}

#[tokio::test]
async fn a_turned_label_is_turned_within_the_length_that_the_printer_believes() {
    let printer = start(Media::gap(WIDTH, 30));
    printer.load_media(Media::gap(WIDTH, 50));
    let turned = column("^POI", 1);
    let _open = send(&printer, &[turned.as_slice(), b"~JC", &turned].concat()).await;
    wait(&printer, |state| state.labels_printed == 2).await;
    let labels = printer.labels();
    assert!(labels[0].bitmap.is_black(WIDTH - 1, 29));
    assert!(labels[1].bitmap.is_black(WIDTH - 1, 49));
}

#[tokio::test]
async fn automatic_tracking_is_found_out_by_calibrating() {
    let kinds = [
        (Media::continuous(WIDTH), Tracking::Continuous),
        (Media::gap(WIDTH, 30), Tracking::Gap),
        (Media::mark(WIDTH, 30), Tracking::Mark),
    ];
    for (media, tracking) in kinds {
        let printer = start(Media::gap(WIDTH, 30));
        printer.load_media(media);
        assert_eq!(replies(&printer, &[b"^XA^MNA^XZ~JC", column("", 5).as_slice()].concat()).await, "");
        assert_eq!((printer.settings().tracking, printer.label_count()), (tracking, 1), "{media:?}");
    }
}

#[tokio::test]
async fn calibrating_for_what_is_not_there_is_an_error() {
    let printer = start(Media::gap(WIDTH, 30));
    printer.load_media(Media::continuous(WIDTH));
    replies(&printer, b"~JC").await;
    assert_eq!(printer.state().faults, [Fault::MediaOut]);
    assert_eq!(printer.errors()[0].error, CommandError::NotReady { command: "~JC".into() });
}

#[tokio::test]
async fn feeds_use_labels_up_but_do_not_print_any() {
    let printer = start(Media::gap(WIDTH, 30).with_labels(10));
    let stream = [b"^XA^XZ~PH^XA^PH^XZ^XA\r\n^XZ".to_vec(), column("^PH", 1)].concat();
    replies(&printer, &stream).await;
    let state = printer.state();
    assert_eq!((state.labels_fed, state.labels_printed, state.labels_left), (5, 1, Some(4)));
    assert_eq!((printer.labels().len(), printer.odometer().labels, printer.odometer().markers), (1, 1, 6));
    printer.set_fault(Fault::HeadOpen).unwrap();
    replies(&printer, b"~PH").await;
    assert_eq!(printer.state().labels_fed, 5, "nothing moves with an open head");
}

#[tokio::test]
async fn switching_on_calibrates_to_what_is_in_the_printer() {
    let printer = start(Media::continuous(WIDTH));
    assert_eq!((printer.settings().tracking, printer.settings().label_length()), (Tracking::Continuous, 40));
    printer.load_media(Media::mark(WIDTH, 30));
    replies(&printer, b"~JR").await;
    assert_eq!((printer.settings().tracking, printer.settings().label_length()), (Tracking::Mark, 30));
    assert_eq!(ZebraConfig::default().loaded().kind, MediaKind::Gap);
}

#[tokio::test(start_paused = true)]
async fn a_printer_that_takes_its_time_finds_out_the_same() {
    let config = ZebraConfig { print_time: Duration::from_hours(1), ..with(Media::gap(WIDTH, 30).with_labels(2)) };
    let printer = ZebraPrinter::start(config).unwrap();
    let _open = send(&printer, &format(4)).await;
    let state = printer.wait_until(|state| state.faults == [Fault::MediaOut]).await;
    assert_eq!((state.labels_printed, state.labels_waiting), (2, 2));
    printer.load_media(Media::continuous(WIDTH));
    // In another way out of labels: the sensor finds no end of one.
    printer.wait_until(|state| state.labels_left.is_none() && state.faults == [Fault::MediaOut]).await;
    printer.load_media(Media::gap(WIDTH, 30).with_labels(2));
    let state = printer.wait_until(|state| state.labels_printed == 4).await;
    assert_eq!((state.labels_left, state.formats_waiting), (Some(0), 0));
}
