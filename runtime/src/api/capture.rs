//! `/api/machine/{id}/capture/`: what goes over a machine's wire.

use super::{
    ApiError, State,
    extract::{Json, Path, file},
    machines::find,
};
use crate::{access::Caller, model::Timestamp};
use axum::{
    body::Body,
    response::{NoContent, Response},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_util::io::ReaderStream;

/// How long to capture.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CaptureBegin")]
pub struct Begin {
    /// 1 to 1440.
    pub minutes: u32,
}

/// A capture that goes on.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CaptureBegun")]
pub struct Begun {
    /// When it ends by itself.
    pub until: Timestamp,
}

/// `POST`: begins a capture; the one before is gone.
pub async fn begin(
    registry: State,
    caller: Caller,
    Path(id): Path<String>,
    Json(Begin { minutes }): Json<Begin>,
) -> Result<Json<Begun>, ApiError> {
    let entry = find(&registry, &caller, &id)?;
    Ok(Json(Begun { until: registry.capture(&entry, minutes, caller.name()).await? }))
}

/// `DELETE`: ends it; what was captured stays.
pub async fn end(registry: State, caller: Caller, Path(id): Path<String>) -> Result<NoContent, ApiError> {
    registry.end_capture(&find(&registry, &caller, &id)?, caller.name()).await?;
    Ok(NoContent)
}

/// `GET`: the last capture so far, as JSON Lines.
pub async fn read(registry: State, caller: Caller, Path(id): Path<String>) -> Result<Response, ApiError> {
    let captured = registry.captured(&find(&registry, &caller, &id)?).await?;
    Ok(file("application/x-ndjson", Body::from_stream(ReaderStream::new(captured))))
}
