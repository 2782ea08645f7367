//! Every bound of the runtime, in one place, with its default.
//!
//! Memory, tables, handles and processor time are fuses: passing one ends the instance. The others answer with errors.

use crate::model::Slug;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

/// All limits. Times are milliseconds, sizes bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Processor time of a call without suspending. Default 250.
    pub cpu_slice_ms: u32,
    /// Processor time of a call; for print calls, of each label. Default 2,000.
    pub cpu_call_ms: u32,
    /// Deadline of `describe`. Default 1,000.
    pub describe_ms: u32,
    /// Deadline of `validate-settings`, `setting-choices`, and of what is asked before a job is taken. Default 3,000.
    pub validate_ms: u32,
    /// Deadline of `run-action` and of functions that are called from outside. Default 60,000: a calibration feeds several
    /// labels.
    pub action_ms: u32,
    /// Deadline of `stop-machine`. Default 5,000.
    pub stop_ms: u32,
    /// Deadline of init, update, restart and ping. Default 10,000.
    pub init_ms: u32,
    /// A print call ends when for so long no byte and no status moves. Default 300,000.
    pub print_idle_ms: u32,
    /// What a call gets after it was cancelled, before it is given up. Default 1,500.
    pub grace_ms: u32,
    /// What jobs in hand get to finish their labels when the daemon stops. Default 10,000.
    pub drain_ms: u32,
    /// Opening a connection. Default 10,000.
    pub connect_ms: u32,
    /// Linear memory of an instance. Default 64 MiB.
    pub memory_bytes: usize,
    /// Elements of each table. Default 100,000.
    pub table_elements: usize,
    /// Core instances, memories and tables in a component, each. Default 100.
    pub instances: usize,
    /// Handles that a guest may hold. Default 10,000.
    pub handles: usize,
    /// What one host call or result may carry. Default 64 MiB.
    pub hostcall_bytes: usize,
    /// The most random bytes that a guest gets at once. Default 64 KiB.
    pub random_bytes: u64,
    /// Calls in flight in an instance. Default 2,048.
    pub calls_in_flight: usize,
    /// Calls that were given up and still linger, before the instance is restarted. Default 32.
    pub lingering_calls: usize,
    /// Restarts of an instance within the window before the driver rests. Default 5.
    pub restarts: u32,
    /// The pause before the second restart within the window; the first one comes at once, and the next ones after 4, 10 and
    /// 20 times as long. Default 500.
    pub restart_pause_ms: u32,
    /// Blamed traps of a machine within the window before it is quarantined. Default 3.
    pub blames: u32,
    /// The window of restarts and blames. Default 600,000.
    pub window_ms: u32,
    /// The size of a component. Default 64 MiB.
    pub component_bytes: usize,
    /// Address space of the process that compiles a component. Default 1 GiB; a Python driver of 18 MiB
    /// takes 370 MiB of memory.
    pub compile_memory_bytes: u64,
    /// Time to compile a component. Default 120,000.
    pub compile_ms: u32,
    /// How long jobs stay after they are over, in seconds. 0 is for ever. Default 7,776,000, which is 90 days.
    pub job_retention_s: u32,
    /// What the database may grow to, in bytes. 0 is no bound. Default 0.
    pub database_bytes: u64,
    /// The size of the file that a capture of a machine's wire fills. Default 64 MiB.
    pub capture_bytes: u64,
    /// The time between two pings of a machine. 0 switches pings off. Default 30,000.
    pub ping_interval_ms: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            cpu_slice_ms: 250,
            cpu_call_ms: 2_000,
            describe_ms: 1_000,
            validate_ms: 3_000,
            action_ms: 60_000,
            stop_ms: 5_000,
            init_ms: 10_000,
            print_idle_ms: 300_000,
            grace_ms: 1_500,
            drain_ms: 10_000,
            connect_ms: 10_000,
            memory_bytes: 64 << 20,
            table_elements: 100_000,
            instances: 100,
            handles: 10_000,
            hostcall_bytes: 64 << 20,
            random_bytes: 64 << 10,
            calls_in_flight: 2_048,
            lingering_calls: 32,
            restarts: 5,
            restart_pause_ms: 500,
            blames: 3,
            window_ms: 600_000,
            component_bytes: 64 << 20,
            compile_memory_bytes: 1 << 30,
            compile_ms: 120_000,
            job_retention_s: 90 * 24 * 3_600,
            database_bytes: 0,
            capture_bytes: 64 << 20,
            ping_interval_ms: 30_000,
        }
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

    /// Reads a TOML file: limits by their names, and a table `[driver.SLUG]` for each driver that has its own.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        let mut common: toml::Table = toml::from_str(text)?;
        let own = common.remove("driver");
        let own: BTreeMap<Slug, toml::Table> = own.map(toml::Value::try_into).transpose()?.unwrap_or_default();
        let mut drivers = BTreeMap::new();
        for (slug, limits) in own {
            let mut all = common.clone();
            all.extend(limits);
            drivers.insert(slug, toml::Value::Table(all).try_into()?);
        }
        Ok(Self { common: toml::Value::Table(common).try_into()?, drivers })
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_driver_has_its_own_limits_over_the_common_ones() {
        let table = LimitTable::parse("init_ms = 7\n[driver.python]\nmemory_bytes = 99").unwrap();
        assert_eq!((table.common.init_ms, table.common.memory_bytes), (7, Limits::default().memory_bytes));
        assert_eq!((table.of("python").init_ms, table.of("python").memory_bytes), (7, 99));
        assert_eq!(table.of("zebra-zpl"), &table.common);
    }

    #[test]
    fn a_limit_that_does_not_exist_is_an_error_that_names_it() {
        let error = LimitTable::parse("speed = 1").unwrap_err().to_string();
        assert!(error.contains("speed"), "{error}");
        let error = LimitTable::parse("[driver.python]\nspeed = 1").unwrap_err().to_string();
        assert!(error.contains("speed"), "{error}");
    }
}
