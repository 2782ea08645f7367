//! Which types, drivers and machines are there, and what are they doing?
//!
//! Start-up has three stages: machine types are discovered, then drivers, then machines are loaded; after that each active
//! machine's keeper starts it. A bad type, driver or machine never stops the start: it becomes a [`RegistryError`] or the
//! machine's own state, with a reason.
//!
//! * [`driver`]: an enabled driver and its one instance
//! * [`discovery`]: the stages of the start, and what changes of plugins do to them
//! * [`catalog`]: which machine types are known
//! * [`plugins`], [`bundle`]: types and drivers that come together
//! * [`install`]: from bytes to an installed component
//! * [`keeper`]: one task a machine: its state, its calls, one at a time, in order of importance
//! * [`command`]: what a keeper is told
//! * [`serve`]: what a keeper does while its machine is ready; `attend`: what may come while a call runs
//! * [`machines`]: adding, changing and removing machines
//! * `observe`: what there is to see, for metrics
//! * `queue`: handing in jobs, and deciding about them
//! * [`change`]: checking and saving settings
//! * [`templates`]: label templates
//! * [`actions`]: the buttons that a driver declares
//! * [`functions`]: the functions of a type, called from outside
//! * `rehearsal`: a driver's print function without its device; [`preview`]: the dots that it asks for; [`dry_run`]: what it
//!   sends
//! * [`candidates`]: which machines can take a job
//! * [`capture`]: what goes over a machine's wire
//! * [`versions`]: which component of a driver runs: enabling, going back, removing
//! * [`view`]: machines, settings and drivers as the API shows them
//!
//! Invariant: a machine's state is changed by its keeper alone.

pub mod actions;
mod attend;
pub mod bundle;
pub mod candidates;
pub mod capture;
pub mod catalog;
pub mod change;
pub mod command;
pub mod discovery;
pub mod driver;
pub mod dry_run;
pub mod functions;
mod grants;
pub mod install;
pub mod keeper;
pub mod machines;
mod observe;
pub mod plugins;
pub mod preview;
mod queue;
pub mod rehearsal;
mod serve;
pub mod templates;
pub mod versions;
pub mod view;

pub use actions::{ActionError, Press};
pub use candidates::Candidate;
pub use capture::CaptureError;
pub use catalog::Catalog;
pub use change::{ChangeError, FieldErrors};
pub use discovery::Stage;
pub use driver::Driver;
pub use functions::FunctionError;
pub use install::{InstallError, Installed};
pub use machines::{MachineError, NewMachine};
pub use plugins::PluginError;
pub use preview::PreviewError;
pub use rehearsal::RehearsalError;
pub use templates::TemplateError;

use crate::{
    broker::{Machine, Services, Settings},
    contract::MachineType,
    instance::{Beside, GuestEngine, LimitTable, code::CodeCache},
    model::{InstalledDriver, MachineId, MachineRecord, MachineState, Slug, Timestamp},
    store::StoreError,
};
use command::Command;
use keeper::Keeper;
use parking_lot::{Mutex, RwLock};
use schemars::JsonSchema;
use serde::Serialize;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

/// How many commands may wait for a keeper.
const COMMANDS: usize = 16;
/// How many rehearsals run side by side.
const REHEARSALS: usize = 2;

/// Something that kept a type, driver or machine from being registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RegistryError {
    /// When it was found.
    pub at: Timestamp,
    /// Where: a folder, a driver, a machine.
    pub source: String,
    /// What is wrong, and what to do.
    pub message: String,
}

#[derive(Default)]
struct Errors {
    /// Of types and drivers; found anew whenever plugins change.
    catalog: Vec<RegistryError>,
    /// Everything else since the start.
    others: Vec<RegistryError>,
}

/// The place of a slug's driver; keepers watch it.
#[derive(Clone, Default)]
pub struct Slot {
    /// The enabled driver, or none while there is none.
    pub driver: Option<Arc<Driver>>,
    /// The plugin that brought the driver and is disabled.
    pub disabled_plugin: Option<Slug>,
}

