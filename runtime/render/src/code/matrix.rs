//! Codes of squares, and the stacked one.

use datamatrix::{DataMatrix, SymbolList};
use qrcode::bits::Bits;
use qrcode::{Color, EcLevel, QrCode, Version};
use rxing::aztec::encoder::aztec_encoder;
use rxing::common::CharacterSet;
use rxing::pdf417::encoder::PDF417;

use super::{Symbol, encoded, gs1};

/// ASCII's group separator, which stands for FNC1 behind an element in codes of squares (GS1 General Specifications, 7.8).
const GS: char = '\u{1d}';

/// The number of UTF-8 in the AIM's list of extended channel interpretations.
const UTF_8: u32 = 26;

/// Squares before they get dots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Squares {
    width: u32,
    /// Row by row from the top.
    black: Vec<bool>,
    /// White modules around.
    quiet: u32,
    /// How many times as high as wide a module is.
    stretch: u32,
    text: String,
}

impl Squares {
    /// With `module` dots for a module, with the quiet zone or without.
    pub fn symbol(self, module: u32, quiet: bool) -> Symbol {
        let quiet = if quiet { self.quiet } else { 0 };
        // A row of a stacked code is higher than its quiet zone is wide: pixels are square, and such rows several of them.
        let stretch = self.stretch as usize;
        let side = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let width = self.width + 2 * quiet;
        let rows = self.black.chunks_exact(self.width.max(1) as usize);
        let height = side(rows.len() * stretch) + 2 * quiet;
        let margin = vec![false; (width * quiet) as usize];
        let beside = vec![false; quiet as usize];
        let mut black = margin.clone();
        for row in rows {
            for _ in 0..stretch {
                black.extend(beside.iter().chain(row).chain(&beside));
            }
        }
        black.extend(margin);
        Symbol { width, height, black, dots_x: module, dots_y: module, text: self.text }
    }
}

/// QR Code (ISO/IEC 18004), the smallest version that takes the data. What is not ASCII is UTF-8 and says so. Quiet zone: 6.3.8
/// there, 4 modules. With `gs1`, FNC1 stands in the first position (7.4.8.1).
pub(crate) fn qr(data: &str, level: &str, gs1: bool) -> Result<Squares, String> {
    let level = match level {
        "L" => EcLevel::L,
        "M" => EcLevel::M,
        "Q" => EcLevel::Q,
        "H" => EcLevel::H,
        other => return Err(format!("there is no level `{other}` of a QR code; there are L, M, Q and H")),
    };
    let payload = payload("QR code", data, gs1)?;
    let attempt = |version: i16| {
        let mut bits = Bits::new(Version::Normal(version));
        if gs1 {
            bits.push_fnc1_first_position()?;
        } else if !payload.is_ascii() {
            bits.push_eci_designator(UTF_8)?;
        }
        // In alphanumeric mode a `%` would mean FNC1 (7.4.8.3).
        if gs1 && payload.contains('%') {
            bits.push_byte_data(payload.as_bytes())?;
        } else {
            bits.push_optimal_data(payload.as_bytes())?;
        }
        bits.push_terminator(level)?;
        QrCode::with_bits(bits, level)
    };
    let code = encoded("QR code", || {
        let code = (1..=40).find_map(|version| attempt(version).ok());
        code.ok_or_else(|| format!("{} bytes are more than it can hold at this level", payload.len()))
    })?;
    let width = u32::try_from(code.width()).unwrap_or(0);
    let black = code.to_colors().into_iter().map(|colour| colour == Color::Dark).collect();
    Ok(Squares { width, black, quiet: 4, stretch: 1, text: data.to_owned() })
}

