//! More than anybody can read: log lines, status texts, properties and errors.

use ostler_sdk::printing::PrintJob;
use ostler_sdk::{Error, Machine, Property, Result};

use crate::honest;

/// How much of each.
const MANY: usize = 5_000;
/// How much at a time, before the neighbours get their turn.
const BATCH: usize = 200;
/// A long text, in bytes.
const LONG: usize = 10_000;
/// A giant text, in bytes.
const GIANT: usize = 1_000_000;

/// Writes everything that can be written, far too often and far too long, and then prints as it should.
pub async fn everything(machine: &Machine, job: &PrintJob, index: u32) -> Result<()> {
    let long = "l".repeat(LONG);
    for number in 0..MANY {
        machine.info(format!("line {number} {long}"));
        ostler_sdk::log::info(format!("line {number}"));
        println!("line {number} of standard output");
        machine.set_status_text(format!("text {number}"));
        machine.report_error(&Error::transient("flood", format!("error {number}")));
        if number % BATCH == 0 {
            ostler_sdk::yield_now().await;
        }
    }
    let property = |number: usize| Property::text("flood", format!("{number} {long}"));
    machine.set_properties(&(0..1_000).map(property).collect::<Vec<_>>());
    machine.set_status_text("g".repeat(GIANT));
    honest::print(machine, job, index).await
}
