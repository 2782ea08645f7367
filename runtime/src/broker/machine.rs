//! What the host holds in memory of one machine, shared by its handles, its keeper and the API.

use super::{
    board::Board,
    call::Call,
    capture::Capture,
    gate::Gate,
    log::{LOG, LogRing, cut},
    services::Services,
    settings::Settings,
};
use crate::{
    contract::MachineType,
    metrics::{DriverMeter, MachineMeter},
    model::{DriverError, ErrorKind, MachineId, OptionSpec, Scope, SettingKey, Slug, Value, setting::Choice},
};
use ostler_render::{Output, Raster};
use parking_lot::{Mutex, RwLock};
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;
use tracing::Span;

/// How many lines of log a machine keeps.
const LOG_LINES: usize = 200;

/// How a driver asked for a label.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Which dots.
    pub raster: Raster,
    /// In which form.
    pub output: Output,
    /// The job's options.
    pub options: BTreeMap<String, Value>,
}

/// A loaded machine.
pub struct Machine {
    /// Its id.
    pub id: MachineId,
    /// Its type.
    pub machine_type: Arc<MachineType>,
    /// The slug of its driver.
    pub driver: Slug,
    /// What it shows.
    pub board: Board,
    /// Its log.
    pub log: LogRing,
    /// Who may use its device.
    pub gate: Gate,
    /// How many connections are open.
    pub connections: AtomicUsize,
    /// What is counted of it.
    pub meter: Arc<MachineMeter>,
    name: RwLock<String>,
    active: AtomicBool,
    paused: AtomicBool,
    initialized: AtomicBool,
    removed: AtomicBool,
    settings: RwLock<Settings>,
    /// How often its name, its switch or its settings were changed.
    edits: AtomicU64,
    /// Closes all connections of the machine; renewed when it is stopped.
    link: Mutex<CancellationToken>,
    /// When calls of this machine trapped.
    blames: Mutex<VecDeque<Instant>>,
    /// Whether the write-behind has been told of a change.
    dirty: AtomicBool,
    /// What a job may set, as the driver said it last.
    options: RwLock<Option<Arc<[OptionSpec]>>>,
    /// How its driver asked for a label last, and the count of edits then.
    asked: Mutex<Option<(u64, Asked)>>,
    /// The choices of settings that declare none, as the driver said them last.
    choices: RwLock<HashMap<(Scope, SettingKey), Vec<Choice>>>,
    /// What goes over its wire, while somebody wants to see it.
    capture: RwLock<Option<Arc<Capture>>>,
    /// The time between two pings; none for the daemon's, zero for never.
    ping_interval: RwLock<Option<Duration>>,
    /// Whether it only plays the machine of this id.
    stand_in: bool,
    services: Arc<Services>,
}

impl Machine {
    /// A machine as it is after loading: not initialised, with the type's default status.
    pub fn new(
        id: MachineId,
        name: String,
        active: bool,
        machine_type: Arc<MachineType>,
        driver: Slug,
        settings: Settings,
        services: Arc<Services>,
    ) -> Arc<Self> {
        let meter = services.metrics.machine(id, &driver);
        let machine = Self::build(id, name, active, machine_type, driver, settings, services);
        Arc::new(Self { meter, ..machine })
    }

    /// A machine that is not there yet, to check settings with.
    pub fn draft(
        id: MachineId,
        name: String,
        machine_type: Arc<MachineType>,
        driver: Slug,
        settings: Settings,
        services: Arc<Services>,
    ) -> Self {
        Self::build(id, name, false, machine_type, driver, settings, services)
    }

    /// A machine that plays this one in a rehearsal: it has the same name and settings, and a board and a log of its own.
    /// Nothing that is done with it is stored or shown, and its device takes everything and answers nothing.
    pub fn stand_in(&self) -> Arc<Self> {
        let (machine_type, driver) = (Arc::clone(&self.machine_type), self.driver.clone());
        let services = Arc::clone(&self.services);
        let play = Self::build(self.id, self.name(), true, machine_type, driver, self.settings(), services);
        Arc::new(Self { stand_in: true, ..play })
    }

    fn build(
        id: MachineId,
        name: String,
        active: bool,
        machine_type: Arc<MachineType>,
        driver: Slug,
        settings: Settings,
        services: Arc<Services>,
    ) -> Self {
        Self {
            id,
            board: Board::new(machine_type.default_status.clone()),
            machine_type,
            meter: MachineMeter::unlisted(id, DriverMeter::unlisted(driver.as_str())),
            driver,
            log: LogRing::new(LOG_LINES),
            gate: Gate::default(),
            connections: AtomicUsize::new(0),
            name: RwLock::new(name),
            active: AtomicBool::new(active),
            paused: AtomicBool::new(false),
            initialized: AtomicBool::new(false),
            removed: AtomicBool::new(false),
            settings: RwLock::new(settings),
            edits: AtomicU64::new(0),
            link: Mutex::new(CancellationToken::new()),
            blames: Mutex::new(VecDeque::new()),
            dirty: AtomicBool::new(false),
            options: RwLock::new(None),
            asked: Mutex::default(),
            choices: RwLock::default(),
            capture: RwLock::new(None),
            ping_interval: RwLock::new(None),
            stand_in: false,
            services,
        }
    }

