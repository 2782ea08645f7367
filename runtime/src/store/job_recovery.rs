//! Jobs whose call can no longer end by itself: those that ran when the daemon stopped, and those of a machine that
//! is removed. What may be on the wire becomes `unknown`; nothing here prints anything again.

use super::{Result, Store, columns, job_states, jobs, writer::Write};
use crate::model::{DriverError, ErrorKind, JobRecord, JobState, MachineRecord, Outcome};

/// Jobs whose call was running.
pub(super) const LEFT_RUNNING: &str = "state = 'printing' OR label_started IS NOT NULL";

impl Store {
    /// Settles the jobs that a stopped daemon left behind; call it once at start, before any job runs. A job with a
    /// started and unfinished label becomes `unknown`. One whose labels are all finished becomes `done`. Another one
    /// that was printing is `queued` again and goes on with its first unfinished label. The answer is these jobs.
    pub async fn recover_jobs(&self) -> Result<Vec<JobRecord>> {
        self.write(|write| {
            jobs::select_open(write.db, LEFT_RUNNING, None)?.iter().map(|job| recover(write, job)).collect()
        })
        .await
    }
}

fn recover(write: &mut Write<'_>, job: &JobRecord) -> Result<JobRecord> {
    let all_done = job.label_count > 0 && job.labels.done >= job.label_count;
    match job.labels.started {
        Some(index) => {
            let error = on_the_wire(job, index, "daemon-stopped", "when ostler stopped");
            end(write, job, JobState::Unknown, Some(&error))
        }
        None if all_done => end(write, job, JobState::Done, None),
        // A call has no ledger of what it did.
        None if job.label_count == 0 => {
            let message = format!(
                "`{}` was running when ostler stopped, and nobody knows how far it came. Look at the machine; `ostler job retry {}` calls it again.",
                job.function, job.id
            );
            let error = DriverError::new(ErrorKind::NeedsAttention, "daemon-stopped", message);
            end(write, job, JobState::Unknown, Some(&error.with_outcome(Outcome::Unknown)))
        }
        None => {
            let sql = "UPDATE jobs SET state = 'queued', error = NULL WHERE id = ?1 AND state = 'printing'";
            let count = write.db.prepare_cached(sql)?.execute([job.id.0])?;
            job_states::changed(write, job, count, "queued again")
        }
    }
}

impl Write<'_> {
    /// Ends the open jobs of a machine that is being removed.
    pub(super) fn end_jobs_of_removed(&mut self, machine: &MachineRecord, by: &str) -> Result<()> {
        let open = jobs::select_open(self.db, "machine_id = ?1", Some(machine.id.to_string()))?;
        for job in open.into_iter().chain(jobs::select_held(self.db, machine.id)?) {
            if let Some(index) = job.labels.started {
                let error = on_the_wire(&job, index, "machine-removed", "when the machine was removed");
                end(self, &job, JobState::Unknown, Some(&error))?;
            } else {
                let what = format!("cancelled: the machine '{}' was removed by {by}", machine.name);
                end(self, &job, JobState::Cancelled, Some(&DriverError::cancelled(what)))?;
            }
        }
        Ok(())
    }
}

/// For people labels count from 1.
fn on_the_wire(job: &JobRecord, index: u32, code: &str, when: &str) -> DriverError {
    let (id, label, next, count) = (job.id, index + 1, index + 2, job.label_count);
    DriverError {
        kind: ErrorKind::NeedsAttention,
        code: code.to_owned(),
        message: format!(
            "Label {label} of {count} was being sent {when}, and nobody knows whether it came out. Nothing is printed \
             by itself: look at the printer, then go on with `ostler job retry {id} --from {label}`, or --from {next} if it came out."
        ),
        outcome: Outcome::Unknown,
        retry_after_ms: None,
    }
}

fn end(write: &mut Write<'_>, job: &JobRecord, state: JobState, error: Option<&DriverError>) -> Result<JobRecord> {
    let error = error.map(columns::to_json).transpose()?;
    let count = write
        .db
        .prepare_cached(
            "UPDATE jobs SET state = ?2, error = ?3, next_try_at = NULL, finished_at = ?4
             WHERE id = ?1 AND state IN ('queued', 'held', 'printing', 'waiting')",
        )?
        .execute((job.id.0, state.name(), error, write.now.0))?;
    job_states::changed(write, job, count, &format!("ended as {}", state.name()))
}
