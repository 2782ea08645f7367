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
use aide::{
    OperationOutput,
    generate::GenContext,
    openapi::{MediaType, Operation, Response as Documented, SchemaObject},
};
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use schemars::json_schema;
use serde_json::{Map, json};
use std::{borrow::Cow, time::Duration};

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
    /// 429: try again later.
    TooMany {
        /// What was too much.
        detail: String,
        /// After this time.
        wait: Duration,
    },
}

/// What [`super::request`] writes into the body of an answer, with the request's id.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// A short stable name.
    pub code: Cow<'static, str>,
    /// What happened, and what to do.
    pub detail: String,
    /// What to do, where the detail does not say it.
    pub hint: Option<&'static str>,
}

impl ApiError {
    /// 401: it is not known who asks.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::Other { status: StatusCode::UNAUTHORIZED, code: "unauthorized".into(), detail: detail.into() }
    }

    /// 403: whoever asks may not.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::Other { status: StatusCode::FORBIDDEN, code: "forbidden".into(), detail: detail.into() }
    }

    /// 409: it contradicts what is there.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::Other { status: StatusCode::CONFLICT, code: code.into(), detail: detail.into() }
    }

    /// 405.
    pub(super) fn no_such_method() -> Self {
        Self::Other {
            status: StatusCode::METHOD_NOT_ALLOWED,
            code: "method-not-allowed".into(),
            detail: "this path does not know the method; the header Allow names those that it knows".to_owned(),
        }
    }

    /// 413.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::Other { status: StatusCode::PAYLOAD_TOO_LARGE, code: "too-large".into(), detail: detail.into() }
    }

    /// 429.
    pub fn too_many(detail: impl Into<String>, wait: Duration) -> Self {
        Self::TooMany { detail: detail.into(), wait }
    }

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
        let (status, refusal, wait) = match self {
            Self::Fields(fields) => {
                return (StatusCode::BAD_REQUEST, Json(serde_json::Value::Object(fields))).into_response();
            }
            Self::Other { status, code, detail } => (status, Refusal { hint: hint(status), code, detail }, None),
            Self::TooMany { detail, wait } => {
                let status = StatusCode::TOO_MANY_REQUESTS;
                (status, Refusal { hint: hint(status), code: "too-many".into(), detail }, Some(wait))
            }
        };
        let mut response = status.into_response();
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(wait) = wait {
            let seconds = HeaderValue::from(wait.as_secs().saturating_add(1));
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response.extensions_mut().insert(refusal);
        response
    }
}

/// What to do about a status, where it does not depend on what happened.
fn hint(status: StatusCode) -> Option<&'static str> {
    match status {
        StatusCode::UNAUTHORIZED => Some("`ostler token create NAME --role ROLE` makes a token"),
        StatusCode::FORBIDDEN => Some("ask an administrator for a token with a role that may"),
        StatusCode::TOO_MANY_REQUESTS => Some("wait as long as the header Retry-After says"),
        StatusCode::INTERNAL_SERVER_ERROR => Some("the daemon's log says more, beside the request's id"),
        _ => None,
    }
}

/// Every route may refuse: 400 with the messages of each field or as all others, which have `detail` and `error`.
impl OperationOutput for ApiError {
    type Inner = Self;

    fn inferred_responses(_: &mut GenContext, _: &mut Operation) -> Vec<(Option<u16>, Documented)> {
        let refusal = json_schema!({ "$ref": "#/components/schemas/Refusal" });
        let wrong = json_schema!({ "anyOf": [
            { "$ref": "#/components/schemas/Refusal" }, { "$ref": "#/components/schemas/FieldErrors" },
        ] });
        let response = |description: &str, schema| {
            let media = MediaType {
                schema: Some(SchemaObject { json_schema: schema, external_docs: None, example: None }),
                ..MediaType::default()
            };
            Documented {
                description: description.to_owned(),
                content: [("application/json".to_owned(), media)].into_iter().collect(),
                ..Documented::default()
            }
        };
        vec![
            (Some(400), response("Something in the request is wrong: by field, or as a whole.", wrong)),
            (None, response("A refusal, with what to do.", refusal)),
        ]
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
                other => other,
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
