//! What a decoder, written from the guide and not from the encoder, makes of a label.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::cast_possible_truncation)] // of sizes that are chosen here

use std::collections::HashMap;
use std::io::Read as _;

use base64::Engine as _;
use ostler_zpl::{Bitmap, Encoding, Label, MOST_BYTES, Setup, Stored};
use proptest::prelude::*;

/// A printer's memory: rows of dots, a bool each.
#[derive(Default)]
struct Canvas {
    width: usize,
    rows: Vec<Vec<bool>>,
    /// Stored graphics, as rows of bytes.
    graphics: HashMap<String, (Vec<u8>, usize)>,
}

/// Runs a stream: `~DG`, `^PW`, `^LL`, `^FO`, `^GF`, `^XG` and `^ID` do something, the rest is only checked to be known.
fn print(zpl: &str) -> Canvas {
    let mut canvas = Canvas::default();
    let mut origin = (0, 0);
    let mut inside = false;
    for command in zpl.split_inclusive(['^', '~']).map(|text| text.trim_end_matches(['^', '~'])).skip(1) {
        let (name, arguments) = command.split_at(2);
        let arguments = arguments.trim_end_matches('\n');
        match name {
            "XA" => assert!(!std::mem::replace(&mut inside, true)),
            "XZ" => assert!(std::mem::replace(&mut inside, false)),
            "DG" => {
                assert!(!inside, "a download within a format");
                let mut parts = arguments.splitn(4, ',');
                let graphic = parts.next().unwrap().to_owned();
                let mut number = || parts.next().unwrap().parse::<usize>().unwrap();
                let (total, stride) = (number(), number());
                let bytes = bytes(parts.next().unwrap(), stride);
                assert_eq!(bytes.len(), total);
                assert!(canvas.graphics.insert(graphic, (bytes, stride)).is_none(), "overwritten");
            }
            "XG" => {
                let graphic = arguments.strip_suffix(",1,1").unwrap();
                let (bytes, stride) = canvas.graphics.get(graphic).expect("a stored graphic").clone();
                draw(&mut canvas, origin, &bytes, stride);
            }
            "ID" => assert!(canvas.graphics.remove(arguments).is_some()),
            "PW" => canvas.width = arguments.parse().unwrap(),
            "LL" => canvas.rows = vec![vec![false; canvas.width]; arguments.parse().unwrap()],
            "FO" => {
                let (x, y) = arguments.split_once(',').unwrap();
                origin = (x.parse().unwrap(), y.parse().unwrap());
            }
            "GF" => {
                let mut parts = arguments.splitn(5, ',');
                assert_eq!(parts.next(), Some("A"));
                let mut number = || parts.next().unwrap().parse::<usize>().unwrap();
                let (sent, total, stride) = (number(), number(), number());
                assert_eq!(sent, total);
                assert!(total <= MOST_BYTES, "{total} bytes in one field");
                let bytes = bytes(parts.next().unwrap(), stride);
                assert_eq!(bytes.len(), total);
                draw(&mut canvas, origin, &bytes, stride);
            }
            "PO" => assert_eq!(arguments, "N"),
            "LH" => assert_eq!(arguments, "0,0"),
            "PQ" | "FS" | "SD" => {}
            other => panic!("unknown command {other}"),
        }
    }
    assert!(!inside, "the format is not ended");
    canvas
}

fn draw(canvas: &mut Canvas, (x, y): (usize, usize), bytes: &[u8], stride: usize) {
    for (dy, row) in bytes.chunks(stride).enumerate() {
        let bits = row.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1));
        for (dx, black) in bits.enumerate() {
            // Dots beyond the print width fall beside the label; padding must not be black all the same.
            match canvas.rows[y + dy].get_mut(x + dx) {
                Some(dot) => *dot |= black,
                None => assert!(!black, "a black dot in the padding"),
            }
        }
    }
}

/// The data of a graphic, in either form.
fn bytes(data: &str, stride: usize) -> Vec<u8> {
    let Some(data) = data.strip_prefix(":Z64:") else {
        let digits = decode(data, stride).concat();
        return (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect();
    };
    let (text, crc) = data.split_once(':').unwrap();
    assert_eq!(crc, format!("{:04X}", crc_of(text.as_bytes())));
    let packed = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
    let mut bytes = Vec::new();
    flate2::read::ZlibDecoder::new(packed.as_slice()).read_to_end(&mut bytes).unwrap();
    bytes
}

/// CRC-16 with polynomial 1021h and start 0, a bit at a time.
fn crc_of(text: &[u8]) -> u16 {
    text.iter().fold(0, |crc, byte| {
        (0..8).fold(
            crc ^ u16::from(*byte) << 8,
            |crc: u16, _| {
                if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 }
            },
        )
    })
}

/// Expands the compressed digits into rows of hexadecimal digits.
fn decode(text: &str, stride: usize) -> Vec<String> {
    let length = 2 * stride;
    let mut rows: Vec<String> = Vec::new();
    let mut row = String::new();
    let mut count = 0;
    for c in text.chars() {
        match c {
            'G'..='Y' => count += c as usize - 'F' as usize,
            'g'..='z' => count += 20 * (c as usize - 'f' as usize),
            '0'..='9' | 'A'..='F' => {
                row.extend(std::iter::repeat_n(c, count.max(1)));
                count = 0;
            }
            ',' => {
                assert_eq!(count, 0);
                row.extend(std::iter::repeat_n('0', length - row.len()));
            }
            ':' => {
                assert!(row.is_empty() && count == 0, "a repeated row begins in the middle of a row");
                row.push_str(rows.last().expect("the first row cannot repeat one"));
            }
            other => panic!("{other:?} in the data"),
        }
        assert!(row.len() <= length, "a row is too long");
        if row.len() == length {
            rows.push(std::mem::take(&mut row));
        }
    }
    assert!(row.is_empty(), "the last row is not complete");
    rows
}

