//! A driver that misbehaves on purpose, in the way that the setting `BEHAVIOUR` of each machine says.
//!
//! Machines with other settings behave well, so the same driver gives a test its neighbours. By the call in which a
//! behaviour shows:
//!
//! * [`honest`]: a print as it should be, which can be held in the middle
//! * [`exhaust`]: prints that crash, or take processor time, memory and handles without end
//! * [`trespass`]: prints that want devices and settings that are not theirs
//! * [`ledger`]: prints that do not keep the rules of the label ledger
//! * [`flood`]: prints that write more than anybody can read
//! * [`outside`]: what the standard library reaches of the world
//! * here: `init-driver`, `init-machine`, `ping-machine` and `stop-machine` that fail or never end

#![deny(unsafe_code)]

mod exhaust;
mod flood;
mod honest;
mod ledger;
mod outside;
mod trespass;

use std::cell::RefCell;
use std::collections::HashSet;

use ostler_sdk::label_printer::LabelPrinter;
use ostler_sdk::printing::PrintJob;
use ostler_sdk::{Driver, DriverInfo, Error, Machine, MachineFilter, Result, Setting, machines};

use trespass::Loot;

/// Where labels go.
const CONNECTION: &str = "CONNECTION";

/// Every behaviour; `honest` is the default.
const BEHAVIOURS: [&str; 32] = [
    "honest",
    "trap",
    "trap-in-label",
    "trap-behind-label",
    "loop",
    "compute",
    "allocate",
    "hoard",
    "exit",
    "thread-sleep",
    "pending",
    "pending-in-label",
    "keep-handle",
    "use-kept-handle",
    "use-listed-handle",
    "connect-to-target",
    "read-target",
    "rewire",
    "early-write",
    "no-done",
    "no-bytes",
    "fail-in-label",
    "late-write",
    "flood",
    "std-io",
    "init-driver-error",
    "init-error",
    "init-error-once",
    "init-pending",
    "init-trap",
    "ping-pending",
    "stop-pending",
];

#[derive(Default)]
struct Hostile {
    /// Handles that were kept beyond their calls.
    loot: Loot,
    /// Machines whose first `init-machine` has failed, by name.
    failed_once: RefCell<HashSet<String>>,
}

impl Driver for Hostile {
    fn describe() -> DriverInfo {
        DriverInfo::new("hostile", "Hostile", env!("CARGO_PKG_VERSION"))
            .description("Misbehaves on purpose. For tests.")
            .setting(Setting::device_uri(CONNECTION, "Connection", &["tcp"]).required())
            .setting(Setting::choice("BEHAVIOUR", "Behaviour", BEHAVIOURS.map(|name| (name, name))).default("honest"))
            .setting(Setting::text("HOLD", "Hold").description("before, middle or after: where an honest print waits."))
            .setting(
                Setting::integer("PACE", "Pace").description("Milliseconds that each part of an honest print takes."),
            )
            .setting(Setting::text("TARGET", "Target").description("What some behaviours aim at."))
    }

    /// No machine is there yet, but they can be listed.
    async fn init_driver() -> Result<Self> {
        let everybody = machines(&MachineFilter { name: None, active: None, initialized: Some(false) });
        if everybody.iter().any(|machine| is(machine, "init-driver-error")) {
            return Err(Error::permanent("no-mood", "this driver does not want to start"));
        }
        Ok(Self::default())
    }

    async fn init_machine(&self, machine: &Machine) -> Result<()> {
        match behaviour(machine)?.as_str() {
            "init-error" => Err(Error::permanent("no-mood", "this machine does not want to start")),
            "init-error-once" if self.failed_once.borrow_mut().insert(machine.name()) => {
                Err(Error::transient("not-yet", "this machine wants to be asked twice"))
            }
            "init-pending" => std::future::pending().await,
            "init-trap" => exhaust::trap(),
            "std-io" => {
                outside::look(machine);
                Ok(())
            }
            "keep-handle" => {
                self.loot.keep(machine);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn ping_machine(&self, machine: &Machine) -> Result<()> {
        if is(machine, "ping-pending") {
            std::future::pending::<()>().await;
        }
        Ok(())
    }

    async fn stop_machine(&self, machine: &Machine) -> Result<()> {
        if is(machine, "stop-pending") {
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}

impl LabelPrinter for Hostile {
    async fn print_label(&self, machine: &Machine, job: &PrintJob, index: u32) -> Result<()> {
        match behaviour(machine)?.as_str() {
            "trap" => exhaust::trap(),
            "trap-in-label" => exhaust::trap_in_label(machine, job, index).await,
            "trap-behind-label" => exhaust::trap_behind_label(machine, job, index).await,
            "loop" => exhaust::compute_for_ever(),
            "compute" => exhaust::compute_politely_for_ever().await,
            "allocate" => exhaust::allocate(),
            "hoard" => exhaust::hoard_handles(job, index),
            "exit" => std::process::exit(0),
            "thread-sleep" => outside::block_the_thread(),
            "pending" => std::future::pending().await,
            "pending-in-label" => ledger::never_end_a_label(machine, job, index).await,
            "use-kept-handle" => self.loot.connect(&target(machine)?).await,
            "use-listed-handle" => trespass::connect_listed(&target(machine)?).await,
            "connect-to-target" => machine.connect(&target(machine)?).await.map(drop),
            "read-target" => machine.setting::<String>(&target(machine)?).map(drop),
            "rewire" => trespass::rewire(machine, job, index).await,
            "early-write" => ledger::write_early(machine).await,
            "no-done" => ledger::forget_done(machine, job, index).await,
            "no-bytes" => Ok(()),
            "fail-in-label" => ledger::fail_in_label(machine, job, index).await,
            "late-write" => ledger::write_late(machine, job, index).await,
            "flood" => flood::everything(machine, job, index).await,
            _ => honest::print(machine, job, index).await,
        }
    }
}

fn behaviour(machine: &Machine) -> Result<String> {
    machine.setting("BEHAVIOUR")
}

fn is(machine: &Machine, name: &str) -> bool {
    behaviour(machine).is_ok_and(|behaviour| behaviour == name)
}

fn target(machine: &Machine) -> Result<String> {
    machine.setting("TARGET")
}

ostler_sdk::export_label_printer!(Hostile);
