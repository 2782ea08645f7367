//! One life of a store: instantiate, `init-driver`, serve calls, and say why it ended and which call is to blame.

use super::{
    actor::{Actor, InFlight},
    code::Loaded,
    cpu::Overrun,
    exports::Exports,
    handle::InstanceState,
    limits::Limits,
    request::Message,
    state::{DriverStore, Usage},
};
use crate::{
    broker::{CallKind, DriverContext},
    metrics::Outcome,
    model::DriverError,
};
use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, timeout},
};
use wasmtime::{AsContextMut as _, Store};

/// The target of a trace line for each start and end of a store, and for each call of a guest's hook with how it returned.
pub const HOOKS: &str = "ostler::hooks";

/// How a store ended.
pub(super) enum End {
    /// The mailbox was closed.
    Closed,
    /// It died; the call that is to blame, when it is known.
    Died { reason: String, culprit: Option<u64> },
}

/// One life of a store.
pub(super) struct Life {
    pub(super) loaded: Arc<Loaded>,
    pub(super) context: Arc<DriverContext>,
    pub(super) limits: Limits,
    pub(super) mailbox: Arc<tokio::sync::Mutex<mpsc::Receiver<Message>>>,
    pub(super) in_flight: InFlight,
    pub(super) state: watch::Sender<InstanceState>,
    pub(super) turns: Arc<AtomicU64>,
    pub(super) usage: Arc<Usage>,
    pub(super) generation: u64,
    /// The instance's number, for traces.
    pub(super) instance: u64,
}

impl Life {
    pub(super) async fn run(self) -> End {
        let engine = self.loaded.pre.engine().clone();
        let mut store = DriverStore::create(
            &engine,
            Arc::clone(&self.context),
            &self.limits,
            Arc::clone(&self.turns),
            Arc::clone(&self.usage),
        );
        let ended = self.live(&mut store).await;
        let returned = ended.is_ok();
        tracing::trace!(target: HOOKS, driver = %self.context.name, instance = self.instance, returned, "end");
        match ended {
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
        let exports = Exports::find(store, &instance, machine_type)?;
        let actor = Actor {
            exports,
            mailbox: Arc::clone(&self.mailbox),
            in_flight: self.in_flight.clone(),
            generation: self.generation,
            turns: Arc::clone(&self.turns),
            limits: self.limits.clone(),
            instance: self.instance,
        };
        tracing::trace!(target: HOOKS, driver = %self.context.name, instance = self.instance, "init-driver");
        let deadline = self.limits.deadline(CallKind::InitDriver).unwrap_or(Duration::MAX);
        let began = Instant::now();
        let initialised = timeout(deadline, actor.init_driver(store)).await;
        let outcome = match &initialised {
            Ok(Ok(returned)) => Outcome::of(returned),
            Ok(Err(_)) => Outcome::Trap,
            Err(_) => Outcome::Deadline,
        };
        self.context.meter.called(CallKind::InitDriver, outcome, began.elapsed());
        match initialised {
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
