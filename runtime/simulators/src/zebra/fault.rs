//! What can go wrong with the printer, at any moment, and how each fault shows.
//!
//! Faults of the *device* stop printing: formats that arrive meanwhile wait in the buffer and print once the last such
//! fault is cleared, the label in flight too. Faults of the *transport* act on connections. Several faults of different
//! kinds may be set at a time.

use std::collections::BTreeMap;

/// A fault, with its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Out of labels. No `~HS` reply; `~HQES` error bit 1.
    MediaOut,
    /// Out of ribbon. No `~HS` reply; `~HQES` error bit 2.
    RibbonOut,
    /// The head is open. No `~HS` reply; `~HQES` error bit 4.
    HeadOpen,
    /// The head is too hot. No `~HS` reply; `~HQES` error bit 10h.
    HeadTooHot,
    /// Labels are jammed. `~HS` replies as usual; `~HQES` error bit 1000h.
    PaperJam,
    /// Paused by its key, or by `~PP` (and released by `~PS`). `~HS` pause flag; `~HQES` error bit 10000h.
    Paused,
    /// Labels will soon be out; prints on. `~HQES` warning bit 8.
    MediaLow,
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

/// A fault without its parameters: at most one fault of each kind is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum FaultKind {
    MediaOut,
    RibbonOut,
    HeadOpen,
    HeadTooHot,
    PaperJam,
    Paused,
    MediaLow,
    Silent,
    Deaf,
    Slow,
    StallAt,
    CloseAt,
    Refuse,
    Barrier,
}

impl From<Fault> for FaultKind {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::MediaOut => Self::MediaOut,
            Fault::RibbonOut => Self::RibbonOut,
            Fault::HeadOpen => Self::HeadOpen,
            Fault::HeadTooHot => Self::HeadTooHot,
            Fault::PaperJam => Self::PaperJam,
            Fault::Paused => Self::Paused,
            Fault::MediaLow => Self::MediaLow,
            Fault::Silent => Self::Silent,
            Fault::Deaf => Self::Deaf,
            Fault::Slow { .. } => Self::Slow,
            Fault::StallAt { .. } => Self::StallAt,
            Fault::CloseAt { .. } => Self::CloseAt,
            Fault::Refuse => Self::Refuse,
            Fault::Barrier => Self::Barrier,
        }
    }
}

impl FaultKind {
    /// The bit of group 1 in the `ERRORS` line of a `~HQES` reply (guide, `~HQ`, error flags), or 0.
    pub fn error_bit(self) -> u32 {
        match self {
            Self::MediaOut => 0x1,
            Self::RibbonOut => 0x2,
            Self::HeadOpen => 0x4,
            Self::HeadTooHot => 0x10,
            Self::PaperJam => 0x1000,
            Self::Paused => 0x1_0000,
            _ => 0,
        }
    }

    /// The bit of group 1 in the `WARNINGS` line of a `~HQES` reply (guide, `~HQ`, warning flags), or 0.
    pub fn warning_bit(self) -> u32 {
        if self == Self::MediaLow { 0x8 } else { 0 }
    }

    /// Whether labels wait while it is set: so for every error that `~HQES` reports.
    pub fn stops_printing(self) -> bool {
        self.error_bit() != 0
    }

    /// Whether `~HS` gets no reply while it is set (guide, `~HS`).
    pub fn silences_host_status(self) -> bool {
        matches!(self, Self::MediaOut | Self::RibbonOut | Self::HeadOpen | Self::HeadTooHot)
    }
}

/// The faults that are set.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults(BTreeMap<FaultKind, Fault>);

impl Faults {
    pub(crate) fn set(&mut self, fault: Fault) {
        self.0.insert(fault.into(), fault);
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

    pub(crate) fn kinds(&self) -> impl Iterator<Item = FaultKind> {
        self.0.keys().copied()
    }

    pub(crate) fn list(&self) -> Vec<Fault> {
        self.0.values().copied().collect()
    }

    pub(crate) fn stop_printing(&self) -> bool {
        self.kinds().any(FaultKind::stops_printing)
    }

    pub(crate) fn silence_host_status(&self) -> bool {
        self.kinds().any(FaultKind::silences_host_status)
    }
}
