//! Captures of a machine's wire: beginning, ending and reading them.

use super::{Entry, Registry};
use crate::{
    broker::capture::Capture,
    model::{MachineId, Timestamp},
    store::{NewAudit, StoreError},
};
use serde_json::json;
use std::{io, path::PathBuf, time::Duration};
use thiserror::Error;

/// The longest capture, in minutes: a day.
pub const MOST_MINUTES: u32 = 24 * 60;

/// Why there is no capture.
#[derive(Debug, Error)]
pub enum CaptureError {
    /// Too short or too long.
    #[error("a capture of {0} minutes cannot be made: ask for 1 to {MOST_MINUTES}")]
    Minutes(u32),
    /// Nothing was ever captured.
    #[error("nothing was captured of '{machine}' yet: `ostler machine capture {machine} --minutes 10` begins")]
    None {
        /// The machine's name.
        machine: String,
    },
    /// The file could not be written or read.
    #[error("the capture {path} cannot be used: {error}")]
    File {
        /// Where it lies.
        path: String,
        /// In the system's words.
        error: io::Error,
    },
    /// The audit could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Registry {
    /// Writes what goes over a machine's wire to a file for so many minutes, and says until when. The capture before is gone.
    pub async fn capture(&self, entry: &Entry, minutes: u32, by: &str) -> Result<Timestamp, CaptureError> {
        if !(1..=MOST_MINUTES).contains(&minutes) {
            return Err(CaptureError::Minutes(minutes));
        }
        let machine = &entry.machine;
        self.audit_capture(machine.id, by, json!({ "minutes": minutes })).await?;
        let file = self.capture_file(machine.id);
        let failed = |error| CaptureError::File { path: file.display().to_string(), error };
        if let Some(folder) = file.parent() {
            tokio::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).await.map_err(failed)?;
        }
        // The one before ends first: both would write to the same file.
        machine.set_capture(None);
        let duration = Duration::from_mins(minutes.into());
        let capture = Capture::begin(&file, duration, self.services.limits().capture_bytes).await.map_err(failed)?;
        let until = capture.until();
        machine.set_capture(Some(capture));
        Ok(until)
    }

    /// Ends a capture; what was captured stays.
    pub async fn end_capture(&self, entry: &Entry, by: &str) -> Result<(), CaptureError> {
        self.audit_capture(entry.machine.id, by, json!({ "minutes": 0 })).await?;
        entry.machine.set_capture(None);
        Ok(())
    }

    /// The file of a machine's last capture.
    pub async fn captured(&self, entry: &Entry) -> Result<tokio::fs::File, CaptureError> {
        let path = self.capture_file(entry.machine.id);
        tokio::fs::File::open(&path).await.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => CaptureError::None { machine: entry.machine.name() },
            _ => CaptureError::File { path: path.display().to_string(), error },
        })
    }

    /// Removes what was captured of a machine that is gone.
    pub(super) async fn forget_capture(&self, id: MachineId) {
        let path = self.capture_file(id);
        match tokio::fs::remove_file(&path).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, "the capture {} could not be removed", path.display());
            }
            _ => {}
        }
    }

    fn capture_file(&self, id: MachineId) -> PathBuf {
        self.services.store.folder().join("captures").join(format!("{id}.jsonl"))
    }

    async fn audit_capture(&self, id: MachineId, by: &str, after: serde_json::Value) -> Result<(), StoreError> {
        let audit = NewAudit {
            who: by.to_owned(),
            action: "machine.capture".to_owned(),
            subject: format!("machine:{id}"),
            before: None,
            after: Some(after),
        };
        self.services.store.audit(audit).await
    }
}
