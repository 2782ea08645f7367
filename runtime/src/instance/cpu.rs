//! Processor time by call, counted in epoch ticks.
//!
//! The epoch callback runs at most once a tick and only while a guest computes, so counting it samples the processor time;
//! a guest that waits, or a thread that the operating system keeps waiting, is not charged for it.

use super::engine::TICK;
use crate::{broker::Call, metrics::DriverMeter};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use wasmtime::component::GuestTaskId;

/// The meter of one store.
pub struct CpuMeter {
    slice: u32,
    running: HashMap<GuestTaskId, Running>,
    /// Counts how often the actor got its turn: while it stands still, the guest has not suspended.
    turns: Arc<AtomicU64>,
    /// The turn in which ticks were last counted, and how many of it.
    streak: (u64, u32),
    /// What is counted of the driver.
    driver: Arc<DriverMeter>,
}

struct Running {
    call: Arc<Call>,
    ticks: u32,
    budget: u32,
}

/// Why a guest is stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Overrun {
    /// It computed too long without letting others run.
    #[error("it computed for more than {0} ms without awaiting anything; use yield_now() in long loops")]
    Slice(u32),
    /// It used up its processor time.
    #[error("it used more than {0} ms of processor time")]
    Call(u32),
}

fn ticks(ms: u32) -> u32 {
    let tick = u32::try_from(TICK.as_millis()).unwrap_or(10);
    ms.div_ceil(tick).max(1)
}

fn to_ms(ticks: u32) -> u32 {
    ticks.saturating_mul(u32::try_from(TICK.as_millis()).unwrap_or(10))
}

impl CpuMeter {
    /// A meter whose guests may compute for `slice_ms` at a stretch. `turns` is counted up by the actor.
    pub fn new(slice_ms: u32, turns: Arc<AtomicU64>, driver: Arc<DriverMeter>) -> Self {
        Self { slice: ticks(slice_ms), running: HashMap::new(), turns, streak: (0, 0), driver }
    }

    /// Counts for a call from now on.
    pub fn begin(&mut self, task: GuestTaskId, call: Arc<Call>, budget_ms: u32) {
        self.running.insert(task, Running { call, ticks: 0, budget: ticks(budget_ms) });
    }

    /// Forgets a call that returned: ids of tasks are used again.
    pub fn end(&mut self, task: GuestTaskId) {
        self.running.remove(&task);
    }

    /// The call of a task.
    pub fn call_of(&self, task: GuestTaskId) -> Option<Arc<Call>> {
        self.running.get(&task).map(|running| Arc::clone(&running.call))
    }

    /// Counts one tick for the task that computes.
    pub fn tick(&mut self, task: Option<GuestTaskId>) -> Result<(), Overrun> {
        let running = task.and_then(|task| self.running.get_mut(&task));
        match running.as_ref().and_then(|running| running.call.machine.as_ref()) {
            Some(machine) if !machine.is_stand_in() => machine.meter.cpu.tick(),
            _ => self.driver.cpu.tick(),
        }
        let turn = self.turns.load(Ordering::Relaxed);
        self.streak = if self.streak.0 == turn { (turn, self.streak.1 + 1) } else { (turn, 1) };
        if self.streak.1 > self.slice {
            return Err(Overrun::Slice(to_ms(self.slice)));
        }
        // Outside of a call, while a component is instantiated, only the slice bounds it.
        let Some(running) = running else { return Ok(()) };
        running.ticks += 1;
        if running.ticks > running.budget { Err(Overrun::Call(to_ms(running.budget))) } else { Ok(()) }
    }
}
