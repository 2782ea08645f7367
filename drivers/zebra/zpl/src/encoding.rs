//! How the dots of a graphic are written.

use crate::compress::compress;
use crate::{Firmware, Identity, z64};

/// The form of a graphic's data, in `^GF` and in `~DG` alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// Hexadecimal with run lengths. Everything that takes ZPL reads it.
    #[default]
    Hex,
    /// Compressed, in base64, with a CRC. See [`z64`].
    Z64,
}

impl Encoding {
    /// The form for a printer: `:Z64:` when its firmware reads it ([`Firmware::knows_z64`]); hexadecimal when it does
    /// not, or when nobody knows what the printer is. Silent printers and other makers' are of the latter kind.
    pub fn for_printer(identity: Option<&Identity>) -> Self {
        match identity.and_then(Identity::release) {
            Some(firmware) if Firmware::knows_z64(firmware) => Self::Z64,
            _ => Self::Hex,
        }
    }

    /// Appends rows of `stride` bytes to `out`.
    pub fn write(self, data: &[u8], stride: usize, out: &mut Vec<u8>) {
        match self {
            Self::Hex => {
                // A quarter of the bytes is more than a usual label needs; an unusual one grows.
                out.reserve(data.len() / 4);
                compress(data, stride, out);
            }
            Self::Z64 => z64::encode(data, out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(firmware: &str) -> Identity {
        Identity { model: "X".into(), firmware: firmware.into(), dpmm: 8, memory: String::new() }
    }

    #[test]
    fn only_a_printer_that_is_known_to_read_it_gets_z64() {
        assert_eq!(Encoding::for_printer(Some(&identity("V93.21.26Z"))), Encoding::Z64);
        assert_eq!(Encoding::for_printer(Some(&identity("V45.11.7Z"))), Encoding::Hex);
        assert_eq!(Encoding::for_printer(Some(&identity("BETA"))), Encoding::Hex);
        assert_eq!(Encoding::for_printer(None), Encoding::Hex);
    }
}
