//! Which types, drivers and machines are there, and what are they doing?
//!
//! Start-up has three stages: machine types are discovered, then drivers, then machines are loaded; after that each active
//! machine's keeper starts it. A bad type, driver or machine never stops the start: it becomes a [`RegistryError`] or the
//! machine's own state, with a reason.
//!
//! * [`driver`]: an enabled driver and its one instance
//! * [`install`]: from bytes to an installed component
//! * [`keeper`]: one task a machine: its state, its calls, one at a time, in order of importance
//! * [`serve`]: what a keeper does while its machine is ready
//! * [`machines`]: adding, changing and removing machines
//! * [`change`]: checking and saving settings
//! * [`actions`]: the buttons that a driver declares
//! * [`preview`]: what a driver would print, without its device
//! * [`view`]: machines, settings and drivers as the API shows them
//!
//! Invariant: a machine's state is changed by its keeper alone.

pub mod actions;
pub mod change;
pub mod driver;
pub mod install;
pub mod keeper;
pub mod machines;
pub mod preview;
mod serve;
pub mod view;

pub use actions::{ActionError, Press};
pub use change::{ChangeError, FieldErrors};
pub use driver::Driver;
pub use install::{InstallError, Installed};
pub use machines::{MachineError, NewMachine};
pub use preview::PreviewError;

use crate::{
    broker::{Machine, Services, Settings},
    contract::{MachineType, Packages},
    instance::{GuestEngine, code::CodeCache},
    model::{
        Digest, InstalledDriver, MachineId, MachineRecord, MachineState, Scope, SettingKey, SettingSpec, Slug,
        Timestamp,
    },
    store::{SettingWrite, StoreError},
};
use keeper::{Command, Keeper, Live};
use parking_lot::{Mutex, RwLock};
use serde::Serialize;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

/// How many commands may wait for a keeper.
const COMMANDS: usize = 64;
/// How many rehearsals run side by side.
const REHEARSALS: usize = 2;

/// Something that kept a type, driver or machine from being registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RegistryError {
    /// When it was found.
    pub at: Timestamp,
    /// Where: a folder, a driver, a machine.
    pub source: String,
    /// What is wrong, and what to do.
    pub message: String,
}

/// The enabled driver of a slug, or none while there is none.
type Slot = Option<Arc<Driver>>;

/// What the registry is made of.
pub struct Registry {
    /// What the broker's capabilities share.
    pub services: Arc<Services>,
    /// Every known contract.
    pub packages: Arc<Packages>,
    guests: GuestEngine,
    code: CodeCache,
    types: BTreeMap<Slug, Arc<MachineType>>,
    /// The enabled driver of each slug, or none while there is none; keepers watch it.
    slots: Mutex<HashMap<Slug, watch::Sender<Slot>>>,
    machines: RwLock<BTreeMap<MachineId, Entry>>,
    errors: Mutex<Vec<RegistryError>>,
    /// Installs go one at a time: each may take a core for seconds.
    installing: tokio::sync::Mutex<()>,
    /// How many previews may be made at the same time.
    rehearsals: Semaphore,
}

/// A loaded machine and the way to its keeper.
#[derive(Clone)]
pub struct Entry {
    /// The machine.
    pub machine: Arc<Machine>,
    /// Its state, and when it began.
    pub state: watch::Receiver<(MachineState, Timestamp)>,
    /// The instance that it is initialised in, while it is ready.
    pub live: watch::Receiver<Option<Live>>,
    commands: mpsc::Sender<Command>,
}

