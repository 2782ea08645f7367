//! Every fault of the device: its bits, what it does to printing, and what it does to `~HS`.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::{format, replies, wait};
use ostler_simulators::ZebraPrinter;
use ostler_simulators::zebra::{Fault, ZebraConfig};

/// Error bits, as the guide's table *Error Flags* (`~HQES`) has them.
const ERRORS: [(Fault, u32); 18] = [
    (Fault::MediaOut, 0x0000_0001),
    (Fault::RibbonOut, 0x0000_0002),
    (Fault::HeadOpen, 0x0000_0004),
    (Fault::CutterFault, 0x0000_0008),
    (Fault::HeadTooHot, 0x0000_0010),
    (Fault::MotorTooHot, 0x0000_0020),
    (Fault::BadHeadElement, 0x0000_0040),
    (Fault::HeadDetection, 0x0000_0080),
    (Fault::InvalidFirmware, 0x0000_0100),
    (Fault::ThermistorOpen, 0x0000_0200),
    (Fault::PaperJam, 0x0000_1000),
    (Fault::PresenterStopped, 0x0000_2000),
    (Fault::FeedError, 0x0000_4000),
    (Fault::PathNotCleared, 0x0000_8000),
    (Fault::Paused, 0x0001_0000),
    (Fault::RetractTimedOut, 0x0002_0000),
    (Fault::BlackMarkCalibration, 0x0004_0000),
    (Fault::BlackMarkNotFound, 0x0008_0000),
];

/// Warning bits, as the guide's table *Warning Flags* (`~HQES`) has them.
const WARNINGS: [(Fault, u32); 12] = [
    (Fault::CalibrateMedia, 0x001),
    (Fault::CleanHead, 0x002),
    (Fault::ReplaceHead, 0x004),
    (Fault::MediaLow, 0x008),
    (Fault::Sensors { mask: 0x01 }, 0x010),
    (Fault::Sensors { mask: 0x02 }, 0x020),
    (Fault::Sensors { mask: 0x04 }, 0x040),
    (Fault::Sensors { mask: 0x08 }, 0x080),
    (Fault::Sensors { mask: 0x10 }, 0x100),
    (Fault::Sensors { mask: 0x20 }, 0x200),
    (Fault::Sensors { mask: 0x40 }, 0x400),
    (Fault::Sensors { mask: 0x80 }, 0x800),
];

/// Those that leave `~HS` without a reply (guide, `~HS`).
const UNANSWERED: [Fault; 5] =
    [Fault::MediaOut, Fault::RibbonOut, Fault::HeadOpen, Fault::HeadTooHot, Fault::RewinderFull];

fn start() -> ZebraPrinter {
    ZebraPrinter::start(ZebraConfig::default()).unwrap()
}

fn line(name: &str, bits: u32) -> String {
    format!("   {name:<16}{} 00000000 {bits:08X}\r\n", u8::from(bits != 0))
}

#[tokio::test]
async fn each_error_has_its_bit_and_holds_labels_until_it_is_cleared() {
    let printer = start();
    for (printed, (fault, bits)) in (0..).zip(ERRORS) {
        printer.set_fault(fault).unwrap();
        let reply = replies(&printer, &[format(1), b"~HQES".to_vec()].concat()).await;
        assert!(reply.contains(&(line("ERRORS:", bits) + &line("WARNINGS:", 0))), "{fault:?}: {reply}");
        assert_eq!(printer.label_count(), printed, "{fault:?}");
        printer.clear_fault(fault).unwrap();
        assert_eq!(printer.label_count(), printed + 1, "{fault:?}");
    }
}

#[tokio::test]
async fn each_warning_has_its_bit_and_prints_on() {
    let printer = start();
    for (printed, (fault, bits)) in (1..).zip(WARNINGS) {
        printer.set_fault(fault).unwrap();
        let reply = replies(&printer, &[format(1), b"~HQES".to_vec()].concat()).await;
        assert!(reply.contains(&(line("ERRORS:", 0) + &line("WARNINGS:", bits))), "{fault:?}: {reply}");
        assert_eq!(printer.label_count(), printed, "{fault:?}");
        printer.clear_fault(fault).unwrap();
    }
}

#[tokio::test]
async fn all_errors_at_once_are_all_reported() {
    let printer = start();
    for (fault, _) in ERRORS {
        printer.set_fault(fault).unwrap();
    }
    assert!(replies(&printer, b"~HQES").await.contains(&line("ERRORS:", 0x000F_F3FF)));
    assert_eq!(printer.state().faults.len(), ERRORS.len());
}

#[tokio::test]
async fn host_status_is_silent_for_the_states_that_the_guide_names_and_no_others() {
    let printer = start();
    let faults = ERRORS.iter().chain(&WARNINGS).map(|(fault, _)| *fault).chain([Fault::RewinderFull]);
    for fault in faults {
        printer.set_fault(fault).unwrap();
        let reply = replies(&printer, b"~HS").await;
        assert_eq!(reply.is_empty(), UNANSWERED.contains(&fault), "{fault:?}");
        printer.clear_fault(fault).unwrap();
    }
}

#[tokio::test]
async fn a_full_rewinder_holds_labels_but_has_no_bit() {
    let printer = start();
    printer.set_fault(Fault::RewinderFull).unwrap();
    let reply = replies(&printer, &[format(1), b"~HQES".to_vec()].concat()).await;
    assert!(reply.contains(&line("ERRORS:", 0)));
    assert_eq!(printer.state().formats_waiting, 1);
    printer.clear_fault(Fault::RewinderFull).unwrap();
    wait(&printer, |state| state.labels_printed == 1).await;
}

#[tokio::test]
async fn cold_heads_and_lost_configurations_are_flags_of_the_host_status_alone() {
    let printer = start();
    printer.set_fault(Fault::HeadTooCold).unwrap();
    printer.set_fault(Fault::ConfigurationLost).unwrap();
    let reply = replies(&printer, &[format(1), b"~HS~HQES".to_vec()].concat()).await;
    assert!(reply.starts_with("\x02030,0,0,1218,000,0,0,0,000,1,1,0\x03"), "{reply}");
    assert!(reply.contains(&(line("ERRORS:", 0) + &line("WARNINGS:", 0))));
    assert_eq!(printer.label_count(), 1);
}
