//! What a keeper does while its machine is ready: commands first, then jobs, then pings.

use super::{
    command::{Command, Wanted},
    keeper::Keeper,
};
use crate::{
    broker::{Call, CallKind, Machine, Settings},
    instance::{CallEnd, InstanceState, Live, Payload},
    jobs::{
        Settlement,
        attempt::{Attempt, Started, shown},
    },
    model::{DriverError, ErrorKind, JobId, JobRecord, JobState, Timestamp},
    store::{STORE_PAUSE, StoreError},
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

/// Why a machine is ready no longer.
pub(super) enum Leave {
    /// `stop-machine` is to run, and then a command.
    Stop { reason: String, then: Option<Command> },
    /// The instance ended; there is nobody to stop.
    InstanceEnded,
}

/// When the machine's next job is due.
enum Due {
    Now(Box<JobRecord>),
    At(Instant),
    /// When its device is well again, and then at the latest.
    Recovery {
        job: JobId,
        at: Instant,
    },
    Never,
}

/// What comes behind an attempt.
enum Concluded {
    /// The one that was expected, whose call has been made meanwhile and has ended.
    WentOn(Box<Attempt>, CallEnd),
    /// An attempt whose call is to be made, if the next job was started.
    Next(Option<Box<Attempt>>),
}

/// How long to wait before a job is looked at again that could not be begun.
const CONFLICT_PAUSE: Duration = Duration::from_millis(200);
/// How often a device is looked at while a job waits for it.
const RECOVERY_PAUSE: Duration = Duration::from_secs(2);

impl Keeper {
    pub(super) async fn serve_ready(
        &mut self,
        live: &Live,
        mut instance_state: watch::Receiver<InstanceState>,
    ) -> Leave {
        // What runs is boxed: most machines are idle, and each would keep room for it.
        let mut interval = self.ping_interval();
        let mut ping_at = self.next_ping(Duration::ZERO);
        loop {
            if let Some(command) = self.pending.pop_front() {
                if let Some(leave) = Box::pin(self.obey_ready(live, command)).await {
                    return leave;
                }
                continue;
            }
            if !matches!(*instance_state.borrow_and_update(), InstanceState::Up { generation } if generation == live.generation)
            {
                return Leave::InstanceEnded;
            }
            if let Some(leave) = self.must_leave() {
                return leave;
            }
            // Before the next job: those behind the one in hand are for the driver that comes.
            if self.slot.has_changed().unwrap_or(true) {
                return Leave::Stop { reason: "the driver was changed or disabled".to_owned(), then: None };
            }
            if interval != self.ping_interval() {
                interval = self.ping_interval();
                ping_at = self.next_ping(Duration::ZERO);
            }
            let due = self.next_due().await;
            if let Due::Now(job) = due {
                Box::pin(self.print(live, *job)).await;
                continue;
            }
            let mut slot = self.slot.clone();
            let (job_at, waiting, look_at) = match due {
                Due::At(at) => (Some(at), None, ping_at),
                Due::Recovery { job, at } => {
                    let soon = Instant::now() + RECOVERY_PAUSE;
                    (Some(at), Some(job), ping_at.map(|ping_at| ping_at.min(soon)))
                }
                Due::Now(_) | Due::Never => (None, None, ping_at),
            };
            tokio::select! {
                biased;
                command = self.commands.recv() => match command {
                    Some(command) => self.pending.push_back(command),
                    // The registry is gone, and with it everybody who could ask for anything.
                    None => return Leave::Stop { reason: "the daemon stops".to_owned(), then: None },
                },
                // Looked at above. Not marked as seen here: the next round does that.
                _ = slot.changed() => {}
                changed = instance_state.changed() => if changed.is_err() { return Leave::InstanceEnded },
                () = until(job_at) => {}
                () = until(look_at) => {
                    let began = Instant::now();
                    let answered = Box::pin(self.ping(live)).await;
                    ping_at = self.next_ping(began.elapsed());
                    if answered && !*self.machine.board.fault().borrow() {
                        self.recovered = waiting;
                    }
                }
            }
        }
    }

    /// Something that the machine's own state demands.
    fn must_leave(&self) -> Option<Leave> {
        if !self.machine.is_active() {
            return Some(Leave::Stop { reason: "the machine was switched off".to_owned(), then: None });
        }
        let missing = self.machine.with_settings(Settings::missing_text);
        missing.map(|reason| Leave::Stop { reason, then: None })
    }

    async fn obey_ready(&mut self, live: &Live, command: Command) -> Option<Leave> {
        match command {
            Command::Look | Command::Job => None,
            Command::Cancel { reply, .. } => {
                let _ = reply.send(false);
                None
            }
            Command::Run(wanted) => {
                let Wanted { what, kind, payload, span, reply } = *wanted;
                if reply.is_closed() {
                    // Nobody waits for it any more, and may have asked again.
                    return None;
                }
                let call = span.in_scope(|| Call::of_machine(kind, Arc::clone(&self.machine)));
                call.span.in_scope(|| self.machine.write_log("info", &format!("{what} begins"), Vec::new()));
                let end = self.attend(&live.instance, live.generation, call, payload).await;
                if let (CallEnd::Crashed { .. } | CallEnd::GivenUp { .. }, Some(error)) = (&end, end.failure()) {
                    self.machine.report(error);
                }
                let _ = reply.send(end);
                None
            }
            Command::Restart { hard: true, reply } => {
                let reason = "the operator restarts the machine".to_owned();
                Some(Leave::Stop { reason, then: Some(Command::Restart { hard: true, reply }) })
            }
            Command::Restart { hard: false, reply } => {
                self.machine.board.reset();
                self.machine.forgive();
                self.machine.changed();
                let call = Call::of_machine(CallKind::RestartMachine, Arc::clone(&self.machine));
                let end = self.attend(&live.instance, live.generation, call, Payload::None).await;
                if let Some(error) = end.failure() {
                    self.machine.report(error);
                }
                let _ = reply.send(());
                None
            }
            Command::Reload { reply } => {
                let reason = "the machine's type has changed".to_owned();
                Some(Leave::Stop { reason, then: Some(Command::Reload { reply }) })
            }
            Command::Remove { reply } => {
                let reason = "the machine was removed".to_owned();
                Some(Leave::Stop { reason, then: Some(Command::Remove { reply }) })
            }
            shutdown @ Command::Shutdown { .. } => {
                let reason = "the daemon stops".to_owned();
                Some(Leave::Stop { reason, then: Some(shutdown) })
            }
        }
    }

    async fn next_due(&mut self) -> Due {
        if self.machine.is_paused() {
            return Due::Never;
        }
        match self.services.store.next_job(self.machine.id).await {
            Ok(None) => Due::Never,
            Ok(Some(job)) => {
                let recovered = self.recovered.take() == Some(job.id);
                let wait = job.next_try_at.map_or(0, |at| at.0 - Timestamp::now().0);
                let wait = Duration::from_millis(u64::try_from(wait).unwrap_or_default());
                let attention = job.error.as_ref().is_some_and(|error| error.kind == ErrorKind::NeedsAttention);
                if wait.is_zero() || recovered {
                    return Due::Now(Box::new(job));
                }
                let at = Instant::now() + wait;
                if attention { Due::Recovery { job: job.id, at } } else { Due::At(at) }
            }
            Err(error) => {
                self.store_fails("the next job could not be read", &error);
                Due::At(Instant::now() + STORE_PAUSE)
            }
        }
    }

    /// Makes one attempt at a job, and at those behind it for as long as they are due and nobody wants anything else.
    async fn print(&mut self, live: &Live, job: JobRecord) {
        let id = job.id;
        let mut attempt = match Attempt::begin(job, &self.machine, &self.services).await {
            Ok(Some(attempt)) => attempt,
            Ok(None) => {
                // Somebody cancelled it, or it is not what it was: look again, but not at once.
                self.listen_for(CONFLICT_PAUSE).await;
                return;
            }
            Err(error) => {
                self.store_fails(&format!("job {id} could not be begun"), &error);
                self.listen_for(STORE_PAUSE).await;
                return;
            }
        };
        loop {
            begins(&self.machine, &attempt);
            let call = Arc::clone(&attempt.call);
            let mut end = self.attend(&live.instance, live.generation, call, attempt.payload()).await;
            let next = loop {
                match self.conclude(live, &attempt, &end).await {
                    Concluded::WentOn(next, next_end) => (attempt, end) = (*next, next_end),
                    Concluded::Next(next) => break next,
                }
            };
            let Some(next) = next else { return };
            attempt = *next;
        }
    }

    /// Settles an attempt whose call has ended, and writes down what becomes of the job.
    async fn conclude(&mut self, live: &Live, attempt: &Attempt, end: &CallEnd) -> Concluded {
        let settlement = attempt.settle(end, attempt.call.is_given_up());
        let done = matches!(settlement, Settlement::Over { state: JobState::Done, .. });
        if done
            && self.may_go_on(live)
            && let Some(expected) = attempt.expected()
            && let Some(concluded) = self.go_on(live, attempt, end, &settlement, expected).await
        {
            return concluded;
        }
        match self.write_outcome(live, attempt, end, &settlement).await {
            Ok(next) => {
                tell(&self.machine, attempt, end, &settlement);
                Concluded::Next(next)
            }
            Err(error) => {
                tracing::error!(job = %attempt.job.id, %error, "the job's outcome could not be written");
                Concluded::Next(None)
            }
        }
    }

    /// Writes down what becomes of a job, and makes the call of the one that is expected behind it meanwhile. When another one was
    /// started, that call has ended without a byte. Nothing when the store failed, and the outcome is still to be written.
    async fn go_on(
        &mut self,
        live: &Live,
        attempt: &Attempt,
        end: &CallEnd,
        settlement: &Settlement,
        expected: Attempt,
    ) -> Option<Concluded> {
        let machine = Arc::clone(&self.machine);
        let mut written = None;
        let outcome = async {
            let result = attempt.finish(end, settlement, true, Some(&expected)).await;
            if result.is_ok() {
                tell(&machine, attempt, end, settlement);
            }
            match &result {
                Ok(Some(Started::Expected)) => begins(&machine, &expected),
                _ => expected.call.cancel("another job is next"),
            }
            written = Some(result);
        };
        let (call, payload) = (Arc::clone(&expected.call), expected.payload());
        let its_end = self.attend_after(outcome, &live.instance, live.generation, call, payload).await;
        match written {
            Some(Ok(Some(Started::Expected))) => Some(Concluded::WentOn(Box::new(expected), its_end)),
            Some(Ok(Some(Started::Other(next)))) => Some(Concluded::Next(Some(next))),
            Some(Ok(None)) => Some(Concluded::Next(None)),
            Some(Err(_)) | None => None,
        }
    }

    /// Whether the next job may begin without a look at anything else: what this asks is what each round asks.
    fn may_go_on(&self, live: &Live) -> bool {
        let state = live.instance.state();
        let runs = matches!(*state.borrow(), InstanceState::Up { generation } if generation == live.generation);
        runs && self.pending.is_empty()
            && self.commands.is_empty()
            && !self.machine.is_paused()
            && !self.slot.has_changed().unwrap_or(true)
            && self.must_leave().is_none()
    }

    /// Writes down how an attempt ended, again and again while the store fails: until then the job is neither done nor to be
    /// tried again. Whoever wants the machine for themselves does not wait for that; what is in doubt then is settled by
    /// the next start. The answer is the attempt at the next job, if that was started.
    async fn write_outcome(
        &mut self,
        live: &Live,
        attempt: &Attempt,
        end: &CallEnd,
        settlement: &Settlement,
    ) -> Result<Option<Box<Attempt>>, StoreError> {
        loop {
            match attempt.finish(end, settlement, self.may_go_on(live), None).await {
                Err(error) if error.passes() && !self.pending.iter().any(Command::interrupts) => {
                    self.store_fails(&format!("the outcome of job {} could not be written", attempt.job.id), &error);
                    self.listen_for(STORE_PAUSE).await;
                }
                Ok(Some(Started::Other(next))) => return Ok(Some(next)),
                Ok(Some(Started::Expected) | None) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes commands in for a while.
    async fn listen_for(&mut self, pause: Duration) {
        tokio::select! {
            Some(command) = self.commands.recv() => self.pending.push_back(command),
            () = tokio::time::sleep(pause) => {}
        }
    }

    /// Shows that the store fails: printing stops until it does not.
    fn store_fails(&self, what: &str, error: &StoreError) {
        tracing::error!(machine = %self.machine.id, %error, "{what}");
        self.machine.report(DriverError::transient("store", format!("{what}: {error}. Printing goes on by itself")));
    }

    /// Says whether the driver answered without a failure.
    async fn ping(&mut self, live: &Live) -> bool {
        let call = Call::of_machine(CallKind::PingMachine, Arc::clone(&self.machine));
        let end = self.attend(&live.instance, live.generation, call, Payload::None).await;
        let in_vain = end.failure().is_some();
        self.pings_in_vain = if in_vain { self.pings_in_vain.saturating_add(1) } else { 0 };
        // An unreachable device is a status, which the driver sets; what is left here is the driver's own failure.
        match (&end, end.failure()) {
            (CallEnd::Returned(_), Some(error)) => {
                self.machine.write_log("warn", &format!("ping: {error}"), Vec::new());
            }
            (CallEnd::Crashed { .. } | CallEnd::GivenUp { .. }, Some(error)) => self.machine.report(error),
            _ => {}
        }
        !in_vain
    }

    /// The machine's own interval, or the daemon's; none while pings are off.
    fn ping_interval(&self) -> Option<Duration> {
        match self.machine.ping_interval() {
            Some(own) => Some(own).filter(|own| !own.is_zero()),
            None => self.services.limits().ping_interval(),
        }
    }

    /// The time of the next ping: the machine's or the daemon's interval with a tenth of jitter, twice and then four times
    /// as long while pings fail, and never sooner than three times as long as the last one took.
    fn next_ping(&self, took: Duration) -> Option<Instant> {
        let interval = self.ping_interval()?;
        let jitter = rand::random_range(0.9..1.1);
        let patience = 1 << self.pings_in_vain.min(2);
        Some(Instant::now() + (interval * patience).mul_f64(jitter).max(took * 3))
    }
}

fn begins(machine: &Machine, attempt: &Attempt) {
    let words = format!("job {} begins", attempt.job.id);
    attempt.call.span.in_scope(|| machine.write_log("info", &words, Vec::new()));
}

/// Tells what has become of a job.
fn tell(machine: &Arc<Machine>, attempt: &Attempt, end: &CallEnd, settlement: &Settlement) {
    let id = attempt.job.id;
    let words = match settlement {
        Settlement::Over { state: JobState::Done, .. } => format!("job {id} is done"),
        Settlement::Over { state, error } => {
            let why = error.as_ref().map(|error| format!(": {}", error.message)).unwrap_or_default();
            format!("job {id} is {}{why}", state.name())
        }
        Settlement::Again { error, after } => {
            format!("job {id} is tried again in {after:?}: {}", error.message)
        }
    };
    attempt.call.span.in_scope(|| machine.write_log("info", &words, Vec::new()));
    let done = matches!(settlement, Settlement::Over { state: JobState::Done, .. });
    if attempt.call.winding_down().is_some() && !done {
        tracing::warn!(machine = %machine.id, "not finished when ostler stopped: {words}");
    }
    if let Some(error) = shown(settlement) {
        machine.report(error);
    }
    if matches!(end, CallEnd::Crashed { .. })
        && let Some(error) = end.failure()
    {
        machine.report(error);
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
