//! `/api/data-output/`: print jobs in upstream's form. Each is the job of the same number.

use super::{
    ApiError, State,
    extract::{Json, Path, Query},
    jobs::seen,
    pages::{Listed, part},
};
use crate::{
    access::Caller,
    model::{JobId, JobRecord, JobState, Timestamp},
    store::JobFilter,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most jobs that are listed.
const MOST: u32 = 1000;

/// A print job as upstream shows one.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DataOutput {
    /// The job's number.
    pk: JobId,
    /// When it was acknowledged.
    created: Timestamp,
    /// Who handed it in.
    user: String,
    /// How many labels it has.
    total: u32,
    /// How many of them came out.
    progress: u32,
    /// Whether all did.
    complete: bool,
    /// Always `label`.
    output_type: String,
    /// What was printed.
    template_name: String,
    /// Always `inventreelabelmachine`: the name of printing on machines there.
    plugin: String,
    /// Always null: what came out is on paper.
    output: Option<String>,
    /// Why it is not complete and will not be by itself; null while it may.
    errors: Option<BTreeMap<String, String>>,
    /// The job's state.
    state: JobState,
    /// The machine that prints it.
    machine: String,
}

impl From<JobRecord> for DataOutput {
    fn from(job: JobRecord) -> Self {
        let over = matches!(job.state, JobState::Failed | JobState::Cancelled | JobState::Unknown);
        let error = || job.error.as_ref().map_or_else(|| job.state.name().to_owned(), |error| error.message.clone());
        Self {
            pk: job.id,
            created: job.created_at,
            total: job.label_count,
            progress: job.labels.done,
            complete: job.state == JobState::Done,
            output_type: "label".to_owned(),
            plugin: super::labels::PLUGIN.to_owned(),
            output: None,
            errors: over.then(|| [("error".to_owned(), error())].into_iter().collect()),
            state: job.state,
            machine: job.machine.to_string(),
            user: job.created_by,
            template_name: job.title,
        }
    }
}

/// Which part.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// How many.
    limit: Option<usize>,
    /// After how many.
    offset: Option<usize>,
}

/// `GET /api/data-output/`: of the latest 1,000 jobs, the newest first.
pub async fn list(
    registry: State,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> Result<Json<Listed<DataOutput>>, ApiError> {
    let all = registry.services.store.jobs(JobFilter { limit: MOST, ..caller.jobs() }).await?;
    let count = all.len();
    let at = part(count, filter.limit, filter.offset)?;
    let shown = all.into_iter().skip(at.start).take(at.len()).map(DataOutput::from).collect();
    Ok(Json(Listed::of(shown, count, filter.limit, &at)))
}

/// `GET /api/data-output/{id}/`.
pub async fn show(registry: State, caller: Caller, Path(id): Path<String>) -> Result<Json<DataOutput>, ApiError> {
    Ok(Json(seen(&registry, &caller, &id).await?.into()))
}
