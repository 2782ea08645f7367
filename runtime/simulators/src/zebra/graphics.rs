//! Graphic data to pictures: the parameters and the data of `^GF` and `~DG` in every form that hosts send.
//!
//! | form | data |
//! |---|---|
//! | hexadecimal | two digits a byte; line ends are ignored; `G`..`Y` repeat the next digit 1 to 19 times, `g`..`z` 20 to 400 times, and add up; `,` and `!` fill the row with 0 and 1; `:` repeats the row above (guide, *Alternative Data Compression Scheme for ~DG and ~DB*) |
//! | `:B64:` | base64, `:`, CRC (guide, *ZB64 Encoding*) |
//! | `:Z64:` | the same of zlib-compressed bytes |
//! | binary | `^GFB`: the bytes |
//!
//! The CRC is CRC-16/CCITT (polynomial 1021h, start 0) of the base64 text, in four hexadecimal digits. As a printer does,
//! a graphic that is damaged or short is dropped as a whole.

use std::io::Read;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use flate2::read::ZlibDecoder;
use thiserror::Error;

use super::parser::number;
use crate::bitmap::Bitmap;

/// The most bytes a graphic may have: a head of 24 dots/mm and 8 inches (610 bytes) times the longest label (32000 dots).
pub const MAX_GRAPHIC: usize = 32 * 1024 * 1024;

/// The largest count that the guide allows in `^GF`, which old firmware insists on.
pub const OLD_LIMIT: usize = 99_999;

/// Why a graphic was dropped.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GraphicError {
    /// A count or the name is missing or no number.
    #[error("{0} is missing or malformed")]
    Parameter(&'static str),
    /// The size is not a whole number of rows.
    #[error("{total} bytes are not a whole number of rows of {row} bytes")]
    NotWholeRows {
        /// Bytes of the picture.
        total: usize,
        /// Bytes a row.
        row: usize,
    },
    /// Larger than any label ([`MAX_GRAPHIC`]).
    #[error("{0} bytes are more than any label has")]
    TooLarge(usize),
    /// Old firmware: a count is above 99999.
    #[error("a count of {0} is above the {OLD_LIMIT} that this firmware takes")]
    OldFirmware(usize),
    /// `^GFC` data is in a scheme that is Zebra's own.
    #[error("compressed binary (^GFC) is not supported")]
    CompressedBinary,
    /// The data ended early: at a `^`, a `~`, or the end of the connection.
    #[error("{got} of {wanted} bytes arrived")]
    Short {
        /// Bytes decoded.
        got: usize,
        /// Bytes announced.
        wanted: usize,
    },
    /// More base64 data than announced.
    #[error("the data holds more than the {0} bytes announced")]
    Long(usize),
    /// A byte that stands for nothing in hexadecimal data.
    #[error("byte {byte:02x}h at {at} of the data is not hexadecimal")]
    NotHexadecimal {
        /// The byte.
        byte: u8,
        /// Its place in the data.
        at: usize,
    },
    /// `:` where there is no row above, or within a row.
    #[error("the row repetition at {0} of the data has no row above, or stands within one")]
    NoRowToRepeat(usize),
    /// No colon and four digits after the data.
    #[error("the CRC is missing")]
    NoCrc,
    /// The CRC is another one.
    #[error("the CRC is {computed:04X}, but {stated:04X} was stated")]
    WrongCrc {
        /// Of the text that arrived.
        computed: u16,
        /// After the text.
        stated: u16,
    },
    /// The text is no base64.
    #[error("the data is not base64")]
    NotBase64,
    /// The bytes are no zlib stream.
    #[error("the data is not a zlib stream")]
    NotZlib,
}

