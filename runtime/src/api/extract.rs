//! What requests bring and what answers carry, read and written so that a refusal is JSON like every other, and so that the OpenAPI
//! document knows of it.

use super::{ApiError, upload::gather};
use aide::{
    OperationInput, OperationOutput,
    generate::GenContext,
    openapi::{Operation, Response as Documented},
};
use axum::{
    RequestExt as _,
    extract::{FromRequest, FromRequestParts, Request},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};

/// The query of a URL.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let read = axum::extract::Query::from_request_parts(parts, state).await;
        read.map(|axum::extract::Query(query)| Self(query)).map_err(|error| ApiError::bad_request(error.body_text()))
    }
}

impl<T: JsonSchema> OperationInput for Query<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        axum::extract::Query::<T>::operation_input(ctx, operation);
    }
}

/// The places of a path. What does not fit names nothing.
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let read = axum::extract::Path::from_request_parts(parts, state).await;
        read.map(|axum::extract::Path(path)| Self(path)).map_err(|error| ApiError::not_found(error.body_text()))
    }
}

/// [`super::routes`] documents the places, from the path itself.
impl<T> OperationInput for Path<T> {}

/// A body in JSON, of a request or of an answer.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let read = axum::Json::<serde_json::Value>::from_request(request, state).await;
        let axum::Json(body) = read.map_err(|error| match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => ApiError::too_large(error.body_text()),
            _ => ApiError::bad_request(error.body_text()),
        })?;
        // A field that does not fit is named.
        serde_path_to_error::deserialize(body).map(Self).map_err(|error| match error.path().to_string() {
            path if path == "." => ApiError::bad_request(error.inner().to_string()),
            path => ApiError::field(&path, error.inner().to_string()),
        })
    }
}

impl<T: JsonSchema> OperationInput for Json<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        axum::Json::<T>::operation_input(ctx, operation);
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<T: JsonSchema> OperationOutput for Json<T> {
    type Inner = T;

    fn inferred_responses(ctx: &mut GenContext, operation: &mut Operation) -> Vec<(Option<u16>, Documented)> {
        answered::<T>(ctx, operation, StatusCode::OK)
    }
}

/// Something new: 201 and its JSON.
pub struct Created<T>(pub T);

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, axum::Json(self.0)).into_response()
    }
}

impl<T: JsonSchema> OperationOutput for Created<T> {
    type Inner = T;

    fn inferred_responses(ctx: &mut GenContext, operation: &mut Operation) -> Vec<(Option<u16>, Documented)> {
        answered::<T>(ctx, operation, StatusCode::CREATED)
    }
}

/// Something that may be new: 201 if it is, 200 if it was there already.
pub struct Kept<T> {
    /// What it is.
    pub what: T,
    /// Whether it is new.
    pub new: bool,
}

impl<T: Serialize> IntoResponse for Kept<T> {
    fn into_response(self) -> Response {
        let status = if self.new { StatusCode::CREATED } else { StatusCode::OK };
        (status, axum::Json(self.what)).into_response()
    }
}

impl<T: JsonSchema> OperationOutput for Kept<T> {
    type Inner = T;

    fn inferred_responses(ctx: &mut GenContext, operation: &mut Operation) -> Vec<(Option<u16>, Documented)> {
        let mut both = answered::<T>(ctx, operation, StatusCode::OK);
        both.extend(answered::<T>(ctx, operation, StatusCode::CREATED));
        both
    }
}

fn answered<T: JsonSchema>(
    ctx: &mut GenContext,
    operation: &mut Operation,
    status: StatusCode,
) -> Vec<(Option<u16>, Documented)> {
    let response = axum::Json::<T>::operation_response(ctx, operation);
    response.map(|response| (Some(status.as_u16()), response)).into_iter().collect()
}

/// A file.
pub fn file(media_type: &'static str, body: impl Into<axum::body::Body>) -> Response {
    ([(header::CONTENT_TYPE, media_type)], body.into()).into_response()
}

/// A body as it is.
pub struct Bytes(pub Vec<u8>);

impl<S: Send + Sync> FromRequest<S> for Bytes {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        gather(request.into_limited_body()).await.map(Self)
    }
}

/// [`super::routes::Endpoint::takes`] documents what it is.
impl OperationInput for Bytes {}
