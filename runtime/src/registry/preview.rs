//! A preview: the dots that a machine's driver would print, without its device.
//!
//! The driver's own print function is rehearsed, in an instance that is thrown away afterwards and with a machine that only
//! plays the real one, so that nothing of it is seen by the driver's other calls, by the operator or by the device. It ends
//! as soon as the driver asks for the label as dots.

use super::{Driver, Entry, Registry};
use crate::{
    broker::{Call, PrintRun},
    instance::{InstanceState, Payload, code::CodeError},
    jobs::{Submission, SubmitError, submit::check},
    model::{Digest, DriverError, JobContent, JobId, JobRecord, JobState, LabelProgress, NewJob, Timestamp},
};
use ostler_render::{Output, RenderError, Rendered};
use std::{sync::Arc, time::Duration};
use thiserror::Error;

/// How long a driver may take to ask for its dots.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why there is no preview.
#[derive(Debug, Error)]
pub enum PreviewError {
    /// The document or its options would be refused for printing as well.
    #[error(transparent)]
    Submission(#[from] SubmitError),
    /// The document has fewer labels.
    #[error("there is no label {label}: the document has {labels}")]
    NoSuchLabel {
        /// Its number, from 1.
        label: u32,
        /// How many there are.
        labels: u32,
    },
    /// The driver is not there.
    #[error(
        "driver '{0}' is not enabled, so nobody knows what it would print; `ostler driver list` shows what is there"
    )]
    DriverMissing(String),
    /// The driver's code could not be loaded.
    #[error("the driver could not be loaded: {0}")]
    Code(#[from] CodeError),
    /// The driver failed before it asked for dots.
    #[error("the driver failed before it asked for the label's dots: {0}")]
    Driver(DriverError),
    /// The driver prints the document in some other way.
    #[error("the driver prints this document without asking for its dots: only the device knows how it will look")]
    NoDots,
    /// The dots could not be made.
    #[error("the label cannot be drawn: {0}")]
    Render(RenderError),
}

impl Registry {
    /// The dots of label `label` (from 0) of a document, as this machine's driver would get them: a PNG.
    pub async fn preview(&self, entry: &Entry, submission: Submission, label: u32) -> Result<Vec<u8>, PreviewError> {
        let job = check(&self.services, &self.intake(entry), submission).await?;
        if label >= job.label_count {
            return Err(PreviewError::NoSuchLabel { label: label.saturating_add(1), labels: job.label_count });
        }
        let slug = &entry.machine.driver;
        let driver = self.driver(slug).ok_or_else(|| PreviewError::DriverMissing(slug.to_string()))?;
        let (job, content) = pretend(job, entry.machine.name(), label);
        let (document, media_type) = (content.document.clone(), job.media_type.clone());
        // Each may take as much memory as a driver may.
        let Ok(_turn) = self.rehearsals.acquire().await else { return Err(PreviewError::NoDots) };
        let run = PrintRun::rehearsal(job, content, label);
        let failure = tokio::select! {
            () = run.until_asked() => PreviewError::NoDots,
            failure = rehearse(&driver, entry, &run) => failure,
            () = tokio::time::sleep(PATIENCE) => {
                let message = format!("nothing came of it within {} seconds", PATIENCE.as_secs());
                PreviewError::Driver(DriverError::transient("timeout", message))
            }
        };
        // A driver may have asked and come to its end since.
        let raster = run.asked().ok_or(failure)?;
        let render = &self.services.render;
        match render.render_page(&document, &media_type, label, raster, Output::Png).await {
            Ok(Rendered::Png(file)) => Ok(file),
            Ok(Rendered::Bitmap(_) | Rendered::Pdf(_)) => Err(PreviewError::NoDots),
            Err(error) => Err(PreviewError::Render(error)),
        }
    }
}

/// Runs the driver's print function to its end, which means that it never asked for the dots.
async fn rehearse(driver: &Driver, entry: &Entry, run: &Arc<PrintRun>) -> PreviewError {
    let instance = match driver.rehearsal().await {
        Ok(instance) => instance,
        Err(error) => return error.into(),
    };
    let mut state = instance.state();
    let generation = loop {
        let now = state.borrow_and_update().clone();
        match now {
            InstanceState::Up { generation } => break generation,
            InstanceState::Down { reason } | InstanceState::Resting { reason } => {
                return PreviewError::Driver(DriverError::transient("instance-ended", reason));
            }
            InstanceState::Starting | InstanceState::Stopped => {}
        }
        if state.changed().await.is_err() {
            return PreviewError::Driver(DriverError::transient("instance-ended", "its instance ended"));
        }
    };
    let call = Call::of_print(entry.machine.stand_in(), Arc::clone(run));
    let end = instance.call(generation, call, Payload::Function(run.job.function.clone())).await;
    end.failure().map_or(PreviewError::NoDots, PreviewError::Driver)
}

/// The job as it would be stored, about to print `label`.
fn pretend(job: NewJob, machine_name: String, label: u32) -> (JobRecord, JobContent) {
    let content = JobContent { document: job.document, fields: job.fields };
    let record = JobRecord {
        id: JobId(0),
        machine: job.machine,
        machine_name,
        function: job.function,
        state: JobState::Printing,
        title: job.title,
        media_type: job.media_type,
        document: Digest::of(&content.document),
        copies: job.copies,
        label_count: job.label_count,
        options: job.options,
        labels: LabelProgress { done: label, started: None, proof: None },
        attempts: 1,
        error: None,
        next_try_at: None,
        created_at: Timestamp::now(),
        started_at: None,
        finished_at: None,
        reprint_of: None,
    };
    (record, content)
}
