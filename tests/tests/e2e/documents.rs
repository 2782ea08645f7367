//! Documents that cannot be printed: refused before anything is stored, and the daemon goes on.

use ostler_tests::{Daemon, Label};
use serde_json::json;

#[test]
fn what_cannot_be_printed_is_refused_up_front_and_nothing_is_stored() {
    let (daemon, zebra) = Daemon::with_zebra();
    let label = Label::four_by_six("WHOLE").png();
    let documents: [(&str, Vec<u8>, &[&str]); 6] = [
        ("a text file", b"Dear printer, please print this.".to_vec(), &["no kind that is known", "Dear", "image/png"]),
        ("an empty file", vec![], &["empty"]),
        ("a cut off PNG", label[..label.len() / 2].to_vec(), &["cut off", "send the whole file"]),
        ("a PNG's first bytes", label[..8].to_vec(), &["PNG"]),
        ("a damaged PNG", damaged(&label), &["damaged"]),
        ("a decompression bomb", bomb(), &["30000 x 30000", "900000000", "smaller"]),
    ];
    for (what, document, words) in documents {
        let file = daemon.document("label.png", &document);
        let said = daemon.cli(&["print", "dock", &file.to_string_lossy()]);
        assert_ne!(said.status, 0, "{what} was taken");
        said.refused(1, &[&["cannot be printed"], words].concat());
    }
    assert_eq!(daemon.json(&["job", "list"]), json!([]));
    assert_eq!(zebra.label_count(), 0);
    daemon.print_done("dock", &label);
    assert_eq!(zebra.label_count(), 1);
}

#[test]
fn no_copies_and_too_many_are_refused() {
    let (daemon, zebra) = Daemon::with_zebra();
    let label = Label::four_by_six("COPIES").png();
    let file = daemon.document("label.png", &label);
    for copies in ["0", "1000"] {
        let said = daemon.cli(&["print", "dock", &file.to_string_lossy(), "--copies", copies]);
        said.refused(1, &[copies, "1 to 999"]);
    }
    daemon.cli(&["print", "dock", &file.to_string_lossy(), "--copies", "-1"]).refused(2, &["-1"]);
    daemon.cli(&["print", "dock", &file.to_string_lossy(), "--copies", "many"]).refused(2, &["many"]);
    assert_eq!(daemon.json(&["job", "list"]), json!([]));
    daemon.print_done("dock", &label);
    assert_eq!(zebra.label_count(), 1);
}

#[test]
fn a_file_that_is_not_there_and_a_machine_that_is_not_there_say_so() {
    let (daemon, _zebra) = Daemon::with_zebra();
    daemon.cli(&["print", "dock", "/nowhere/label.png"]).refused(1, &["/nowhere/label.png"]);
    let file = daemon.document("label.png", &Label::four_by_six("GHOST").png());
    daemon.cli(&["print", "ghost", &file.to_string_lossy()]).refused(3, &["there is no machine 'ghost'"]);
}

/// A PNG whose picture data was tampered with.
fn damaged(png: &[u8]) -> Vec<u8> {
    let mut png = png.to_vec();
    let middle = png.len() / 2;
    png[middle] ^= 0xff;
    png
}

/// A PNG of some hundred kilobytes that unpacks to 900 million pixels.
fn bomb() -> Vec<u8> {
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, 30_000, 30_000);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&vec![0; 30_000 * 30_000 / 8]).unwrap();
    writer.finish().unwrap();
    assert!(png.len() < 1 << 20, "a bomb is small");
    png
}
