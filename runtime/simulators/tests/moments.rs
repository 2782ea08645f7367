//! Faults that come by themselves: each at its byte, its format or its answer, however the bytes arrive.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::{LIMIT, connect, format, replies, send, wait};
use ostler_simulators::ZebraPrinter;
use ostler_simulators::zebra::{Fault, FaultKind, Language, Moment, ZebraConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

fn start() -> ZebraPrinter {
    ZebraPrinter::start(ZebraConfig::default()).unwrap()
}

/// What comes until the printer closes.
async fn rest(stream: &mut TcpStream) -> (String, bool) {
    let mut bytes = Vec::new();
    let end = timeout(LIMIT, stream.read_to_end(&mut bytes)).await.unwrap();
    (String::from_utf8(bytes).unwrap(), end.is_ok())
}

#[tokio::test]
async fn a_connection_ends_in_the_middle_of_the_second_format_and_the_rest_is_not_read() {
    for reset in [false, true] {
        let printer = start();
        printer.set_fault_at(Moment::Within { format: 2, byte: 20 }, Fault::CloseAt { byte: 0, reset }).unwrap();
        assert_eq!((printer.state().faults_to_come, printer.state().faults), (1, vec![]));
        let sent = [b"~HI\n".to_vec(), format(1).repeat(3)].concat();
        let mut stream = send(&printer, &sent).await;
        let (said, _) = rest(&mut stream).await;
        assert!(said.contains("ZD421"), "{said}");
        assert_eq!(printer.received(), sent[..4 + format(1).len() + 20]);
        assert_eq!(printer.label_count(), 1);
        let state = printer.state();
        assert_eq!((state.faults_to_come, state.faults), (0, vec![Fault::CloseAt { byte: 0, reset }]));
        printer.clear_faults().unwrap();
        replies(&printer, &format(1)).await;
        assert_eq!(printer.label_count(), 2);
    }
}

#[tokio::test]
async fn a_fault_of_the_device_comes_between_a_formats_last_byte_and_its_print() {
    let printer = start();
    printer.set_fault_at(Moment::Read { format: 2 }, Fault::MediaOut).unwrap();
    let mut stream = send(&printer, &format(1).repeat(2)).await;
    wait(&printer, |state| state.formats_waiting == 1).await;
    assert_eq!(printer.label_count(), 1);
    printer.clear_fault(Fault::MediaOut).unwrap();
    assert_eq!(printer.label_count(), 2);
    stream.write_all(&format(1)).await.unwrap();
    wait(&printer, |state| state.labels_printed == 3).await;
}

#[tokio::test]
async fn who_is_told_that_a_format_came_out_hears_it_before_the_fault() {
    for fault in [Fault::CloseAt { byte: 0, reset: true }, Fault::CloseAt { byte: 0, reset: false }] {
        let printer = start();
        printer.set_fault_at(Moment::Told { format: 1 }, fault).unwrap();
        // Neither the question before nor another one is the moment.
        let mut stream = send(&printer, &[b"~HS\n".to_vec(), format(1), b"~HQES\n~HS\n~HS\n".to_vec()].concat()).await;
        let (said, _) = rest(&mut stream).await;
        assert_eq!((said.matches("1234,0").count(), said.matches("PRINTER STATUS").count()), (2, 1), "{said}");
        assert_eq!(printer.state().queries_answered, 3);
    }
}

#[tokio::test]
async fn faults_of_the_port_come_at_their_moment_and_leave_open_connections_alone() {
    for fault in [Fault::Refuse, Fault::Barrier] {
        let printer = start();
        printer.set_fault_at(Moment::Within { format: 1, byte: 3 }, fault).unwrap();
        let mut stream = connect(&printer).await;
        stream.write_all(&format(1)).await.unwrap();
        wait(&printer, |state| state.labels_printed == 1).await;
        assert_eq!(printer.state().faults, [fault]);
        let other = timeout(std::time::Duration::from_millis(300), TcpStream::connect(printer.address())).await;
        assert!(matches!((fault, other), (Fault::Refuse, Ok(Err(_))) | (Fault::Barrier, Err(_))));
        printer.clear_faults().unwrap();
        replies(&printer, &format(1)).await;
        assert_eq!(printer.label_count(), 2);
    }
}

#[tokio::test]
async fn a_deaf_printer_forgets_what_lies_behind_the_moment() {
    let printer = start();
    printer.set_fault_at(Moment::Read { format: 1 }, Fault::Deaf).unwrap();
    let sent = format(1).repeat(2);
    send(&printer, &sent).await;
    wait(&printer, |state| state.received_bytes == sent.len() as u64).await;
    assert_eq!(printer.label_count(), 1);
}

#[tokio::test]
async fn the_same_bytes_meet_the_same_fault_however_they_are_cut() {
    let sent = [format(1), b"~HS\n".to_vec(), format(1)].concat();
    for size in [1, 2, 7, 31, sent.len()] {
        let printer = start();
        printer.set_fault_at(Moment::Within { format: 2, byte: 9 }, Fault::StallAt { byte: 0 }).unwrap();
        let mut stream = connect(&printer).await;
        for piece in sent.chunks(size) {
            stream.write_all(piece).await.unwrap();
            stream.flush().await.unwrap();
        }
        let state = wait(&printer, |state| state.faults_to_come == 0).await;
        assert_eq!(state.faults, [Fault::StallAt { byte: 0 }]);
        assert_eq!(printer.received(), sent[..sent.len() - format(1).len() + 9], "in pieces of {size}");
        printer.clear_fault(FaultKind::StallAt).unwrap();
        wait(&printer, |state| state.labels_printed == 2).await;
    }
}

#[tokio::test]
async fn a_fault_that_waits_is_taken_back_with_its_kind_or_with_all() {
    let printer = start();
    for clear in [ZebraPrinter::clear_faults, |printer: &ZebraPrinter| printer.clear_fault(FaultKind::HeadOpen)] {
        let before = printer.label_count();
        printer.set_fault_at(Moment::Read { format: 1 }, Fault::HeadOpen).unwrap();
        clear(&printer).unwrap();
        replies(&printer, &format(1)).await;
        assert_eq!(printer.label_count(), before + 1);
    }
}

#[tokio::test]
async fn a_printer_of_epl2_knows_no_moments_and_says_so() {
    let printer = ZebraPrinter::start(ZebraConfig { language: Language::Epl2, ..ZebraConfig::default() }).unwrap();
    let refused = printer.set_fault_at(Moment::Read { format: 1 }, Fault::HeadOpen).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::Unsupported);
}
