//! One task keeps one machine: it decides the machine's state and makes its calls, one at a time.
//!
//! The keeper goes through the states in rounds. Each round asks, in this order: is the machine switched on, is its driver
//! there, are its settings complete, has it trapped too often, does the driver's instance run, does `init-machine` succeed.
//! The first "no" is the machine's state, and the keeper waits for a command, another driver, or the next try.

use super::{
    Slot,
    change::{machine_state, tell_driver},
    command::Command,
    driver::Driver,
    serve::Leave,
};
use crate::{
    broker::{Call, CallKind, Machine, Services, Settings},
    contract::bindings::types,
    instance::{Beside, CallEnd, Instance, InstanceState, Live, Payload},
    model::{DriverError, ErrorKind, JobId, MachineState, Timestamp},
};
use std::{collections::VecDeque, sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};

/// Pauses before the second, third ... try to initialise a machine, in seconds; the last one repeats.
const BACK_OFF: [u64; 5] = [5, 10, 20, 40, 80];

/// The task of one machine.
pub struct Keeper {
    pub(super) machine: Arc<Machine>,
    pub(super) services: Arc<Services>,
    /// The enabled driver of the machine's slug.
    pub(super) slot: watch::Receiver<Slot>,
    pub(super) commands: mpsc::Receiver<Command>,
    /// Commands that came while a call ran and wait for its end.
    pub(super) pending: VecDeque<Command>,
    state: watch::Sender<(MachineState, Timestamp)>,
    beside: Beside,
    /// The driver whose declarations the machine's settings have now.
    adopted: Option<Arc<Driver>>,
    /// Failed tries in a row.
    attempt: u32,
    /// Failed pings in a row.
    pub(super) pings_in_vain: u32,
    /// The job that waited for the device, when the device is well again.
    pub(super) recovered: Option<JobId>,
}

/// A machine as it was when a round began.
struct Asked {
    /// The machine's count of edits.
    edits: u64,
    /// What a driver is told of it.
    state: types::MachineState,
}

/// Whether the keeper goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Again,
    End,
    /// Waits on for what it waited for.
    Stay,
}

impl Keeper {
    pub(super) fn new(
        machine: Arc<Machine>,
        services: Arc<Services>,
        slot: watch::Receiver<Slot>,
        commands: mpsc::Receiver<Command>,
        state: watch::Sender<(MachineState, Timestamp)>,
        beside: Beside,
    ) -> Self {
        Self {
            machine,
            services,
            slot,
            commands,
            pending: VecDeque::new(),
            state,
            beside,
            adopted: None,
            attempt: 0,
            pings_in_vain: 0,
            recovered: None,
        }
    }

    /// Keeps the machine until it is removed or the daemon ends.
    pub async fn run(mut self) {
        while self.round().await != Flow::End {}
        self.leave_driver();
    }

    async fn round(&mut self) -> Flow {
        let Slot { driver, disabled_plugin } = self.slot.borrow_and_update().clone();
        self.adopt(driver.clone());
        // Before anything of it is looked at: what changes from here on may have been seen by some and not by others.
        let asked = Asked { edits: self.machine.edits(), state: machine_state(&self.machine) };
        if !self.machine.is_active() {
            self.enter(MachineState::Inactive).await;
            return self.wait(None).await;
        }
        if self.machine.machine_type.is_missing {
            let slug = &self.machine.machine_type.slug;
            let reason = format!(
                "Machine type '{slug}' not found: install the plugin that brings it, and enable it (`ostler plugin list` shows what is installed)"
            );
            self.enter(MachineState::DriverMissing { reason }).await;
            return self.wait(None).await;
        }
        let Some(driver) = driver else {
            let slug = &self.machine.driver;
            let reason = match disabled_plugin {
                Some(plugin) => format!(
                    "Driver '{slug}' comes with the plugin '{plugin}', which is disabled: enable it with `ostler plugin enable {plugin}`"
                ),
                None => {
                    format!("Driver '{slug}' not found: install it and enable it with `ostler driver enable {slug}`")
                }
            };
            self.enter(MachineState::DriverMissing { reason }).await;
            return self.wait(None).await;
        };
        if let Some(reason) = self.machine.with_settings(Settings::missing_text) {
            self.enter(MachineState::Incomplete { reason }).await;
            return self.wait(None).await;
        }
        let window = self.services.limits().window();
        let blames = self.machine.blames(window);
        if blames >= self.services.limits().blames as usize {
            let reason = format!(
                "calls of this machine made the driver crash {blames} times within {window:?}. Look at its errors, then \
                 release it with `ostler machine restart`"
            );
            self.enter(MachineState::Quarantined { reason }).await;
            return self.wait(None).await;
        }
        self.enter(MachineState::Starting).await;
        let instance = match Box::pin(driver.instance(self.machine.id)).await {
            Ok(instance) => instance,
            Err(error) => {
                let reason = format!("the driver could not be loaded: {error}");
                let error = DriverError::new(ErrorKind::Permanent, "driver-not-loaded", reason);
                return self.failed(error).await;
            }
        };
        let mut instance_state = instance.state();
        let generation = match self.until_up(&instance, &mut instance_state).await {
            Ok(generation) => generation,
            Err(flow) => return flow,
        };
        let call = Call::of_machine(CallKind::InitMachine, Arc::clone(&self.machine));
        // Boxed, as every call of a keeper is: an idle machine has no room for what only a call needs.
        let end = Box::pin(self.attend(&instance, generation, call, Payload::None)).await;
        match end.failure() {
            None => self.serve(Live { instance, generation }, instance_state, asked).await,
            // Nothing failed: the keeper was asked to do something else meanwhile.
            Some(_) if self.pending.iter().any(Command::interrupts) => self.take_pending(),
            // What failed is not what would be tried now, if anything.
            Some(_) if self.machine.edits() != asked.edits => {
                self.attempt = 0;
                Flow::Again
            }
            Some(_) if matches!(end, CallEnd::NotRunning | CallEnd::Crashed { blamed: false, .. }) => Flow::Again,
            Some(error) => self.failed(error).await,
        }
    }

