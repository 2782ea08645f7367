//! A preview: the dots that a machine's driver would print, without its device.
//!
//! The driver's own print function is rehearsed, and ends as soon as the driver asks for the label as dots.

use super::{Entry, Registry, rehearsal::RehearsalError};
use crate::{broker::PrintRun, jobs::Submission, model::DriverError};
use ostler_render::{Output, RenderError, Rendered};
use std::time::Duration;
use thiserror::Error;

/// How long a driver may take to ask for its dots.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why there is no preview.
#[derive(Debug, Error)]
pub enum PreviewError {
    /// Nothing was rehearsed.
    #[error(transparent)]
    Rehearsal(#[from] RehearsalError),
    /// The document has fewer labels.
    #[error("there is no label {label}: the document has {labels}")]
    NoSuchLabel {
        /// Its number, from 1.
        label: u32,
        /// How many there are.
        labels: u32,
    },
    /// The driver failed before it asked for dots.
    #[error("the driver failed before it asked for the label's dots: {0}")]
    Driver(DriverError),
    /// The driver prints the document in some other way.
    #[error("the driver prints this document without asking for its dots: only the device knows how it will look")]
    NoDots,
    /// The dots could not be made.
    #[error("the label cannot be drawn: {0}")]
    Render(RenderError),
}

impl Registry {
    /// The dots of label `label` (from 0) of a document, as this machine's driver would get them: a PNG.
    pub async fn preview(&self, entry: &Entry, submission: Submission, label: u32) -> Result<Vec<u8>, PreviewError> {
        let mut rehearsal = self.rehearsal(entry, submission).await?;
        let labels = rehearsal.job.label_count;
        if label >= labels {
            return Err(PreviewError::NoSuchLabel { label: label.saturating_add(1), labels });
        }
        rehearsal.job.labels.done = label;
        let run = PrintRun::rehearsal(rehearsal.job.clone(), rehearsal.content.clone(), label);
        let failure = tokio::select! {
            () = run.until_asked() => PreviewError::NoDots,
            played = rehearsal.play(&run) => {
                played.map_err(RehearsalError::Code)?.map_or(PreviewError::NoDots, PreviewError::Driver)
            }
            () = tokio::time::sleep(PATIENCE) => {
                let message = format!("nothing came of it within {} seconds", PATIENCE.as_secs());
                PreviewError::Driver(DriverError::transient("timeout", message))
            }
        };
        // A driver may have asked and come to its end since.
        let raster = run.asked().ok_or(failure)?;
        match run.render(&self.services.render, label, raster, Output::Png).await {
            Ok(Rendered::Png(file)) => Ok(file),
            Ok(Rendered::Bitmap(_) | Rendered::Pdf(_)) => Err(PreviewError::NoDots),
            Err(error) => Err(PreviewError::Render(error)),
        }
    }
}