/// What the registry is made of.
pub struct Registry {
    /// What the broker's capabilities share.
    pub services: Arc<Services>,
    guests: GuestEngine,
    code: CodeCache,
    /// The machine types, as the enabled plugins are now.
    catalog: RwLock<Arc<Catalog>>,
    /// The enabled driver of each slug, or none while there is none; keepers watch it.
    slots: Mutex<HashMap<Slug, watch::Sender<Slot>>>,
    machines: RwLock<BTreeMap<MachineId, Entry>>,
    errors: Mutex<Errors>,
    /// The stages of the start, with what they found.
    stages: Mutex<Vec<Stage>>,
    /// Plugins change one at a time.
    changing: tokio::sync::Mutex<()>,
    /// Installs go one at a time: each may take a core for seconds.
    installing: tokio::sync::Mutex<()>,
    /// How many previews may be made at the same time.
    rehearsals: Semaphore,
    /// Fires when the end of the daemon cannot wait for jobs in hand.
    at_once: CancellationToken,
    /// Whether the end of the daemon has begun.
    stopping: AtomicBool,
}

/// A loaded machine and the way to its keeper.
#[derive(Clone)]
pub struct Entry {
    /// The machine.
    pub machine: Arc<Machine>,
    /// Its state, and when it began.
    pub state: watch::Receiver<(MachineState, Timestamp)>,
    /// The way to its driver, while it is ready.
    pub beside: Beside,
    /// Held by whoever changes its configuration.
    changing: Arc<tokio::sync::Mutex<()>>,
    commands: mpsc::Sender<Command>,
}

impl Registry {
    /// Runs the three stages.
    pub async fn start(
        services: Arc<Services>,
        guests: GuestEngine,
        code: CodeCache,
        catalog: Catalog,
    ) -> Result<Arc<Self>, StoreError> {
        let registry = Arc::new(Self {
            services,
            guests,
            code,
            catalog: RwLock::new(Arc::new(catalog)),
            slots: Mutex::default(),
            machines: RwLock::default(),
            errors: Mutex::default(),
            stages: Mutex::default(),
            changing: tokio::sync::Mutex::default(),
            installing: tokio::sync::Mutex::default(),
            rehearsals: Semaphore::new(REHEARSALS),
            at_once: CancellationToken::new(),
            stopping: AtomicBool::new(false),
        });
        registry.put_built_in_templates().await?;
        let began = Instant::now();
        let plugins = registry.discover_types().await?;
        registry.stage("machine types", registry.catalog().types().count(), began);
        let began = Instant::now();
        registry.discover_drivers(&plugins, false).await?;
        let drivers = registry.slots.lock().values().filter(|slot| slot.borrow().driver.is_some()).count();
        registry.stage("drivers", drivers, began);
        let began = Instant::now();
        let mut settings = registry.services.store.all_settings().await?;
        for record in registry.services.store.machines().await? {
            let values = settings.remove(&record.id).unwrap_or_default();
            registry.load(record, values);
        }
        registry.stage("machines", registry.machines.read().len(), began);
        Ok(registry)
    }

