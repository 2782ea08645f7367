//! Codes of every symbology that templates have, and whether programs of other people read them as they were meant.
//!
//! A [`Case`] is a call of a template's function and what it draws; a [`Printed`] one lies on a picture, turned. [`misread`] has
//! all pictures read, by each program that knows the symbology.

use crate::counterpart::{Seen, zbarimg_of, zxing_of};
use std::path::PathBuf;

/// What programs call the codes of a symbology.
#[derive(Debug, Clone, Copy)]
pub struct Symbology {
    /// By zxing-cpp, which reads all of them; any of these.
    pub zxing: &'static [&'static str],
    /// By zbarimg, where it reads them.
    pub zbarimg: Option<&'static str>,
}

const CODE_128: Symbology = Symbology { zxing: &["Code128"], zbarimg: Some("CODE-128") };
const CODE_39: Symbology = Symbology { zxing: &["Code39"], zbarimg: Some("CODE-39") };
const EAN_13: Symbology = Symbology { zxing: &["EAN13"], zbarimg: Some("EAN-13") };
const EAN_8: Symbology = Symbology { zxing: &["EAN8"], zbarimg: Some("EAN-8") };
/// The same bars as an EAN-13 that begins with 0, and readers say that.
const UPC_A: Symbology = Symbology { zxing: &["EAN13", "UPCA"], zbarimg: Some("EAN-13") };
const ITF: Symbology = Symbology { zxing: &["ITF", "ITF14"], zbarimg: Some("I2/5") };
const QR: Symbology = Symbology { zxing: &["QRCode"], zbarimg: Some("QR-Code") };
const DATA_MATRIX: Symbology = Symbology { zxing: &["DataMatrix"], zbarimg: None };
const PDF417: Symbology = Symbology { zxing: &["PDF417"], zbarimg: None };
const AZTEC: Symbology = Symbology { zxing: &["Aztec"], zbarimg: None };

/// A code.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// A call in a template, in which `data` is the data.
    pub call: &'static str,
    /// What it is called with.
    pub data: &'static str,
    /// What a reader says, when that is not the data.
    pub says: Option<&'static str>,
    /// What zbarimg says, when that is something else: it leaves out FNC1 at the beginning, and parentheses.
    pub zbarimg_says: Option<&'static str>,
    /// Of which kind it is.
    pub symbology: Symbology,
}

const fn case(symbology: Symbology, call: &'static str, data: &'static str) -> Case {
    Case { call, data, says: None, zbarimg_says: None, symbology }
}

/// A code of numbers, to which a digit is added.
const fn completed(symbology: Symbology, call: &'static str, data: &'static str, says: &'static str) -> Case {
    Case { says: Some(says), ..case(symbology, call, data) }
}

const fn gs1(symbology: Symbology, call: &'static str) -> Case {
    const ELEMENTS: &str = "(01)09506000134352(10)AB%2(21)7";
    const JOINED: &str = "010950600013435210AB%2\u{1d}217";
    Case { zbarimg_says: Some(JOINED), ..case(symbology, call, ELEMENTS) }
}

/// At least one of every symbology, and of each that takes them: GS1's element strings, and what is not ASCII. At 8 dots/mm the
/// longest is 67 mm long.
pub const CASES: &[Case] = &[
    case(CODE_128, "code128(data)", "Ostler-42/aB c"),
    case(CODE_128, "code128(data)", "AB0123456789012345xyz"),
    gs1(CODE_128, "code128(data, gs1: true, text: false)"),
    case(CODE_39, "code39(data, module: 2)", "OSTLER-39 $/+%."),
    case(CODE_39, "code39(data, module: 3)", "ABC123"),
    completed(EAN_13, "ean13(data)", "950600013435", "9506000134352"),
    completed(EAN_8, "ean8(data)", "9638507", "96385074"),
    completed(UPC_A, "upca(data)", "036000291452", "0036000291452"),
    case(ITF, "itf(data)", "10614141000415"),
    case(ITF, "itf(data, module: 3)", "12345678"),
    case(DATA_MATRIX, "datamatrix(data)", "Ostler 42, Größe 7"),
    case(DATA_MATRIX, "datamatrix(data)", "żółw and more of it than fits in a small one, 0123456789"),
    gs1(DATA_MATRIX, "datamatrix(data, gs1: true)"),
    case(QR, "qr(data, level: \"L\")", "https://ostler.example/p/42"),
    case(QR, "qr(data)", "0123456789 ABC"),
    case(QR, "qr(data, level: \"Q\")", "Größe żółw 大小"),
    Case {
        says: Some("HIGHHIGHHIGHHIGHHIGHHIGHHIGHHIGHHIGHHIGHHIGHHIGHHIGHHIGHHIGHHIGH"),
        ..case(QR, "qr(data * 16, level: \"H\", module: 3)", "HIGH")
    },
    gs1(QR, "qr(data, gs1: true)"),
    case(PDF417, "pdf417(data)", "Ostler PDF417, 0123456789012345678901234567890 and so on."),
    case(PDF417, "pdf417(data, columns: 3, level: 4)", "Größe żółw"),
    case(AZTEC, "aztec(data)", "Ostler Aztec 42 / aB"),
    Case {
        says: Some("Größe Größe Größe Größe Größe Größe "), ..case(AZTEC, "aztec(data * 6)", "Größe ")
    },
    case(AZTEC, "aztec(data)", "żółw"),
];

/// A code on a picture.
#[derive(Debug, Clone)]
pub struct Printed {
    /// A picture with this code and no other.
    pub file: PathBuf,
    /// Which one.
    pub case: &'static Case,
    /// How far it is turned clockwise.
    pub quarters: u8,
    /// How it came there, for people.
    pub how: String,
}

/// What was not read as it is meant, a line for each picture and program. Every program that reads a symbology must read each of
/// its codes, and see how it lies.
pub fn misread(printed: &[Printed]) -> Vec<String> {
    let files: Vec<_> = printed.iter().map(|printed| printed.file.clone()).collect();
    let read_by_zbarimg = |printed: &&Printed| printed.case.symbology.zbarimg.is_some();
    let for_zbarimg: Vec<_> = printed.iter().filter(read_by_zbarimg).map(|printed| printed.file.clone()).collect();
    let mut by_zbarimg = zbarimg_of(&for_zbarimg).into_iter();
    let mut wrong = Vec::new();
    for (Printed { case, quarters, how, .. }, by_zxing) in printed.iter().zip(zxing_of(&files)) {
        let Case { call, data, says, zbarimg_says, symbology } = case;
        let says = says.unwrap_or(data);
        let is = |seen: &[Seen], kinds: &[&str], says: &str| match seen {
            [Seen { kind, text, quarters: turned }] => {
                kinds.contains(&kind.as_str()) && text == says && *turned == Some(*quarters)
            }
            _ => false,
        };
        let mut tell = |program: &str, seen: &[Seen]| {
            wrong.push(format!("{call}, {how}, {quarters} quarters: {program} says {seen:?}"));
        };
        if !is(&by_zxing, symbology.zxing, says) {
            tell("zxing-cpp", &by_zxing);
        }
        if let Some(kind) = symbology.zbarimg {
            let seen = by_zbarimg.next().unwrap();
            if !is(&seen, &[kind], zbarimg_says.unwrap_or(says)) {
                tell("zbarimg", &seen);
            }
        }
    }
    wrong
}
