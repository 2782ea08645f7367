//! What moves media: the queue of formats, printing, feeding, cutting, calibrating, loading.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::error::CommandError;
use super::fault::FaultKind;
use super::media::{Media, MediaKind, Tracking};
use super::printer::{LabelKind, PrintedLabel, Printer};
use super::settings::PrintMode;
use crate::bitmap::Bitmap;

/// Labels that pass while the printer measures one.
const CALIBRATION_LABELS: u32 = 2;

/// Complete formats on their way to the head.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: VecDeque<Waiting>,
    /// Bytes of waiting formats a connection; absent means none.
    buffered: BTreeMap<u64, usize>,
}

/// A complete format.
#[derive(Debug)]
pub(crate) struct Waiting {
    connection: u64,
    format: Arc<[u8]>,
    content: Content,
    copies: u32,
    left: u32,
    /// Its number, once the first copy is printed.
    index: Option<u64>,
    /// A copy is under the head (only with a print time).
    in_flight: bool,
}

/// What comes out.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// A label with this on it.
    Picture(LabelKind, Arc<Bitmap>),
    /// An unprinted label.
    Blank,
}

impl Queue {
    pub(crate) fn formats(&self) -> usize {
        self.waiting.len()
    }

    /// Labels to come, counting copies.
    pub(crate) fn labels(&self) -> u64 {
        self.waiting.iter().map(|waiting| u64::from(waiting.left)).sum()
    }

    /// Complete formats that wait behind the batch in print.
    pub(crate) fn formats_behind(&self) -> usize {
        self.waiting.len().saturating_sub(1)
    }

    /// Labels that the batch in print has still to print.
    pub(crate) fn left_in_batch(&self) -> u32 {
        self.waiting.front().map_or(0, |waiting| waiting.left)
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
        self.buffered.clear();
    }

    fn push(&mut self, waiting: Waiting) {
        *self.buffered.entry(waiting.connection).or_default() += waiting.format.len();
        self.waiting.push_back(waiting);
    }