    async fn serve(&mut self, live: Live, instance_state: watch::Receiver<InstanceState>, asked: Asked) -> Flow {
        self.attempt = 0;
        self.machine.set_initialized(true);
        let (held, edits) = self.beside.open(live.clone(), || self.machine.edits()).await;
        self.enter(MachineState::Ready).await;
        if edits == asked.edits {
            drop(held);
        } else {
            // `init-machine` may have seen the machine before or after that.
            tell_driver(held, Arc::clone(&self.machine), asked.state);
        }
        let leave = self.serve_ready(&live, instance_state).await;
        let closed = self.beside.close().await;
        self.machine.set_initialized(false);
        match leave {
            Leave::Stop { reason, then } => {
                self.enter(MachineState::Stopping { reason }).await;
                let call = Call::of_machine(CallKind::StopMachine, Arc::clone(&self.machine));
                let end = Box::pin(live.instance.call(live.generation, call, Payload::None)).await;
                if let Some(error) = end.failure() {
                    self.machine.report(error);
                }
                drop(closed);
                self.machine.close_connections();
                match then {
                    Some(command) => self.obey(command),
                    None => Flow::Again,
                }
            }
            Leave::InstanceEnded => {
                self.machine.close_connections();
                Flow::Again
            }
        }
    }

    /// Waits until the instance takes calls.
    async fn until_up(
        &mut self,
        instance: &Arc<Instance>,
        state: &mut watch::Receiver<InstanceState>,
    ) -> Result<u64, Flow> {
        loop {
            let now = state.borrow_and_update().clone();
            match now {
                InstanceState::Up { generation } => return Ok(generation),
                InstanceState::Starting => {}
                InstanceState::Down { reason } => {
                    let next_try_at = Timestamp::now();
                    self.enter(MachineState::Failed { reason, attempt: self.attempt, next_try_at }).await;
                }
                InstanceState::Resting { reason } => {
                    let next_try_at = Timestamp::now().after(self.services.limits().window());
                    self.enter(MachineState::Failed { reason, attempt: self.attempt, next_try_at }).await;
                }
                InstanceState::Stopped => return Err(Flow::Again),
            }
            tokio::select! {
                biased;
                command = self.commands.recv() => match command {
                    Some(Command::Restart { reply, .. }) => {
                        instance.wake();
                        self.machine.forgive();
                        let _ = reply.send(());
                    }
                    Some(command) => match self.obey(command) {
                        Flow::Stay => {}
                        flow => return Err(flow),
                    },
                    None => return Err(Flow::End),
                },
                changed = self.slot.changed() => return Err(if changed.is_ok() { Flow::Again } else { Flow::End }),
                changed = state.changed() => if changed.is_err() { return Err(Flow::Again) },
            }
        }
    }

