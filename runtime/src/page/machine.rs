//! `/machine/{id}`: a machine, what it says about itself, its jobs, and what people do with it.

use super::{
    State,
    answer::{Page, PageError},
    form::{PrintForm, Typed},
    lines::{JobLine, MachineLine, Queue},
    shell::Shell,
    words::Moment,
};
use crate::{
    access::Caller,
    model::{MachineState, Property, PropertyKind},
    registry::{Entry, Registry},
    store::JobFilter,
};
use askama::Template;
use axum::{
    extract::{Form, Path, Query},
    response::Redirect,
};
use serde::Deserialize;

/// How many jobs are listed.
const LISTED: u32 = 20;

#[derive(Template)]
#[template(path = "machine.html")]
struct MachinePage {
    shell: Shell,
    machine: MachineLine,
    about: About,
    jobs: Vec<JobLine>,
    form: Option<PrintForm>,
}

/// What a machine says about itself.
struct About {
    /// What it showed before the daemon was started, until it shows something new: when, and what.
    last_known: Option<(Moment, String)>,
    errors: Vec<ErrorLine>,
    properties: Vec<Group>,
    /// Since when it is in its state.
    since: Moment,
    /// Whether that is to be ready; its driver's status may be younger.
    ready: bool,
    /// How to give it what it misses.
    advice: Option<String>,
}

struct ErrorLine {
    message: String,
    last_seen: Moment,
    count: u64,
}

struct Group {
    name: String,
    facts: Vec<Fact>,
}

struct Fact {
    key: String,
    value: String,
    /// Of a part: its value, and the full one.
    part: Option<(f64, f64)>,
}

fn find(registry: &Registry, caller: &Caller, id: &str) -> Result<Entry, PageError> {
    caller.machine(registry, id).ok_or_else(PageError::no_machine)
}

/// `GET /machine/{id}`.
pub async fn show(
    registry: State,
    caller: Caller,
    Path(id): Path<String>,
    Query(typed): Query<Typed>,
) -> Result<Page<impl Template>, PageError> {
    let entry = find(&registry, &caller, &id)?;
    let shell = Shell::new(&registry, &caller).await?;
    let machine = line(&registry, &caller, &entry).await?;
    let about = about(&registry, &entry).await?;
    let jobs = latest(&registry, &entry).await?;
    let form = if machine.prints {
        PrintForm::offered(&registry, &caller, typed.or("machine", entry.machine.id.to_string())).await?
    } else {
        None
    };
    Ok(Page(MachinePage { shell, machine, about, jobs, form }))
}

#[derive(Template)]
#[template(path = "parts/machine_row.html")]
struct Row {
    machine: MachineLine,
}

/// `GET /machine/{id}/row`.
pub async fn row(registry: State, caller: Caller, Path(id): Path<String>) -> Result<Page<impl Template>, PageError> {
    let entry = find(&registry, &caller, &id)?;
    Ok(Page(Row { machine: line(&registry, &caller, &entry).await? }))
}

#[derive(Template)]
#[template(path = "parts/machine_state.html")]
struct Standing {
    machine: MachineLine,
    about: About,
}

/// `GET /machine/{id}/state`.
pub async fn state(registry: State, caller: Caller, Path(id): Path<String>) -> Result<Page<impl Template>, PageError> {
    let entry = find(&registry, &caller, &id)?;
    let about = about(&registry, &entry).await?;
    Ok(Page(Standing { machine: line(&registry, &caller, &entry).await?, about }))
}

#[derive(Template)]
#[template(path = "parts/machine_jobs.html")]
struct Jobs {
    machine: MachineLine,
    jobs: Vec<JobLine>,
}

/// `GET /machine/{id}/jobs`.
pub async fn jobs(registry: State, caller: Caller, Path(id): Path<String>) -> Result<Page<impl Template>, PageError> {
    let entry = find(&registry, &caller, &id)?;
    let jobs = latest(&registry, &entry).await?;
    Ok(Page(Jobs { machine: line(&registry, &caller, &entry).await?, jobs }))
}

/// What a button of a machine sends.
#[derive(Debug, Deserialize)]
pub struct Button {
    /// Whether it was pressed in the list of machines.
    #[serde(default)]
    in_list: bool,
    /// Of a restart: whether it is to be stopped and initialised again.
    #[serde(default)]
    hard: bool,
}

impl Button {
    fn back(&self, entry: &Entry) -> Redirect {
        if self.in_list { Redirect::to("/") } else { Redirect::to(&format!("/machine/{}", entry.machine.id)) }
    }
}

