//! The buttons. Each looks how the printer is before, and tells what it said afterwards.

use std::time::{Duration, Instant};

use ostler_sdk::{Error, Machine, Result};
use ostler_zpl::{HostStatus, Query, Report};

use crate::declare::LABEL_LENGTH;
use crate::media::millimetres;
use crate::pattern;
use crate::print::epl;
use crate::print::zpl::Run;
use crate::printer::Printer;
use crate::settings::Settings;
use crate::status::advice;

/// How long a printer may feed labels until it is idle again. The host gives an action a minute.
const LONGEST: Duration = Duration::from_secs(30);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// What an operator can press.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Button {
    Calibrate,
    Feed,
    ConfigurationLabel,
    SelfTest,
    Pause,
    Resume,
    CancelAll,
}

impl Button {
    /// By its declared key.
    pub fn named(key: &str) -> Result<Self> {
        Ok(match key {
            "calibrate" => Self::Calibrate,
            "feed" => Self::Feed,
            "configuration-label" => Self::ConfigurationLabel,
            "self-test" => Self::SelfTest,
            "pause" => Self::Pause,
            "resume" => Self::Resume,
            "cancel-all" => Self::CancelAll,
            other => return Err(Error::unsupported(format!("this driver has no action `{other}`"))),
        })
    }

    /// The command (guide, the page of each). The test label is a format of its own.
    fn command(self) -> Option<&'static [u8]> {
        match self {
            Self::Calibrate => Some(b"~JC\n"),
            Self::Feed => Some(b"~PH\n"),
            Self::ConfigurationLabel => Some(b"~WC\n"),
            Self::Pause => Some(b"~PP\n"),
            Self::Resume => Some(b"~PS\n"),
            Self::CancelAll => Some(b"~JA\n"),
            Self::SelfTest => None,
        }
    }

    /// Whether a printer with a fault cannot do it.
    fn needs_ready(self) -> bool {
        !matches!(self, Self::Pause | Self::Resume | Self::CancelAll)
    }

    /// Whether labels move, which takes a while.
    fn moves_labels(self) -> bool {
        self.needs_ready()
    }

    /// What the printer does, for one that does not answer.
    fn done(self) -> &'static str {
        match self {
            Self::Calibrate => "The printer measures its labels.",
            Self::Feed => "The printer feeds a label.",
            Self::ConfigurationLabel => "The printer prints its configuration.",
            Self::SelfTest => "The printer prints the test label.",
            Self::Pause => "The printer pauses.",
            Self::Resume => "The printer goes on.",
            Self::CancelAll => "The printer forgets what it has not printed.",
        }
    }

    /// What to tell the operator: what was done, and what the printer says now.
    fn tell(self, report: &Report, settings: &Settings) -> String {
        let faults = report.faults();
        let Some(status) = &report.status else {
            let said =
                if faults.is_empty() { "It did not say whether it is done.".to_owned() } else { advice(&faults) };
            return format!("{} {said}", self.done());
        };
        match self {
            Self::Calibrate if faults.is_empty() => measured(status, settings),
            Self::Pause if status.paused => "The printer is paused.".to_owned(),
            Self::Pause => "The printer does not say that it is paused: it pauses after the label in hand.".to_owned(),
            Self::Resume if faults.is_empty() => "The printer is ready.".to_owned(),
            Self::CancelAll if status.is_idle() => "The printer has nothing left to print.".to_owned(),
            Self::CancelAll => "The printer still has a label in hand.".to_owned(),
            _ if !faults.is_empty() => format!("{} {}", self.done(), advice(&faults)),
            _ if status.is_idle() => format!("{} It is ready again.", self.done()),
            _ => format!("{} It is still busy.", self.done()),
        }
    }
}

/// What a calibration found.
fn measured(status: &HostStatus, settings: &Settings) -> String {
    let (length, set) = (millimetres(status.label_length, settings.dpmm), millimetres(settings.length, settings.dpmm));
    if status.continuous {
        return "The printer is calibrated: it found continuous media.".to_owned();
    }
    format!("The printer is calibrated: it measured labels of {length:.1} mm; {LABEL_LENGTH} is {set:.1} mm.")
}

