//! Zebra label printers, and others that speak ZPL II, over TCP, USB or a serial line; old ones in EPL2.
//!
//! The languages themselves are the crates `ostler-zpl` and `ostler-epl`, which know neither device nor clock. Here is
//! what the component adds:
//!
//! * `declare`: settings, options of a job, buttons.
//! * `settings`: their values, checked.
//! * `printer`: what was found out about a printer.
//! * `session`: a connection and the conversation on it.
//! * `print`: a label from document to proof.
//! * `actions`, `pattern`: what the buttons do, and the test label.
//! * `status`, `properties`, `media`: what a printer's answers mean to the operator.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic))]

mod actions;
mod declare;
mod media;
mod pattern;
mod print;
mod printer;
mod properties;
mod session;
mod settings;
mod status;

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;

use ostler_sdk::label_printer::{LabelPrinter, SetStatus, Status};
use ostler_sdk::printing::{LoadedMedia, PrintJob};
use ostler_sdk::{Driver, DriverInfo, Error, FieldError, Machine, MachineState, Result, Setting, SettingValue, Value};
use ostler_zpl::{Query, Stored};

use actions::Button;
use print::document::Documents;
use print::epl;
use print::zpl::Run;
use printer::Printer;
use session::Session;
use settings::{Language, Settings};

/// The driver: one value for all its printers.
#[derive(Debug, Default)]
pub struct Zebra {
    /// What was found out about each printer, by the machine's name. A rename only makes it ask again.
    printers: RefCell<HashMap<String, Printer>>,
}

impl Driver for Zebra {
    fn describe() -> DriverInfo {
        declare::info()
    }

    async fn init_driver() -> Result<Self> {
        Ok(Self::default())
    }

    /// Wrong settings fail; a printer that is switched off does not: it may be switched on later.
    async fn init_machine(&self, machine: &Machine) -> Result<()> {
        let settings = Settings::read(machine)?;
        self.printers.borrow_mut().remove(&machine.name());
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
        self.printers.borrow_mut().remove(&machine.name());
        Ok(())
    }

    async fn ping_machine(&self, machine: &Machine) -> Result<()> {
        self.look(machine, &Settings::read(machine)?).await
    }

    async fn validate_settings(&self, machine: &Machine, _: &[SettingValue]) -> Result<(), Vec<FieldError>> {
        match Settings::read(machine) {
            Ok(_) => Ok(()),
            Err(refusal) => Err(vec![FieldError::driver(refusal.key, refusal.message)]),
        }
    }

    async fn run_action(&self, machine: &Machine, action: &str, _: &[(String, Value)]) -> Result<String> {
        let button = Button::named(action)?;
        let settings = Settings::read(machine)?;
        let printer = self.printer(machine);
        if settings.language == Language::Epl2 {
            let mut session = reached(machine, epl::Session::open(machine).await)?;
            return actions::press_epl(button, machine, &settings, &printer, &mut session).await;
        }
        let session = reached(machine, Session::open(machine, &printer).await)?;
        let mut run = Run::new(machine, &settings, session, printer);
        let result = actions::press(button, &mut run).await;
        self.finish(run);
        result
    }
}

impl LabelPrinter for Zebra {
    async fn printing_options(&self, _: &Machine) -> Result<Vec<Setting>> {
        Ok(declare::options())
    }

    /// From what is known: the printer is not asked, for it may be printing.
    async fn media(&self, machine: &Machine) -> Result<Option<LoadedMedia>> {
        let settings = Settings::read(machine)?;
        Ok(Some(media::loaded(&settings, self.printer(machine).status.as_ref())))
    }

    async fn raw_formats(&self, machine: &Machine) -> Result<Vec<String>> {
        let settings = Settings::read(machine)?;
        Ok(print::document::raw_formats(&settings))
    }

    async fn print_label(&self, machine: &Machine, job: &PrintJob, index: u32) -> Result<()> {
        self.print(machine, job, index..index.saturating_add(1)).await
    }

    /// One connection serves the whole job: printers take a moment between two.
    async fn print_labels(&self, machine: &Machine, job: &PrintJob) -> Result<()> {
        self.print(machine, job, job.labels_left()).await
    }
}

impl Zebra {
    async fn print(&self, machine: &Machine, job: &PrintJob, labels: Range<u32>) -> Result<()> {
        let settings = Settings::read(machine)?.for_job(job)?;
        let documents = Documents::new(job, &settings, labels);
        match settings.language {
            Language::Zpl => self.print_zpl(machine, job, documents, &settings).await,
            Language::Epl2 => self.print_epl(machine, job, documents, &settings).await,
        }
    }

