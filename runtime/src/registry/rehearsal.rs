//! A rehearsal: a driver's own print function, without its device.
//!
//! It runs in an instance that is thrown away afterwards and with a machine that only plays the real one, so that nothing of
//! it is seen by the driver's other calls, by the operator or by the device. What the attempt notes is what came of it.

use super::{Driver, Entry, Registry};
use crate::{
    broker::{Call, Machine, PrintRun},
    instance::{InstanceState, Payload, code::CodeError},
    jobs::{Submission, SubmitError, submit::check},
    model::{Digest, DriverError, JobContent, JobId, JobRecord, JobState, LabelProgress, NewJob, Timestamp},
};
use ostler_render::template;
use std::{collections::BTreeMap, sync::Arc};
use thiserror::Error;
use tokio::sync::SemaphorePermit;

/// Why nothing was rehearsed.
#[derive(Debug, Error)]
pub enum RehearsalError {
    /// The document or its options would be refused for printing as well.
    #[error(transparent)]
    Submission(#[from] SubmitError),
    /// The driver is not there.
    #[error(
        "driver '{0}' is not enabled, so nobody knows what it would print; `ostler driver list` shows what is there"
    )]
    DriverMissing(String),
    /// The driver's code could not be loaded.
    #[error("the driver could not be loaded: {0}")]
    Code(#[from] CodeError),
    /// The daemon ends.
    #[error("ostler stops, and rehearses nothing any more")]
    Stopping,
}

/// A job that is only rehearsed, and the driver that is to do it.
pub(super) struct Rehearsal<'a> {
    driver: Arc<Driver>,
    /// Plays the entry's machine.
    pub machine: Arc<Machine>,
    /// The job as it would be stored, about to print `labels.done`.
    pub job: JobRecord,
    /// What it prints.
    pub content: JobContent,
    /// Each takes as much memory as a driver may.
    _turn: SemaphorePermit<'a>,
}

impl Registry {
    /// Checks a submission as for printing, and gets its driver ready to rehearse it.
    pub(super) async fn rehearsal(
        &self,
        entry: &Entry,
        submission: Submission,
    ) -> Result<Rehearsal<'_>, RehearsalError> {
        self.learn_density(entry, &submission).await;
        let checked = check(&self.services, &self.intake(entry), &submission).await?;
        self.prepare(entry, checked.job(submission)).await
    }

    /// One label of a template's sample, as far as it can be had without a check.
    pub(super) async fn rehearsal_of_sample(
        &self,
        entry: &Entry,
        template: &[u8],
    ) -> Result<Rehearsal<'_>, RehearsalError> {
        let sample = template::parse(&String::from_utf8_lossy(template)).map(|template| template.sample_row());
        let function = entry.machine.machine_type.print_functions().next().cloned();
        let job = NewJob {
            machine: entry.machine.id,
            function: function.unwrap_or_default(),
            document: template.to_vec(),
            media_type: template::MEDIA_TYPE.to_owned(),
            title: String::new(),
            copies: 1,
            label_count: 1,
            options: BTreeMap::new(),
            fields: vec![sample.unwrap_or_default()],
            key: None,
            by: String::new(),
        };
        self.prepare(entry, job).await
    }

    async fn prepare(&self, entry: &Entry, job: NewJob) -> Result<Rehearsal<'_>, RehearsalError> {
        let slug = &entry.machine.driver;
        let driver = self.driver(slug).ok_or_else(|| RehearsalError::DriverMissing(slug.to_string()))?;
        let (job, content) = pretend(job, entry.machine.name());
        let turn = self.rehearsals.acquire().await.map_err(|_| RehearsalError::Stopping)?;
        Ok(Rehearsal { driver, machine: entry.machine.stand_in(), job, content, _turn: turn })
    }
}

impl Rehearsal<'_> {
    /// Runs the driver's print function to its end. The answer is the driver's failure, if it failed.
    pub async fn play(&self, run: &Arc<PrintRun>) -> Result<Option<DriverError>, CodeError> {
        let instance = self.driver.rehearsal().await?;
        let mut state = instance.state();
        let ended = |reason: String| Ok(Some(DriverError::transient("instance-ended", reason)));
        let generation = loop {
            let now = state.borrow_and_update().clone();
            match now {
                InstanceState::Up { generation } => break generation,
                InstanceState::Down { reason } | InstanceState::Resting { reason } => return ended(reason),
                InstanceState::Starting | InstanceState::Stopped => {}
            }
            if state.changed().await.is_err() {
                return ended("its instance ended".to_owned());
            }
        };
        let call = Call::of_print(Arc::clone(&self.machine), Arc::clone(run));
        let end = instance.call(generation, call, Payload::Function(run.job.function.clone())).await;
        Ok(end.failure())
    }
}

/// The job as it would be stored, while it prints.
fn pretend(job: NewJob, machine_name: String) -> (JobRecord, JobContent) {
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
        labels: LabelProgress::default(),
        attempts: 1,
        error: None,
        next_try_at: None,
        created_at: Timestamp::now(),
        created_by: String::new(),
        started_at: None,
        finished_at: None,
        reprint_of: None,
    };
    (record, content)
}
