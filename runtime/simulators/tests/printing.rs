//! Queue, copies, print time, buffers, and what is remembered.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::{connect, format, send, wait};
use ostler_simulators::ZebraPrinter;
use ostler_simulators::zebra::{Connections, Fault, Serving, ZebraConfig};
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn copies_are_one_printed_label_and_many_on_the_odometer() {
    let printer = ZebraPrinter::start(ZebraConfig::default()).unwrap();
    let _open = send(&printer, &[format(1), format(999), format(2)].concat()).await;
    let state = wait(&printer, |state| state.formats_printed == 3).await;
    assert_eq!((state.labels_printed, state.formats_waiting), (1002, 0));
    let labels = printer.labels();
    let copies: Vec<_> = labels.iter().map(|label| (label.index, label.copies, label.connection)).collect();
    assert_eq!(copies, [(0, 1, 1), (1, 999, 1), (2, 2, 1)]);
    assert_eq!(*labels[1].format, *format(999));
    assert!(labels[1].to_png().unwrap().starts_with(b"\x89PNG"));
}

#[tokio::test]
async fn a_printer_out_of_labels_keeps_what_arrives_and_prints_it_in_order_afterwards() {
    for fault in [Fault::MediaOut, Fault::RibbonOut, Fault::HeadOpen, Fault::Paused, Fault::PaperJam] {
        let printer = ZebraPrinter::start(ZebraConfig::default()).unwrap();
        printer.set_fault(fault).unwrap();
        drop(send(&printer, &[format(2), format(1)].concat()).await);
        let state = wait(&printer, |state| state.connections == 1 && state.connections_open == 0).await;
        assert_eq!((state.labels_printed, state.formats_waiting, state.labels_waiting), (0, 2, 3), "{fault:?}");
        printer.clear_fault(fault).unwrap();
        assert_eq!(printer.label_count(), 3, "printed when the fault was cleared");
        assert_eq!(printer.labels().iter().map(|label| label.copies).collect::<Vec<_>>(), [2, 1]);
    }
}

#[tokio::test]
async fn labels_wait_until_the_last_fault_is_cleared() {
    let printer = ZebraPrinter::start(ZebraConfig::default()).unwrap();
    printer.set_fault(Fault::MediaOut).unwrap();
    printer.set_fault(Fault::HeadOpen).unwrap();
    let _open = send(&printer, &format(1)).await;
    wait(&printer, |state| state.formats_waiting == 1).await;
    printer.clear_fault(Fault::MediaOut).unwrap();
    assert_eq!(printer.label_count(), 0);
    printer.clear_fault(Fault::HeadOpen).unwrap();
    assert_eq!(printer.label_count(), 1);
}

