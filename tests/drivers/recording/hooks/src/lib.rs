//! A label printer's driver that tells a recorder of each of its hooks, and does in each what the recorder answers: go on,
//! fail, trap, or never return.
//!
//! The recorder is a TCP server of the test, and the machine's "printer". It outlives the instance, so nothing that was
//! told is lost with one; a hook goes on only after the recorder's answer, so the order of what is told is the order in
//! which the hooks ran. And because a hook is told what to do by the answer and not by a setting, telling it is no hook.
//!
//! * [`record`]: one record, on its way and back
//! * [`settings`]: what the driver declares, and how values look in a record
//! * [`actions`]: what only the driver can tell: the machines that it finds, and the secret that it is given
//! * here: the hooks

#![forbid(unsafe_code)]

mod actions;
mod record;
mod settings;

use std::marker::PhantomData;

use ostler_sdk::label_printer::{LabelPrinter, SetStatus, Status};
use ostler_sdk::printing::{PrintJob, Proof};
use ostler_sdk::{
    Choice, Driver, DriverInfo, Error, FieldError, Machine, MachineState, Property, Result, Scope, SettingValue, Value,
};

use record::{Answer, Hook};

/// What two versions of the driver differ in.
pub trait Edition: 'static {
    /// The driver's version.
    const VERSION: &'static str;

    /// Adds the settings that only this version has.
    fn settings(info: DriverInfo) -> DriverInfo;
}

/// The driver of an edition.
pub struct Recording<E>(PhantomData<E>);

impl<E: Edition> Driver for Recording<E> {
    fn describe() -> DriverInfo {
        let info = DriverInfo::new("recording", "Recording", E::VERSION)
            .description("Tells a recorder of each of its hooks. For tests.")
            .action(actions::machines())
            .action(actions::report())
            .action(actions::sign_in());
        E::settings(settings::declare(info))
    }

    /// There is no machine yet, and so no way to the recorder: it is told together with the first hook of a machine.
    async fn init_driver() -> Result<Self> {
        record::keep("init-driver");
        Ok(Self(PhantomData))
    }

    async fn init_machine(&self, machine: &Machine) -> Result<()> {
        Hook::new("init-machine", machine).tell().await?.obey().await?;
        machine.set_status(Status::Connected);
        machine.set_properties(&[Property::text("version", E::VERSION)]);
        Ok(())
    }

    async fn update_machine(&self, machine: &Machine, old: &MachineState) -> Result<()> {
        let hook = Hook::new("update-machine", machine).with(settings::state(old));
        match hook.tell().await? {
            Answer::Restart(reason) => {
                machine.require_restart(&reason);
                Ok(())
            }
            answer => answer.obey().await,
        }
    }

    async fn restart_machine(&self, machine: &Machine) -> Result<()> {
        Hook::new("restart-machine", machine).tell().await?.obey().await
    }

    async fn stop_machine(&self, machine: &Machine) -> Result<()> {
        Hook::new("stop-machine", machine).tell().await?.obey().await
    }

    async fn ping_machine(&self, machine: &Machine) -> Result<()> {
        Hook::new("ping-machine", machine).tell().await?.obey().await
    }

    async fn validate_settings(&self, machine: &Machine, proposed: &[SettingValue]) -> Result<(), Vec<FieldError>> {
        let hook = Hook::new("validate-settings", machine).with(settings::values(proposed));
        match hook.tell().await {
            Ok(Answer::Refuse(key)) => Err(vec![FieldError::driver(key, "the recorder refuses this value")]),
            Ok(answer) => answer.obey().await.map_err(|error| vec![FieldError::driver("RECORDER", error.message)]),
            Err(error) => Err(vec![FieldError::driver("RECORDER", error.message)]),
        }
    }

    async fn run_action(&self, machine: &Machine, action: &str, inputs: &[(String, Value)]) -> Result<String> {
        actions::run(machine, action, inputs)
    }

    async fn setting_choices(&self, machine: Option<&Machine>, scope: Scope, key: &str) -> Result<Vec<Choice>> {
        let Some(machine) = machine else {
            return Err(Error::unsupported(format!("the choices of {key} come from a machine's recorder")));
        };
        let hook = Hook::new("setting-choices", machine).with(settings::at(scope, key));
        match hook.tell().await? {
            Answer::Choices(values) => {
                Ok(values.into_iter().map(|value| Choice { name: value.clone(), value }).collect())
            }
            answer => answer.obey().await.map(|()| Vec::new()),
        }
    }
}

impl<E: Edition> LabelPrinter for Recording<E> {
    /// The record is the label: what the recorder holds back is a job in hand.
    async fn print_label(&self, machine: &Machine, job: &PrintJob, index: u32) -> Result<()> {
        let hook = Hook::new("print-label", machine);
        let mut line = hook.connect().await?;
        job.label_started(index).await?;
        line.send().await?;
        line.answer().await?.obey().await?;
        job.label_done(index, Proof::Acknowledged).await
    }
}
