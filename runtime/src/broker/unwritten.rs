//! What has a driver said of its labels that the disk does not know yet? At most that the last one is done.
//!
//! `label-done` is not waited for: it is committed together with whatever the job commits next (the next `label-started`, or the
//! job's outcome), and by itself a moment later when nothing comes. Until then it stands here, and whoever settles the job
//! reads the ledger in memory, which has it already. A daemon that is killed meanwhile forgets it, and the label is in doubt, as
//! after a kill between its last byte and `label-done`.
//!
//! Invariant: what stands here is in the same commit as the job's next entry, before that entry, or neither is.

use super::call::Call;
use crate::{
    model::{DriverError, FinishedLabel, JobId},
    store::{InHand, STORE_PAUSE, StoreError},
};
use futures::future::join_all;
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// How long a finished label waits for another entry of its job, after those before it: twice this at the most.
const PAUSE: Duration = Duration::from_millis(10);
/// How many are taken at a time.
const MOST: usize = 256;

/// The label of one job that is finished and not in the store's ledger.
#[derive(Debug)]
pub struct Unwritten {
    job: JobId,
    label: Mutex<Option<FinishedLabel>>,
}

impl Unwritten {
    /// Of a job in whose ledger everything is.
    pub fn new(job: JobId) -> Self {
        Self { job, label: Mutex::default() }
    }

    /// Keeps a finished label for the next entry. There is none from before: its `label-started` has taken that along.
    pub fn keep(&self, label: FinishedLabel) {
        *self.label.lock() = Some(label);
    }

    /// Makes an entry of the job, and the finished label with it. After a failure the label stands here as before.
    ///
    /// Two entries may take the same label along, and one that is given up half way may be made nevertheless. So the store takes
    /// no notice of a label that it has.
    pub async fn enter<T, F>(&self, entry: impl FnOnce(InHand) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let finished = *self.label.lock();
        let made = entry(InHand { job: self.job, finished }).await?;
        self.label.lock().take_if(|label| Some(*label) == finished);
        Ok(made)
    }

    /// Whether there is one.
    pub fn is_some(&self) -> bool {
        self.label.lock().is_some()
    }
}

/// Writes finished labels down whose drivers rest. While the store fails they are tried again: what came out is not forgotten
/// because the disk is full. A call that has ended leaves its label to the job's outcome.
pub async fn write_down(mut told: mpsc::UnboundedReceiver<Arc<Call>>) {
    let mut calls = Vec::new();
    let mut pause = PAUSE;
    loop {
        // Those that are left from before wait for nobody.
        let came = if calls.is_empty() { told.recv_many(&mut calls, MOST).await } else { take(&mut told, &mut calls) };
        if came == 0 && calls.is_empty() {
            return;
        }
        tokio::time::sleep(pause).await;
        let written = join_all(calls.iter().map(|call| written(call))).await;
        let mut written = written.into_iter();
        calls.retain(|_| written.next() == Some(false));
        pause = if calls.is_empty() { PAUSE } else { STORE_PAUSE };
    }
}

fn take(told: &mut mpsc::UnboundedReceiver<Arc<Call>>, calls: &mut Vec<Arc<Call>>) -> usize {
    let before = calls.len();
    calls.extend(std::iter::from_fn(|| told.try_recv().ok()));
    calls.len() - before
}

/// Whether nothing is left to write for a call.
async fn written(call: &Call) -> bool {
    let Some(run) = call.print.as_ref().filter(|run| run.has_unwritten() && !call.has_ended()) else { return true };
    let Err(error) = run.write_down().await else { return true };
    if let Some(machine) = &call.machine {
        machine.report(not_committed(&error));
    }
    !error.passes()
}

/// The error for an entry that could not be made.
pub fn not_committed(error: &StoreError) -> DriverError {
    DriverError::transient("not-committed", format!("the ledger could not be written: {error}"))
}
