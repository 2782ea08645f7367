//! `/api/machine/`: machines, types and what is wrong in the registry.

use super::{
    ApiError, OPERATOR, State, carried,
    extract::{Json, Query},
};
use crate::{
    broker::LogLine,
    model::{MachineId, Scope, Slug},
    registry::{
        Entry, NewMachine, Registry,
        view::{MachineView, TypeView},
    },
    store::{StateChange, Trouble},
};
use axum::{extract::Path, http::StatusCode};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;

/// Which machines to list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    machine_type: Option<String>,
    driver: Option<String>,
    active: Option<bool>,
    /// A part of the name, without regard to case.
    search: Option<String>,
    /// The whole name.
    name: Option<String>,
    initialized: Option<bool>,
}

/// The machine of an id in a path.
pub fn find(registry: &Registry, id: &str) -> Result<Entry, ApiError> {
    let parsed: Option<MachineId> = id.parse().ok();
    parsed
        .and_then(|id| registry.machine(id))
        .ok_or_else(|| ApiError::not_found(format!("there is no machine {id}; `ostler machine list` shows them")))
}

/// `GET /api/machine/`.
pub async fn list(registry: State, Query(filter): Query<Filter>) -> Result<Json<Vec<MachineView>>, ApiError> {
    let mut views = Vec::new();
    for entry in registry.machines() {
        let machine = &entry.machine;
        let accepted = filter.machine_type.as_ref().is_none_or(|of| of == machine.machine_type.slug.as_str())
            && filter.driver.as_ref().is_none_or(|driver| driver == machine.driver.as_str())
            && filter.active.is_none_or(|active| active == machine.is_active())
            && filter.name.as_ref().is_none_or(|name| *name == machine.name())
            && filter.initialized.is_none_or(|initialized| initialized == machine.is_initialized())
            && filter.search.as_ref().is_none_or(|text| machine.name().to_lowercase().contains(&text.to_lowercase()));
        if accepted {
            views.push(registry.machine_view(&entry).await?);
        }
    }
    Ok(Json(views))
}

/// A machine to be added.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Create {
    name: String,
    machine_type: String,
    driver: String,
    #[serde(default = "yes")]
    active: bool,
    /// Settings to begin with, by scope (`M` or `D`) and key.
    #[serde(default)]
    settings: BTreeMap<String, BTreeMap<String, serde_json::Value>>,
}

fn yes() -> bool {
    true
}

/// `POST /api/machine/`.
pub async fn create(registry: State, Json(body): Json<Create>) -> Result<(StatusCode, Json<MachineView>), ApiError> {
    let slug =
        |field: &str, text: &str| text.parse::<Slug>().map_err(|error| ApiError::field(field, error.to_string()));
    let new = NewMachine {
        machine_type: slug("machine_type", &body.machine_type)?,
        driver: slug("driver", &body.driver)?,
        name: body.name,
        active: body.active,
        settings: proposals(body.settings)?,
    };
    let entry = registry.add_machine(new, OPERATOR).await?;
    Ok((StatusCode::CREATED, Json(registry.machine_view(&entry).await?)))
}

/// Settings by scope and key as the registry takes them.
pub fn proposals(
    settings: BTreeMap<String, BTreeMap<String, serde_json::Value>>,
) -> Result<Vec<(Scope, String, serde_json::Value)>, ApiError> {
    let mut proposals = Vec::new();
    for (scope, values) in settings {
        let scope = Scope::parse(&scope)
            .ok_or_else(|| ApiError::field("settings", format!("'{scope}' is not a scope: use M or D")))?;
        proposals.extend(values.into_iter().map(|(key, value)| (scope, key, value)));
    }
    Ok(proposals)
}

/// `GET /api/machine/{id}/`.
pub async fn show(registry: State, Path(id): Path<String>) -> Result<Json<MachineView>, ApiError> {
    let entry = find(&registry, &id)?;
    Ok(Json(registry.machine_view(&entry).await?))
}

