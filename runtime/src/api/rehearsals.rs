//! What would become of a document: the dots that a machine would print, and all that its driver would send.

use super::{
    ApiError, State,
    extract::{Json, Path, file},
    machines::find,
    submission::Submitted,
};
use crate::{
    access::Caller,
    broker::print::SentLabel,
    model::{DriverError, Proof},
    registry::dry_run::DryRun,
};
use axum::{extract::Request, response::Response};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use ostler_render::Raster;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `POST /api/machine/{id}/preview/?label=N`: the body is a document as for a job, the answer the dots of its label N (from
/// 1) as a PNG.
pub async fn preview(
    registry: State,
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let entry = find(&registry, &caller, &id)?;
    let mut submitted = Submitted::read(&registry, &caller, request).await?;
    let label = submitted.number("label")?.unwrap_or(1);
    let index = label.checked_sub(1).ok_or_else(|| ApiError::field("label", "Labels are counted from 1."))?;
    let png = registry.preview(&entry, submitted.finish()?, index).await?;
    Ok(file("image/png", png))
}

/// What came of a dry run.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct DryRunView {
    /// How many labels the job has.
    pub label_count: u32,
    /// How often each is printed.
    pub copies: u32,
    /// The labels, as far as the driver came.
    pub labels: Vec<SentView>,
    /// Why the driver came no further, if it did not come to its end.
    pub error: Option<DriverError>,
    /// What the driver wrote to the log: level and message.
    pub log: Vec<(String, String)>,
}

/// A label of a dry run.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct SentView {
    /// Its number, from 1.
    pub label: u32,
    /// What was sent, in base64.
    pub bytes: String,
    /// What the driver said when it was done; nothing when it was not.
    pub proof: Option<Proof>,
    /// The dots that the driver asked for, if it asked for any.
    #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")]
    pub raster: Option<Raster>,
}

impl SentView {
    /// What was sent; nothing when it is not base64.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        BASE64.decode(&self.bytes).ok()
    }
}

/// `POST /api/machine/{id}/dry-run/`: the body is a document as for a job, the answer everything that the machine's driver
/// would send. Nothing is printed or stored.
pub async fn dry_run(
    registry: State,
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<DryRunView>, ApiError> {
    let entry = find(&registry, &caller, &id)?;
    let submission = Submitted::read(&registry, &caller, request).await?.finish()?;
    let DryRun { job, labels, error, log } = registry.dry_run(&entry, submission).await?;
    let sent = |SentLabel { index, raster, bytes, proof }| SentView {
        label: index + 1,
        bytes: BASE64.encode(bytes),
        proof,
        raster,
    };
    Ok(Json(DryRunView {
        label_count: job.label_count,
        copies: job.copies,
        labels: labels.into_iter().map(sent).collect(),
        error,
        log: log.into_iter().map(|line| (line.level.to_owned(), line.message)).collect(),
    }))
}
