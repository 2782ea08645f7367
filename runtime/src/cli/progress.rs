//! Long work, as people see it who wait for it: a spinner or a bar on a terminal, a line when it begins elsewhere. Both go to stderr,
//! since the output is what the work results in; programs that read JSON get that alone.

use super::output::Output;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    io::{IsTerminal as _, Write as _},
    time::Duration,
};

/// The time between two pictures of a spinner.
const TICK: Duration = Duration::from_millis(120);

/// Work that goes on; it is over when this is dropped.
#[derive(Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// Work of which is not known how much there is.
    pub fn begin(out: Output, what: &str) -> Self {
        let progress = Self::new(out, what, "{spinner} {msg} ({elapsed})");
        progress.0.enable_steady_tick(TICK);
        progress
    }

    /// Work that moves bytes.
    pub fn of_bytes(out: Output, what: &str) -> Self {
        Self::new(out, what, "{msg} {bar:30} {binary_bytes} of {binary_total_bytes}")
    }

    fn new(out: Output, what: &str, template: &str) -> Self {
        let terminal = std::io::stderr().is_terminal();
        if out.is_json() || !terminal {
            if !out.is_json() {
                say(&format!("{what} ..."));
            }
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr()).with_message(what.to_owned());
        // The templates are those above, so they can be parsed.
        match ProgressStyle::with_template(template) {
            Ok(style) => Self(bar.with_style(style)),
            Err(_) => Self(bar),
        }
    }

    /// So many more bytes of a total.
    pub fn moved(&self, total: u64, bytes: u64) {
        self.0.set_length(total);
        self.0.inc(bytes);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// A line for people who wait; that it cannot be written changes nothing for the work.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
