//! One task owns the store and runs the calls of all the driver's machines side by side.
//!
//! When the store dies its futures are not resumed, so the replies are kept outside, in [`InFlight`]; whoever notices the
//! end answers them.

use super::{
    dynamic,
    exports::{Ask, Exports},
    life::HOOKS,
    limits::Limits,
    request::{Answer, CallEnd, FieldProblem, Message, Payload, Request},
    state::DriverStore,
};
use crate::{
    broker::{Call, CallKind, MachineHandle, PrintJobHandle},
    contract::{bindings::types, convert},
    model::{DriverError, ErrorKind, OptionSpec, SettingKind},
};
use futures::stream::{FuturesUnordered, StreamExt as _};
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::{mpsc, oneshot};
use tracing::Instrument as _;
use wasmtime::{
    AsContextMut as _, Store,
    component::{Accessor, ComponentNamedList, Lift, Lower, Resource, TypedFunc},
};

/// Calls that have not ended, with the place where their ends go.
#[derive(Clone, Default)]
pub struct InFlight(Arc<Mutex<HashMap<u64, Waiting>>>);

/// A call and where its end goes.
type Waiting = (Arc<Call>, oneshot::Sender<CallEnd>);

impl InFlight {
    fn add(&self, call: &Arc<Call>, reply: oneshot::Sender<CallEnd>) {
        self.0.lock().insert(call.id, (Arc::clone(call), reply));
    }

    fn finish(&self, id: u64, end: CallEnd) {
        if let Some((call, reply)) = self.0.lock().remove(&id) {
            call.end();
            // A caller that went away does not want to know.
            let _ = reply.send(end);
        }
    }

    /// The call of this number.
    pub fn get(&self, id: u64) -> Option<Arc<Call>> {
        self.0.lock().get(&id).map(|(call, _)| Arc::clone(call))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.lock().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Ends all of them.
    pub fn end_all(&self, mut end: impl FnMut(&Call) -> CallEnd) {
        let all: Vec<_> = self.0.lock().drain().collect();
        for (_, (call, reply)) in all {
            call.end();
            let _ = reply.send(end(&call));
        }
    }
}

/// What an actor needs beside its store.
pub struct Actor {
    /// The driver's functions.
    pub exports: Exports,
    /// Where calls come from.
    pub mailbox: Arc<tokio::sync::Mutex<mpsc::Receiver<Message>>>,
    /// Calls that have not ended.
    pub in_flight: InFlight,
    /// Which start of the instance this is.
    pub generation: u64,
    /// Counted up whenever the actor gets its turn.
    pub turns: Arc<AtomicU64>,
    /// Every bound.
    pub limits: Limits,
    /// The instance's number, for traces.
    pub instance: u64,
}

impl Actor {
    /// Runs `init-driver` alone. Its failure is the inner error.
    pub async fn init_driver(&self, store: &mut Store<DriverStore>) -> wasmtime::Result<Result<(), DriverError>> {
        let call = Call::of_driver(&store.data().driver().name);
        let init = self.exports.init_driver;
        let budget = self.limits.cpu_call_ms;
        let result = store
            .run_concurrent(async |accessor| {
                let run = async { typed(accessor, init, &call, budget, |_| Ok(())).await.map(|(result,)| result) };
                self.taking_turns(accessor, run).await
            })
            .await??;
        call.end();
        Ok(result.map_err(convert::error_from_wit))
    }

    /// Takes calls from the mailbox until it is closed, then waits for those in flight.
    pub async fn run(&self, store: &mut Store<DriverStore>) -> wasmtime::Result<()> {
        let mut mailbox = self.mailbox.lock().await;
        store
            .run_concurrent(async |accessor| {
                self.taking_turns(accessor, async {
                    let mut running = FuturesUnordered::new();
                    loop {
                        tokio::select! {
                            message = mailbox.recv() => match message {
                                Some(Message::Call(request)) => {
                                    if let Some(admitted) = self.admit(request) {
                                        let span = admitted.call.span.clone();
                                        running.push(self.perform(accessor, admitted).instrument(span));
                                    }
                                }
                                Some(Message::Beat(reply)) => {
                                    accessor.with(|mut access| access.get().count_handles());
                                    let _ = reply.send(());
                                }
                                None => break,
                            },
                            Some(()) = running.next() => {}
                        }
                    }
                    // Few wait for what is left: whoever waits keeps the mailbox open.
                    let rest = async { while running.next().await.is_some() {} };
                    let _ = tokio::time::timeout(self.limits.grace(), rest).await;
                    // What guests spawned past their returns gets to its end too, within the grace.
                    let idle = poll_fn(|context| accessor.poll_no_interesting_tasks(context));
                    let _ = tokio::time::timeout(self.limits.grace(), idle).await;
                })
                .await;
            })
            .await
    }

