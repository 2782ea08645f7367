//! What a printer's answers mean to the operator: status, text, properties.

use ostler_sdk::label_printer::{SetStatus, Status};
use ostler_sdk::{Error, Machine, Property};
use ostler_zpl::{Concern, Fault, Identity, Report};

use crate::Printer;
use crate::settings::Settings;

/// Shows what the printer said.
pub fn show(machine: &Machine, report: &Report, printer: &Printer, settings: &Settings) {
    let (status, text) = read(report, printer, settings);
    machine.set_status(status);
    machine.set_status_text(text);
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
    let warnings: Vec<String> = report.warnings().into_iter().map(ostler_zpl::Warning::advice).collect();
    if !warnings.is_empty() {
        return (Status::Warning, warnings.join(" "));
    }
    match report.status {
        Some(status) if status.label_waiting => (Status::Warning, "A label waits to be taken.".to_owned()),
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
            format!("The density is set to {set} dots/mm, but the printer has {has}. Change the setting DPMM.");
        Error::invalid("dpmm-mismatch", message)
    })
}

/// Shows what the printer is.
pub fn identify(machine: &Machine, identity: &Identity) {
    let group = "Printer";
    machine.set_properties(&[
        Property::text("Model", &identity.model).group(group),
        Property::text("Firmware", &identity.firmware).group(group),
        Property::integer("Dots per mm", identity.dpmm).group(group),
        Property::text("Memory", &identity.memory).group(group),
    ]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use ostler_sdk::printing::Halftone;
    use ostler_zpl::{Conditions, HostStatus};

    fn settings() -> Settings {
        Settings { dpmm: 8, width: 812, length: 1218, darkness: None, halftone: Halftone::Threshold }
    }

    fn idle() -> Report {
        Report { status: Some(HostStatus::default()), conditions: Some(Conditions::default()), heard: true }
    }

    fn faulty(errors: u32) -> Report {
        Report { status: None, conditions: Some(Conditions { errors, warnings: 0 }), heard: true }
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
        let printer = Printer { identity: Some(identity), answers: Some(true) };
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
}
