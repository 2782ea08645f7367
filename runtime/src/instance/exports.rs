//! The functions of a driver, looked up once for each instance.

use super::state::DriverStore;
use crate::{
    broker::{MachineHandle, PrintJobHandle},
    contract::bindings::types,
};
use std::collections::HashMap;
use wasmtime::{
    Store,
    component::{ComponentNamedList, Instance, Lift, Lower, Resource, TypedFunc},
};

/// The interface that every driver exports.
pub const LIFECYCLE: &str = "ostler:machine/lifecycle@0.1.0";

type Unit = (Result<(), types::Error>,);
type OnMachine = TypedFunc<(Resource<MachineHandle>,), Unit>;

/// `describe`, the one synchronous function.
pub type Describe = TypedFunc<(), (types::DriverInfo,)>;
/// `validate-settings`.
pub type Validate =
    TypedFunc<(Resource<MachineHandle>, Vec<types::SettingValue>), (Result<(), Vec<types::FieldError>>,)>;
/// A function that prints.
pub type Print = TypedFunc<(Resource<MachineHandle>, Resource<PrintJobHandle>), Unit>;

/// A driver's functions.
pub struct Exports {
    /// `init-driver`.
    pub init_driver: TypedFunc<(), Unit>,
    /// `init-machine`.
    pub init_machine: OnMachine,
    /// `update-machine`.
    pub update_machine: TypedFunc<(Resource<MachineHandle>, types::MachineState), Unit>,
    /// `restart-machine`.
    pub restart_machine: OnMachine,
    /// `stop-machine`.
    pub stop_machine: OnMachine,
    /// `ping-machine`.
    pub ping_machine: OnMachine,
    /// `validate-settings`.
    pub validate: Validate,
    /// Functions of the type that take a print job, by name.
    pub print: HashMap<String, Print>,
}

impl Exports {
    /// Looks everything up. `jobs` are the names of the type's functions that print, in the interface `contract`.
    pub fn find(
        store: &mut Store<DriverStore>,
        instance: &Instance,
        contract: &str,
        jobs: &[String],
    ) -> wasmtime::Result<Self> {
        let mut print = HashMap::new();
        for name in jobs {
            print.insert(name.clone(), find(store, instance, contract, name)?);
        }
        Ok(Self {
            init_driver: find(store, instance, LIFECYCLE, "init-driver")?,
            init_machine: find(store, instance, LIFECYCLE, "init-machine")?,
            update_machine: find(store, instance, LIFECYCLE, "update-machine")?,
            restart_machine: find(store, instance, LIFECYCLE, "restart-machine")?,
            stop_machine: find(store, instance, LIFECYCLE, "stop-machine")?,
            ping_machine: find(store, instance, LIFECYCLE, "ping-machine")?,
            validate: find(store, instance, LIFECYCLE, "validate-settings")?,
            print,
        })
    }
}

/// Looks one function up.
pub fn find<P, R>(
    store: &mut Store<DriverStore>,
    instance: &Instance,
    interface: &str,
    function: &str,
) -> wasmtime::Result<TypedFunc<P, R>>
where
    P: ComponentNamedList + Lower,
    R: ComponentNamedList + Lift,
{
    let missing = || wasmtime::Error::msg(format!("the component does not export `{function}` of {interface}"));
    let outer = instance.get_export_index(&mut *store, None, interface).ok_or_else(missing)?;
    let inner = instance.get_export_index(&mut *store, Some(&outer), function).ok_or_else(missing)?;
    instance.get_typed_func(&mut *store, inner)
}
