//! A print call that goes on while its device wants attention: until the device is well again, its job is `waiting`.
//!
//! The driver says nothing about it but what it says anyway: the machine's status.

use crate::{
    broker::{Call, Machine, PrintRun},
    model::{DriverError, ErrorKind},
    store::{Store, StoreError},
};
use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, time::sleep};

/// A fault that passes within this time is not told: many drivers see one between two answers.
const BLINK: Duration = Duration::from_millis(250);

/// Watches the status of a machine while a print call of it runs.
pub struct Patience {
    /// None for calls that print nothing.
    watched: Option<Watched>,
}

struct Watched {
    run: Arc<PrintRun>,
    machine: Arc<Machine>,
    store: Store,
    fault: watch::Receiver<bool>,
    /// What the store was told last.
    told: bool,
}

impl Patience {
    /// Begins with a call. A fault that is shown already is of earlier times: this call says what it finds.
    pub fn of(call: &Call, machine: &Arc<Machine>, store: &Store) -> Self {
        let watched = call.print.as_ref().map(|print| {
            let fault = machine.board.fault();
            let told = *fault.borrow();
            Watched { run: Arc::clone(print), machine: Arc::clone(machine), store: store.clone(), fault, told }
        });
        Self { watched }
    }

    /// Waits for a fault that comes or goes, and tells the store. Never completes for a call that prints nothing. Nothing is
    /// lost when this is dropped and called again.
    pub async fn look(&mut self) {
        match &mut self.watched {
            Some(watched) => watched.look().await,
            None => std::future::pending().await,
        }
    }
}

impl Watched {
    async fn look(&mut self) {
        let told = self.told;
        // The sender is the machine's, which is held here.
        let _ = self.fault.wait_for(|fault| *fault != told).await;
        sleep(BLINK).await;
        let fault = *self.fault.borrow();
        if fault == self.told {
            return;
        }
        self.told = fault;
        let job = self.run.job.id;
        let done = match fault {
            // Between two labels: there is nothing to wait for.
            true if self.run.standing().labels.started.is_none() => return,
            true => self.store.wait_for_device(job, self.words()).await,
            false => self.store.resume_job(job).await,
        };
        match done {
            // The label came out meanwhile.
            Ok(_) | Err(StoreError::Conflict { .. }) => {}
            Err(error) => tracing::error!(%job, %error, "that the job waits could not be written"),
        }
    }

    fn words(&self) -> DriverError {
        let board = self.machine.board.snapshot();
        let text = if board.text.is_empty() { board.status.text } else { board.text };
        let message = format!("{}. The job goes on by itself when that is over", text.trim_end_matches('.'));
        DriverError::new(ErrorKind::NeedsAttention, "device-waits", message)
    }
}
