//! `/api/job/`: print jobs.

use super::{ApiError, OPERATOR, State, machines::find};
use crate::{
    jobs::Submission,
    model::{JobId, JobRecord, JobState, MachineId},
    store::JobFilter,
};
use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query},
    http::{HeaderMap, StatusCode, header},
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The most jobs that one answer lists.
const MAX_LISTED: u32 = 1000;

/// Which jobs to list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    machine: Option<String>,
    state: Option<String>,
    limit: Option<u32>,
    before: Option<i64>,
}

/// `GET /api/job/`: the newest first.
pub async fn list(registry: State, Query(filter): Query<Filter>) -> Result<Json<Vec<JobRecord>>, ApiError> {
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
    };
    Ok(Json(registry.services.store.jobs(filter).await?))
}

/// What to print where; the body is the document.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submit {
    machine: String,
    #[serde(default = "one")]
    copies: u32,
    #[serde(default)]
    title: String,
}

fn one() -> u32 {
    1
}

/// `POST /api/job/?machine=ID&copies=N&title=T`: the body is the document, `Content-Type` its media type.
pub async fn submit(
    registry: State,
    Query(query): Query<Submit>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<JobRecord>), ApiError> {
    let entry = find(&registry, &query.machine)?;
    let media_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .filter(|value| !value.starts_with("application/octet-stream"))
        .map(str::to_owned);
    let submission = Submission {
        document: body.to_vec(),
        media_type,
        title: query.title,
        copies: query.copies,
        options: BTreeMap::new(),
    };
    Ok((StatusCode::CREATED, Json(registry.submit(&entry, submission).await?)))
}

/// `GET /api/job/{id}/`.
pub async fn show(registry: State, Path(id): Path<String>) -> Result<Json<JobRecord>, ApiError> {
    Ok(Json(registry.services.store.job(parse(&id)?).await?))
}

/// `POST /api/job/{id}/cancel/`.
pub async fn cancel(registry: State, Path(id): Path<String>) -> Result<Json<JobRecord>, ApiError> {
    Ok(Json(registry.cancel_job(parse(&id)?, OPERATOR).await?))
}

fn parse(id: &str) -> Result<JobId, ApiError> {
    id.parse().map(JobId).map_err(|_| ApiError::not_found(format!("'{id}' is not the number of a job")))
}
