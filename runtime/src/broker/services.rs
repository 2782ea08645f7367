//! What the capabilities share: the store, the renderer, the limits, and the places where refusals and changes go.

use super::{
    board::BoardSnapshot,
    call::Call,
    grants::Grants,
    log::{LOG, LogRing, cut},
    machine::Machine,
    renderer::Renderer,
    unwritten,
};
use crate::{
    feed::Feed,
    instance::{LimitTable, Limits},
    metrics::{DriverMeter, Metrics},
    model::{DriverError, ErrorKind, MachineId, NewEvent, Timestamp},
    store::{LastKnown, NewAudit, Store, StoreError},
};
use ostler_render::RenderPool;
use parking_lot::{Mutex, RwLock};
use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{mpsc, oneshot, watch};

/// How long changes of a board are gathered before they are written.
const WRITE_BEHIND: Duration = Duration::from_millis(100);
/// The same refusal of the same machine is written to the audit once in this time.
const REFUSAL_WINDOW: Duration = Duration::from_mins(1);

/// What the write-behind is told.
enum Change {
    /// A machine's board changed.
    Board(Arc<Machine>),
    /// Write everything now, then answer.
    Flush(oneshot::Sender<()>),
}

/// What the capabilities share.
pub struct Services {
    /// State that lasts.
    pub store: Store,
    /// Documents to dots, in worker processes.
    pub render: Renderer,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Events for those who follow them.
    pub feed: Feed,
    /// Every bound. A reload of the configuration changes them.
    limits: watch::Sender<Arc<LimitTable>>,
    changed: mpsc::UnboundedSender<Change>,
    /// Calls with a label that is finished and not written down.
    finished: mpsc::UnboundedSender<Arc<Call>>,
    refusals: Mutex<HashMap<(MachineId, String), Instant>>,
}

impl Services {
    /// Starts the write-behind on the current runtime.
    pub fn start(store: Store, render: RenderPool, limits: LimitTable) -> Arc<Self> {
        let (changed, receiver) = mpsc::unbounded_channel();
        let (finished, calls) = mpsc::unbounded_channel();
        let limits = watch::channel(Arc::new(limits)).0;
        let refusals = Mutex::default();
        let metrics = Metrics::new(store.meter());
        let render = Renderer::new(render, Arc::clone(&metrics.render));
        let feed = Feed::start(store.clone());
        let services =
            Arc::new(Self { store: store.clone(), render, metrics, feed, limits, changed, finished, refusals });
        tokio::spawn(write_behind(store, receiver));
        tokio::spawn(unwritten::write_down(calls));
        services
    }

    /// The bounds that hold for all drivers, as they are now.
    pub fn limits(&self) -> Limits {
        self.limits.borrow().common.clone()
    }

    /// The bounds of a driver, as they are now.
    pub fn limits_of(&self, driver: &str) -> Limits {
        self.limits.borrow().of(driver).clone()
    }

    /// Sees each change of the bounds.
    pub fn watch_limits(&self) -> watch::Receiver<Arc<LimitTable>> {
        self.limits.subscribe()
    }

    /// Other bounds from now on. Instances that run keep theirs.
    pub fn set_limits(&self, limits: LimitTable) {
        self.limits.send_replace(Arc::new(limits));
    }

    /// Takes note that a machine's board changed. At most one entry a machine is ever waiting.
    pub fn write_behind(&self, machine: Arc<Machine>) {
        // The receiver ends only with the daemon; a change after that has no reader.
        let _ = self.changed.send(Change::Board(machine));
    }

    /// Takes note that a call has finished a label, which is written down soon if the call commits nothing else meanwhile.
    pub fn label_finished(&self, call: Arc<Call>) {
        // As above.
        let _ = self.finished.send(call);
    }

    /// Waits until every change so far is written.
    pub async fn flush(&self) {
        let (reply, written) = oneshot::channel();
        if self.changed.send(Change::Flush(reply)).is_ok() {
            let _ = written.await;
        }
    }

    /// Writes a refusal to the audit and the machine's log; the same one again is written once a minute.
    pub fn refused(&self, machine: &Machine, error: &DriverError) {
        if machine.is_stand_in() {
            return;
        }
        if error.kind != ErrorKind::Denied {
            return;
        }
        machine.write_log("warn", &format!("refused: {}", error.message), Vec::new());
        let key = (machine.id, error.code.clone());
        {
            let mut refusals = self.refusals.lock();
            refusals.retain(|_, at| at.elapsed() < REFUSAL_WINDOW);
            if refusals.contains_key(&key) {
                return;
            }
            refusals.insert(key, Instant::now());
        }
        let audit = NewAudit {
            who: format!("driver {}", machine.driver),
            action: "refused".to_owned(),
            subject: format!("machine {} ({})", machine.id, machine.name()),
            before: None,
            after: Some(serde_json::json!({ "code": error.code, "message": error.message })),
        };
        let store = self.store.clone();
        tokio::spawn(async move {
            if let Err(error) = store.audit(audit).await {
                tracing::error!(%error, "a refusal could not be written to the audit");
            }
        });
    }
}

