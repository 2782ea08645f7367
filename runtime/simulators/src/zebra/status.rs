//! What the printer answers to ZPL queries, byte for byte: `~HI`, `~HS`, `~HQES`, `~HQOD` and `^HH`.

use super::config::{HostStatusForm, HostStatusQuirk, ZebraConfig};
use super::fault::HostStatusFlag as Flag;
use super::odometer::{self, Trip};
use super::printer::Printer;
use super::replies::Replies;

const STX: char = '\x02';
const ETX: char = '\x03';

/// Answers a query if the printer is in a state, and of a kind, to do so.
pub(crate) fn query(printer: &mut Printer, name: &str, parameters: &[u8], replies: &mut Replies) {
    if !printer.config.answers.commands() {
        return;
    }
    let reply = match (name, parameters.to_ascii_uppercase().as_slice()) {
        ("~HI", _) => vec![identification(&printer.config)],
        ("~HS", _) => host(printer),
        ("^HH", _) => vec![configuration(printer)],
        (_, b"ES") => vec![extended(printer)],
        (_, b"OD") => vec![distance(printer)],
        _ => return printer.ignore(format!("{name}{}", String::from_utf8_lossy(parameters))),
    };
    if !printer.answers(!reply.is_empty()) {
        return;
    }
    for (at, piece) in reply.iter().enumerate() {
        if at > 0 {
            replies.cut();
        }
        replies.push(piece);
    }
    if name == "~HS" && printer.queue.formats() == 0 {
        printer.faults.extend(printer.moments.told());
    }
}

/// `~HI`: model, firmware, dots per millimetre, memory (guide, `~HI`).
fn identification(config: &ZebraConfig) -> String {
    let ZebraConfig { model, firmware, dots_per_mm, memory_kb, .. } = config;
    format!("{STX}{model},{firmware},{dots_per_mm},{memory_kb}KB{ETX}\r\n")
}

/// `~HS`: three strings (guide, `~HS`), in the pieces in which they are sent. None while the printer is in a state in which it
/// does not reply.
fn host(printer: &Printer) -> Vec<String> {
    let faults = printer.conditions();
    if faults.silence_host_status() && !printer.config.answers_host_status_when_stopped {
        return Vec::new();
    }
    let flag = |flag| u8::from(faults.flag(flag));
    let settings = &printer.settings;
    // 030: 9600 baud, 8 data bits, no parity; means nothing on a network, but is what such printers report.
    let first = format!(
        "030,{paper_out},{pause},{length:04},{formats:03},{full},0,{partial},000,{corrupt},{cold},{hot}",
        paper_out = flag(Flag::PaperOut),
        pause = flag(Flag::Pause),
        length = settings.label_length(),
        formats = printer.queue.formats_behind().min(999),
        full = u8::from(printer.is_buffer_full()),
        partial = u8::from(printer.partial_formats > 0),
        corrupt = flag(Flag::CorruptRam),
        cold = flag(Flag::TooCold),
        hot = flag(Flag::TooHot),
    );
    // m: bit 7 is continuous media, bit 0 thermal transfer.
    let transfer = u8::from(settings.is_thermal_transfer());
    let functions = u8::from(settings.tracking.is_continuous()) << 7 | transfer;
    let unused = match printer.config.host_status {
        HostStatusForm::ElevenFields => "0,",
        HostStatusForm::TenFields => "",
    };
    let second = format!(
        "{functions:03},{unused}{head_up},{ribbon_out},{transfer},{mode},4,{waiting},{left:08},1,{graphics:03}",
        head_up = flag(Flag::HeadUp),
        ribbon_out = flag(Flag::RibbonOut),
        mode = settings.print_mode as u8,
        waiting = u8::from(printer.label_to_take),
        left = printer.queue.left_in_batch(),
        graphics = printer.graphics.len().min(999),
    );
    // Password 1234 is the factory's; then: no static RAM.
    let strings = [first.as_str(), second.as_str(), "1234,0"];
    let ended = |string: &&str| format!("{STX}{string}{ETX}\r\n");
    match printer.config.host_status_quirk {
        HostStatusQuirk::None => vec![strings.iter().map(ended).collect()],
        HostStatusQuirk::Apart { .. } => strings.iter().map(ended).collect(),
        HostStatusQuirk::NoLineEnds => vec![strings.map(|string| format!("{STX}{string}{ETX}")).concat()],
        HostStatusQuirk::TwoStrings => vec![strings.iter().take(2).map(ended).collect()],
    }
}

/// `~HQES`: error and warning flags, each as group 2 and group 1 (guide, `~HQ`).
fn extended(printer: &Printer) -> String {
    let faults = printer.conditions();
    let errors = faults.effects().fold(0, |bits, effect| bits | effect.error_bits);
    let warnings = faults.effects().fold(0, |bits, effect| bits | effect.warning_bits);
    let line = |name: &str, bits: u32| {
        let set = u8::from(bits != 0);
        format!("   {name:<16}{set} 00000000 {bits:08X}\r\n")
    };
    let (errors, warnings) = (line("ERRORS:", errors), line("WARNINGS:", warnings));
    format!("{STX}\r\n\r\n  PRINTER STATUS\r\n{errors}{warnings}\r\n{ETX}\r\n")
}

/// `~HQOD`: how much media has passed, in inches (guide, `~HQ`, odometer).
fn distance(printer: &Printer) -> String {
    let (odometer, density) = (&printer.odometer, printer.config.dots_per_mm);
    let lines = [
        ("TOTAL NONRESETTABLE:", odometer.length),
        ("USER RESETTABLE CNTR1:", printer.trips.value(Trip::Length1, odometer)),
        ("USER RESETTABLE CNTR2:", printer.trips.value(Trip::Length2, odometer)),
    ];
    let lines = lines.map(|(name, dots)| format!("   {name:<30}{:>8} \"\r\n", odometer::inches(dots, density)));
    format!("{STX}\r\n\r\n  PRINT METERS\r\n{}\r\n{ETX}\r\n", lines.concat())
}

/// `^HH`: the configuration label as text, a value and its name a line (guide, `^HH`).
fn configuration(printer: &Printer) -> String {
    let (config, settings) = (&printer.config, &printer.settings);
    let mode: &str = settings.print_mode.into();
    let lines = [
        (config.model.clone(), ""),
        (config.serial.clone(), "SERIAL NUMBER"),
        (settings.first_recorded("~SD").unwrap_or("10").to_owned(), "DARKNESS"),
        (settings.first_recorded("^PR").unwrap_or("4").to_owned(), "PRINT SPEED"),
        (settings.top_shift.to_string(), "LABEL TOP"),
        (settings.left_shift.to_string(), "LEFT POSITION"),
        (mode.to_uppercase(), "PRINT MODE"),
        (settings.tracking.variable().to_uppercase(), "MEDIA TYPE"),
        (settings.width.to_string(), "PRINT WIDTH"),
        (settings.label_length().to_string(), "LABEL LENGTH"),
        (config.firmware.clone(), "FIRMWARE"),
        (format!("{}/MM", config.dots_per_mm), "RESOLUTION"),
        (printer.odometer.labels.to_string(), "NONRESET CNTR LABELS"),
    ];
    let lines = lines.map(|(value, name)| format!("  {value:<20}{name}\r\n"));
    format!("{STX}{}{ETX}\r\n", lines.concat())
}
