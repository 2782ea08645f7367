//! The ledger of a job's labels: what was begun, and what is finished with which proof.
//!
//! Invariants, held by the statements below: labels go in order and one at a time, only while the job's call runs,
//! and the job keeps the weakest proof of its labels. Each label is written twice, so the statements are few, short
//! and prepared once.
//!
//! That a label is finished is written with the next entry of its job, whichever that is: see [`InHand`].

use super::{Result, Store, StoreError, job_states, jobs, writer::Write};
use crate::model::{FinishedLabel, JobId, NewEvent, Proof};
use rusqlite::{OptionalExtension, params};
use serde_json::{Value, json};

/// A job whose call runs, or has just ended, with the label that is finished and not in its ledger yet. Entries and
/// transitions of the job that take this write the label down first, in the same commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InHand {
    /// The job.
    pub job: JobId,
    /// The label; it may be in the ledger nevertheless, when nobody heard what came of an earlier try.
    pub finished: Option<FinishedLabel>,
}

impl From<JobId> for InHand {
    /// All that is finished is in the ledger.
    fn from(job: JobId) -> Self {
        Self { job, finished: None }
    }
}

impl InHand {
    pub(super) fn write_down(self, write: &mut Write<'_>) -> Result<JobId> {
        if let Some(FinishedLabel { index, proof }) = self.finished {
            let sql = "SELECT 1 FROM jobs WHERE id = ?1 AND labels_done > ?2";
            if !write.db.prepare_cached(sql)?.exists((self.job.0, index))? {
                done(write, self.job, index, proof)?;
            }
        }
        Ok(self.job)
    }
}

impl Store {
    /// Commits that label `index` (from 0) is about to be sent. Call it before the first byte.
    /// [`StoreError::Conflict`] when it is not this label's turn.
    pub async fn label_started(&self, job: impl Into<InHand>, index: u32) -> Result<()> {
        let job = job.into();
        self.write(move |write| {
            let id = job.write_down(write)?;
            let machine: Option<String> = write
                .db
                .prepare_cached(
                    "UPDATE jobs SET label_started = ?2
                     WHERE id = ?1 AND state = 'printing' AND label_started IS NULL
                       AND labels_done = ?2 AND ?2 < label_count
                     RETURNING machine_id",
                )?
                .query_row((id.0, index), |row| row.get(0))
                .optional()?;
            let machine = machine.ok_or_else(|| refusal(write, id, index, "started"))?;
            announce(write, id, &machine, "job.label-started", json!({ "index": index }))
        })
        .await
    }

    /// Commits that label `index` is finished, and how sure the driver is. [`StoreError::Conflict`] when this label
    /// was not started.
    pub async fn label_done(&self, id: JobId, index: u32, proof: Proof) -> Result<()> {
        self.write(move |write| done(write, id, index, proof)).await
    }

    /// Commits the label that is finished, and nothing else.
    pub async fn write_down(&self, job: InHand) -> Result<()> {
        if job.finished.is_none() {
            return Ok(());
        }
        self.write(move |write| job.write_down(write).map(drop)).await
    }
}

fn done(write: &mut Write<'_>, id: JobId, index: u32, proof: Proof) -> Result<()> {
    // A job that waits for its device inside its call may hear from the device first that the label came out. Then it waits
    // no longer.
    let waited = write
        .db
        .prepare_cached("SELECT 1 FROM jobs WHERE id = ?1 AND state = 'waiting' AND label_started = ?2")?
        .exists((id.0, index))?;
    if waited {
        job_states::resume(write, id)?;
    }
    let machine: Option<String> = write
        .db
        .prepare_cached(
            "UPDATE jobs SET label_started = NULL, labels_done = ?2 + 1, label_proof =
               CASE WHEN 'sent' IN (label_proof, ?3) THEN 'sent'
                    WHEN 'acknowledged' IN (label_proof, ?3) THEN 'acknowledged'
                    ELSE ?3 END
             WHERE id = ?1 AND state = 'printing' AND label_started = ?2
             RETURNING machine_id",
        )?
        .query_row(params![id.0, index, proof.name()], |row| row.get(0))
        .optional()?;
    let machine = machine.ok_or_else(|| refusal(write, id, index, "finished"))?;
    announce(write, id, &machine, "job.label-done", json!({ "index": index, "proof": proof }))
}

fn announce(write: &mut Write<'_>, id: JobId, machine: &str, kind: &'static str, data: Value) -> Result<()> {
    let machine = machine.parse().map_err(|error| StoreError::Corrupt { what: format!("job {id}: {error}") })?;
    write.event(NewEvent::new(kind, data).of_machine(machine).of_job(id))?;
    Ok(())
}

/// Why a label cannot be marked.
fn refusal(write: &Write<'_>, id: JobId, index: u32, wish: &str) -> StoreError {
    match jobs::find(write.db, id) {
        Ok(job) => {
            let started =
                job.labels.started.map_or(String::new(), |started| format!(", label index {started} is started"));
            StoreError::conflict(format!(
                "the label with index {index} of job {id} cannot be marked as {wish}: the job is {}, {} of {} labels \
                 are finished{started}",
                job.state.name(),
                job.labels.done,
                job.label_count,
            ))
        }
        Err(error) => error,
    }
}
