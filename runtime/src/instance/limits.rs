//! Every bound of the runtime, in one place, with its default.
//!
//! Memory, tables, handles and processor time are fuses: passing one ends the instance. The others answer with errors.

use crate::model::Slug;
use std::{collections::BTreeMap, time::Duration};

crate::section! {
    /// Every bound of the runtime. Times are milliseconds, sizes bytes.
    pub struct Limits {
        /// Processor time of a call without suspending.
        #[applies(NextInstance)]
        pub cpu_slice_ms: u32 = 250,
        /// Processor time of a call; for print calls, of each label.
        #[applies(NextInstance)]
        pub cpu_call_ms: u32 = 2_000,
        /// Deadline of `describe`.
        #[applies(Reload)]
        pub describe_ms: u32 = 1_000,
        /// Deadline of `validate-settings`, `setting-choices`, and of what is asked before a job is taken.
        #[applies(NextInstance)]
        pub validate_ms: u32 = 3_000,
        /// Deadline of `run-action` and of functions that are called from outside: a calibration feeds several
        /// labels.
        #[applies(NextInstance)]
        pub action_ms: u32 = 60_000,
        /// Deadline of `stop-machine`.
        #[applies(NextInstance)]
        pub stop_ms: u32 = 5_000,
        /// Deadline of init, update, restart and ping.
        #[applies(NextInstance)]
        pub init_ms: u32 = 10_000,
        /// A print call ends when for so long no byte and no status moves.
        #[applies(NextInstance)]
        pub print_idle_ms: u32 = 300_000,
        /// What a call gets after it was cancelled, before it is given up.
        #[applies(NextInstance)]
        pub grace_ms: u32 = 1_500,
        /// What jobs in hand get to finish their labels when the daemon stops.
        #[applies(Reload)]
        pub drain_ms: u32 = 10_000,
        /// Opening a connection.
        #[applies(Reload)]
        pub connect_ms: u32 = 10_000,
        /// What a driver wrote and a device on the network has not taken may lie so far in the system's buffer; 0 leaves that to
        /// the system, which takes megabytes. With less, a label that is cancelled ends sooner, and a driver that believes that
        /// what is written is printed is less wrong.
        #[applies(Reload)]
        pub device_buffer_bytes: u32 = 0,
        /// Linear memory of an instance (67108864 is 64 MiB).
        #[applies(NextInstance)]
        pub memory_bytes: usize = 64 << 20,
        /// Elements of each table.
        #[applies(NextInstance)]
        pub table_elements: usize = 100_000,
        /// Core instances, memories and tables in a component, each.
        #[applies(NextInstance)]
        pub instances: usize = 100,
        /// Handles that a guest may hold.
        #[applies(NextInstance)]
        pub handles: usize = 10_000,
        /// What one host call or result may carry.
        #[applies(NextInstance)]
        pub hostcall_bytes: usize = 64 << 20,
        /// The most random bytes that a guest gets at once.
        #[applies(NextInstance)]
        pub random_bytes: u64 = 64 << 10,
        /// Calls in flight in an instance.
        #[applies(NextInstance)]
        pub calls_in_flight: usize = 2_048,
        /// Calls that were given up and still linger, before the instance is restarted.
        #[applies(NextInstance)]
        pub lingering_calls: usize = 32,
        /// Restarts of an instance within the window before the driver rests.
        #[applies(NextInstance)]
        pub restarts: u32 = 5,
        /// The pause before the second restart within the window; the first one comes at once, and the next ones after
        /// 4, 10 and 20 times as long.
        #[applies(NextInstance)]
        pub restart_pause_ms: u32 = 500,
        /// Blamed traps of a machine within the window before it is quarantined.
        #[applies(Reload)]
        pub blames: u32 = 3,
        /// The window of restarts and blames.
        #[applies(NextInstance)]
        pub window_ms: u32 = 600_000,
        /// The size of a component.
        #[applies(Restart)]
        pub component_bytes: usize = 64 << 20,
        /// Address space of the process that compiles a component. A Python driver of 18 MiB takes 370 MiB of
        /// memory.
        #[applies(Restart)]
        pub compile_memory_bytes: u64 = 1 << 30,
        /// Time to compile a component.
        #[applies(Restart)]
        pub compile_ms: u32 = 120_000,
        /// How long jobs stay after they are over, in seconds (7776000 is 90 days). 0 is for ever.
        #[applies(Reload)]
        pub job_retention_s: u32 = 90 * 24 * 3_600,
        /// What the database may grow to, in bytes. 0 is no bound.
        #[applies(Restart)]
        pub database_bytes: u64 = 0,
        /// The size of the file that a capture of a machine's wire fills.
        #[applies(Reload)]
        pub capture_bytes: u64 = 64 << 20,
        /// How many readers may follow the events at a time.
        #[applies(Reload)]
        pub event_readers: u32 = 500,
        /// A reader of events that is told nothing else gets a sign of life after this time.
        #[applies(Reload)]
        pub event_heartbeat_ms: u32 = 15_000,
        /// A connection to the API is closed when its client takes nothing for so long while there is something to send. A reader
        /// of events that comes back goes on where it was.
        #[applies(Reload)]
        pub api_stall_ms: u32 = 30_000,
        /// The time between two pings of a machine. 0 switches pings off.
        #[applies(Reload)]
        pub ping_interval_ms: u32 = 30_000,
    }
}