    /// Counts a turn whenever the future is polled: only then has the guest suspended. Each turn begins a new tick, so that
    /// a guest that wakes up after a long wait is not charged for the wait.
    async fn taking_turns<T>(&self, accessor: &Accessor<DriverStore>, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        poll_fn(|context| {
            self.turns.fetch_add(1, Ordering::Relaxed);
            accessor.with(|mut access| access.as_context_mut().set_epoch_deadline(1));
            future.as_mut().poll(context)
        })
        .await
    }

    /// Refuses calls that are meant for another start of the instance, and those beyond the bound.
    fn admit(&self, request: Request) -> Option<Admitted> {
        let Request { call, payload, generation, reply } = request;
        if generation != self.generation || call.is_cancelled() {
            call.end();
            let _ = reply.send(CallEnd::NotRunning);
            return None;
        }
        if self.in_flight.len() >= self.limits.calls_in_flight {
            call.end();
            let message = format!("{} calls of this driver are in flight already", self.limits.calls_in_flight);
            let _ = reply.send(CallEnd::Returned(Err(DriverError::transient("too-many-calls", message))));
            return None;
        }
        self.in_flight.add(&call, reply);
        Some(Admitted { call, payload })
    }

    async fn perform(&self, accessor: &Accessor<DriverStore>, admitted: Admitted) {
        let id = admitted.call.id;
        let traced = Arc::clone(&admitted.call);
        let trace = |returned: Option<bool>| {
            if let Some(machine) = &traced.machine {
                let (machine, hook) = (machine.id, traced.kind.name());
                tracing::trace!(target: HOOKS, instance = self.instance, %machine, returned, "{hook}");
            }
        };
        trace(None);
        let end = match self.invoke(accessor, admitted).await {
            Ok(result) => CallEnd::Returned(result.map_err(convert::error_from_wit)),
            // The call could not be started, for example because too many are in flight; the store lives.
            Err(error) => CallEnd::Returned(Err(DriverError::transient("call-not-started", format!("{error:#}")))),
        };
        trace(Some(end.failure().is_none()));
        self.in_flight.finish(id, end);
    }

    async fn invoke(
        &self,
        accessor: &Accessor<DriverStore>,
        Admitted { call, payload }: Admitted,
    ) -> wasmtime::Result<Result<Answer, types::Error>> {
        let exports = &self.exports;
        let budget = self.limits.cpu_call_ms;
        let call = &call;
        let on_machine = match call.kind {
            CallKind::InitMachine => Some(exports.init_machine),
            CallKind::RestartMachine => Some(exports.restart_machine),
            CallKind::StopMachine => Some(exports.stop_machine),
            CallKind::PingMachine => Some(exports.ping_machine),
            CallKind::Options => return self.ask(accessor, call, exports.intake.options, options).await,
            CallKind::Media => {
                let media = |media: Option<_>| Ok(Answer::Media(media.map(convert::media_from_wit)));
                return self.ask(accessor, call, exports.intake.media, media).await;
            }
            CallKind::Formats => {
                return self.ask(accessor, call, exports.intake.formats, |all| Ok(Answer::Formats(all))).await;
            }
            CallKind::InitDriver
            | CallKind::UpdateMachine
            | CallKind::ValidateSettings
            | CallKind::Choices
            | CallKind::RunAction
            | CallKind::Function
            | CallKind::Print => None,
        };
        if let Some(function) = on_machine {
            let (result,) = typed(accessor, function, call, budget, |store| Ok((machine(store, call)?,))).await?;
            return Ok(result.map(|()| Answer::Done));
        }
        match payload {
            Payload::Old(old) => {
                let mint = |store: &mut DriverStore| Ok((machine(store, call)?, old));
                let (result,) = typed(accessor, exports.update_machine, call, budget, mint).await?;
                Ok(result.map(|()| Answer::Done))
            }
            Payload::Proposed(values) => {
                let mint = |store: &mut DriverStore| Ok((machine(store, call)?, values));
                let (result,) = typed(accessor, exports.validate, call, budget, mint).await?;
                Ok(Ok(match result {
                    Ok(()) => Answer::Done,
                    Err(problems) => Answer::Problems(problems.into_iter().map(problem).collect()),
                }))
            }
            Payload::Function(name) => {
                let Some(function) = exports.print.get(&name).copied() else {
                    let message = format!("this machine type has no function '{name}' that prints");
                    return Ok(Err(convert::error_to_wit(DriverError::invalid("no-such-function", message))));
                };
                // Each label may cost what a call may cost.
                let labels = call.print.as_ref().map_or(1, |run| run.job.label_count.max(1));
                let mint = |store: &mut DriverStore| Ok((machine(store, call)?, print_job(store, call)?));
                let (result,) = typed(accessor, function, call, budget.saturating_mul(labels), mint).await?;
                Ok(result.map(|()| Answer::Done))
            }
            Payload::Call { function, parameters } => {
                let Some(callable) = exports.callable.get(&function) else {
                    let message = format!("this machine type has no function '{function}' that can be called");
                    return Ok(Err(convert::error_to_wit(DriverError::invalid("no-such-function", message))));
                };
                Ok(dynamic::call(accessor, *callable, call, budget, &parameters).await?.map(Answer::Json))
            }
            Payload::Setting(scope, key) => {
                let scope = convert::scope_to_wit(scope);
                let mint = |store: &mut DriverStore| Ok((Some(machine(store, call)?), scope, key));
                let (result,) = typed(accessor, exports.choices, call, budget, mint).await?;
                Ok(result.map(|choices| Answer::Choices(choices.into_iter().map(convert::choice_from_wit).collect())))
            }
            Payload::Action { key, inputs } => {
                let inputs =
                    inputs.into_iter().map(|(key, value)| (key.into(), convert::value_to_wit(value))).collect();
                let mint = |store: &mut DriverStore| Ok((machine(store, call)?, key.into(), inputs));
                let (result,) = typed(accessor, exports.run_action, call, budget, mint).await?;
                Ok(result.map(Answer::Text))
            }
            Payload::None => wasmtime::bail!("`{}` cannot be called like this", call.kind.name()),
        }
    }

