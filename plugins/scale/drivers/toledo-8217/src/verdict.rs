//! Whether an answer will do, and which error it is if not.

use ostler_scale::{MassUnit, Reading};
use ostler_scale_protocols::{Answer, Command, Report, Trouble, Unit, Weight};
use ostler_sdk::Error;

use crate::declare::{PROTOCOL, Settings, UNIT};
use crate::session::Heard;

/// What to do with an answer to the question for the weight.
#[derive(Debug)]
pub enum Verdict {
    /// It is what was asked for.
    Take(Reading),
    /// Another question may be answered better; if there is no time for one, this is the error.
    AskAgain(Error),
    /// Asking again will not help.
    Fail(Error),
}

/// Judges what came when the weight was asked for.
pub fn weigh(heard: &Heard, stable: bool, settings: Settings) -> Verdict {
    let report = match heard {
        Heard::Answer(Answer::Report(report)) => report,
        Heard::Answer(Answer::OtherUnit(unit)) => return Verdict::Fail(other_unit(unit)),
        other => return Verdict::AskAgain(no_report(other)),
    };
    if let Some(trouble) = report.trouble {
        let error = troubled(trouble, report, settings);
        // What is put down hard, or taken off, passes through all sorts of troubles.
        return if report.in_motion { Verdict::AskAgain(error) } else { Verdict::Fail(error) };
    }
    match &report.weight {
        Some(weight) if !(stable && report.in_motion) => Verdict::Take(reading(weight, report, settings)),
        _ if report.in_motion => Verdict::AskAgain(in_motion(report, settings)),
        _ => Verdict::AskAgain(Error::transient(
            "no-weight",
            "The scale answers, but tells no weight. See what it shows.",
        )),
    }
}

/// Why an order was refused, as far as the answer to the order tells.
pub fn refusal(told: &Heard, command: Command) -> Option<Error> {
    let name = name(command);
    match told {
        Heard::Answer(Answer::Report(report)) if report.in_motion => {
            let message = format!("The scale did not {name}, because its weight has not come to rest. Try again then.");
            Some(Error::transient("in-motion", message))
        }
        Heard::Answer(Answer::Report(_)) => None,
        Heard::Answer(Answer::NotKnown) => {
            Some(Error::unsupported(format!("The scale knows no command to {name}. Use its own key.")))
        }
        // A scale of Toledo 8217 on which tare is not enabled keeps silent (DIVA Service Manual, 6.1.3.2).
        Heard::Silence if command == Command::Tare => {
            let message = "The scale did not answer to the tare. See that it is switched on and that taring is enabled in its set-up.";
            Some(Error::transient("silent", message))
        }
        other => Some(no_report(other)),
    }
}

/// Whether an order has had its effect.
pub fn shows_zero(heard: &Heard, command: Command) -> bool {
    let Heard::Answer(Answer::Report(report)) = heard else { return false };
    report.is_zero() && (command == Command::Tare || !report.net)
}

/// The error when an order had no effect: what the scale said then, and what it shows.
pub fn without_effect(told: &Heard, heard: &Heard, command: Command) -> Error {
    let report = match heard {
        Heard::Answer(Answer::Report(report)) => report,
        other => return no_report(other),
    };
    let name = name(command);
    if report.in_motion {
        let message = format!("It is not known whether the scale did {name}: its weight does not come to rest.");
        return Error::transient("in-motion", message);
    }
    let refused = matches!(told, Heard::Answer(Answer::Report(Report { trouble: Some(_), .. })));
    let way_out = match command {
        Command::Zero => "Take everything off it and clear its tare",
        Command::Tare | Command::Weigh => "Put on it what is to be tared, and nothing else",
    };
    // Scales of Toledo 8217 say nothing that would tell these two apart.
    let or_unknown = if refused { "" } else { ", or use its own key if it does not take this command" };
    let message = format!("The scale did not {name}. {way_out}{or_unknown}.");
    Error::needs_attention(format!("{name}-refused"), message)
}

fn name(command: Command) -> &'static str {
    match command {
        Command::Weigh => "weigh",
        Command::Zero => "zero",
        Command::Tare => "tare",
    }
}

/// What a weight is in the contract's words.
fn reading(weight: &Weight, report: &Report, settings: Settings) -> Reading {
    Reading {
        value: weight.number.value(),
        unit: mass_unit(weight.unit.unwrap_or(settings.unit)),
        text: weight.number.text().to_owned(),
        stable: !report.in_motion,
        net: report.net,
    }
}