fn assert_prints(width: u32, height: u32, data: &[u8]) {
    let bitmap = Bitmap::new(width, height, width.div_ceil(8), data).unwrap();
    for encoding in [Encoding::Hex, Encoding::Z64] {
        let label = Label { encoding, ..Label::new(bitmap) };
        assert_shows(&print(std::str::from_utf8(&label.to_bytes()).unwrap()), &bitmap);
        let graphic = Stored::for_job(7);
        let stored = [graphic.download(&bitmap, encoding), label.recall(&graphic)].concat();
        assert_shows(&print(std::str::from_utf8(&stored).unwrap()), &bitmap);
    }
}

fn assert_shows(canvas: &Canvas, bitmap: &Bitmap<'_>) {
    assert_eq!((canvas.width, canvas.rows.len()), (bitmap.width() as usize, bitmap.height() as usize));
    for (y, row) in canvas.rows.iter().enumerate() {
        for (x, black) in row.iter().enumerate() {
            let byte = bitmap.data()[y * bitmap.stride() + x / 8];
            assert_eq!(*black, byte >> (7 - x % 8) & 1 == 1, "dot {x},{y}");
        }
    }
}

/// Rows as labels have them: white, black, random, stripes, long runs, and the one above again.
fn rows(width: u32, height: usize) -> impl Strategy<Value = Vec<u8>> {
    let stride = width.div_ceil(8) as usize;
    let row = prop_oneof![
        3 => Just(None),
        2 => Just(Some(vec![0x00; stride])),
        1 => Just(Some(vec![0xFF; stride])),
        1 => proptest::collection::vec(any::<u8>(), stride).prop_map(Some),
        2 => proptest::collection::vec(prop_oneof![Just(0x00), Just(0xFF), Just(0x0F), Just(0x88)], stride).prop_map(Some),
        2 => (any::<u8>(), 0..=stride).prop_map(move |(byte, at)| {
            let mut row = vec![byte; stride];
            row[at..].fill(0);
            Some(row)
        }),
    ];
    let padding = 0xFFu8 << (stride * 8 - width as usize);
    proptest::collection::vec(row, height).prop_map(move |rows| {
        let mut data: Vec<u8> = Vec::new();
        for row in rows {
            let above = data.len().checked_sub(stride).map_or_else(|| vec![0; stride], |at| data[at..].to_vec());
            let mut row = row.unwrap_or(above);
            if let Some(last) = row.last_mut() {
                *last &= padding;
            }
            data.extend(row);
        }
        data
    })
}

fn bitmaps() -> impl Strategy<Value = (u32, u32, Vec<u8>)> {
    (1u32..2000, 1u32..40)
        .prop_flat_map(|(width, height)| rows(width, height as usize).prop_map(move |data| (width, height, data)))
}

proptest! {
    #[test]
    fn every_bitmap_comes_out_as_it_went_in((width, height, data) in bitmaps()) {
        assert_prints(width, height, &data);
    }
}

#[test]
fn a_label_of_several_strips_comes_out_without_a_seam() {
    let (width, height) = (812, 2500);
    let stride = 102;
    let data: Vec<u8> = (0..height * stride).map(|n| if (n / 7) % 3 == 0 { (n % 251) as u8 } else { 0 }).collect();
    let mut data = data;
    data.chunks_mut(stride).for_each(|row| row[stride - 1] &= 0xF0);
    assert_prints(width, height as u32, &data);
}

#[test]
fn a_black_label_of_a_width_that_is_no_whole_byte_has_no_black_padding() {
    let data: Vec<u8> = (0..10).flat_map(|_| [0xFF, 0xFF, 0xE0]).collect();
    assert_prints(19, 10, &data);
}

#[test]
fn a_run_of_any_length_comes_out_as_it_went_in() {
    // One row a length, each ended by another digit, so that no fill mark can be used.
    for bytes in 1..=500usize {
        let mut data = vec![0x77; bytes];
        data.push(0x12);
        assert_prints(8 * (bytes as u32 + 1), 1, &data);
    }
}

#[test]
fn a_job_of_equal_labels_sends_its_dots_once_and_leaves_nothing_behind() {
    let data: Vec<u8> = (0..100u8).flat_map(|n| [n, n ^ 0x55]).collect();
    let bitmap = Bitmap::new(16, 100, 2, &data).unwrap();
    let label = Label { setup: Setup { darkness: Some(9), ..Setup::default() }, ..Label::new(bitmap) };
    let graphic = Stored::for_job(7);
    let labels = [label.recall(&graphic), label.recall(&graphic)];
    let job = [graphic.download(&bitmap, Encoding::Hex), labels.concat(), graphic.delete()].concat();
    let canvas = print(std::str::from_utf8(&job).unwrap());
    assert_shows(&canvas, &bitmap);
    assert!(canvas.graphics.is_empty());
    assert!(job.len() < 2 * label.to_bytes().len());
}
