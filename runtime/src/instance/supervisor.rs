//! Keeps a driver's instance alive: starts it, notices its end, and starts it again within a budget.

use super::{
    code::Loaded,
    engine::GuestEngine,
    handle::{InstanceState, Shared},
    life::{End, Life},
    limits::Limits,
    request::{CallEnd, Message},
    wakes::polled_again_at_once,
};
use crate::{
    broker::{Call, DriverContext},
    model::DriverError,
};
use std::{
    collections::VecDeque,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep, sleep_until, timeout},
};
use tracing::Span;

/// How often an instance is asked for a sign of life.
const BEAT_INTERVAL: Duration = Duration::from_secs(5);
/// How long it may take to give one. Its calls' deadlines are watched elsewhere; this is for a store that is stuck.
const BEAT_PATIENCE: Duration = Duration::from_secs(30);

/// The task that owns a driver's instance through all its lives.
pub(super) struct Supervisor {
    pub(super) guests: GuestEngine,
    pub(super) loaded: Arc<Loaded>,
    pub(super) context: Arc<DriverContext>,
    pub(super) limits: Limits,
    pub(super) mailbox: Arc<tokio::sync::Mutex<mpsc::Receiver<Message>>>,
    /// For signs of life; weak, so that the mailbox closes with the last handle.
    pub(super) beats: mpsc::WeakSender<Message>,
    pub(super) state: watch::Sender<InstanceState>,
    pub(super) shared: Arc<Shared>,
    /// Counts the store's turns, for processor time by call.
    pub(super) turns: Arc<AtomicU64>,
}
impl Supervisor {
    /// Runs until the last handle is dropped.
    pub(super) async fn run(self) {
        let mut restarts: VecDeque<Instant> = VecDeque::new();
        let mut generation = 0;
        loop {
            generation += 1;
            self.state.send_replace(InstanceState::Starting);
            let End::Died { reason, culprit } = self.run_once(generation).await else {
                self.shared.in_flight.end_all(|_| CallEnd::NotRunning);
                self.state.send_replace(InstanceState::Stopped);
                return;
            };
            self.context.meter.ends.add(1);
            let call = culprit.and_then(|id| self.shared.in_flight.get(id));
            call.as_ref().map_or_else(Span::none, |call| call.span.clone()).in_scope(|| {
                tracing::warn!(driver = %self.context.name, generation, %reason, "the driver's instance ended");
            });
            let at_fault = call.map(|call| in_words(&call)).unwrap_or_default();
            let error =
                DriverError::transient("instance-ended", format!("the driver's instance ended{at_fault}: {reason}"));
            self.context.report(error);
            self.shared.in_flight.end_all(|call| {
                let blamed = culprit == Some(call.id);
                if blamed && let Some(machine) = &call.machine {
                    machine.blame(self.limits.window());
                    machine.meter.traps.add(1);
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
                self.limits.restart_pause(count)
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
                () = self.shared.wake.notified(), if may_be_woken => return Paused::Over,
                () = sleep_until(until) => return Paused::Over,
            }
        }
    }

    /// One life of a store, in a task of its own so that a panic in a host function ends only that.
    async fn run_once(&self, generation: u64) -> End {
        let (kill, usage) = self.shared.begin(generation);
        self.context.meter.starts.add(1);
        let life = Life {
            usage,
            loaded: Arc::clone(&self.loaded),
            context: Arc::clone(&self.context),
            limits: self.limits.clone(),
            mailbox: Arc::clone(&self.mailbox),
            in_flight: self.shared.in_flight.clone(),
            state: self.state.clone(),
            turns: Arc::clone(&self.turns),
            generation,
            instance: self.shared.instance(),
        };
        let mut task = self.guests.spawn(polled_again_at_once(life.run()));
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

/// ` in ping-machine of 'dock'`.
fn in_words(call: &Call) -> String {
    let machine = call.machine.as_ref().map(|machine| format!(" of '{}'", machine.name())).unwrap_or_default();
    format!(" in {}{machine}", call.kind.name())
}

#[derive(PartialEq, Eq)]
enum Paused {
    Over,
    Closed,
}
