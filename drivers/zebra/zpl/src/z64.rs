//! Bytes as `:Z64:`: compressed, then in letters, then with a check (guide, chapter *ZB64 Encoding and Compression*).
//!
//! `:Z64:` + base64(zlib(bytes)) + `:` + four hexadecimal digits, the CRC-16 of the base64 text (polynomial 1021h,
//! start 0). A printer that computes another CRC drops the graphic, so a damaged one is never printed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc::{CRC_16_XMODEM, Crc, Table};

/// Sixteen bytes at a time: the check runs over every byte of a label.
static CRC: Crc<u16, Table<16>> = Crc::<u16, Table<16>>::new(&CRC_16_XMODEM);

/// Of deflate, 0 to 10. A label of 124 KB is 31,850 bytes at level 1 and 29,426 at level 6, which is seven times the
/// work: a guest's time is scarcer than the network's.
const LEVEL: u8 = 1;

/// Appends `bytes` in this form to `out`.
pub fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    let packed = miniz_oxide::deflate::compress_to_vec_zlib(bytes, LEVEL);
    let text = STANDARD.encode(packed);
    let crc = CRC.checksum(text.as_bytes());
    out.extend_from_slice(b":Z64:");
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(format!(":{crc:04X}").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crc_is_that_of_the_published_check_value() {
        assert_eq!(CRC.checksum(b"123456789"), 0x31C3);
    }

    #[test]
    fn a_text_begins_with_its_name_and_ends_with_its_check() {
        let mut out = b"^GFA,".to_vec();
        encode(&[0; 1000], &mut out);
        let text = String::from_utf8(out).unwrap();
        let body = text.strip_prefix("^GFA,:Z64:").unwrap();
        let (data, crc) = body.split_once(':').unwrap();
        assert_eq!(format!("{:04X}", CRC.checksum(data.as_bytes())), crc);
        assert!(data.len() < 100, "{data}");
    }
}
