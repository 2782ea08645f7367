//! Typed values of settings and options.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Who declared a setting. Upstream's API calls them by the letters M and D.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// The machine's type.
    Machine,
    /// The machine's driver.
    Driver,
}

impl Scope {
    /// The letter that upstream's API uses.
    pub fn letter(self) -> &'static str {
        match self {
            Self::Machine => "M",
            Self::Driver => "D",
        }
    }

    /// The scope of a letter or a word, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "m" | "machine" => Some(Self::Machine),
            "d" | "driver" => Some(Self::Driver),
            _ => None,
        }
    }
}

/// A value of a declared kind. In JSON it is a plain boolean, number or string.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Value {
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Decimal(f64),
    /// Everything else.
    Text(String),
}

impl Value {
    /// Whether this is the empty text, which counts as no value. `false` and 0 are values.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Text(text) if text.is_empty())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Decimal(value) => value.fmt(f),
            Self::Text(value) => f.write_str(value),
        }
    }
}
