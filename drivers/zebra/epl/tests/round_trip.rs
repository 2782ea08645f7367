//! What a reader, written from the guide and not from the encoder, makes of a form.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use ostler_epl::{Label, Setup, Tracking};
use proptest::prelude::*;

/// The image buffer, a bool a dot, and the copies that were printed.
#[derive(Default)]
struct Printer {
    width: usize,
    rows: Vec<Vec<bool>>,
    copies: Option<u32>,
}

/// Takes a number up to `end` from the front.
fn number(rest: &mut &[u8], end: u8) -> usize {
    let at = rest.iter().position(|byte| *byte == end).unwrap();
    let text = std::str::from_utf8(&rest[..at]).unwrap();
    *rest = &rest[at + 1..];
    text.parse().unwrap()
}

/// Lines end with LF; the data of `GW` is as long as its counts say, whatever bytes it has.
fn print(mut rest: &[u8], height: usize) -> Printer {
    let mut printer = Printer::default();
    while !rest.is_empty() {
        if let Some(parameters) = rest.strip_prefix(b"GW") {
            rest = parameters;
            let (x, y) = (number(&mut rest, b','), number(&mut rest, b','));
            let (stride, rows) = (number(&mut rest, b','), number(&mut rest, b','));
            for (dy, row) in rest[..stride * rows].chunks(stride).enumerate() {
                let bits = row.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 0));
                for (dx, black) in bits.enumerate() {
                    match printer.rows[y + dy].get_mut(x + dx) {
                        Some(dot) => *dot = black,
                        None => assert!(!black, "a black dot beside the label"),
                    }
                }
            }
            assert_eq!(rest[stride * rows], b'\n');
            rest = &rest[stride * rows + 1..];
            continue;
        }
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap();
        let line = std::str::from_utf8(&rest[..end]).unwrap();
        rest = &rest[end + 1..];
        match line.split_at(line.len().min(1)) {
            ("" | "Q" | "S" | "D" | "Z", _) => {}
            ("q", width) => printer.width = width.parse().unwrap(),
            ("N", "") => printer.rows = vec![vec![false; printer.width]; height],
            ("P", copies) => printer.copies = Some(copies.parse().unwrap()),
            other => panic!("unknown line {other:?}"),
        }
    }
    printer
}

proptest! {
    #[test]
    fn every_bitmap_comes_out_as_it_went_in(
        (width, height, mut data) in (1u32..900, 1u32..60).prop_flat_map(|(width, height)| {
            let bytes = width.div_ceil(8) as usize * height as usize;
            (Just(width), Just(height), proptest::collection::vec(any::<u8>(), bytes))
        }),
        copies in 1u32..1000,
    ) {
        let stride = width.div_ceil(8) as usize;
        for row in data.chunks_mut(stride) {
            row[stride - 1] &= 0xFFu8.checked_shl(u32::try_from(stride).unwrap() * 8 - width).unwrap_or(0);
        }
        let setup = Setup { darkness: Some(8), speed: None, tracking: Some(Tracking::Gap(24)), inverted: false };
        let label = Label::new(width, height, &data).unwrap().copies(copies).setup(setup);
        let printer = print(&label.to_bytes(), height as usize);
        prop_assert_eq!(printer.copies, Some(copies));
        for (y, row) in printer.rows.iter().enumerate() {
            for (x, black) in row.iter().enumerate() {
                prop_assert_eq!(*black, data[y * stride + x / 8] >> (7 - x % 8) & 1 == 1);
            }
        }
    }
}
