//! Which printer is simulated: identity, head, media, buffer, and the habits in which printers differ.

use std::time::Duration;

/// A printer's fixed properties. The default is a 4 inch printer of 8 dots/mm with 4 x 6 inch labels.
#[derive(Debug, Clone)]
pub struct ZebraConfig {
    /// Loopback port; 0 takes a free one.
    pub port: u16,
    /// First field of the `~HI` reply.
    pub model: String,
    /// Second field of the `~HI` reply.
    pub firmware: String,
    /// 6, 8, 12 or 24 dots per millimetre; third field of the `~HI` reply.
    pub dots_per_mm: u32,
    /// Memory in KB; fourth field of the `~HI` reply.
    pub memory_kb: u32,
    /// Width of the print head in dots; the label's width until `^PW` makes it narrower.
    pub head_width: u32,
    /// Length of the loaded labels in dots; the label's length until `^LL` sets another.
    pub label_length: u32,
    /// How many fields the second `~HS` string has.
    pub host_status: HostStatusForm,
    /// Whether `~HS` is answered, with its flags set, while media or ribbon is out, the head is open or too hot. The
    /// guide says that there is no reply then (`~HS`), which is the default; some newer firmware does reply.
    pub answers_host_status_when_stopped: bool,
    /// Whether `! U1 getvar "..."` is answered; printers older than Set-Get-Do ignore it.
    pub answers_getvar: bool,
    /// Whether a `^GF` whose byte counts exceed 99999 is refused, the range in the guide (`^GF`).
    pub old_firmware: bool,
    /// Connections at a time.
    pub serving: Serving,
    /// How long one label takes to print. Zero prints within the call that received `^XZ`, and uses no timer.
    pub print_time: Duration,
    /// How many bytes of finished formats a connection may have waiting before the printer stops reading from it.
    pub buffer_bytes: usize,
    /// The receive window of the socket in bytes (`SO_RCVBUF`; the kernel doubles it); `None` leaves it to the kernel,
    /// which takes megabytes on loopback before a sender feels that nobody reads.
    pub receive_window: Option<usize>,
    /// How many printed labels to keep; older ones are forgotten, but stay counted.
    pub keep_labels: usize,
    /// How many received bytes to keep for [`super::ZebraPrinter::received`]; later ones are only counted.
    pub keep_received: usize,
}

impl Default for ZebraConfig {
    fn default() -> Self {
        Self {
            port: 0,
            model: "ZD421-203dpi ZPL".into(),
            firmware: "V93.21.26Z".into(),
            dots_per_mm: 8,
            memory_kb: 8192,
            head_width: 832,
            label_length: 1218,
            host_status: HostStatusForm::ElevenFields,
            answers_host_status_when_stopped: false,
            answers_getvar: true,
            old_firmware: false,
            serving: Serving::SideBySide,
            print_time: Duration::ZERO,
            buffer_bytes: 1024 * 1024,
            receive_window: None,
            keep_labels: 1000,
            keep_received: 64 * 1024 * 1024,
        }
    }
}

/// The number of fields in the second string of a `~HS` reply.
///
/// The guide letters the fields m to w and calls n unused (`~HS`); printers differ in whether they send it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HostStatusForm {
    /// With the unused field n as 0: head-up is the third.
    #[default]
    ElevenFields,
    /// Without it: head-up is the second.
    TenFields,
}

/// How many connections are served at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Serving {
    /// All, each read independently; their formats queue in the order in which they were completed.
    #[default]
    SideBySide,
    /// One; further clients connect, and wait unread until it has closed.
    OneAtATime,
}
