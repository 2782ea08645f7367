//! A document with what is to be done with it, as requests bring it.
//!
//! Either the body is the document and the parameters stand in the query, or the body is `multipart/form-data` with the
//! document in the part `document` and the parameters in parts of their names; values for its places may come as a file of JSON or
//! CSV in the part `rows`. In place of a document the parameter `template` names one that is stored. A client's name for its request stands in the
//! header `Idempotency-Key`, or in the parameter `idempotency_key` where a form can send no header.

use super::{
    ApiError, rows,
    upload::{Spool, gather},
};
use crate::{
    access::Caller,
    jobs::Submission,
    model::{Fields, StoredTemplate},
    registry::Registry,
};
use axum::{
    RequestExt as _,
    extract::{
        Multipart, Query, Request,
        multipart::{Field, MultipartError},
    },
    http::{HeaderMap, StatusCode, header},
};
use ostler_render::template::MEDIA_TYPE;
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
    pub async fn read(registry: &Registry, caller: &Caller, mut request: Request) -> Result<Self, ApiError> {
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
        let mut files = if media_type.as_ref().is_some_and(|of| of.starts_with("multipart/form-data")) {
            parameters.read_form(request).await?
        } else {
            let body = gather(request.into_limited_body()).await?;
            Files { document: Some((body, media_type)), rows: Vec::new() }
        };
        let mut fields = parameters.fields()?;
        fields.append(&mut files.rows);
        let stored = stored_template(registry, &mut parameters).await?;
        let ((document, media_type), name) = match (stored, files.document) {
            (Some(_), Some((document, _))) if !document.is_empty() => {
                return Err(ApiError::field("document", "Give a template or a document, and not both."));
            }
            (Some((stored, rows)), _) => {
                fields.extend(rows);
                ((stored.source.into_bytes(), Some(MEDIA_TYPE.to_owned())), stored.name.to_string())
            }
            (None, Some(document)) => (document, String::new()),
            (None, None) => {
                return Err(ApiError::field(
                    "document",
                    "Send the document as a part of this name, or name a template.",
                ));
            }
        };
        let submission = Submission {
            document,
            media_type,
            title: parameters.take("title").filter(|title| !title.is_empty()).unwrap_or(name),
            copies: parameters.number("copies")?.unwrap_or(1),
            options: parameters.json("options", "a JSON object, such as {\"darkness\": 12}")?.unwrap_or_default(),
            fields,
            key: key.or_else(|| parameters.take("idempotency_key")),
            by: caller.name().to_owned(),
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

/// A part of a form, as a whole.
async fn whole(mut part: Field<'_>) -> Result<Vec<u8>, ApiError> {
    let mut spool = Spool::default();
    while let Some(chunk) = part.chunk().await.map_err(|error| broken(&error))? {
        spool.take(&chunk).await?;
    }
    spool.finish().await
}

fn broken(error: &MultipartError) -> ApiError {
    let detail = format!("the form cannot be read: {}", error.body_text());
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::too_large(detail),
        _ => ApiError::bad_request(detail),
    }
}

/// Clients send this type when they know none.
fn says_something(media_type: &str) -> bool {
    !media_type.starts_with("application/octet-stream")
}

impl Parameters {
    async fn read_form(&mut self, request: Request) -> Result<Files, ApiError> {
        let mut form: Multipart = request
            .extract()
            .await
            .map_err(|error| ApiError::bad_request(format!("the form cannot be read: {error}")))?;
        let mut files = Files::default();
        while let Some(part) = form.next_field().await.map_err(|error| broken(&error))? {
            let name = part.name().unwrap_or_default().to_owned();
            let media_type = part.content_type().filter(|value| says_something(value)).map(str::to_owned);
            match name.as_str() {
                "document" => {
                    if let Some(file) = part.file_name() {
                        self.0.entry("title".to_owned()).or_insert_with(|| file.to_owned());
                    }
                    files.document = Some((whole(part).await?, media_type));
                }
                "rows" => {
                    let bytes = whole(part).await?;
                    files.rows = rows::of_file(media_type.as_deref(), &bytes)?;
                }
                _ => drop(self.0.insert(name, part.text().await.map_err(|error| broken(&error))?)),
            }
        }
        Ok(files)
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
        self.json::<serde_json::Value>("fields", "JSON")?.map_or(Ok(Vec::new()), rows::of_json)
    }

    /// Numbers, separated by commas.
    fn numbers(&mut self, name: &'static str) -> Result<Vec<i64>, ApiError> {
        let Some(text) = self.take(name) else { return Ok(Vec::new()) };
        let number = |text: &str| {
            let not_a_number = |_| ApiError::field(name, format!("'{text}' is not a whole number."));
            text.trim().parse().map_err(not_a_number)
        };
        text.split(',').map(number).collect()
    }
}

/// The parts of a form that are files.
#[derive(Default)]
struct Files {
    /// The document with its media type.
    document: Option<(Vec<u8>, Option<String>)>,
    rows: Vec<Fields>,
}

/// Takes the document out of the store, if it is a template that lies there: `template` is its name or number, `version` which of
/// its versions, `row` the numbers of rows that are kept with it.
async fn stored_template(
    registry: &Registry,
    parameters: &mut Parameters,
) -> Result<Option<(StoredTemplate, Vec<Fields>)>, ApiError> {
    let Some(which) = parameters.take("template") else { return Ok(None) };
    let stored = registry.template(&which, parameters.number("version")?).await?;
    let numbers = parameters.numbers("row")?;
    let rows = registry.services.store.template_rows_of(stored.id, numbers).await?;
    Ok(Some((stored, rows.into_iter().map(|row| row.fields).collect())))
}