/// What may be changed of a machine.
#[derive(Debug, Deserialize)]
pub struct Update {
    name: Option<String>,
    active: Option<bool>,
    /// The time between two pings: null for the daemon's, 0 for never.
    #[serde(default)]
    ping_interval_ms: Given<u32>,
}

/// Tells null from a field that is not there.
#[derive(Debug, Default)]
enum Given<T> {
    #[default]
    Nothing,
    Null,
    Value(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Given<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}

/// `PATCH /api/machine/{id}/`.
pub async fn update(
    registry: State,
    Path(id): Path<String>,
    Json(body): Json<Update>,
) -> Result<Json<MachineView>, ApiError> {
    let entry = find(&registry, &id)?;
    match body.ping_interval_ms {
        Given::Nothing => {}
        Given::Null => registry.set_ping_interval(&entry, None, OPERATOR).await?,
        Given::Value(ms) => registry.set_ping_interval(&entry, Some(ms), OPERATOR).await?,
    }
    if body.name.is_some() || body.active.is_some() {
        registry.update_machine(&entry, body.name.as_deref(), body.active, OPERATOR).await?;
    }
    Ok(Json(registry.machine_view(&entry).await?))
}

/// `DELETE /api/machine/{id}/`.
pub async fn remove(registry: State, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    let entry = find(&registry, &id)?;
    carried(async move { registry.remove_machine(entry.machine.id, OPERATOR).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How to restart.
#[derive(Debug, Default, Deserialize)]
pub struct Restart {
    #[serde(default)]
    hard: bool,
}

/// `POST /api/machine/{id}/restart/`.
pub async fn restart(
    registry: State,
    Path(id): Path<String>,
    Query(how): Query<Restart>,
) -> Result<Json<serde_json::Value>, ApiError> {
    let entry = find(&registry, &id)?;
    registry.restart_machine(&entry, how.hard, OPERATOR).await?;
    Ok(Json(json!({ "ok": true })))
}

/// `POST /api/machine/{id}/pause/`: its jobs wait until it is resumed.
pub async fn pause(registry: State, Path(id): Path<String>) -> Result<Json<MachineView>, ApiError> {
    let entry = find(&registry, &id)?;
    registry.pause_machine(&entry, true, OPERATOR).await?;
    Ok(Json(registry.machine_view(&entry).await?))
}

/// `POST /api/machine/{id}/resume/`: its jobs go on.
pub async fn resume(registry: State, Path(id): Path<String>) -> Result<Json<MachineView>, ApiError> {
    let entry = find(&registry, &id)?;
    registry.pause_machine(&entry, false, OPERATOR).await?;
    Ok(Json(registry.machine_view(&entry).await?))
}

/// How much of a history.
#[derive(Debug, Default, Deserialize)]
pub struct Much {
    limit: Option<u32>,
}

/// `GET /api/machine/{id}/history/`: the states of a machine with their times and reasons, the newest first.
pub async fn history(
    registry: State,
    Path(id): Path<String>,
    Query(much): Query<Much>,
) -> Result<Json<Vec<StateChange>>, ApiError> {
    let entry = find(&registry, &id)?;
    let limit = much.limit.unwrap_or(100).min(1000);
    Ok(Json(registry.services.store.machine_states(entry.machine.id, limit).await?))
}

/// `GET /api/machine/{id}/log/`.
pub async fn log(registry: State, Path(id): Path<String>) -> Result<Json<Vec<LogLine>>, ApiError> {
    Ok(Json(find(&registry, &id)?.machine.log.lines()))
}

/// `GET /api/machine/types/`.
pub async fn types(registry: State) -> Json<Vec<TypeView>> {
    Json(registry.catalog().types().map(|of| Registry::type_view(of)).collect())
}

/// `GET /api/machine/status/`.
pub async fn registry_status(registry: State) -> Json<serde_json::Value> {
    let trouble = registry.services.store.trouble();
    let store = match trouble {
        None => json!({ "ok": true }),
        Some(Trouble { since, error }) => json!({ "ok": false, "since": since, "message": error.to_string() }),
    };
    Json(json!({ "registry_errors": registry.errors(), "stages": registry.stages(), "store": store }))
}