/// Data Matrix ECC 200 (ISO/IEC 16022), square. What is not Latin-1 is UTF-8 and says so. Quiet zone: 8.2 there, 1 module.
pub(crate) fn datamatrix(data: &str, gs1: bool) -> Result<Squares, String> {
    let payload = payload("Data Matrix", data, gs1)?;
    let too_much = |_| format!("{} bytes are more than it can hold", payload.len());
    let code = encoded("Data Matrix", || {
        let squares = SymbolList::default().enforce_square();
        if gs1 {
            DataMatrix::encode_gs1(payload.as_bytes(), squares).map_err(too_much)
        } else {
            DataMatrix::encode_str(&payload, squares).map_err(too_much)
        }
    })?;
    let bitmap = code.bitmap();
    let width = u32::try_from(bitmap.width()).unwrap_or(0);
    Ok(Squares { width, black: bitmap.bits().to_vec(), quiet: 1, stretch: 1, text: data.to_owned() })
}

/// PDF417 (ISO/IEC 15438), with `columns` of data or as many as make it wider than high. Quiet zone: 5.8.3 there, 2 modules; rows
/// are three modules high (5.8.2). Without a `level`, the recommended one (annex E) for the length of the data.
pub(crate) fn pdf417(data: &str, level: Option<u32>, columns: Option<u32>) -> Result<Squares, String> {
    const MAX_ROWS: u32 = 90;
    const MIN_ROWS: u32 = 3;
    let data = payload("PDF417", data, false)?;
    let level = level.unwrap_or(match data.len() {
        0..=60 => 2,
        61..=240 => 3,
        241..=480 => 4,
        _ => 5,
    });
    if level > 8 {
        return Err(format!("there is no level {level} of a PDF417; there are 0 to 8"));
    }
    let columns = match columns {
        Some(columns @ 1..=30) => (columns, columns),
        Some(other) => return Err(format!("a PDF417 has 1 to 30 columns, and {other} were asked for")),
        None => (1, 30),
    };
    let rows = encoded("PDF417", || {
        let mut code = PDF417::new();
        code.setDimensions(columns.1, columns.0, MAX_ROWS, MIN_ROWS);
        if !is_latin_1(&data) {
            code.setEncoding(Some(CharacterSet::UTF8));
        }
        code.generateBarcodeLogic(&data, level).map_err(|error| error.to_string())?;
        let matrix = code.getBarcodeMatrix().as_ref().map(rxing::pdf417::encoder::BarcodeMatrix::getMatrix);
        matrix.ok_or_else(|| "it came out empty".to_owned())
    })?;
    let width = u32::try_from(rows.first().map_or(0, Vec::len)).unwrap_or(0);
    // It counts rows from the bottom.
    let black = rows.iter().rev().flatten().map(|module| *module == 1).collect();
    Ok(Squares { width, black, quiet: 2, stretch: 3, text: data })
}

/// Aztec Code (ISO/IEC 24778), with a third of it for error correction. It needs no quiet zone (4.3.3 there); a module keeps
/// others from touching it.
pub(crate) fn aztec(data: &str) -> Result<Squares, String> {
    const CORRECTION_PERCENT: u32 = 33;
    let data = payload("Aztec code", data, false)?;
    let code = encoded("Aztec code", || {
        let set = if is_latin_1(&data) { CharacterSet::ISO8859_1 } else { CharacterSet::UTF8 };
        aztec_encoder::encode_with_charset(&data, CORRECTION_PERCENT, 0, set).map_err(|error| error.to_string())
    })?;
    let matrix = code.getMatrix();
    let (width, height) = (matrix.getWidth(), matrix.getHeight());
    let black = (0..height).flat_map(|y| (0..width).map(move |x| matrix.get(x, y))).collect();
    Ok(Squares { width, black, quiet: 1, stretch: 1, text: data })
}

fn payload(what: &str, data: &str, gs1: bool) -> Result<String, String> {
    if data.is_empty() {
        return Err(format!("a {what} of nothing; it needs at least one character"));
    }
    if gs1 { Ok(gs1::parse(data)?.joined(GS)) } else { Ok(data.to_owned()) }
}

fn is_latin_1(data: &str) -> bool {
    data.chars().all(|c| u32::from(c) < 0x100)
}
