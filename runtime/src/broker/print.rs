//! The ledger of one attempt at a print job: which label is started, how many bytes of it left, which are done.
//!
//! What is said here is committed before it is answered, so a daemon that is killed knows afterwards which label is in
//! doubt.

use super::services::Services;
use crate::model::{DriverError, JobRecord, LabelProgress, Proof};
use parking_lot::Mutex;
use std::sync::Arc;

/// One attempt at a job.
pub struct PrintRun {
    /// The job as it was when the attempt began.
    pub job: JobRecord,
    /// The document's bytes.
    pub document: Arc<[u8]>,
    ledger: Mutex<Ledger>,
    services: Arc<Services>,
}

#[derive(Debug, Clone, Copy)]
struct Ledger {
    labels: LabelProgress,
    /// Bytes of the started label that the operating system took.
    bytes: u64,
}

/// How an attempt stands: the labels, and the bytes of the one in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrintStanding {
    /// The ledger of the labels.
    pub labels: LabelProgress,
    /// Bytes of the started label that left.
    pub bytes: u64,
}

impl PrintRun {
    /// Begins an attempt. Labels that earlier attempts finished stay finished.
    pub fn new(job: JobRecord, document: Arc<[u8]>, services: Arc<Services>) -> Arc<Self> {
        let labels = LabelProgress { started: None, ..job.labels };
        Arc::new(Self { job, document, ledger: Mutex::new(Ledger { labels, bytes: 0 }), services })
    }

    /// How it stands now.
    pub fn standing(&self) -> PrintStanding {
        let Ledger { labels, bytes } = *self.ledger.lock();
        PrintStanding { labels, bytes }
    }

    /// Whether a byte may go to the device now.
    pub fn may_write(&self) -> Result<(), DriverError> {
        if self.ledger.lock().labels.started.is_some() {
            return Ok(());
        }
        Err(DriverError::denied(
            "label-not-started",
            "a print call may write only between label-started and label-done: call label-started for the next label \
             first",
        ))
    }

    /// Counts bytes of the started label.
    pub fn wrote(&self, count: usize) {
        let mut ledger = self.ledger.lock();
        ledger.bytes = ledger.bytes.saturating_add(count as u64);
    }

    /// Commits that a label is about to be sent.
    pub async fn label_started(&self, index: u32) -> Result<(), DriverError> {
        let LabelProgress { done, started, .. } = self.ledger.lock().labels;
        let count = self.job.label_count;
        if let Some(open) = started {
            let message = format!("label {open} is started and not done: labels go one at a time");
            return Err(DriverError::invalid("label-order", message));
        }
        if index != done || index >= count {
            let message = format!("label {index} cannot start: of {count} labels, {done} are done; labels go in order");
            return Err(DriverError::invalid("label-order", message));
        }
        self.services.store.label_started(self.job.id, index).await.map_err(not_committed)?;
        let mut ledger = self.ledger.lock();
        ledger.labels.started = Some(index);
        ledger.bytes = 0;
        Ok(())
    }

    /// Commits that a label is finished, and how sure that is.
    pub async fn label_done(&self, index: u32, proof: Proof) -> Result<(), DriverError> {
        if self.ledger.lock().labels.started != Some(index) {
            let message = format!("label {index} cannot be done: it was not started");
            return Err(DriverError::invalid("label-order", message));
        }
        self.services.store.label_done(self.job.id, index, proof).await.map_err(not_committed)?;
        let mut ledger = self.ledger.lock();
        let weakest = ledger.labels.proof.map_or(proof, |earlier| earlier.min(proof));
        ledger.labels = LabelProgress { done: index + 1, started: None, proof: Some(weakest) };
        ledger.bytes = 0;
        Ok(())
    }
}

#[allow(clippy::needless_pass_by_value)] // for `map_err`
fn not_committed(error: crate::store::StoreError) -> DriverError {
    DriverError::transient("not-committed", format!("the ledger could not be written: {error}"))
}

/// A guest's handle to a print job.
#[derive(Clone)]
pub struct PrintJobHandle {
    /// The call that brought it.
    pub call: Arc<super::Call>,
    /// The attempt.
    pub run: Arc<PrintRun>,
}

impl PrintJobHandle {
    /// The attempt, while its call runs.
    pub fn live(&self) -> Result<&Arc<PrintRun>, DriverError> {
        if self.call.has_ended() {
            return Err(DriverError::denied("job-over", "the call of this print job has ended"));
        }
        if self.call.is_cancelled() {
            return Err(self.call.cancelled_error());
        }
        Ok(&self.run)
    }
}

/// A guest's handle to one label.
#[derive(Clone)]
pub struct LabelHandle {
    /// The job that it belongs to.
    pub job: PrintJobHandle,
    /// Its number from 0.
    pub index: u32,
}
