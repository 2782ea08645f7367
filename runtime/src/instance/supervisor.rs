//! Keeps a driver's instance alive: starts it, notices its end, knows whom to blame, and starts it again within a budget.

use super::{
    actor::{Actor, InFlight},
    code::Loaded,
    cpu::Overrun,
    engine::GuestEngine,
    exports::Exports,
    limits::Limits,
    request::{CallEnd, Message, Payload, Request},
    state::{DriverStore, Usage},
};
use crate::{
    broker::{Call, CallKind, DriverContext},
    model::DriverError,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;
use wasmtime::{AsContextMut as _, Store};

/// How many messages may wait for an instance.
const MAILBOX: usize = 1024;
/// How often an instance is asked for a sign of life.
const BEAT_INTERVAL: Duration = Duration::from_secs(5);
/// How long it may take to give one. Its calls' deadlines are watched elsewhere; this is for a store that is stuck.
const BEAT_PATIENCE: Duration = Duration::from_secs(30);
/// Pauses before the first, second ... restart; the last one repeats.
const BACK_OFF: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
];

/// What an instance is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstanceState {
    /// Being instantiated and initialised.
    Starting,
    /// Takes calls. Each start has another generation.
    Up {
        /// Which start this is, from 1.
        generation: u64,
    },
    /// Ended; started again after a pause.
    Down {
        /// What happened.
        reason: String,
    },
    /// Ended too often; waits until the window has passed or an operator restarts one of its machines.
    Resting {
        /// What happened last, and how often.
        reason: String,
    },
    /// Ended for good.
    Stopped,
}

/// A driver's running instance. Ends, after its calls, when the last clone is dropped.
pub struct Instance {
    mailbox: mpsc::Sender<Message>,
    state: watch::Receiver<InstanceState>,
    limits: Limits,
    /// Ends the store at once.
    kill: Arc<parking_lot::Mutex<CancellationToken>>,
    /// Ends a rest.
    wake: Arc<tokio::sync::Notify>,
    lingering: Arc<AtomicUsize>,
    in_flight: InFlight,
    /// Of the store that lives now; each start has another.
    usage: Arc<parking_lot::Mutex<Arc<Usage>>>,
    starts: Arc<AtomicU64>,
}

/// What an instance uses now, beside its limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageView {
    /// `up`, `starting`, `down`, `resting` or `stopped`.
    pub state: String,
    /// How often it was started.
    pub starts: u64,
    /// Linear memory in bytes.
    pub memory_bytes: usize,
    /// Table elements.
    pub table_elements: usize,
    /// Calls in flight.
    pub calls_in_flight: usize,
    /// Calls that were given up and still linger.
    pub lingering_calls: usize,
}

impl Instance {
    /// Starts the instance of a driver.
    pub fn start(guests: &GuestEngine, loaded: Arc<Loaded>, context: Arc<DriverContext>, limits: Limits) -> Arc<Self> {
        let (mailbox, receiver) = mpsc::channel(MAILBOX);
        let (state, watch) = watch::channel(InstanceState::Starting);
        let kill = Arc::new(parking_lot::Mutex::new(CancellationToken::new()));
        let wake = Arc::new(tokio::sync::Notify::new());
        let lingering = Arc::new(AtomicUsize::new(0));
        let (in_flight, starts) = (InFlight::default(), Arc::new(AtomicU64::new(0)));
        let usage: Arc<parking_lot::Mutex<Arc<Usage>>> = Arc::default();
        let supervisor = Supervisor {
            guests: guests.clone(),
            loaded,
            context,
            limits: limits.clone(),
            mailbox: Arc::new(tokio::sync::Mutex::new(receiver)),
            beats: mailbox.downgrade(),
            state,
            kill: Arc::clone(&kill),
            wake: Arc::clone(&wake),
            lingering: Arc::clone(&lingering),
            in_flight: in_flight.clone(),
            turns: Arc::default(),
            usage: Arc::clone(&usage),
            starts: Arc::clone(&starts),
        };
        guests.spawn(supervisor.run());
        Arc::new(Self { mailbox, state: watch, limits, kill, wake, lingering, in_flight, usage, starts })
    }

    /// What it is doing, and each change of that.
    pub fn state(&self) -> watch::Receiver<InstanceState> {
        self.state.clone()
    }

