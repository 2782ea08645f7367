//! Codes of bars.

use rxing::EncodeHints;
use rxing::oned::{Code39Writer, Code128Writer, EAN8Writer, EAN13Writer, ITFWriter, OneDimensionalCodeWriter};

use super::{Symbol, check_digit, encoded, gs1, verify_check_digit};

/// `rxing` takes this character for FNC1.
const FNC1: char = '\u{f1}';

/// Characters of a Code 128 that a scanner can be expected to read, and `rxing` encodes.
const LONGEST_CODE_128: usize = 80;

/// Characters of a GS1-128 (GS1 General Specifications, 5.4.1).
const LONGEST_GS1_128: usize = 48;

/// Bars before they get dots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bars {
    /// A module each, without quiet zone; black is true.
    modules: Vec<bool>,
    /// Whether there are only two widths, whose ratio may be chosen.
    two_widths: bool,
    /// White modules before and behind the bars.
    quiet: (u32, u32),
    text: String,
}

impl Bars {
    /// With `module` dots for the narrowest bar, `height` dots high, with the quiet zone or without.
    pub fn symbol(self, module: u32, height: u32, quiet: bool) -> Symbol {
        // A wide bar of 2.5 narrow ones, rounded up to whole dots, lies within what Code 39 (ISO/IEC 16388, 4.3.1) and ITF
        // (ISO/IEC 16390, 4.4.1) allow: 2 to 3.
        let wide = (module * 5).div_ceil(2);
        let mut black = Vec::new();
        let mut push = |colour: bool, dots: u32| black.extend(std::iter::repeat_n(colour, dots as usize));
        let (before, behind) = if quiet { self.quiet } else { (0, 0) };
        push(false, before * module);
        for run in self.modules.chunk_by(|a, b| a == b) {
            let length = u32::try_from(run.len()).unwrap_or(0);
            let dots = if self.two_widths && length > 1 { wide } else { length * module };
            push(run.first() == Some(&true), dots);
        }
        push(false, behind * module);
        let width = u32::try_from(black.len()).unwrap_or(u32::MAX);
        Symbol { width, height: 1, black, dots_x: 1, dots_y: height, text: self.text }
    }
}

/// Code 128 (ISO/IEC 15417), the sets chosen so that it is short; with `gs1`, GS1-128. Quiet zone: 4.4 there, 10 modules.
pub(crate) fn code128(data: &str, gs1: bool) -> Result<Bars, String> {
    let (payload, longest) = if gs1 {
        let elements = gs1::parse(data)?;
        (format!("{FNC1}{}", elements.joined(FNC1)), LONGEST_GS1_128 + 1)
    } else {
        if let Some(other) = data.chars().find(|c| !c.is_ascii()) {
            return Err(format!("a Code 128 has ASCII characters, and `{other}` is none"));
        }
        (data.to_owned(), LONGEST_CODE_128)
    };
    let length = payload.chars().count();
    if length == 0 || length > longest {
        return Err(format!("a Code 128 of {length} characters; it can have 1 to {longest}"));
    }
    let hints = EncodeHints { Code128Compact: Some(true), ..EncodeHints::default() };
    let modules = encoded("Code 128", || Code128Writer.encode_oned_with_hints(&payload, &hints))?;
    let text = data.chars().filter(|c| !c.is_control()).collect();
    Ok(Bars { modules, two_widths: false, quiet: (10, 10), text })
}

/// Code 39 (ISO/IEC 16388) without check character. Quiet zone: 4.4 there, 10 modules.
pub(crate) fn code39(data: &str) -> Result<Bars, String> {
    const OTHERS: &str = "-. $/+%";
    let fits = |c: &char| c.is_ascii_uppercase() || c.is_ascii_digit() || OTHERS.contains(*c);
    if let Some(other) = data.chars().find(|c| !fits(c)) {
        let hint =
            if other.is_ascii_lowercase() { "; make it upper-case with `upper(...)`, or take `code128`" } else { "" };
        return Err(format!("a Code 39 has A to Z, 0 to 9 and `{OTHERS}`, and `{other}` is none of them{hint}"));
    }
    let length = data.len();
    if length == 0 || length > LONGEST_CODE_128 {
        return Err(format!("a Code 39 of {length} characters; it can have 1 to {LONGEST_CODE_128}"));
    }
    let modules = encoded("Code 39", || Code39Writer.encode_oned(data))?;
    Ok(Bars { modules, two_widths: true, quiet: (10, 10), text: data.to_owned() })
}

/// EAN-13 (GS1 General Specifications, 5.2): 13 digits, or 12 to which the check digit is added. Quiet zone: 5.2.3.4 there.
pub(crate) fn ean13(data: &str) -> Result<Bars, String> {
    let digits = with_check_digit("EAN-13", data, 13)?;
    let modules = encoded("EAN-13", || EAN13Writer.encode_oned(&digits))?;
    Ok(Bars { modules, two_widths: false, quiet: (11, 7), text: digits })
}

/// EAN-8: 8 digits, or 7 to which the check digit is added. Quiet zone as of EAN-13.
pub(crate) fn ean8(data: &str) -> Result<Bars, String> {
    let digits = with_check_digit("EAN-8", data, 8)?;
    let modules = encoded("EAN-8", || EAN8Writer.encode_oned(&digits))?;
    Ok(Bars { modules, two_widths: false, quiet: (7, 7), text: digits })
}

/// UPC-A: 12 digits, or 11 to which the check digit is added. Its bars are those of the EAN-13 that has a 0 before it.
pub(crate) fn upca(data: &str) -> Result<Bars, String> {
    let digits = with_check_digit("UPC-A", data, 12)?;
    let modules = encoded("UPC-A", || EAN13Writer.encode_oned(&format!("0{digits}")))?;
    Ok(Bars { modules, two_widths: false, quiet: (9, 9), text: digits })
}

/// Interleaved 2 of 5 (ISO/IEC 16390): an even number of digits; 14 of them are an ITF-14, whose check digit is looked at
/// (GS1 General Specifications, 5.3). Quiet zone: 10 modules.
pub(crate) fn itf(data: &str) -> Result<Bars, String> {
    let digits = digits_of("ITF", data)?;
    let length = digits.len();
    if length % 2 == 1 || length == 0 || length > LONGEST_CODE_128 {
        return Err(format!("an ITF of {length} digits; it can have an even number of them, 2 to {LONGEST_CODE_128}"));
    }
    if length == 14 {
        verify_check_digit("ITF-14", digits)?;
    }
    let modules = encoded("ITF", || ITFWriter.encode_oned(digits))?;
    Ok(Bars { modules, two_widths: true, quiet: (10, 10), text: digits.to_owned() })
}

fn digits_of<'a>(what: &str, data: &'a str) -> Result<&'a str, String> {
    match data.chars().find(|c| !c.is_ascii_digit()) {
        Some(other) => Err(format!("an {what} has digits only, and `{other}` is none")),
        None => Ok(data),
    }
}

/// `length` digits with the right check digit at the end, added when it is missing.
fn with_check_digit(what: &str, data: &str, length: usize) -> Result<String, String> {
    let digits = digits_of(what, data)?;
    if digits.len() + 1 == length {
        return Ok(format!("{digits}{}", check_digit(digits)));
    }
    if digits.len() != length {
        let without = length - 1;
        return Err(format!(
            "an {what} has {length} digits, or {without} to which the check digit is added, and `{digits}` has {}",
            digits.len()
        ));
    }
    verify_check_digit(what, digits)?;
    Ok(digits.to_owned())
}
