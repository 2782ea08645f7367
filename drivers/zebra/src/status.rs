//! What a printer's answers mean to the operator: status and text.

use ostler_sdk::label_printer::{SetStatus, Status};
use ostler_sdk::{Error, Machine};
use ostler_zpl::{Concern, Fault, HostStatus, Identity, Report, Tracking};

use crate::declare::{DPMM, LABEL_LENGTH};
use crate::media::millimetres;
use crate::printer::Printer;
use crate::settings::Settings;

/// How far the measured length of a label may be from the one that is set, in millimetres.
const TOLERANCE: f64 = 2.0;

/// Shows what the printer said.
pub fn show(machine: &Machine, report: &Report, printer: &Printer, settings: &Settings) {
    let (status, text) = read(report, printer, settings);
    // In this order: who waits for the status finds the words that belong to it.
    machine.set_status_text(text);
    machine.set_status(status);
}

/// The status, and the text beside it.
fn read(report: &Report, printer: &Printer, settings: &Settings) -> (Status, String) {
    let faults = report.faults();
    if let Some(fault) = faults.first() {
        return (status_of(*fault), advice(&faults));
    }
    if !report.heard {
        return (Status::Unknown, "Reachable, not answering.".to_owned());
    }
    if let Some(mismatch) = printer.identity.as_ref().and_then(|identity| mismatch(identity, settings)) {
        return (Status::Warning, mismatch.message);
    }
    let mut warnings: Vec<String> = report.warnings().into_iter().map(ostler_zpl::Warning::advice).collect();
    warnings.extend(report.status.and_then(|status| wrong_length(&status, settings)));
    if !warnings.is_empty() {
        return (Status::Warning, warnings.join(" "));
    }
    match report.status {
        Some(status) if status.waits_to_be_taken() => (Status::Warning, "Take the label from the peel bar.".to_owned()),
        Some(status) if !status.is_idle() => (Status::Printing, String::new()),
        Some(_) => (Status::Connected, String::new()),
        // It knows of no fault, and keeps silent about its work.
        None => (Status::Unknown, "Answers, but does not say whether it is ready.".to_owned()),
    }
}

/// The status for a fault.
pub fn status_of(fault: Fault) -> Status {
    match fault.concern() {
        Concern::Media => Status::NoMedia,
        Concern::Jam => Status::PaperJam,
        Concern::Device => Status::Error,
    }
}

/// What to do about all faults, first things first.
pub fn advice(faults: &[Fault]) -> String {
    faults.iter().map(|fault| fault.advice()).collect::<Vec<_>>().join(" ")
}

/// Why labels come out in the wrong size, when the density is not the printer's.
pub fn mismatch(identity: &Identity, settings: &Settings) -> Option<Error> {
    let (set, has) = (settings.dpmm, identity.dpmm);
    (set != has).then(|| {
        let message =
            format!("The density is set to {set} dots/mm, but the printer has {has}. Change the setting {DPMM}.");
        Error::invalid("dpmm-mismatch", message)
    })
}

/// What to do when the printer measured other labels than those that are set. It measures only by a gap or a mark;
/// without either it says what it was told last.
fn wrong_length(status: &HostStatus, settings: &Settings) -> Option<String> {
    let measures = matches!(settings.setup.tracking, Some(Tracking::Gap | Tracking::Mark));
    let found = millimetres(status.label_length, settings.dpmm);
    let set = millimetres(settings.length, settings.dpmm);
    (measures && status.label_length > 0 && (found - set).abs() > TOLERANCE).then(|| {
        format!(
            "The printer measured labels of {found:.1} mm, but {LABEL_LENGTH} is {set:.1} mm. Load the labels that \
             belong here and run `Calibrate media`, or change {LABEL_LENGTH}."
        )
    })
}

/// Shows what a printer of EPL2 said; nothing when it was silent.
pub fn show_epl(machine: &Machine, report: Option<&ostler_epl::Report>) {
    let (status, text) = read_epl(report);
    // In this order: who waits for the status finds the words that belong to it.
    machine.set_status_text(text);
    machine.set_status(status);
}

fn read_epl(report: Option<&ostler_epl::Report>) -> (Status, String) {
    let Some(report) = report else {
        return (Status::Unknown, "Reachable, not answering.".to_owned());
    };
    match report.faults.first() {
        Some(ostler_epl::Fault::MediaOut) => (Status::NoMedia, epl_advice(&report.faults)),
        Some(_) => (Status::Error, epl_advice(&report.faults)),
        None if report.others.is_empty() => (Status::Connected, String::new()),
        None => {
            let codes: Vec<String> = report.others.iter().map(|code| format!("{code:02}")).collect();
            let text = format!("The printer reports {}: see its manual, at `^ee`.", codes.join(", "));
            (Status::Warning, text)
        }
    }
}

