//! The host functions that belong to the driver and to no machine.

use super::{
    BrokerView,
    machine::{Machine, MachineHandle},
};
use crate::contract::{
    bindings::{host, types},
    convert,
};
use std::sync::Arc;
use wasmtime::component::Resource;

/// How many handles `machines` returns at most.
const MAX_MACHINES: usize = 1000;

impl host::Host for BrokerView<'_> {
    fn machines(&mut self, filter: host::MachineFilter) -> wasmtime::Result<Vec<Resource<MachineHandle>>> {
        let accepts = |machine: &Arc<Machine>| {
            filter.name.as_ref().is_none_or(|name| *name == machine.name())
                && filter.active.is_none_or(|active| active == machine.is_active())
                && filter.initialized.unwrap_or(true) == machine.is_initialized()
        };
        let found: Vec<_> =
            self.driver.machines.read().values().filter(|m| accepts(m)).take(MAX_MACHINES).cloned().collect();
        found.into_iter().map(|machine| Ok(self.table.push(MachineHandle { machine, call: None })?)).collect()
    }

    fn report_driver_error(&mut self, error: types::Error) -> wasmtime::Result<()> {
        self.driver.report(convert::error_from_wit(error));
        Ok(())
    }

    fn log(&mut self, level: host::LogLevel, message: String, fields: Vec<(String, String)>) -> wasmtime::Result<()> {
        self.driver.log.push(convert::level_name(level), &message, fields);
        Ok(())
    }
}