    /// What it uses now.
    pub fn usage(&self) -> UsageView {
        let usage = Arc::clone(&self.usage.lock());
        let state = match *self.state.borrow() {
            InstanceState::Starting => "starting",
            InstanceState::Up { .. } => "up",
            InstanceState::Down { .. } => "down",
            InstanceState::Resting { .. } => "resting",
            InstanceState::Stopped => "stopped",
        };
        UsageView {
            state: state.to_owned(),
            starts: self.starts.load(Ordering::Relaxed),
            memory_bytes: usage.memory.load(Ordering::Relaxed),
            table_elements: usage.elements.load(Ordering::Relaxed),
            calls_in_flight: self.in_flight.len(),
            lingering_calls: self.lingering.load(Ordering::Relaxed),
        }
    }

    /// Ends a rest at once; an operator asked for it.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Runs a call and watches its deadline. A call that holds the machine's device waits for it first.
    ///
    /// Dropping the future cancels the call; the guest is told, and the store is not harmed.
    pub async fn call(&self, generation: u64, call: Arc<Call>, payload: Payload) -> CallEnd {
        if call.kind.holds_device()
            && let Some(machine) = &call.machine
        {
            machine.gate.enter(&call).await;
        }
        let (reply, mut answer) = oneshot::channel();
        let request = Request { call: Arc::clone(&call), payload, generation, reply };
        let guard = CancelOnDrop(&call);
        if self.mailbox.send(Message::Call(request)).await.is_err() {
            call.end();
            return CallEnd::NotRunning;
        }
        let end = tokio::select! {
            end = &mut answer => end,
            why = self.overdue(&call) => {
                let why = match why {
                    Some(why) => {
                        call.cancel(why.clone());
                        why
                    }
                    None => call.cancelled_error().message,
                };
                tokio::select! {
                    end = &mut answer => end,
                    () = sleep(self.limits.grace()) => {
                        self.give_up(&call);
                        Ok(CallEnd::GivenUp { reason: format!("{why}, and the call did not end when asked to") })
                    }
                }
            }
        };
        std::mem::forget(guard);
        call.end();
        end.unwrap_or(CallEnd::NotRunning)
    }

    /// Completes when the call should end: with a reason when a bound was passed, without when it was cancelled.
    async fn overdue(&self, call: &Call) -> Option<String> {
        let passed = async {
            match self.limits.deadline(call.kind) {
                Some(deadline) => sleep(deadline).await,
                None => loop {
                    let until = Instant::from_std(call.last_activity() + self.limits.print_idle());
                    if until <= Instant::now() {
                        break;
                    }
                    sleep_until(until).await;
                },
            }
        };
        tokio::select! {
            () = call.cancelled() => None,
            () = passed => Some(self.bound(call)),
        }
    }

    fn bound(&self, call: &Call) -> String {
        let name = call.kind.name();
        match self.limits.deadline(call.kind) {
            Some(deadline) => format!("{name} took longer than {deadline:?}"),
            None => format!("{name} stood still for {:?}: no byte and no status moved", self.limits.print_idle()),
        }
    }

    /// A call that does not end is left behind: its handles are revoked. Too many of them, and the instance is restarted.
    fn give_up(&self, call: &Call) {
        call.end();
        if self.lingering.fetch_add(1, Ordering::AcqRel) + 1 >= self.limits.lingering_calls {
            self.kill.lock().cancel();
        }
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "instance ({:?})", *self.state.borrow())
    }
}

/// Cancels a call whose caller goes away.
struct CancelOnDrop<'a>(&'a Arc<Call>);

impl Drop for CancelOnDrop<'_> {
    fn drop(&mut self) {
        self.0.cancel("nobody waits for it any more");
        self.0.end();
    }
}

/// Says which call an error of a host function belongs to; the guest's stack is empty by then.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct Blamed {
    /// The call.
    pub call: u64,
    /// The error.
    #[source]
    pub source: wasmtime::component::ResourceTableError,
}

struct Supervisor {
    guests: GuestEngine,
    loaded: Arc<Loaded>,
    context: Arc<DriverContext>,
    limits: Limits,
    mailbox: Arc<tokio::sync::Mutex<mpsc::Receiver<Message>>>,
    beats: mpsc::WeakSender<Message>,
    state: watch::Sender<InstanceState>,
    kill: Arc<parking_lot::Mutex<CancellationToken>>,
    wake: Arc<tokio::sync::Notify>,
    lingering: Arc<AtomicUsize>,
    in_flight: InFlight,
    turns: Arc<AtomicU64>,
    usage: Arc<parking_lot::Mutex<Arc<Usage>>>,
    starts: Arc<AtomicU64>,
}

