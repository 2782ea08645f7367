//! Devices and settings of others.

use std::cell::RefCell;
use std::collections::HashMap;

use ostler_sdk::printing::PrintJob;
use ostler_sdk::{Error, Machine, MachineFilter, Result, machines};

use crate::{CONNECTION, honest, target};

/// Handles that were kept beyond their calls, by the machine's name.
///
/// The SDK lends a machine to one call; this goes below the SDK, as hostile code does, and keeps the number of the handle.
#[derive(Default)]
pub struct Loot(RefCell<HashMap<String, u32>>);

impl Loot {
    /// Keeps the handle of a call that is about to return.
    pub fn keep(&self, machine: &Machine) {
        let name = machine.name();
        self.0.borrow_mut().insert(name, machine.__raw().take_handle());
    }

    /// Connects to the device of another machine with its handle.
    pub async fn connect(&self, name: &str) -> Result<()> {
        let handle = self.0.borrow().get(name).copied();
        let handle = handle.ok_or_else(|| Error::invalid("no-loot", format!("no handle of {name} was kept")))?;
        let machine = revive(handle);
        let connected = machine.connect(CONNECTION).await.map(drop);
        // Dropping it would give the handle back.
        machine.__raw().take_handle();
        connected
    }
}

#[allow(unsafe_code)] // the handle is this instance's own: it was taken out of the wrapper that would have dropped it
fn revive(handle: u32) -> Machine {
    use ostler_sdk::__private::core::ostler::machine::host;
    Machine::from(unsafe { host::Machine::from_handle(handle) })
}

/// Connects to the device of another machine with a handle from the list of machines.
pub async fn connect_listed(name: &str) -> Result<()> {
    let found = machines(&MachineFilter { name: Some(name.to_owned()), active: None, initialized: None });
    let machine = found.first().ok_or_else(|| Error::invalid("no-target", format!("there is no machine {name}")))?;
    machine.connect(CONNECTION).await.map(drop)
}

/// Tries to lead its own connection elsewhere, tells what came of it, and prints.
pub async fn rewire(machine: &Machine, job: &PrintJob, index: u32) -> Result<()> {
    match machine.set_setting(CONNECTION, target(machine)?).await {
        Ok(()) => machine.set_status_text("rewired"),
        Err(error) => machine.set_status_text(format!("{}: {error}", error.code)),
    }
    honest::print(machine, job, index).await
}
