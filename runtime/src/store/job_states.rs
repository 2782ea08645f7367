//! The transitions of a job that its call and its device make; what people decide is in `job_decisions`. Each is one statement
//! that names the states it may come from, so an illegal one changes nothing and is answered with [`StoreError::Conflict`].
//!
//! ```text
//! queued ----start----> printing ----finish----> done, failed, cancelled, unknown
//!                        |  ^  |
//!                     defer |  wait_for_device
//!                        v  |  v
//!            start <-- waiting --> resume, finish
//! ```
//!
//! A label that is started and not done may be on the wire. Such a job is put off, failed or cancelled only with an
//! error whose outcome says that the label was not sent or not printed. Otherwise it must be finished as `unknown`,
//! so that a mistake elsewhere cannot print a label twice.

use super::{InHand, Result, Store, StoreError, columns, jobs, writer::Write};
use crate::model::{
    DriverError, JobContent, JobId, JobRecord, JobState, LabelProgress, MachineId, NewEvent, Outcome, Timestamp,
};
use rusqlite::{Connection, params};
use serde_json::json;

/// Documents beyond so many bytes are not read on the writer's thread.
const LARGE_DOCUMENT: i64 = 1 << 20;

impl Store {
    /// `queued` or `waiting` to `printing`: the call begins, which counts as an attempt. [`StoreError::Conflict`]
    /// also when another job of the machine is printing, and when the job was moved to another machine.
    pub async fn start_job(&self, id: JobId, machine: MachineId) -> Result<JobRecord> {
        self.write(move |write| {
            let job = jobs::find(write.db, id)?;
            if job.machine != machine {
                return Err(StoreError::conflict(format!("job {id} was moved to '{}'", job.machine_name)));
            }
            start(write, &job)
        })
        .await
    }

    /// `printing` to `waiting` inside a call that goes on: the device wants attention in the middle of a label, such as new
    /// media. The label stays started, which tells these jobs from those that wait for another attempt.
    pub async fn wait_for_device(&self, id: JobId, error: DriverError) -> Result<JobRecord> {
        self.write(move |write| {
            let job = jobs::find(write.db, id)?;
            let sql = "UPDATE jobs SET state = 'waiting', error = ?2
                       WHERE id = ?1 AND state = 'printing' AND label_started IS NOT NULL";
            let count = write.db.prepare_cached(sql)?.execute((id.0, columns::to_json(&error)?))?;
            changed(write, &job, count, "made to wait")
        })
        .await
    }

    /// `waiting` back to `printing` inside the same call: the device has recovered. No new attempt.
    pub async fn resume_job(&self, id: JobId) -> Result<JobRecord> {
        self.write(move |write| resume(write, id)).await
    }

    /// `printing` or `waiting` to `waiting`: the call is over and is tried again, at a time or (without one) when the
    /// device has recovered. A started label is taken back; the error says that it was not sent or not printed.
    pub async fn defer_job(
        &self,
        job: impl Into<InHand>,
        error: DriverError,
        next_try_at: Option<Timestamp>,
    ) -> Result<JobRecord> {
        let job = job.into();
        self.write(move |write| {
            let id = job.write_down(write)?;
            let job = jobs::find(write.db, id)?;
            check_label(&job, Some(&error), "put off")?;
            let count = write
                .db
                .prepare_cached(
                    "UPDATE jobs SET state = 'waiting', error = ?2, next_try_at = ?3, label_started = NULL
                     WHERE id = ?1 AND state IN ('printing', 'waiting')",
                )?
                .execute(params![id.0, columns::to_json(&error)?, next_try_at.map(|time| time.0)])?;
            changed(write, &job, count, "put off")
        })
        .await
    }

    /// `printing` or `waiting` to a state that is over. `done` needs every label finished and comes from `printing`;
    /// `unknown` keeps the started label, which is the one to look for at the device.
    pub async fn finish_job(
        &self,
        job: impl Into<InHand>,
        state: JobState,
        error: Option<DriverError>,
    ) -> Result<JobRecord> {
        let job = job.into();
        self.write(move |write| finish(write, job, state, error.as_ref())).await
    }

    /// [`Self::finish_job`], and [`Self::start_job`] for the machine's next job if that is due, with one commit. Nothing when no
    /// job is, or its document is so large that it should be read elsewhere. Without what it prints, if it is the one of which
    /// that is `known`.
    pub async fn finish_job_and_start_next(
        &self,
        job: impl Into<InHand>,
        state: JobState,
        error: Option<DriverError>,
        known: Option<JobId>,
    ) -> Result<Option<(JobRecord, Option<JobContent>)>> {
        let job = job.into();
        self.write(move |write| {
            let machine = finish(write, job, state, error.as_ref())?.machine;
            let Some(next) = jobs::select_next(write.db, machine)? else { return Ok(None) };
            let is_due = next.next_try_at.is_none_or(|at| at <= write.now) && next.labels.started.is_none();
            let is_known = known == Some(next.id);
            if !is_due || (!is_known && jobs::document_length(write.db, next.id)? > LARGE_DOCUMENT) {
                return Ok(None);
            }
            let next = start(write, &next)?;
            let content = if is_known { None } else { Some(jobs::select_content(write.db, next.id)?) };
            Ok(Some((next, content)))
        })
        .await
    }
}