async fn write_behind(store: Store, mut changes: mpsc::UnboundedReceiver<Change>) {
    let mut shown: HashMap<MachineId, BoardSnapshot> = HashMap::new();
    let mut batch = Vec::new();
    while changes.recv_many(&mut batch, 1024).await > 0 {
        let mut flushed = false;
        for change in batch.drain(..) {
            match change {
                Change::Board(machine) => write_board(&store, &machine, &mut shown).await,
                Change::Flush(reply) => {
                    flushed = true;
                    let _ = reply.send(());
                }
            }
        }
        if !flushed {
            tokio::time::sleep(WRITE_BEHIND).await;
        }
    }
}

async fn write_board(store: &Store, machine: &Machine, shown: &mut HashMap<MachineId, BoardSnapshot>) {
    machine.take_changed();
    let now = machine.board.snapshot();
    // An error of the host's own, before the driver said anything: what was known before stays known.
    if !now.heard {
        return;
    }
    let status_changed =
        shown.get(&machine.id).is_none_or(|before| before.status != now.status || before.text != now.text);
    let event = status_changed.then(|| {
        let data = serde_json::json!({
            "status": now.status.code, "status_text": now.text, "name": now.status.case, "title": now.status.text,
        });
        NewEvent::new("machine.status-changed", data).of_machine(machine.id).of_driver(machine.driver.clone())
    });
    let last_known = LastKnown {
        code: now.status.code.into(),
        name: now.status.case.clone(),
        text: now.text.clone(),
        properties: now.properties.clone(),
        at: now.at,
    };
    match store.save_last_known(machine.id, last_known, event).await {
        Ok(()) => drop(shown.insert(machine.id, now)),
        // Removed meanwhile.
        Err(StoreError::NotFound { .. }) => drop(shown.remove(&machine.id)),
        Err(error) => tracing::error!(machine = %machine.id, %error, "the status could not be written"),
    }
}

/// The driver that an instance runs, as its host functions see it.
pub struct DriverContext {
    /// Its slug, for logs; `describe` runs before it has one.
    pub name: String,
    /// Its log; standard output and error go there too.
    pub log: Arc<LogRing>,
    /// What is counted of it.
    pub meter: Arc<DriverMeter>,
    /// Errors that it reported, with their times; the newest 50.
    pub errors: Mutex<Vec<(Timestamp, DriverError)>>,
    /// Its machines.
    pub machines: RwLock<HashMap<MachineId, Arc<Machine>>>,
    /// What it may beyond their settings.
    pub grants: Grants,
    /// What it shares with all others; none while `describe` runs.
    pub services: Option<Arc<Services>>,
}

impl DriverContext {
    /// A driver without machines yet, and without grants.
    pub fn new(name: String, services: Option<Arc<Services>>) -> Arc<Self> {
        Self::with_grants(name, services, Grants::default())
    }

    /// A driver without machines yet.
    pub fn with_grants(name: String, services: Option<Arc<Services>>, grants: Grants) -> Arc<Self> {
        let meter = match &services {
            Some(services) => services.metrics.driver(&name),
            None => DriverMeter::unlisted(&name),
        };
        Arc::new(Self {
            log: Arc::new(LogRing::new(500)),
            meter,
            name,
            errors: Mutex::default(),
            machines: RwLock::default(),
            grants,
            services,
        })
    }

    /// Adds to its log. What is kept there stands in the daemon's log as well, where that is wanted.
    pub fn write_log(&self, level: &'static str, message: &str, fields: Vec<(String, String)>) {
        if self.log.push(level, message, fields) {
            tracing::debug!(target: LOG, driver = self.name, severity = level, "{}", cut(message, 200));
        }
    }

    /// Keeps an error; the newest 50 stay.
    pub fn report(&self, error: DriverError) {
        self.write_log("error", &error.to_string(), Vec::new());
        let mut errors = self.errors.lock();
        if errors.len() >= 50 {
            errors.remove(0);
        }
        errors.push((Timestamp::now(), error));
    }
}
