//! A dry run: everything that a machine's driver would send to its device, which is not there.
//!
//! The driver's own print function is rehearsed to its end, with a device that takes every byte and never answers.

use super::{Entry, Registry, rehearsal::RehearsalError};
use crate::{
    broker::{LogLine, PrintRun, print::SentLabel},
    jobs::Submission,
    model::{DriverError, JobRecord},
};
use std::time::Duration;

/// How long it may take. Drivers wait for answers of a device that gives none.
const PATIENCE: Duration = Duration::from_mins(2);

/// What came of a dry run.
#[derive(Debug)]
pub struct DryRun {
    /// The job as it would have been stored.
    pub job: JobRecord,
    /// What was sent, label by label, as far as the driver came.
    pub labels: Vec<SentLabel>,
    /// Why the driver came no further, if it did not come to its end.
    pub error: Option<DriverError>,
    /// What the driver wrote to the machine's log meanwhile.
    pub log: Vec<LogLine>,
}

impl Registry {
    /// Prints a submission to nowhere, and keeps what was sent.
    pub async fn dry_run(&self, entry: &Entry, submission: Submission) -> Result<DryRun, RehearsalError> {
        let rehearsal = self.rehearsal(entry, submission).await?;
        let run = PrintRun::dry(rehearsal.job.clone(), rehearsal.content.clone());
        let error = match tokio::time::timeout(PATIENCE, rehearsal.play(&run)).await {
            Ok(played) => played?,
            Err(_) => {
                let message = format!("it did not come to its end within {} seconds", PATIENCE.as_secs());
                Some(DriverError::transient("timeout", message))
            }
        };
        let log = rehearsal.machine.log.lines();
        Ok(DryRun { job: rehearsal.job, labels: run.sent(), error, log })
    }
}