/// Begins an attempt.
fn start(write: &mut Write<'_>, job: &JobRecord) -> Result<JobRecord> {
    check_free(write.db, job)?;
    let count = write
        .db
        .prepare_cached(
            "UPDATE jobs SET state = 'printing', attempts = attempts + 1, error = NULL, next_try_at = NULL,
                             started_at = coalesce(started_at, ?2)
             WHERE id = ?1 AND state IN ('queued', 'waiting') AND label_started IS NULL",
        )?
        .execute((job.id.0, write.now.0))?;
    let after = JobRecord {
        state: JobState::Printing,
        attempts: job.attempts + 1,
        error: None,
        next_try_at: None,
        started_at: job.started_at.or(Some(write.now)),
        ..job.clone()
    };
    changed_to(write, job, after, count, "started")
}

/// Ends a job.
fn finish(write: &mut Write<'_>, job: InHand, state: JobState, error: Option<&DriverError>) -> Result<JobRecord> {
    let id = job.write_down(write)?;
    let job = jobs::find(write.db, id)?;
    if !state.is_over() {
        return Err(StoreError::conflict(format!("'{}' is not an end of a job", state.name())));
    }
    if !matches!(state, JobState::Done | JobState::Unknown) {
        check_label(&job, error, "ended")?;
    }
    let count = write
        .db
        .prepare_cached(
            "UPDATE jobs SET state = ?2, error = ?3, next_try_at = NULL, finished_at = ?4,
                             label_started = CASE ?2 WHEN 'unknown' THEN label_started END
             WHERE id = ?1 AND CASE ?2
               WHEN 'done' THEN state = 'printing' AND labels_done = label_count AND label_started IS NULL
               ELSE state IN ('printing', 'waiting') END",
        )?
        .execute(params![id.0, state.name(), error.map(columns::to_json).transpose()?, write.now.0])?;
    let started = job.labels.started.filter(|_| state == JobState::Unknown);
    let after = JobRecord {
        state,
        error: error.cloned(),
        next_try_at: None,
        finished_at: Some(write.now),
        labels: LabelProgress { started, ..job.labels },
        ..job.clone()
    };
    changed_to(write, &job, after, count, &format!("finished as {}", state.name()))
}

/// `waiting` back to `printing`, inside its call.
pub(super) fn resume(write: &mut Write<'_>, id: JobId) -> Result<JobRecord> {
    let job = jobs::find(write.db, id)?;
    check_free(write.db, &job)?;
    let sql = "UPDATE jobs SET state = 'printing', error = NULL, next_try_at = NULL
               WHERE id = ?1 AND state = 'waiting' AND label_started IS NOT NULL";
    let count = write.db.prepare_cached(sql)?.execute([id.0])?;
    changed(write, &job, count, "resumed")
}

/// A machine prints one job at a time.
fn check_free(db: &Connection, job: &JobRecord) -> Result<()> {
    let busy = db
        .prepare_cached("SELECT 1 FROM jobs WHERE machine_id = ?1 AND state = 'printing' AND id <> ?2")?
        .exists((job.machine.to_string(), job.id.0))?;
    if busy {
        let what = format!("job {} cannot be started: another job of '{}' is printing", job.id, job.machine_name);
        return Err(StoreError::conflict(what));
    }
    Ok(())
}

/// A started label is left behind only when it is known that it did not come out.
fn check_label(job: &JobRecord, error: Option<&DriverError>, wish: &str) -> Result<()> {
    match job.labels.started {
        Some(index) if error.is_none_or(|error| error.outcome == Outcome::Unknown) => {
            Err(StoreError::conflict(format!(
                "job {} cannot be {wish}: its label with index {index} was started and may be on the wire; finish the job \
             as unknown",
                job.id
            )))
        }
        _ => Ok(()),
    }
}

/// Ends a transition: the event, or the refusal when no row was changed.
pub(super) fn changed(write: &mut Write<'_>, before: &JobRecord, count: usize, wish: &str) -> Result<JobRecord> {
    let after = jobs::find(write.db, before.id)?;
    changed_to(write, before, after, count, wish)
}

/// The same for a transition of every print, of which is known what it makes of the job.
fn changed_to(
    write: &mut Write<'_>,
    before: &JobRecord,
    job: JobRecord,
    count: usize,
    wish: &str,
) -> Result<JobRecord> {
    columns::changed_one(count, || refusal(before, wish))?;
    let data = json!({ "from": before.state, "to": job.state, "error": job.error, "next-try-at": job.next_try_at });
    write.event(NewEvent::new("job.state-changed", data).of_machine(job.machine).of_job(job.id))?;
    Ok(job)
}

fn refusal(job: &JobRecord, wish: &str) -> StoreError {
    let started = job.labels.started.map_or("", |_| ", and one more is started");
    StoreError::conflict(format!(
        "job {} cannot be {wish}: it is {}, {} of {} labels are finished{started}",
        job.id,
        job.state.name(),
        job.labels.done,
        job.label_count,
    ))
}
