//! What is counted of one driver, and of one machine.
//!
//! A machine that is idle has room for little more than its counters: what belongs to a call or a job of a kind is made when the
//! first one comes.

use super::outcome::{Outcome, Outcomes};
use crate::{
    broker::CallKind,
    instance::engine::TICK,
    model::{JobState, MachineId, Proof, Timestamp},
};
use prometheus_client::metrics::histogram::Histogram;
use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Upper bounds of the buckets of calls, in seconds. Most calls take far less than a millisecond; prints may take minutes.
const CALL_BUCKETS: [f64; 12] = [0.0001, 0.0005, 0.0025, 0.01, 0.05, 0.25, 1.0, 2.5, 10.0, 30.0, 120.0, 600.0];
/// Upper bounds of the buckets of jobs, in seconds, from what an idle machine takes to what a long queue does.
const JOB_BUCKETS: [f64; 11] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 300.0, 1_800.0, 7_200.0];

/// A counter.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds.
    pub fn add(&self, many: u64) {
        self.0.fetch_add(many, Ordering::Relaxed);
    }

    /// How many it counted.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Processor time, counted in ticks of the engine.
#[derive(Debug, Default)]
pub struct Cpu(Count);

impl Cpu {
    /// Counts one tick.
    pub fn tick(&self) {
        self.0.add(1);
    }

    /// The time.
    pub fn time(&self) -> Duration {
        TICK * u32::try_from(self.0.get()).unwrap_or(u32::MAX)
    }
}

/// Calls by export and outcome.
#[derive(Debug, Default)]
pub struct Calls([OnceLock<Box<Outcomes>>; CallKind::ALL.len()]);

impl Calls {
    fn count(&self, kind: CallKind, outcome: Outcome) {
        if let Some(outcomes) = self.0.get(kind as usize) {
            outcomes.get_or_init(Box::default).count(outcome);
        }
    }

    /// Those that were made.
    pub fn seen(&self) -> impl Iterator<Item = (CallKind, Outcome, u64)> {
        CallKind::ALL.into_iter().zip(&self.0).flat_map(|(kind, outcomes)| {
            outcomes
                .get()
                .into_iter()
                .flat_map(|outcomes| outcomes.seen())
                .map(move |(outcome, count)| (kind, outcome, count))
        })
    }
}

/// What is counted of a driver.
#[derive(Debug)]
pub struct DriverMeter {
    /// Its slug.
    pub slug: String,
    /// Calls that are for no machine.
    pub calls: Calls,
    /// Processor time that belongs to no machine's call.
    pub cpu: Cpu,
    /// Starts of its instances.
    pub starts: Count,
    /// Ends of its instances that nobody asked for.
    pub ends: Count,
    durations: [OnceLock<Histogram>; CallKind::ALL.len()],
}

impl DriverMeter {
    /// A meter that stands on no page.
    pub fn unlisted(slug: &str) -> Arc<Self> {
        Arc::new(Self {
            slug: slug.to_owned(),
            calls: Calls::default(),
            cpu: Cpu::default(),
            starts: Count::default(),
            ends: Count::default(),
            durations: Default::default(),
        })
    }

    /// Counts a call that is for no machine.
    pub fn called(&self, kind: CallKind, outcome: Outcome, took: Duration) {
        self.calls.count(kind, outcome);
        self.took(kind, took);
    }

    /// How long calls took, by export.
    pub fn durations(&self) -> impl Iterator<Item = (CallKind, &Histogram)> {
        CallKind::ALL.into_iter().zip(&self.durations).filter_map(|(kind, durations)| Some((kind, durations.get()?)))
    }

    fn took(&self, kind: CallKind, took: Duration) {
        if let Some(durations) = self.durations.get(kind as usize) {
            durations.get_or_init(|| Histogram::new(CALL_BUCKETS)).observe(took.as_secs_f64());
        }
    }
}

