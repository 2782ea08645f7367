//! What is a template, and does a row fit it?
//!
//! A template is one text file of Typst source. Its leading block comment holds a header in TOML, so that the line numbers of
//! errors are those of the file:
//!
//! ```text
//! /* ostler-template
//! name = "bin"
//! title = "Bin with QR code"
//! size = { width-mm = 50, height-mm = 25 }
//! [fields.number]
//! kind = "text"
//! required = true
//! sample = "M4x12"
//! */
//! #qr(fields.number)
//! ```
//!
//! Everything here is safe to do in the daemon's own process: the header is read and rows are checked against it, and no Typst
//! runs. [`header`](self) reads the header, `field` checks values; a worker lays out what has passed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

mod field;
mod header;

pub use field::{Field, Kind, Pattern};
pub use header::parse;

/// The media type of a template.
pub const MEDIA_TYPE: &str = "text/vnd.ostler.template";

/// The templates that come with Ostler, as their sources: a part with a QR code, a storage location, a shipping label.
pub const BUILT_IN: &[&str] = &[
    include_str!("../../templates/part.typ"),
    include_str!("../../templates/location.typ"),
    include_str!("../../templates/shipping.typ"),
];

/// The values of one label, by field: canonical texts, as [`Template::row`] makes them. A field without a value is not there.
pub type Fields = BTreeMap<String, String>;

/// What the header of a template says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Template {
    /// A slug.
    pub name: String,
    /// For people.
    pub title: String,
    /// For people; may be empty.
    pub description: String,
    /// Width of the label in micrometres.
    pub width_um: u32,
    /// Height of the label in micrometres.
    pub height_um: u32,
    /// In the order of the file.
    pub fields: Vec<Field>,
}

impl Template {
    /// Checks one row, and makes the texts that are stored with a job. Numbers and truth values may come as themselves or as
    /// text; `null`, and an empty text as a cell of CSV has it, are no value, and take the field's default. Everything that is
    /// wrong is said at once.
    pub fn row(&self, values: &BTreeMap<String, serde_json::Value>) -> Result<Fields, Vec<FieldError>> {
        let mut fields = Fields::new();
        let mut errors = Vec::new();
        for name in values.keys().filter(|name| !self.fields.iter().any(|field| field.name == **name)) {
            let known: Vec<_> = self.fields.iter().map(|field| format!("`{}`", field.name)).collect();
            let message = format!("template `{}` has no such field; it has {}", self.name, known.join(", "));
            errors.push(FieldError { field: name.clone(), message });
        }
        for field in &self.fields {
            match field.text_of(values.get(&field.name)) {
                Ok(Some(text)) => drop(fields.insert(field.name.clone(), text)),
                Ok(None) => {}
                Err(message) => errors.push(FieldError { field: field.name.clone(), message }),
            }
        }
        if errors.is_empty() { Ok(fields) } else { Err(errors) }
    }

    /// As [`row`](Self::row), of texts.
    pub fn row_of_texts(&self, texts: &BTreeMap<String, String>) -> Result<Fields, Vec<FieldError>> {
        self.row(&texts.iter().map(|(name, text)| (name.clone(), serde_json::Value::from(text.as_str()))).collect())
    }

    /// The samples of all fields that have one, and the defaults of the others.
    pub fn sample_row(&self) -> Fields {
        let sample = |field: &Field| field.sample.clone().or_else(|| field.default.clone());
        self.fields.iter().filter_map(|field| Some((field.name.clone(), sample(field)?))).collect()
    }
}

/// What is wrong with the value of a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("field `{field}`: {message}")]
pub struct FieldError {
    /// Its name.
    pub field: String,
    /// For people, and says what would be right.
    pub message: String,
}

/// What is wrong with a template, or with what it makes of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateError {
    /// From 1, of the template's file; nothing when no place in it is to blame.
    pub line: Option<u32>,
    /// From 1, in characters.
    pub column: Option<u32>,
    /// The field that is to blame, where that can be told.
    pub field: Option<String>,
    /// For people.
    pub message: String,
    /// What to do about it; may be empty.
    pub hints: Vec<String>,
}

impl TemplateError {
    /// Of no particular place.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { line: None, column: None, field: None, message: message.into(), hints: Vec::new() }
    }

    /// At this byte of the file.
    pub(crate) fn at(mut self, source: &str, byte: usize) -> Self {
        let before = source.get(..byte).unwrap_or(source);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        self.line = u32::try_from(line).ok();
        self.column = u32::try_from(column).ok();
        self
    }

    /// About this field.
    pub(crate) fn of_field(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }
}

impl std::fmt::Display for TemplateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = [
            self.line.map(|line| format!("line {line}")),
            self.column.map(|column| format!("column {column}")),
            self.field.as_ref().map(|field| format!("field `{field}`")),
        ];
        let place = place.into_iter().flatten().collect::<Vec<_>>().join(", ");
        if !place.is_empty() {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.message)?;
        self.hints.iter().try_for_each(|hint| write!(f, "; {hint}"))
    }
}

impl std::error::Error for TemplateError {}

/// What is wrong with one of many rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowError {
    /// From 1.
    pub row: u32,
    /// What is wrong; with the place in the template when the layout found it.
    pub error: TemplateError,
}

impl std::fmt::Display for RowError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let separator = if self.error.line.is_some() || self.error.field.is_some() { ", " } else { ": " };
        write!(f, "row {}{separator}{}", self.row, self.error)
    }
}

impl From<FieldError> for TemplateError {
    fn from(FieldError { field, message }: FieldError) -> Self {
        Self::new(message).of_field(&field)
    }
}
