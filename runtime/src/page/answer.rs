//! Pages and refusals as answers, and the headers that keep a page to itself.

use super::shell::Shell;
use crate::store::StoreError;
use askama::Template;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use thiserror::Error;

/// Only what comes from here, no inline code or style, and in nobody's frame. A preview is a picture inside its page.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'";

/// Adds the headers that every page has. None is kept: what it shows changes, and is not everybody's.
pub fn guarded(mut answer: Response) -> Response {
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// As [`guarded`], for a layer.
pub async fn keep_to_itself(answer: Response) -> Response {
    guarded(answer)
}

/// A template as an answer.
pub struct Page<T>(pub T);

impl<T: Template> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        match self.0.render() {
            Ok(html) => Html(html).into_response(),
            Err(error) => PageError::Drawing(error).into_response(),
        }
    }
}

/// Why there is no page.
#[derive(Debug, Error)]
pub enum PageError {
    /// There is no such thing, or it is not theirs to see.
    #[error("{0}")]
    NotFound(String),
    /// Their role is not enough.
    #[error("{0}")]
    Forbidden(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The page could not be drawn.
    #[error("the page could not be drawn: {0}")]
    Drawing(askama::Error),
}

impl PageError {
    /// No machine of that id.
    pub fn no_machine() -> Self {
        Self::NotFound("There is no such machine; it may have been removed.".to_owned())
    }

    /// No job of that number.
    pub fn no_job(id: &str) -> Self {
        Self::NotFound(format!("There is no job '{id}'; jobs that are over are removed after some time."))
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Store(error) => status_of(error),
            Self::Drawing(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// The HTTP status of a store's refusal.
pub fn status_of(error: &StoreError) -> StatusCode {
    match error {
        StoreError::NotFound { .. } => StatusCode::NOT_FOUND,
        StoreError::Conflict { .. } => StatusCode::CONFLICT,
        StoreError::Quota { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        StoreError::Full { .. } => StatusCode::INSUFFICIENT_STORAGE,
        StoreError::Busy { .. } | StoreError::Stopped => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[derive(Template)]
#[template(path = "refusal.html")]
struct Refusal {
    shell: Shell,
    title: &'static str,
    message: String,
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() {
            tracing::error!("{self}");
        }
        let title = match status {
            StatusCode::NOT_FOUND => "Not found",
            StatusCode::FORBIDDEN => "Not allowed",
            _ => "This did not work",
        };
        let refusal = Refusal { shell: Shell::alone(), title, message: self.to_string() };
        match refusal.render() {
            Ok(html) => (status, Html(html)).into_response(),
            Err(_) => (status, refusal.message).into_response(),
        }
    }
}
