//! A driver's running instance, as its callers see it: its calls, their deadlines, its state and what it uses.

use super::{
    actor::InFlight,
    code::Loaded,
    engine::GuestEngine,
    limits::Limits,
    request::{CallEnd, Message, Payload, Request},
    state::Usage,
    supervisor::Supervisor,
};
use crate::{
    broker::{Call, DriverContext},
    metrics::Outcome,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};
use tokio::{
    sync::{Notify, mpsc, oneshot, watch},
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

/// How many messages may wait for an instance.
const MAILBOX: usize = 1024;

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
    shared: Arc<Shared>,
}

/// What the handle and the supervisor both see.
#[derive(Default)]
pub(super) struct Shared {
    /// Ends the store that lives now, at once.
    kill: parking_lot::Mutex<CancellationToken>,
    /// Ends a rest.
    pub(super) wake: Notify,
    /// Calls that were given up and did not return.
    lingering: AtomicUsize,
    /// Calls whose callers wait.
    pub(super) in_flight: InFlight,
    /// What the store that lives now uses.
    usage: parking_lot::Mutex<Arc<Usage>>,
    starts: AtomicU64,
    number: Number,
}

/// A number for traces; never used again.
struct Number(u64);

impl Default for Number {
    fn default() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl Shared {
    /// The instance's number.
    pub(super) fn instance(&self) -> u64 {
        self.number.0
    }

    /// A new store begins: returns what ends it, and where it tells what it uses.
    pub(super) fn begin(&self, generation: u64) -> (CancellationToken, Arc<Usage>) {
        let (kill, usage) = (CancellationToken::new(), Arc::<Usage>::default());
        *self.kill.lock() = kill.clone();
        *self.usage.lock() = Arc::clone(&usage);
        self.lingering.store(0, Ordering::Release);
        self.starts.store(generation, Ordering::Relaxed);
        (kill, usage)
    }
}

/// What an instance uses now, beside its limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    /// Handles, as of the last sign of life.
    #[serde(default)]
    pub handles: usize,
}

impl UsageView {
    /// Two instances of one driver together; the state is that of the one which is worse off.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        let worse = |state: &str| ["up", "starting", "stopped", "down", "resting"].iter().position(|of| *of == state);
        Self {
            state: if worse(&self.state) >= worse(&other.state) { self.state } else { other.state },
            starts: self.starts + other.starts,
            memory_bytes: self.memory_bytes + other.memory_bytes,
            table_elements: self.table_elements + other.table_elements,
            calls_in_flight: self.calls_in_flight + other.calls_in_flight,
            lingering_calls: self.lingering_calls + other.lingering_calls,
            handles: self.handles + other.handles,
        }
    }
}

impl Instance {
    /// Starts the instance of a driver.
    pub fn start(guests: &GuestEngine, loaded: Arc<Loaded>, context: Arc<DriverContext>, limits: Limits) -> Arc<Self> {
        let (mailbox, receiver) = mpsc::channel(MAILBOX);
        let (state, watch) = watch::channel(InstanceState::Starting);
        let shared: Arc<Shared> = Arc::default();
        let supervisor = Supervisor {
            guests: guests.clone(),
            loaded,
            context,
            limits: limits.clone(),
            mailbox: Arc::new(tokio::sync::Mutex::new(receiver)),
            beats: mailbox.downgrade(),
            state,
            shared: Arc::clone(&shared),
            turns: Arc::default(),
        };
        guests.spawn(supervisor.run());
        Arc::new(Self { mailbox, state: watch, limits, shared })
    }

    /// What it is doing, and each change of that.
    pub fn state(&self) -> watch::Receiver<InstanceState> {
        self.state.clone()
    }

    /// What it uses now.
    pub fn usage(&self) -> UsageView {
        let usage = Arc::clone(&self.shared.usage.lock());
        let state = match *self.state.borrow() {
            InstanceState::Starting => "starting",
            InstanceState::Up { .. } => "up",
            InstanceState::Down { .. } => "down",
            InstanceState::Resting { .. } => "resting",
            InstanceState::Stopped => "stopped",
        };
        UsageView {
            state: state.to_owned(),
            starts: self.shared.starts.load(Ordering::Relaxed),
            memory_bytes: usage.memory.load(Ordering::Relaxed),
            table_elements: usage.elements.load(Ordering::Relaxed),
            calls_in_flight: self.shared.in_flight.len(),
            lingering_calls: self.shared.lingering.load(Ordering::Relaxed),
            handles: usage.handles.load(Ordering::Relaxed),
        }
    }

    /// The linear memory that it may have, in bytes.
    pub fn memory_limit(&self) -> usize {
        self.limits.memory_bytes
    }

    /// Ends a rest at once; an operator asked for it.
    pub fn wake(&self) {
        self.shared.wake.notify_one();
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
        if let Payload::Function(function) | Payload::Call { function, .. } = &payload {
            call.span.record("function", function.as_str());
        }
        let request = Request { call: Arc::clone(&call), payload, generation, reply };
        let watch = Watch { call: &call, began: Instant::now(), ended: false };
        if self.mailbox.send(Message::Call(request)).await.is_err() {
            return watch.end(CallEnd::NotRunning, false);
        }
        let mut overdue = false;
        let end = tokio::select! {
            end = &mut answer => end,
            why = self.overdue(&call) => {
                overdue = why.is_some();
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
        watch.end(end.unwrap_or(CallEnd::NotRunning), overdue)
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
        if self.shared.lingering.fetch_add(1, Ordering::AcqRel) + 1 >= self.limits.lingering_calls {
            self.shared.kill.lock().cancel();
        }
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "instance ({:?})", *self.state.borrow())
    }
}

/// Sees a call to its end, which is counted. A call whose caller goes away is cancelled.
struct Watch<'a> {
    call: &'a Arc<Call>,
    began: Instant,
    ended: bool,
}

impl Watch<'_> {
    /// The call is over; `overdue` says that its bound had passed.
    fn end(mut self, end: CallEnd, overdue: bool) -> CallEnd {
        self.ended = true;
        self.call.end();
        self.count(Outcome::of_call(&end, overdue));
        end
    }

    fn count(&self, outcome: Outcome) {
        if let Some(machine) = &self.call.machine {
            machine.meter.called(self.call.kind, outcome, self.began.elapsed());
        }
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.call.cancel("nobody waits for it any more");
            self.call.end();
            self.count(Outcome::Cancelled);
        }
    }
}
