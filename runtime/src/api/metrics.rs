//! `/metrics` for Prometheus, and `/readyz` for those who send work only where it is taken.

use super::{
    ApiError, State,
    extract::{Json, file},
};
use crate::metrics::MEDIA_TYPE;
use axum::{http::StatusCode, response::Response};
use schemars::JsonSchema;
use serde::Serialize;

/// `GET /metrics`.
pub async fn page(registry: State) -> Result<Response, ApiError> {
    let page = registry.metrics_page().await.map_err(ApiError::internal)?;
    Ok(file(MEDIA_TYPE, page))
}

/// That work is taken.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Ready {
    /// Always true.
    ready: bool,
}

/// `GET /readyz`: 200, or 503 with the reason in words. It answers only once the registry has loaded.
pub async fn ready(registry: State) -> Result<Json<Ready>, ApiError> {
    match registry.unready().await {
        None => Ok(Json(Ready { ready: true })),
        Some(detail) => {
            Err(ApiError::Other { status: StatusCode::SERVICE_UNAVAILABLE, code: "not-ready".into(), detail })
        }
    }
}