/// How a store ended.
enum End {
    /// The mailbox was closed.
    Closed,
    /// It died; the call that is to blame, when it is known.
    Died { reason: String, culprit: Option<u64> },
}

impl Supervisor {
    async fn run(self) {
        let mut restarts: VecDeque<Instant> = VecDeque::new();
        let mut generation = 0;
        loop {
            generation += 1;
            self.state.send_replace(InstanceState::Starting);
            let End::Died { reason, culprit } = self.run_once(generation).await else {
                self.in_flight.end_all(|_| CallEnd::NotRunning);
                self.state.send_replace(InstanceState::Stopped);
                return;
            };
            tracing::warn!(driver = %self.context.name, generation, %reason, "the driver's instance ended");
            let error = DriverError::transient("instance-ended", format!("the driver's instance ended: {reason}"));
            self.context.report(error);
            self.in_flight.end_all(|call| {
                let blamed = culprit == Some(call.id);
                if blamed && let Some(machine) = &call.machine {
                    machine.blame(self.limits.window());
                }
                CallEnd::Crashed { blamed, reason: reason.clone() }
            });
            restarts.push_back(Instant::now());
            restarts.retain(|at| at.elapsed() < self.limits.window());
            let count = restarts.len();
            let pause = if count > self.limits.restarts as usize {
                let reason = format!(
                    "{reason}. It ended {count} times in {:?}, so it rests; restart one of its machines to try again",
                    self.limits.window()
                );
                self.state.send_replace(InstanceState::Resting { reason });
                self.limits.window()
            } else {
                self.state.send_replace(InstanceState::Down { reason });
                BACK_OFF.get(count.saturating_sub(1)).or(BACK_OFF.last()).copied().unwrap_or_default()
            };
            let resting = count > self.limits.restarts as usize;
            if self.pause(pause, resting).await == Paused::Closed {
                self.state.send_replace(InstanceState::Stopped);
                return;
            }
            if resting {
                restarts.clear();
            }
        }
    }

    /// Waits, answering calls meanwhile.
    async fn pause(&self, pause: Duration, may_be_woken: bool) -> Paused {
        let mut mailbox = self.mailbox.lock().await;
        let until = Instant::now() + pause;
        loop {
            tokio::select! {
                biased;
                message = mailbox.recv() => match message {
                    Some(Message::Call(request)) => {
                        request.call.end();
                        let _ = request.reply.send(CallEnd::NotRunning);
                    }
                    Some(Message::Beat(reply)) => drop(reply.send(())),
                    None => return Paused::Closed,
                },
                () = self.wake.notified(), if may_be_woken => return Paused::Over,
                () = sleep_until(until) => return Paused::Over,
            }
        }
    }

    /// One life of a store, in a task of its own so that a panic in a host function ends only that.
    async fn run_once(&self, generation: u64) -> End {
        let kill = CancellationToken::new();
        *self.kill.lock() = kill.clone();
        self.lingering.store(0, Ordering::Release);
        self.starts.store(generation, Ordering::Relaxed);
        let usage: Arc<Usage> = Arc::default();
        *self.usage.lock() = Arc::clone(&usage);
        let life = Life {
            usage,
            loaded: Arc::clone(&self.loaded),
            context: Arc::clone(&self.context),
            limits: self.limits.clone(),
            mailbox: Arc::clone(&self.mailbox),
            in_flight: self.in_flight.clone(),
            state: self.state.clone(),
            turns: Arc::clone(&self.turns),
            generation,
        };
        let mut task = self.guests.spawn(life.run());
        let end = tokio::select! {
            end = &mut task => Some(end),
            () = kill.cancelled() => None,
            () = self.stuck() => None,
        };
        match end {
            Some(Ok(end)) => end,
            Some(Err(panicked)) => {
                tracing::error!(driver = %self.context.name, error = %panicked, "a host function panicked");
                End::Died { reason: "the host had an internal error in one of its functions".to_owned(), culprit: None }
            }
            None => {
                task.abort();
                let _ = timeout(self.limits.grace(), task).await;
                let reason = if kill.is_cancelled() {
                    format!("{} of its calls did not end when asked to", self.limits.lingering_calls)
                } else {
                    format!("it gave no sign of life for {BEAT_PATIENCE:?}")
                };
                End::Died { reason, culprit: None }
            }
        }
    }

