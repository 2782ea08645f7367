//! `/api/machine/{id}/capture/`: what goes over a machine's wire.

use super::{ApiError, OPERATOR, State, extract::Json, machines::find};
use crate::model::Timestamp;
use axum::{
    body::Body,
    extract::Path,
    http::{StatusCode, header},
    response::IntoResponse,
};
use serde::{Deserialize, Serialize};
use tokio_util::io::ReaderStream;

/// How long to capture.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begin {
    /// 1 to 1440.
    pub minutes: u32,
}

/// A capture that goes on.
#[derive(Debug, Serialize, Deserialize)]
pub struct Begun {
    /// When it ends by itself.
    pub until: Timestamp,
}

/// `POST`: begins a capture; the one before is gone.
pub async fn begin(
    registry: State,
    Path(id): Path<String>,
    Json(Begin { minutes }): Json<Begin>,
) -> Result<Json<Begun>, ApiError> {
    let entry = find(&registry, &id)?;
    Ok(Json(Begun { until: registry.capture(&entry, minutes, OPERATOR).await? }))
}

/// `DELETE`: ends it; what was captured stays.
pub async fn end(registry: State, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    registry.end_capture(&find(&registry, &id)?, OPERATOR).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET`: the last capture so far, as JSON Lines.
pub async fn read(registry: State, Path(id): Path<String>) -> Result<impl IntoResponse, ApiError> {
    let file = registry.captured(&find(&registry, &id)?).await?;
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(ReaderStream::new(file))))
}
