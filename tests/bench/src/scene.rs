//! What both benchmarks need: the component of `tests/drivers/bench`, compiled and linked as the daemon does it, stores
//! for it, and machines.

use anyhow::{Context as _, Result, anyhow};
use ostler::{
    broker::{DriverContext, Machine, MachineHandle, Services, Settings},
    contract::Packages,
    instance::{
        GuestEngine, Instance, InstanceState, LimitTable, Limits,
        code::Loaded,
        exports::{Exports, LIFECYCLE, find},
        link::linker_for,
        state::DriverStore,
    },
    model::{MachineId, Slug},
    store::Store,
};
use ostler_render::{RenderLimits, RenderPool, WorkerCommand};
use std::{env, path::PathBuf, sync::Arc};
use tempfile::TempDir;
use wasmtime::component::{self, Component, ComponentNamedList, Lift, Lower, Resource, TypedFunc};

/// The scene.
pub struct Scene {
    /// The engine, and the runtime that guests run on.
    pub guests: GuestEngine,
    loaded: Arc<Loaded>,
    services: Arc<Services>,
    slug: Slug,
    /// The database's; goes last.
    _folder: TempDir,
}

impl Scene {
    /// Compiles and links. Must be called inside a tokio runtime.
    pub fn set() -> Result<Self> {
        let guests = GuestEngine::start().map_err(engine)?;
        let packages = Packages::embedded()?;
        let slug: Slug = "label-printer".parse()?;
        let machine_type = packages.types.into_iter().map(|of| of.machine_type).find(|of| of.slug == slug);
        let machine_type = machine_type.context("no label printers")?;
        let file = component_file();
        let bytes = std::fs::read(&file).with_context(|| format!("reading {} (run `just guests`)", file.display()))?;
        let component = Component::new(guests.engine(), bytes).map_err(engine)?;
        let linker = linker_for(guests.engine(), &machine_type).map_err(engine)?;
        let pre = linker.instantiate_pre(&component).map_err(engine)?;
        let loaded = Arc::new(Loaded { pre, machine_type });
        let (folder, store) = Store::open_temporary()?;
        // Nothing is rendered here.
        let worker = WorkerCommand { program: env::current_exe()?, args: Vec::new() };
        let services =
            Services::start(store, RenderPool::new(RenderLimits::default(), worker), LimitTable::of_all(limits()));
        Ok(Self { guests, loaded, services, slug: "bench".parse()?, _folder: folder })
    }

    /// A machine without settings.
    pub fn machine(&self, name: &str) -> Arc<Machine> {
        let machine_type = Arc::clone(&self.loaded.machine_type);
        let (slug, services) = (self.slug.clone(), Arc::clone(&self.services));
        Machine::new(MachineId::generate(), name.to_owned(), true, machine_type, slug, Settings::default(), services)
    }

    /// An instance as the daemon runs it, and which start of it is up.
    pub async fn instance(&self) -> Result<(Arc<Instance>, u64)> {
        let instance = Instance::start(&self.guests, Arc::clone(&self.loaded), self.context(), limits());
        let mut states = instance.state();
        let state = states.wait_for(|state| *state != InstanceState::Starting).await?.clone();
        match state {
            InstanceState::Up { generation } => Ok((instance, generation)),
            other => Err(anyhow!("the instance did not start: {other:?}")),
        }
    }

    /// The component in a store of its own, with the same host functions and nothing around it; initialised.
    pub async fn bare(&self) -> wasmtime::Result<Bare> {
        let context = self.context();
        let mut store = DriverStore::create(self.guests.engine(), context, &limits(), Arc::default(), Arc::default());
        let instance = self.loaded.pre.instantiate_async(&mut store).await?;
        let machine_type = &self.loaded.machine_type;
        let exports = Exports::find(&mut store, &instance, machine_type)?;
        let init = exports.init_driver;
        let (initialised,) = store.run_concurrent(async |accessor| init.call_concurrent(accessor, ()).await).await??;
        initialised.map_err(|error| wasmtime::Error::msg(error.message))?;
        let handle = MachineHandle { machine: self.machine("bare"), call: None };
        Ok(Bare { store, exports, handle, instance })
    }

    fn context(&self) -> Arc<DriverContext> {
        DriverContext::new(self.slug.to_string(), Some(Arc::clone(&self.services)))
    }
}

/// The component alone.
pub struct Bare {
    /// Its store.
    pub store: wasmtime::Store<DriverStore>,
    /// Its functions.
    pub exports: Exports,
    /// What its calls get as their machine.
    pub handle: MachineHandle,
    instance: component::Instance,
}

impl Bare {
    /// A function of the lifecycle interface that the runtime does not look up itself.
    pub fn lifecycle<P, R>(&mut self, function: &str) -> wasmtime::Result<TypedFunc<P, R>>
    where
        P: ComponentNamedList + Lower,
        R: ComponentNamedList + Lift,
    {
        find(&mut self.store, &self.instance, LIFECYCLE, function)
    }
}

/// A handle for one call, as the actor mints it.
pub fn mint(store: &mut DriverStore, handle: &MachineHandle) -> wasmtime::Result<Resource<MachineHandle>> {
    Ok(store.table().push(handle.clone())?)
}

/// The engine's errors are no standard errors.
#[allow(clippy::needless_pass_by_value)] // for `map_err`
pub fn engine(error: wasmtime::Error) -> anyhow::Error {
    anyhow!("{error:#}")
}

/// The daemon's own, but nothing stops a bare store: it has no actor whose turns would show that its guest suspends.
fn limits() -> Limits {
    Limits { cpu_slice_ms: u32::MAX, ..Limits::default() }
}

/// `<target>/wasm32-wasip2/guest`, unless `OSTLER_GUESTS` names another folder.
fn component_file() -> PathBuf {
    let built = || {
        let program = env::current_exe().unwrap_or_default();
        let target = program.ancestors().nth(2).map(PathBuf::from).unwrap_or_default();
        target.join("wasm32-wasip2/guest")
    };
    let folder = env::var_os("OSTLER_GUESTS").map_or_else(built, PathBuf::from);
    folder.join("ostler_driver_bench.wasm")
}
