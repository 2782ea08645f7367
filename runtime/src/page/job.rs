//! `/job/{id}`: a job with its labels, how it ended in words, and what people decide about it.

use super::{
    State,
    answer::{Page, PageError, status_of},
    lines::JobLine,
    shell::Shell,
    words::{Moment, jobs, proof},
};
use crate::{
    access::Caller,
    model::{JobId, JobRecord, JobState, MachineState, Role},
    registry::Registry,
    store::{JobFilter, StoreError},
};
use askama::Template;
use axum::{
    extract::{Form, Path},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

/// The most labels that are shown one by one.
const MOST_SHOWN: u32 = 240;
/// How often a page without JavaScript is loaded again, in seconds.
const AGAIN: u32 = 3;
/// The most jobs that are counted before one.
const MOST_COUNTED: u32 = 1000;

#[derive(Template)]
#[template(path = "job.html")]
struct JobPage {
    shell: Shell,
    job: JobView,
    /// Why a decision could not be carried out.
    refusal: Option<String>,
}

#[derive(Template)]
#[template(path = "parts/job_state.html")]
struct Standing {
    job: JobView,
}

/// A job as its page shows it.
struct JobView {
    line: JobLine,
    /// What is the matter with it, in a sentence.
    outcome: String,
    /// Its labels one by one, unless there are too many.
    labels: Vec<LabelCell>,
    facts: Vec<(&'static str, String)>,
    moments: Vec<(&'static str, Moment)>,
    reprint_of: Option<JobId>,
    /// What a function returned that ran as this job.
    result: Option<String>,
    may: Decisions,
    over: bool,
}

struct LabelCell {
    number: u32,
    tone: &'static str,
    text: &'static str,
}

/// What may be decided about a job now.
#[derive(Default)]
#[allow(clippy::struct_excessive_bools)] // each is a button
struct Decisions {
    cancel: bool,
    hold: bool,
    release: bool,
    reprint: bool,
    /// To go on where it stopped.
    retry: bool,
    /// To say what became of the label in doubt: its number, and the one behind it if there is one.
    doubt: Option<(u32, Option<u32>)>,
}

impl Decisions {
    fn about(job: &JobRecord, caller: &Caller, machine_is_there: bool) -> Self {
        if !caller.reaches(Role::Operate) {
            return Self::default();
        }
        let rests = job.labels.started.is_none();
        let over = job.state.is_over();
        let doubt = job.labels.started.filter(|_| job.state == JobState::Unknown && job.label_count > 0);
        Self {
            cancel: !over || job.state == JobState::Unknown,
            hold: matches!(job.state, JobState::Queued | JobState::Waiting) && rests,
            release: job.state == JobState::Held,
            reprint: over && machine_is_there,
            retry: matches!(job.state, JobState::Failed | JobState::Cancelled | JobState::Unknown)
                && doubt.is_none()
                && machine_is_there,
            doubt: doubt
                .filter(|_| machine_is_there)
                .map(|index| (index + 1, (index + 1 < job.label_count).then_some(index + 2))),
        }
    }

    fn any(&self) -> bool {
        self.cancel || self.hold || self.release || self.reprint || self.retry || self.doubt.is_some()
    }
}

/// `GET /job/{id}`.
pub async fn show(registry: State, caller: Caller, Path(id): Path<String>) -> Result<Page<impl Template>, PageError> {
    let shell = Shell::new(&registry, &caller).await?;
    page(&registry, &caller, shell, find(&registry, &caller, &id).await?, None).await
}

/// `GET /job/{id}/state`.
pub async fn state(registry: State, caller: Caller, Path(id): Path<String>) -> Result<Page<impl Template>, PageError> {
    let job = find(&registry, &caller, &id).await?;
    Ok(Page(Standing { job: view(&registry, &caller, job).await? }))
}

/// `POST /job/{id}/cancel`.
pub async fn cancel(registry: State, caller: Caller, Path(id): Path<String>) -> Result<Response, PageError> {
    let job = find(&registry, &caller, &id).await?.id;
    decided(&registry, &caller, job, registry.cancel_job(job, caller.name()).await).await
}

/// `POST /job/{id}/hold`.
pub async fn hold(registry: State, caller: Caller, Path(id): Path<String>) -> Result<Response, PageError> {
    let job = find(&registry, &caller, &id).await?.id;
    decided(&registry, &caller, job, registry.hold_job(job, caller.name()).await).await
}

/// `POST /job/{id}/release`.
pub async fn release(registry: State, caller: Caller, Path(id): Path<String>) -> Result<Response, PageError> {
    let job = find(&registry, &caller, &id).await?.id;
    decided(&registry, &caller, job, registry.release_job(job, caller.name()).await).await
}

/// Where to go on.
#[derive(Debug, Deserialize)]
pub struct Retry {
    /// The label's number, from 1; nothing for where it stopped.
    #[serde(default)]
    from: Option<u32>,
}

/// `POST /job/{id}/retry`.
pub async fn retry(
    registry: State,
    caller: Caller,
    Path(id): Path<String>,
    Form(Retry { from }): Form<Retry>,
) -> Result<Response, PageError> {
    let job = find(&registry, &caller, &id).await?.id;
    let index = from.map(|from| from.saturating_sub(1));
    decided(&registry, &caller, job, registry.retry_job(job, index, caller.name()).await).await
}

/// `POST /job/{id}/reprint`.
pub async fn reprint(registry: State, caller: Caller, Path(id): Path<String>) -> Result<Response, PageError> {
    let job = find(&registry, &caller, &id).await?.id;
    decided(&registry, &caller, job, registry.reprint_job(job, caller.name()).await).await
}

async fn find(registry: &Registry, caller: &Caller, id: &str) -> Result<JobRecord, PageError> {
    let number = id.parse().map(JobId).map_err(|_| PageError::no_job(id))?;
    caller.job(registry, number).await.map_err(|error| match error {
        StoreError::NotFound { .. } => PageError::no_job(id),
        error => error.into(),
    })
}

/// The page of what a decision made of a job, or the job's own with why nothing was decided.
async fn decided(
    registry: &Registry,
    caller: &Caller,
    about: JobId,
    decided: Result<JobRecord, StoreError>,
) -> Result<Response, PageError> {
    let error = match decided {
        Ok(job) => return Ok(Redirect::to(&format!("/job/{}", job.id)).into_response()),
        Err(error) => error,
    };
    let shell = Shell::new(registry, caller).await?;
    let job = find(registry, caller, &about.to_string()).await?;
    Ok((status_of(&error), page(registry, caller, shell, job, Some(error.to_string())).await?).into_response())
}

async fn page(
    registry: &Registry,
    caller: &Caller,
    shell: Shell,
    job: JobRecord,
    refusal: Option<String>,
) -> Result<Page<JobPage>, PageError> {
    let shell = if job.state.is_over() || refusal.is_some() { shell } else { shell.loaded_again(AGAIN) };
    Ok(Page(JobPage { shell, job: view(registry, caller, job).await?, refusal }))
}

async fn view(registry: &Registry, caller: &Caller, job: JobRecord) -> Result<JobView, PageError> {
    let entry = registry.machine(job.machine);
    let result = if job.label_count == 0 && job.state == JobState::Done {
        let result = registry.services.store.job_result(job.id).await?;
        result.and_then(|result| serde_json::to_string_pretty(&result).ok())
    } else {
        None
    };
    let machine = entry.as_ref().map(|entry| (entry.state.borrow().0.clone(), entry.machine.is_paused()));
    let before = if job.state == JobState::Queued { before(registry, &job).await? } else { 0 };
    let moments = [
        ("Handed in", Some(job.created_at)),
        ("Begun", job.started_at),
        ("Ended", job.finished_at),
        ("Next attempt", job.next_try_at),
    ];
    Ok(JobView {
        outcome: outcome(&job, machine.as_ref(), before),
        labels: labels(&job),
        facts: facts(&job),
        moments: moments.into_iter().filter_map(|(what, at)| Some((what, at?.into()))).collect(),
        reprint_of: job.reprint_of,
        result,
        may: Decisions::about(&job, caller, entry.is_some()),
        over: job.state.is_over(),
        line: JobLine::from(&job),
    })
}

/// How many jobs are before one in its machine's queue.
async fn before(registry: &Registry, job: &JobRecord) -> Result<usize, StoreError> {
    let states = vec![JobState::Queued, JobState::Printing, JobState::Waiting];
    let filter =
        JobFilter { machine: Some(job.machine), states, limit: MOST_COUNTED, before: Some(job.id), among: None };
    Ok(registry.services.store.jobs(filter).await?.len())
}

/// What is the matter with a job; the words of its error stand below it.
fn outcome(job: &JobRecord, machine: Option<&(MachineState, bool)>, before: usize) -> String {
    let all =
        if job.label_count == 1 { "The label is".to_owned() } else { format!("All {} labels are", job.label_count) };
    let finished = match (job.labels.done, job.label_count) {
        (_, 0) => String::new(),
        (0, _) => " Nothing of it was printed.".to_owned(),
        (1, count) => format!(" 1 of {count} labels came out."),
        (done, count) => format!(" {done} of {count} labels came out."),
    };
    let at = job.labels.done.saturating_add(1).min(job.label_count);
    match job.state {
        JobState::Queued => match machine {
            None => "Its machine was removed.".to_owned(),
            Some((_, true)) => "Its machine is paused: it prints when somebody resumes it.".to_owned(),
            Some((MachineState::Ready, _)) if before == 0 => "It is next.".to_owned(),
            Some((MachineState::Ready, _)) => format!(
                "{} before it.",
                if before == 1 { "One job is".to_owned() } else { format!("{} are", jobs(before)) }
            ),
            Some((MachineState::Inactive, _)) => {
                "Its machine is switched off: it prints when somebody switches it on.".to_owned()
            }
            Some((state, _)) => format!("It prints when its machine is ready, which is {state}"),
        },
        JobState::Held => "Somebody holds it back; others pass it.".to_owned(),
        JobState::Printing if job.label_count == 0 => "It runs.".to_owned(),
        JobState::Printing => format!("Label {at} of {} is being printed.", job.label_count),
        JobState::Waiting => "It waits, and goes on by itself once this is well:".to_owned(),
        JobState::Done if job.label_count == 0 => "It ran to its end.".to_owned(),
        JobState::Done if job.copies > 1 => {
            let each = if job.label_count > 1 { " each" } else { "" };
            format!("{all} printed in {} copies{each}. {}", job.copies, proof(job.labels.proof))
        }
        JobState::Done => format!("{all} printed. {}", proof(job.labels.proof)),
        JobState::Failed => format!("It failed, and trying again by itself would not help.{finished}"),
        JobState::Cancelled => format!("It was given up.{finished}"),
        JobState::Unknown if job.label_count == 0 => "Nobody knows whether it came to its end.".to_owned(),
        JobState::Unknown => format!(
            "Nobody knows whether label {at} of {} came out: look at the printer, then say what is to happen.",
            job.label_count
        ),
    }
}

fn labels(job: &JobRecord) -> Vec<LabelCell> {
    if job.label_count > MOST_SHOWN {
        return Vec::new();
    }
    let cell = |index: u32| {
        let (tone, text) = if index < job.labels.done {
            ("good", "printed")
        } else if job.labels.started == Some(index) {
            if job.state == JobState::Unknown { ("bad", "in doubt") } else { ("busy", "being printed") }
        } else {
            ("idle", "not printed")
        };
        LabelCell { number: index + 1, tone, text }
    };
    (0..job.label_count).map(cell).collect()
}

fn facts(job: &JobRecord) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if job.label_count > 0 {
        facts.push(("Copies of each label", job.copies.to_string()));
    } else {
        facts.push(("Function", job.function.clone()));
    }
    if !job.options.is_empty() {
        let options: Vec<_> = job.options.iter().map(|(key, value)| format!("{key}: {value}")).collect();
        facts.push(("Options", options.join(", ")));
    }
    facts.push(("Kind of document", job.media_type.clone()));
    if job.attempts > 1 {
        facts.push(("Attempts", job.attempts.to_string()));
    }
    facts
}
