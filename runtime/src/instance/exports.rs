//! The functions of a driver, looked up once for each instance.

use super::state::DriverStore;
use crate::{
    broker::{MachineHandle, PrintJobHandle},
    contract::{
        MachineType,
        bindings::{jobs, types},
    },
};
use std::collections::HashMap;
use wasmtime::{
    Store,
    component::{ComponentExportIndex, ComponentNamedList, Func, Instance, Lift, Lower, Resource, TypedFunc},
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

/// `run-action`.
pub type RunAction =
    TypedFunc<(Resource<MachineHandle>, String, Vec<(String, types::Value)>), (Result<String, types::Error>,)>;
/// `setting-choices`.
pub type Choices =
    TypedFunc<(Option<Resource<MachineHandle>>, types::Scope, String), (Result<Vec<types::Choice>, types::Error>,)>;
/// A question about a machine, asked before a job is taken.
pub type Ask<T> = TypedFunc<(Resource<MachineHandle>,), (Result<T, types::Error>,)>;

/// The functions that are asked before a job is taken, as far as the type has them.
pub struct Intake {
    /// What a job may set.
    pub options: Option<Ask<Vec<types::Setting>>>,
    /// What is loaded.
    pub media: Option<Ask<Option<jobs::LoadedMedia>>>,
    /// Which media types are taken as they are.
    pub formats: Option<Ask<Vec<String>>>,
}

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
    /// `run-action`.
    pub run_action: RunAction,
    /// `setting-choices`.
    pub choices: Choices,
    /// Functions of the type that take a print job, by name.
    pub print: HashMap<String, Print>,
    /// Functions of the type that can be called from outside, by name.
    pub callable: HashMap<String, Func>,
    /// Functions of the type that are asked before a job is taken.
    pub intake: Intake,
}

impl Exports {
    /// Looks everything up: the lifecycle, and what the type's manifest names.
    pub fn find(store: &mut Store<DriverStore>, instance: &Instance, of: &MachineType) -> wasmtime::Result<Self> {
        let contract = &of.contract;
        let mut print = HashMap::new();
        for name in of.print_functions() {
            print.insert(name.clone(), find(store, instance, contract, name)?);
        }
        let mut callable = HashMap::new();
        for function in of.functions.iter().filter(|function| function.callable) {
            let index = index_of(store, instance, contract, &function.name)?;
            if let Some(found) = instance.get_func(&mut *store, index) {
                callable.insert(function.name.clone(), found);
            }
        }
        let asked = &of.intake;
        let intake = Intake {
            options: asked.options.as_ref().map(|name| find(store, instance, contract, name)).transpose()?,
            media: asked.media.as_ref().map(|name| find(store, instance, contract, name)).transpose()?,
            formats: asked.formats.as_ref().map(|name| find(store, instance, contract, name)).transpose()?,
        };
        Ok(Self {
            init_driver: find(store, instance, LIFECYCLE, "init-driver")?,
            init_machine: find(store, instance, LIFECYCLE, "init-machine")?,
            update_machine: find(store, instance, LIFECYCLE, "update-machine")?,
            restart_machine: find(store, instance, LIFECYCLE, "restart-machine")?,
            stop_machine: find(store, instance, LIFECYCLE, "stop-machine")?,
            ping_machine: find(store, instance, LIFECYCLE, "ping-machine")?,
            validate: find(store, instance, LIFECYCLE, "validate-settings")?,
            run_action: find(store, instance, LIFECYCLE, "run-action")?,
            choices: find(store, instance, LIFECYCLE, "setting-choices")?,
            print,
            callable,
            intake,
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
    let index = index_of(store, instance, interface, function)?;
    instance.get_typed_func(&mut *store, index)
}

fn index_of(
    store: &mut Store<DriverStore>,
    instance: &Instance,
    interface: &str,
    function: &str,
) -> wasmtime::Result<ComponentExportIndex> {
    let missing = || wasmtime::Error::msg(format!("the component does not export `{function}` of {interface}"));
    let outer = instance.get_export_index(&mut *store, None, interface).ok_or_else(missing)?;
    instance.get_export_index(&mut *store, Some(&outer), function).ok_or_else(missing)
}