#[tokio::test(start_paused = true)]
async fn each_label_takes_its_print_time() {
    let printer = ZebraPrinter::start(ZebraConfig { print_time: HOUR, ..ZebraConfig::default() }).unwrap();
    let start = Instant::now();
    let _open = send(&printer, &format(3)).await;
    for printed in 1..=3 {
        printer.wait_until(|state| state.labels_printed == printed).await;
        assert!(start.elapsed() >= HOUR * u32::try_from(printed).unwrap());
        assert_eq!(u64::from(printer.labels()[0].copies), printed);
    }
    assert_eq!(printer.labels().len(), 1, "copies of one format stay one entry");
    assert_eq!(printer.state().formats_waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn a_fault_stops_the_label_under_the_head_and_clearing_it_prints_that_label() {
    let printer = ZebraPrinter::start(ZebraConfig { print_time: HOUR, ..ZebraConfig::default() }).unwrap();
    let _open = send(&printer, &format(2)).await;
    printer.wait_until(|state| state.labels_printed == 1).await;
    printer.set_fault(Fault::MediaOut).unwrap();
    tokio::time::advance(HOUR * 10).await;
    // Ten print times have passed; a timer that was set now would be the next to fire.
    tokio::time::sleep(HOUR * 10).await;
    assert_eq!((printer.label_count(), printer.state().labels_waiting), (1, 1));
    printer.clear_fault(Fault::MediaOut).unwrap();
    printer.wait_until(|state| state.labels_printed == 2).await;
}

#[tokio::test(start_paused = true)]
async fn cancelling_forgets_what_waits_but_not_the_label_under_the_head() {
    let printer = ZebraPrinter::start(ZebraConfig { print_time: HOUR, ..ZebraConfig::default() }).unwrap();
    let mut stream = send(&printer, &[format(5), format(1)].concat()).await;
    printer.wait_until(|state| state.labels_printed == 1).await;
    stream.write_all(b"^XA^FO0,0~JA").await.unwrap();
    let state = printer.wait_until(|state| state.labels_waiting <= 1).await;
    assert_eq!((state.formats_waiting, state.partial_formats), (usize::try_from(state.labels_waiting).unwrap(), 0));
    let last = printer.wait_until(|state| state.formats_waiting == 0).await.labels_printed;
    assert!(last < 6, "{last} labels");
    stream.write_all(&format(1)).await.unwrap();
    printer.wait_until(|state| state.labels_printed == last + 1).await;
}

#[tokio::test]
async fn cancelling_a_stopped_printer_leaves_nothing_to_print() {
    let printer = ZebraPrinter::start(ZebraConfig::default()).unwrap();
    printer.set_fault(Fault::MediaOut).unwrap();
    let mut stream = send(&printer, &format(4)).await;
    wait(&printer, |state| state.labels_waiting == 4).await;
    stream.write_all(b"~JA").await.unwrap();
    wait(&printer, |state| state.formats_waiting == 0).await;
    printer.clear_faults().unwrap();
    assert_eq!(printer.label_count(), 0);
}

#[tokio::test]
async fn a_full_buffer_stops_reading_until_labels_have_come_out() {
    let one = format(1).len();
    let config = ZebraConfig {
        buffer_bytes: 10 * one,
        receive_window: Some(4096),
        head_width: 16,
        label_length: 16,
        ..ZebraConfig::default()
    };
    let printer = ZebraPrinter::start(config).unwrap();
    printer.set_fault(Fault::MediaOut).unwrap();
    // More than every buffer on the way together.
    let formats = 400_000;
    let mut stream = connect(&printer).await;
    let writer = tokio::spawn(async move {
        stream.write_all(&format(1).repeat(formats)).await.unwrap();
        stream
    });
    wait(&printer, |state| state.formats_waiting >= 10).await;
    let reply = common::replies(&printer, b"~HQES").await;
    assert!(reply.contains("1 00000000 00000001"), "another connection is read: {reply:?}");
    assert!(!writer.is_finished());
    printer.clear_faults().unwrap();
    writer.await.unwrap();
    wait(&printer, |state| state.labels_printed == formats as u64).await;
}

#[tokio::test]
async fn connections_side_by_side_do_not_mix_their_formats() {
    let printer = ZebraPrinter::start(ZebraConfig::default()).unwrap();
    let mut first = send(&printer, b"^XA^FO0,0^GFA,1,1,1,").await;
    wait(&printer, |state| state.partial_formats == 1).await;
    let _second = send(&printer, &format(1)).await;
    let state = wait(&printer, |state| state.labels_printed == 1).await;
    assert_eq!(state.partial_formats, 1, "the first is still within its format");
    first.write_all(b"80^FS^XZ").await.unwrap();
    wait(&printer, |state| state.labels_printed == 2).await;
    assert_eq!(printer.labels()[1].bitmap.black_dots(), 1);
    assert_eq!(printer.connections(), Connections { total: 2, open: 2 });
}

#[tokio::test]
async fn a_printer_that_serves_one_at_a_time_reads_the_second_when_the_first_has_closed() {
    let config = ZebraConfig { serving: Serving::OneAtATime, ..ZebraConfig::default() };
    let printer = ZebraPrinter::start(config).unwrap();
    let first = send(&printer, &format(1)).await;
    wait(&printer, |state| state.connections == 1).await;
    let _second = send(&printer, &format(1)).await;
    let mut first = first;
    first.write_all(&format(1)).await.unwrap();
    wait(&printer, |state| state.labels_printed == 2).await;
    assert_eq!(printer.connections(), Connections { total: 1, open: 1 });
    drop(first);
    wait(&printer, |state| state.labels_printed == 3).await;
    assert_eq!(printer.labels()[2].connection, 2);
}

#[tokio::test]
async fn what_is_kept_is_bounded_and_what_is_counted_is_not() {
    let config = ZebraConfig { keep_labels: 2, keep_received: 10, ..ZebraConfig::default() };
    let printer = ZebraPrinter::start(config).unwrap();
    let _open = send(&printer, &format(1).repeat(5)).await;
    let state = wait(&printer, |state| state.labels_printed == 5).await;
    assert_eq!(printer.labels().iter().map(|label| label.index).collect::<Vec<_>>(), [3, 4]);
    assert_eq!(printer.received(), format(1)[..10]);
    assert_eq!(state.received_bytes, 5 * format(1).len() as u64);
}

#[tokio::test]
async fn waiting_in_vain_names_the_last_state() {
    let printer = ZebraPrinter::start(ZebraConfig::default()).unwrap();
    let limit = Duration::from_millis(1);
    let error = printer.wait_until_within(limit, |state| state.labels_printed == 1).await.unwrap_err();
    assert_eq!(error.last, printer.state());
    assert!(error.to_string().contains("labels_printed: 0"), "{error}");
}