impl Registry {
    /// Runs the three stages.
    pub async fn start(
        services: Arc<Services>,
        guests: GuestEngine,
        code: CodeCache,
        packages: Packages,
    ) -> Result<Arc<Self>, StoreError> {
        let types = packages.types.iter().map(|of| (of.slug.clone(), Arc::new(of.clone()))).collect();
        let registry = Arc::new(Self {
            services,
            guests,
            code,
            types,
            slots: Mutex::default(),
            machines: RwLock::default(),
            errors: Mutex::default(),
            installing: tokio::sync::Mutex::default(),
            rehearsals: Semaphore::new(REHEARSALS),
            packages: Arc::new(packages),
        });
        for error in &registry.packages.errors {
            registry.report("machine types", error.to_string());
        }
        for driver in registry.services.store.drivers().await?.into_iter().filter(|driver| driver.enabled) {
            registry.put_in_slot(driver);
        }
        let mut settings = registry.services.store.all_settings().await?;
        for record in registry.services.store.machines().await? {
            let values = settings.remove(&record.id).unwrap_or_default();
            registry.load(record, values);
        }
        Ok(registry)
    }

    /// All machine types.
    pub fn types(&self) -> impl Iterator<Item = &Arc<MachineType>> {
        self.types.values()
    }

    /// A machine type.
    pub fn machine_type(&self, slug: &Slug) -> Option<&Arc<MachineType>> {
        self.types.get(slug)
    }

    /// What kept types, drivers or machines from being registered.
    pub fn errors(&self) -> Vec<RegistryError> {
        self.errors.lock().clone()
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
        self.slots.lock().get(slug).and_then(|slot| slot.borrow().clone())
    }

    /// Every installed component.
    pub async fn installed(&self) -> Result<Vec<InstalledDriver>, StoreError> {
        self.services.store.drivers().await
    }

    /// Enables a digest of a driver, the latest installed one unless it is named; machines move over to it.
    pub async fn enable(&self, slug: &Slug, digest: Option<Digest>, by: &str) -> Result<InstalledDriver, StoreError> {
        let not_found = || StoreError::NotFound {
            what: match digest {
                Some(digest) => format!("no component {} of driver '{slug}' is installed", digest.short()),
                None => format!("no driver '{slug}' is installed: install its component first"),
            },
        };
        let of_slug = |all: Vec<InstalledDriver>| all.into_iter().filter(move |driver| driver.info.slug == *slug);
        let chosen = of_slug(self.services.store.drivers().await?)
            .filter(|driver| digest.is_none_or(|digest| digest == driver.digest))
            .max_by_key(|driver| driver.installed_at)
            .ok_or_else(not_found)?;
        self.withdraw_changed_permissions(&chosen).await?;
        self.services.store.enable_driver(slug, chosen.digest, by).await?;
        let chosen = InstalledDriver { enabled: true, ..chosen };
        self.put_in_slot(chosen.clone());
        Ok(chosen)
    }

    /// A value that permits to connect somewhere was given to a setting of a certain kind and schemes. Where another version
    /// of the driver declares it otherwise, the value is withdrawn until an operator saves it again.
    async fn withdraw_changed_permissions(&self, next: &InstalledDriver) -> Result<(), StoreError> {
        let others = self
            .installed()
            .await?
            .into_iter()
            .filter(|other| other.info.slug == next.info.slug && other.digest != next.digest);
        // The version that runs now is the one to compare with. Without one it may have been any, so all must agree.
        let before: Vec<InstalledDriver> = match self.driver(&next.info.slug) {
            Some(now) if now.installed.digest == next.digest => return Ok(()),
            Some(now) => vec![now.installed.clone()],
            None => others.collect(),
        };
        let agrees = |spec: &SettingSpec, before: &InstalledDriver| {
            let same = before.info.settings.iter().find(|before| before.key == spec.key);
            same.is_some_and(|before| before.kind == spec.kind && before.schemes() == spec.schemes())
        };
        let changed: Vec<_> = next
            .info
            .settings
            .iter()
            .filter(|spec| spec.kind.is_operators_alone() && !before.iter().all(|before| agrees(spec, before)))
            .map(|spec| spec.key.clone())
            .collect();
        if changed.is_empty() {
            return Ok(());
        }
        for entry in self.machines().into_iter().filter(|entry| entry.machine.driver == next.info.slug) {
            let writes =
                |key: &SettingKey| SettingWrite { scope: Scope::Driver, key: key.clone(), value: None, masked: false };
            let id = entry.machine.id;
            let author = format!("daemon: {} {} declares it otherwise", next.info.slug, next.info.version);
            self.services.store.write_settings(id, changed.iter().map(writes).collect(), &author).await?;
            let applied: Vec<_> = changed.iter().map(|key| (Scope::Driver, key.clone(), None)).collect();
            entry.machine.change_settings(|settings| settings.apply(&applied));
        }
        Ok(())
    }