/// Decodes the parameters of `^GFa,b,c,d,data` (guide, `^GF`).
pub fn field(parameters: &[u8], old_firmware: bool) -> Result<Bitmap, GraphicError> {
    let mut parts = parameters.splitn(5, |&byte| byte == b',');
    let kind = parts.next().unwrap_or_default().trim_ascii().to_ascii_uppercase();
    let mut count = |name| parts.next().and_then(number::<usize>).ok_or(GraphicError::Parameter(name));
    let (sent, total, row) = (count("byte count")?, count("field count")?, count("bytes per row")?);
    let data = parts.next().ok_or(GraphicError::Parameter("data"))?;
    let largest = sent.max(total);
    if old_firmware && largest > OLD_LIMIT {
        return Err(GraphicError::OldFirmware(largest));
    }
    let size = Size::new(total, row)?;
    match kind.as_slice() {
        b"" | b"A" => size.decode(data),
        b"B" => size.picture(data.get(..total).unwrap_or(data).to_vec()),
        b"C" => Err(GraphicError::CompressedBinary),
        _ => Err(GraphicError::Parameter("compression type")),
    }
}

/// Decodes the parameters of `~DGd:o.x,t,w,data` (guide, `~DG`): the graphic's full name and the graphic.
pub fn download(parameters: &[u8]) -> Result<(String, Bitmap), GraphicError> {
    let mut parts = parameters.splitn(4, |&byte| byte == b',');
    let name = object_name(parts.next().unwrap_or_default());
    let mut count = |name| parts.next().and_then(number::<usize>).ok_or(GraphicError::Parameter(name));
    let (total, row) = (count("total bytes")?, count("bytes per row")?);
    let data = parts.next().ok_or(GraphicError::Parameter("data"))?;
    Ok((name, Size::new(total, row)?.decode(data)?))
}

/// The full name of a stored object: device `R:`, name `UNKNOWN` and extension `.GRF` unless given (guide, `~DG`).
pub fn object_name(parameter: &[u8]) -> String {
    let text = String::from_utf8_lossy(parameter).trim().to_ascii_uppercase();
    let (device, rest) = text.split_once(':').unwrap_or(("R", &text));
    let (name, extension) = rest.split_once('.').unwrap_or((rest, "GRF"));
    let name = if name.is_empty() { "UNKNOWN" } else { name };
    format!("{device}:{name}.{extension}")
}

/// The announced size of a picture, checked.
struct Size {
    total: usize,
    row: usize,
    width: u32,
}

impl Size {
    fn new(total: usize, row: usize) -> Result<Self, GraphicError> {
        if total > MAX_GRAPHIC {
            return Err(GraphicError::TooLarge(total));
        }
        if row == 0 || total == 0 || !total.is_multiple_of(row) {
            return Err(GraphicError::NotWholeRows { total, row });
        }
        let width = u32::try_from(row * 8).map_err(|_| GraphicError::TooLarge(row))?;
        Ok(Self { total, row, width })
    }

    fn decode(&self, data: &[u8]) -> Result<Bitmap, GraphicError> {
        let data = data.trim_ascii();
        let bytes = if let Some(text) = data.strip_prefix(b":B64:") {
            checked_base64(text)?
        } else if let Some(text) = data.strip_prefix(b":Z64:") {
            let mut bytes = Vec::new();
            // One byte more than announced is enough to see that there is more.
            ZlibDecoder::new(checked_base64(text)?.as_slice())
                .take(self.total as u64 + 1)
                .read_to_end(&mut bytes)
                .map_err(|_| GraphicError::NotZlib)?;
            bytes
        } else {
            Rows::new(self).decode(data)?
        };
        self.picture(bytes)
    }

    fn picture(&self, bytes: Vec<u8>) -> Result<Bitmap, GraphicError> {
        if bytes.len() < self.total {
            return Err(GraphicError::Short { got: bytes.len(), wanted: self.total });
        }
        if bytes.len() > self.total {
            return Err(GraphicError::Long(self.total));
        }
        Bitmap::from_rows(self.width, bytes)
            .map_err(|_| GraphicError::NotWholeRows { total: self.total, row: self.row })
    }
}

/// Rows under construction from hexadecimal data.
struct Rows {
    total: usize,
    row: usize,
    bytes: Vec<u8>,
    /// The upper digit of a byte whose lower digit is not there yet, as `x0h`.
    half: Option<u8>,
}

