//! What surrounds every request: its id, its span in the log, and its refusal written with both.

use super::error::Refusal;
use axum::{
    body::Body,
    extract::Request,
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use serde::Serialize;
use serde_json::json;
use tracing::Instrument as _;
use uuid::Uuid;

/// Where a request's id stands, in requests that bring one and in every answer.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest id that is taken from a client.
const MOST: usize = 64;

/// A request's id.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// What programs want to know of a refusal.
#[derive(Serialize)]
struct Explained<'a> {
    code: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'static str>,
}

/// Gives a request an id, or keeps the one that it brings, and writes it into its answer.
pub async fn surround(mut request: Request, next: Next) -> Response {
    let brought = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok());
    let fits = |id: &&str| {
        (1..=MOST).contains(&id.len()) && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    let id = brought.filter(fits).map_or_else(|| Uuid::now_v7().to_string(), str::to_owned);
    request.extensions_mut().insert(RequestId(id.clone()));
    // An error's span, because lines that are logged at any level are to have the id.
    let span =
        tracing::error_span!("request", request_id = %id, method = %request.method(), path = request.uri().path());
    let mut response = next.run(request).instrument(span).await;
    if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
        let error = Explained { code: &refusal.code, request_id: &id, hint: refusal.hint };
        let body = json!({ "detail": refusal.detail, "error": error });
        *response.body_mut() = Body::from(body.to_string());
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}
