//! How is the header of a template read?

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use toml::{Spanned, Value};

use super::field::{Field, Kind, Pattern};
use super::{Template, TemplateError};

/// What the file begins with.
const OPENING: &str = "/* ostler-template";

/// Millimetres of a label's side.
const SIDE_MM: std::ops::RangeInclusive<f64> = 1.0..=1_000.0;

const LONGEST_NAME: usize = 64;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Header {
    name: Spanned<String>,
    title: String,
    #[serde(default)]
    description: String,
    size: Spanned<Size>,
    #[serde(default)]
    fields: BTreeMap<Spanned<String>, Spanned<FieldHeader>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Size {
    width_mm: f64,
    height_mm: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct FieldHeader {
    kind: Spanned<String>,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    description: String,
    sample: Option<Spanned<Value>>,
    default: Option<Spanned<Value>>,
    max_length: Option<Spanned<u32>>,
    pattern: Option<Spanned<String>>,
    min: Option<Spanned<Value>>,
    max: Option<Spanned<Value>>,
    choices: Option<Spanned<Vec<String>>>,
}

/// Where in the file the TOML stands.
struct Place<'a> {
    source: &'a str,
    offset: usize,
}

impl Place<'_> {
    fn error(&self, span: Range<usize>, message: impl Into<String>) -> TemplateError {
        TemplateError::new(message).at(self.source, self.offset + span.start)
    }
}

/// Reads the header of a template. The Typst behind it is not looked at.
pub fn parse(source: &str) -> Result<Template, TemplateError> {
    let start = source.trim_start_matches('\u{feff}').trim_start();
    let Some(rest) = start.strip_prefix(OPENING) else {
        let message = format!("a template begins with `{OPENING}`, a header, and `*/`");
        return Err(TemplateError::new(message).at(source, 0));
    };
    let place = Place { source, offset: source.len() - rest.len() };
    let Some(end) = rest.find("*/") else {
        return Err(place.error(0..0, "the header does not end; close it with `*/`"));
    };
    let header = rest.get(..end).unwrap_or_default();
    if let Some(at) = header.find("/*") {
        return Err(place.error(at..at, "a header cannot have a comment in it that begins with `/*`; use `#`"));
    }
    let header: Header = toml::from_str(header).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        place.error(span, format!("the header is not right: {}", error.message().replace('\n', ", ")))
    })?;
    template(header, &place)
}

