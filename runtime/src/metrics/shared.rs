//! What is counted of the store, the renderer and the API: one of each.

use super::meter::Count;
use ostler_render::{ErrorClass, RenderError};
use prometheus_client::metrics::histogram::Histogram;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// Upper bounds of the buckets of commits, in seconds: a flush of the disk is most of one.
const COMMIT_BUCKETS: [f64; 11] = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0];
/// Upper bounds of the buckets of operations in a commit.
const BATCH_BUCKETS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
/// Upper bounds of the buckets of what the renderer is asked, in seconds.
const RENDER_BUCKETS: [f64; 11] = [0.0001, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0, 30.0];

/// What is counted of the store.
#[derive(Debug)]
pub struct StoreMeter {
    /// Operations, also those that failed.
    pub operations: Count,
    /// Groups of operations that were committed.
    pub commits: Count,
    /// Groups of operations that were not.
    pub failures: Count,
    /// How long the commits took, with the operations in them.
    pub durations: Histogram,
    /// How many operations the commits had.
    pub batches: Histogram,
}

impl Default for StoreMeter {
    fn default() -> Self {
        Self {
            operations: Count::default(),
            commits: Count::default(),
            failures: Count::default(),
            durations: Histogram::new(COMMIT_BUCKETS),
            batches: Histogram::new(BATCH_BUCKETS),
        }
    }
}

impl StoreMeter {
    /// Counts a group that was committed.
    pub fn committed(&self, operations: usize, took: Duration) {
        self.commits.add(1);
        self.batches.observe(f64::from(u32::try_from(operations).unwrap_or(u32::MAX)));
        self.durations.observe(took.as_secs_f64());
    }
}

/// What the renderer is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenderRequest {
    /// The dots of a label.
    Render,
    /// What a document is.
    Inspect,
    /// Whether labels can be made of rows.
    Check,
}

impl RenderRequest {
    const ALL: [Self; 3] = [Self::Render, Self::Inspect, Self::Check];

    /// The label's value.
    pub fn name(self) -> &'static str {
        match self {
            Self::Render => "render",
            Self::Inspect => "inspect",
            Self::Check => "check",
        }
    }
}

/// What is counted of the renderer.
#[derive(Debug, Default)]
pub struct RenderMeter([RenderCount; RenderRequest::ALL.len()]);

/// What is counted of one of the renderer's requests.
#[derive(Debug)]
struct RenderCount {
    /// Those that succeeded, and those that failed by the class of the error, in the order of `OUTCOMES`.
    outcomes: [Count; OUTCOMES.len()],
    durations: Histogram,
}

/// What the label `outcome` of a render request says.
const OUTCOMES: [&str; 5] = ["ok", "document", "raster", "limit", "worker"];

impl Default for RenderCount {
    fn default() -> Self {
        Self { outcomes: Default::default(), durations: Histogram::new(RENDER_BUCKETS) }
    }
}

impl RenderMeter {
    /// Counts a request that was answered.
    pub fn answered<T>(&self, request: RenderRequest, answer: &Result<T, RenderError>, took: Duration) {
        let outcome = match answer.as_ref().map_err(RenderError::class) {
            Ok(_) => 0,
            Err(ErrorClass::Document) => 1,
            Err(ErrorClass::Raster) => 2,
            Err(ErrorClass::Limit) => 3,
            Err(ErrorClass::Worker) => 4,
        };
        let Some(count) = self.0.get(request as usize) else { return };
        count.durations.observe(took.as_secs_f64());
        if let Some(outcome) = count.outcomes.get(outcome) {
            outcome.add(1);
        }
    }

    /// How often something was asked, and with what outcome.
    pub fn answers(&self) -> impl Iterator<Item = (RenderRequest, &'static str, u64)> {
        RenderRequest::ALL.into_iter().zip(&self.0).flat_map(|(request, count)| {
            OUTCOMES.into_iter().zip(&count.outcomes).map(move |(outcome, count)| (request, outcome, count.get()))
        })
    }

    /// How long the answers took.
    pub fn durations(&self) -> impl Iterator<Item = (RenderRequest, &Histogram)> {
        RenderRequest::ALL.into_iter().zip(self.0.iter().map(|count| &count.durations))
    }
}

/// What is counted of the API.
#[derive(Debug, Default)]
pub struct ApiMeter {
    /// Readers of events that follow now.
    readers: Arc<AtomicU32>,
    /// Readers that were not let in, because there were too many.
    pub readers_refused: Count,
    /// Connections that were closed because their clients took nothing.
    pub stalled: Arc<Count>,
}

/// The place of one reader of events; it is free again when this goes.
#[derive(Debug)]
pub struct Seat(Arc<AtomicU32>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl ApiMeter {
    /// Lets a reader of events in, if there are fewer than `most`.
    pub fn seat(&self, most: u32) -> Option<Seat> {
        let more = |readers: u32| (readers < most).then_some(readers + 1);
        if self.readers.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).is_err() {
            self.readers_refused.add(1);
            return None;
        }
        Some(Seat(Arc::clone(&self.readers)))
    }

    /// How many readers of events follow now.
    pub fn readers(&self) -> u32 {
        self.readers.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_is_free_again_when_its_reader_goes() {
        let api = ApiMeter::default();
        let first = api.seat(2);
        let second = api.seat(2);
        assert!(first.is_some() && second.is_some() && api.seat(2).is_none());
        assert_eq!((api.readers(), api.readers_refused.get()), (2, 1));
        drop(first);
        assert!(api.seat(2).is_some());
    }
}
