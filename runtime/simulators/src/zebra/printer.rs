//! The device behind all connections: what it remembers, what waits, what it has printed.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::config::ZebraConfig;
use super::error::{RecordedError, ZplError};
use super::fault::{Fault, FaultKind, Faults};
use super::settings::Settings;
use crate::bitmap::Bitmap;

/// Errors after this many are only counted.
const MAX_ERRORS: usize = 10_000;

/// A label that came out, with all copies of it that did so far.
#[derive(Debug, Clone)]
pub struct PrintedLabel {
    /// Formats are numbered from 0 in the order of printing.
    pub index: u64,
    /// The connection that sent it; they are numbered from 1.
    pub connection: u64,
    /// The bytes from `^XA` to `^XZ`, both included.
    pub format: Arc<[u8]>,
    /// What is on it.
    pub bitmap: Arc<Bitmap>,
    /// Dots per millimetre of the bitmap.
    pub dots_per_mm: u32,
    /// Copies that came out.
    pub copies: u32,
    /// Copies that `^PQ` asked for.
    pub copies_asked: u32,
    /// When the last of them came out.
    pub printed_at: SystemTime,
}

impl PrintedLabel {
    /// The label as a 1-bit greyscale PNG that states its density.
    pub fn to_png(&self) -> io::Result<Vec<u8>> {
        self.bitmap.to_png(Some(self.dots_per_mm))
    }
}

/// The printer at a moment; what [`super::ZebraPrinter::wait_until`] looks at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    /// Labels printed since the start, counting copies: the odometer.
    pub labels_printed: u64,
    /// Formats whose first copy has been printed.
    pub formats_printed: u64,
    /// Complete formats in the buffer, the one in print included.
    pub formats_waiting: usize,
    /// Labels that these will print, counting copies.
    pub labels_waiting: u64,
    /// Connections that are within a format.
    pub partial_formats: usize,
    /// Bytes received over all connections.
    pub received_bytes: u64,
    /// Connections accepted so far.
    pub connections: u64,
    /// Connections open now.
    pub connections_open: u64,
    /// Queries that were answered.
    pub queries_answered: u64,
    /// Queries that got no answer because of a fault.
    pub queries_ignored: u64,
    /// Errors so far.
    pub errors: u64,
    /// The faults that are set.
    pub faults: Vec<Fault>,
}

/// A complete format on its way to the head.
#[derive(Debug)]
struct Waiting {
    connection: u64,
    format: Arc<[u8]>,
    bitmap: Arc<Bitmap>,
    copies: u32,
    left: u32,
    /// Its number, once the first copy is printed.
    index: Option<u64>,
    /// A copy is under the head (only with a print time).
    in_flight: bool,
}

#[derive(Debug)]
pub(crate) struct Printer {
    pub(crate) config: ZebraConfig,
    pub(crate) settings: Settings,
    pub(crate) graphics: BTreeMap<String, Arc<Bitmap>>,
    pub(crate) faults: Faults,
    pub(crate) labels_printed: u64,
    pub(crate) partial_formats: usize,
    pub(crate) labels: VecDeque<PrintedLabel>,
    pub(crate) errors: Vec<RecordedError>,
    pub(crate) unknown: BTreeMap<String, u64>,
    pub(crate) received: Vec<u8>,
    pub(crate) queries_answered: u64,
    pub(crate) queries_ignored: u64,
    pub(crate) connections: u64,
    pub(crate) connections_open: u64,
    queue: VecDeque<Waiting>,
    /// Bytes of waiting formats a connection; absent means none.
    buffered: BTreeMap<u64, usize>,
    formats_printed: u64,
    error_count: u64,
    pub(crate) received_bytes: u64,
}

impl Printer {
    pub(crate) fn new(config: ZebraConfig) -> Self {
        Self {
            settings: Settings::new(&config),
            config,
            graphics: BTreeMap::new(),
            faults: Faults::default(),
            labels_printed: 0,
            partial_formats: 0,
            labels: VecDeque::new(),
            errors: Vec::new(),
            unknown: BTreeMap::new(),
            received: Vec::new(),
            queries_answered: 0,
            queries_ignored: 0,
            connections: 0,
            connections_open: 0,
            queue: VecDeque::new(),
            buffered: BTreeMap::new(),
            formats_printed: 0,
            error_count: 0,
            received_bytes: 0,
        }
    }

    pub(crate) fn state(&self) -> State {
        State {
            labels_printed: self.labels_printed,
            formats_printed: self.formats_printed,
            formats_waiting: self.queue.len(),
            labels_waiting: self.queue.iter().map(|waiting| u64::from(waiting.left)).sum(),
            partial_formats: self.partial_formats,
            received_bytes: self.received_bytes,
            connections: self.connections,
            connections_open: self.connections_open,
            queries_answered: self.queries_answered,
            queries_ignored: self.queries_ignored,
            errors: self.error_count,
            faults: self.faults.list(),
        }
    }

