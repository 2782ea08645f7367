//! What is wrong with what was typed, and beside which input it is said.

use super::answer::status_of;
use crate::{
    jobs::SubmitError,
    registry::{PreviewError, RehearsalError, TemplateError},
};
use axum::http::StatusCode;
use ostler_render::RenderError;
use std::collections::BTreeMap;

/// The input that nothing in particular is beside.
const GENERAL: &str = "";

/// Sentences by the name of their input.
#[derive(Debug, Clone, Default)]
pub struct Errors {
    by_input: BTreeMap<String, Vec<String>>,
    status: Option<StatusCode>,
    /// Whether the name of the request was used for another one.
    pub key_is_used: bool,
}

impl Errors {
    /// One sentence beside one input.
    pub fn beside(input: &str, message: impl Into<String>) -> Self {
        let mut errors = Self::default();
        errors.add(input, message);
        errors
    }

    /// One sentence more.
    pub fn add(&mut self, input: &str, message: impl Into<String>) {
        self.by_input.entry(input.to_owned()).or_default().push(message.into());
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.by_input.is_empty()
    }

    /// What is said beside an input.
    pub fn of(&self, input: &str) -> &[String] {
        self.by_input.get(input).map(Vec::as_slice).unwrap_or_default()
    }

    /// What is said about the whole.
    pub fn general(&self) -> &[String] {
        self.of(GENERAL)
    }

    /// All of it, in the order of the inputs' names.
    pub fn all(&self) -> impl Iterator<Item = &String> {
        self.by_input.values().flatten()
    }

    /// What was said beside one input, beside another one.
    #[must_use]
    pub fn moved(mut self, from: &str, to: &str) -> Self {
        if let Some(messages) = self.by_input.remove(from) {
            self.by_input.entry(to.to_owned()).or_default().extend(messages);
        }
        self
    }

    /// Whether something is wrong with one of the inputs whose names begin so.
    pub fn any_of(&self, beginning: &str) -> bool {
        self.by_input.keys().any(|input| input.starts_with(beginning))
    }

    /// The HTTP status of an answer that shows it.
    pub fn status(&self) -> StatusCode {
        self.status.unwrap_or(StatusCode::UNPROCESSABLE_ENTITY)
    }

    fn with(mut self, status: StatusCode) -> Self {
        self.status = Some(status);
        self
    }

    /// Options that are refused: `key: why`, or about all of them.
    fn of_options(problems: Vec<String>) -> Self {
        let mut errors = Self::default();
        for problem in problems {
            match problem.split_once(": ") {
                Some((key, why)) if key.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-') => {
                    errors.add(&format!("option.{key}"), why);
                }
                _ => errors.add("options", problem),
            }
        }
        errors
    }

    /// Rows that do not fit their template. The form has one.
    fn of_rows(error: RenderError) -> Self {
        let RenderError::Rows { errors: rows, .. } = error else { return Self::beside("template", error.to_string()) };
        let mut errors = Self::default();
        for row in rows {
            match &row.error.field {
                Some(field) => {
                    let hints = row.error.hints.iter().map(String::as_str);
                    let words: Vec<_> = std::iter::once(row.error.message.as_str()).chain(hints).collect();
                    errors.add(&format!("field.{field}"), words.join("; "));
                }
                None => errors.add("template", row.error.to_string()),
            }
        }
        errors
    }
}

impl From<SubmitError> for Errors {
    fn from(error: SubmitError) -> Self {
        let message = error.to_string();
        match error {
            SubmitError::Copies(_) => Self::beside("copies", message),
            SubmitError::Options(problems) => Self::of_options(problems),
            SubmitError::OptionsUnknown { .. } | SubmitError::OptionsFailed(_) => Self::beside("options", message),
            SubmitError::Document(_) | SubmitError::Format(_) | SubmitError::Media { .. } => {
                Self::beside("document", message)
            }
            SubmitError::Rows(error) => Self::of_rows(error),
            SubmitError::Fields { .. } | SubmitError::TooManyRows(_) => Self::beside("template", message),
            SubmitError::DoesNotPrint { .. } => Self::beside("machine", message),
            SubmitError::Key => Self::beside(GENERAL, message),
            SubmitError::Renderer(_) => Self::beside(GENERAL, message).with(StatusCode::SERVICE_UNAVAILABLE),
            SubmitError::Store(error) => {
                let status = status_of(&error);
                let errors = Self::beside(GENERAL, message).with(status);
                Self { key_is_used: status == StatusCode::CONFLICT, ..errors }
            }
        }
    }
}

impl From<PreviewError> for Errors {
    fn from(error: PreviewError) -> Self {
        let message = error.to_string();
        match error {
            PreviewError::Rehearsal(RehearsalError::Submission(error)) => error.into(),
            PreviewError::Rehearsal(RehearsalError::DriverMissing(_)) | PreviewError::Driver(_) => {
                Self::beside("machine", message)
            }
            PreviewError::Rehearsal(RehearsalError::Code(_) | RehearsalError::Stopping) => {
                Self::beside(GENERAL, message).with(StatusCode::SERVICE_UNAVAILABLE)
            }
            PreviewError::NoSuchLabel { .. } => Self::beside("label", message),
            PreviewError::NoDots | PreviewError::Render(_) => Self::beside("document", message),
        }
    }
}

impl From<TemplateError> for Errors {
    fn from(error: TemplateError) -> Self {
        let message = error.to_string();
        match error {
            TemplateError::Store(error) => Self::beside("template", message).with(status_of(&error)),
            _ => Self::beside("template", message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_options_are_told_beside_their_inputs() {
        let problems =
            vec!["darkness: 99 is too large: the most is 30.".to_owned(), "'hue' is not an option".to_owned()];
        let errors = Errors::from(SubmitError::Options(problems));
        assert_eq!(errors.of("option.darkness"), ["99 is too large: the most is 30."]);
        assert_eq!(errors.of("options"), ["'hue' is not an option"]);
        assert!(errors.any_of("option.") && !errors.any_of("field."));
    }
}