    async fn print_zpl(
        &self,
        machine: &Machine,
        job: &PrintJob,
        mut documents: Documents<'_>,
        settings: &Settings,
    ) -> Result<()> {
        let mut run = None;
        while let Some(next) = documents.next().await {
            let (index, document) = next?;
            let keep = documents.repeats(&document).await.then(|| Stored::for_job(job.id()));
            let run = match &mut run {
                Some(run) => run,
                none => {
                    let printer = self.printer(machine);
                    let session = reached(machine, Session::open(machine, &printer).await)?;
                    none.insert(Run::new(machine, settings, session, printer))
                }
            };
            let copies = job.copies();
            let make = async { run.make(&document, copies, keep.as_ref()) };
            let begun = print::begin(machine, job, index, make).await?;
            let proof = run.label(&document, copies, begun, keep).await;
            self.printers.borrow_mut().insert(machine.name(), run.printer.clone());
            job.label_done(index, proof?).await?;
            status::show(machine, run.session.report(), &run.printer, settings);
        }
        self.describe_printer(machine, settings);
        Ok(())
    }

    async fn print_epl(
        &self,
        machine: &Machine,
        job: &PrintJob,
        mut documents: Documents<'_>,
        settings: &Settings,
    ) -> Result<()> {
        let mut open = None;
        while let Some(next) = documents.next().await {
            let (index, document) = next?;
            let printer = self.printer(machine);
            let session = match &mut open {
                Some(session) => session,
                none => none.insert(reached(machine, epl::Session::open(machine).await)?),
            };
            let make = async { epl::label(&document, settings, job.copies()) };
            let label = print::begin(machine, job, index, make).await??;
            let proof = session.label(machine, &printer, &label).await;
            self.remember_answer(machine, session.answered);
            job.label_done(index, proof?).await?;
            let known = session.answered.or(printer.answers) == Some(true);
            status::show_epl(machine, known.then(ostler_epl::Report::default).as_ref());
        }
        Ok(())
    }

    /// Asks the printer how and what it is, and shows that. Not reachable is an error, after the status says so.
    async fn look(&self, machine: &Machine, settings: &Settings) -> Result<()> {
        // Also when the line breaks in the middle: what the status said before is not so any more.
        reached(machine, self.ask(machine, settings).await)
    }

    async fn ask(&self, machine: &Machine, settings: &Settings) -> Result<()> {
        if settings.language == Language::Epl2 {
            let mut session = reached(machine, epl::Session::open(machine).await)?;
            let report = session.ask().await?;
            self.remember_answer(machine, session.answered);
            status::show_epl(machine, report.as_ref());
            self.describe_printer(machine, settings);
            return Ok(());
        }
        let mut printer = self.printer(machine);
        let mut session = reached(machine, Session::open(machine, &printer).await)?;
        session.expect_answers();
        session.ask(Query::State).await?;
        let report = session.report().clone();
        printer.learn(&session);
        if report.heard {
            if printer.identity.is_none() {
                session.ask(Query::Identity).await?;
                printer.identity = session.identity().cloned();
                printer.identity_in_vain = false;
                session.use_variables(&printer);
                if let Some(mismatch) = printer.identity.as_ref().and_then(|it| status::mismatch(it, settings)) {
                    machine.report_error(&mismatch);
                }
            }
            session.ask(Query::Variables).await?;
            if let Some(variables) = session.variables() {
                printer.variables = Some(variables.to_vec());
            }
            printer.learn(&session);
        }
        status::show(machine, &report, &printer, settings);
        self.printers.borrow_mut().insert(machine.name(), printer);
        self.describe_printer(machine, settings);
        Ok(())
    }

    /// Shows what is known about the printer, when it is something new.
    fn describe_printer(&self, machine: &Machine, settings: &Settings) {
        let mut printers = self.printers.borrow_mut();
        let printer = printers.entry(machine.name()).or_default();
        let properties = properties::list(printer, settings);
        printer.show(machine, &properties);
    }

    fn printer(&self, machine: &Machine) -> Printer {
        self.printers.borrow().get(&machine.name()).cloned().unwrap_or_default()
    }

    /// Keeps what was learnt while something was done.
    fn finish(&self, mut run: Run<'_>) {
        run.printer.learn(&run.session);
        self.printers.borrow_mut().insert(run.machine.name(), run.printer);
    }

    /// Notes whether a printer of EPL2 answers.
    fn remember_answer(&self, machine: &Machine, answered: Option<bool>) {
        let Some(answered) = answered else {
            return;
        };
        let mut printers = self.printers.borrow_mut();
        let printer = printers.entry(machine.name()).or_default();
        printer.answers = Some(answered || printer.answers == Some(true));
    }
}

/// A connection, or the status that there is none.
fn reached<T>(machine: &Machine, connected: Result<T>) -> Result<T> {
    connected.inspect_err(|error: &Error| {
        // Somebody else has the line, or the call is over: that says nothing about the printer.
        if !error.is_cancelled() && error.code != "busy" {
            machine.set_status_text(&error.message);
            machine.set_status(Status::Disconnected);
        }
    })
}

ostler_sdk::export_label_printer!(Zebra);
