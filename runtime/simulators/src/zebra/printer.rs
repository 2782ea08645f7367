//! The device behind all connections: what it remembers, what is wrong with it, what it has printed. What moves the media is
//! in `motion`.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use super::config::ZebraConfig;
use super::error::{CommandError, RecordedError};
use super::fault::{Fault, FaultKind, Faults};
use super::media::Media;
use super::moment::Moments;
use super::motion::Queue;
use super::odometer::{Odometer, Trips};
use super::settings::Settings;
use crate::bitmap::Bitmap;

/// Errors after this many are only counted.
const MAX_ERRORS: usize = 10_000;

/// A label that came out, with all copies of it that did so far.
#[derive(Debug, Clone)]
pub struct PrintedLabel {
    /// Labels that differ are numbered from 0 in the order of printing.
    pub index: u64,
    /// The connection that sent it; they are numbered from 1.
    pub connection: u64,
    /// Whether somebody sent it, or the printer made it.
    pub kind: LabelKind,
    /// The bytes from `^XA` to `^XZ`, both included; in EPL2, those up to and with `P`. The command alone, if the printer made
    /// the label.
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

/// Where a label's content is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelKind {
    /// From a format.
    Format,
    /// The printer's configuration (`~WC`). It is counted, and its bitmap is white: text is not drawn here.
    Configuration,
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
    /// Labels printed since the start, counting copies.
    pub labels_printed: u64,
    /// Labels that passed unprinted since the start: feeds and calibrations.
    pub labels_fed: u64,
    /// Cuts since the start.
    pub cuts: u64,
    /// Formats, and configuration labels, whose first copy has been printed.
    pub formats_printed: u64,
    /// Complete formats in the buffer, the one in print included.
    pub formats_waiting: usize,
    /// Labels that these will print, counting copies.
    pub labels_waiting: u64,
    /// A peeled label waits to be taken, and the next ones for it.
    pub label_to_take: bool,
    /// Labels left on the roll, unless it is endless.
    pub labels_left: Option<u64>,
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
    /// What is wrong: the faults that are set, and those that the printer has run into by itself.
    pub faults: Vec<Fault>,
    /// Faults that wait for their moment.
    pub faults_to_come: usize,
}

#[derive(Debug)]
pub(crate) struct Printer {
    pub(crate) config: ZebraConfig,
    pub(crate) settings: Settings,
    pub(crate) media: Media,
    pub(crate) graphics: BTreeMap<String, Arc<Bitmap>>,
    /// Set from outside.
    pub(crate) faults: Faults,
    /// Faults that come by themselves.
    pub(crate) moments: Moments,
    /// What feeding ended in: the media is not what `^MN` says. Found out when media moves, not before.
    pub(crate) misfeed: Option<Fault>,
    /// A peeled label waits to be taken.
    pub(crate) label_to_take: bool,
    /// Labels came out since the last cut.
    pub(crate) uncut: bool,
    pub(crate) odometer: Odometer,
    pub(crate) trips: Trips,
    pub(crate) friendly_name: String,
    pub(crate) queue: Queue,
    pub(crate) labels_printed: u64,
    pub(crate) labels_fed: u64,
    pub(crate) formats_printed: u64,
    pub(crate) partial_formats: usize,
    pub(crate) labels: VecDeque<PrintedLabel>,
    pub(crate) errors: Vec<RecordedError>,
    error_count: u64,
    pub(crate) unknown: BTreeMap<String, u64>,
    pub(crate) received: Vec<u8>,
    pub(crate) received_bytes: u64,
    pub(crate) queries_answered: u64,
    pub(crate) queries_ignored: u64,
    pub(crate) connections: u64,
    pub(crate) connections_open: u64,
}

impl Printer {
    pub(crate) fn new(config: ZebraConfig) -> Self {
        let media = config.loaded();
        Self {
            settings: Settings::new(&config, media),
            media,
            odometer: config.odometer,
            friendly_name: config.serial.clone(),
            config,
            graphics: BTreeMap::new(),
            faults: Faults::default(),
            moments: Moments::default(),
            misfeed: None,
            label_to_take: false,
            uncut: false,
            trips: Trips::default(),
            queue: Queue::default(),
            labels_printed: 0,
            labels_fed: 0,
            formats_printed: 0,
            partial_formats: 0,
            labels: VecDeque::new(),
            errors: Vec::new(),
            error_count: 0,
            unknown: BTreeMap::new(),
            received: Vec::new(),
            received_bytes: 0,
            queries_answered: 0,
            queries_ignored: 0,
            connections: 0,
            connections_open: 0,
        }
    }

    pub(crate) fn state(&self) -> State {
        State {
            labels_printed: self.labels_printed,
            labels_fed: self.labels_fed,
            cuts: self.odometer.cuts - self.config.odometer.cuts,
            formats_printed: self.formats_printed,
            formats_waiting: self.queue.formats(),
            labels_waiting: self.queue.labels(),
            label_to_take: self.label_to_take,
            labels_left: self.media.labels_left,
            partial_formats: self.partial_formats,
            received_bytes: self.received_bytes,
            connections: self.connections,
            connections_open: self.connections_open,
            queries_answered: self.queries_answered,
            queries_ignored: self.queries_ignored,
            errors: self.error_count,
            faults: self.conditions().list(),
            faults_to_come: self.moments.count(),
        }
    }

    /// All that is wrong now: what was set, and what the printer senses.
    pub(crate) fn conditions(&self) -> Faults {
        let mut conditions = self.faults.clone();
        if self.media.is_used_up() {
            conditions.set(Fault::MediaOut);
        }
        if let Some(misfeed) = self.misfeed {
            conditions.set(misfeed);
        }
        conditions
    }

    pub(crate) fn receive(&mut self, bytes: &[u8]) {
        self.received_bytes += bytes.len() as u64;
        let room = self.config.keep_received.saturating_sub(self.received.len());
        self.received.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    pub(crate) fn record(&mut self, connection: u64, error: CommandError) {
        self.error_count += 1;
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(RecordedError { connection, error });
        }
    }

    /// A command that is not understood, or that does nothing here.
    pub(crate) fn ignore(&mut self, command: String) {
        *self.unknown.entry(command).or_default() += 1;
    }

    /// Keeps a label as printed, in place of the entry with its number if that is the last.
    pub(crate) fn keep(&mut self, label: PrintedLabel) {
        self.labels.pop_back_if(|last| last.index == label.index);
        self.labels.push_back(label);
        while self.labels.len() > self.config.keep_labels {
            self.labels.pop_front();
        }
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

    /// `~JR`, `^@`, `device.reset`: as after switching it off and on. What is loaded, wrong or counted stays.
    pub(crate) fn reset(&mut self) {
        self.queue.clear();
        self.settings = Settings::new(&self.config, self.media);
        self.graphics.retain(|name, _| !name.starts_with("R:"));
        self.misfeed = None;
        self.label_to_take = false;
        self.faults.clear(FaultKind::Paused);
    }
}