/// What is counted of a machine.
#[derive(Debug)]
pub struct MachineMeter {
    /// Its id.
    pub machine: MachineId,
    /// Its driver's.
    pub driver: Arc<DriverMeter>,
    /// Its calls.
    pub calls: Calls,
    /// Processor time of its calls.
    pub cpu: Cpu,
    /// Its calls that made the driver's instance end.
    pub traps: Count,
    /// How often it was quarantined.
    pub quarantines: Count,
    /// Bytes that its devices sent.
    pub received: Count,
    /// Bytes that its devices took.
    pub sent: Count,
    connects: OnceLock<Box<Outcomes>>,
    jobs: OnceLock<Box<Jobs>>,
}

/// What is counted of a machine's jobs.
#[derive(Debug)]
pub struct Jobs {
    ends: [Count; ENDS.len()],
    labels: [Count; Proof::ALL.len()],
    /// From handing a job in to its first label, in seconds.
    pub first_label: Histogram,
    /// From handing a job in to its last label, in seconds.
    pub done: Histogram,
}

/// The states in which a job is over.
const ENDS: [JobState; 4] = [JobState::Done, JobState::Failed, JobState::Cancelled, JobState::Unknown];

impl Default for Jobs {
    fn default() -> Self {
        Self {
            ends: Default::default(),
            labels: Default::default(),
            first_label: Histogram::new(JOB_BUCKETS),
            done: Histogram::new(JOB_BUCKETS),
        }
    }
}

impl Jobs {
    /// Jobs that are over, by how they ended.
    pub fn ends(&self) -> impl Iterator<Item = (JobState, u64)> {
        ENDS.into_iter().zip(self.ends.iter().map(Count::get))
    }

    /// Labels that came out, by how sure that is.
    pub fn labels(&self) -> impl Iterator<Item = (Proof, u64)> {
        Proof::ALL.into_iter().zip(self.labels.iter().map(Count::get))
    }
}

impl MachineMeter {
    /// A meter that stands on no page.
    pub fn unlisted(machine: MachineId, driver: Arc<DriverMeter>) -> Arc<Self> {
        Arc::new(Self {
            machine,
            driver,
            calls: Calls::default(),
            cpu: Cpu::default(),
            traps: Count::default(),
            quarantines: Count::default(),
            received: Count::default(),
            sent: Count::default(),
            connects: OnceLock::new(),
            jobs: OnceLock::new(),
        })
    }

    /// Counts a call that ended.
    pub fn called(&self, kind: CallKind, outcome: Outcome, took: Duration) {
        self.calls.count(kind, outcome);
        self.driver.took(kind, took);
    }

    /// Counts a connection that was opened, or was not.
    pub fn connected(&self, outcome: Outcome) {
        self.connects.get_or_init(Box::default).count(outcome);
    }

    /// Counts copies of a label that came out, of a job that was handed in at `submitted`; `first` says that it is the job's
    /// first one.
    pub fn printed(&self, copies: u32, proof: Proof, submitted: Timestamp, first: bool) {
        let jobs = self.jobs.get_or_init(Box::default);
        if let Some(count) = jobs.labels.get(proof as usize) {
            count.add(copies.into());
        }
        if first {
            jobs.first_label.observe(since(submitted).as_secs_f64());
        }
    }

    /// Counts a job that is over, which was handed in at `submitted`.
    pub fn ended(&self, state: JobState, submitted: Timestamp) {
        let jobs = self.jobs.get_or_init(Box::default);
        if let Some(index) = ENDS.iter().position(|end| *end == state)
            && let Some(count) = jobs.ends.get(index)
        {
            count.add(1);
        }
        if state == JobState::Done {
            jobs.done.observe(since(submitted).as_secs_f64());
        }
    }

    /// Its connections by outcome.
    pub fn connects(&self) -> impl Iterator<Item = (Outcome, u64)> {
        self.connects.get().into_iter().flat_map(|outcomes| outcomes.seen())
    }

    /// Its jobs, once there was one.
    pub fn jobs(&self) -> Option<&Jobs> {
        self.jobs.get().map(|jobs| &**jobs)
    }
}

/// The time since then; none if the clock was set back.
fn since(then: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(Timestamp::now().0.saturating_sub(then.0)).unwrap_or_default())
}
