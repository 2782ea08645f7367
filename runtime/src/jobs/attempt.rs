//! One attempt at a job: its document and its ledger go into a print call, and what comes out is committed.

use super::{Settlement, settle};
use crate::{
    broker::{Call, Machine, PrintRun, Services},
    instance::CallEnd,
    model::{DriverError, ErrorKind, JobRecord, JobState, Timestamp},
    store::StoreError,
};
use std::sync::Arc;

/// An attempt that has begun: the store knows that it prints.
pub struct Attempt {
    /// The job.
    pub job: JobRecord,
    /// The call to make.
    pub call: Arc<Call>,
    run: Arc<PrintRun>,
    services: Arc<Services>,
}

impl Attempt {
    /// Begins an attempt. Nothing, when the job cannot be begun because somebody cancelled it meanwhile.
    pub async fn begin(
        job: JobRecord,
        machine: &Arc<Machine>,
        services: &Arc<Services>,
    ) -> Result<Option<Self>, StoreError> {
        let content = services.store.content(job.id).await?;
        let job = match services.store.start_job(job.id).await {
            Ok(job) => job,
            Err(StoreError::Conflict { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let run = PrintRun::new(job.clone(), content, services.store.clone());
        let call = Call::of_print(Arc::clone(machine), Arc::clone(&run));
        Ok(Some(Self { job, call, run, services: Arc::clone(services) }))
    }

    /// Settles the job by how the call ended and commits that. `cancelled` says that an operator asked for the end.
    pub async fn finish(self, end: &CallEnd, cancelled: bool) -> Result<Settlement, StoreError> {
        let standing = self.run.standing();
        let settlement = settle(end, standing, self.job.label_count, self.job.attempts, cancelled);
        let store = &self.services.store;
        match &settlement {
            Settlement::Over { state, error } => {
                store.finish_job(self.job.id, *state, error.clone()).await?;
            }
            Settlement::Again { error, after } => {
                store.defer_job(self.job.id, error.clone(), Some(Timestamp::now().after(*after))).await?;
            }
        }
        Ok(settlement)
    }
}

/// The error that a machine shows for a settlement, if it should.
pub fn shown(settlement: &Settlement) -> Option<DriverError> {
    match settlement {
        Settlement::Over { state: JobState::Failed | JobState::Unknown, error } => error.clone(),
        Settlement::Again { error, .. } if error.kind != ErrorKind::Cancelled => Some(error.clone()),
        _ => None,
    }
}
