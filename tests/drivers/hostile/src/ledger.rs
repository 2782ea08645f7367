//! Prints that do not keep the rules of the label ledger.

use std::time::Duration;

use ostler_sdk::printing::{PrintJob, Proof};
use ostler_sdk::{Connection, Error, Machine, MachineFilter, Result, machines};

use crate::{CONNECTION, honest};

/// How long the work behind a print waits until its call is over, and between its tries.
const PAUSE: Duration = Duration::from_millis(50);
/// How often it tries to write.
const TRIES: u32 = 20;

/// Writes before `label-started`.
pub async fn write_early(machine: &Machine) -> Result<()> {
    let device = machine.connect(CONNECTION).await?;
    device.write_all(b"^XA").await
}

/// Sends a whole label and does not say that it is done.
pub async fn forget_done(machine: &Machine, job: &PrintJob, index: u32) -> Result<()> {
    let device = machine.connect(CONNECTION).await?;
    job.label_started(index).await?;
    device.write_all(&honest::label(job, index)).await
}

/// Sends half of a label and claims that nothing was sent.
pub async fn fail_in_label(machine: &Machine, job: &PrintJob, index: u32) -> Result<()> {
    let device = machine.connect(CONNECTION).await?;
    job.label_started(index).await?;
    let label = honest::label(job, index);
    device.write_all(label.get(..label.len() / 2).unwrap_or_default()).await?;
    Err(Error::transient("moody", "nothing was sent, try again"))
}

/// Sends half of a label, and neither ends nor listens.
pub async fn never_end_a_label(machine: &Machine, job: &PrintJob, index: u32) -> Result<()> {
    let device = machine.connect(CONNECTION).await?;
    job.label_started(index).await?;
    let label = honest::label(job, index);
    device.write_all(label.get(..label.len() / 2).unwrap_or_default()).await?;
    std::future::pending().await
}

/// Prints as it should, and leaves work behind that writes on.
pub async fn write_late(machine: &Machine, job: &PrintJob, index: u32) -> Result<()> {
    let device = machine.connect(CONNECTION).await?;
    job.label_started(index).await?;
    device.write_all(&honest::label(job, index)).await?;
    job.label_done(index, Proof::Sent).await?;
    let name = machine.name();
    ostler_sdk::spawn(async move { write_on(&device, name).await });
    Ok(())
}

/// Tries to write, and shows by a handle without a call what came of it.
async fn write_on(device: &Connection, name: String) {
    let found = machines(&MachineFilter { name: Some(name), active: None, initialized: None });
    let Some(machine) = found.first() else { return };
    let mut written = 0;
    let mut refusal = String::new();
    for _ in 0..TRIES {
        let _ = machine.sleep(PAUSE).await;
        match device.write_all(b"^XA^FO1,1^GFA,1,1,1,FF^FS^XZ").await {
            Ok(()) => written += 1,
            Err(error) => refusal = format!("{}: {error}", error.code),
        }
    }
    machine.set_status_text(format!("{written} late writes; {refusal}"));
}
