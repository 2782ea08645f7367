//! What an answer means to the operator: status, text and properties.

use ostler_scale::{SetStatus, Status};
use ostler_scale_protocols::{Answer, Trouble};
use ostler_sdk::{Machine, Property};

use crate::declare::Settings;
use crate::session::Heard;
use crate::verdict;

/// Shows what the scale said.
pub fn show(machine: &Machine, heard: &Heard, settings: Settings) {
    let (status, text) = read(heard, settings);
    machine.set_status(status);
    machine.set_status_text(text);
    if let Heard::Answer(Answer::Report(report)) = heard
        && let Some(weight) = verdict::shown(report, settings)
    {
        let weight = Property::text("Last weight", weight);
        let net = Property::boolean("Tare subtracted", report.net);
        let unit = verdict::assumed_unit(report, settings).map(|unit| Property::text("Unit", unit));
        machine.set_properties(&[Some(weight), Some(net), unit].into_iter().flatten().collect::<Vec<_>>());
    }
}

/// The status, and the text beside it.
fn read(heard: &Heard, settings: Settings) -> (Status, String) {
    let report = match heard {
        Heard::Answer(Answer::Report(report)) => report,
        // Switched off behind a converter, or on another line: only the connection is known to be there.
        Heard::Silence => return (Status::Unknown, "Reachable, not answering.".to_owned()),
        Heard::Answer(Answer::OtherUnit(unit)) => {
            let text = format!("The scale shows a unit that is not known here: '{}'.", unit.escape_default());
            return (Status::Error, text);
        }
        Heard::Noise | Heard::Answer(Answer::NotKnown | Answer::Damaged | Answer::Garbled(_)) => {
            return (Status::NotUnderstood, verdict::no_report(heard).message);
        }
    };
    if report.in_motion {
        return (Status::InMotion, String::new());
    }
    match report.trouble {
        Some(trouble) => (status_of(trouble), verdict::advice(trouble).to_owned()),
        None => match verdict::shown(report, settings) {
            Some(weight) => (Status::Stable, weight),
            None => (Status::Unknown, "The scale answers, but tells no weight.".to_owned()),
        },
    }
}

fn status_of(trouble: Trouble) -> Status {
    match trouble {
        Trouble::OverCapacity => Status::Overload,
        Trouble::UnderZero => Status::Underload,
        Trouble::Zero => Status::ZeroError,
        Trouble::Tare => Status::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ostler_scale_protocols::{Answers, Protocol, Unit};

    const TOLEDO: Settings = Settings { protocol: Protocol::Toledo8217, unit: Unit::Kilogram };

    fn seen(bytes: &[u8]) -> (Status, String) {
        let mut answers = Answers::new(TOLEDO.protocol);
        answers.push(bytes);
        read(&answers.next().map_or(Heard::Noise, Heard::Answer), TOLEDO)
    }

    #[test]
    fn a_weight_that_stands_still_is_shown() {
        assert_eq!(seen(b"\x0201.250\r"), (Status::Stable, "1.250 kg".to_owned()));
    }

    #[test]
    fn silence_is_unknown_and_not_disconnected() {
        assert_eq!(read(&Heard::Silence, TOLEDO), (Status::Unknown, "Reachable, not answering.".to_owned()));
    }

    #[test]
    fn each_trouble_has_its_status_and_says_what_to_do() {
        for (bytes, status) in [
            (&b"\x02?A\r"[..], Status::InMotion),
            (b"\x02?C\r", Status::InMotion),
            (b"\x02?B\r", Status::Overload),
            (b"\x02?D\r", Status::Underload),
            (b"\x02?H\r", Status::ZeroError),
            (b"\x02?@\r", Status::Unknown),
            (b"\x02xyz\r", Status::NotUnderstood),
            (b"xyz", Status::NotUnderstood),
        ] {
            let (found, text) = seen(bytes);
            assert_eq!(found, status);
            assert!(status == Status::InMotion || text.ends_with('.'), "{text}");
        }
    }
}
