//! A print as it should be: connect, `label-started`, bytes, `label-done`. The setting `HOLD` stops it on the way until
//! the operator takes the value away, so that a test can do something meanwhile; `PACE` slows down each part of it alike.

use std::time::Duration;

use ostler_sdk::printing::{PrintJob, Proof};
use ostler_sdk::{Machine, Result};

use crate::CONNECTION;

/// How often a held print looks whether it may go on.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Prints a label. `HOLD` is `before` (connected, no byte sent), `middle` (half of the bytes sent) or `after` (label done).
pub async fn print(machine: &Machine, job: &PrintJob, index: u32) -> Result<()> {
    let device = machine.connect(CONNECTION).await?;
    hold(machine, "before").await?;
    pace(machine).await?;
    let label = label(job, index);
    let (first, rest) = label.split_at(label.len() / 2);
    job.label_started(index).await?;
    pace(machine).await?;
    device.write_all(first).await?;
    hold(machine, "middle").await?;
    pace(machine).await?;
    device.write_all(rest).await?;
    pace(machine).await?;
    job.label_done(index, Proof::Sent).await?;
    hold(machine, "after").await
}

/// A label in ZPL II with one small picture. Its place tells which label of which job it is.
pub fn label(job: &PrintJob, index: u32) -> Vec<u8> {
    format!("^XA^FO{},{index}^GFA,8,8,1,FF818181818181FF^FS^XZ", job.id()).into_bytes()
}

async fn pace(machine: &Machine) -> Result<()> {
    match machine.optional_setting::<i64>("PACE")?.and_then(|ms| u64::try_from(ms).ok()) {
        Some(ms) => machine.sleep(Duration::from_millis(ms)).await,
        None => Ok(()),
    }
}

async fn hold(machine: &Machine, point: &str) -> Result<()> {
    let held = || -> Result<bool> { Ok(machine.optional_setting::<String>("HOLD")?.as_deref() == Some(point)) };
    if held()? {
        machine.set_status_text(format!("held: {point}"));
    }
    while held()? {
        machine.sleep(LOOK_AGAIN).await?;
    }
    Ok(())
}