impl Rows {
    fn new(size: &Size) -> Self {
        Self { total: size.total, row: size.row, bytes: Vec::with_capacity(size.total), half: None }
    }

    /// Whatever comes after the last announced byte is ignored (guide, `^GF`).
    fn decode(mut self, data: &[u8]) -> Result<Vec<u8>, GraphicError> {
        let mut repeat = 0_usize;
        for (at, &byte) in data.iter().enumerate() {
            if self.bytes.len() >= self.total {
                break;
            }
            match byte {
                b'0'..=b'9' => self.digits(byte - b'0', repeat),
                b'A'..=b'F' => self.digits(byte - b'A' + 10, repeat),
                b'a'..=b'f' => self.digits(byte - b'a' + 10, repeat),
                b'\r' | b'\n' | b' ' | b'\t' => continue,
                b'G'..=b'Y' => {
                    repeat += usize::from(byte - b'F');
                    continue;
                }
                b'g'..=b'z' => {
                    repeat += usize::from(byte - b'f') * 20;
                    continue;
                }
                // A repetition must be followed by its digit, so a fill after one is wrong too.
                b',' if repeat == 0 => self.fill_row(0x0),
                b'!' if repeat == 0 => self.fill_row(0xf),
                b':' if repeat == 0 => self.repeat_row(at)?,
                _ => return Err(GraphicError::NotHexadecimal { byte, at }),
            }
            repeat = 0;
        }
        Ok(self.bytes)
    }

    /// One digit, or `repeat` times the same.
    fn digits(&mut self, digit: u8, repeat: usize) {
        let mut count = repeat.max(1);
        if let Some(half) = self.half.take() {
            self.bytes.push(half | digit);
            count -= 1;
        }
        let whole = (count / 2).min(self.total.saturating_sub(self.bytes.len()));
        self.bytes.resize(self.bytes.len() + whole, digit << 4 | digit);
        if count % 2 == 1 && self.bytes.len() < self.total {
            self.half = Some(digit << 4);
        }
    }

    fn fill_row(&mut self, digit: u8) {
        let there = self.bytes.len() % self.row * 2 + usize::from(self.half.is_some());
        self.digits(digit, self.row * 2 - there);
    }

    fn repeat_row(&mut self, at: usize) -> Result<(), GraphicError> {
        let above = self.bytes.len().checked_sub(self.row);
        match above {
            Some(start) if self.half.is_none() && self.bytes.len().is_multiple_of(self.row) => {
                self.bytes.extend_from_within(start..);
                Ok(())
            }
            _ => Err(GraphicError::NoRowToRepeat(at)),
        }
    }
}

/// Base64 text, `:`, four hexadecimal digits. The CRC is checked before the text is decoded.
fn checked_base64(data: &[u8]) -> Result<Vec<u8>, GraphicError> {
    let data: Vec<u8> = data.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let mut parts = data.splitn(2, |&byte| byte == b':');
    let text = parts.next().unwrap_or_default();
    let stated = parts.next().filter(|digits| digits.len() == 4);
    let stated = stated.and_then(|digits| std::str::from_utf8(digits).ok());
    let stated = stated.and_then(|digits| u16::from_str_radix(digits, 16).ok()).ok_or(GraphicError::NoCrc)?;
    let computed = crc(text);
    if computed != stated {
        return Err(GraphicError::WrongCrc { computed, stated });
    }
    let padding = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&STANDARD, padding).decode(text).map_err(|_| GraphicError::NotBase64)
}

