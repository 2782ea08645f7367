//! Scales that answer Toledo 8217 or the SMA protocol, over a serial line or TCP.
//!
//! The protocols themselves are the crate `ostler-scale-protocols`, which knows neither device nor clock. Here is what the
//! component adds:
//!
//! * `declare`: the settings, and their values.
//! * `session`: a connection and the questions on it.
//! * `verdict`: whether an answer will do, and which error it is if not.
//! * `status`: what an answer means to the operator.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic))]

mod declare;
mod session;
mod status;
mod verdict;

use std::time::{Duration, Instant};

use ostler_scale::{Reading, Scale, SetStatus, Status};
use ostler_scale_protocols::{Answer, Command};
use ostler_sdk::{Driver, DriverInfo, Error, Machine, MachineState, Result};

use declare::Settings;
use session::{Heard, Session};
use verdict::Verdict;

/// Between two questions. Scales measure some ten times a second.
const PAUSE: Duration = Duration::from_millis(100);

/// How long a scale may take until it shows the zero or tare that it accepted: the 8217 takes it with its next measurement,
/// and answers 150 ms later (DIVA Service Manual, 6.1.3.2).
const TAKES_EFFECT: Duration = Duration::from_secs(1);

/// The driver. It keeps nothing: what a scale says is true only now.
#[derive(Debug)]
pub struct CounterScale;

impl Driver for CounterScale {
    fn describe() -> DriverInfo {
        declare::info()
    }

    async fn init_driver() -> Result<Self> {
        Ok(Self)
    }

    /// Wrong settings fail; a scale that is switched off does not: it may be switched on later.
    async fn init_machine(&self, machine: &Machine) -> Result<()> {
        let settings = Settings::read(machine)?;
        match look(machine, settings).await {
            Err(error) if error.is_cancelled() => Err(error),
            Err(_) | Ok(()) => Ok(()),
        }
    }

    async fn update_machine(&self, machine: &Machine, _old: &MachineState) -> Result<()> {
        self.init_machine(machine).await
    }

    async fn restart_machine(&self, machine: &Machine) -> Result<()> {
        self.init_machine(machine).await
    }

    async fn ping_machine(&self, machine: &Machine) -> Result<()> {
        look(machine, Settings::read(machine)?).await
    }
}

impl Scale for CounterScale {
    async fn read_weight(&self, machine: &Machine, stable: bool, timeout_ms: u32) -> Result<Reading> {
        let settings = Settings::read(machine)?;
        let timeout = Duration::from_millis(u64::from(timeout_ms));
        let began = Instant::now();
        let mut session = open(machine, settings).await?;
        loop {
            let heard = ask(machine, settings, &mut session, Command::Weigh).await?;
            match verdict::weigh(&heard, stable, settings) {
                Verdict::Take(reading) => return Ok(reading),
                Verdict::Fail(error) => return Err(error),
                Verdict::AskAgain(error) => {
                    if began.elapsed().saturating_add(PAUSE) >= timeout {
                        return Err(error);
                    }
                }
            }
            machine.sleep(PAUSE).await?;
        }
    }

    async fn tare(&self, machine: &Machine) -> Result<()> {
        order(machine, Command::Tare).await
    }

    async fn zero(&self, machine: &Machine) -> Result<()> {
        order(machine, Command::Zero).await
    }
}

/// Sends an order, and looks at the weight for its effect: what scales answer to the order itself differs too much.
async fn order(machine: &Machine, command: Command) -> Result<()> {
    let settings = Settings::read(machine)?;
    let mut session = open(machine, settings).await?;
    let told = ask(machine, settings, &mut session, command).await?;
    if let Some(refusal) = verdict::refusal(&told, command) {
        return Err(refusal);
    }
    let began = Instant::now();
    loop {
        let heard = ask(machine, settings, &mut session, Command::Weigh).await?;
        if verdict::shows_zero(&heard, command) {
            return Ok(());
        }
        if began.elapsed() >= TAKES_EFFECT {
            return Err(verdict::without_effect(&told, &heard, command));
        }
        machine.sleep(PAUSE).await?;
    }
}

/// Asks the scale for its weight and shows how it is. Not reachable is an error, after the status says so.
async fn look(machine: &Machine, settings: Settings) -> Result<()> {
    let mut session = open(machine, settings).await?;
    ask(machine, settings, &mut session, Command::Weigh).await.map(drop)
}

/// A connection, or the status that there is none.
async fn open(machine: &Machine, settings: Settings) -> Result<Session> {
    Session::open(machine, settings.protocol).await.inspect_err(|error| lost(machine, error))
}

/// Asks, and shows the operator what came.
async fn ask(machine: &Machine, settings: Settings, session: &mut Session, command: Command) -> Result<Heard> {
    let heard = session.ask(command).await.inspect_err(|error| lost(machine, error))?;
    // What is said to an order is about the order; how the scale is, is shown by the weight that is asked for next.
    if command == Command::Weigh || !matches!(heard, Heard::Answer(Answer::Report(_) | Answer::NotKnown)) {
        status::show(machine, &heard, settings);
    }
    Ok(heard)
}

fn lost(machine: &Machine, error: &Error) {
    // Somebody else has the line, or the call is over: that says nothing about the scale.
    if !error.is_cancelled() && error.code != "busy" {
        machine.set_status(Status::Disconnected);
        machine.set_status_text(&error.message);
    }
}

ostler_scale::export_scale!(CounterScale);