/// Presses a button of a printer of ZPL.
pub async fn press(button: Button, run: &mut Run<'_>) -> Result<String> {
    let before = if button.needs_ready() { run.check().await? } else { None };
    match button.command() {
        Some(command) => run.session.send(command).await?,
        None => {
            let label = pattern::draw(run.settings.width, run.settings.length, &run.machine.name());
            run.send(&label, 1, None, None).await?;
            let proof = run.follow(1, before).await?;
            let name = match proof {
                ostler_sdk::printing::Proof::Sent => "it was sent, and the printer does not answer",
                ostler_sdk::printing::Proof::Acknowledged => "the printer says that it came out",
                ostler_sdk::printing::Proof::Counted => "the printer counted it",
            };
            return Ok(format!("Test label of {} x {} dots: {name}.", run.settings.width, run.settings.length));
        }
    }
    if !run.session.is_worth_asking() {
        return Ok(format!("{} It does not answer.", button.done()));
    }
    let began = Instant::now();
    loop {
        run.session.ask(Query::State).await?;
        let report = run.session.report();
        let settled = !button.moves_labels() || report.is_idle() || !report.faults().is_empty();
        if settled || !run.session.is_worth_asking() || began.elapsed() > LONGEST {
            return Ok(button.tell(report, run.settings));
        }
        run.machine.sleep(PAUSE).await?;
    }
}

/// Presses a button of a printer of EPL2, which has fewer of them.
pub async fn press_epl(
    button: Button,
    machine: &Machine,
    settings: &Settings,
    printer: &Printer,
    session: &mut epl::Session,
) -> Result<String> {
    let command = match button {
        Button::Calibrate => ostler_epl::CALIBRATE,
        Button::ConfigurationLabel => ostler_epl::PRINT_CONFIGURATION,
        Button::SelfTest => {
            let dots = pattern::draw(settings.width, settings.length, &machine.name());
            session.label(machine, printer, &epl::label(&dots, settings, 1)?).await?;
            return Ok("The test label was sent.".to_owned());
        }
        Button::Feed | Button::Pause | Button::Resume | Button::CancelAll => {
            return Err(Error::unsupported("A printer of EPL2 does this by its own keys only."));
        }
    };
    session.check(machine, printer).await?;
    session.send(command).await?;
    Ok(button.done().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::declare;
    use crate::settings::tests::settings;
    use ostler_zpl::Conditions;

    fn report(status: HostStatus) -> Report {
        Report {
            status: Some(status),
            conditions: Some(Conditions::default()),
            count: None,
            counts: false,
            heard: true,
        }
    }

    #[test]
    fn every_button_that_is_declared_is_known() {
        assert!(declare::info().actions.iter().all(|action| Button::named(&action.key).is_ok()));
        assert!(Button::named("explode").is_err());
    }

    #[test]
    fn a_calibration_tells_what_was_measured_and_what_is_set() {
        let text =
            Button::Calibrate.tell(&report(HostStatus { label_length: 1219, ..HostStatus::default() }), &settings());
        assert_eq!(text, "The printer is calibrated: it measured labels of 152.4 mm; LABEL_LENGTH is 152.2 mm.");
        let continuous = HostStatus { label_length: 1219, continuous: true, ..HostStatus::default() };
        assert!(Button::Calibrate.tell(&report(continuous), &settings()).contains("continuous"));
    }

    #[test]
    fn a_fault_that_stops_an_action_is_told_with_what_to_do() {
        let jam =
            Report { conditions: Some(Conditions { errors: 0x1000, warnings: 0 }), ..report(HostStatus::default()) };
        for button in [Button::Calibrate, Button::Feed, Button::ConfigurationLabel] {
            assert!(button.tell(&jam, &settings()).contains("Open the printer and remove them."));
        }
    }

    #[test]
    fn what_the_printer_says_is_told_and_not_what_was_wished() {
        let paused = HostStatus { paused: true, ..HostStatus::default() };
        assert_eq!(Button::Pause.tell(&report(paused), &settings()), "The printer is paused.");
        assert!(Button::Pause.tell(&report(HostStatus::default()), &settings()).contains("does not say"));
        assert!(Button::Resume.tell(&report(paused), &settings()).contains("paused"));
        let busy = HostStatus { labels_remaining: 1, ..HostStatus::default() };
        assert!(Button::CancelAll.tell(&report(busy), &settings()).contains("still"));
        assert!(Button::Feed.tell(&Report::default(), &settings()).contains("did not say"));
    }
}