/// CRC-16/CCITT with polynomial 1021h and start 0 (also known as XMODEM).
pub fn crc(text: &[u8]) -> u16 {
    text.iter().fold(0, |crc: u16, &byte| {
        // Eight steps of the polynomial at once.
        let mut x = (crc >> 8) ^ u16::from(byte);
        x ^= x >> 4;
        (crc << 8) ^ (x << 12) ^ (x << 5) ^ x
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rows(data: &[u8], total: usize, row: usize) -> Result<Vec<u8>, GraphicError> {
        let header = format!("A,{total},{total},{row},");
        field(&[header.as_bytes(), data].concat(), false).map(|bitmap| bitmap.bytes().to_vec())
    }

    #[test]
    fn the_crc_is_that_of_the_published_check_value() {
        // The catalogue's check value of CRC-16/XMODEM.
        assert_eq!(crc(b"123456789"), 0x31c3);
    }

    #[test]
    fn repetitions_add_up_and_count_digits_not_bytes() {
        assert_eq!(rows(b"LF00", 4, 4).unwrap(), [0xff, 0xff, 0xff, 0x00]);
        assert_eq!(rows(b"gJA", 12, 12).unwrap(), vec![0xaa; 12]);
        assert_eq!(rows(b"zgC", 210, 210).unwrap(), vec![0xcc; 210]);
    }

    #[test]
    fn fills_take_the_rest_of_a_row_or_all_of_it() {
        assert_eq!(rows(b"F,!,A!:", 10, 2).unwrap(), [0xf0, 0, 0xff, 0xff, 0, 0, 0xaf, 0xff, 0xaf, 0xff]);
    }

    #[test]
    fn what_follows_the_last_announced_byte_is_ignored() {
        assert_eq!(rows(b"80 01\r\n;;", 2, 1).unwrap(), [0x80, 0x01]);
    }

    #[test]
    fn damaged_data_drops_the_graphic_with_the_reason() {
        assert_eq!(rows(b"80", 2, 1), Err(GraphicError::Short { got: 1, wanted: 2 }));
        assert_eq!(rows(b"8x", 2, 1), Err(GraphicError::Short { got: 0, wanted: 2 }));
        assert_eq!(rows(b"8;", 2, 1), Err(GraphicError::NotHexadecimal { byte: b';', at: 1 }));
        assert_eq!(rows(b"J,", 2, 1), Err(GraphicError::NotHexadecimal { byte: b',', at: 1 }));
        assert_eq!(rows(b":", 2, 1), Err(GraphicError::NoRowToRepeat(0)));
        assert_eq!(rows(b"80018:", 4, 2), Err(GraphicError::NoRowToRepeat(5)));
        assert_eq!(rows(b"80", 3, 2), Err(GraphicError::NotWholeRows { total: 3, row: 2 }));
        assert_eq!(rows(b":B64:gAE=", 2, 1), Err(GraphicError::NoCrc));
        let stated = GraphicError::WrongCrc { computed: crc(b"gAE="), stated: 1 };
        assert_eq!(rows(b":B64:gAE=:0001", 2, 1), Err(stated));
        let z64 = format!(":Z64:gAE=:{:04x}", crc(b"gAE="));
        assert_eq!(rows(z64.as_bytes(), 2, 1), Err(GraphicError::NotZlib));
        let long = format!(":B64:gAE=:{:04x}", crc(b"gAE="));
        assert_eq!(rows(long.as_bytes(), 1, 1), Err(GraphicError::Long(1)));
        assert_eq!(field(b"C,1,1,1,x", false), Err(GraphicError::CompressedBinary));
        assert_eq!(field(b"A,,1,1,80", false), Err(GraphicError::Parameter("byte count")));
    }

    #[test]
    fn old_firmware_refuses_counts_above_its_limit() {
        let data = b"A,100000,100000,100,,";
        assert_eq!(field(data, true), Err(GraphicError::OldFirmware(100_000)));
        assert_eq!(field(data, false), Err(GraphicError::Short { got: 100, wanted: 100_000 }));
    }

    #[test]
    fn object_names_are_completed() {
        assert_eq!(object_name(b" r:logo.grf"), "R:LOGO.GRF");
        assert_eq!(object_name(b"LOGO"), "R:LOGO.GRF");
        assert_eq!(object_name(b"E:"), "E:UNKNOWN.GRF");
    }
}