    /// Whether it only plays a machine, in a rehearsal.
    pub fn is_stand_in(&self) -> bool {
        self.stand_in
    }

    /// The time between two pings of this machine, if it has its own; zero means never.
    pub fn ping_interval(&self) -> Option<Duration> {
        *self.ping_interval.read()
    }

    /// Gives it another time between two pings.
    pub fn set_ping_interval(&self, ms: Option<u32>) {
        *self.ping_interval.write() = ms.map(|ms| Duration::from_millis(ms.into()));
    }

    /// What a job may set, as the driver said it last; nothing before it said so.
    pub fn known_options(&self) -> Option<Arc<[OptionSpec]>> {
        self.options.read().clone()
    }

    /// Keeps what a job may set.
    pub fn remember_options(&self, options: Arc<[OptionSpec]>) {
        *self.options.write() = Some(options);
    }

    /// The density of its device in dots per millimetre, as far as its driver has asked for dots since its settings changed.
    pub fn known_density(&self) -> Option<u32> {
        self.known_asked(|asked| Some(asked.raster.dpmm))
    }

    /// How its driver will probably ask for the labels of a job with these options: as it did for another one, if its settings
    /// are the same.
    pub fn expected(&self, options: &BTreeMap<String, Value>) -> Option<(Raster, Output)> {
        self.known_asked(|asked| (asked.options == *options).then_some((asked.raster, asked.output)))
    }

    fn known_asked<R>(&self, read: impl FnOnce(&Asked) -> Option<R>) -> Option<R> {
        let asked = self.asked.lock();
        asked.as_ref().filter(|(edits, _)| *edits == self.edits()).and_then(|(_, asked)| read(asked))
    }

    /// Keeps how a label is asked for.
    pub fn remember_asked(&self, asked: Asked) {
        *self.asked.lock() = Some((self.edits(), asked));
    }

    /// Forgets what the driver said: another driver says something else.
    pub fn forget_driver(&self) {
        *self.options.write() = None;
        *self.asked.lock() = None;
        self.choices.write().clear();
    }

    /// The choices of a setting, as the driver said them last.
    pub fn known_choices(&self, scope: Scope, key: &SettingKey) -> Option<Vec<Choice>> {
        self.choices.read().get(&(scope, key.clone())).cloned()
    }

    /// Keeps the choices of a setting.
    pub fn remember_choices(&self, scope: Scope, key: SettingKey, choices: Vec<Choice>) {
        self.choices.write().insert((scope, key), choices);
    }

    /// The capture of its wire that goes on, if one does.
    pub fn capture(&self) -> Option<Arc<Capture>> {
        self.capture.read().as_ref().filter(|capture| capture.goes_on()).cloned()
    }

    /// Begins a capture in place of the one before, or ends it.
    pub fn set_capture(&self, capture: Option<Capture>) {
        *self.capture.write() = capture.map(Arc::new);
    }

    /// The name that the operator gave it.
    pub fn name(&self) -> String {
        self.name.read().clone()
    }

    /// Gives it another name.
    pub fn rename(&self, name: String) {
        *self.name.write() = name;
        self.edited();
    }

    /// Whether it should run.
    pub fn is_active(&self) -> bool {
        self.active.load(Ordering::Acquire)
    }

    /// Switches it on or off; its keeper does the rest.
    pub fn set_active(&self, active: bool) {
        self.active.store(active, Ordering::Release);
        self.edited();
    }

