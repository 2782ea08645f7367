//! What becomes of a job of three labels for each fault of its printer, at each phase of the job.

use super::Phase;
use ostler_simulators::Fault;

/// What becomes of the job while the fault lasts, and afterwards. All labels are printed once in the end, unless it says
/// otherwise here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is done with this proof, while the fault lasts.
    Done(&'static str),
    /// It is done with the proof `sent`, which claims no more than that: nothing comes out.
    Forgotten,
    /// It waits for another attempt with an error of this kind, and is done by itself when the fault is over.
    Waits(&'static str),
    /// It waits within its call, its label being started, and is done by itself when the fault is over.
    Held,
    /// It is printing and nothing else is known. It is done with this proof when the fault is over.
    Prints(&'static str),
    /// It is printing, label by label, and is done with the best proof.
    Crawls,
    /// It is printing and nothing else is known. When the fault is over, the printer shows that this label got lost on the way,
    /// which is in doubt for who cannot look.
    PrintsThenDoubt(u64),
    /// It is printing and nothing else is known. When the fault is over, the printer's counter proves that this label was not
    /// printed: the job fails there, and goes on when a person says so.
    PrintsThenFails(u64),
    /// It is unknown with this label in doubt, and stays so until a person says where to go on.
    Doubt {
        /// Counted from 1.
        label: u64,
        /// Whether it came out.
        came_out: bool,
    },
}

/// Faults that have the same fates.
pub struct Row {
    /// Each is a cell of its own at each phase.
    pub faults: &'static [Fault],
    /// By phase, in the order of [`Phase::ALL`].
    pub fates: [Fate; Phase::ALL.len()],
}

impl Row {
    /// The fate at a phase.
    pub fn at(&self, phase: Phase) -> Fate {
        self.fates[phase as usize]
    }
}

/// As if nothing was wrong.
const FINE: Fate = Fate::Done("counted");
/// Handed over to a printer that says nothing.
const SENT: Fate = Fate::Done("sent");
/// Somebody has to do something at the printer.
const ATTENTION: Fate = Fate::Waits("needs-attention");
/// It is tried again.
const AGAIN: Fate = Fate::Waits("transient");
const HELD: Fate = Fate::Held;
/// Not heard of, until the printer says everything.
const MUTE: Fate = Fate::Prints("counted");
/// The connection broke inside a label, or behind one that came out.
const BROKEN_1: Fate = Fate::Doubt { label: 1, came_out: false };
const BROKEN_2: Fate = Fate::Doubt { label: 2, came_out: false };
const UNHEARD_1: Fate = Fate::Doubt { label: 1, came_out: true };
const CRAWLS: Fate = Fate::Crawls;
const FORGOTTEN: Fate = Fate::Forgotten;
const LOST_1: Fate = Fate::PrintsThenDoubt(1);
const LOST_2: Fate = Fate::PrintsThenDoubt(2);
const MISSED_2: Fate = Fate::PrintsThenFails(2);

/// The job's first bytes take about ten seconds at this pace, and a question is still answered in time.
const SLOW: Fault = Fault::Slow { bytes_per_second: 60 };

/// The table.
#[rustfmt::skip]
pub const TABLE: [Row; 10] = [
    //            before     queued     in label 1  in label 2  last byte  between labels
    Row { fates: [ATTENTION, ATTENTION, HELD,       HELD,       HELD,      ATTENTION], faults: &[
        Fault::MediaOut, Fault::RibbonOut, Fault::HeadOpen, Fault::CutterFault, Fault::HeadTooHot, Fault::MotorTooHot,
        Fault::BadHeadElement, Fault::HeadDetection, Fault::InvalidFirmware, Fault::ThermistorOpen, Fault::PaperJam,
        Fault::PresenterStopped, Fault::FeedError, Fault::PathNotCleared, Fault::Paused, Fault::RetractTimedOut,
        Fault::BlackMarkCalibration, Fault::BlackMarkNotFound, Fault::HeadTooCold, Fault::ConfigurationLost,
    ]},
    // It stops, and says neither that nor why.
    Row { fates: [MUTE,      MUTE,      MUTE,       MUTE,       MUTE,      MUTE],      faults: &[Fault::RewinderFull] },
    Row { fates: [FINE,      FINE,      FINE,       FINE,       FINE,      FINE],      faults: &[
        Fault::CalibrateMedia, Fault::CleanHead, Fault::ReplaceHead, Fault::MediaLow, Fault::Sensors { mask: 0xff },
    ]},
    Row { fates: [AGAIN,     AGAIN,     FINE,       FINE,       FINE,      FINE],      faults: &[Fault::Refuse, Fault::Barrier] },
    Row { fates: [AGAIN,     AGAIN,     BROKEN_1,   BROKEN_2,   UNHEARD_1, AGAIN],     faults: &[
        Fault::CloseAt { byte: 0, reset: false }, Fault::CloseAt { byte: 0, reset: true },
    ]},
    // It closes while the first question, or the label behind it, arrives.
    Row { fates: [AGAIN,     AGAIN,     BROKEN_1,   BROKEN_2,   UNHEARD_1, AGAIN],     faults: &[Fault::CloseAt { byte: 5, reset: true }] },
    Row { fates: [SENT,      SENT,      MUTE,       MUTE,       MUTE,      MUTE],      faults: &[Fault::Silent, Fault::StallAt { byte: 0 }] },
    // The first question is answered, and the label is not read to its end.
    Row { fates: [MUTE,      MUTE,      MUTE,       MUTE,       MUTE,      MUTE],      faults: &[Fault::StallAt { byte: 300 }] },
    Row { fates: [CRAWLS,    CRAWLS,    CRAWLS,     CRAWLS,     CRAWLS,    CRAWLS],    faults: &[SLOW] },
    Row { fates: [FORGOTTEN, FORGOTTEN, LOST_1,     LOST_2,     MUTE,      MISSED_2],  faults: &[Fault::Deaf] },
];
