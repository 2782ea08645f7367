//! Zebra label printers, and others that speak ZPL II, over TCP or USB.
//!
//! The language itself is the crate `ostler-zpl`, which knows neither device nor clock. Here is what the component
//! adds:
//!
//! * `settings`: what the operator declares about the printer.
//! * `session`: a connection and the conversation on it.
//! * `print`: a label from bitmap to proof.
//! * `status`: what a printer's answers mean to the operator.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic))]

mod print;
mod session;
mod settings;
mod status;

use std::cell::RefCell;
use std::collections::HashMap;

use ostler_sdk::label_printer::{LabelPrinter, SetStatus, Status};
use ostler_sdk::printing::PrintJob;
use ostler_sdk::{
    Action, Driver, DriverInfo, Error, FieldError, Machine, MachineState, Result, Setting, SettingValue, Value,
};
use ostler_zpl::{Identity, Query};

use session::Session;
use settings::Settings;

/// The driver: one value for all its printers.
#[derive(Debug, Default)]
pub struct Zebra {
    /// What was found out about each printer, by the machine's name. A rename only makes it ask again.
    printers: RefCell<HashMap<String, Printer>>,
}

/// What was found out about a printer since it was initialised.
#[derive(Debug, Clone, Default)]
struct Printer {
    identity: Option<Identity>,
    /// Whether it ever answered a question; nothing before the first one.
    answers: Option<bool>,
}

impl Driver for Zebra {
    fn describe() -> DriverInfo {
        let info = DriverInfo::new("zebra-zpl", "Zebra ZPL II", env!("CARGO_PKG_VERSION"))
            .description("Zebra label printers, and others that speak ZPL II, over the network or USB.")
            .action(
                Action::new("configuration-label", "Print configuration label")
                    .description("The printer prints how it is set up."),
            )
            .action(
                Action::new("calibrate", "Calibrate media")
                    .description("The printer feeds some labels and learns their length.")
                    .confirm("This uses up some labels. Go on?"),
            )
            .action(
                Action::new("cancel-all", "Clear the printer's memory")
                    .description("The printer forgets labels that it has received and not printed.")
                    .confirm("Labels that wait in the printer are lost. Go on?"),
            );
        Settings::declarations().into_iter().fold(info, DriverInfo::setting)
    }

    async fn init_driver() -> Result<Self> {
        Ok(Self::default())
    }

    /// Wrong settings fail; a printer that is switched off does not: it may be switched on later.
    async fn init_machine(&self, machine: &Machine) -> Result<()> {
        let settings = Settings::read(machine)?;
        self.forget(machine);
        match self.look(machine, &settings).await {
            Err(error) if error.is_cancelled() => Err(error),
            Err(_) | Ok(()) => Ok(()),
        }
    }

    /// The address may be another printer's now, so nothing is taken over.
    async fn update_machine(&self, machine: &Machine, _old: &MachineState) -> Result<()> {
        self.init_machine(machine).await
    }

    async fn restart_machine(&self, machine: &Machine) -> Result<()> {
        self.init_machine(machine).await
    }

    async fn stop_machine(&self, machine: &Machine) -> Result<()> {
        self.forget(machine);
        Ok(())
    }

    async fn ping_machine(&self, machine: &Machine) -> Result<()> {
        self.look(machine, &Settings::read(machine)?).await
    }

    async fn validate_settings(&self, machine: &Machine, _: &[SettingValue]) -> Result<(), Vec<FieldError>> {
        match Settings::read(machine) {
            Ok(_) => Ok(()),
            Err(error) => Err(vec![FieldError::driver(settings::WIDTH, error.message)]),
        }
    }

