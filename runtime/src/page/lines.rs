//! A machine, and a job, in a line of a list.

use super::words::{Badge, Moment, Progress};
use crate::{
    access::Caller,
    model::{JobId, JobRecord, JobState, MachineId, MachineState, Role},
    registry::{Entry, Registry},
    store::{JobFilter, StoreError},
};
use std::collections::HashMap;

/// The most jobs that are counted.
const MOST_COUNTED: u32 = 5000;

/// A job.
#[derive(Debug, Clone)]
pub struct JobLine {
    /// Its number.
    pub id: JobId,
    /// What its document is called.
    pub title: String,
    /// Its machine.
    pub machine: MachineId,
    /// The machine's name when the job was made.
    pub machine_name: String,
    /// Its state.
    pub badge: Badge,
    /// Its labels, if it has any.
    pub progress: Option<Progress>,
    /// Whether its labels are coming out, or wait for that.
    pub moving: bool,
    /// Why it is not done, in the driver's or ostler's words.
    pub why: String,
    /// When it was handed in.
    pub created: Moment,
}

impl From<&JobRecord> for JobLine {
    fn from(job: &JobRecord) -> Self {
        Self {
            id: job.id,
            title: title(job),
            machine: job.machine,
            machine_name: job.machine_name.clone(),
            badge: Badge::of_job(job.state),
            progress: Progress::of(job),
            moving: matches!(job.state, JobState::Printing | JobState::Waiting),
            why: job.error.as_ref().map(|error| error.message.clone()).unwrap_or_default(),
            created: job.created_at.into(),
        }
    }
}

/// What to call a job.
fn title(job: &JobRecord) -> String {
    if job.title.is_empty() { format!("{} without a title", job.media_type) } else { job.title.clone() }
}

/// What waits on a machine.
#[derive(Debug, Clone, Default)]
pub struct Queue {
    /// The job that it is at.
    pub in_hand: Option<JobLine>,
    /// How many wait for their turn.
    pub waiting: usize,
    /// How many somebody holds back.
    pub held: usize,
}

impl Queue {
    /// Of one machine.
    pub async fn of(registry: &Registry, machine: MachineId) -> Result<Self, StoreError> {
        Ok(Self::open(registry, Some(machine)).await?.remove(&machine).unwrap_or_default())
    }

    /// Of all machines that have open jobs.
    pub async fn all(registry: &Registry) -> Result<HashMap<MachineId, Self>, StoreError> {
        Self::open(registry, None).await
    }

    async fn open(registry: &Registry, machine: Option<MachineId>) -> Result<HashMap<MachineId, Self>, StoreError> {
        let states = JobState::ALL.into_iter().filter(|state| !state.is_over()).collect();
        let filter = JobFilter { machine, states, limit: MOST_COUNTED, ..JobFilter::default() };
        let mut queues: HashMap<MachineId, Self> = HashMap::new();
        for job in registry.services.store.jobs(filter).await? {
            let queue = queues.entry(job.machine).or_default();
            match job.state {
                // The newest come first, and the oldest is the one in hand.
                JobState::Printing | JobState::Waiting => {
                    queue.waiting += usize::from(queue.in_hand.is_some());
                    queue.in_hand = Some(JobLine::from(&job));
                }
                JobState::Held => queue.held += 1,
                _ => queue.waiting += 1,
            }
        }
        Ok(queues)
    }
}

/// A machine.
#[derive(Debug, Clone)]
pub struct MachineLine {
    /// Its id.
    pub id: MachineId,
    /// What the operator calls it.
    pub name: String,
    /// Its type, for people.
    pub type_name: String,
    /// The slug of its driver.
    pub driver: String,
    /// How it is.
    pub badge: Badge,
    /// Why it is not ready, or what its driver says; may be empty.
    pub reason: String,
    /// Why a restart is asked for.
    pub restart_required: Option<String>,
    /// Whether its jobs wait until somebody resumes it.
    pub paused: bool,
    /// Whether it prints labels.
    pub prints: bool,
    /// Whether who looks may do something with it.
    pub operated: bool,
    /// What waits on it.
    pub queue: Queue,
}

impl MachineLine {
    /// Of a machine, with what waits on it.
    pub fn new(entry: &Entry, caller: &Caller, mut queue: Queue) -> Self {
        let machine = &entry.machine;
        let board = machine.board.snapshot();
        let state = entry.state.borrow().0.clone();
        let reason = match &state {
            MachineState::Ready => board.text.clone(),
            MachineState::Inactive => format!("`ostler machine activate '{}'` switches it on.", machine.name()),
            state => state.reason().unwrap_or_default().to_owned(),
        };
        // What keeps a machine from printing keeps its job, too: once is enough.
        if let Some(job) = queue.in_hand.as_mut().filter(|job| job.why == reason) {
            job.why.clear();
        }
        Self {
            id: machine.id,
            name: machine.name(),
            type_name: machine.machine_type.name.clone(),
            driver: machine.driver.to_string(),
            badge: Badge::of_machine(&state, &board),
            reason,
            restart_required: board.restart_required,
            paused: machine.is_paused(),
            prints: entry.machine.machine_type.prints(),
            operated: caller.reaches(Role::Operate),
            queue,
        }
    }

    /// What is read out when it changes.
    pub fn said(&self) -> String {
        let paused = if self.paused { ", paused" } else { "" };
        format!("{}: {}{paused}", self.name, self.badge.text)
    }
}
