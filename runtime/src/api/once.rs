//! A request with an `Idempotency-Key` is done once: who sends it again is answered what the first one was answered
//! (draft-ietf-httpapi-idempotency-key-header). Jobs see to this themselves, in the transaction that stores them; this is for
//! everything else that must not be done twice.

use super::{ApiError, Context, extract::file, submission::idempotency_key};
use crate::{access::Caller, model::Digest, store::requests::Known};
use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderValue, StatusCode},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

/// The largest body of such a request or its answer, in bytes.
const MOST: usize = 64 << 20;

/// Says that an answer is the one that was given before.
const REPLAYED: &str = "idempotency-replayed";

/// Does a request unless it was done.
pub async fn once(State(context): State<Context>, caller: Caller, request: Request, next: Next) -> Response {
    match idempotency_key(request.headers()) {
        Ok(None) => next.run(request).await,
        Ok(Some(key)) => named(&context, &caller, &key, request, next).await.unwrap_or_else(ApiError::into_response),
        Err(error) => error.into_response(),
    }
}

async fn named(
    context: &Context,
    caller: &Caller,
    key: &str,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    if !(1..=255).contains(&key.chars().count()) {
        return Err(ApiError::field("idempotency_key", "An idempotency key has 1 to 255 characters."));
    }
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MOST).await.map_err(|error| ApiError::too_large(error.to_string()))?;
    let place = format!("{} {} {}", caller.name(), parts.method, parts.uri);
    let key = format!("{place} {key}");
    let store = &context.registry.services.store;
    match store.begin_request(key.clone(), Digest::of(&body)).await? {
        Known::New => {}
        Known::Answered { status, body } => {
            let mut response = file("application/json", body);
            *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
            return Ok(response);
        }
        Known::Begun => {
            return Err(ApiError::conflict(
                "in-hand",
                "a request with this idempotency key was begun and has no answer: it may still be in hand, or the daemon ended \
                 meanwhile; look whether it was done before you send it with another key",
            ));
        }
        Known::Other => {
            return Err(ApiError::conflict(
                "key-used",
                "this idempotency key was used for another request: take a new key for each request",
            ));
        }
    }
    let store = store.clone();
    // Goes on to its end if the client goes away: what was done must be known to have been.
    let run = async move {
        let response = next.run(Request::from_parts(parts, Body::from(body))).await;
        let (head, body) = response.into_parts();
        let body = to_bytes(body, MOST).await.map_err(|error| ApiError::internal(error.to_string()))?;
        if head.status.is_success() {
            store.answer_request(key, head.status.as_u16(), body.to_vec()).await?;
        } else {
            store.forget_request(key).await?;
        }
        Ok::<_, ApiError>(Response::from_parts(head, Body::from(body)))
    };
    super::carried(run).await
}
