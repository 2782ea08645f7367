//! The queue of a machine, as people see it: handing in jobs, and deciding about them and about the queue itself.

use super::{Entry, Registry, command::Command};
use crate::{
    broker::{Asked, PrintRun},
    jobs::{
        Intake,
        submit::{Submission, SubmitError, check, is_a_template, submit},
    },
    model::{JobId, JobRecord, JobState, Place},
    store::StoreError,
};
use ostler_render::Output;
use serde_json::json;
use std::{sync::Arc, time::Duration};

/// How long a driver may take to ask for dots when nobody waits for these.
const REHEARSAL: Duration = Duration::from_secs(3);

impl Registry {
    /// The way to what a machine takes.
    pub fn intake(&self, entry: &Entry) -> Intake {
        Intake::new(Arc::clone(&entry.machine), entry.beside.clone())
    }

    /// Stores a job for a machine and tells its keeper.
    pub async fn submit(&self, entry: &Entry, submission: Submission) -> Result<JobRecord, SubmitError> {
        self.learn_density(entry, &submission).await;
        let job = submit(&self.services, &self.intake(entry), submission).await?;
        // The machine may have been loaded again since.
        self.nudge_job(entry.machine.id);
        Ok(job)
    }

    /// Finds out at which density a machine prints, if that matters for what is submitted and is not known: its driver rehearses
    /// a label. What keeps it from that will be told when it is to print.
    pub(super) async fn learn_density(&self, entry: &Entry, submission: &Submission) {
        if entry.machine.known_density().is_none() && is_a_template(submission) {
            let rehearsed = async {
                let rehearsal = self.rehearsal_of_sample(entry, &submission.document).await.ok()?;
                let run = PrintRun::rehearsal(rehearsal.job.clone(), rehearsal.content.clone(), 0);
                tokio::select! {
                    () = run.until_asked() => {}
                    _ = rehearsal.play(&run) => {}
                    () = tokio::time::sleep(REHEARSAL) => {}
                }
                // In which form is not known before it is there; most drivers take the dots.
                let asked = |raster| Asked { raster, output: Output::Bitmap, options: run.job.options.clone() };
                run.asked().map(asked)
            };
            if let Some(asked) = rehearsed.await {
                entry.machine.remember_asked(asked);
            }
        }
    }

    /// Cancels a job: at once while its call does not run, else by ending its call.
    pub async fn cancel_job(&self, id: JobId, by: &str) -> Result<JobRecord, StoreError> {
        let job = self.services.store.job(id).await?;
        if matches!(job.state, JobState::Printing | JobState::Waiting)
            && let Some(entry) = self.machine(job.machine)
            && entry.ask(|reply| Command::Cancel { job: id, reply }).await == Some(true)
        {
            self.services.store.note_cancel(id, by).await?;
            return self.services.store.job(id).await;
        }
        let job = self.services.store.cancel_job(id, by).await?;
        self.count_end(&job);
        self.nudge_job(job.machine);
        Ok(job)
    }

    /// Keeps a job from running until it is released; it keeps its place.
    pub async fn hold_job(&self, id: JobId, by: &str) -> Result<JobRecord, StoreError> {
        let job = self.services.store.hold_job(id, by).await?;
        // The one behind it may go on now.
        self.nudge_job(job.machine);
        Ok(job)
    }

    /// Lets a held job go on.
    pub async fn release_job(&self, id: JobId, by: &str) -> Result<JobRecord, StoreError> {
        let job = self.services.store.release_job(id, by).await?;
        self.nudge_job(job.machine);
        Ok(job)
    }

    /// Changes a job's turn in the queue of its machine.
    pub async fn move_job(&self, id: JobId, place: Place, by: &str) -> Result<JobRecord, StoreError> {
        let job = self.services.store.move_job(id, place, by).await?;
        self.nudge_job(job.machine);
        Ok(job)
    }

    /// Moves a job to the end of another machine's queue, if that machine takes it as it is. It goes on there with its first label
    /// that is not finished.
    pub async fn move_job_to(&self, job: &JobRecord, to: &Entry, by: &str) -> Result<JobRecord, SubmitError> {
        if job.machine == to.machine.id {
            return Ok(self.move_job(job.id, Place::Last, by).await?);
        }
        if job.label_count == 0 {
            let what = format!(
                "job {} calls `{}` of '{}': only jobs that print are moved elsewhere",
                job.id, job.function, job.machine_name
            );
            return Err(StoreError::Conflict { what }.into());
        }
        let content = self.services.store.content(job.id).await?;
        let submission = Submission {
            document: content.document,
            media_type: Some(job.media_type.clone()),
            title: job.title.clone(),
            copies: job.copies,
            options: job.options.iter().map(|(key, value)| (key.clone(), json!(value))).collect(),
            fields: content.fields,
            key: None,
            by: by.to_owned(),
        };
        self.learn_density(to, &submission).await;
        check(&self.services, &self.intake(to), &submission).await?;
        let moved = self.services.store.move_job_to(job.id, to.machine.id, by).await?;
        self.nudge_job(job.machine);
        self.nudge_job(moved.machine);
        Ok(moved)
    }

    /// Goes on with a job that is over, at label `from` (index from 0) or where it stopped.
    pub async fn retry_job(&self, id: JobId, from: Option<u32>, by: &str) -> Result<JobRecord, StoreError> {
        let job = self.services.store.retry_job(id, from, by).await?;
        self.count_end(&job);
        self.nudge_job(job.machine);
        Ok(job)
    }

    /// Counts a job that is over because somebody said so.
    fn count_end(&self, job: &JobRecord) {
        if let Some(entry) = self.machine(job.machine)
            && job.state.is_over()
        {
            entry.machine.meter.ended(job.state, job.created_at);
        }
    }

    /// Prints all of a job that is over again, as another job.
    pub async fn reprint_job(&self, id: JobId, by: &str) -> Result<JobRecord, StoreError> {
        let job = self.services.store.reprint_job(id, by).await?;
        self.nudge_job(job.machine);
        Ok(job)
    }

    /// Makes the jobs of a machine wait, or lets them go on. The job in hand is not touched.
    pub async fn pause_machine(&self, entry: &Entry, paused: bool, by: &str) -> Result<(), StoreError> {
        self.services.store.set_machine_paused(entry.machine.id, paused, by).await?;
        entry.machine.set_paused(paused);
        self.nudge_job(entry.machine.id);
        Ok(())
    }
}
