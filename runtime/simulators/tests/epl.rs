//! A printer whose port speaks EPL2.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::{picture, replies, send, wait};
use ostler_simulators::zebra::{
    CommandError, Fault, Language, Media, PrintMode, Printout, Tracking, ZebraConfig, interpret,
};
use ostler_simulators::{Bitmap, ZebraPrinter};

fn config() -> ZebraConfig {
    ZebraConfig { language: Language::Epl2, head_width: 64, label_length: 40, ..ZebraConfig::default() }
}

fn start() -> ZebraPrinter {
    ZebraPrinter::start(config()).unwrap()
}

/// A picture at a place, as `GW` takes it: 0 is black.
fn write(x: u32, y: u32, row: usize, picture: &[u8]) -> Vec<u8> {
    let inverted: Vec<u8> = picture.iter().map(|byte| !byte).collect();
    let header = format!("GW{x},{y},{row},{},", picture.len() / row);
    [header.as_bytes(), &inverted, b"\n"].concat()
}

fn print(stream: &[&[u8]]) -> Printout {
    interpret(config(), &stream.concat())
}

#[test]
fn binary_graphics_print_with_0_as_black() {
    let bytes = picture(8, 40);
    let printout = print(&[b"\nN\nD8\nS2\nq64\n", &write(0, 0, 8, &bytes), b"P1\n"]);
    assert_eq!((printout.errors.len(), printout.labels.len()), (0, 1));
    assert_eq!(printout.labels[0].bitmap.bytes(), bytes);
    let format = &printout.labels[0].format;
    assert!(format.starts_with(b"q64\nGW0,0,8,40,") && format.ends_with(b"P1\n"), "{}", format.escape_ascii());
}

#[test]
fn row_by_row_is_the_same_label() {
    let bytes = picture(8, 40);
    let mut stream = b"N\n".to_vec();
    for (y, row) in (0..).zip(bytes.chunks(8)) {
        stream.extend(write(0, y, 8, row));
    }
    let printout = print(&[&stream, b"P1\n"]);
    assert_eq!(printout.labels[0].bitmap.bytes(), bytes);
}

#[test]
fn the_image_buffer_stays_until_it_is_cleared() {
    let dot = write(0, 0, 1, &[0x80]);
    let printout = print(&[b"N\n", &dot, b"P2,3\n", &write(9, 9, 1, &[0xc0]), b"P1\nN\nP1\n"]);
    let labels: Vec<_> = printout.labels.iter().map(|label| (label.copies, label.bitmap.black_dots())).collect();
    assert_eq!(labels, [(6, 1), (1, 3), (1, 0)]);
}

#[test]
fn the_reference_point_and_the_direction_move_dots() {
    let dot = write(1, 2, 1, &[0x80]);
    let mut expected = Bitmap::new(64, 40);
    expected.set_black(11, 22);
    assert_eq!(*print(&[b"N\nR10,20\n", &dot, b"P1\n"]).labels[0].bitmap, expected);
    assert_eq!(*print(&[b"N\nR10,20\nZB\n", &dot, b"P1\n"]).labels[0].bitmap, expected.turned());
    assert_eq!(*print(&[b"N\nR10,20\nZB\nZT\n", &dot, b"P1\n"]).labels[0].bitmap, expected);
    let outside = print(&[b"N\n", &write(60, 0, 1, &[0xff]), b"P1\n"]);
    assert_eq!(outside.errors[0].error, CommandError::OffLabel { dots: 4 });
}

#[tokio::test]
async fn length_and_options_set_tracking_and_mode() {
    let printer = start();
    for (command, tracking) in [("Q50,0", Tracking::Continuous), ("Q40,B24", Tracking::Mark), ("Q40,24", Tracking::Gap)]
    {
        replies(&printer, format!("{command}\n").as_bytes()).await;
        assert_eq!(printer.settings().tracking, tracking, "{command}");
    }
    for (command, mode) in [
        ("OC", PrintMode::Cutter),
        ("OEPL1", PrintMode::Cutter),
        ("OD,P", PrintMode::PeelOff),
        ("O", PrintMode::TearOff),
    ] {
        replies(&printer, format!("{command}\n").as_bytes()).await;
        assert_eq!(printer.settings().print_mode, mode, "{command}");
    }
    replies(&printer, b"q32\r\nQ50,0\r\nN\r\nP1\r\n").await;
    let label = &printer.labels()[0].bitmap;
    assert_eq!((label.width(), label.height()), (32, 50));
}