/// `POST /machine/{id}/pause`.
pub async fn pause(
    registry: State,
    caller: Caller,
    Path(id): Path<String>,
    Form(button): Form<Button>,
) -> Result<Redirect, PageError> {
    set_paused(&registry, &caller, &id, &button, true).await
}

/// `POST /machine/{id}/resume`.
pub async fn resume(
    registry: State,
    caller: Caller,
    Path(id): Path<String>,
    Form(button): Form<Button>,
) -> Result<Redirect, PageError> {
    set_paused(&registry, &caller, &id, &button, false).await
}

/// `POST /machine/{id}/restart`.
pub async fn restart(
    registry: State,
    caller: Caller,
    Path(id): Path<String>,
    Form(button): Form<Button>,
) -> Result<Redirect, PageError> {
    let entry = find(&registry, &caller, &id)?;
    registry.restart_machine(&entry, button.hard, caller.name()).await?;
    Ok(button.back(&entry))
}

async fn set_paused(
    registry: &Registry,
    caller: &Caller,
    id: &str,
    button: &Button,
    paused: bool,
) -> Result<Redirect, PageError> {
    let entry = find(registry, caller, id)?;
    registry.pause_machine(&entry, paused, caller.name()).await?;
    Ok(button.back(&entry))
}

async fn line(registry: &Registry, caller: &Caller, entry: &Entry) -> Result<MachineLine, PageError> {
    Ok(MachineLine::new(entry, caller, Queue::of(registry, entry.machine.id).await?))
}

async fn latest(registry: &Registry, entry: &Entry) -> Result<Vec<JobLine>, PageError> {
    let filter = JobFilter { machine: Some(entry.machine.id), limit: LISTED, ..JobFilter::default() };
    Ok(registry.services.store.jobs(filter).await?.iter().map(JobLine::from).collect())
}

async fn about(registry: &Registry, entry: &Entry) -> Result<About, PageError> {
    let board = entry.machine.board.snapshot();
    let known = if board.heard { None } else { registry.services.store.last_known(entry.machine.id).await? };
    let (state, since) = entry.state.borrow().clone();
    let advice = matches!(state, MachineState::Incomplete { .. })
        .then(|| format!("ostler machine set '{}' KEY=VALUE", entry.machine.name()));
    let errors = board.errors.iter().rev().map(|shown| ErrorLine {
        message: shown.error.message.clone(),
        last_seen: shown.last_seen.into(),
        count: shown.count,
    });
    let properties = known.as_ref().map_or(&board.properties, |known| &known.properties);
    Ok(About {
        errors: errors.collect(),
        properties: groups(properties),
        last_known: known.map(|known| (known.at.into(), format!("{} {}", known.name, known.text).trim().to_owned())),
        ready: state == MachineState::Ready,
        since: since.into(),
        advice,
    })
}

fn groups(properties: &[Property]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for property in properties {
        let fact = Fact { key: property.key.clone(), value: value(property), part: part(property) };
        match groups.iter_mut().find(|group| group.name == property.group) {
            Some(group) => group.facts.push(fact),
            None => groups.push(Group { name: property.group.clone(), facts: vec![fact] }),
        }
    }
    groups
}

fn value(property: &Property) -> String {
    match (property.kind, property.value.parse::<f64>()) {
        (PropertyKind::Boolean, _) => match property.value.as_str() {
            "true" => "yes".to_owned(),
            "false" => "no".to_owned(),
            other => other.to_owned(),
        },
        (PropertyKind::Decimal, Ok(number)) => ((number * 10_000.0).round() / 10_000.0).to_string(),
        (PropertyKind::Progress, Ok(number)) => {
            property.max.map_or_else(|| number.to_string(), |max| format!("{number} of {max}"))
        }
        _ => property.value.clone(),
    }
}

fn part(property: &Property) -> Option<(f64, f64)> {
    let max = property.max.filter(|max| property.kind == PropertyKind::Progress && *max > 0.0)?;
    Some((property.value.parse::<f64>().ok()?.clamp(0.0, max), max))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn property(kind: PropertyKind, value: &str, max: Option<f64>) -> Property {
        Property { key: "k".into(), value: value.into(), group: "g".into(), kind, max }
    }

    #[test]
    fn properties_are_shown_by_their_kind() {
        assert_eq!(value(&property(PropertyKind::Boolean, "true", None)), "yes");
        assert_eq!(value(&property(PropertyKind::Decimal, "1.234567", None)), "1.2346");
        assert_eq!(value(&property(PropertyKind::Progress, "40", Some(100.0))), "40 of 100");
        assert_eq!(part(&property(PropertyKind::Progress, "140", Some(100.0))), Some((100.0, 100.0)));
        assert_eq!(part(&property(PropertyKind::Text, "40", Some(100.0))), None);
    }
}