fn mass_unit(unit: Unit) -> MassUnit {
    match unit {
        Unit::Milligram => MassUnit::Mg,
        Unit::Gram => MassUnit::G,
        Unit::Kilogram => MassUnit::Kg,
        Unit::Tonne => MassUnit::T,
        Unit::Ounce => MassUnit::Oz,
        Unit::Pound => MassUnit::Lb,
        Unit::ShortTon => MassUnit::Ton,
        Unit::TroyOunce => MassUnit::Ozt,
        Unit::Carat => MassUnit::Ct,
        Unit::Grain => MassUnit::Gr,
        Unit::Pennyweight => MassUnit::Dwt,
    }
}

/// What the scale shows, for people: `1.250 kg`.
pub fn shown(report: &Report, settings: Settings) -> Option<String> {
    let weight = report.weight.as_ref()?;
    Some(format!("{} {}", weight.number, weight.unit.unwrap_or(settings.unit).symbol()))
}

fn in_motion(report: &Report, settings: Settings) -> Error {
    let last = match shown(report, settings) {
        Some(weight) => format!("it showed {weight} last"),
        None => "it tells no weight before".to_owned(),
    };
    Error::transient("in-motion", format!("The weight did not come to rest in time; {last}. Keep the scale still."))
}

fn troubled(trouble: Trouble, report: &Report, settings: Settings) -> Error {
    let weight = shown(report, settings).map(|weight| format!(" It shows {weight}.")).unwrap_or_default();
    Error::needs_attention(code(trouble), format!("{}{weight}", advice(trouble)))
}

/// The name of a trouble for programs.
fn code(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::OverCapacity => "overload",
        Trouble::UnderZero => "underload",
        Trouble::Zero => "zero-error",
        Trouble::Tare => "tare-refused",
    }
}

/// What is wrong, and what to do at the scale.
pub fn advice(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::OverCapacity => "Too much lies on the scale. Take some of it off.",
        Trouble::UnderZero => "The scale shows less than zero. Put its platter back on, or zero it while it is empty.",
        Trouble::Zero => "The scale did not find its zero. Take everything off it, and switch it off and on.",
        Trouble::Tare => "The scale could not tare.",
    }
}

fn other_unit(unit: &str) -> Error {
    let message =
        format!("The scale shows a unit that is not known here: '{}'. Set it to another one.", unit.escape_default());
    Error::permanent("unknown-unit", message)
}

/// The error for what tells nothing about the scale itself.
pub fn no_report(heard: &Heard) -> Error {
    let message = match heard {
        Heard::Silence => {
            let message = format!(
                "The scale is reached, and does not answer. See that it is switched on, and that {PROTOCOL} and the speed and \
                 parity of the line are as in its set-up."
            );
            return Error::transient("silent", message);
        }
        Heard::Answer(Answer::Garbled(bytes)) => format!("The scale said '{}'", bytes.escape_ascii()),
        Heard::Answer(Answer::NotKnown) => "The scale does not know the question".to_owned(),
        Heard::Answer(Answer::Damaged) => "The question reached the scale damaged".to_owned(),
        Heard::Answer(Answer::OtherUnit(unit)) => return other_unit(unit),
        Heard::Noise | Heard::Answer(Answer::Report(_)) => "What the scale said is no answer".to_owned(),
    };
    let what_to_do = format!("See that {PROTOCOL} and the speed and parity of the line are as in its set-up.");
    Error::transient("not-understood", format!("{message}. {what_to_do}"))
}

