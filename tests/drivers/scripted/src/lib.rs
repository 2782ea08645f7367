//! A driver that does what its machines' settings say: fail to start, refuse a value, and trap when a button is pressed. The
//! model of the registry's states is tested with it.

#![forbid(unsafe_code)]
#![allow(clippy::panic)] // that is what it is for

use ostler_sdk::label_printer::{LabelPrinter, SetStatus, Status};
use ostler_sdk::printing::PrintJob;
use ostler_sdk::{Action, Driver, DriverInfo, Error, FieldError, Machine, Result, Setting, SettingValue, Value};

/// Without a value the machine is incomplete.
const NEEDED: &str = "NEEDED";
/// A value of it that is refused.
const REFUSED: &str = "refused";
/// Whether `init-machine` fails.
const FAIL: &str = "FAIL";
/// The button that traps.
const TRAP: &str = "trap";

/// One value drives all machines of this driver.
#[derive(Default)]
pub struct Scripted;

impl Driver for Scripted {
    fn describe() -> DriverInfo {
        DriverInfo::new("scripted", "Scripted", env!("CARGO_PKG_VERSION"))
            .description("Fails and traps when it is told to.")
            .setting(Setting::text(NEEDED, "Needed").required())
            .setting(Setting::boolean(FAIL, "Fail").default(false))
            .grant("time-travel", "It would like to know how this ends.")
            .action(Action::new(TRAP, "Trap").description("Ends the instance."))
    }

    async fn init_driver() -> Result<Self> {
        Ok(Self)
    }

    async fn init_machine(&self, machine: &Machine) -> Result<()> {
        if machine.setting(FAIL)? {
            return Err(Error::permanent("told-to-fail", "the setting FAIL says so"));
        }
        machine.set_status(Status::Connected);
        Ok(())
    }

    async fn validate_settings(&self, _: &Machine, proposed: &[SettingValue]) -> Result<(), Vec<FieldError>> {
        let refused =
            |of: &SettingValue| of.key == NEEDED && matches!(&of.value, Some(Value::Text(text)) if text == REFUSED);
        if proposed.iter().any(refused) {
            return Err(vec![FieldError::driver(NEEDED, "not this value")]);
        }
        Ok(())
    }

    async fn run_action(&self, _: &Machine, action: &str, _: &[(String, Value)]) -> Result<String> {
        panic!("the button {action} was pressed");
    }
}

impl LabelPrinter for Scripted {
    async fn print_label(&self, _: &Machine, _: &PrintJob, _: u32) -> Result<()> {
        Err(Error::unsupported("it prints nothing"))
    }
}

ostler_sdk::export_label_printer!(Scripted);