    /// The machine types as they are now.
    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.read())
    }

    /// What kept types, drivers or machines from being registered.
    pub fn errors(&self) -> Vec<RegistryError> {
        let errors = self.errors.lock();
        errors.catalog.iter().chain(&errors.others).cloned().collect()
    }

    /// All machines, oldest first.
    pub fn machines(&self) -> Vec<Entry> {
        self.machines.read().values().cloned().collect()
    }

    /// A machine.
    pub fn machine(&self, id: MachineId) -> Option<Entry> {
        self.machines.read().get(&id).cloned()
    }

    /// The enabled driver of a slug.
    pub fn driver(&self, slug: &Slug) -> Option<Arc<Driver>> {
        self.slots.lock().get(slug).and_then(|slot| slot.borrow().driver.clone())
    }

    /// Every installed component.
    pub async fn installed(&self) -> Result<Vec<InstalledDriver>, StoreError> {
        self.services.store.drivers().await
    }

    /// Stops all machines and waits for their keepers. Jobs in hand may finish their labels, within the time for that.
    pub async fn shutdown(&self) {
        self.stopping.store(true, Ordering::Release);
        let entries: Vec<_> = std::mem::take(&mut *self.machines.write()).into_values().collect();
        let stops = entries.into_iter().map(|entry| async move {
            entry.ask(|reply| Command::Shutdown { at_once: self.at_once.clone(), reply }).await;
        });
        futures::future::join_all(stops).await;
        self.services.flush().await;
        self.services.render.end_idle().await;
    }

    /// Ends the jobs that a [`Self::shutdown`] waits for.
    pub fn hurry(&self) {
        self.at_once.cancel();
    }

    /// Keeps an error that did not stop the start.
    pub fn report(&self, source: &str, message: String) {
        tracing::error!(source, "{message}");
        self.errors.lock().others.push(RegistryError::now(source, message));
    }

    /// Forgets what was reported of a source: it is well again.
    pub fn settle(&self, source: &str) {
        self.errors.lock().others.retain(|error| error.source != source);
    }

    /// Other bounds from now on: machines look at once, instances that run keep theirs.
    pub fn set_limits(&self, limits: LimitTable) {
        self.services.set_limits(limits);
        for entry in self.machines() {
            entry.nudge();
        }
    }

    fn slot(&self, slug: &Slug) -> (watch::Sender<Slot>, watch::Receiver<Slot>) {
        let mut slots = self.slots.lock();
        let sender = slots.entry(slug.clone()).or_insert_with(|| watch::channel(Slot::default()).0);
        (sender.clone(), sender.subscribe())
    }

    /// Makes a machine of a record and starts its keeper. One whose type is not known is shown and waits.
    fn load(self: &Arc<Self>, record: MachineRecord, values: crate::store::Settings) -> Entry {
        let machine_type = match self.catalog().get(&record.machine_type) {
            Some(machine_type) => Arc::clone(machine_type),
            None => Arc::new(MachineType::missing(record.machine_type.clone())),
        };
        let (_, slot) = self.slot(&record.driver);
        let driver = slot.borrow().driver.clone();
        let specs = driver.map(|driver| driver.installed.info.settings.clone()).unwrap_or_default();
        let machine = Machine::new(
            record.id,
            record.name,
            record.active,
            Arc::clone(&machine_type),
            record.driver,
            Settings::new(&machine_type.settings, &specs, values),
            Arc::clone(&self.services),
        );
        machine.set_ping_interval(record.ping_interval_ms);
        machine.set_paused(record.paused);
        let (commands, receiver) = mpsc::channel(COMMANDS);
        let (state_sender, state) = watch::channel((MachineState::Starting, Timestamp::now()));
        let beside = Beside::default();
        let keeper =
            Keeper::new(Arc::clone(&machine), Arc::clone(&self.services), slot, receiver, state_sender, beside.clone());
        // Where guests run: between two runtimes a call would wait twice for a thread to wake up, which takes longer than most
        // calls do.
        self.guests.spawn(keeper.run());
        let entry = Entry { machine, state, beside, changing: Arc::default(), commands };
        self.machines.write().insert(entry.machine.id, entry.clone());
        entry
    }

    /// Tells a machine's keeper that there is something new among its jobs.
    fn nudge_job(&self, id: MachineId) {
        if let Some(entry) = self.machine(id) {
            let _ = entry.commands.try_send(Command::Job);
        }
    }
}

impl RegistryError {
    fn now(source: &str, message: String) -> Self {
        Self { at: Timestamp::now(), source: source.to_owned(), message }
    }
}

impl Entry {
    /// The turn to change its configuration, one client at a time. [`StoreError::Conflict`] when it was changed since the client
    /// saw this revision.
    pub async fn turn(
        &self,
        registry: &Registry,
        seen: Option<i64>,
    ) -> Result<tokio::sync::OwnedMutexGuard<()>, StoreError> {
        let turn = Arc::clone(&self.changing).lock_owned().await;
        if let Some(seen) = seen {
            let (revision, _) = registry.services.store.revision_and_last_known(self.machine.id).await?;
            if revision != seen {
                return Err(StoreError::Conflict {
                    what: format!(
                        "'{}' was changed since revision {seen}, it has {revision} now: read it again, then change it",
                        self.machine.name()
                    ),
                });
            }
        }
        Ok(turn)
    }

    /// Tells the keeper that something changed: settings, the active flag. Never waits: a full mailbox means
    /// that it is about to look anyway.
    pub fn nudge(&self) {
        let _ = self.commands.try_send(Command::Look);
    }

    /// Sends a command and waits for its answer; nothing when the keeper is gone.
    pub async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.ok()?;
        answer.await.ok()
    }
}