/// How a status text tells where the unit comes from, when the scale does not say it.
pub fn assumed_unit(report: &Report, settings: Settings) -> Option<String> {
    let weight = report.weight.as_ref()?;
    weight.unit.is_none().then(|| format!("{} (by the setting {UNIT})", settings.unit.symbol()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ostler_scale_protocols::{Answers, Protocol};
    use ostler_sdk::ErrorKind;

    const TOLEDO: Settings = Settings { protocol: Protocol::Toledo8217, unit: Unit::Pound };
    const SMA: Settings = Settings { protocol: Protocol::Sma, unit: Unit::Pound };

    fn hear(settings: Settings, bytes: &[u8]) -> Heard {
        let mut answers = Answers::new(settings.protocol);
        answers.push(bytes);
        answers.next().map_or(Heard::Noise, Heard::Answer)
    }

    fn taken(settings: Settings, bytes: &[u8], stable: bool) -> Reading {
        match weigh(&hear(settings, bytes), stable, settings) {
            Verdict::Take(reading) => reading,
            other => panic!("{other:?}"),
        }
    }

    /// Whether another question is worth it, and the error.
    fn refused(settings: Settings, heard: &Heard, stable: bool) -> (bool, Error) {
        match weigh(heard, stable, settings) {
            Verdict::AskAgain(error) => (true, error),
            Verdict::Fail(error) => (false, error),
            Verdict::Take(reading) => panic!("{reading:?}"),
        }
    }

    #[test]
    fn the_unit_is_the_scales_own_or_else_the_settings() {
        let toledo = taken(TOLEDO, b"\x0201.250N\r", true);
        assert_eq!((toledo.value, toledo.unit, toledo.text.as_str()), (1.25, MassUnit::Lb, "1.250"));
        assert!(toledo.stable && toledo.net);
        assert_eq!(taken(SMA, b"\n 1G       1.250kg_\r", true).unit, MassUnit::Kg);
    }

    #[test]
    fn a_weight_in_motion_will_do_only_where_none_that_is_stable_is_asked_for() {
        let moving = b"\n 1GM      7.650kg_\r";
        assert!(!taken(SMA, moving, false).stable);
        let (again, error) = refused(SMA, &hear(SMA, moving), true);
        assert_eq!((again, error.kind, error.code.as_str()), (true, ErrorKind::Transient, "in-motion"));
        assert!(error.message.contains("7.650 kg"), "{error}");
    }

    #[test]
    fn a_scale_that_tells_no_weight_in_motion_is_asked_again_in_both_cases() {
        for stable in [false, true] {
            let (again, error) = refused(TOLEDO, &hear(TOLEDO, b"\x02?A\r"), stable);
            assert_eq!((again, error.code.as_str()), (true, "in-motion"));
        }
    }

    #[test]
    fn troubles_want_somebody_and_are_waited_out_only_in_motion() {
        for (bytes, again, code) in [
            (&b"\x02?B\r"[..], false, "overload"),
            (b"\x02?C\r", true, "overload"),
            (b"\x02?D\r", false, "underload"),
            (b"\x02?H\r", false, "zero-error"),
        ] {
            let (asked, error) = refused(TOLEDO, &hear(TOLEDO, bytes), false);
            assert_eq!((asked, error.kind, error.code.as_str()), (again, ErrorKind::NeedsAttention, code));
        }
        let (_, error) = refused(SMA, &hear(SMA, b"\nO1G      15.100kg_\r"), false);
        assert!(error.message.contains("15.100 kg"), "{error}");
    }

    #[test]
    fn silence_noise_and_another_protocol_are_told_apart() {
        for (heard, code, words) in [
            (Heard::Silence, "silent", "switched on"),
            (Heard::Noise, "not-understood", "PROTOCOL"),
            (hear(TOLEDO, b"\x02abc\r"), "not-understood", "'abc'"),
            (hear(TOLEDO, b"\x02?@\r"), "no-weight", "shows"),
        ] {
            let (again, error) = refused(TOLEDO, &heard, true);
            assert!(again && error.kind == ErrorKind::Transient && error.code == code, "{error:?}");
            assert!(error.message.contains(words), "{error}");
        }
        let (again, error) = refused(SMA, &hear(SMA, b"\n 1G       1.000pcs\r"), true);
        assert_eq!((again, error.code.as_str()), (false, "unknown-unit"));
    }

    #[test]
    fn an_order_is_refused_in_motion_and_by_a_scale_that_does_not_know_it() {
        let refused = |heard: &Heard, command| refusal(heard, command).map(|error| (error.kind, error.code));
        assert_eq!(
            refused(&hear(SMA, b"\n?\r"), Command::Tare),
            Some((ErrorKind::Unsupported, "unsupported".to_owned()))
        );
        assert_eq!(
            refused(&hear(TOLEDO, b"\x02?A\r"), Command::Zero),
            Some((ErrorKind::Transient, "in-motion".to_owned()))
        );
        assert_eq!(refused(&hear(TOLEDO, b"\x02?P\r"), Command::Zero), None);
        assert!(refusal(&Heard::Silence, Command::Tare).unwrap().message.contains("enabled"));
    }

    #[test]
    fn zero_is_shown_gross_after_a_zero_and_either_way_after_a_tare() {
        for (bytes, zero, tare) in
            [(&b"\x0200.000\r"[..], true, true), (b"\x0200.000N\r", false, true), (b"\x0200.005\r", false, false)]
        {
            let heard = hear(TOLEDO, bytes);
            assert_eq!((shows_zero(&heard, Command::Zero), shows_zero(&heard, Command::Tare)), (zero, tare));
        }
    }

    #[test]
    fn an_order_without_effect_says_what_to_do() {
        let shown = hear(TOLEDO, b"\x0201.250\r");
        let error = without_effect(&hear(TOLEDO, b"\x02?@\r"), &shown, Command::Zero);
        assert_eq!((error.kind, error.code.as_str()), (ErrorKind::NeedsAttention, "zero-refused"));
        assert!(error.message.contains("own key"), "{error}");
        let refused = hear(SMA, b"\nE1G  ----------kg_\r");
        let error = without_effect(&refused, &hear(SMA, b"\n 1G       1.000kg_\r"), Command::Zero);
        assert!(!error.message.contains("own key"), "{error}");
    }
}