    pub(crate) fn receive(&mut self, bytes: &[u8]) {
        self.received_bytes += bytes.len() as u64;
        let room = self.config.keep_received.saturating_sub(self.received.len());
        self.received.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    pub(crate) fn record(&mut self, connection: u64, error: ZplError) {
        self.error_count += 1;
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(RecordedError { connection, error });
        }
    }

    /// Takes a complete format. Without a print time it is printed at once, unless a fault is in the way.
    pub(crate) fn enqueue(&mut self, connection: u64, format: Vec<u8>, bitmap: Bitmap, copies: u32) {
        *self.buffered.entry(connection).or_default() += format.len();
        self.queue.push_back(Waiting {
            connection,
            format: format.into(),
            bitmap: Arc::new(bitmap),
            copies,
            left: copies,
            index: None,
            in_flight: false,
        });
        self.print_ready();
    }

    /// Prints whatever can be printed now, if labels take no time.
    pub(crate) fn print_ready(&mut self) {
        while self.config.print_time == Duration::ZERO && self.can_print() {
            self.print_copies(self.labels_left_in_batch());
        }
    }

    pub(crate) fn can_print(&self) -> bool {
        !self.queue.is_empty() && !self.faults.stop_printing()
    }

    /// The next label goes under the head.
    pub(crate) fn begin_label(&mut self) {
        if let Some(waiting) = self.queue.front_mut() {
            waiting.in_flight = true;
        }
    }

    /// So many copies of the first format come out, at most those that are left.
    pub(crate) fn print_copies(&mut self, count: u32) {
        let Some(waiting) = self.queue.front_mut() else {
            return;
        };
        let count = count.min(waiting.left);
        waiting.left -= count;
        waiting.in_flight = false;
        self.labels_printed += u64::from(count);
        let index = *waiting.index.get_or_insert(self.formats_printed);
        let label = PrintedLabel {
            index,
            connection: waiting.connection,
            format: Arc::clone(&waiting.format),
            bitmap: Arc::clone(&waiting.bitmap),
            dots_per_mm: self.config.dots_per_mm,
            copies: waiting.copies - waiting.left,
            copies_asked: waiting.copies,
            printed_at: SystemTime::now(),
        };
        let finished = waiting.left == 0;
        if self.formats_printed == index {
            self.formats_printed += 1;
        } else {
            self.labels.pop_back();
        }
        self.labels.push_back(label);
        while self.labels.len() > self.config.keep_labels {
            self.labels.pop_front();
        }
        if finished {
            self.drop_front();
        }
    }

    /// `~JA`: forgets all that waits; a label under the head still comes out (guide, `~JA`).
    pub(crate) fn cancel_all(&mut self) {
        let in_flight = self.queue.pop_front().filter(|waiting| waiting.in_flight);
        self.queue.clear();
        self.buffered.clear();
        if let Some(mut waiting) = in_flight {
            waiting.left = 1;
            self.buffered.insert(waiting.connection, waiting.format.len());
            self.queue.push_back(waiting);
        }
    }

    /// Complete formats that wait behind the batch in print.
    pub(crate) fn formats_waiting(&self) -> usize {
        self.queue.len().saturating_sub(1)
    }

    /// Labels that the batch in print has still to print.
    pub(crate) fn labels_left_in_batch(&self) -> u32 {
        self.queue.front().map_or(0, |waiting| waiting.left)
    }

    /// Whether a connection has as many bytes waiting as the buffer holds.
    pub(crate) fn is_full_for(&self, connection: u64) -> bool {
        self.buffered.get(&connection).is_some_and(|&bytes| bytes >= self.config.buffer_bytes)
    }

    pub(crate) fn is_buffer_full(&self) -> bool {
        self.buffered.values().any(|&bytes| bytes >= self.config.buffer_bytes)
    }

    /// Whether a query is to be answered now; counts it either way.
    pub(crate) fn answers(&mut self, is_possible: bool) -> bool {
        let answers = is_possible && !self.faults.has(FaultKind::Silent);
        if answers {
            self.queries_answered += 1;
        } else {
            self.queries_ignored += 1;
        }
        answers
    }

    fn drop_front(&mut self) {
        let Some(done) = self.queue.pop_front() else {
            return;
        };
        if let Some(bytes) = self.buffered.get_mut(&done.connection) {
            *bytes = bytes.saturating_sub(done.format.len());
            if *bytes == 0 {
                self.buffered.remove(&done.connection);
            }
        }
    }
}
