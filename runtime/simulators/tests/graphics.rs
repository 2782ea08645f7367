//! Every form of a graphic prints the same label, however the stream is cut.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::sync::Arc;

use common::{forms, picture};
use ostler_simulators::zebra::graphics::field;
use ostler_simulators::zebra::parser::{Token, Tokenizer};
use ostler_simulators::zebra::{CommandError, ZebraConfig, interpret};
use ostler_simulators::{Bitmap, PrintedLabel};
use proptest::prelude::*;

/// A printer whose labels are exactly so large.
fn config(row: usize, height: usize) -> ZebraConfig {
    ZebraConfig {
        head_width: u32::try_from(row * 8).unwrap(),
        label_length: u32::try_from(height).unwrap(),
        ..ZebraConfig::default()
    }
}

fn only_label(config: ZebraConfig, stream: &[u8]) -> PrintedLabel {
    let printout = interpret(config, stream);
    assert_eq!(printout.errors, []);
    assert_eq!(printout.labels.len(), 1);
    printout.labels[0].clone()
}

#[test]
fn every_form_prints_the_same_label() {
    // Rows of 103 bytes hold runs above 20; rows of 300 bytes hold runs above 400.
    for (row, height) in [(1, 1), (2, 9), (103, 40), (300, 15)] {
        let bytes = picture(row, height);
        for (form, stream) in forms(&bytes, row) {
            let label = only_label(config(row, height), &stream);
            assert!(label.bitmap.bytes() == bytes, "{form}, {row} bytes a row");
            assert_eq!(label.bitmap.stride(), row);
            let start = stream.windows(3).position(|bytes| bytes == b"^XA").unwrap();
            assert!(*label.format == stream[start..], "{form}: the format is kept from ^XA to ^XZ");
        }
    }
}

#[test]
fn a_four_by_six_inch_label_prints_in_every_form() {
    let bytes = picture(102, 1218);
    for (form, stream) in forms(&bytes, 102) {
        assert!(only_label(config(102, 1218), &stream).bitmap.bytes() == bytes, "{form}");
    }
}

#[test]
fn old_firmware_drops_a_field_above_its_limit_and_takes_a_download() {
    let bytes = picture(102, 1218);
    for (form, stream) in forms(&bytes, 102) {
        let printout = interpret(ZebraConfig { old_firmware: true, ..config(102, 1218) }, &stream);
        let dots = printout.labels[0].bitmap.black_dots();
        if form.starts_with("field") {
            assert_eq!(dots, 0, "{form}");
            assert!(matches!(printout.errors[0].error, CommandError::Graphic { .. }), "{form}");
        } else {
            assert!(dots > 0 && printout.errors.is_empty(), "{form}");
        }
    }
}

#[test]
fn one_changed_byte_in_checked_data_drops_the_graphic() {
    let bytes = picture(16, 20);
    for (form, mut stream) in forms(&bytes, 16) {
        if !form.contains("base64") && !form.contains("zlib") {
            continue;
        }
        let at = stream.windows(3).position(|bytes| bytes == b"64:").unwrap() + 12;
        stream[at] = if stream[at] == b'A' { b'B' } else { b'A' };
        let printout = interpret(config(16, 20), &stream);
        assert!(printout.errors.iter().any(|record| record.error.to_string().contains("CRC")), "{form}");
        assert!(printout.labels.iter().all(|label| label.bitmap.black_dots() == 0), "{form}");
    }
}

proptest! {
    #[test]
    fn the_pieces_in_which_a_stream_arrives_do_not_matter(
        row in 1_usize..12,
        height in 1_usize..12,
        form in 0_usize..10,
        mut cuts in proptest::collection::vec(0_usize..4000, 0..40),
    ) {
        let bytes = picture(row, height);
        let (_, mut stream) = forms(&bytes, row).swap_remove(form);
        stream.extend_from_slice(b"\r\n~HS~SD15\n! U1 getvar \"appl.name\"\r\n~HQES^XA^FO1,1^GFA,1,1,1,F0^XZ");
        let mut whole = Vec::new();
        let mut tokenizer = Tokenizer::default();
        tokenizer.push(&stream, |token| whole.push(token));
        tokenizer.finish(|token| whole.push(token));

        for cut in &mut cuts {
            *cut %= stream.len();
        }
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut tokenizer = Tokenizer::default();
        for ends in cuts.windows(2) {
            tokenizer.push(&stream[ends[0]..ends[1]], |token| pieces.push(token));
        }
        tokenizer.finish(|token| pieces.push(token));
        prop_assert_eq!(&pieces, &whole);

        let joined: Vec<u8> = pieces.iter().flat_map(|token| match token {
            Token::Text(text) => text.as_slice(),
            Token::Command(command) => command.raw(),
        }).copied().collect();
        prop_assert_eq!(joined, stream);
    }

    #[test]
    fn any_bytes_are_survived(stream in proptest::collection::vec(any::<u8>(), 0..600)) {
        let printout = interpret(config(4, 4), &stream);
        prop_assert!(printout.labels.len() <= stream.len());
    }

    #[test]
    fn any_command_soup_is_survived(
        commands in proptest::collection::vec(
            ("[~^][A-Z][A-Z]", "[0-9A-Za-z:,!.*+/=-]{0,20}").prop_map(|(name, rest)| name + &rest), 0..40,
        ),
    ) {
        let stream = format!("^XA{}^XZ", commands.concat());
        let _ = interpret(config(4, 4), stream.as_bytes());
    }

    #[test]
    fn any_data_decodes_or_fails_without_more_bytes_than_announced(
        total in 1_usize..300, row in 1_usize..20, data in "[0-9A-Fa-fG-Zg-z,!:]{0,80}",
    ) {
        let parameters = format!("A,{total},{total},{row},{data}");
        if let Ok(bitmap) = field(parameters.as_bytes(), false) {
            prop_assert_eq!(bitmap.bytes().len(), total);
        }
    }
}

