//! Which machines can take a job, and why can the others not?

use super::{Entry, Registry};
use crate::{
    jobs::{
        Submission, SubmitError,
        submit::{check, check_document},
    },
    model::{JobState, MachineId, MachineState},
    store::JobFilter,
};
use futures::stream::{StreamExt as _, TryStreamExt as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many machines are asked at the same time.
const SIDE_BY_SIDE: usize = 16;
/// How many waiting jobs are counted.
const MOST_COUNTED: u32 = 1000;

/// Whether a machine takes a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Takes {
    /// It would print at once.
    Now,
    /// It would take the job, which would wait.
    Later,
    /// It would refuse the job.
    No,
}

/// A machine, and what it would do with a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Candidate {
    /// Its id.
    pub pk: MachineId,
    /// Its name.
    pub name: String,
    /// Whether it takes the job.
    pub takes: Takes,
    /// Why it would wait or be refused, one sentence each.
    pub why: Vec<String>,
    /// How many jobs are before it, at most 1,000 are counted.
    pub jobs_before: usize,
}

impl Registry {
    /// Asks every machine that prints, those first that would print soonest. A document that no machine could print is an
    /// error.
    pub async fn candidates(&self, submission: &Submission) -> Result<Vec<Candidate>, SubmitError> {
        check_document(&self.services, submission).await?;
        let mut machines = self.machines();
        machines.retain(|entry| entry.machine.machine_type.prints());
        let asked = futures::stream::iter(machines).map(|entry| self.candidate(entry, submission));
        let mut candidates: Vec<_> = asked.buffered(SIDE_BY_SIDE).try_collect().await?;
        candidates.sort_by_key(|candidate: &Candidate| (candidate.takes, candidate.jobs_before));
        Ok(candidates)
    }

    async fn candidate(&self, entry: Entry, submission: &Submission) -> Result<Candidate, SubmitError> {
        let machine = &entry.machine;
        let states = vec![JobState::Queued, JobState::Printing, JobState::Waiting];
        let open = JobFilter { machine: Some(machine.id), states, limit: MOST_COUNTED, ..JobFilter::default() };
        let jobs_before = self.services.store.jobs(open).await?.len();
        self.learn_density(&entry, submission).await;
        let refused = match check(&self.services, &self.intake(&entry), submission).await {
            Ok(_) => Vec::new(),
            Err(error @ (SubmitError::Store(_) | SubmitError::Renderer(_))) => return Err(error),
            Err(SubmitError::Options(problems)) => problems,
            Err(error) => vec![error.to_string()],
        };
        let (takes, why) = if refused.is_empty() {
            let why = waits(&entry, jobs_before);
            (if why.is_empty() { Takes::Now } else { Takes::Later }, why)
        } else {
            (Takes::No, refused)
        };
        Ok(Candidate { pk: machine.id, name: machine.name(), takes, why, jobs_before })
    }
}

/// Why a job would not print at once.
fn waits(entry: &Entry, jobs_before: usize) -> Vec<String> {
    let machine = &entry.machine;
    let mut why = Vec::new();
    match &entry.state.borrow().0 {
        MachineState::Ready => {}
        MachineState::Inactive => why.push("it is switched off".to_owned()),
        state => why.push(format!("it is {state}")),
    }
    if machine.is_paused() {
        why.push("it is paused".to_owned());
    }
    if *machine.board.fault().borrow() {
        let board = machine.board.snapshot();
        why.push(if board.text.is_empty() { board.status.text } else { board.text });
    }
    match jobs_before {
        0 => {}
        1 => why.push("one job is before it".to_owned()),
        more => why.push(format!("{more} jobs are before it")),
    }
    why
}
