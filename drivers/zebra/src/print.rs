//! A label, from bitmap to proof.
//!
//! What may be claimed when something fails depends on how far the label got:
//!
//! | so far | a failure means |
//! |---|---|
//! | only questions were sent | not printed, for certain |
//! | a byte of the format was sent | unknown |
//! | the printer says that nothing is left and no fault is there | printed: `acknowledged` |
//! | all bytes were sent to a printer that answers nothing | `sent`, and no more is claimed |

use std::time::Instant;

use ostler_sdk::label_printer::{SetStatus, Status};
use ostler_sdk::printing::{Bitmap, PrintJob, Proof};
use ostler_sdk::{Error, Machine, Outcome, Result};
use ostler_zpl::{Fault, Label, Query, Report, Step, Watch};

use crate::session::Session;
use crate::settings::Settings;
use crate::status::{advice, status_of};

/// Prints one label with all its copies, and returns what the printer said last.
pub async fn label(
    machine: &Machine,
    job: &PrintJob,
    index: u32,
    session: &mut Session,
    settings: &Settings,
    bitmap: &Bitmap,
) -> Result<Report> {
    let label = Label {
        bitmap: ostler_zpl::Bitmap::new(bitmap.width, bitmap.height, bitmap.stride, &bitmap.data)
            .map_err(|error| Error::permanent("bitmap", error.to_string()))?,
        copies: job.copies(),
        darkness: settings.darkness,
    };
    job.label_started(index).await?;
    machine.set_status(Status::Printing);
    machine.set_status_text(format!("Label {} of {}, job {}.", index + 1, job.label_count(), job.id()));

    check(machine, session).await.map_err(|error| error.with_outcome(Outcome::NotPrinted))?;
    send(session, &label).await.map_err(|error| error.with_outcome(Outcome::Unknown))?;
    let proof = follow(machine, session).await.map_err(|error| error.with_outcome(Outcome::Unknown))?;
    job.label_done(index, proof).await?;
    Ok(session.report().clone())
}

/// Asks before the first byte of the format. Silence is no reason not to print: a printer without labels may not
/// answer, and prints what it has received once it has some.
async fn check(machine: &Machine, session: &mut Session) -> Result<()> {
    if !session.is_worth_asking() {
        return Ok(());
    }
    session.ask(Query::State).await?;
    let faults = session.report().faults();
    match faults.first() {
        None => Ok(()),
        Some(first) => {
            show_faults(machine, &faults);
            Err(Error::needs_attention(first.code(), advice(&faults)))
        }
    }
}

/// Sends the format strip by strip. Compressing a strip takes a moment, and the other printers of this driver may
/// want to go on in between.
async fn send(session: &Session, label: &Label<'_>) -> Result<()> {
    session.send(&label.begin()).await?;
    for strip in label.strips() {
        session.send(&strip).await?;
        ostler_sdk::yield_now().await;
    }
    session.send(&label.end()).await
}

/// Waits until the label has come out, as far as the printer tells.
async fn follow(machine: &Machine, session: &mut Session) -> Result<Proof> {
    if session.answered() != Some(true) {
        return Ok(Proof::Sent);
    }
    let sent = Instant::now();
    let mut watch = Watch::new(session.knows_conditions());
    let mut shown: Vec<Fault> = Vec::new();
    let mut query = Query::State;
    loop {
        session.ask(query).await?;
        match watch.observe(sent.elapsed(), session.report()) {
            Step::Printed => return Ok(Proof::Acknowledged),
            Step::Lost => {
                let message = "The printer took the label and stopped answering. See whether it came out.";
                return Err(Error::transient("silent", message));
            }
            Step::Ask { pause, query: next, faults } => {
                if faults != shown {
                    show_faults(machine, &faults);
                    shown = faults;
                }
                query = next;
                machine.sleep(pause).await?;
            }
        }
    }
}

/// Shows what keeps the printer from printing, or that it goes on.
fn show_faults(machine: &Machine, faults: &[Fault]) {
    let (status, text) = match faults.first() {
        Some(first) => (status_of(*first), advice(faults)),
        None => (Status::Printing, "The printer goes on.".to_owned()),
    };
    machine.set_status(status);
    machine.set_status_text(text);
}
