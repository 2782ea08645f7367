//! What a decoder, written from the guide and not from the encoder, makes of a label.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::cast_possible_truncation)] // of sizes that are chosen here

use ostler_zpl::{Bitmap, Label, MOST_BYTES};
use proptest::prelude::*;

/// A printer's memory: rows of dots, a bool each.
struct Canvas {
    width: usize,
    rows: Vec<Vec<bool>>,
}

/// Runs a label format: `^PW`, `^LL`, `^FO` and `^GF` draw, the rest is only checked to be known.
fn print(zpl: &str) -> Canvas {
    let mut canvas = Canvas { width: 0, rows: Vec::new() };
    let mut origin = (0, 0);
    let body = zpl.split_once("^XA").unwrap().1;
    let (body, rest) = body.split_once("^XZ").unwrap();
    assert_eq!(rest.trim(), "");
    for command in body.split('^').skip(1) {
        let (name, arguments) = command.split_at(2);
        let arguments = arguments.trim_end_matches('\n');
        match name {
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
                draw(&mut canvas, origin, &decode(parts.next().unwrap(), stride), total / stride);
            }
            "PO" => assert_eq!(arguments, "N"),
            "LH" => assert_eq!(arguments, "0,0"),
            "PQ" | "FS" => {}
            other => panic!("unknown command ^{other}"),
        }
    }
    canvas
}

fn draw(canvas: &mut Canvas, (x, y): (usize, usize), rows: &[String], height: usize) {
    assert_eq!(rows.len(), height);
    for (dy, row) in rows.iter().enumerate() {
        let bits = row.chars().flat_map(|digit| {
            let value = digit.to_digit(16).unwrap();
            (0..4).rev().map(move |bit| value >> bit & 1 == 1)
        });
        for (dx, black) in bits.enumerate() {
            // Dots beyond the print width fall beside the label; padding must not be black all the same.
            match canvas.rows[y + dy].get_mut(x + dx) {
                Some(dot) => *dot |= black,
                None => assert!(!black, "a black dot in the padding"),
            }
        }
    }
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
            ',' | '!' => {
                assert_eq!(count, 0);
                let fill = if c == ',' { '0' } else { 'F' };
                row.extend(std::iter::repeat_n(fill, length - row.len()));
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
    let stride = width.div_ceil(8);
    let label = Label { bitmap: Bitmap::new(width, height, stride, data).unwrap(), copies: 1, darkness: None };
    let canvas = print(std::str::from_utf8(&label.to_bytes()).unwrap());
    assert_eq!((canvas.width, canvas.rows.len()), (width as usize, height as usize));
    for (y, row) in canvas.rows.iter().enumerate() {
        for (x, black) in row.iter().enumerate() {
            let byte = data[y * stride as usize + x / 8];
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
