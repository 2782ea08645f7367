//! What a refusal looks like: 400 gives field errors as upstream does; everything else `detail` and an `error` object.

use crate::{
    jobs::SubmitError,
    registry::{ChangeError, FieldErrors, InstallError, MachineError},
    store::StoreError,
};
use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Map, json};

/// A refusal.
#[derive(Debug)]
pub enum ApiError {
    /// Field errors: field to messages.
    Fields(Map<String, serde_json::Value>),
    /// Everything else.
    Other {
        /// The HTTP status.
        status: StatusCode,
        /// A short stable name.
        code: &'static str,
        /// What happened, and what to do.
        detail: String,
    },
}

impl ApiError {
    /// 404.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::Other { status: StatusCode::NOT_FOUND, code: "not-found", detail: detail.into() }
    }

    /// 400 about one field.
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        let mut fields = Map::new();
        fields.insert(field.to_owned(), json!([message.into()]));
        Self::Fields(fields)
    }

    /// 400 about the request as a whole.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::Other { status: StatusCode::BAD_REQUEST, code: "bad-request", detail: detail.into() }
    }

    fn internal(detail: String) -> Self {
        tracing::error!("{detail}");
        Self::Other { status: StatusCode::INTERNAL_SERVER_ERROR, code: "internal", detail }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        match self {
            Self::Fields(fields) => (StatusCode::BAD_REQUEST, Json(serde_json::Value::Object(fields))).into_response(),
            Self::Other { status, code, detail } => {
                let body = json!({ "detail": detail, "error": { "code": code } });
                (status, Json(body)).into_response()
            }
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let detail = error.to_string();
        match error {
            StoreError::NotFound { .. } => Self::not_found(detail),
            StoreError::Conflict { .. } => Self::Other { status: StatusCode::CONFLICT, code: "conflict", detail },
            StoreError::Quota { .. } => Self::bad_request(detail),
            StoreError::Full { .. } => {
                Self::Other { status: StatusCode::INSUFFICIENT_STORAGE, code: "disk-full", detail }
            }
            _ => Self::internal(detail),
        }
    }
}

impl From<FieldErrors> for ApiError {
    fn from(errors: FieldErrors) -> Self {
        Self::Fields(errors.0.into_iter().map(|((_, key), messages)| (key, json!(messages))).collect())
    }
}

impl From<ChangeError> for ApiError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Fields(fields) => fields.into(),
            ChangeError::Store(error) => error.into(),
        }
    }
}

impl From<MachineError> for ApiError {
    fn from(error: MachineError) -> Self {
        match error {
            MachineError::Field { field, message } => Self::field(field, message),
            MachineError::Settings(error) => error.into(),
            MachineError::Store(error @ StoreError::Conflict { .. }) => Self::field("name", error.to_string()),
            MachineError::Store(error) => error.into(),
        }
    }
}

impl From<InstallError> for ApiError {
    fn from(error: InstallError) -> Self {
        if error.is_the_components() {
            return Self::Other { status: StatusCode::BAD_REQUEST, code: "not-installable", detail: error.to_string() };
        }
        match error {
            InstallError::Store(error) => error.into(),
            other => Self::internal(other.to_string()),
        }
    }
}

impl From<SubmitError> for ApiError {
    fn from(error: SubmitError) -> Self {
        let detail = error.to_string();
        match error {
            SubmitError::Copies(_) => Self::field("copies", detail),
            SubmitError::Option(_) => Self::field("options", detail),
            SubmitError::Document(_) => Self::field("document", detail),
            SubmitError::DoesNotPrint { .. } => Self::field("machine", detail),
            SubmitError::Renderer(_) => {
                Self::Other { status: StatusCode::SERVICE_UNAVAILABLE, code: "renderer", detail }
            }
            SubmitError::Store(error) => error.into(),
        }
    }
}