    /// Asks one of the functions that a type may lack.
    async fn ask<T>(
        &self,
        accessor: &Accessor<DriverStore>,
        call: &Arc<Call>,
        function: Option<Ask<T>>,
        answer: impl FnOnce(T) -> Result<Answer, types::Error>,
    ) -> wasmtime::Result<Result<Answer, types::Error>>
    where
        (Result<T, types::Error>,): ComponentNamedList + Lift,
        T: Send + 'static,
    {
        let Some(function) = function else {
            let message = "this machine type has no such function".to_owned();
            let error = DriverError::new(ErrorKind::Unsupported, "no-such-function", message);
            return Ok(Err(convert::error_to_wit(error)));
        };
        let mint = |store: &mut DriverStore| Ok((machine(store, call)?,));
        let (result,) = typed(accessor, function, call, self.limits.cpu_call_ms, mint).await?;
        Ok(result.and_then(answer))
    }
}

/// The options that a driver declares.
fn options(declared: Vec<types::Setting>) -> Result<Answer, types::Error> {
    let mut problems = Vec::new();
    let options: Vec<OptionSpec> = convert::specs_from_wit(declared, "options", &mut problems);
    for secret in options.iter().filter(|spec| spec.kind == SettingKind::Secret) {
        problems.push(format!(
            "options: '{}' cannot be a secret, for options are stored and shown with the job",
            secret.key
        ));
    }
    if problems.is_empty() {
        return Ok(Answer::Options(options));
    }
    let message = format!("the options that the driver declares cannot be used: {}", problems.join("; "));
    Err(convert::error_to_wit(DriverError::new(ErrorKind::Permanent, "bad-options", message)))
}

struct Admitted {
    call: Arc<Call>,
    payload: Payload,
}

fn problem(error: types::FieldError) -> FieldProblem {
    FieldProblem { scope: convert::scope_from_wit(error.scope), key: error.key, message: error.message }
}

pub(super) fn machine(store: &mut DriverStore, call: &Arc<Call>) -> wasmtime::Result<Resource<MachineHandle>> {
    let Some(machine) = call.machine.clone() else { wasmtime::bail!("this call has no machine") };
    Ok(store.table().push(MachineHandle { machine, call: Some(Arc::clone(call)) })?)
}

fn print_job(store: &mut DriverStore, call: &Arc<Call>) -> wasmtime::Result<Resource<PrintJobHandle>> {
    let Some(run) = call.print.clone() else { wasmtime::bail!("this call has no print job") };
    Ok(store.table().push(PrintJobHandle { call: Arc::clone(call), run })?)
}

/// Mints the handles, starts the export and counts its processor time until it returns.
async fn typed<P, R>(
    accessor: &Accessor<DriverStore>,
    function: TypedFunc<P, R>,
    call: &Arc<Call>,
    budget_ms: u32,
    mint: impl FnOnce(&mut DriverStore) -> wasmtime::Result<P>,
) -> wasmtime::Result<R>
where
    P: ComponentNamedList + Lower + Send + Sync + 'static,
    R: ComponentNamedList + Lift + Send + Sync + 'static,
{
    let (started, task) = accessor.with(|mut access| -> wasmtime::Result<_> {
        let params = mint(access.get())?;
        let started = function.start_call_concurrent(access.as_context_mut(), params)?;
        let task = started.task();
        access.get().cpu.begin(task, Arc::clone(call), budget_ms);
        Ok((started, task))
    })?;
    let result = function.finish_call_concurrent(accessor, started).await;
    accessor.with(|mut access| access.get().cpu.end(task));
    result
}
