//! What people decide about a job: to cancel, hold or release it, to go on with it, to print it again. Each decision leaves an
//! audit entry.
//!
//! ```text
//! queued, waiting --hold--> held --release--> queued
//! queued, held, waiting, unknown --cancel--> cancelled
//! failed, cancelled, unknown --retry--> queued
//! unknown --retry behind its last label--> done
//! done, failed, cancelled, unknown --reprint--> another job, queued
//! ```
//!
//! A job whose call runs is not touched here: its call is ended first.

use super::{NewAudit, Result, Store, StoreError, columns, job_states::changed, jobs, machines, writer::Write};
use crate::model::{DriverError, ErrorKind, JobId, JobRecord, JobState, NewEvent, Outcome};
use rusqlite::params;
use serde_json::json;

impl Store {
    /// Gives a job up whose call does not run. An `unknown` one keeps the label that may have come out.
    pub async fn cancel_job(&self, id: JobId, by: &str) -> Result<JobRecord> {
        let by = by.to_owned();
        self.write(move |write| {
            let job = jobs::find(write.db, id)?;
            let doubt = match (job.state, job.labels.started) {
                (JobState::Unknown, Some(index)) => format!("; whether its label {} came out is not known", index + 1),
                _ => String::new(),
            };
            let error = DriverError::cancelled(format!("cancelled by {by}{doubt}"));
            let count = write
                .db
                .prepare_cached(
                    "UPDATE jobs SET state = 'cancelled', error = ?2, next_try_at = NULL, finished_at = ?3,
                                     label_started = NULL
                     WHERE id = ?1 AND (state = 'unknown'
                        OR state IN ('queued', 'held', 'waiting') AND label_started IS NULL)",
                )?
                .execute((id.0, columns::to_json(&error)?, write.now.0))?;
            let job = changed(write, &job, count, "cancelled")?;
            decided(write, &by, "job.cancel", id, json!({}))?;
            Ok(job)
        })
        .await
    }

    /// Notes that somebody gave a job up whose call runs: how it ended, the job says when the call has.
    pub async fn note_cancel(&self, id: JobId, by: &str) -> Result<()> {
        let by = by.to_owned();
        self.write(move |write| decided(write, &by, "job.cancel", id, json!({}))).await
    }

    /// Keeps a job that has not begun, or waits for another attempt, from running. It keeps its place in the queue.
    pub async fn hold_job(&self, id: JobId, by: &str) -> Result<JobRecord> {
        let by = by.to_owned();
        self.write(move |write| {
            let job = jobs::find(write.db, id)?;
            let words = format!("held by {by}: `ostler job release {id}` lets it go on");
            let error = DriverError::new(ErrorKind::NeedsAttention, "held", words).with_outcome(Outcome::NotSent);
            let count = write
                .db
                .prepare_cached(
                    "UPDATE jobs SET state = 'held', error = ?2, next_try_at = NULL
                     WHERE id = ?1 AND state IN ('queued', 'waiting') AND label_started IS NULL",
                )?
                .execute((id.0, columns::to_json(&error)?))?;
            let job = changed(write, &job, count, "held")?;
            decided(write, &by, "job.hold", id, json!({}))?;
            Ok(job)
        })
        .await
    }

    /// Lets a held job go on, in its place.
    pub async fn release_job(&self, id: JobId, by: &str) -> Result<JobRecord> {
        let by = by.to_owned();
        self.write(move |write| {
            let job = jobs::find(write.db, id)?;
            let sql = "UPDATE jobs SET state = 'queued', error = NULL WHERE id = ?1 AND state = 'held'";
            let count = write.db.prepare_cached(sql)?.execute([id.0])?;
            let job = changed(write, &job, count, "released")?;
            decided(write, &by, "job.release", id, json!({}))?;
            Ok(job)
        })
        .await
    }