/// Limits for all drivers, and for single ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LimitTable {
    /// What holds unless a driver has its own.
    pub common: Limits,
    drivers: BTreeMap<Slug, Limits>,
}

impl LimitTable {
    /// The same limits for every driver.
    pub fn of_all(common: Limits) -> Self {
        Self { common, drivers: BTreeMap::new() }
    }

    /// Common limits, and those of drivers that have their own.
    pub fn new(common: Limits, drivers: BTreeMap<Slug, Limits>) -> Self {
        Self { common, drivers }
    }

    /// The limits of a driver.
    pub fn of(&self, driver: &str) -> &Limits {
        self.drivers.iter().find(|(slug, _)| slug.as_str() == driver).map_or(&self.common, |(_, limits)| limits)
    }
}

fn ms(milliseconds: u32) -> Duration {
    Duration::from_millis(milliseconds.into())
}

impl Limits {
    /// Opening a connection.
    pub fn connect(&self) -> Duration {
        ms(self.connect_ms)
    }

    /// The time after which a reader of events gets a sign of life.
    pub fn event_heartbeat(&self) -> Duration {
        // A reader that is told nothing but signs of life would be no use to anybody.
        ms(self.event_heartbeat_ms.max(10))
    }

    /// How long a client of the API may take nothing.
    pub fn api_stall(&self) -> Duration {
        ms(self.api_stall_ms.max(1))
    }

    /// What a call gets after it was cancelled.
    pub fn grace(&self) -> Duration {
        ms(self.grace_ms)
    }

    /// What jobs in hand get when the daemon stops.
    pub fn drain(&self) -> Duration {
        ms(self.drain_ms)
    }

    /// The pause before the `count`th restart within the window, counted from 1.
    pub fn restart_pause(&self, count: usize) -> Duration {
        let factors = [0, 1, 4, 10, 20];
        let factor = factors.get(count.saturating_sub(1)).or(factors.last()).copied().unwrap_or_default();
        ms(self.restart_pause_ms.saturating_mul(factor))
    }

    /// The window of restarts and blames.
    pub fn window(&self) -> Duration {
        ms(self.window_ms)
    }

    /// The deadline of `describe`.
    pub fn describe(&self) -> Duration {
        ms(self.describe_ms)
    }

    /// The time between two pings, unless they are off.
    pub fn ping_interval(&self) -> Option<Duration> {
        (self.ping_interval_ms > 0).then(|| ms(self.ping_interval_ms))
    }

    /// The deadline of a call of this kind; none for print calls, which end when nothing moves.
    pub fn deadline(&self, kind: crate::broker::CallKind) -> Option<Duration> {
        use crate::broker::CallKind;
        match kind {
            CallKind::InitDriver
            | CallKind::InitMachine
            | CallKind::UpdateMachine
            | CallKind::RestartMachine
            | CallKind::PingMachine => Some(ms(self.init_ms)),
            CallKind::StopMachine => Some(ms(self.stop_ms)),
            CallKind::ValidateSettings
            | CallKind::Choices
            | CallKind::Options
            | CallKind::Media
            | CallKind::Formats => Some(ms(self.validate_ms)),
            CallKind::RunAction | CallKind::Function => Some(ms(self.action_ms)),
            CallKind::Print => None,
        }
    }

    /// How long jobs stay after they are over, unless that is for ever.
    pub fn job_retention(&self) -> Option<Duration> {
        (self.job_retention_s > 0).then(|| Duration::from_secs(self.job_retention_s.into()))
    }

    /// How long a print call may stand still.
    pub fn print_idle(&self) -> Duration {
        ms(self.print_idle_ms)
    }
}
