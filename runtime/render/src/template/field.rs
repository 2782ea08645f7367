//! Does a value fit its field?

use regex::Regex;
use serde::{Serialize, Serializer};
use serde_json::Value;
use toml::value::Datetime;

/// Characters of any value.
const LONGEST_TEXT: usize = 10_000;

/// Digits of a decimal that every part of the engine keeps.
const MOST_DIGITS: usize = 28;

/// One input of a template.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Field {
    /// As the template writes it behind `fields.`.
    pub name: String,
    /// What it takes.
    #[serde(flatten)]
    pub kind: Kind,
    /// Whether each row must have it.
    pub required: bool,
    /// For people; may be empty.
    pub description: String,
    /// A value to show the template with; every required field has one.
    pub sample: Option<String>,
    /// What a row without value has.
    pub default: Option<String>,
}

/// What a field takes. Canonical texts are in brackets.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Kind {
    /// Any text (itself).
    Text {
        /// In characters.
        max_length: Option<u32>,
        /// What the whole text must match.
        pattern: Option<Pattern>,
    },
    /// A whole number of 64 bits (digits, `-` before them when negative).
    Integer {
        /// The least.
        min: Option<i64>,
        /// The greatest.
        max: Option<i64>,
    },
    /// A decimal number of at most 28 digits (as it is written: `12.50` stays `12.50`).
    Decimal {
        /// The least.
        min: Option<f64>,
        /// The greatest.
        max: Option<f64>,
    },
    /// `true` or `false`.
    Boolean,
    /// A day (`2026-11-27`).
    Date,
    /// One of several texts (itself).
    Choice {
        /// Which.
        choices: Vec<String>,
    },
}

/// A regular expression.
#[derive(Debug, Clone)]
pub struct Pattern {
    written: String,
    whole: Regex,
}

impl Pattern {
    /// From a regular expression of the `regex` crate; it is to match whole texts.
    pub(super) fn new(written: &str) -> Result<Self, String> {
        let whole = regex::RegexBuilder::new(&format!("^(?:{written})$")).size_limit(1 << 20).build();
        Ok(Self { written: written.to_owned(), whole: whole.map_err(|error| error.to_string().replace('\n', " "))? })
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.written.serialize(serializer)
    }
}

impl Field {
    /// The canonical text of a value; nothing when there is none and need not be one.
    pub(super) fn text_of(&self, value: Option<&Value>) -> Result<Option<String>, String> {
        let text = match value {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Bool(truth)) => truth.to_string(),
            Some(Value::Number(number)) => written(number),
            Some(Value::Array(_)) => return Err(format!("it takes {}, and a list was given", self.kind)),
            Some(Value::Object(_)) => return Err(format!("it takes {}, and an object was given", self.kind)),
        };
        if text.is_empty() {
            return match &self.default {
                Some(default) => Ok(Some(default.clone())),
                None if self.required => Err(format!("a value is required: {}", self.kind)),
                None => Ok(None),
            };
        }
        self.kind.canonical(&text).map(Some)
    }
}

/// Without an exponent, which a person would not write.
fn written(number: &serde_json::Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => float.to_string(),
        _ => number.to_string(),
    }
}

impl Kind {
    /// The canonical text, or why there is none.
    pub(super) fn canonical(&self, text: &str) -> Result<String, String> {
        let length = text.chars().count();
        if length > LONGEST_TEXT {
            return Err(format!("{length} characters are too many; {LONGEST_TEXT} are possible"));
        }
        let refuse = || format!("`{}` is not {self}", short(text));
        match self {
            Self::Text { max_length, pattern } => {
                if let Some(most) = max_length.filter(|most| length > *most as usize) {
                    return Err(format!("`{}` has {length} characters, and {most} are allowed", short(text)));
                }
                if let Some(pattern) = pattern.as_ref().filter(|pattern| !pattern.whole.is_match(text)) {
                    return Err(format!("`{}` does not match `{}`", short(text), pattern.written));
                }
                Ok(text.to_owned())
            }
            Self::Integer { min, max } => {
                let number: i64 = text.trim().parse().map_err(|_| refuse())?;
                let inside = min.is_none_or(|min| number >= min) && max.is_none_or(|max| number <= max);
                if inside { Ok(number.to_string()) } else { Err(refuse()) }
            }
            Self::Decimal { min, max } => {
                let number = decimal(text.trim()).ok_or_else(refuse)?;
                let value: f64 = number.parse().map_err(|_| refuse())?;
                let inside = min.is_none_or(|min| value >= min) && max.is_none_or(|max| value <= max);
                if inside { Ok(number) } else { Err(refuse()) }
            }
            Self::Boolean => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" => Ok("true".to_owned()),
                "false" | "no" | "0" => Ok("false".to_owned()),
                _ => Err(refuse()),
            },
            Self::Date => {
                let text = text.trim();
                let day = text.parse::<Datetime>().map_err(|_| refuse())?;
                let is_day = day.date.is_some() && day.time.is_none() && day.offset.is_none();
                if is_day && text.len() == "2026-11-27".len() { Ok(text.to_owned()) } else { Err(refuse()) }
            }
            Self::Choice { choices } => {
                if choices.iter().any(|choice| choice == text) {
                    Ok(text.to_owned())
                } else {
                    Err(refuse())
                }
            }
        }
    }
}

/// Digits with at most one point between them, without a plus or zeros that say nothing before them.
fn decimal(text: &str) -> Option<String> {
    let (minus, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits(whole) || !are_digits(fraction) || digits.len() > MOST_DIGITS {
        return None;
    }
    let whole = Some(whole.trim_start_matches('0')).filter(|whole| !whole.is_empty()).unwrap_or("0");
    let fraction = digits.split_once('.').map(|(_, fraction)| format!(".{fraction}")).unwrap_or_default();
    Some(format!("{minus}{whole}{fraction}"))
}

fn short(text: &str) -> String {
    let start: String = text.chars().take(40).collect();
    if start.len() < text.len() { format!("{start}...") } else { start }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        fn range<T: ToString>(min: Option<T>, max: Option<T>) -> String {
            match (min, max) {
                (Some(min), Some(max)) => format!(" from {} to {}", min.to_string(), max.to_string()),
                (Some(min), None) => format!(" from {} on", min.to_string()),
                (None, Some(max)) => format!(" up to {}", max.to_string()),
                (None, None) => String::new(),
            }
        }
        match self {
            Self::Text { .. } => f.write_str("a text"),
            Self::Integer { min, max } => write!(f, "a whole number{}", range(*min, *max)),
            Self::Decimal { min, max } => write!(f, "a decimal number{}", range(*min, *max)),
            Self::Boolean => f.write_str("`true` or `false`"),
            Self::Date => f.write_str("a date such as `2026-11-27`"),
            Self::Choice { choices } => {
                let choices: Vec<_> = choices.iter().map(|choice| format!("`{choice}`")).collect();
                write!(f, "one of {}", choices.join(", "))
            }
        }
    }
}