fn template(header: Header, place: &Place<'_>) -> Result<Template, TemplateError> {
    let Header { name, title, description, size, fields } = header;
    let slug = |text: &str| {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        text.len() <= LONGEST_NAME && text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(fits)
    };
    if !slug(name.get_ref()) {
        let message =
            "the name of a template is lower-case letters, digits and `-`, begins with a letter, and has at most 64";
        return Err(place.error(name.span(), message));
    }
    let Size { width_mm, height_mm } = size.get_ref();
    if !SIDE_MM.contains(width_mm) || !SIDE_MM.contains(height_mm) {
        let message = format!("a label of {width_mm} x {height_mm} mm; each side may be 1 to 1,000 mm");
        return Err(place.error(size.span(), message));
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // checked
    let um = |mm: f64| (mm * 1_000.0).round() as u32;
    let (width_um, height_um) = (um(*width_mm), um(*height_mm));

    let mut fields: Vec<_> = fields.into_iter().collect();
    fields.sort_by_key(|(name, _)| name.span().start);
    let fields = fields.into_iter().map(|(name, header)| field(name, header, place)).collect::<Result<_, _>>()?;
    Ok(Template { name: name.into_inner(), title, description, width_um, height_um, fields })
}

fn field(name: Spanned<String>, header: Spanned<FieldHeader>, place: &Place<'_>) -> Result<Field, TemplateError> {
    let span = name.span();
    let name = name.into_inner();
    let error = |span: Range<usize>, message: String| place.error(span, message).of_field(&name);
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let named = name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(fits);
    if !named || name.len() > LONGEST_NAME {
        return Err(error(
            span,
            "the name of a field is letters, digits, `-` and `_`, and begins with a letter".into(),
        ));
    }
    let mut header = header.into_inner();
    let kind = kind(&mut header, &error)?;
    // What the kind did not take does not fit it.
    let left = [
        ("max-length", header.max_length.as_ref().map(Spanned::span)),
        ("pattern", header.pattern.as_ref().map(Spanned::span)),
        ("min", header.min.as_ref().map(Spanned::span)),
        ("max", header.max.as_ref().map(Spanned::span)),
        ("choices", header.choices.as_ref().map(Spanned::span)),
    ];
    if let Some((key, span)) = left.into_iter().find_map(|(key, span)| Some((key, span?))) {
        return Err(error(span, format!("`{key}` does not fit a field of kind `{}`", header.kind.get_ref())));
    }
    let value = |which: &str, value: Option<Spanned<Value>>| {
        let Some(value) = value else { return Ok(None) };
        let span = value.span();
        let text = match value.into_inner() {
            Value::String(text) => text,
            Value::Integer(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            Value::Boolean(truth) => truth.to_string(),
            Value::Datetime(day) => day.to_string(),
            Value::Array(_) | Value::Table(_) => return Err(error(span, format!("its {which} is not a single value"))),
        };
        kind.canonical(&text).map(Some).map_err(|message| error(span, format!("its {which}: {message}")))
    };
    let sample = value("sample", header.sample)?;
    let default = value("default", header.default)?;
    if header.required && sample.is_none() {
        return Err(error(span, "a required field needs a `sample`, to show the template with".to_owned()));
    }
    Ok(Field { name, kind, required: header.required, description: header.description, sample, default })
}

/// Takes what belongs to the kind out of the header.
fn kind(
    header: &mut FieldHeader,
    error: &impl Fn(Range<usize>, String) -> TemplateError,
) -> Result<Kind, TemplateError> {
    match header.kind.get_ref().as_str() {
        "text" => {
            let pattern = header.pattern.take().map(|pattern| {
                let unreadable = |reason| error(pattern.span(), format!("its pattern cannot be read: {reason}"));
                Pattern::new(pattern.get_ref()).map_err(unreadable)
            });
            Ok(Kind::Text {
                max_length: header.max_length.take().map(Spanned::into_inner),
                pattern: pattern.transpose()?,
            })
        }
        "integer" => {
            let bound =
                |value: Option<Spanned<Value>>| match value.as_ref().map(|value| (value.span(), value.get_ref())) {
                    None => Ok(None),
                    Some((_, Value::Integer(number))) => Ok(Some(*number)),
                    Some((span, _)) => Err(error(span, "a bound of whole numbers is a whole number".to_owned())),
                };
            Ok(Kind::Integer { min: bound(header.min.take())?, max: bound(header.max.take())? })
        }
        "decimal" => {
            #[allow(clippy::cast_precision_loss)] // of a bound beyond 2^53
            let bound =
                |value: Option<Spanned<Value>>| match value.as_ref().map(|value| (value.span(), value.get_ref())) {
                    None => Ok(None),
                    Some((_, Value::Integer(number))) => Ok(Some(*number as f64)),
                    Some((_, Value::Float(number))) => Ok(Some(*number)),
                    Some((span, _)) => Err(error(span, "a bound of numbers is a number".to_owned())),
                };
            Ok(Kind::Decimal { min: bound(header.min.take())?, max: bound(header.max.take())? })
        }
        "boolean" => Ok(Kind::Boolean),
        "date" => Ok(Kind::Date),
        "choice" => match header.choices.take().map(|choices| (choices.span(), choices.into_inner())) {
            Some((_, choices)) if !choices.is_empty() && choices.iter().all(|choice| !choice.is_empty()) => {
                Ok(Kind::Choice { choices })
            }
            Some((span, _)) => {
                Err(error(span, "the choices are texts, at least one, and none of them empty".to_owned()))
            }
            None => Err(error(header.kind.span(), "a field of kind `choice` needs `choices`".to_owned())),
        },
        other => {
            let kinds = "text, integer, decimal, boolean, date and choice";
            Err(error(header.kind.span(), format!("there is no kind `{other}`; there are {kinds}")))
        }
    }
}