    /// Waits for a command, another driver, or the time of the next try.
    async fn wait(&mut self, next_try: Option<Duration>) -> Flow {
        let next_try = next_try.map(|pause| Instant::now() + pause);
        loop {
            let timer = async {
                match next_try {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            let flow = match self.pending.pop_front() {
                Some(command) => self.obey(command),
                None => tokio::select! {
                    biased;
                    command = self.commands.recv() => match command {
                        Some(command) => self.obey(command),
                        None => Flow::End,
                    },
                    changed = self.slot.changed() => if changed.is_ok() { Flow::Again } else { Flow::End },
                    () = timer => Flow::Again,
                },
            };
            if flow != Flow::Stay {
                return flow;
            }
        }
    }

    /// Carries out what came while a call ran, up to what that call was ended for.
    fn take_pending(&mut self) -> Flow {
        while let Some(command) = self.pending.pop_front() {
            let flow = self.obey(command);
            if flow != Flow::Stay {
                return flow;
            }
        }
        Flow::Again
    }

    /// Carries out a command while the machine is not ready.
    fn obey(&mut self, command: Command) -> Flow {
        match command {
            Command::Look => {
                self.attempt = 0;
                Flow::Again
            }
            Command::Restart { reply, .. } => {
                self.attempt = 0;
                self.machine.forgive();
                self.machine.board.reset();
                self.machine.changed();
                let _ = reply.send(());
                Flow::Again
            }
            Command::Cancel { reply, .. } => {
                let _ = reply.send(false);
                Flow::Stay
            }
            Command::Job => Flow::Stay,
            Command::Run(wanted) => {
                let state = self.state.borrow().0.to_string();
                let message = format!("'{}' is not ready: it is {state}", self.machine.name());
                let error = DriverError::new(ErrorKind::Transient, "not-ready", message);
                let _ = wanted.reply.send(CallEnd::Returned(Err(error)));
                Flow::Stay
            }
            Command::Remove { reply } => {
                self.machine.remove();
                let _ = reply.send(());
                Flow::End
            }
            Command::Reload { reply } | Command::Shutdown { reply, .. } => {
                let _ = reply.send(());
                Flow::End
            }
        }
    }

    async fn failed(&mut self, error: DriverError) -> Flow {
        self.attempt += 1;
        let index = usize::try_from(self.attempt - 1).unwrap_or_default();
        let seconds = BACK_OFF.get(index).or(BACK_OFF.last()).copied().unwrap_or(80);
        // A tenth more or less, so that machines that failed together do not try together.
        let pause = Duration::from_millis(seconds * rand::random_range(900..=1100));
        let next_try_at = Timestamp::now().after(pause);
        self.machine.report(error.clone());
        self.enter(MachineState::Failed { reason: error.to_string(), attempt: self.attempt, next_try_at }).await;
        self.wait(Some(pause)).await
    }

    /// Changes the machine's state, here and in the store.
    pub(super) async fn enter(&mut self, state: MachineState) {
        if self.state.borrow().0 == state && state != MachineState::Starting {
            return;
        }
        if matches!(state, MachineState::Quarantined { .. }) {
            self.machine.meter.quarantines.add(1);
        }
        self.state.send_replace((state.clone(), Timestamp::now()));
        if let Err(error) = self.services.store.record_machine_state(self.machine.id, &state).await {
            tracing::error!(machine = %self.machine.id, %error, "the machine's state could not be written");
        }
    }

    /// Takes over the declarations of a driver.
    fn adopt(&mut self, driver: Option<Arc<Driver>>) {
        let same = match (&self.adopted, &driver) {
            (Some(before), Some(now)) => Arc::ptr_eq(before, now),
            (None, None) => true,
            _ => false,
        };
        if same {
            return;
        }
        self.leave_driver();
        self.machine.forget_driver();
        if let Some(driver) = &driver {
            driver.context.machines.write().insert(self.machine.id, Arc::clone(&self.machine));
            let specs = &driver.installed.info.settings;
            self.machine.change_settings(|settings| {
                *settings = Settings::new(&self.machine.machine_type.settings, specs, settings.stored().clone());
            });
            let kept = self.machine.with_settings(Settings::undeclared);
            if !kept.is_empty() {
                let keys: Vec<_> = kept.iter().map(|(_, key)| key.as_str()).collect();
                let words = format!(
                    "{} {} does not declare {}: the values are kept, and come back with a driver that does",
                    driver.installed.info.slug,
                    driver.installed.info.version,
                    keys.join(", ")
                );
                self.machine.write_log("warn", &words, Vec::new());
            }
        }
        self.adopted = driver;
    }

    fn leave_driver(&mut self) {
        if let Some(driver) = self.adopted.take() {
            driver.context.machines.write().remove(&self.machine.id);
        }
    }
}