    /// Completes when the store gives no sign of life.
    async fn stuck(&self) {
        loop {
            sleep(BEAT_INTERVAL).await;
            let Some(mailbox) = self.beats.upgrade() else { return std::future::pending().await };
            let (reply, answer) = oneshot::channel();
            // A full mailbox is not a dead one: whoever empties it gives a sign of life later.
            if timeout(BEAT_PATIENCE, mailbox.send(Message::Beat(reply))).await.is_err() {
                return;
            }
            drop(mailbox);
            if timeout(BEAT_PATIENCE, answer).await.is_err() {
                return;
            }
        }
    }
}

#[derive(PartialEq, Eq)]
enum Paused {
    Over,
    Closed,
}

/// One life of a store.
struct Life {
    loaded: Arc<Loaded>,
    context: Arc<DriverContext>,
    limits: Limits,
    mailbox: Arc<tokio::sync::Mutex<mpsc::Receiver<Message>>>,
    in_flight: InFlight,
    state: watch::Sender<InstanceState>,
    turns: Arc<AtomicU64>,
    usage: Arc<Usage>,
    generation: u64,
}

impl Life {
    async fn run(self) -> End {
        let engine = self.loaded.pre.engine().clone();
        let mut store = DriverStore::create(
            &engine,
            Arc::clone(&self.context),
            &self.limits,
            Arc::clone(&self.turns),
            Arc::clone(&self.usage),
        );
        match self.live(&mut store).await {
            Ok(()) => End::Closed,
            Err(Ending::Refused(error)) => End::Died { reason: format!("init-driver failed: {error}"), culprit: None },
            Err(Ending::Trapped(error)) => {
                let culprit = culprit(&mut store, &error);
                End::Died { reason: explain(&error), culprit }
            }
        }
    }

    async fn live(&self, store: &mut Store<DriverStore>) -> Result<(), Ending> {
        let instance = self.loaded.pre.instantiate_async(&mut *store).await?;
        let machine_type = &self.loaded.machine_type;
        let exports = Exports::find(store, &instance, &machine_type.contract, &machine_type.jobs)?;
        let actor = Actor {
            exports,
            mailbox: Arc::clone(&self.mailbox),
            in_flight: self.in_flight.clone(),
            generation: self.generation,
            turns: Arc::clone(&self.turns),
            limits: self.limits.clone(),
        };
        let deadline = self.limits.deadline(CallKind::InitDriver).unwrap_or(Duration::MAX);
        match timeout(deadline, actor.init_driver(store)).await {
            Ok(initialised) => initialised?.map_err(Ending::Refused)?,
            Err(_) => {
                let message = format!("it took longer than {deadline:?}");
                return Err(Ending::Refused(DriverError::transient("deadline", message)));
            }
        }
        self.state.send_replace(InstanceState::Up { generation: self.generation });
        actor.run(store).await?;
        Ok(())
    }
}

enum Ending {
    Refused(DriverError),
    Trapped(wasmtime::Error),
}

impl From<wasmtime::Error> for Ending {
    fn from(error: wasmtime::Error) -> Self {
        Self::Trapped(error)
    }
}

/// The call that is at fault: the one on the guest's stack, or the one that a host function's error names.
fn culprit(store: &mut Store<DriverStore>, error: &wasmtime::Error) -> Option<u64> {
    if let Some(blamed) = error.downcast_ref::<Blamed>() {
        return Some(blamed.call);
    }
    let task = store.as_context_mut().async_call_stack().ok()?.last()?;
    store.data().cpu.call_of(task).map(|call| call.id)
}

/// The end of a store in a sentence. Rust's own panic message has gone to the driver's log.
pub(super) fn explain(error: &wasmtime::Error) -> String {
    if let Some(overrun) = error.downcast_ref::<Overrun>() {
        return overrun.to_string();
    }
    match error.downcast_ref::<wasmtime::Trap>() {
        Some(wasmtime::Trap::UnreachableCodeReached) => {
            "it gave up by a panic or for want of memory (trap: unreachable); its log says more".to_owned()
        }
        Some(trap) => format!("it trapped: {trap}"),
        None => error.root_cause().to_string(),
    }
}
