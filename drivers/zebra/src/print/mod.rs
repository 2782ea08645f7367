//! A label, from document to proof.
//!
//! * [`document`]: dots or ZPL, and whether the next label has the same dots.
//! * [`zpl`]: the conversation around one label on a printer of ZPL.
//! * [`epl`]: the same on a printer of EPL2, which tells less.
//! * [`proof`]: what a counter proves.
//!
//! What may be claimed when something fails depends on how far the label got:
//!
//! | so far | a failure means |
//! |---|---|
//! | only questions were sent | not printed, for certain |
//! | a byte of the format was sent | unknown |
//! | the printer is idle, and its counter, known to count, did not move | not printed, for certain |
//! | the printer says that nothing is left and no fault is there | printed: `acknowledged` |
//! | and its counter went up by exactly the copies | printed: `counted` |
//! | all bytes were sent to a printer that answers nothing | `sent`, and no more is claimed |

pub mod document;
pub mod epl;
mod proof;
pub mod zpl;

use ostler_sdk::label_printer::{SetStatus, Status};
use ostler_sdk::printing::PrintJob;
use ostler_sdk::{Machine, Result};

/// Says that a label is begun, to the host and to the operator. Does `work` while the host writes that down.
pub async fn begin<T>(machine: &Machine, job: &PrintJob, index: u32, work: impl Future<Output = T>) -> Result<T> {
    let made = job.label_started_while(index, work).await?;
    machine.set_status_text(format!("Label {} of {}, job {}.", index + 1, job.label_count(), job.id()));
    machine.set_status(Status::Printing);
    Ok(made)
}
