//! Ids that cannot be mistaken for each other and are valid by construction.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, fmt, str::FromStr};
use thiserror::Error;
use uuid::Uuid;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IdError {
    /// Not a UUID.
    #[error("'{0}' is not a machine id (a UUID such as 0192f0c1-2b3c-7def-8a9b-0123456789ab)")]
    MachineId(String),
    /// Not a slug.
    #[error("'{0}' is not a slug: use a lower case letter, then lower case letters, digits and dashes (at most 64)")]
    Slug(String),
    /// Not a setting key.
    #[error("'{0}' is not a setting key: use letters, digits and underscores (at most 50 characters)")]
    SettingKey(String),
    /// Not the key of an option.
    #[error(
        "'{0}' is not the key of an option or input: use a lower case letter, then lower case letters, digits and dashes (at most 50)"
    )]
    OptionKey(String),
    /// Not a digest.
    #[error("'{0}' is not a sha256 digest (64 hexadecimal digits)")]
    Digest(String),
}

/// How a text that must have a form is described in the OpenAPI document.
macro_rules! described {
    ($name:ident, $pattern:literal) => {
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}

described!(Slug, "^[a-z][a-z0-9-]{0,63}$");
described!(SettingKey, "^[A-Z0-9_]{1,50}$");
described!(OptionKey, "^[a-z][a-z0-9-]{0,49}$");
described!(Digest, "^[0-9a-f]{64}$");

/// The id of a machine: a UUID of version 7, so ids sort by creation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct MachineId(Uuid);

impl MachineId {
    /// A new id.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }
}

impl FromStr for MachineId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Uuid::parse_str(text).map(Self).map_err(|_| IdError::MachineId(text.to_owned()))
    }
}

impl fmt::Display for MachineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for MachineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The number of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct JobId(pub i64);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The name of a driver, machine type or plugin: `[a-z][a-z0-9-]*`, at most 64 characters.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

impl Slug {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `label-printer` as `LabelPrinter`; names of status models derive from it.
    pub fn pascal_case(&self) -> String {
        self.0
            .split('-')
            .flat_map(|word| {
                let mut letters = word.chars();
                letters.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(letters).collect::<Vec<_>>()
            })
            .collect()
    }
}

impl FromStr for Slug {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let starts_well = text.starts_with(|c: char| c.is_ascii_lowercase());
        let fits = text.len() <= 64 && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if starts_well && fits { Ok(Self(text.to_owned())) } else { Err(IdError::Slug(text.to_owned())) }
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The key of a setting, in upper case: keys are looked up without regard to case.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SettingKey(String);

impl SettingKey {
    /// The text, in upper case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SettingKey {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let fits = (1..=50).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if fits { Ok(Self(text.to_ascii_uppercase())) } else { Err(IdError::SettingKey(text.to_owned())) }
    }
}

impl fmt::Display for SettingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The key of a job's option or of an action's input: `[a-z][a-z0-9-]*`, at most 50 characters.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OptionKey(String);

impl OptionKey {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for OptionKey {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let fits = text.len() <= 50 && text.parse::<Slug>().is_ok();
        if fits { Ok(Self(text.to_owned())) } else { Err(IdError::OptionKey(text.to_owned())) }
    }
}

impl fmt::Display for OptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The sha256 of some bytes, written as 64 lower case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::{Digest as _, Sha256};
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of everything that a reader has.
    pub fn of_reader(reader: &mut impl std::io::Read) -> std::io::Result<Self> {
        use sha2::{Digest as _, Sha256};
        let mut hasher = Sha256::new();
        std::io::copy(reader, &mut hasher)?;
        Ok(Self(hasher.finalize().into()))
    }

    /// The first twelve digits, for people.
    pub fn short(&self) -> String {
        self.to_string().chars().take(12).collect()
    }
}

impl From<sha2::Sha256> for Digest {
    /// The digest of what was hashed.
    fn from(hasher: sha2::Sha256) -> Self {
        use sha2::Digest as _;
        Self(hasher.finalize().into())
    }
}

impl FromStr for Digest {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let bad = || IdError::Digest(text.to_owned());
        let hex = text.strip_prefix("sha256:").unwrap_or(text);
        if hex.len() != 64 || !hex.is_ascii() {
            return Err(bad());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| bad())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| bad())?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// serde's way through text, by `FromStr` and `Display`; for people and in logs they look the same.
macro_rules! written_as_text {
    ($($id:ty),+) => {$(
        impl TryFrom<String> for $id {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$id> for String {
            fn from(id: $id) -> Self {
                id.to_string()
            }
        }

        impl fmt::Debug for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )+};
}

written_as_text!(Slug, SettingKey, OptionKey, Digest);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_equal_without_regard_to_case() {
        assert_eq!("connection".parse::<SettingKey>(), "CONNECTION".parse());
        assert!("has space".parse::<SettingKey>().is_err());
    }

    #[test]
    fn slugs_start_with_a_letter_and_name_status_models() {
        assert_eq!("label-printer".parse::<Slug>().map(|s| s.pascal_case()), Ok("LabelPrinter".to_owned()));
        for bad in ["", "9lives", "Upper", "under_score", &"x".repeat(65)] {
            assert!(bad.parse::<Slug>().is_err(), "{bad:?} must be refused");
        }
    }

    #[test]
    fn digests_survive_their_text_form() {
        let digest = Digest::of(b"abc");
        assert_eq!(digest.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert!("zz".parse::<Digest>().is_err());
    }
}
