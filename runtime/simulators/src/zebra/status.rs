//! What the printer answers: `~HI`, `~HS`, `~HQES` and `getvar`, byte for byte.

use super::config::{HostStatusForm, ZebraConfig};
use super::fault::FaultKind;
use super::printer::Printer;

const STX: char = '\x02';
const ETX: char = '\x03';

/// `~HI`: model, firmware, dots per millimetre, memory (guide, `~HI`).
pub(crate) fn identification(config: &ZebraConfig) -> String {
    let ZebraConfig { model, firmware, dots_per_mm, memory_kb, .. } = config;
    format!("{STX}{model},{firmware},{dots_per_mm},{memory_kb}KB{ETX}\r\n")
}

/// `~HS`: three strings (guide, `~HS`). `None` while the printer is in a state in which it does not reply.
pub(crate) fn host(printer: &Printer) -> Option<String> {
    let faults = &printer.faults;
    if faults.silence_host_status() && !printer.config.answers_host_status_when_stopped {
        return None;
    }
    let flag = |kind| u8::from(faults.has(kind));
    let settings = &printer.settings;
    // 030: 9600 baud, 8 data bits, no parity; means nothing on a network, but is what such printers report.
    let first = format!(
        "030,{paper_out},{pause},{length:04},{formats:03},{full},0,{partial},000,0,0,{hot}",
        paper_out = flag(FaultKind::MediaOut),
        pause = flag(FaultKind::Paused),
        length = settings.length,
        formats = printer.formats_waiting().min(999),
        full = u8::from(printer.is_buffer_full()),
        partial = u8::from(printer.partial_formats > 0),
        hot = flag(FaultKind::HeadTooHot),
    );
    // m: bit 7 is continuous media, bit 0 thermal transfer.
    let transfer = u8::from(settings.is_thermal_transfer());
    let functions = u8::from(settings.is_continuous()) << 7 | transfer;
    let unused = match printer.config.host_status {
        HostStatusForm::ElevenFields => "0,",
        HostStatusForm::TenFields => "",
    };
    let second = format!(
        "{functions:03},{unused}{head_up},{ribbon_out},{transfer},{mode},4,0,{left:08},1,{graphics:03}",
        head_up = flag(FaultKind::HeadOpen),
        ribbon_out = flag(FaultKind::RibbonOut),
        mode = settings.print_mode(),
        left = printer.labels_left_in_batch(),
        graphics = printer.graphics.len().min(999),
    );
    // Password 1234 is the factory's; then: no static RAM.
    let strings = [first.as_str(), second.as_str(), "1234,0"];
    Some(strings.map(|string| format!("{STX}{string}{ETX}\r\n")).concat())
}

/// `~HQES`: error and warning flags, each as group 2 and group 1 (guide, `~HQ`).
pub(crate) fn extended(printer: &Printer) -> String {
    let errors: u32 = printer.faults.kinds().map(FaultKind::error_bit).sum();
    let warnings: u32 = printer.faults.kinds().map(FaultKind::warning_bit).sum();
    let line = |name: &str, bits: u32| {
        let set = u8::from(bits != 0);
        format!("   {name:<16}{set} 00000000 {bits:08X}\r\n")
    };
    let (errors, warnings) = (line("ERRORS:", errors), line("WARNINGS:", warnings));
    format!("{STX}\r\n\r\n  PRINTER STATUS\r\n{errors}{warnings}\r\n{ETX}\r\n")
}

/// The value of a Set-Get-Do variable in quotes; `"?"` if there is none (guide, SGD command overview).
pub(crate) fn variable(printer: &Printer, name: &str) -> String {
    let value = match name {
        "appl.name" => printer.config.firmware.clone(),
        "device.product_name" => printer.config.model.clone(),
        "odometer.total_label_count" => printer.labels_printed.to_string(),
        _ => "?".to_owned(),
    };
    format!("\"{value}\"")
}