    /// Goes on with a job that is over, at label `from` (index from 0), which may be one that was finished before. Without
    /// it: at the first label that is not finished, unless one is in doubt. An `unknown` job whose last label came out
    /// after all is `done` when it goes on behind that.
    pub async fn retry_job(&self, id: JobId, from: Option<u32>, by: &str) -> Result<JobRecord> {
        let by = by.to_owned();
        self.write(move |write| {
            let job = jobs::find(write.db, id)?;
            machines::find(write.db, job.machine)?;
            let from = first_label(&job, from)?;
            let count = if job.label_count > 0 && from == job.label_count {
                // Somebody saw it. That is all the proof there is.
                write
                    .db
                    .prepare_cached(
                        "UPDATE jobs SET state = 'done', error = NULL, finished_at = ?3, labels_done = ?2,
                                         label_started = NULL, label_proof = 'sent'
                         WHERE id = ?1 AND state = 'unknown'",
                    )?
                    .execute((id.0, from, write.now.0))?
            } else {
                write
                    .db
                    .prepare_cached(
                        "UPDATE jobs SET state = 'queued', error = NULL, next_try_at = NULL, finished_at = NULL,
                                         labels_done = ?2, label_started = NULL,
                                         label_proof = CASE WHEN ?2 = 0 THEN NULL
                                                            WHEN ?2 > labels_done THEN 'sent' -- somebody saw it
                                                            ELSE label_proof END
                         WHERE id = ?1 AND state IN ('failed', 'cancelled', 'unknown')",
                    )?
                    .execute((id.0, from))?
            };
            let job = changed(write, &job, count, "tried again")?;
            decided(write, &by, "job.retry", id, json!({ "from": from }))?;
            Ok(job)
        })
        .await
    }

    /// Stores a new job that prints all of a job that is over again.
    pub async fn reprint_job(&self, id: JobId, by: &str) -> Result<JobRecord> {
        let by = by.to_owned();
        self.write(move |write| {
            let old = jobs::find(write.db, id)?;
            machines::find(write.db, old.machine)?;
            if !old.state.is_over() {
                let what = format!("job {id} is {}: only a job that is over is printed again", old.state.name());
                return Err(StoreError::conflict(what));
            }
            write
                .db
                .prepare_cached(
                    "INSERT INTO jobs (machine_id, machine_name, function, state, title, media_type, document_id, copies,
                                       label_count, options, created_at, reprint_of, created_by)
                     SELECT machine_id, machines.name, function, 'queued', title, media_type, document_id, copies,
                            label_count, options, ?2, ?1, ?3
                     FROM jobs JOIN machines ON machines.id = machine_id WHERE jobs.id = ?1",
                )?
                .execute((id.0, write.now.0, &by))?;
            let new = JobId(write.db.last_insert_rowid());
            write
                .db
                .prepare_cached(
                    "INSERT INTO job_fields (job_id, fields) SELECT ?2, fields FROM job_fields WHERE job_id = ?1",
                )?
                .execute(params![id.0, new.0])?;
            let data = json!({ "from": null, "to": JobState::Queued, "title": old.title, "reprint-of": id });
            write.event(NewEvent::new("job.state-changed", data).of_machine(old.machine).of_job(new))?;
            decided(write, &by, "job.reprint", id, json!({ "job": new }))?;
            jobs::find(write.db, new)
        })
        .await
    }
}

/// Where a job goes on.
fn first_label(job: &JobRecord, from: Option<u32>) -> Result<u32> {
    let (id, count) = (job.id, job.label_count);
    match (from, job.labels.started) {
        (None, Some(index)) if job.state == JobState::Unknown => {
            let (label, next) = (index + 1, index + 2);
            Err(StoreError::conflict(format!(
                "whether label {label} of job {id} came out is not known: look at the printer, and say where to go on: with \
                 --from {label} it is printed again, with --from {next} it is not"
            )))
        }
        (None, _) => Ok(job.labels.done.min(count.saturating_sub(1))),
        (Some(from), Some(_)) if from == count && job.state == JobState::Unknown => Ok(from),
        (Some(from), _) if from < count.max(1) => Ok(from),
        (Some(from), _) => {
            let what = format!("job {id} has {count} labels, so it cannot go on at label {}", from.saturating_add(1));
            Err(StoreError::conflict(what))
        }
    }
}

fn decided(write: &mut Write<'_>, who: &str, action: &str, id: JobId, after: serde_json::Value) -> Result<()> {
    write.audit(&NewAudit {
        who: who.to_owned(),
        action: action.to_owned(),
        subject: format!("job:{id}"),
        before: None,
        after: Some(after),
    })
}
