//! Set-Get-Do: `! U1 getvar "name"`, `! U1 setvar "name" "value"` and `! U1 do "name" "value"`, each on a line of its own.
//!
//! Names and values are in the guide under their own names (*SGD Command Reference*). A variable that can be set is set by the
//! command of which it is the other form, so that both have the same limits.

use super::config::Language;
use super::media::Tracking;
use super::odometer::{self, Trip};
use super::printer::Printer;
use super::replies::Replies;
use super::settings::PrintMode;

/// What `media.speed` and `print.tone` say until something sets them.
const SPEED: &str = "4";
const TONE: &str = "10";

/// Acts on a line if it is one of these, and answers a `getvar`.
pub(crate) fn line(printer: &mut Printer, text: &[u8], replies: &mut Replies) {
    let text = String::from_utf8_lossy(text);
    let Some((verb, rest)) = text.trim().strip_prefix("! U1").and_then(|rest| rest.trim().split_once(' ')) else {
        return;
    };
    if !printer.config.answers.variables() {
        return;
    }
    // `"name" "value"` in pieces between quotes: nothing, name, a space, value, nothing.
    let mut quoted = rest.trim().split('"').skip(1).step_by(2);
    let (Some(name), value) = (quoted.next(), quoted.next().unwrap_or_default()) else {
        return;
    };
    match verb {
        "getvar" => {
            let value = get(printer, name);
            if printer.answers(true) {
                replies.push(&format!("\"{}\"", value.as_deref().unwrap_or("?")));
            }
        }
        // A value that is not accepted is ignored (guide, SGD command overview).
        "setvar" => set(printer, name, value),
        "do" if name == "device.reset" => printer.reset(),
        _ => {}
    }
}

/// `~ROc`: resets one of the two resettable counters (guide, `~RO`).
pub(crate) fn reset_odometer(printer: &mut Printer, counter: &[u8]) {
    let trips = match counter.trim_ascii() {
        b"1" => [Trip::Length1, Trip::Labels1],
        b"2" => [Trip::Length2, Trip::Labels2],
        _ => return,
    };
    for trip in trips {
        printer.trips.set(trip, 0, &printer.odometer);
    }
}

fn get(printer: &Printer, name: &str) -> Option<String> {
    let (config, settings, odometer) = (&printer.config, &printer.settings, &printer.odometer);
    if let Ok(trip) = name.parse::<Trip>() {
        let value = printer.trips.value(trip, odometer);
        return Some(if trip.counts_labels() {
            value.to_string()
        } else {
            odometer::length(value, config.dots_per_mm)
        });
    }
    Some(match name {
        "appl.name" => config.firmware.clone(),
        "device.product_name" => config.model.clone(),
        "device.unique_id" => config.serial.clone(),
        "device.friendly_name" => printer.friendly_name.clone(),
        "device.languages" => match config.language {
            Language::Zpl => "zpl".into(),
            Language::Epl2 => "epl".into(),
        },
        "head.resolution.in_dpi" => dots_per_inch(config.dots_per_mm).to_string(),
        "media.type" => match settings.tracking {
            Tracking::Continuous | Tracking::VariableLength => "journal".into(),
            Tracking::Gap | Tracking::Mark => "label".into(),
        },
        "media.speed" => settings.first_recorded("^PR").unwrap_or(SPEED).to_owned(),
        "ezpl.media_type" => settings.tracking.variable().into(),
        "ezpl.print_mode" => <&str>::from(settings.print_mode).into(),
        "ezpl.print_width" => settings.width.to_string(),
        "print.tone" => settings.first_recorded("~SD").unwrap_or(TONE).to_owned(),
        "zpl.label_length" => settings.label_length().to_string(),
        "zpl.label_top" => settings.top_shift.to_string(),
        "odometer.total_label_count" => odometer.labels.to_string(),
        "odometer.total_print_length" => odometer::length(odometer.length, config.dots_per_mm),
        "odometer.media_marker_count" => odometer.markers.to_string(),
        _ => return None,
    })
}

fn set(printer: &mut Printer, name: &str, value: &str) {
    if let Ok(trip) = name.parse::<Trip>() {
        // Lengths can only be set to 0 (guide, odometer.headclean).
        let accepted = value.parse().ok().filter(|&value| value == 0 || trip.counts_labels());
        if let Some(value) = accepted {
            printer.trips.set(trip, value, &printer.odometer);
        }
        return;
    }
    let (command, parameters) = match name {
        "device.friendly_name" => {
            value.clone_into(&mut printer.friendly_name);
            return;
        }
        "ezpl.media_type" => match value {
            "continuous" => ("^MN", "N".to_owned()),
            "gap/notch" => ("^MN", "Y".to_owned()),
            "mark" => ("^MN", "M".to_owned()),
            _ => return,
        },
        "ezpl.print_mode" => match value.parse::<PrintMode>() {
            Ok(mode) => ("^MM", mode.letter().into()),
            Err(_) => return,
        },
        "ezpl.print_width" => ("^PW", value.to_owned()),
        "print.tone" => ("~SD", value.to_owned()),
        "media.speed" => ("^PR", value.to_owned()),
        "zpl.label_length" => ("^LL", value.to_owned()),
        "zpl.label_top" => ("^LT", value.to_owned()),
        _ => return,
    };
    let changed = printer.settings.apply(command, parameters.as_bytes()) == Some(true);
    if changed && command == "^MN" {
        printer.forget_misfeed();
    }
}

/// What a head's density is called in dots per inch.
pub(crate) fn dots_per_inch(dots_per_mm: u32) -> u32 {
    match dots_per_mm {
        6 => 152,
        8 => 203,
        12 => 300,
        24 => 600,
        other => other * 254 / 10,
    }
}