    fn drop_front(&mut self) {
        let Some(done) = self.waiting.pop_front() else {
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

impl Printer {
    /// Takes a complete format. Without a print time it is printed at once, unless a fault is in the way.
    pub(crate) fn enqueue(&mut self, connection: u64, format: Vec<u8>, content: Content, copies: u32) {
        let format = format.into();
        let (index, in_flight) = (None, false);
        self.queue.push(Waiting { connection, format, content, copies, left: copies, index, in_flight });
        self.print_ready();
    }

    /// Prints whatever can be printed now, if labels take no time.
    pub(crate) fn print_ready(&mut self) {
        while self.config.print_time == Duration::ZERO && self.begin_label() {
            self.print_copies(u32::MAX);
        }
    }

    pub(crate) fn can_print(&self) -> bool {
        self.queue.formats() > 0 && !self.label_to_take && !self.conditions().stop_printing()
    }

    /// The next label goes under the head, if one can.
    pub(crate) fn begin_label(&mut self) -> bool {
        let begins = self.can_print() && self.finds_label();
        if let Some(waiting) = self.queue.waiting.front_mut() {
            waiting.in_flight = begins;
        }
        begins
    }

    /// So many copies of the first format come out, at most those that are left and those that the roll and the print mode allow.
    pub(crate) fn print_copies(&mut self, count: u32) {
        let Some(waiting) = self.queue.waiting.front_mut() else {
            return;
        };
        let allowed = match self.settings.print_mode {
            PrintMode::PeelOff => 1,
            _ => self.media.labels_left.map_or(u32::MAX, |left| u32::try_from(left).unwrap_or(u32::MAX)),
        };
        let count = count.min(waiting.left).min(allowed);
        waiting.left -= count;
        waiting.in_flight = false;
        let finished = waiting.left == 0;
        match waiting.content.clone() {
            Content::Blank => self.pass_unprinted(count),
            Content::Picture(kind, page) => self.pass_printed(count, kind, &page),
        }
        if finished {
            self.queue.drop_front();
        }
    }

    fn pass_printed(&mut self, count: u32, kind: LabelKind, page: &Arc<Bitmap>) {
        let (width, length) = (page.width().min(self.media.width), self.label_length(page.height()));
        let (bitmap, dots) = if (width, length) == (page.width(), page.height()) {
            (Arc::clone(page), 0)
        } else {
            let fitted = page.fitted(width, length);
            let dots = page.black_dots() - fitted.black_dots();
            (Arc::new(fitted), dots)
        };
        let number = self.formats_printed;
        let Some(waiting) = self.queue.waiting.front_mut() else {
            return;
        };
        let index = *waiting.index.get_or_insert(number);
        let connection = waiting.connection;
        let label = PrintedLabel {
            index,
            connection,
            kind,
            format: Arc::clone(&waiting.format),
            bitmap,
            dots_per_mm: self.config.dots_per_mm,
            copies: waiting.copies - waiting.left,
            copies_asked: waiting.copies,
            printed_at: SystemTime::now(),
        };
        if index == number {
            self.formats_printed += 1;
            if dots > 0 {
                self.record(connection, CommandError::OffLabel { dots });
            }
        }
        self.keep(label);
        self.labels_printed += u64::from(count);
        self.odometer.labels += u64::from(count);
        self.pass(count, length);
        self.uncut = true;
        match self.settings.print_mode {
            PrintMode::PeelOff => self.label_to_take = true,
            PrintMode::Cutter => self.cut(u64::from(count)),
            _ => {}
        }
    }

    fn pass_unprinted(&mut self, count: u32) {
        self.labels_fed += u64::from(count);
        let length = self.label_length(self.settings.label_length());
        self.pass(count, length);
    }

    /// Media moves by so many labels of this length.
    fn pass(&mut self, count: u32, length: u32) {
        let count = u64::from(count);
        self.media.take(count);
        self.odometer.length += count * u64::from(length);
        if self.media.kind != MediaKind::Continuous {
            self.odometer.markers += count;
        }
    }

    /// How long the next label gets: as long as the page or, if the media says where labels end, as it is.
    fn label_length(&self, page: u32) -> u32 {
        if self.settings.tracking.is_continuous() { page } else { self.media.length }
    }

    /// Whether feeding ends at a label; if not, the printer reports why from now on.
    fn finds_label(&mut self) -> bool {
        self.misfeed = self.settings.tracking.misfeed_on(self.media.kind);
        self.misfeed.is_none()
    }

    /// The media or what is looked for has changed, or somebody has seen to it: the next movement will tell.
    pub(crate) fn forget_misfeed(&mut self) {
        self.misfeed = None;
        self.print_ready();
    }

    /// Feeds labels without printing (`~PH`); `false`: something is in the way.
    pub(crate) fn feed(&mut self, labels: u32) -> bool {
        let can = !self.conditions().stop_printing() && self.finds_label();
        if can {
            self.pass_unprinted(labels);
        }
        can
    }

    /// Measures a label (`~JC`): afterwards the printer knows how long labels are and, with `^MNA`, of what kind.
    pub(crate) fn calibrate(&mut self) -> bool {
        self.misfeed = None;
        if self.settings.detects_media() {
            self.settings.tracking = Tracking::for_media(self.media.kind);
        }
        if !self.feed(CALIBRATION_LABELS) {
            return false;
        }
        if !self.settings.tracking.is_continuous() {
            self.settings.measured_length = self.media.length;
        }
        self.faults.clear(FaultKind::CalibrateMedia);
        self.print_ready();
        true
    }

    /// Somebody puts in other media. That it runs out, or low, is over with it.
    pub(crate) fn load(&mut self, media: Media) {
        self.media = media;
        self.faults.clear(FaultKind::MediaOut);
        self.faults.clear(FaultKind::MediaLow);
        self.forget_misfeed();
    }

    /// Somebody takes the peeled label, if there is one.
    pub(crate) fn take_label(&mut self) -> bool {
        let taken = std::mem::take(&mut self.label_to_take);
        self.print_ready();
        taken
    }

    fn cut(&mut self, cuts: u64) {
        self.odometer.cuts += cuts;
        self.uncut = false;
    }

    /// `~JK`: cuts what has come out since the last cut.
    pub(crate) fn cut_now(&mut self) {
        if self.uncut {
            self.cut(1);
        }
    }

    /// `~JA`: forgets all that waits; a label under the head still comes out (guide, `~JA`).
    pub(crate) fn cancel_all(&mut self) {
        let in_flight = self.queue.waiting.pop_front().filter(|waiting| waiting.in_flight);
        self.queue.clear();
        if let Some(waiting) = in_flight {
            self.queue.push(Waiting { left: 1, ..waiting });
        }
    }

    /// Whether a connection has as many bytes waiting as the buffer holds.
    pub(crate) fn is_full_for(&self, connection: u64) -> bool {
        self.queue.buffered.get(&connection).is_some_and(|&bytes| bytes >= self.config.buffer_bytes)
    }

    pub(crate) fn is_buffer_full(&self) -> bool {
        self.queue.buffered.values().any(|&bytes| bytes >= self.config.buffer_bytes)
    }
}
