//! What a token is made of: a number that finds it, and 256 random bits that only its owner has.
//!
//! Written `ostler-<number>-<secret>`, the secret in base64 for URLs. What is random needs no slow hash: SHA-256 is kept, and compared
//! in constant time.

use crate::store::SecretHash;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::RngCore as _;
use sha2::{Digest as _, Sha256};
use std::fmt;
use subtle::ConstantTimeEq as _;

/// 256 random bits.
pub struct Secret([u8; 32]);

impl Secret {
    /// A new one, of the system's randomness.
    pub fn generate() -> Self {
        let mut bytes = [0; 32];
        rand::rngs::ThreadRng::default().fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// What is kept of it.
    pub fn hash(&self) -> SecretHash {
        Sha256::digest(self.0).into()
    }

    /// Whether this is its hash. Takes as long for a wrong one as for the right one.
    pub fn is(&self, hash: &SecretHash) -> bool {
        self.hash().ct_eq(hash).into()
    }

    /// Writes it behind a prefix and a number.
    pub fn write(&self, prefix: &str, number: i64) -> String {
        format!("{prefix}-{number}-{}", URL_SAFE_NO_PAD.encode(self.0))
    }

    /// Reads what [`Self::write`] wrote; nothing for any other text.
    pub fn read(prefix: &str, text: &str) -> Option<(i64, Self)> {
        let (number, secret) = text.strip_prefix(prefix)?.strip_prefix('-')?.split_once('-')?;
        let bytes = URL_SAFE_NO_PAD.decode(secret).ok()?;
        Some((number.parse().ok()?, Self(bytes.try_into().ok()?)))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_else_is() {
        let secret = Secret::generate();
        let text = secret.write("ostler", 7);
        let (number, read) = Secret::read("ostler", &text).unwrap();
        assert_eq!(number, 7);
        assert!(read.is(&secret.hash()) && !Secret::generate().is(&secret.hash()));
        for wrong in ["", "ostler", "ostler-7", "ostler-7-", "ostler-x-AAAA", "session-7-AAAA", &text[..text.len() - 1]]
        {
            assert!(Secret::read("ostler", wrong).is_none(), "{wrong}");
        }
        assert_eq!(format!("{secret:?}"), "Secret(***)");
    }
}
