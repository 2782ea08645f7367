//! The page in a browser, and without one: what operators see and do there.
//!
//! * [`access`]: narrow screens, keyboards, what axe-core finds
//! * [`forms`]: forms as plain HTTP sends them
//! * [`jobs`]: what people decide about jobs
//! * [`login`]: logging in over the network, and out
//! * [`live`]: what changes without loading the page again
//! * [`printing`]: printing and previews in a browser
//! * [`roles`]: who sees which page and which button

mod access;
mod forms;
mod jobs;
mod live;
mod login;
mod printing;
mod roles;

use ostler_simulators::{ZebraConfig, ZebraPrinter};
use ostler_tests::{
    Browser, Daemon, Front, Label, Pages,
    browser::Look,
    counterpart::{Counterpart, missing},
    pages, printer,
};
use std::{path::PathBuf, time::Duration};

/// A daemon with one printer, `dock`, for small labels, and its pages.
struct Scene {
    front: Front,
    zebra: ZebraPrinter,
    daemon: Daemon,
}

impl Scene {
    /// With labels for [`Pages`].
    fn new() -> Self {
        Self::with((pages::WIDTH, pages::HEIGHT), Duration::ZERO)
    }

    /// With a printer that takes its time for a label, so that its labels are seen to come.
    fn slow() -> Self {
        Self::with((pages::WIDTH, pages::HEIGHT), Duration::from_millis(700))
    }

    /// With labels of so many dots at 8 dots/mm.
    fn with((width, height): (u32, u32), print_time: Duration) -> Self {
        let config = ZebraConfig { head_width: width, label_length: height, print_time, ..ZebraConfig::default() };
        Self::of(config, &[&format!("LABEL_WIDTH={}", width / 8), &format!("LABEL_LENGTH={}", height / 8)])
    }

    fn of(config: ZebraConfig, settings: &[&str]) -> Self {
        let daemon = Daemon::start();
        daemon.install("ostler_driver_zebra");
        let zebra = printer::zebra_with(config);
        daemon.add_zebra("dock", &zebra, settings);
        Self { front: Front::of(&daemon), zebra, daemon }
    }

    /// With labels for the template `part`.
    fn for_parts() -> Self {
        Self::with((480, 320), Duration::ZERO)
    }

    /// With labels of 4 x 6 inches.
    fn large() -> Self {
        Self::of(ZebraConfig::default(), &[])
    }

    /// The machine's id.
    fn dock(&self) -> String {
        self.daemon.machine("dock")["pk"].as_str().unwrap().to_owned()
    }

    /// A PDF of so many labels, as a file and as it must come out.
    fn pdf(&self, name: &str, count: u32) -> (PathBuf, Pages) {
        let pages = Pages::new(name, count);
        (self.daemon.document(&format!("{name}.pdf"), &pages.pdf()), pages)
    }

    /// Whether the labels of a document came out, and nothing else.
    #[track_caller]
    fn came_out(&self, document: &Pages) {
        let (labels, expected) = (self.zebra.labels(), document.dots());
        assert_eq!(labels.len(), expected.len());
        for (label, dots) in labels.iter().zip(&expected) {
            ostler_tests::dots::assert_same(dots, &label.bitmap);
        }
    }
}

/// The number of the job whose page a path is.
#[track_caller]
fn job_of(path: &str) -> i64 {
    let number = path.strip_prefix("/job/").unwrap_or_else(|| panic!("{path} is not the page of a job"));
    number.parse().unwrap()
}

/// A browser, unless there is none.
fn browser(test: &str, look: Look) -> Option<Browser> {
    (!missing(&format!("page::{test}"), &[Counterpart::Chromium])).then(|| Browser::like(look))
}

fn png(name: &str) -> Vec<u8> {
    Label::four_by_six(name).png()
}
