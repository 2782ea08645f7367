//! Encoders that share no code with the decoders under test, and a client on a real socket.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::io::Write;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use ostler_simulators::ZebraPrinter;
use ostler_simulators::zebra::State;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Long enough for any machine; a test that waits this long has failed.
pub const LIMIT: Duration = Duration::from_secs(30);

/// `height` rows of `row` bytes with runs, blank and repeated rows, as labels have.
pub fn picture(row: usize, height: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut seed = 0x2545_f491_u32;
    for y in 0..height {
        for x in 0..row {
            seed ^= seed << 13;
            seed ^= seed >> 17;
            seed ^= seed << 5;
            bytes.push(match y % 7 {
                0 => 0,
                1 => 0xff,
                2 | 3 => 0x3c,
                4 if x * 2 > row => 0,
                5 if x * 2 > row => 0xff,
                _ => seed.to_le_bytes()[0],
            });
        }
    }
    bytes
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02X}"))
}

fn symbol(zero: u8, count: usize) -> char {
    char::from(zero + u8::try_from(count).unwrap())
}

/// The run-length form with every symbol it has.
pub fn compressed_hex(bytes: &[u8], row: usize) -> String {
    let mut out = String::new();
    let mut above: Option<&[u8]> = None;
    for bytes in bytes.chunks(row) {
        if above == Some(bytes) {
            out.push(':');
            continue;
        }
        above = Some(bytes);
        let digits = hex(bytes);
        let (kept, end) = if digits.ends_with('0') {
            (digits.trim_end_matches('0'), ",")
        } else if digits.ends_with('F') {
            (digits.trim_end_matches('F'), "!")
        } else {
            (digits.as_str(), "")
        };
        let mut rest = kept;
        while let Some(digit) = rest.chars().next() {
            let run = rest.len() - rest.trim_start_matches(digit).len();
            rest = &rest[run..];
            let mut count = run;
            while count > 1 {
                let (symbol, worth) = match count {
                    400.. => ('z', 400),
                    20.. => (symbol(b'f', count / 20), count / 20 * 20),
                    _ => (symbol(b'F', count), count),
                };
                out.push(symbol);
                count -= worth;
            }
            if count == 1 && run > 1 {
                out.push('G');
            }
            out.push(digit);
        }
        out.push_str(end);
    }
    out
}

/// Bit by bit, as the polynomial is defined.
fn crc(text: &[u8]) -> u16 {
    let mut crc = 0_u16;
    for byte in text {
        crc ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 };
        }
    }
    crc
}

pub fn b64(bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    format!(":B64:{text}:{:04X}", crc(text.as_bytes()))
}

pub fn z64(bytes: &[u8]) -> String {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    let text = STANDARD.encode(encoder.finish().unwrap());
    format!(":Z64:{text}:{:04x}", crc(text.as_bytes()))
}

/// Every form in which a picture of `row` bytes a row can be sent, by name, as a format that prints it at 0,0.
pub fn forms(bytes: &[u8], row: usize) -> Vec<(&'static str, Vec<u8>)> {
    let total = bytes.len();
    let field = |data: &str| format!("^XA^FO0,0^GFA,{total},{total},{row},{data}^FS^XZ").into_bytes();
    let download = |data: &str| {
        format!("~DGR:P.GRF,{total},{row},{data}\n^XA^FO0,0^XGR:P.GRF,1,1^FS^IDR:P.GRF^FS^XZ").into_bytes()
    };
    let (plain, packed) = (hex(bytes), compressed_hex(bytes, row));
    let wrapped: String = bytes.chunks(row).map(|row| hex(row) + "\r\n").collect();
    let binary = format!("^XA^FO0,0^GFB,{total},{total},{row},");
    vec![
        ("field, hex", field(&plain)),
        ("field, lower-case hex in lines", field(&wrapped.to_lowercase())),
        ("field, compressed hex", field(&packed)),
        ("field, base64", field(&b64(bytes))),
        ("field, zlib", field(&z64(bytes))),
        ("field, binary", [binary.as_bytes(), bytes, b"^FS^XZ"].concat()),
        ("download, hex", download(&plain)),
        ("download, compressed hex", download(&packed)),
        ("download, base64", download(&b64(bytes))),
        ("download, zlib", download(&z64(bytes))),
    ]
}

/// A format that prints a small label so many times.
pub fn format(copies: u32) -> Vec<u8> {
    format!("^XA^PQ{copies}^FO8,8^GFA,4,4,2,FFFF8001^FS^XZ").into_bytes()
}

pub async fn connect(printer: &ZebraPrinter) -> TcpStream {
    TcpStream::connect(printer.address()).await.unwrap()
}

/// A connection that has sent these bytes and stays open.
pub async fn send(printer: &ZebraPrinter, bytes: &[u8]) -> TcpStream {
    let mut stream = connect(printer).await;
    stream.write_all(bytes).await.unwrap();
    stream
}

/// What the printer answers to these bytes before it closes, which it does when we have closed our side.
pub async fn replies(printer: &ZebraPrinter, bytes: &[u8]) -> String {
    let mut stream = send(printer, bytes).await;
    stream.shutdown().await.unwrap();
    let mut text = String::new();
    tokio::time::timeout(LIMIT, stream.read_to_string(&mut text)).await.expect("an end").unwrap();
    text
}

pub async fn wait(printer: &ZebraPrinter, condition: impl FnMut(&State) -> bool) -> State {
    printer.wait_until_within(LIMIT, condition).await.unwrap()
}
