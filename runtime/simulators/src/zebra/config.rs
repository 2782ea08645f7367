//! Which printer is simulated: identity, head, media, buffer, and the habits in which printers differ.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::media::Media;
use super::odometer::Odometer;

/// A printer's fixed properties. The default is a 4 inch printer of 8 dots/mm with 4 x 6 inch labels.
#[derive(Debug, Clone)]
pub struct ZebraConfig {
    /// Where it listens; loopback unless it says otherwise.
    pub address: Ipv4Addr,
    /// Its port; 0 takes a free one.
    pub port: u16,
    /// What it understands on that port.
    pub language: Language,
    /// First field of the `~HI` reply.
    pub model: String,
    /// Second field of the `~HI` reply.
    pub firmware: String,
    /// The serial number, which is also its name until somebody gives it another (variables `device.unique_id` and
    /// `device.friendly_name`).
    pub serial: String,
    /// 6, 8, 12 or 24 dots per millimetre; third field of the `~HI` reply.
    pub dots_per_mm: u32,
    /// Memory in KB; fourth field of the `~HI` reply.
    pub memory_kb: u32,
    /// Width of the print head in dots; the label's width until `^PW` makes it narrower.
    pub head_width: u32,
    /// Length of the loaded labels in dots, and the value of `^LL` until a format sets another.
    pub label_length: u32,
    /// What is loaded when the printer is switched on; it is then calibrated to that. `None`: endless labels with gaps, as
    /// wide as the head and `label_length` long.
    pub media: Option<Media>,
    /// What it has printed before it was switched on.
    pub odometer: Odometer,
    /// How many fields the second `~HS` string has.
    pub host_status: HostStatusForm,
    /// What else is odd about `~HS` replies.
    pub host_status_quirk: HostStatusQuirk,
    /// Whether `~HS` is answered, with its flags set, while media or ribbon is out, the head is open or too hot. The
    /// guide says that there is no reply then (`~HS`), which is the default; some newer firmware does reply.
    pub answers_host_status_when_stopped: bool,
    /// Which kinds of queries are answered.
    pub answers: Answers,
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
            address: Ipv4Addr::LOCALHOST,
            port: 0,
            language: Language::Zpl,
            model: "ZD421-203dpi ZPL".into(),
            firmware: "V93.21.26Z".into(),
            serial: "D4J000000001".into(),
            dots_per_mm: 8,
            memory_kb: 8192,
            head_width: 832,
            label_length: 1218,
            media: None,
            odometer: Odometer::default(),
            host_status: HostStatusForm::ElevenFields,
            host_status_quirk: HostStatusQuirk::None,
            answers_host_status_when_stopped: false,
            answers: Answers::Both,
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

impl ZebraConfig {
    /// What is loaded when it is switched on.
    pub fn loaded(&self) -> Media {
        self.media.unwrap_or_else(|| Media::gap(self.head_width, self.label_length))
    }
}

/// The language of a printer's port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// ZPL II.
    #[default]
    Zpl,
    /// EPL2 page mode, which older desktop models speak.
    Epl2,
}

impl Language {
    /// The language that a label is written in, by what every label of it has: `^XA` in ZPL II, in EPL2 a line `N` and a line that
    /// begins with `P` and a number.
    pub fn of(label: &[u8]) -> Option<Self> {
        if label.windows(3).any(|bytes| bytes.eq_ignore_ascii_case(b"^XA")) {
            return Some(Self::Zpl);
        }
        let mut lines = label.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
        let clears = lines.any(|line| line == b"N");
        let prints = lines.any(|line| matches!(line, [b'P', digit, ..] if digit.is_ascii_digit()));
        (clears && prints).then_some(Self::Epl2)
    }
}

/// Which queries a printer answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Answers {
    /// Commands of its language (`~HS`, `^ee` ...) and Set-Get-Do variables.
    #[default]
    Both,
    /// Commands only: printers older than Set-Get-Do ignore it.
    Commands,
    /// Variables only.
    Variables,
}

impl Answers {
    pub(crate) fn commands(self) -> bool {
        self != Self::Variables
    }

    pub(crate) fn variables(self) -> bool {
        self != Self::Commands
    }
}

/// How `~HS` replies of printers in the field differ from the guide, besides [`HostStatusForm`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HostStatusQuirk {
    /// Not at all.
    #[default]
    None,
    /// Each string is a TCP segment of its own, sent so long after the one before.
    Apart {
        /// Zero: at once, which a reader may see as one read or as several.
        pause: Duration,
    },
    /// No line ends between the strings, nor after the last.
    NoLineEnds,
    /// The third string is missing.
    TwoStrings,
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
