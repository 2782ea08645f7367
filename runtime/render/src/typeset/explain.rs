//! What did Typst find wrong, in the words of this crate?

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use typst::diag::SourceDiagnostic;
use typst::syntax::{DiagSpan, DiagSpanKind, Source};

use crate::template::TemplateError;

/// What stands before the name of a field.
const DICTIONARY: &str = "fields.";

/// A use of a field.
static FIELD: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"\bfields\s*\.\s*(?:at\(\s*"([^"]+)"|([A-Za-z][A-Za-z0-9_-]*))"#).ok());

/// Longest message that is passed on, in characters; a value may be part of it.
const LONGEST: usize = 500;

/// Whether the label would not be what the template asks for.
pub(super) fn is_error(warning: &SourceDiagnostic) -> bool {
    warning.message.starts_with("unknown font family") || warning.message.contains("did not converge")
}

/// The error of this crate. The place is that of the diagnostic, or of the call that led to it.
pub(super) fn explain(source: &Source, diagnostic: &SourceDiagnostic) -> TemplateError {
    let calls = diagnostic.trace.iter().map(|point| DiagSpan::from(point.span));
    let places: Vec<_> = std::iter::once(diagnostic.span).chain(calls).filter_map(|span| range(source, span)).collect();
    let mut error = TemplateError::new(diagnostic.message.chars().take(LONGEST).collect::<String>());
    if let Some(place) = places.first() {
        error = error.at(source.text(), place.start);
    }
    error.field = places.iter().find_map(|place| {
        // Of `fields.x`, the place may be `x` alone.
        let before = source.text().get(..place.start)?;
        let start = place.start - if before.ends_with(DICTIONARY) { DICTIONARY.len() } else { 0 };
        field(source.text().get(start..place.end)?)
    });
    error.hints = diagnostic.hints.iter().map(|hint| hint.v.to_string()).collect();
    if error.message.contains("current date") {
        error.hints.push("a template has no clock; make the date a field of kind `date`".to_owned());
    }
    if error.message.starts_with("unknown font family") {
        error.hints.push("there are DejaVu Sans, DejaVu Serif and DejaVu Sans Mono".to_owned());
    }
    error
}

fn range(source: &Source, span: DiagSpan) -> Option<Range<usize>> {
    match span.get() {
        DiagSpanKind::Detached => None,
        DiagSpanKind::Number { id, num, sub_range } => {
            (id == source.id()).then(|| source.range(num, sub_range)).flatten()
        }
        DiagSpanKind::Range { id, range } => (id == source.id()).then_some(range),
    }
}

/// The first field that is named there.
fn field(text: &str) -> Option<String> {
    let found = FIELD.as_ref()?.captures(text)?;
    Some(found.get(1).or_else(|| found.get(2))?.as_str().to_owned())
}
