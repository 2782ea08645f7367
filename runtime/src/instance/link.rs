//! What a store offers to a component: the contract of its type, and a WASI with nothing behind it.

use super::state::DriverStore;
use crate::{
    broker::{HasBroker, MachineHandle},
    contract::{
        MachineType,
        bindings::{host, jobs, types},
    },
};
use wasmtime::{
    AsContextMut as _, StoreContextMut,
    component::{Linker, Resource, Val},
};

/// The interface through which a guest blocks its thread, in exactly the version that the engine's WASI registers.
const WASI_POLL: &str = "wasi:io/poll@0.2.12";
const NO_BLOCKING: &str =
    "a driver must not block its thread, since that would stop all its machines: await machine.sleep instead";

/// The linker for drivers of a machine type.
pub fn linker_for(engine: &wasmtime::Engine, machine_type: &MachineType) -> wasmtime::Result<Linker<DriverStore>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    forbid_blocking(&mut linker)?;
    types::add_to_linker::<_, HasBroker>(&mut linker, DriverStore::broker)?;
    host::add_to_linker::<_, HasBroker>(&mut linker, DriverStore::broker)?;
    jobs::add_to_linker::<_, HasBroker>(&mut linker, DriverStore::broker)?;
    link_status(&mut linker, machine_type)?;
    Ok(linker)
}

/// `std::thread::sleep` in a guest ends in these functions and would hold the whole store.
fn forbid_blocking(linker: &mut Linker<DriverStore>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut poll = linker.instance(WASI_POLL)?;
    poll.func_new("poll", |_, _, _, _| wasmtime::bail!(NO_BLOCKING))?;
    poll.func_new("[method]pollable.block", |_, _, _, _| wasmtime::bail!(NO_BLOCKING))?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Links `set-status` of any machine type, without bindings: the enum's cases are those of the manifest.
fn link_status(linker: &mut Linker<DriverStore>, machine_type: &MachineType) -> wasmtime::Result<()> {
    let statuses = machine_type.statuses.clone();
    linker.instance(&machine_type.status_interface)?.func_new(
        "set-status",
        move |mut context: StoreContextMut<'_, DriverStore>, _, params, _| {
            let (Some(Val::Resource(machine)), Some(Val::Enum(case))) = (params.first(), params.get(1)) else {
                wasmtime::bail!("set-status takes a machine and a status");
            };
            let handle: Resource<MachineHandle> = machine.try_into_resource(context.as_context_mut())?;
            let handle = context.data_mut().table().get(&handle)?.clone();
            if let Some(status) = statuses.iter().find(|status| status.case == *case)
                && handle.machine.board.set_status(status)
            {
                handle.machine.changed();
            }
            if let Some(call) = &handle.call {
                call.touch();
            }
            Ok(())
        },
    )
}
