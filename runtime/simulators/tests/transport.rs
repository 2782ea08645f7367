//! Faults of the transport, over real sockets: slow, stalled, closed, refused, held back.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::io::ErrorKind;
use std::time::Duration;

use common::{LIMIT, connect, format, send, wait};
use ostler_simulators::zebra::{Fault, FaultKind, ZebraConfig};
use ostler_simulators::{SinkConfig, TcpSink, ZebraPrinter};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout};

fn start() -> ZebraPrinter {
    ZebraPrinter::start(ZebraConfig { receive_window: Some(4096), ..ZebraConfig::default() }).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_slow_printer_takes_its_time_and_speeds_up_when_the_fault_is_cleared() {
    let printer = start();
    printer.set_fault(Fault::Slow { bytes_per_second: 100 }).unwrap();
    let began = Instant::now();
    let mut stream = send(&printer, &format(1).repeat(100)).await;
    let first = printer.wait_until(|state| state.labels_printed == 10).await;
    let expected = Duration::from_secs(first.received_bytes) / 100;
    assert!(began.elapsed() >= expected, "{:?} for {} bytes", began.elapsed(), first.received_bytes);
    printer.clear_fault(FaultKind::Slow).unwrap();
    let cleared = Instant::now();
    printer.wait_until(|state| state.labels_printed == 100).await;
    assert!(cleared.elapsed() < Duration::from_secs(1), "{:?}", cleared.elapsed());
    stream.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_stalled_printer_stops_at_its_byte_so_that_the_sender_blocks() {
    let printer = start();
    printer.set_fault(Fault::StallAt { byte: 1000 }).unwrap();
    // More than the send buffer and the receive window together.
    let length = 16 * 1024 * 1024;
    let mut stream = connect(&printer).await;
    let writer = tokio::spawn(async move {
        stream.write_all(&vec![b' '; length]).await.unwrap();
        stream
    });
    wait(&printer, |state| state.received_bytes == 1000).await;
    assert!(
        timeout(Duration::from_millis(200), printer.wait_until(|state| state.received_bytes > 1000)).await.is_err()
    );
    assert!(!writer.is_finished());
    printer.clear_fault(FaultKind::StallAt).unwrap();
    writer.await.unwrap();
    wait(&printer, |state| state.received_bytes == length as u64).await;
}

#[tokio::test]
async fn a_stall_that_is_set_later_holds_the_open_connection_and_prints_what_was_whole() {
    let printer = start();
    let mut stream = send(&printer, &format(1)).await;
    wait(&printer, |state| state.labels_printed == 1).await;
    printer.set_fault(Fault::StallAt { byte: 0 }).unwrap();
    stream.write_all(&format(1)).await.unwrap();
    let more = printer.wait_until(|state| state.labels_printed > 1);
    assert!(timeout(Duration::from_millis(200), more).await.is_err());
    printer.clear_faults().unwrap();
    wait(&printer, |state| state.labels_printed == 2).await;
}

#[tokio::test]
async fn a_connection_is_closed_at_its_byte_in_order_or_with_a_reset() {
    for reset in [false, true] {
        let printer = start();
        let (whole, cut) = (format(1), &format(1)[..20]);
        let sent = [&whole, cut].concat();
        printer.set_fault(Fault::CloseAt { byte: sent.len() as u64, reset }).unwrap();
        let mut stream = send(&printer, &sent).await;
        let end = timeout(LIMIT, stream.read(&mut [0; 16])).await.unwrap();
        if reset {
            assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
        } else {
            assert_eq!(end.unwrap(), 0);
        }
        let state = wait(&printer, |state| state.connections_open == 0).await;
        assert_eq!((state.labels_printed, state.partial_formats, state.errors), (1, 0, 1));
        let error = printer.errors()[0].error.to_string();
        assert_eq!(error, "a format of 20 bytes was dropped because its connection ended before ^XZ");
    }
}

#[tokio::test]
async fn no_byte_after_the_closing_one_has_an_effect() {
    let printer = start();
    let whole = format(1);
    printer.set_fault(Fault::CloseAt { byte: whole.len() as u64, reset: false }).unwrap();
    let _stream = send(&printer, &whole.repeat(50)).await;
    let state = wait(&printer, |state| state.connections == 1 && state.connections_open == 0).await;
    assert_eq!((state.labels_printed, state.received_bytes), (1, whole.len() as u64));
}

#[tokio::test]
async fn a_refusing_printer_keeps_its_port_and_its_open_connections() {
    let printer = start();
    let mut open = send(&printer, &format(1)).await;
    wait(&printer, |state| state.labels_printed == 1).await;
    for round in 1..4 {
        printer.set_fault(Fault::Refuse).unwrap();
        let refused = TcpStream::connect(printer.address()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        let taken = TcpSocket::new_v4().unwrap().bind(printer.address()).unwrap_err();
        assert_eq!(taken.kind(), ErrorKind::AddrInUse, "the port stays reserved");
        open.write_all(&format(1)).await.unwrap();
        wait(&printer, |state| state.labels_printed == round + 1).await;
        printer.clear_fault(Fault::Refuse).unwrap();
        drop(connect(&printer).await);
        wait(&printer, |state| state.connections == round + 1).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn held_clients_neither_connect_nor_fail_until_they_are_released() {
    let printer = start();
    for round in 0..2 {
        printer.set_fault(Fault::Barrier).unwrap();
        let (arrived, mut arrivals) = tokio::sync::mpsc::unbounded_channel();
        let mut clients = Vec::new();
        for _ in 0..8 {
            let (printer, arrived) = (printer.clone(), arrived.clone());
            clients.push(tokio::spawn(async move {
                let mut stream = connect(&printer).await;
                arrived.send(()).unwrap();
                stream.write_all(&format(1)).await.unwrap();
                stream
            }));
        }
        assert!(timeout(Duration::from_millis(500), arrivals.recv()).await.is_err(), "one got through");
        assert_eq!(printer.connections().total, round * 8);
        printer.clear_fault(Fault::Barrier).unwrap();
        for client in clients {
            timeout(LIMIT, client).await.unwrap().unwrap();
        }
        let state = wait(&printer, |state| state.labels_printed == (round + 1) * 8).await;
        assert_eq!(state.connections, (round + 1) * 8, "our own connections do not count");
    }
}

#[tokio::test]
async fn a_barrier_over_a_refusal_and_back_ends_where_the_faults_say() {
    let printer = start();
    printer.set_fault(Fault::Refuse).unwrap();
    printer.set_fault(Fault::Barrier).unwrap();
    assert!(TcpStream::connect(printer.address()).await.is_err(), "refusing goes first");
    printer.clear_fault(Fault::Refuse).unwrap();
    let held = timeout(Duration::from_millis(300), TcpStream::connect(printer.address())).await;
    assert!(held.is_err(), "held");
    printer.clear_faults().unwrap();
    drop(send(&printer, &format(1)).await);
    wait(&printer, |state| state.labels_printed == 1).await;
}

#[tokio::test]
async fn a_printer_stops_when_told_and_when_its_last_handle_is_dropped() {
    for told in [true, false] {
        let printer = start();
        let (other, address) = (printer.clone(), printer.address());
        let mut open = send(&printer, &format(1)).await;
        wait(&printer, |state| state.labels_printed == 1).await;
        drop(printer);
        assert!(TcpStream::connect(address).await.is_ok(), "a handle is left");
        if told {
            other.stop();
        } else {
            drop(other);
        }
        let refused = TcpStream::connect(address).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        let end = timeout(LIMIT, open.read(&mut [0; 1])).await.unwrap();
        assert!(matches!(end, Ok(0) | Err(_)), "the open connection ends");
    }
}

#[tokio::test]
async fn a_port_can_be_chosen_but_not_taken_twice() {
    let first = start();
    let port = first.address().port();
    let config = || ZebraConfig { port, ..ZebraConfig::default() };
    assert_eq!(ZebraPrinter::start(config()).unwrap_err().kind(), ErrorKind::AddrInUse);
    first.stop();
    drop(first);
    assert_eq!(ZebraPrinter::start(config()).unwrap().uri(), format!("tcp://127.0.0.1:{port}"));
}

#[tokio::test]
async fn a_sink_counts_everything_and_keeps_what_it_is_told_to() {
    let sink = TcpSink::start(&SinkConfig { port: 0, keep: 5 }).unwrap();
    let mut first = TcpStream::connect(sink.address()).await.unwrap();
    first.write_all(b"abcdefgh").await.unwrap();
    sink.wait_until_within(LIMIT, |state| state.received_bytes == 8).await.unwrap();
    let mut second = TcpStream::connect(sink.address()).await.unwrap();
    second.write_all(b"ij").await.unwrap();
    drop(first);
    let state =
        sink.wait_until_within(LIMIT, |state| state.received_bytes == 10 && state.connections_open == 1).await.unwrap();
    assert_eq!((state.connections, sink.received()), (2, b"abcde".to_vec()));
    assert_eq!(sink.uri(), format!("tcp://{}", sink.address()));
    drop(sink);
    assert!(matches!(timeout(LIMIT, second.read(&mut [0; 1])).await.unwrap(), Ok(0) | Err(_)));
}