    /// Whether its jobs wait until somebody resumes it.
    pub fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Acquire)
    }

    /// Makes its jobs wait, or lets them go on; its keeper does the rest.
    pub fn set_paused(&self, paused: bool) {
        self.paused.store(paused, Ordering::Release);
    }

    /// Whether `init-machine` succeeded in the instance that runs now.
    pub fn is_initialized(&self) -> bool {
        self.initialized.load(Ordering::Acquire)
    }

    /// Notes whether it is initialised.
    pub fn set_initialized(&self, initialized: bool) {
        self.initialized.store(initialized, Ordering::Release);
    }

    /// Whether the operator removed it; handles that a guest keeps then answer with an error.
    pub fn is_removed(&self) -> bool {
        self.removed.load(Ordering::Acquire)
    }

    /// Marks it removed.
    pub fn remove(&self) {
        self.removed.store(true, Ordering::Release);
        self.close_connections();
    }

    /// A copy of its settings.
    pub fn settings(&self) -> Settings {
        self.settings.read().clone()
    }

    /// Reads its settings in place.
    pub fn with_settings<R>(&self, read: impl FnOnce(&Settings) -> R) -> R {
        read(&self.settings.read())
    }

    /// Changes its settings in memory.
    pub fn change_settings(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.settings.write());
        self.edited();
    }

    /// How often its name, its switch or its settings were changed: who compares two answers knows whether they were.
    pub fn edits(&self) -> u64 {
        self.edits.load(Ordering::Acquire)
    }

    fn edited(&self) {
        self.edits.fetch_add(1, Ordering::AcqRel);
    }

    /// Fires when its connections are to close.
    pub fn link(&self) -> CancellationToken {
        self.link.lock().clone()
    }

    /// Closes all its connections; later ones are not affected.
    pub fn close_connections(&self) {
        let old = std::mem::replace(&mut *self.link.lock(), CancellationToken::new());
        old.cancel();
    }

    /// Notes that a call of this machine trapped; tells how many did within `window`.
    pub fn blame(&self, window: Duration) -> usize {
        let mut blames = self.blames.lock();
        blames.push_back(Instant::now());
        blames.retain(|at| at.elapsed() < window);
        blames.len()
    }

    /// How many of its calls trapped within `window`.
    pub fn blames(&self, window: Duration) -> usize {
        self.blames.lock().iter().filter(|at| at.elapsed() < window).count()
    }

    /// Forgives all traps.
    pub fn forgive(&self) {
        self.blames.lock().clear();
    }

    /// Shows an error and tells the write-behind.
    pub fn report(self: &Arc<Self>, error: DriverError) {
        self.write_log("error", &error.to_string(), Vec::new());
        self.board.report(error);
        self.changed();
    }

    /// Tells the write-behind that the board changed.
    pub fn changed(self: &Arc<Self>) {
        if !self.stand_in && !self.dirty.swap(true, Ordering::AcqRel) {
            self.services.write_behind(Arc::clone(self));
        }
    }

    /// The write-behind takes the change over.
    pub fn take_changed(&self) -> bool {
        self.dirty.swap(false, Ordering::AcqRel)
    }

    /// Adds to its log. What is kept there stands in the daemon's log as well, where that is wanted.
    pub fn write_log(&self, level: &'static str, message: &str, fields: Vec<(String, String)>) {
        if self.log.push(level, message, fields) {
            tracing::debug!(target: LOG, machine = %self.id, severity = level, "{}", cut(message, 200));
        }
    }
}

/// A guest's handle to a machine. The call is what makes it more than a name.
#[derive(Clone)]
pub struct MachineHandle {
    /// The machine.
    pub machine: Arc<Machine>,
    /// The call that brought the handle; none for handles from `machines`.
    pub call: Option<Arc<Call>>,
}

impl MachineHandle {
    /// What the log says of the call that brought it.
    pub fn span(&self) -> Span {
        self.call.as_ref().map_or_else(Span::none, |call| call.span.clone())
    }

    /// Does something with the machine, so that lines of the log have the call.
    pub fn in_span(&self, work: impl FnOnce(&Arc<Machine>)) {
        self.span().in_scope(|| work(&self.machine));
    }

    /// The machine, unless it was removed.
    pub fn live(&self) -> Result<&Arc<Machine>, DriverError> {
        if self.machine.is_removed() {
            let message = format!("the machine '{}' was removed", self.machine.name());
            return Err(DriverError::new(ErrorKind::Permanent, "machine-gone", message));
        }
        Ok(&self.machine)
    }

    /// The call, if it still runs: only then may the device be used.
    pub fn running_call(&self) -> Result<&Arc<Call>, DriverError> {
        match &self.call {
            Some(call) if call.is_cancelled() && !call.has_ended() => Err(call.cancelled_error()),
            Some(call) if !call.has_ended() => Ok(call),
            _ => Err(DriverError::denied(
                "handle-without-call",
                format!(
                    "this handle to '{}' belongs to no running call, so it reaches no device: connect with the handle \
                     that the call brought",
                    self.machine.name()
                ),
            )),
        }
    }

    /// A setting as this call sees it: the proposed value in `validate-settings`, else the stored one.
    pub fn with_settings<R>(&self, read: impl FnOnce(&Settings) -> R) -> R {
        match self.call.as_ref().and_then(|call| call.proposed.as_ref()) {
            Some(proposed) => read(proposed),
            None => self.machine.with_settings(read),
        }
    }
}
