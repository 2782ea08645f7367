//! What a machine offers beside its settings: actions, the functions of its type, options of jobs.

use super::{
    ApiError, State,
    extract::{Bytes, Json, Path},
    machines::find,
    submission::idempotency_key,
};
use crate::{
    access::Caller,
    jobs::options::copies_spec,
    model::{LoadedMedia, OptionSpec, driver::Action},
    registry::{Press, functions::Called},
};
use axum::{
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

/// `GET /api/machine/{id}/actions/`.
pub async fn list(registry: State, caller: Caller, Path(id): Path<String>) -> Result<Json<Vec<Action>>, ApiError> {
    Ok(Json(registry.actions(&find(&registry, &caller, &id)?)))
}

/// What an operator says when pressing a button.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "ActionPress")]
pub struct Body {
    inputs: BTreeMap<String, serde_json::Value>,
    confirmed: bool,
}

/// What a driver said when an action was over.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ActionResult")]
pub struct Said {
    /// In its words.
    text: String,
}

/// `POST /api/machine/{id}/actions/{key}/`: answers when the action is over, with the driver's text.
pub async fn run(
    registry: State,
    caller: Caller,
    Path((id, key)): Path<(String, String)>,
    Json(Body { inputs, confirmed }): Json<Body>,
) -> Result<Json<Said>, ApiError> {
    let entry = find(&registry, &caller, &id)?;
    let text = registry.run_action(&entry, &key, Press { inputs, confirmed }, caller.name()).await?;
    Ok(Json(Said { text }))
}

/// `POST /api/machine/{id}/call/{function}/`: the body is an object with the parameters. Answers `{"ok": value}`, or with
/// 202 and the job where the type wants the function to run as one; `Idempotency-Key` counts for those.
pub async fn call(
    registry: State,
    caller: Caller,
    Path((id, function)): Path<(String, String)>,
    headers: HeaderMap,
    Bytes(body): Bytes,
) -> Result<Response, ApiError> {
    let entry = find(&registry, &caller, &id)?;
    let parameters = if body.is_empty() {
        serde_json::Value::Null
    } else {
        serde_json::from_slice(&body)
            .map_err(|error| ApiError::bad_request(format!("the body is not JSON: {error}")))?
    };
    let key = idempotency_key(&headers)?;
    Ok(match registry.call_function(&entry, &function, parameters, key.as_deref(), caller.name()).await? {
        Called::Returned(value) => Json(json!({ "ok": value })).into_response(),
        Called::Job(job) => (StatusCode::ACCEPTED, Json(json!({ "job": job }))).into_response(),
    })
}

/// What a machine takes.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Offer {
    /// What a job may set, `copies` first. Nothing when it is not known: the driver has not run yet.
    pub options: Option<Vec<OptionSpec>>,
    /// Media types that are printed as they are, beside pictures and PDF.
    pub formats: Vec<String>,
    /// What is loaded, as far as the driver can tell.
    pub media: Option<LoadedMedia>,
}

/// `GET /api/machine/{id}/options/`.
pub async fn options(registry: State, caller: Caller, Path(id): Path<String>) -> Result<Json<Offer>, ApiError> {
    let intake = registry.intake(&find(&registry, &caller, &id)?);
    let (options, formats, media) = tokio::join!(intake.options(), intake.formats(), intake.media());
    let options = options?.map(|declared| copies_spec().into_iter().chain(declared.iter().cloned()).collect());
    Ok(Json(Offer { options, formats, media }))
}
