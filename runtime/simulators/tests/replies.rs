//! What the printer answers over a socket, byte for byte.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::{LIMIT, connect, format, replies, send, wait};
use ostler_simulators::ZebraPrinter;
use ostler_simulators::zebra::{Answers, Fault, HostStatusForm, ZebraConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const READY: &str = "\x02030,0,0,1218,000,0,0,0,000,0,0,0\x03\r\n\
                     \x02000,0,0,0,0,2,4,0,00000000,1,000\x03\r\n\
                     \x021234,0\x03\r\n";

fn extended(errors: &str, warnings: &str) -> String {
    format!(
        "\x02\r\n\r\n  PRINTER STATUS\r\n   ERRORS:         {errors}\r\n   WARNINGS:       {warnings}\r\n\r\n\x03\r\n"
    )
}

const NONE: &str = "0 00000000 00000000";

#[tokio::test]
async fn a_ready_printer_identifies_itself_and_reports_no_flags() {
    let printer = ZebraPrinter::start(ZebraConfig::default()).unwrap();
    assert_eq!(replies(&printer, b"~HI").await, "\x02ZD421-203dpi ZPL,V93.21.26Z,8,8192KB\x03\r\n");
    assert_eq!(replies(&printer, b"~HS").await, READY);
    assert_eq!(replies(&printer, b"~HQES\r\n").await, extended(NONE, NONE));
    assert_eq!(printer.state().queries_answered, 3);
}

#[tokio::test]
async fn a_ten_field_printer_leaves_the_unused_field_out() {
    let config = ZebraConfig { host_status: HostStatusForm::TenFields, ..ZebraConfig::default() };
    let printer = ZebraPrinter::start(config).unwrap();
    assert_eq!(replies(&printer, b"~HS").await, READY.replace("000,0,0,0,0,2,4", "000,0,0,0,2,4"));
}

#[tokio::test]
async fn a_query_is_answered_in_the_middle_of_a_format_and_without_a_line_end() {
    let printer = ZebraPrinter::start(ZebraConfig::default()).unwrap();
    let mut stream = send(&printer, b"^XA^PW400~HS").await;
    let mut reply = vec![0; READY.len()];
    tokio::time::timeout(LIMIT, stream.read_exact(&mut reply)).await.unwrap().unwrap();
    let partial = READY.replace("1218,000,0,0,0,", "1218,000,0,0,1,");
    assert_eq!(String::from_utf8(reply).unwrap(), partial);
    stream.write_all(b"^FO0,0^GFA,1,1,1,80^FS^XZ").await.unwrap();
    wait(&printer, |state| state.labels_printed == 1).await;
    assert!(printer.labels().iter().all(|label| label.bitmap.width() == 400));
}

#[tokio::test]
async fn settings_show_in_the_host_status() {
    let printer = ZebraPrinter::start(ZebraConfig::default()).unwrap();
    let settings = b"^XA^LL0400^MNN^MTT^MMC,Y^PR4,4^XZ~SD15\n~DGR:A,1,1,80^XA^XZ~HS";
    let expected =
        READY.replace("1218", "0400").replace("000,0,0,0,0,2,4,0,00000000,1,000", "129,0,0,0,1,3,4,0,00000000,1,001");
    assert_eq!(replies(&printer, settings).await, expected);
    let recorded = printer.settings().recorded;
    assert_eq!(recorded.get("~SD").unwrap(), "15");
    assert_eq!(recorded.get("^PR").unwrap(), "4,4");
    assert_eq!(printer.stored_graphics(), ["R:A.GRF"]);
}

#[tokio::test]
async fn what_waits_is_counted_as_batch_in_print_and_formats_behind_it() {
    let printer = ZebraPrinter::start(ZebraConfig::default()).unwrap();
    printer.set_fault(Fault::Paused).unwrap();
    let stream = [format(3), format(1), format(1), b"~HS".to_vec()].concat();
    let expected = READY.replace("030,0,0,1218,000", "030,0,1,1218,002").replace("00000000", "00000003");
    assert_eq!(replies(&printer, &stream).await, expected);
}

#[tokio::test]
async fn the_odometer_is_a_variable() {
    let printer = ZebraPrinter::start(ZebraConfig::default()).unwrap();
    let query = b"! U1 getvar \"odometer.total_label_count\"\r\n! U1 getvar \"no.such\"\r\n";
    assert_eq!(replies(&printer, &[format(5), query.to_vec()].concat()).await, "\"5\"\"?\"");
    let old = ZebraPrinter::start(ZebraConfig { answers: Answers::Commands, ..ZebraConfig::default() }).unwrap();
    assert_eq!(replies(&old, query).await, "");
}

#[tokio::test]
async fn without_labels_ribbon_or_a_closed_cool_head_only_the_extended_status_answers() {
    let printer = ZebraPrinter::start(ZebraConfig::default()).unwrap();
    let faults = [
        (Fault::MediaOut, "1 00000000 00000001"),
        (Fault::RibbonOut, "1 00000000 00000002"),
        (Fault::HeadOpen, "1 00000000 00000004"),
        (Fault::HeadTooHot, "1 00000000 00000010"),
    ];
    for (fault, errors) in faults {
        printer.set_fault(fault).unwrap();
        assert_eq!(replies(&printer, b"~HS~HQES").await, extended(errors, NONE), "{fault:?}");
        printer.clear_fault(fault).unwrap();
        assert_eq!(replies(&printer, b"~HS").await, READY, "{fault:?} is over");
    }
    assert_eq!(printer.state().queries_ignored, 4);
}

#[tokio::test]
async fn firmware_that_answers_when_stopped_sets_the_flags() {
    let config = ZebraConfig { answers_host_status_when_stopped: true, ..ZebraConfig::default() };
    let printer = ZebraPrinter::start(config).unwrap();
    for fault in [Fault::MediaOut, Fault::RibbonOut, Fault::HeadOpen, Fault::HeadTooHot] {
        printer.set_fault(fault).unwrap();
    }
    let expected = READY
        .replace("030,0,0,1218,000,0,0,0,000,0,0,0", "030,1,0,1218,000,0,0,0,000,0,0,1")
        .replace("000,0,0,0,0,2,4", "000,0,1,1,0,2,4");
    assert_eq!(replies(&printer, b"~HS").await, expected);
}

#[tokio::test]
async fn jams_pauses_and_warnings_show_beside_each_other() {
    let printer = ZebraPrinter::start(ZebraConfig::default()).unwrap();
    for fault in [Fault::PaperJam, Fault::Paused, Fault::MediaLow] {
        printer.set_fault(fault).unwrap();
    }
    let paused = READY.replace("030,0,0", "030,0,1");
    let status = extended("1 00000000 00011000", "1 00000000 00000008");
    assert_eq!(replies(&printer, b"~HS~HQES").await, paused + &status);
}

#[tokio::test]
async fn a_silent_printer_answers_nothing_but_prints_and_a_deaf_one_does_neither() {
    let printer = ZebraPrinter::start(ZebraConfig::default()).unwrap();
    let stream = [b"~HI~HS~HQES! U1 getvar \"appl.name\"\r\n".to_vec(), format(1)].concat();
    printer.set_fault(Fault::Silent).unwrap();
    assert_eq!(replies(&printer, &stream).await, "");
    assert_eq!(printer.label_count(), 1);
    printer.set_fault(Fault::Deaf).unwrap();
    assert_eq!(replies(&printer, &stream).await, "");
    assert_eq!((printer.label_count(), printer.received_bytes()), (1, 2 * stream.len() as u64));
    printer.clear_faults().unwrap();
    assert!(replies(&printer, b"~HS").await.starts_with('\x02'));
}

#[tokio::test]
async fn pausing_by_command_holds_labels_until_started_by_command() {
    let printer = ZebraPrinter::start(ZebraConfig::default()).unwrap();
    let mut stream = connect(&printer).await;
    stream.write_all(&[b"~PP".to_vec(), format(2)].concat()).await.unwrap();
    let state = wait(&printer, |state| state.labels_waiting == 2).await;
    assert_eq!((state.labels_printed, state.faults), (0, vec![Fault::Paused]));
    stream.write_all(b"~PS").await.unwrap();
    assert_eq!(wait(&printer, |state| state.labels_printed == 2).await.faults, []);
}