/// What to do about all faults of a printer of EPL2.
pub fn epl_advice(faults: &[ostler_epl::Fault]) -> String {
    faults.iter().map(|fault| fault.advice()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::tests::settings;
    use ostler_zpl::{Conditions, Setup};

    fn idle() -> Report {
        Report {
            status: Some(HostStatus::default()),
            conditions: Some(Conditions::default()),
            count: None,
            counts: false,
            heard: true,
        }
    }

    fn faulty(errors: u32) -> Report {
        Report {
            status: None,
            conditions: Some(Conditions { errors, warnings: 0 }),
            count: None,
            counts: false,
            heard: true,
        }
    }

    fn with(status: HostStatus) -> Report {
        Report { status: Some(status), ..idle() }
    }

    #[test]
    fn an_idle_printer_is_connected() {
        assert_eq!(read(&idle(), &Printer::default(), &settings()).0, Status::Connected);
    }

    #[test]
    fn silence_is_unknown_and_not_disconnected() {
        let (status, text) = read(&Report::default(), &Printer::default(), &settings());
        assert_eq!((status, text.as_str()), (Status::Unknown, "Reachable, not answering."));
    }

    #[test]
    fn each_fault_has_its_status_and_says_what_to_do() {
        let seen = |errors| read(&faulty(errors), &Printer::default(), &settings());
        assert_eq!(seen(0x1), (Status::NoMedia, "Out of labels. Load a new roll.".to_owned()));
        assert_eq!(seen(0x1000).0, Status::PaperJam);
        assert_eq!(seen(0x4), (Status::Error, "The print head is open. Close it.".to_owned()));
        assert_eq!(seen(0x5).1, "The print head is open. Close it. Out of labels. Load a new roll.");
    }

    #[test]
    fn a_density_that_is_not_the_printers_is_a_warning() {
        let identity = Identity { model: "ZD421".into(), firmware: "V1".into(), dpmm: 12, memory: String::new() };
        let printer = Printer { identity: Some(identity), answers: Some(true), ..Printer::default() };
        let (status, text) = read(&idle(), &printer, &settings());
        assert_eq!(status, Status::Warning);
        assert!(text.contains("8 dots/mm") && text.contains("has 12") && text.contains("DPMM"), "{text}");
        assert_eq!(read(&idle(), &printer, &Settings { dpmm: 12, ..settings() }).0, Status::Connected);
    }

    #[test]
    fn labels_that_run_low_are_a_warning_that_does_not_stop_the_printer() {
        let report = Report { conditions: Some(Conditions { errors: 0, warnings: 0x8 }), ..idle() };
        assert_eq!(read(&report, &Printer::default(), &settings()).0, Status::Warning);
    }

    #[test]
    fn a_label_at_the_peel_bar_wants_to_be_taken_and_is_no_fault() {
        let status = HostStatus { label_waiting: true, print_mode: 1, ..HostStatus::default() };
        let (status, text) = read(&with(status), &Printer::default(), &settings());
        assert!(status == Status::Warning && text.contains("Take the label"), "{text}");
    }

    #[test]
    fn labels_of_another_length_are_a_warning_with_both_lengths_where_the_printer_measures() {
        let gap = Setup { tracking: Some(Tracking::Gap), ..Setup::default() };
        let settings = Settings { setup: gap, ..settings() };
        let seen = |label_length, settings: &Settings| {
            read(&with(HostStatus { label_length, ..HostStatus::default() }), &Printer::default(), settings)
        };
        let (status, text) = seen(812, &settings);
        assert_eq!(status, Status::Warning);
        assert!(text.contains("101.5 mm") && text.contains("LABEL_LENGTH is 152.2 mm"), "{text}");
        assert_eq!(seen(1230, &settings).0, Status::Connected); // 1.5 mm more
        assert_eq!(seen(0, &settings).0, Status::Connected);
        let continuous = Setup { tracking: Some(Tracking::Continuous), ..Setup::default() };
        for setup in [continuous, Setup::default()] {
            assert_eq!(seen(812, &Settings { setup, ..settings.clone() }).0, Status::Connected);
        }
    }

    #[test]
    fn a_printer_of_epl2_tells_its_faults_and_its_silence_is_unknown() {
        let seen = |line: &[u8]| read_epl(ostler_epl::Report::parse(line).as_ref());
        assert_eq!(seen(b"00\r\n").0, Status::Connected);
        assert_eq!(seen(b"07\r\n").0, Status::NoMedia);
        assert_eq!(seen(b"11\r\n").0, Status::Error);
        assert!(seen(b"01\r\n").1.contains("01"));
        assert_eq!(read_epl(None).0, Status::Unknown);
    }
}
