//! The host functions that belong to the driver and to no machine.

use super::{
    BrokerView, HasBroker,
    machine::{Machine, MachineHandle},
};
use crate::contract::{
    bindings::{host, types},
    convert,
};
use std::sync::Arc;
use tracing::Span;
use wasmtime::{
    AsContextMut as _,
    component::{Access, Resource},
};

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
}

impl<T: Send> host::HostWithStore<T> for HasBroker {
    fn report_driver_error(mut access: Access<'_, T, Self>, error: types::Error) -> wasmtime::Result<()> {
        let driver = Arc::clone(access.get().driver);
        span(&mut access).in_scope(|| driver.report(convert::error_from_wit(error)));
        Ok(())
    }

    fn log(
        mut access: Access<'_, T, Self>,
        level: host::LogLevel,
        message: String,
        fields: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        let driver = Arc::clone(access.get().driver);
        span(&mut access).in_scope(|| driver.write_log(convert::level_name(level), &message, fields));
        Ok(())
    }
}

/// What the log says of the call that is on the guest's stack.
fn span<T: Send>(access: &mut Access<'_, T, HasBroker>) -> Span {
    let task = access.as_context_mut().async_call_stack().ok().and_then(Iterator::last);
    let call = task.and_then(|task| access.get().calls.call_of(task));
    call.map_or_else(Span::none, |call| call.span.clone())
}
