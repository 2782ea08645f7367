//! `/api/machine/`: machines, types and what is wrong in the registry.

use super::{
    ApiError, State, carried,
    extract::{Created, Json, Path, Query},
    pages::{Listed, part},
};
use crate::{
    access::Caller,
    broker::{LogLine, Machine},
    model::{Scope, Slug, Timestamp},
    registry::{
        Entry, NewMachine, Registry, RegistryError, Stage,
        view::{MachineView, TypeView},
    },
    store::{StateChange, Trouble},
};
use axum::response::NoContent;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{cmp::Ordering, collections::BTreeMap};

/// Which machines to list, and how.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Of this type.
    machine_type: Option<String>,
    /// With this driver.
    driver: Option<String>,
    /// That should run, or should not.
    active: Option<bool>,
    /// A part of the name, type or driver, without regard to case.
    search: Option<String>,
    /// The whole name.
    name: Option<String>,
    /// That take calls, or do not.
    initialized: Option<bool>,
    /// `name`, `machine_type`, `driver` or `active`, downwards with a minus before it; several are separated by commas.
    /// `-active,machine_type` unless it says otherwise.
    ordering: Option<String>,
    /// How many; all unless it says so.
    limit: Option<usize>,
    /// After how many.
    offset: Option<usize>,
}

impl Filter {
    fn takes(&self, machine: &Machine) -> bool {
        let (of, driver) = (machine.machine_type.slug.as_str(), machine.driver.as_str());
        let found = |text: &String| {
            let text = text.to_lowercase();
            [machine.name().to_lowercase().as_str(), of, driver].iter().any(|part| part.contains(&text))
        };
        self.machine_type.as_ref().is_none_or(|wanted| wanted == of)
            && self.driver.as_ref().is_none_or(|wanted| wanted == driver)
            && self.active.is_none_or(|active| active == machine.is_active())
            && self.name.as_ref().is_none_or(|name| *name == machine.name())
            && self.initialized.is_none_or(|initialized| initialized == machine.is_initialized())
            && self.search.as_ref().is_none_or(found)
    }

    /// Sorts by the first key, then by the next; machines that are equal by all of them stay oldest first.
    fn sort(&self, machines: &mut [Entry]) -> Result<(), ApiError> {
        for key in self.ordering.as_deref().unwrap_or("-active,machine_type").split(',').rev() {
            let (key, down) = key.trim().strip_prefix('-').map_or((key.trim(), false), |key| (key, true));
            let order: fn(&Machine, &Machine) -> Ordering = match key {
                "name" => |a, b| a.name().to_lowercase().cmp(&b.name().to_lowercase()),
                "machine_type" => |a, b| a.machine_type.slug.cmp(&b.machine_type.slug),
                "driver" => |a, b| a.driver.cmp(&b.driver),
                "active" => |a, b| a.is_active().cmp(&b.is_active()),
                _ => {
                    let message = format!("'{key}' is no order: use name, machine_type, driver or active.");
                    return Err(ApiError::field("ordering", message));
                }
            };
            machines.sort_by(|a, b| {
                let order = order(&a.machine, &b.machine);
                if down { order.reverse() } else { order }
            });
        }
        Ok(())
    }
}

/// The machine of an id in a path.
pub fn find(registry: &Registry, caller: &Caller, id: &str) -> Result<Entry, ApiError> {
    let missing = || ApiError::not_found(format!("there is no machine {id}; `ostler machine list` shows them"));
    caller.machine(registry, id).ok_or_else(missing)
}

