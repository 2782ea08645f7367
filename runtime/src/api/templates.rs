//! `/api/template/`: label templates, their versions, rows that are kept for them, and how they look.

use super::{
    ApiError, State,
    extract::{Bytes, Created, Json, Path, Query, file},
    rows,
};
use crate::{
    access::Caller,
    model::{StoredTemplate, TemplateRow, Timestamp},
    registry::templates::{TemplateError, read},
};
use axum::{
    http::{HeaderMap, StatusCode, header},
    response::{NoContent, Response},
};
use ostler_render::Output;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A template as the API shows it. `fields` are as the header of its source declares them.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct TemplateView {
    /// Its number.
    pub pk: i64,
    /// Its name for programs.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// This version, from 1.
    pub version: u32,
    /// The latest version.
    pub latest: u32,
    /// The width of its labels in micrometres.
    pub width_um: u32,
    /// The height of its labels in micrometres.
    pub height_um: u32,
    /// What a row has.
    pub fields: serde_json::Value,
    /// Whether it came with ostler.
    pub built_in: bool,
    /// When this version was stored.
    pub created_at: Timestamp,
    /// Who stored it.
    pub created_by: String,
    /// The whole file; not in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// A stored template as the API shows it.
pub fn template_of(stored: StoredTemplate, with_source: bool) -> Result<TemplateView, ApiError> {
    let said = read(&stored.source)?;
    Ok(TemplateView {
        pk: stored.id,
        name: said.name,
        title: said.title,
        description: said.description,
        version: stored.version,
        latest: stored.latest,
        width_um: said.width_um,
        height_um: said.height_um,
        fields: json!(said.fields),
        built_in: stored.built_in,
        created_at: stored.created_at,
        created_by: stored.created_by,
        source: with_source.then_some(stored.source),
    })
}

/// `GET /api/template/`: the latest version of each, by name.
pub async fn list(registry: State) -> Result<Json<Vec<TemplateView>>, ApiError> {
    let all = registry.services.store.templates().await?;
    Ok(Json(all.into_iter().map(|stored| template_of(stored, false)).collect::<Result<_, _>>()?))
}

/// `POST /api/template/`: the body is a template's file. It becomes the next version of its name.
pub async fn create(registry: State, caller: Caller, Bytes(body): Bytes) -> Result<Created<TemplateView>, ApiError> {
    let stored = registry.put_template(body, caller.name()).await?;
    Ok(Created(template_of(stored, false)?))
}

/// Which version.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Which {
    version: Option<u32>,
}

/// `GET /api/template/{id or name}/?version=N`.
pub async fn show(
    registry: State,
    Path(which): Path<String>,
    Query(Which { version }): Query<Which>,
) -> Result<Json<TemplateView>, ApiError> {
    Ok(Json(template_of(registry.template(&which, version).await?, true)?))
}

/// `DELETE /api/template/{id or name}/`.
pub async fn remove(registry: State, caller: Caller, Path(which): Path<String>) -> Result<NoContent, ApiError> {
    let stored = registry.template(&which, None).await?;
    registry.services.store.remove_template(stored.id, caller.name()).await?;
    Ok(NoContent)
}

/// `GET /api/template/{id or name}/versions/`: the latest first.
pub async fn versions(registry: State, Path(which): Path<String>) -> Result<Json<Vec<TemplateView>>, ApiError> {
    let stored = registry.template(&which, None).await?;
    let all = registry.services.store.template_versions(stored.id).await?;
    Ok(Json(all.into_iter().map(|stored| template_of(stored, false)).collect::<Result<_, _>>()?))
}

/// `GET /api/template/{id or name}/row/`.
pub async fn list_rows(registry: State, Path(which): Path<String>) -> Result<Json<Vec<TemplateRow>>, ApiError> {
    let stored = registry.template(&which, None).await?;
    Ok(Json(registry.services.store.template_rows(stored.id).await?))
}

/// `POST /api/template/{id or name}/row/`: the body is a row or several, as JSON or CSV.
pub async fn add_rows(
    registry: State,
    Path(which): Path<String>,
    headers: HeaderMap,
    Bytes(body): Bytes,
) -> Result<Created<Vec<TemplateRow>>, ApiError> {
    let stored = registry.template(&which, None).await?;
    let rows = rows::of_file(media_type(&headers), &body)?;
    Ok(Created(registry.keep_rows(&stored, rows).await?))
}

/// `DELETE /api/template/{id or name}/row/{row}/`.
pub async fn remove_row(registry: State, Path((which, row)): Path<(String, i64)>) -> Result<NoContent, ApiError> {
    let stored = registry.template(&which, None).await?;
    registry.services.store.remove_template_row(stored.id, row).await?;
    Ok(NoContent)
}

/// How a label is to be shown.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Look {
    version: Option<u32>,
    /// Which row, from 1.
    #[serde(default = "one")]
    row: usize,
    /// Dots per millimetre.
    #[serde(default = "eight")]
    dpmm: u32,
    #[serde(default)]
    format: Format,
}

fn one() -> usize {
    1
}

fn eight() -> u32 {
    8
}

/// What a label is shown as.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Format {
    #[default]
    Png,
    Pdf,
}

/// `POST /api/template/{id or name}/preview/?row=N&dpmm=8&format=png|pdf`: one label, of a row of the body (JSON or CSV), or of
/// the sample if the body is empty.
pub async fn preview(
    registry: State,
    Path(which): Path<String>,
    Query(look): Query<Look>,
    headers: HeaderMap,
    Bytes(body): Bytes,
) -> Result<Response, ApiError> {
    let stored = registry.template(&which, look.version).await?;
    let rows = if body.is_empty() { Vec::new() } else { rows::of_file(media_type(&headers), &body)? };
    let (output, media_type) = match look.format {
        Format::Png => (Output::Png, "image/png"),
        Format::Pdf => (Output::Pdf, "application/pdf"),
    };
    let drawn = registry.show_template(&stored.source, &rows, look.row, look.dpmm, output).await?;
    Ok(file(media_type, drawn))
}

fn media_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok())
}

impl From<TemplateError> for ApiError {
    fn from(error: TemplateError) -> Self {
        let detail = error.to_string();
        match error {
            TemplateError::Unknown(_) => Self::not_found(detail),
            TemplateError::File(_) | TemplateError::Source(_) | TemplateError::Name(_) => Self::field("source", detail),
            TemplateError::Rows(_) => Self::field("fields", detail),
            TemplateError::NoSuchRow { .. } => Self::field("row", detail),
            TemplateError::Renderer(_) => {
                Self::Other { status: StatusCode::SERVICE_UNAVAILABLE, code: "renderer".into(), detail }
            }
            TemplateError::Store(error) => error.into(),
        }
    }
}