#[test]
fn fields_combine_at_their_places() {
    let config = || ZebraConfig { head_width: 32, label_length: 16, ..ZebraConfig::default() };
    let block = |at: &str, command: &str| format!("^FO{at}{command}^GFA,2,2,1,F0F0^FS");
    let print = |format: &str| Arc::clone(&only_label(config(), format!("^XA{format}^XZ").as_bytes()).bitmap);

    let mut expected = Bitmap::new(32, 16);
    for (x, y) in (3..7).flat_map(|x| [(x, 5), (x, 6)]) {
        expected.set_black(x, y);
    }
    assert_eq!(*print(&block("3,5", "")), expected);
    assert_eq!(*print(&format!("^LH2,4{}", block("1,1", ""))), expected, "label home is added");
    assert_eq!(*print(&format!("^LT5{}", block("3,0", ""))), expected, "the top is moved");
    assert_eq!(*print(&format!("{0}{0}", block("3,5", ""))), expected, "black on black is black");
    assert_eq!(print(&format!("{}{}", block("3,5", ""), block("3,5", "^FR"))).black_dots(), 0, "reversed");
    assert_eq!(print(&format!("^LRY{0}{0}", block("3,5", ""))).black_dots(), 0, "all reversed");
    assert_eq!(*print(&format!("^POI{}", block("3,5", ""))), expected.turned());
    assert_eq!(*print(&format!("^PMY{}", block("3,5", ""))), expected.mirrored());
    assert_eq!(*print(&format!("^LS-2{}", block("1,5", ""))), expected, "all fields go to the right");
    assert_eq!(*print(&format!("^LS30{}", block("33,5", ""))), expected, "or to the left");
    assert_eq!(print("^PW16^FO0,0^GFA,1,1,1,80^FS").width(), 16);
    assert_eq!(print("^PW999^FO0,0^GFA,1,1,1,80^FS").width(), 32, "no wider than the head");
}

#[test]
fn dots_outside_the_page_are_not_printed_and_recorded() {
    for (at, printed) in [("40,5", 0), ("30,15", 2), ("0,0^LS2", 4)] {
        let config = ZebraConfig { head_width: 32, label_length: 16, ..ZebraConfig::default() };
        let printout = interpret(config, format!("^XA^FO{at}^GFA,2,2,1,F0F0^FS^XZ").as_bytes());
        assert_eq!(printout.labels[0].bitmap.black_dots(), printed, "{at}");
        let lost = CommandError::OffLabel { dots: 8 - printed };
        assert_eq!(printout.errors.into_iter().map(|record| record.error).collect::<Vec<_>>(), [lost], "{at}");
    }
}

#[test]
fn stored_graphics_are_magnified_replaced_and_deleted() {
    let config = || ZebraConfig { head_width: 16, label_length: 8, ..ZebraConfig::default() };
    let stream =
        b"~DGR:A.GRF,1,1,C0~DGE:B,1,1,80^XA^XGA.GRF,3,2^FS^XZ~DGA,1,1,80^XA^XGR:A^FS^XZ^XA^IDR:*.GRF^XZ^XA^XGA^FS^XZ";
    let printout = interpret(config(), stream);
    let dots: Vec<u64> = printout.labels.iter().map(|label| label.bitmap.black_dots()).collect();
    assert_eq!(dots, [12, 1, 0], "2 dots times 3 times 2; the replacement; deleted");
    assert_eq!(printout.labels[0].bitmap.rows().next().unwrap(), [0xfc, 0]);
    let missing = CommandError::NoSuchGraphic { command: "^XG".into(), name: "R:A.GRF".into() };
    assert_eq!(printout.errors.into_iter().map(|record| record.error).collect::<Vec<_>>(), [missing]);
}

#[test]
fn only_a_format_with_a_field_prints_and_what_is_not_drawn_is_named() {
    let stream = b"^XA^MNY^PW100^IDR:A.GRF^FS^XZ^XA^FO1,1^A0N,20,20^FDtext^FS^XZ";
    let printout = interpret(ZebraConfig::default(), stream);
    assert_eq!(printout.labels.len(), 1);
    assert_eq!(printout.labels[0].bitmap.black_dots(), 0);
    assert_eq!(printout.unknown_commands.keys().collect::<Vec<_>>(), ["^A0", "^FD"]);
}

#[test]
fn what_cannot_be_obeyed_is_recorded() {
    let stream = b"^XA^FOx,1^LT500^PQ0^GFC,1,1,1,x^FS^XA^FO0,0^GFA,4,4,2,FF";
    let errors: Vec<String> =
        interpret(ZebraConfig::default(), stream).errors.iter().map(|record| record.error.to_string()).collect();
    assert_eq!(
        errors,
        [
            "^FO: bad parameters \"x,1\"",
            "^LT: bad parameters \"500\"",
            "^PQ: bad parameters \"0\"",
            "^GF: the graphic was dropped: compressed binary (^GFC) is not supported",
            "a format was dropped because another began before its ^XZ",
            "^GF: the graphic was dropped: 1 of 4 bytes arrived",
            "a format of 22 bytes was dropped because its connection ended before ^XZ",
        ]
    );
}