/// `GET /api/machine/`.
pub async fn list(
    registry: State,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> Result<Json<Listed<MachineView>>, ApiError> {
    let mut machines = caller.machines_of(&registry);
    machines.retain(|entry| filter.takes(&entry.machine));
    filter.sort(&mut machines)?;
    let at = part(machines.len(), filter.limit, filter.offset)?;
    let mut views = Vec::with_capacity(at.len());
    for entry in machines.get(at.clone()).unwrap_or_default() {
        views.push(registry.machine_view(entry).await?);
    }
    Ok(Json(Listed::of(views, machines.len(), filter.limit, &at)))
}

/// A machine to be added.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewMachine")]
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
pub async fn create(
    registry: State,
    caller: Caller,
    Json(body): Json<Create>,
) -> Result<Created<MachineView>, ApiError> {
    let slug =
        |field: &str, text: &str| text.parse::<Slug>().map_err(|error| ApiError::field(field, error.to_string()));
    let new = NewMachine {
        machine_type: slug("machine_type", &body.machine_type)?,
        driver: slug("driver", &body.driver)?,
        name: body.name,
        active: body.active,
        settings: proposals(body.settings)?,
    };
    let entry = registry.add_machine(new, caller.name()).await?;
    Ok(Created(registry.machine_view(&entry).await?))
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
pub async fn show(registry: State, caller: Caller, Path(id): Path<String>) -> Result<Json<MachineView>, ApiError> {
    let entry = find(&registry, &caller, &id)?;
    Ok(Json(registry.machine_view(&entry).await?))
}

/// What may be changed of a machine.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "MachineChange")]
pub struct Update {
    name: Option<String>,
    active: Option<bool>,
    /// The time between two pings: null for the daemon's, 0 for never.
    #[serde(default)]
    #[schemars(with = "Option<u32>")]
    ping_interval_ms: Given<u32>,
    /// The revision that the client has seen: when somebody changed the machine since, nothing is done (409).
    revision: Option<i64>,
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
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<Update>,
) -> Result<Json<MachineView>, ApiError> {
    let entry = find(&registry, &caller, &id)?;
    let _turn = entry.turn(&registry, body.revision).await?;
    match body.ping_interval_ms {
        Given::Nothing => {}
        Given::Null => registry.set_ping_interval(&entry, None, caller.name()).await?,
        Given::Value(ms) => registry.set_ping_interval(&entry, Some(ms), caller.name()).await?,
    }
    if body.name.is_some() || body.active.is_some() {
        registry.update_machine(&entry, body.name.as_deref(), body.active, caller.name()).await?;
    }
    Ok(Json(registry.machine_view(&entry).await?))
}

/// `DELETE /api/machine/{id}/`.
pub async fn remove(registry: State, caller: Caller, Path(id): Path<String>) -> Result<NoContent, ApiError> {
    let entry = find(&registry, &caller, &id)?;
    carried(async move { registry.remove_machine(entry.machine.id, caller.name()).await }).await?;
    Ok(NoContent)
}

/// How to restart.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct Restart {
    #[serde(default)]
    hard: bool,
}

/// `POST /api/machine/{id}/restart/`.
pub async fn restart(
    registry: State,
    caller: Caller,
    Path(id): Path<String>,
    Query(how): Query<Restart>,
) -> Result<Json<super::Done>, ApiError> {
    let entry = find(&registry, &caller, &id)?;
    registry.restart_machine(&entry, how.hard, caller.name()).await?;
    Ok(super::done())
}

/// `POST /api/machine/{id}/pause/`: its jobs wait until it is resumed.
pub async fn pause(registry: State, caller: Caller, Path(id): Path<String>) -> Result<Json<MachineView>, ApiError> {
    let entry = find(&registry, &caller, &id)?;
    registry.pause_machine(&entry, true, caller.name()).await?;
    Ok(Json(registry.machine_view(&entry).await?))
}

/// `POST /api/machine/{id}/resume/`: its jobs go on.
pub async fn resume(registry: State, caller: Caller, Path(id): Path<String>) -> Result<Json<MachineView>, ApiError> {
    let entry = find(&registry, &caller, &id)?;
    registry.pause_machine(&entry, false, caller.name()).await?;
    Ok(Json(registry.machine_view(&entry).await?))
}

/// How much of a history.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct Much {
    limit: Option<u32>,
}

/// `GET /api/machine/{id}/history/`: the states of a machine with their times and reasons, the newest first.
pub async fn history(
    registry: State,
    caller: Caller,
    Path(id): Path<String>,
    Query(much): Query<Much>,
) -> Result<Json<Vec<StateChange>>, ApiError> {
    let entry = find(&registry, &caller, &id)?;
    let limit = much.limit.unwrap_or(100).min(1000);
    Ok(Json(registry.services.store.machine_states(entry.machine.id, limit).await?))
}

/// `GET /api/machine/{id}/log/`.
pub async fn log(registry: State, caller: Caller, Path(id): Path<String>) -> Result<Json<Vec<LogLine>>, ApiError> {
    Ok(Json(find(&registry, &caller, &id)?.machine.log.lines()))
}

/// `GET /api/machine/types/`.
pub async fn types(registry: State) -> Result<Json<Vec<TypeView>>, ApiError> {
    let plugins = registry.plugins().await?;
    Ok(Json(registry.catalog().types().map(|of| Registry::type_view(of, &plugins)).collect()))
}

/// What is wrong beyond single machines, and how the start went.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RegistryStatus {
    /// What kept types, drivers or machines from being registered.
    registry_errors: Vec<RegistryError>,
    /// The stages of the start.
    stages: Vec<Stage>,
    /// Whether the database takes what is written.
    store: StoreStatus,
}

/// Whether the database takes what is written.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StoreStatus {
    /// Whether it does.
    ok: bool,
    /// Since when it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    /// Why it does not, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// `GET /api/machine/status/`.
pub async fn registry_status(registry: State) -> Json<RegistryStatus> {
    let (since, message) =
        registry.services.store.trouble().map(|Trouble { since, error }| (since, error.to_string())).unzip();
    let store = StoreStatus { ok: message.is_none(), since, message };
    Json(RegistryStatus { registry_errors: registry.errors(), stages: registry.stages(), store })
}
