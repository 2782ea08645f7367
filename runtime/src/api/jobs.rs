//! `/api/job/`: print jobs.

use super::{
    ApiError, State,
    extract::{Created, Json, Path, Query},
    machines::find,
    submission::Submitted,
};
use crate::{
    access::Caller,
    model::{JobId, JobRecord, JobState, MachineId, Place},
    registry::{Candidate, Registry},
    store::JobFilter,
};
use axum::extract::Request;
use schemars::JsonSchema;
use serde::Deserialize;

/// The most jobs that one answer lists.
const MAX_LISTED: u32 = 1000;

/// Which jobs to list.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    machine: Option<String>,
    state: Option<String>,
    limit: Option<u32>,
    before: Option<i64>,
}

/// `GET /api/job/`: the newest first.
pub async fn list(
    registry: State,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> Result<Json<Vec<JobRecord>>, ApiError> {
    let machine = filter
        .machine
        .map(|id| id.parse::<MachineId>().map_err(|error| ApiError::field("machine", error.to_string())))
        .transpose()?;
    let mut states = Vec::new();
    for name in filter.state.iter().flat_map(|names| names.split(',')) {
        states.push(JobState::parse(name.trim()).ok_or_else(|| {
            let all: Vec<_> = JobState::ALL.iter().map(|state| state.name()).collect();
            ApiError::field("state", format!("'{name}' is not a state: use {}", all.join(", ")))
        })?);
    }
    let filter = JobFilter {
        machine,
        states,
        limit: filter.limit.unwrap_or(100).min(MAX_LISTED),
        before: filter.before.map(JobId),
        ..caller.jobs()
    };
    Ok(Json(registry.services.store.jobs(filter).await?))
}

/// `POST /api/job/candidates/`: the body is a document as for a job, without a machine; the answer what each machine that prints
/// would do with it, those first that would print soonest.
pub async fn candidates(registry: State, caller: Caller, request: Request) -> Result<Json<Vec<Candidate>>, ApiError> {
    let mut all = registry.candidates(&Submitted::read(&registry, &caller, request).await?.finish()?).await?;
    all.retain(|candidate| caller.sees(candidate.pk));
    Ok(Json(all))
}

/// `POST /api/job/?machine=ID&copies=N&title=T&options=JSON&fields=JSON`: the body is the document, `Content-Type` its media
/// type; or a form with the same names and the document as `document`.
pub async fn submit(registry: State, caller: Caller, request: Request) -> Result<Created<JobRecord>, ApiError> {
    let mut submitted = Submitted::read(&registry, &caller, request).await?;
    let entry = find(&registry, &caller, &submitted.required("machine")?)?;
    Ok(Created(registry.submit(&entry, submitted.finish()?).await?))
}

/// `GET /api/job/{id}/`.
pub async fn show(registry: State, caller: Caller, Path(id): Path<String>) -> Result<Json<JobRecord>, ApiError> {
    Ok(Json(seen(&registry, &caller, &id).await?))
}

/// `GET /api/job/{id}/result/`: what a function that ran as a job returned; null before it is done.
pub async fn result(
    registry: State,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<serde_json::Value>, ApiError> {
    Ok(Json(registry.services.store.job_result(seen(&registry, &caller, &id).await?.id).await?.unwrap_or_default()))
}

/// `POST /api/job/{id}/hold/`: keeps it from running, in its place.
pub async fn hold(registry: State, caller: Caller, Path(id): Path<String>) -> Result<Json<JobRecord>, ApiError> {
    Ok(Json(registry.hold_job(seen(&registry, &caller, &id).await?.id, caller.name()).await?))
}

/// `POST /api/job/{id}/release/`: lets a held job go on.
pub async fn release(registry: State, caller: Caller, Path(id): Path<String>) -> Result<Json<JobRecord>, ApiError> {
    Ok(Json(registry.release_job(seen(&registry, &caller, &id).await?.id, caller.name()).await?))
}

/// Where a job goes: exactly one of these.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "JobMove")]
pub struct Move {
    /// The first or the last place of its queue.
    to: Option<End>,
    /// Right before the job of this number, which is in the same queue.
    before: Option<i64>,
    /// Right behind it.
    after: Option<i64>,
    /// To the end of the queue of this machine, if that takes it.
    machine: Option<MachineId>,
}

/// An end of a queue.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "QueueEnd")]
pub enum End {
    /// Its turn is next.
    First,
    /// All others are before it.
    Last,
}

/// `POST /api/job/{id}/move/`: changes the turn of a job that waits for it.
pub async fn move_elsewhere(
    registry: State,
    caller: Caller,
    Path(id): Path<String>,
    Json(to): Json<Move>,
) -> Result<Json<JobRecord>, ApiError> {
    let job = seen(&registry, &caller, &id).await?;
    let place = match to {
        Move { to: Some(End::First), before: None, after: None, machine: None } => Place::First,
        Move { to: Some(End::Last), before: None, after: None, machine: None } => Place::Last,
        Move { to: None, before: Some(other), after: None, machine: None } => {
            Place::Before(caller.job(&registry, JobId(other)).await?.id)
        }
        Move { to: None, before: None, after: Some(other), machine: None } => {
            Place::After(caller.job(&registry, JobId(other)).await?.id)
        }
        Move { to: None, before: None, after: None, machine: Some(machine) } => {
            let to = find(&registry, &caller, &machine.to_string())?;
            return Ok(Json(registry.move_job_to(&job, &to, caller.name()).await?));
        }
        Move { .. } => {
            let what = "say one of: to (first or last), before or after (the number of a job), machine (an id)";
            return Err(ApiError::bad_request(what));
        }
    };
    Ok(Json(registry.move_job(job.id, place, caller.name()).await?))
}

/// How much of a queue to list.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "QueueFilter")]
pub struct Most {
    /// 1,000 at most, and unless it says less.
    limit: Option<u32>,
}

/// `GET /api/machine/{id}/queue/?limit=N`: the jobs that are not over, in the order of their turns.
pub async fn queue(
    registry: State,
    caller: Caller,
    Path(id): Path<String>,
    Query(Most { limit }): Query<Most>,
) -> Result<Json<Vec<JobRecord>>, ApiError> {
    let entry = find(&registry, &caller, &id)?;
    let limit = limit.unwrap_or(MAX_LISTED).min(MAX_LISTED);
    Ok(Json(registry.services.store.queue(entry.machine.id, limit).await?))
}

/// Where to go on.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// The label's number, from 1; without it, where the job stopped.
    from: Option<u32>,
}

/// `POST /api/job/{id}/retry/?from=N`: goes on with a job that is over.
pub async fn retry(
    registry: State,
    caller: Caller,
    Path(id): Path<String>,
    Query(Retry { from }): Query<Retry>,
) -> Result<Json<JobRecord>, ApiError> {
    let index =
        from.map(|from| from.checked_sub(1).ok_or_else(|| ApiError::field("from", "Labels are counted from 1.")));
    Ok(Json(registry.retry_job(seen(&registry, &caller, &id).await?.id, index.transpose()?, caller.name()).await?))
}

/// `POST /api/job/{id}/reprint/`: prints all of a job that is over again, as another job.
pub async fn reprint(registry: State, caller: Caller, Path(id): Path<String>) -> Result<Created<JobRecord>, ApiError> {
    Ok(Created(registry.reprint_job(seen(&registry, &caller, &id).await?.id, caller.name()).await?))
}

/// `POST /api/job/{id}/cancel/`.
pub async fn cancel(registry: State, caller: Caller, Path(id): Path<String>) -> Result<Json<JobRecord>, ApiError> {
    Ok(Json(registry.cancel_job(seen(&registry, &caller, &id).await?.id, caller.name()).await?))
}

/// The job of a number in a path, if it is of a machine that the caller may see.
pub async fn seen(registry: &Registry, caller: &Caller, id: &str) -> Result<JobRecord, ApiError> {
    let number = id.parse().map_err(|_| ApiError::not_found(format!("'{id}' is not the number of a job")))?;
    Ok(caller.job(registry, JobId(number)).await?)
}
