//! A document with what is to be done with it, as requests bring it.
//!
//! Either the body is the document and the parameters stand in the query, or the body is `multipart/form-data` with the
//! document in the part `document` and the parameters in parts of their names. A client's name for its request stands in the
//! header `Idempotency-Key`, or in the parameter `idempotency_key` where a form can send no header.

use super::ApiError;
use crate::{jobs::Submission, model::Fields};
use axum::{
    RequestExt as _,
    body::Bytes,
    extract::{Multipart, Query, Request},
    http::{HeaderMap, header},
};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// A submission, and the parameters that say where it goes.
pub struct Submitted {
    /// What is to be printed.
    pub submission: Submission,
    parameters: Parameters,
}

/// Parameters that were not read yet, by name.
struct Parameters(BTreeMap<String, String>);

impl Submitted {
    /// Reads a request.
    pub async fn read(mut request: Request) -> Result<Self, ApiError> {
        let Query(query) = request
            .extract_parts::<Query<BTreeMap<String, String>>>()
            .await
            .map_err(|error| ApiError::bad_request(error.to_string()))?;
        let mut parameters = Parameters(query);
        let media_type = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .filter(|value| says_something(value))
            .map(str::to_owned);
        let key = idempotency_key(request.headers())?;
        let (document, media_type) = if media_type.as_ref().is_some_and(|of| of.starts_with("multipart/form-data")) {
            parameters.read_form(request).await?
        } else {
            let body: Bytes =
                request.extract().await.map_err(|error| ApiError::field("document", format!("{error}")))?;
            (body.to_vec(), media_type)
        };
        let submission = Submission {
            document,
            media_type,
            title: parameters.take("title").unwrap_or_default(),
            copies: parameters.number("copies")?.unwrap_or(1),
            options: parameters.json("options", "a JSON object, such as {\"darkness\": 12}")?.unwrap_or_default(),
            fields: parameters.fields()?,
            key: key.or_else(|| parameters.take("idempotency_key")),
        };
        Ok(Self { submission, parameters })
    }

    /// A parameter that the route cannot do without.
    pub fn required(&mut self, name: &'static str) -> Result<String, ApiError> {
        self.parameters.take(name).ok_or_else(|| ApiError::field(name, "This field is required."))
    }

    /// A parameter that is a number.
    pub fn number(&mut self, name: &'static str) -> Result<Option<u32>, ApiError> {
        self.parameters.number(name)
    }

    /// The submission, once every parameter was read; those that are left are unknown.
    pub fn finish(self) -> Result<Submission, ApiError> {
        match self.parameters.0.into_keys().next() {
            Some(unknown) => Err(ApiError::field(&unknown, "There is no such parameter.")),
            None => Ok(self.submission),
        }
    }
}

/// The header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header), with or without the quotes of a structured field.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let text = value.to_str().map_err(|_| ApiError::field("idempotency_key", "Use printable ASCII characters."))?;
    let text = text.trim();
    Ok(Some(text.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(text).to_owned()))
}

/// Clients send this type when they know none.
fn says_something(media_type: &str) -> bool {
    !media_type.starts_with("application/octet-stream")
}

impl Parameters {
    async fn read_form(&mut self, request: Request) -> Result<(Vec<u8>, Option<String>), ApiError> {
        let broken = |error: &dyn std::fmt::Display| ApiError::bad_request(format!("the form cannot be read: {error}"));
        let mut form: Multipart = request.extract().await.map_err(|error| broken(&error))?;
        let mut document = None;
        while let Some(part) = form.next_field().await.map_err(|error| broken(&error))? {
            let name = part.name().unwrap_or_default().to_owned();
            if name == "document" {
                let media_type = part.content_type().filter(|value| says_something(value)).map(str::to_owned);
                if let Some(file) = part.file_name() {
                    self.0.entry("title".to_owned()).or_insert_with(|| file.to_owned());
                }
                document = Some((part.bytes().await.map_err(|error| broken(&error))?.to_vec(), media_type));
            } else {
                self.0.insert(name, part.text().await.map_err(|error| broken(&error))?);
            }
        }
        document.ok_or_else(|| ApiError::field("document", "Send the document as a part of this name."))
    }

    fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    fn number(&mut self, name: &'static str) -> Result<Option<u32>, ApiError> {
        let not_a_number = |text: &str| ApiError::field(name, format!("'{text}' is not a whole number."));
        self.take(name).map(|text| text.parse().map_err(|_| not_a_number(&text))).transpose()
    }

    fn json<T: DeserializeOwned>(&mut self, name: &'static str, form: &str) -> Result<Option<T>, ApiError> {
        let wrong = |error| ApiError::field(name, format!("Give {form} ({error})."));
        self.take(name).map(|text| serde_json::from_str(&text).map_err(wrong)).transpose()
    }

    /// An object for one label, or a list with one for each.
    fn fields(&mut self) -> Result<Vec<Fields>, ApiError> {
        const FORM: &str = "a JSON object of texts, or a list with one for each label";
        let Some(given) = self.json::<serde_json::Value>("fields", FORM)? else { return Ok(Vec::new()) };
        let rows = match given {
            serde_json::Value::Array(rows) => rows,
            row => vec![row],
        };
        rows.into_iter()
            .map(|row| fields_of(row).ok_or_else(|| ApiError::field("fields", format!("Give {FORM}."))))
            .collect()
    }
}

/// A label's fields; numbers and truths are written as text.
fn fields_of(row: serde_json::Value) -> Option<Fields> {
    let serde_json::Value::Object(row) = row else { return None };
    row.into_iter()
        .map(|(key, value)| match value {
            serde_json::Value::String(text) => Some((key, text)),
            serde_json::Value::Number(_) | serde_json::Value::Bool(_) => Some((key, value.to_string())),
            serde_json::Value::Null | serde_json::Value::Array(_) | serde_json::Value::Object(_) => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn fields(text: &str) -> Option<Vec<Fields>> {
        Parameters([("fields".to_owned(), text.to_owned())].into()).fields().ok()
    }

    #[test]
    fn fields_are_an_object_or_a_list_of_them() {
        let one = fields(r#"{"part": "M4", "count": 3}"#).unwrap();
        assert_eq!(one.len(), 1);
        assert_eq!(one.first().and_then(|row| row.get("count")).map(String::as_str), Some("3"));
        assert_eq!(fields(r#"[{"part": "M4"}, {"part": "M5"}]"#).unwrap().len(), 2);
        for wrong in ["M4", "[1]", r#"{"part": {"deep": 1}}"#, r#"{"part": null}"#] {
            assert!(fields(wrong).is_none(), "{wrong}");
        }
    }
}
