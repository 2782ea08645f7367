//! What can go wrong with the printer, at any moment, and how each fault shows.
//!
//! Faults of the *device* stop printing if `~HQES` counts them as errors: formats that arrive meanwhile wait in the buffer and
//! print once the last such fault is cleared, the label in flight too. Faults of the *transport* act on connections. Several
//! faults of different kinds may be set at a time.
//!
//! Bits are those of group 1 in the guide's tables *Error Flags* and *Warning Flags* (`~HQ`, `ES`); [`Fault::effect`] is
//! that table here. Errors that have no EPL2 code of their own are `^ee` 80, undefined. The guide gives those from 1000h on, and most warnings, to the kiosk printer KR403 alone.

use std::collections::BTreeMap;

use strum::{EnumDiscriminants, EnumIter, IntoEnumIterator as _};

/// What EPL2 calls an error that has no code of its own.
const EPL_UNDEFINED: u8 = 80;

/// A fault, with its parameters. [`FaultKind`] is the same without them: at most one fault of each kind is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumDiscriminants)]
#[strum_discriminants(name(FaultKind), derive(PartialOrd, Ord, EnumIter))]
#[strum_discriminants(doc = "A fault without its parameters.", allow(missing_docs))]
pub enum Fault {
    /// Out of labels. Error bit 1, `^ee` 07; no `~HS` reply.
    MediaOut,
    /// Out of ribbon. Error bit 2, `^ee` 07; no `~HS` reply.
    RibbonOut,
    /// The head is open. Error bit 4, `^ee` 11; no `~HS` reply.
    HeadOpen,
    /// The cutter is stuck. Error bit 8, `^ee` 81.
    CutterFault,
    /// The head is too hot. Error bit 10h, `^ee` 13; no `~HS` reply.
    HeadTooHot,
    /// The motor is too hot. Error bit 20h, `^ee` 14.
    MotorTooHot,
    /// The head test (`^JT`) found a burnt-out element. Error bit 40h.
    BadHeadElement,
    /// The head is not recognised. Error bit 80h.
    HeadDetection,
    /// The firmware's configuration is invalid. Error bit 100h.
    InvalidFirmware,
    /// The head's thermistor is open. Error bit 200h.
    ThermistorOpen,
    /// Labels are jammed. Error bit 1000h, `^ee` 84.
    PaperJam,
    /// The presenter does not run. Error bit 2000h.
    PresenterStopped,
    /// The media does not feed. Error bit 4000h, `^ee` 84.
    FeedError,
    /// Clearing the paper path failed. Error bit 8000h.
    PathNotCleared,
    /// Paused by its key, or by `~PP` (and released by `~PS`). Error bit 10000h, `^ee` 12; `~HS` pause flag.
    Paused,
    /// Retracting a label that nobody took timed out. Error bit 20000h.
    RetractTimedOut,
    /// Calibrating on black marks failed. Error bit 40000h, `^ee` 84.
    BlackMarkCalibration,
    /// No black mark was found. Error bit 80000h, `^ee` 84.
    BlackMarkNotFound,
    /// The rewinder is full. `~HQES` has no bit for it, but printing stops and `~HS` gets no reply (guide, `~HS`).
    RewinderFull,
    /// Wants `~JC`, and prints on; a calibration clears it. Warning bit 1.
    CalibrateMedia,
    /// The head wants cleaning; prints on. Warning bit 2.
    CleanHead,
    /// The head wants replacing; prints on. Warning bit 4.
    ReplaceHead,
    /// Labels will soon be out; prints on. Warning bit 8.
    MediaLow,
    /// Sensors of the paper path see something; prints on. Warning bits 10h to 800h.
    Sensors {
        /// Bit 0 is sensor 1, before the head; bit 7 is sensor 8, at the bin.
        mask: u8,
    },
    /// The head is too cold; prints on. Only `~HS` says so (guide, `~HS`, field k).
    HeadTooCold,
    /// The configuration in memory was lost; prints on. Only `~HS` says so (guide, `~HS`, field j).
    ConfigurationLost,
    /// Never answers a query, but reads and prints.
    Silent,
    /// Reads and forgets: never answers, never prints.
    Deaf,
    /// Reads no faster than this, on each connection.
    Slow {
        /// 0 counts as 1.
        bytes_per_second: u32,
    },
    /// Reads the first `byte` bytes of each connection and then no more, so that the sender's window fills. Connections
    /// beyond that point stop at once. Choose a small [`super::ZebraConfig::receive_window`] with it.
    StallAt {
        /// Counted from the start of each connection.
        byte: u64,
    },
    /// Reads the first `byte` bytes of each connection, acts on them, and closes. Connections beyond that point close at once.
    ///
    /// Without `reset` the kernel closes as for any program that calls `close()`: in order if everything was read,
    /// with a reset if not.
    CloseAt {
        /// Counted from the start of each connection; 0 closes it when it is accepted.
        byte: u64,
        /// Always closes with a reset (RST).
        reset: bool,
    },
    /// The port is closed: connecting is refused. Connections that are open stay, and the port stays reserved.
    Refuse,
    /// Connecting neither succeeds nor fails until this is cleared; clients of any number hang in `connect()`.
    /// Clients that connected earlier but are not accepted yet stay unread. When it is cleared, held clients get
    /// through at their kernel's next attempt, which on Linux comes within a second or a few.
    Barrier,
}

