//! The log of a machine or a driver: bounded in lines and in rate, so that a talkative driver harms nobody.

use crate::model::Timestamp;
use parking_lot::Mutex;
use schemars::JsonSchema;
use serde::Serialize;
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// The target of the lines of machines and drivers in the daemon's log. They are always at `debug`: what a driver writes is not to
/// fill a disk unless somebody asks for it.
pub const LOG: &str = "ostler::log";
/// The longest message that is kept, in bytes.
const MAX_MESSAGE: usize = 4096;
/// How many lines a second are kept before the rest is only counted.
const LINES_PER_SECOND: u32 = 100;

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LogLine {
    /// When it was written.
    pub at: Timestamp,
    /// `trace`, `debug`, `info`, `warn` or `error`.
    pub level: &'static str,
    /// The message.
    pub message: String,
    /// What is shown beside it.
    pub fields: Vec<(String, String)>,
}

/// The last lines of a log.
pub struct LogRing {
    capacity: usize,
    state: Mutex<Ring>,
}

struct Ring {
    lines: VecDeque<LogLine>,
    window: Instant,
    in_window: u32,
    dropped: u64,
}

impl LogRing {
    /// A log of at most so many lines.
    pub fn new(capacity: usize) -> Self {
        let ring = Ring { lines: VecDeque::new(), window: Instant::now(), in_window: 0, dropped: 0 };
        Self { capacity, state: Mutex::new(ring) }
    }

    /// Adds a line. Beyond the rate, lines are counted and dropped; the next one that is kept tells how many.
    /// The answer is whether it was kept.
    pub fn push(&self, level: &'static str, message: &str, fields: Vec<(String, String)>) -> bool {
        let mut ring = self.state.lock();
        if ring.window.elapsed() > Duration::from_secs(1) {
            ring.window = Instant::now();
            ring.in_window = 0;
        }
        ring.in_window += 1;
        if ring.in_window > LINES_PER_SECOND {
            ring.dropped += 1;
            return false;
        }
        if ring.dropped > 0 {
            let notice = dropped(ring.dropped);
            ring.dropped = 0;
            ring.keep(notice, self.capacity);
        }
        let message = cut(message, MAX_MESSAGE);
        ring.keep(LogLine { at: Timestamp::now(), level, message, fields }, self.capacity);
        true
    }

    /// The lines, oldest first.
    pub fn lines(&self) -> Vec<LogLine> {
        let ring = self.state.lock();
        let missing = (ring.dropped > 0).then(|| dropped(ring.dropped));
        // The notice of lines that are missing at the end takes the place of the oldest line.
        let skipped = (ring.lines.len() + usize::from(missing.is_some())).saturating_sub(self.capacity);
        ring.lines.iter().skip(skipped).cloned().chain(missing).collect()
    }
}

impl Ring {
    fn keep(&mut self, line: LogLine, capacity: usize) {
        if self.lines.len() >= capacity {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }
}

fn dropped(count: u64) -> LogLine {
    let message = format!("{count} lines were dropped: more than {LINES_PER_SECOND} a second");
    LogLine { at: Timestamp::now(), level: "warn", message, fields: Vec::new() }
}

/// At most `longest` bytes of a text, cut at a character.
pub fn cut(text: &str, longest: usize) -> String {
    let mut end = text.len().min(longest);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_cut_to_the_rate_and_the_newest_lines_stay() {
        let log = LogRing::new(10);
        for i in 0..1000 {
            log.push("info", &format!("line {i}"), Vec::new());
        }
        let lines = log.lines();
        assert_eq!(lines.len(), 10);
        let last = lines.last().map(|line| line.message.clone());
        assert_eq!(last, Some("900 lines were dropped: more than 100 a second".to_owned()));
    }

    #[test]
    fn messages_are_cut_at_a_character() {
        assert_eq!(cut("aé", 2), "a");
    }
}
