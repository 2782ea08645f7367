//! What is there for a caller: a machine that they may not see is not, and neither are its jobs.

use super::Caller;
use crate::{
    model::{JobId, JobRecord, MachineId},
    registry::{Entry, Registry},
    store::{JobFilter, StoreError},
};

impl Caller {
    /// The machine of an id as it was written, if it is there for them.
    pub fn machine(&self, registry: &Registry, id: &str) -> Option<Entry> {
        let id: MachineId = id.parse().ok()?;
        if self.sees(id) { registry.machine(id) } else { None }
    }

    /// The machines that are there for them, oldest first.
    pub fn machines_of(&self, registry: &Registry) -> Vec<Entry> {
        let mut machines = registry.machines();
        machines.retain(|entry| self.sees(entry.machine.id));
        machines
    }

    /// A job. [`StoreError::NotFound`] if it is not there for them.
    pub async fn job(&self, registry: &Registry, id: JobId) -> Result<JobRecord, StoreError> {
        let job = registry.services.store.job(id).await?;
        if self.sees(job.machine) { Ok(job) } else { Err(StoreError::no_job(id)) }
    }

    /// The latest jobs that are there for them.
    pub fn jobs(&self) -> JobFilter {
        JobFilter { among: self.machines().map(|machines| machines.iter().copied().collect()), ..JobFilter::default() }
    }
}
