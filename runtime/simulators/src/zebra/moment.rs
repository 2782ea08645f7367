//! Moments in what the printer reads and answers, at which a fault comes by itself: nobody outside could be quick enough to
//! set it between two bytes.
//!
//! While a fault waits for its moment, connections hand over what they read byte by byte, and what lies behind the moment is
//! not read yet when the fault takes effect. So the same bytes meet the same fault each time, however they arrive.

use super::fault::{Fault, FaultKind};

/// When a fault comes ([`super::ZebraPrinter::set_fault_at`]). Formats are counted from 1, from the setting on, over all connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// So many bytes of a format have been read, counted from its `^XA`. Shorter formats never get there.
    Within {
        /// Which format.
        format: u64,
        /// At least 3, which is the whole of `^XA`.
        byte: usize,
    },
    /// A format's last byte has been read, and nothing of it is printed yet.
    Read {
        /// Which format.
        format: u64,
    },
    /// The printer has answered `~HS` for the first time since a format and all before it came out, so the sender knows.
    Told {
        /// Which format.
        format: u64,
    },
}

/// The faults that wait for their moments, and what they are counted by.
#[derive(Debug, Clone, Default)]
pub(crate) struct Moments {
    waiting: Vec<Armed>,
    /// Formats that have begun.
    begun: u64,
    /// Formats that have been read to their end.
    read: u64,
    /// A fault's moment has come since this was asked.
    has_come: bool,
}

#[derive(Debug, Clone, Copy)]
struct Armed {
    moment: Moment,
    fault: Fault,
    /// What the counters were when it was set.
    begun: u64,
    read: u64,
}

impl Moments {
    pub(crate) fn set(&mut self, moment: Moment, fault: Fault) {
        self.waiting.push(Armed { moment, fault, begun: self.begun, read: self.read });
    }

    pub(crate) fn forget(&mut self, kind: FaultKind) {
        self.waiting.retain(|armed| FaultKind::from(armed.fault) != kind);
    }

    pub(crate) fn forget_all(&mut self) {
        self.waiting.clear();
    }

    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub(crate) fn count(&self) -> usize {
        self.waiting.len()
    }

    /// Whether a fault's moment has come since the last time.
    pub(crate) fn take_come(&mut self) -> bool {
        std::mem::take(&mut self.has_come)
    }

    /// A format has begun; its number is what [`Self::within`] wants.
    pub(crate) fn begin(&mut self) -> u64 {
        self.begun += 1;
        self.begun
    }

    /// So many bytes of a format have been read: the faults that come now.
    pub(crate) fn within(&mut self, number: u64, bytes: usize) -> Vec<Fault> {
        self.take(|armed| match armed.moment {
            Moment::Within { format, byte } => number == armed.begun + format && bytes >= byte,
            Moment::Read { .. } | Moment::Told { .. } => false,
        })
    }

    /// A format has been read to its end: the faults that come now.
    pub(crate) fn end(&mut self) -> Vec<Fault> {
        self.read += 1;
        let read = self.read;
        self.take(|armed| matches!(armed.moment, Moment::Read { format } if read == armed.read + format))
    }

    /// `~HS` has been answered while nothing waits to be printed: the faults that come now.
    pub(crate) fn told(&mut self) -> Vec<Fault> {
        let read = self.read;
        self.take(|armed| matches!(armed.moment, Moment::Told { format } if read >= armed.read + format))
    }

    fn take(&mut self, mut comes: impl FnMut(&Armed) -> bool) -> Vec<Fault> {
        let come: Vec<_> = self.waiting.extract_if(.., |armed| comes(armed)).map(|armed| armed.fault).collect();
        self.has_come |= !come.is_empty();
        come
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn formats_are_counted_from_the_setting_on_and_each_fault_comes_once() {
        let mut moments = Moments::default();
        moments.begin();
        assert!(moments.end().is_empty());
        moments.set(Moment::Read { format: 2 }, Fault::HeadOpen);
        moments.set(Moment::Within { format: 1, byte: 10 }, Fault::Silent);
        let number = moments.begin();
        assert!(moments.within(number, 9).is_empty() && !moments.take_come());
        assert_eq!(moments.within(number, 10), [Fault::Silent]);
        assert!(moments.take_come() && !moments.take_come());
        assert!(moments.within(number, 11).is_empty());
        assert!(moments.end().is_empty());
        assert_eq!(moments.end(), [Fault::HeadOpen]);
        assert!(!moments.is_waiting());
    }

    #[test]
    fn a_fault_that_is_told_of_waits_for_its_format() {
        let mut moments = Moments::default();
        moments.set(Moment::Told { format: 1 }, Fault::HeadOpen);
        assert!(moments.told().is_empty());
        assert!(moments.end().is_empty());
        assert_eq!(moments.told(), [Fault::HeadOpen]);
        assert!(moments.told().is_empty());
    }

    #[test]
    fn a_fault_that_waits_can_be_forgotten() {
        let mut moments = Moments::default();
        moments.set(Moment::Read { format: 1 }, Fault::HeadOpen);
        moments.set(Moment::Read { format: 1 }, Fault::Silent);
        moments.forget(FaultKind::Silent);
        assert_eq!(moments.end(), [Fault::HeadOpen]);
        moments.set(Moment::Read { format: 1 }, Fault::HeadOpen);
        moments.forget_all();
        assert!(moments.end().is_empty());
    }
}