    async fn run_action(&self, machine: &Machine, action: &str, _: &[(String, Value)]) -> Result<String> {
        let (command, answer) = match action {
            "configuration-label" => ("~WC", "The printer prints its configuration."),
            "calibrate" => ("~JC", "The printer measures its labels."),
            "cancel-all" => ("~JA", "The printer forgets what it has not printed."),
            other => {
                return Err(Error::unsupported(format!("this driver has no action `{other}`")));
            }
        };
        Session::open(machine).await?.send(command.as_bytes()).await?;
        Ok(answer.to_owned())
    }
}

impl LabelPrinter for Zebra {
    async fn printing_options(&self, _: &Machine) -> Result<Vec<Setting>> {
        Ok(settings::options())
    }

    async fn print_label(&self, machine: &Machine, job: &PrintJob, index: u32) -> Result<()> {
        self.print_all(machine, job, index..index.saturating_add(1)).await
    }

    /// One connection serves the whole job: printers take a moment between two.
    async fn print_labels(&self, machine: &Machine, job: &PrintJob) -> Result<()> {
        self.print_all(machine, job, job.labels_left()).await
    }
}

impl Zebra {
    async fn print_all(&self, machine: &Machine, job: &PrintJob, labels: std::ops::Range<u32>) -> Result<()> {
        let settings = Settings::read(machine)?.for_job(job)?;
        let mut session = None;
        for index in labels {
            // The bitmap first: a document that cannot be rendered touches no printer.
            let bitmap = job.label(index)?.bitmap(&settings.raster()).await?;
            let session = match &mut session {
                Some(session) => session,
                none => none.insert(self.connect(machine).await?),
            };
            let result = print::label(machine, job, index, session, &settings, &bitmap).await;
            self.remember(machine, session);
            let report = result?;
            status::show(machine, &report, &self.printer(machine), &settings);
        }
        Ok(())
    }

    /// Asks the printer how it is and shows that. Not reachable is an error, after the status says so.
    async fn look(&self, machine: &Machine, settings: &Settings) -> Result<()> {
        let mut session = self.connect(machine).await?;
        // Also one that was silent so far: it may have been replaced, or set to answer.
        session.expect_answers();
        session.ask(Query::State).await?;
        let report = session.report().clone();
        let mut printer = self.printer(machine);
        if report.heard && printer.identity.is_none() {
            session.ask(Query::Identity).await?;
            printer.identity = session.identity().cloned();
            if let Some(identity) = &printer.identity {
                status::identify(machine, identity);
                if let Some(mismatch) = status::mismatch(identity, settings) {
                    machine.report_error(&mismatch);
                }
            }
            self.printers.borrow_mut().insert(machine.name(), printer.clone());
        }
        self.remember(machine, &session);
        status::show(machine, &report, &printer, settings);
        Ok(())
    }

    /// Connects, or shows why not.
    async fn connect(&self, machine: &Machine) -> Result<Session> {
        match Session::open(machine).await {
            Ok(mut session) => {
                if self.printer(machine).answers == Some(false) {
                    session.expect_silence();
                }
                Ok(session)
            }
            Err(error) => {
                // Somebody else has the line, or the call is over: that says nothing about the printer.
                if !error.is_cancelled() && error.code != "busy" {
                    machine.set_status(Status::Disconnected);
                    machine.set_status_text(&error.message);
                }
                Err(error)
            }
        }
    }

    fn printer(&self, machine: &Machine) -> Printer {
        self.printers.borrow().get(&machine.name()).cloned().unwrap_or_default()
    }

    /// Notes whether the printer answers; once it did, a later silence is something else than a printer that cannot.
    fn remember(&self, machine: &Machine, session: &Session) {
        let Some(heard) = session.answered() else {
            return;
        };
        let mut printers = self.printers.borrow_mut();
        let printer = printers.entry(machine.name()).or_default();
        printer.answers = Some(heard || printer.answers == Some(true));
    }

    fn forget(&self, machine: &Machine) {
        self.printers.borrow_mut().remove(&machine.name());
    }
}

ostler_sdk::export_label_printer!(Zebra);
