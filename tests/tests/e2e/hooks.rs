//! Which of a driver's hooks run, in which order, and what they are told: three machines of the recording driver, of which
//! `left` and `right` are active and `spare` is not.
//!
//! * [`starts`]: the start, machines switched on and off, restarted, removed, and pinged
//! * [`changes`]: names and settings
//! * [`versions`]: another version and back, a driver switched off and on, machines apart from each other
//! * [`failures`]: traps, and starts that fail or never return
//! * [`ends`]: the end of the daemon

mod changes;
mod ends;
mod failures;
mod starts;
mod versions;

use ostler_tests::{Daemon, Recorder, daemon::Builder};

/// Deadlines that pass soon.
const SHORT: &str = "init_ms = 500\nstop_ms = 500\ngrace_ms = 200\n";

/// The three machines, just started, on a daemon without pings.
fn scene() -> (Daemon, Recorder) {
    scene_on(Daemon::builder().ping_interval(0))
}

/// The three machines, just started, on a daemon with these limits and without pings.
fn scene_with(limits: &str) -> (Daemon, Recorder) {
    scene_on(Daemon::builder().ping_interval(0).limits(limits))
}

fn scene_on(builder: Builder) -> (Daemon, Recorder) {
    let (daemon, recorder) = (builder.start(), Recorder::start());
    daemon.install("ostler_driver_recording");
    daemon.add("left", "recording", &[&recorder.setting()]);
    daemon.add("right", "recording", &[&recorder.setting()]);
    let spare = ["machine", "add", "spare", "--driver", "recording", "--inactive", "--set", &recorder.setting()];
    daemon.cli(&spare).ok();
    daemon.until_state("spare", "inactive");
    recorder.heard(&["init-driver", "init-machine left", "init-machine right"]);
    (daemon, recorder)
}

/// Ends the daemon in order: both machines are stopped, and nothing else ran since the last look.
#[track_caller]
fn ends(mut daemon: Daemon, recorder: &Recorder) {
    assert!(daemon.stop().success());
    recorder.heard(&["stop-machine left", "stop-machine right"]);
}