/// How a fault of the device shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Effect {
    /// Bits in the `ERRORS` line of a `~HQES` reply.
    pub error_bits: u32,
    /// Bits in the `WARNINGS` line.
    pub warning_bits: u32,
    /// Whether labels wait while it is set.
    pub stops_printing: bool,
    /// Whether `~HS` gets no reply while it is set.
    pub silences_host_status: bool,
    /// The flag of a `~HS` reply that it sets.
    pub flag: Option<HostStatusFlag>,
    /// What `^ee` answers (EPL guide, `US` and `^ee`); of consequence only if it stops printing.
    pub epl_code: u8,
}

/// The flags of a `~HS` reply that a fault can set, by the guide's letters (`~HS`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostStatusFlag {
    /// b.
    PaperOut,
    /// c.
    Pause,
    /// j.
    CorruptRam,
    /// k.
    TooCold,
    /// l.
    TooHot,
    /// o.
    HeadUp,
    /// p.
    RibbonOut,
}

impl Effect {
    const fn error(bits: u32) -> Self {
        Self {
            error_bits: bits,
            warning_bits: 0,
            stops_printing: true,
            silences_host_status: false,
            flag: None,
            epl_code: EPL_UNDEFINED,
        }
    }

    const fn warning(bits: u32) -> Self {
        Self { warning_bits: bits, stops_printing: false, ..Self::error(0) }
    }

    const fn unanswered(self) -> Self {
        Self { silences_host_status: true, ..self }
    }

    const fn epl(self, code: u8) -> Self {
        Self { epl_code: code, ..self }
    }

    const fn flagged(self, flag: HostStatusFlag) -> Self {
        Self { flag: Some(flag), ..self }
    }
}

impl FaultKind {
    /// Every kind.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::iter()
    }
}

impl Fault {
    /// How it shows: the one table of it.
    pub fn effect(self) -> Effect {
        use HostStatusFlag as Flag;
        match self {
            Self::MediaOut => Effect::error(0x1).unanswered().flagged(Flag::PaperOut).epl(7),
            Self::RibbonOut => Effect::error(0x2).unanswered().flagged(Flag::RibbonOut).epl(7),
            Self::HeadOpen => Effect::error(0x4).unanswered().flagged(Flag::HeadUp).epl(11),
            Self::CutterFault => Effect::error(0x8).epl(81),
            Self::HeadTooHot => Effect::error(0x10).unanswered().flagged(Flag::TooHot).epl(13),
            Self::MotorTooHot => Effect::error(0x20).epl(14),
            Self::BadHeadElement => Effect::error(0x40),
            Self::HeadDetection => Effect::error(0x80),
            Self::InvalidFirmware => Effect::error(0x100),
            Self::ThermistorOpen => Effect::error(0x200),
            Self::PaperJam => Effect::error(0x1000).epl(84),
            Self::PresenterStopped => Effect::error(0x2000),
            Self::FeedError => Effect::error(0x4000).epl(84),
            Self::PathNotCleared => Effect::error(0x8000),
            Self::Paused => Effect::error(0x1_0000).flagged(Flag::Pause).epl(12),
            Self::RetractTimedOut => Effect::error(0x2_0000),
            Self::BlackMarkCalibration => Effect::error(0x4_0000).epl(84),
            Self::BlackMarkNotFound => Effect::error(0x8_0000).epl(84),
            Self::RewinderFull => Effect::error(0).unanswered(),
            Self::CalibrateMedia => Effect::warning(0x1),
            Self::CleanHead => Effect::warning(0x2),
            Self::ReplaceHead => Effect::warning(0x4),
            Self::MediaLow => Effect::warning(0x8),
            Self::Sensors { mask } => Effect::warning(u32::from(mask) << 4),
            Self::HeadTooCold => Effect::default().flagged(Flag::TooCold),
            Self::ConfigurationLost => Effect::default().flagged(Flag::CorruptRam),
            Self::Silent
            | Self::Deaf
            | Self::Slow { .. }
            | Self::StallAt { .. }
            | Self::CloseAt { .. }
            | Self::Refuse
            | Self::Barrier => Effect::default(),
        }
    }
}

/// The faults that are set.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults(BTreeMap<FaultKind, Fault>);

impl Faults {
    pub(crate) fn set(&mut self, fault: Fault) {
        self.0.insert(fault.into(), fault);
    }

    pub(crate) fn extend(&mut self, faults: Vec<Fault>) {
        self.0.extend(faults.into_iter().map(|fault| (FaultKind::from(fault), fault)));
    }

    pub(crate) fn clear(&mut self, kind: FaultKind) {
        self.0.remove(&kind);
    }

    pub(crate) fn clear_all(&mut self) {
        self.0.clear();
    }

    pub(crate) fn has(&self, kind: FaultKind) -> bool {
        self.0.contains_key(&kind)
    }

    pub(crate) fn get(&self, kind: FaultKind) -> Option<Fault> {
        self.0.get(&kind).copied()
    }

    pub(crate) fn list(&self) -> Vec<Fault> {
        self.0.values().copied().collect()
    }

    pub(crate) fn effects(&self) -> impl Iterator<Item = Effect> {
        self.0.values().map(|fault| fault.effect())
    }

    pub(crate) fn stop_printing(&self) -> bool {
        self.effects().any(|effect| effect.stops_printing)
    }

    pub(crate) fn silence_host_status(&self) -> bool {
        self.effects().any(|effect| effect.silences_host_status)
    }

    pub(crate) fn flag(&self, flag: HostStatusFlag) -> bool {
        self.effects().any(|effect| effect.flag == Some(flag))
    }
}
