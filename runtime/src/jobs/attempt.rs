//! One attempt at a job: what it is made of goes into a call, and what comes out is committed.

use super::{Settlement, settle, settle::settle_call};
use crate::{
    broker::{Call, Machine, PrintRun, Services},
    instance::{Answer, CallEnd, Payload},
    model::{DriverError, ErrorKind, JobContent, JobRecord, JobState, Timestamp},
    store::{InHand, StoreError},
};
use std::sync::Arc;

/// An attempt that has begun: the store knows that it prints, or is told so right now.
pub struct Attempt {
    /// The job.
    pub job: JobRecord,
    /// The call to make.
    pub call: Arc<Call>,
    work: Work,
    services: Arc<Services>,
}

/// What an attempt does.
enum Work {
    /// Prints labels, and keeps their ledger.
    Print(Arc<PrintRun>),
    /// Calls a function with these parameters.
    Call(serde_json::Value),
}

impl Attempt {
    /// Begins an attempt. Nothing, when the job cannot be begun because somebody cancelled or moved it meanwhile.
    pub async fn begin(
        job: JobRecord,
        machine: &Arc<Machine>,
        services: &Arc<Services>,
    ) -> Result<Option<Self>, StoreError> {
        let content = services.store.content(job.id).await?;
        let job = match services.store.start_job(job.id, machine.id).await {
            Ok(job) => job,
            Err(StoreError::Conflict { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(Some(Self::of_started(job, content, machine, services)))
    }

    /// An attempt that the store knows of already.
    pub fn of_started(job: JobRecord, content: JobContent, machine: &Arc<Machine>, services: &Arc<Services>) -> Self {
        let (call, work) = if job.label_count == 0 {
            // Written by `submit_call`, so it is JSON.
            let parameters = serde_json::from_slice(&content.document).unwrap_or_default();
            (Call::of_job(Arc::clone(machine), job.id), Work::Call(parameters))
        } else {
            let run = PrintRun::new(job.clone(), content, services.store.clone());
            (Call::of_print(Arc::clone(machine), Arc::clone(&run)), Work::Print(run))
        };
        Self { job, call, work, services: Arc::clone(services) }
    }

    /// An attempt at the job behind this one, before the store knows of it: its call may begin while the outcome of this one
    /// is written, in one commit with its own start. It cannot send a byte too early, because `label-started` is an entry behind
    /// that commit, and the store refuses it for a job that does not print. Only for a job whose work is printing.
    pub fn expected(&self) -> Option<Self> {
        let (Work::Print(run), Some(machine)) = (&self.work, &self.call.machine) else { return None };
        let run = run.expected()?;
        let job = JobRecord { attempts: run.job.attempts + 1, ..run.job.clone() };
        let call = Call::of_print(Arc::clone(machine), Arc::clone(&run));
        Some(Self { job, call, work: Work::Print(run), services: Arc::clone(&self.services) })
    }

    /// What the call carries.
    pub fn payload(&self) -> Payload {
        let function = self.job.function.clone();
        match &self.work {
            Work::Print(_) => Payload::Function(function),
            Work::Call(parameters) => Payload::Call { function, parameters: parameters.clone() },
        }
    }

    /// What becomes of the job by how the call ended; its driver is not heard any more. `cancelled` says that an operator asked for the end.
    pub fn settle(&self, end: &CallEnd, cancelled: bool) -> Settlement {
        let attempts = self.job.attempts;
        match &self.work {
            Work::Print(run) => settle(end, run.close(), self.job.label_count, attempts, cancelled),
            Work::Call(_) => {
                let machine_type = self.call.machine.as_ref().map(|machine| &machine.machine_type);
                let idempotent = machine_type.is_some_and(|of| of.idempotent.contains(&self.job.function));
                settle_call(end, self.call.written(), idempotent, attempts, cancelled)
            }
        }
    }

    /// Commits what becomes of the job. If it is over and the machine is to `go_on`, the next job is started with it, be it the
    /// one that is `expected` or another one.
    pub async fn finish(
        &self,
        end: &CallEnd,
        settlement: &Settlement,
        go_on: bool,
        expected: Option<&Self>,
    ) -> Result<Option<Started>, StoreError> {
        let (id, store) = (self.job.id, &self.services.store);
        if let (Work::Call(_), CallEnd::Returned(Ok(Answer::Json(result)))) = (&self.work, end) {
            store.set_job_result(id, result.clone()).await?;
        }
        match (settlement, &self.call.machine) {
            (Settlement::Over { state, error }, Some(machine)) if go_on => {
                let known = expected.map(|expected| expected.job.id);
                let outcome = |job| store.finish_job_and_start_next(job, *state, error.clone(), known);
                let next = self.enter(outcome).await?;
                self.count(*state);
                let Some((job, content)) = next else { return Ok(None) };
                if expected.is_some_and(|expected| expected.is_at(&job)) {
                    return Ok(Some(Started::Expected));
                }
                // It is another one, or one that somebody cancelled and took up again meanwhile.
                let content = content.or_else(|| expected.and_then(Self::content));
                let attempt = |content| Box::new(Self::of_started(job, content, machine, &self.services));
                return Ok(content.map(attempt).map(Started::Other));
            }
            (Settlement::Over { state, error }, _) => {
                self.enter(|job| store.finish_job(job, *state, error.clone())).await?;
                self.count(*state);
            }
            (Settlement::Again { error, after }, _) => {
                let at = Timestamp::now().after(*after);
                self.enter(|job| store.defer_job(job, error.clone(), Some(at))).await?;
            }
        }
        Ok(None)
    }

    fn count(&self, state: JobState) {
        if let Some(machine) = &self.call.machine {
            machine.meter.ended(state, self.job.created_at);
        }
    }

    /// What the job prints.
    fn content(&self) -> Option<JobContent> {
        match &self.work {
            Work::Print(run) => Some(JobContent { document: run.document.to_vec(), fields: run.fields.clone() }),
            Work::Call(_) => None,
        }
    }

    /// Whether it is an attempt at this job, and begins where this stands.
    fn is_at(&self, job: &JobRecord) -> bool {
        (self.job.id, self.job.attempts, self.job.labels.done) == (job.id, job.attempts, job.labels.done)
    }

    /// Commits an outcome, and with it what the ledger lacks.
    async fn enter<T, F>(&self, outcome: impl FnOnce(InHand) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        match &self.work {
            Work::Print(run) => run.enter(outcome).await,
            Work::Call(_) => outcome(self.job.id.into()).await,
        }
    }
}

/// The job that was started with the end of the one before.
pub enum Started {
    /// The one that was expected.
    Expected,
    /// Another one.
    Other(Box<Attempt>),
}

/// The error that a machine shows for a settlement, if it should.
pub fn shown(settlement: &Settlement) -> Option<DriverError> {
    match settlement {
        Settlement::Over { state: JobState::Failed | JobState::Unknown, error } => error.clone(),
        Settlement::Again { error, .. } if error.kind != ErrorKind::Cancelled => Some(error.clone()),
        _ => None,
    }
}
