//! What a refusal looks like: 400 gives field errors as upstream does; everything else `detail` and an `error` object.

use crate::{
    jobs::SubmitError,
    model::{DriverError, ErrorKind},
    registry::{
        ActionError, CaptureError, ChangeError, FieldErrors, FunctionError, InstallError, MachineError, PluginError,
        PreviewError, RehearsalError,
    },
    store::StoreError,
};
use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Map, json};
use std::borrow::Cow;

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
        code: Cow<'static, str>,
        /// What happened, and what to do.
        detail: String,
    },
}

impl ApiError {
    /// 404.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::Other { status: StatusCode::NOT_FOUND, code: "not-found".into(), detail: detail.into() }
    }

    /// 400 about one field.
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        let mut fields = Map::new();
        fields.insert(field.to_owned(), json!([message.into()]));
        Self::Fields(fields)
    }

    /// 400 about one field, in several sentences.
    fn problems(field: &str, messages: &[String]) -> Self {
        Self::Fields([(field.to_owned(), json!(messages))].into_iter().collect())
    }

    /// 400 about the request as a whole.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::Other { status: StatusCode::BAD_REQUEST, code: "bad-request".into(), detail: detail.into() }
    }

    pub(super) fn internal(detail: String) -> Self {
        tracing::error!("{detail}");
        Self::Other { status: StatusCode::INTERNAL_SERVER_ERROR, code: "internal".into(), detail }
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
            StoreError::Conflict { .. } => {
                Self::Other { status: StatusCode::CONFLICT, code: "conflict".into(), detail }
            }
            StoreError::Quota { .. } => Self::bad_request(detail),
            StoreError::Full { .. } => {
                Self::Other { status: StatusCode::INSUFFICIENT_STORAGE, code: "disk-full".into(), detail }
            }
            StoreError::Busy { .. } => {
                Self::Other { status: StatusCode::SERVICE_UNAVAILABLE, code: "database-busy".into(), detail }
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
            error @ ChangeError::NotConfirmed(_) => Self::field("manual_confirm", error.to_string()),
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
            return Self::Other {
                status: StatusCode::BAD_REQUEST,
                code: "not-installable".into(),
                detail: error.to_string(),
            };
        }
        match error {
            InstallError::Store(error) => error.into(),
            other => Self::internal(other.to_string()),
        }
    }
}

/// What a driver answered: whose turn it is decides the status.
impl From<DriverError> for ApiError {
    fn from(error: DriverError) -> Self {
        let status = match error.kind {
            ErrorKind::Invalid => StatusCode::BAD_REQUEST,
            ErrorKind::Denied => StatusCode::FORBIDDEN,
            ErrorKind::NeedsAttention | ErrorKind::Cancelled => StatusCode::CONFLICT,
            ErrorKind::Transient => StatusCode::SERVICE_UNAVAILABLE,
            ErrorKind::Permanent => StatusCode::BAD_GATEWAY,
            ErrorKind::Unsupported => StatusCode::NOT_IMPLEMENTED,
        };
        Self::Other { status, code: error.code.into(), detail: error.message }
    }
}

impl From<ActionError> for ApiError {
    fn from(error: ActionError) -> Self {
        let detail = error.to_string();
        match error {
            ActionError::Unknown { .. } => Self::not_found(detail),
            ActionError::NotConfirmed { .. } => Self::field("confirmed", detail),
            ActionError::Inputs(problems) => Self::problems("inputs", &problems),
            ActionError::Failed(error) => error.into(),
            ActionError::Store(error) => error.into(),
        }
    }
}

impl From<FunctionError> for ApiError {
    fn from(error: FunctionError) -> Self {
        let detail = error.to_string();
        match error {
            FunctionError::Unknown { .. } => Self::not_found(detail),
            FunctionError::NotCallable { .. } => Self::bad_request(detail),
            FunctionError::Failed(error) => error.into(),
            FunctionError::Job(error) => error.into(),
        }
    }
}

impl From<PluginError> for ApiError {
    fn from(error: PluginError) -> Self {
        match error {
            PluginError::Bundle(error) => Self::bad_request(error.to_string()),
            PluginError::Install(error) => error.into(),
            PluginError::Store(error) => error.into(),
        }
    }
}

impl From<PreviewError> for ApiError {
    fn from(error: PreviewError) -> Self {
        let detail = error.to_string();
        match error {
            PreviewError::Rehearsal(error) => error.into(),
            PreviewError::NoSuchLabel { .. } => Self::field("label", detail),
            PreviewError::Render(_) | PreviewError::NoDots => Self::field("document", detail),
            PreviewError::Driver(error) => match Self::from(error) {
                Self::Other { status, code, .. } => Self::Other { status, code, detail },
                fields @ Self::Fields(_) => fields,
            },
        }
    }
}

impl From<RehearsalError> for ApiError {
    fn from(error: RehearsalError) -> Self {
        let detail = error.to_string();
        match error {
            RehearsalError::Submission(error) => error.into(),
            RehearsalError::DriverMissing(_) => {
                Self::Other { status: StatusCode::CONFLICT, code: "driver-missing".into(), detail }
            }
            RehearsalError::Code(_) => Self::internal(detail),
            RehearsalError::Stopping => {
                Self::Other { status: StatusCode::SERVICE_UNAVAILABLE, code: "stopping".into(), detail }
            }
        }
    }
}

impl From<CaptureError> for ApiError {
    fn from(error: CaptureError) -> Self {
        let detail = error.to_string();
        match error {
            CaptureError::Minutes(_) => Self::field("minutes", detail),
            CaptureError::None { .. } => Self::not_found(detail),
            CaptureError::File { .. } => Self::internal(detail),
            CaptureError::Store(error) => error.into(),
        }
    }
}

impl From<SubmitError> for ApiError {
    fn from(error: SubmitError) -> Self {
        let detail = error.to_string();
        match error {
            SubmitError::Copies(_) => Self::field("copies", detail),
            SubmitError::Options(problems) => Self::problems("options", &problems),
            SubmitError::OptionsUnknown { .. } => Self::field("options", detail),
            SubmitError::OptionsFailed(error) => error.into(),
            SubmitError::Document(_) | SubmitError::Format(_) | SubmitError::Media { .. } => {
                Self::field("document", detail)
            }
            SubmitError::Fields { .. } | SubmitError::Rows(_) | SubmitError::TooManyRows(_) => {
                Self::field("fields", detail)
            }
            SubmitError::Key => Self::field("idempotency_key", detail),
            SubmitError::DoesNotPrint { .. } => Self::field("machine", detail),
            SubmitError::Renderer(_) => {
                Self::Other { status: StatusCode::SERVICE_UNAVAILABLE, code: "renderer".into(), detail }
            }
            SubmitError::Store(error) => error.into(),
        }
    }
}
