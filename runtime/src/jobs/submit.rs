//! From a document to an acknowledged job. What cannot be printed is refused here, before anything is stored.

use crate::{
    broker::{Machine, Services},
    model::{JobRecord, NewJob, Value},
    store::StoreError,
};
use ostler_render::{ErrorClass, RenderError};
use std::{collections::BTreeMap, sync::Arc};
use thiserror::Error;

/// The least and the most copies of a label; the contract and the error above name the same numbers.
const COPIES: std::ops::RangeInclusive<u32> = 1..=999;

/// What somebody wants printed.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The document's bytes.
    pub document: Vec<u8>,
    /// Its media type; guessed from its first bytes when it says nothing.
    pub media_type: Option<String>,
    /// What to call the job.
    pub title: String,
    /// How often each label is printed.
    pub copies: u32,
    /// Options of the driver.
    pub options: BTreeMap<String, Value>,
}

/// Why a submission is refused.
#[derive(Debug, Error)]
pub enum SubmitError {
    /// This kind of machine prints nothing.
    #[error("'{machine}' is a {machine_type}, which prints nothing")]
    DoesNotPrint {
        /// The machine's name.
        machine: String,
        /// Its type's name.
        machine_type: String,
    },
    /// Too few or too many copies.
    #[error("{0} copies cannot be printed: ask for 1 to 999")]
    Copies(u32),
    /// An option that the machine does not take.
    #[error("'{0}' is not an option of this machine; it takes: copies")]
    Option(String),
    /// The document is not what it should be.
    #[error("the document cannot be printed: {0}")]
    Document(RenderError),
    /// The renderer failed; trying again may help.
    #[error("the document could not be checked: {0}")]
    Renderer(RenderError),
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Checks a submission and stores it as a job of the machine.
pub async fn submit(
    services: &Services,
    machine: &Arc<Machine>,
    submission: Submission,
) -> Result<JobRecord, SubmitError> {
    let Some(function) = machine.machine_type.jobs.first() else {
        return Err(SubmitError::DoesNotPrint {
            machine: machine.name(),
            machine_type: machine.machine_type.name.clone(),
        });
    };
    if !COPIES.contains(&submission.copies) {
        return Err(SubmitError::Copies(submission.copies));
    }
    if let Some(unknown) = submission.options.keys().next() {
        return Err(SubmitError::Option(unknown.clone()));
    }
    let media_type = submission.media_type.as_deref().unwrap_or_else(|| guess(&submission.document));
    let info =
        services.render.inspect(&submission.document, media_type).await.map_err(|error| match error.class() {
            ErrorClass::Worker => SubmitError::Renderer(error),
            ErrorClass::Document | ErrorClass::Raster | ErrorClass::Limit => SubmitError::Document(error),
        })?;
    let job = NewJob {
        machine: machine.id,
        function: function.clone(),
        document: submission.document,
        media_type: info.media_type,
        title: submission.title,
        copies: submission.copies,
        label_count: u32::try_from(info.pages.len()).unwrap_or(u32::MAX),
        options: submission.options,
    };
    Ok(services.store.enqueue(job).await?)
}

/// The media type by the document's first bytes; PNG, whose reader gives the better message, when nothing fits.
fn guess(document: &[u8]) -> &'static str {
    match document {
        [b'%', b'P', b'D', b'F', ..] => "application/pdf",
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        // A byte order mark may stand before the first bracket.
        [b'<', ..] | [0xef, 0xbb, 0xbf, b'<', ..] => "image/svg+xml",
        _ => "image/png",
    }
}