    /// Disables a driver; its machines become `driver-missing`.
    pub async fn disable(&self, slug: &Slug, by: &str) -> Result<(), StoreError> {
        self.services.store.disable_driver(slug, by).await?;
        self.slot(slug).0.send_replace(None);
        Ok(())
    }

    /// Stops all machines and waits for their keepers.
    pub async fn shutdown(&self) {
        let entries: Vec<_> = std::mem::take(&mut *self.machines.write()).into_values().collect();
        let stops = entries.into_iter().map(|entry| async move {
            let (reply, done) = oneshot::channel();
            if entry.commands.send(Command::Shutdown { reply }).await.is_ok() {
                let _ = done.await;
            }
        });
        futures::future::join_all(stops).await;
        self.services.flush().await;
        self.services.render.end_idle().await;
    }

    /// Keeps an error that did not stop the start.
    pub fn report(&self, source: &str, message: String) {
        tracing::error!(source, "{message}");
        self.errors.lock().push(RegistryError { at: Timestamp::now(), source: source.to_owned(), message });
    }

    fn put_in_slot(&self, installed: InstalledDriver) {
        let slug = installed.info.slug.clone();
        let Some(machine_type) = self.types.get(&installed.info.machine_type) else {
            let message = format!(
                "driver '{slug}' is for the machine type '{}', which is not there",
                installed.info.machine_type
            );
            self.report(slug.as_str(), message);
            return;
        };
        let driver = Driver::new(
            installed,
            Arc::clone(machine_type),
            Arc::clone(&self.services),
            self.guests.clone(),
            self.code.clone(),
        );
        self.slot(&slug).0.send_replace(Some(driver));
    }

    fn slot(&self, slug: &Slug) -> (watch::Sender<Slot>, watch::Receiver<Slot>) {
        let mut slots = self.slots.lock();
        let sender = slots.entry(slug.clone()).or_insert_with(|| watch::channel(None).0);
        (sender.clone(), sender.subscribe())
    }

    /// Makes a machine of a record and starts its keeper.
    fn load(self: &Arc<Self>, record: MachineRecord, values: crate::store::Settings) -> Option<Entry> {
        let Some(machine_type) = self.types.get(&record.machine_type) else {
            let message =
                format!("Machine type '{}' not found; the machine is kept and not loaded", record.machine_type);
            self.report(&format!("machine '{}'", record.name), message);
            return None;
        };
        let (_, slot) = self.slot(&record.driver);
        let driver = slot.borrow().clone();
        let specs = driver.map(|driver| driver.installed.info.settings.clone()).unwrap_or_default();
        let machine = Machine::new(
            record.id,
            record.name,
            record.active,
            Arc::clone(machine_type),
            record.driver,
            Settings::new(&machine_type.settings, &specs, values),
            Arc::clone(&self.services),
        );
        let (commands, receiver) = mpsc::channel(COMMANDS);
        let (state_sender, state) = watch::channel((MachineState::Starting, Timestamp::now()));
        let (live_sender, live) = watch::channel(None);
        let keeper =
            Keeper::new(Arc::clone(&machine), Arc::clone(&self.services), slot, receiver, state_sender, live_sender);
        // Where guests run: between two runtimes a call would wait twice for a thread to wake up, which takes longer than most
        // calls do.
        self.guests.spawn(keeper.run());
        let entry = Entry { machine, state, live, commands };
        self.machines.write().insert(entry.machine.id, entry.clone());
        Some(entry)
    }
}

impl Entry {
    /// Tells the keeper that something changed: settings, the active flag, a new job. Never waits: a full mailbox means
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
