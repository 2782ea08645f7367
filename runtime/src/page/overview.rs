//! `/`: all machines, the latest jobs, and the form that prints.

use super::{
    State,
    answer::{Page, PageError},
    form::{PrintForm, Typed},
    lines::{JobLine, MachineLine, Queue},
    shell::Shell,
};
use crate::{
    access::Caller,
    registry::{Entry, Registry},
    store::JobFilter,
};
use askama::Template;
use axum::extract::Query;

/// How many jobs are listed.
const LISTED: u32 = 20;

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    shell: Shell,
    machines: Vec<MachineLine>,
    jobs: Vec<JobLine>,
    form: Option<PrintForm>,
}

/// `GET /`.
pub async fn show(
    registry: State,
    caller: Caller,
    Query(typed): Query<Typed>,
) -> Result<Page<impl Template>, PageError> {
    let shell = Shell::new(&registry, &caller).await?;
    let machines = all_machines(&registry, &caller).await?;
    let jobs = latest_jobs(&registry, &caller).await?;
    let form = PrintForm::offered(&registry, &caller, typed).await?;
    Ok(Page(Overview { shell, machines, jobs, form }))
}

#[derive(Template)]
#[template(path = "parts/machines.html")]
struct Machines {
    machines: Vec<MachineLine>,
}

/// `GET /parts/machines`.
pub async fn machines(registry: State, caller: Caller) -> Result<Page<impl Template>, PageError> {
    Ok(Page(Machines { machines: all_machines(&registry, &caller).await? }))
}

#[derive(Template)]
#[template(path = "parts/jobs.html")]
struct Jobs {
    jobs: Vec<JobLine>,
}

/// `GET /parts/jobs`.
pub async fn jobs(registry: State, caller: Caller) -> Result<Page<impl Template>, PageError> {
    Ok(Page(Jobs { jobs: latest_jobs(&registry, &caller).await? }))
}

async fn all_machines(registry: &Registry, caller: &Caller) -> Result<Vec<MachineLine>, PageError> {
    let mut queues = Queue::all(registry).await?;
    let line = |entry: Entry| {
        let queue = queues.remove(&entry.machine.id).unwrap_or_default();
        MachineLine::new(&entry, caller, queue)
    };
    let mut machines: Vec<_> = caller.machines_of(registry).into_iter().map(line).collect();
    machines.sort_by_key(|machine| machine.name.to_lowercase());
    Ok(machines)
}

async fn latest_jobs(registry: &Registry, caller: &Caller) -> Result<Vec<JobLine>, PageError> {
    let filter = JobFilter { limit: LISTED, ..caller.jobs() };
    Ok(registry.services.store.jobs(filter).await?.iter().map(JobLine::from).collect())
}
