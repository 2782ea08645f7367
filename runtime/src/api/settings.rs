//! `/api/machine/{id}/settings/`: reading and writing the settings of a machine.

use super::{
    ApiError, State,
    extract::{Json, Path},
    machines::{find, proposals},
};
use crate::{
    access::Caller,
    model::{Scope, setting::Choice},
    registry::{Registry, view::SettingView},
};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// `GET /api/machine/{id}/settings/`.
pub async fn list(registry: State, caller: Caller, Path(id): Path<String>) -> Result<Json<Vec<SettingView>>, ApiError> {
    Ok(Json(Registry::setting_views(&find(&registry, &caller, &id)?)))
}

/// Values by scope and key.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "SettingsChange")]
pub struct Several {
    /// Whether the operator agreed to what the settings ask.
    #[serde(default)]
    manual_confirm: bool,
    /// The revision of the machine that the client has seen.
    revision: Option<i64>,
    #[serde(flatten)]
    values: BTreeMap<String, BTreeMap<String, serde_json::Value>>,
}

/// `PATCH /api/machine/{id}/settings/`: several at once, checked together: `{"D": {"CONNECTION": "tcp://..."}}`.
pub async fn update(
    registry: State,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<Several>,
) -> Result<Json<Vec<SettingView>>, ApiError> {
    let entry = find(&registry, &caller, &id)?;
    let _turn = entry.turn(&registry, body.revision).await?;
    registry.set_settings(&entry, &proposals(body.values)?, body.manual_confirm, caller.name()).await?;
    Ok(Json(Registry::setting_views(&entry)))
}

/// `GET /api/machine/{id}/settings/{M|D}/{KEY}/`.
pub async fn show(
    registry: State,
    caller: Caller,
    Path((id, scope, key)): Path<(String, String, String)>,
) -> Result<Json<SettingView>, ApiError> {
    let entry = find(&registry, &caller, &id)?;
    Ok(Json(view(&entry, parse(&scope)?, &key)?))
}

/// `GET /api/machine/{id}/settings/{M|D}/{KEY}/choices/`: the allowed values of a choice.
pub async fn choices(
    registry: State,
    caller: Caller,
    Path((id, scope, key)): Path<(String, String, String)>,
) -> Result<Json<Vec<Choice>>, ApiError> {
    let entry = find(&registry, &caller, &id)?;
    let scope = parse(&scope)?;
    view(&entry, scope, &key)?;
    Ok(Json(Registry::choices(&entry, scope, &key).await?))
}

/// A value to write.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "SettingChange")]
pub struct Write {
    value: serde_json::Value,
    /// Whether the operator agreed to what the setting asks.
    #[serde(default)]
    manual_confirm: bool,
    /// The revision of the machine that the client has seen: when somebody changed it since, nothing is done (409).
    revision: Option<i64>,
}

/// `PUT` or `PATCH /api/machine/{id}/settings/{M|D}/{KEY}/`.
pub async fn set(
    registry: State,
    caller: Caller,
    Path((id, scope, key)): Path<(String, String, String)>,
    Json(body): Json<Write>,
) -> Result<Json<SettingView>, ApiError> {
    let entry = find(&registry, &caller, &id)?;
    let scope = parse(&scope)?;
    view(&entry, scope, &key)?;
    let _turn = entry.turn(&registry, body.revision).await?;
    registry.set_settings(&entry, &[(scope, key.clone(), body.value)], body.manual_confirm, caller.name()).await?;
    Ok(Json(view(&entry, scope, &key)?))
}

fn parse(scope: &str) -> Result<Scope, ApiError> {
    Scope::parse(scope).ok_or_else(|| ApiError::not_found(format!("'{scope}' is not a scope: use M or D")))
}

fn view(entry: &crate::registry::Entry, scope: Scope, key: &str) -> Result<SettingView, ApiError> {
    Registry::setting_view(entry, scope, key).ok_or_else(|| {
        let name = entry.machine.name();
        ApiError::not_found(format!("'{name}' has no setting '{key}' in scope {}", scope.letter()))
    })
}