#[tokio::test]
async fn error_reports_have_the_codes_of_the_guide() {
    let printer = start();
    assert_eq!(replies(&printer, b"^ee\r\n").await, "00\r\n");
    let codes = [
        (Fault::MediaOut, "07"),
        (Fault::RibbonOut, "07"),
        (Fault::HeadOpen, "11"),
        (Fault::Paused, "12"),
        (Fault::HeadTooHot, "13"),
        (Fault::MotorTooHot, "14"),
        (Fault::ThermistorOpen, "80"),
        (Fault::CutterFault, "81"),
        (Fault::PaperJam, "84"),
        (Fault::MediaLow, "00"),
    ];
    for (fault, code) in codes {
        printer.set_fault(fault).unwrap();
        assert_eq!(replies(&printer, b"^ee\n").await, format!("{code}\r\n"), "{fault:?}");
        printer.clear_fault(fault).unwrap();
    }
    printer.set_fault(Fault::Paused).unwrap();
    printer.set_fault(Fault::CutterFault).unwrap();
    assert_eq!(replies(&printer, b"^ee\n").await, "81\r\n", "an error goes before a pause");
}

#[tokio::test]
async fn faults_hold_labels_and_a_roll_runs_out() {
    let printer = start();
    printer.load_media(Media::gap(64, 40).with_labels(2));
    printer.set_fault(Fault::HeadOpen).unwrap();
    let _open = send(&printer, b"N\nP3\n").await;
    wait(&printer, |state| state.labels_waiting == 3).await;
    printer.clear_fault(Fault::HeadOpen).unwrap();
    let state = wait(&printer, |state| state.labels_printed == 2).await;
    assert_eq!((state.labels_waiting, state.faults), (1, vec![Fault::MediaOut]));
    printer.load_media(Media::gap(64, 40));
    assert_eq!((printer.label_count(), printer.odometer().labels), (3, 3));
}

#[tokio::test]
async fn a_label_that_takes_time_is_reported_as_busy() {
    let config = ZebraConfig { print_time: std::time::Duration::from_hours(1), ..config() };
    let printer = ZebraPrinter::start(config).unwrap();
    assert_eq!(replies(&printer, b"N\nP1\n^ee\n").await, "50\r\n");
}

#[tokio::test]
async fn autosense_measures_labels_with_gaps_and_no_others() {
    let printer = start();
    printer.load_media(Media::gap(64, 55));
    replies(&printer, b"xa\n").await;
    assert_eq!((printer.state().labels_fed, printer.settings().label_length()), (2, 55));
    printer.load_media(Media::continuous(64));
    assert_eq!(replies(&printer, b"Q50,0\nxa\n^ee\n").await, "07\r\n");
    printer.load_media(Media::mark(64, 55));
    assert_eq!(replies(&printer, b"xa\n^ee\nQ55,B24\n^ee\n").await, "84\r\n00\r\n");
}

#[tokio::test]
async fn variables_and_resets_work_here_too() {
    let printer = start();
    let stream = b"Q40,B24\n! U1 getvar \"device.languages\"\r\n! U1 getvar \"ezpl.media_type\"\r\n";
    assert_eq!(replies(&printer, stream).await, "\"epl\"\"mark\"");
    replies(&printer, b"q16\n").await;
    assert_eq!(printer.settings().width, 16);
    replies(&printer, b"R4,0\n").await;
    assert_eq!(printer.settings().width, 64, "a reference point undoes it");
    replies(&printer, b"q16\n^@\n").await;
    assert_eq!(printer.settings().width, 64, "reset");
}

#[test]
fn what_cannot_be_obeyed_is_recorded() {
    let printout = print(&[b"N\n; a comment\nA10,10,0,3,1,1,N,\"text\"\nD16\nP\nP0\nQ5,x\nGW1,1\nGW0,0,2,2,\xff"]);
    let errors: Vec<_> = printout.errors.iter().map(|record| record.error.to_string()).collect();
    assert_eq!(
        errors,
        [
            "D: bad parameters \"16\"",
            "P: bad parameters \"\"",
            "P: bad parameters \"0\"",
            "Q: bad parameters \"5,x\"",
            "GW: bad parameters \"1,1\"",
            "GW: the graphic was dropped: 1 of 4 bytes arrived",
        ]
    );
    assert_eq!(printout.unknown_commands.keys().collect::<Vec<_>>(), ["A"]);
}
