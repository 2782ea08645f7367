//! The end of the daemon: each machine that is initialised is stopped, and none of them can hold it up.

use super::{SHORT, scene, scene_with};
use ostler_tests::recorder::Answer;
use std::time::{Duration, Instant};

/// SIGTERM ends the daemon within this time, whatever its drivers do.
const BOUND: Duration = Duration::from_secs(10);

#[test]
fn sigterm_stops_every_initialised_machine_and_no_other() {
    let (mut daemon, recorder) = scene();
    daemon.cli(&["machine", "add", "late", "--driver", "recording"]).ok();
    daemon.until_state("late", "incomplete");
    assert!(daemon.stop().success());
    recorder.heard(&["stop-machine left", "stop-machine right"]);
}

#[test]
fn a_stop_hook_that_fails_does_not_hold_up_the_end_of_the_daemon() {
    let (mut daemon, recorder) = scene();
    recorder.answer("stop-machine", "left", Answer::Fail("it does not want to stop"));
    assert!(daemon.stop().success());
    recorder.heard(&["stop-machine left", "stop-machine right"]);
}

#[test]
fn a_stop_hook_that_never_returns_does_not_hold_up_the_end_of_the_daemon() {
    let (mut daemon, recorder) = scene_with(SHORT);
    recorder.answer("stop-machine", "left", Answer::Hang);
    let began = Instant::now();
    assert!(daemon.stop().success());
    assert!(began.elapsed() < BOUND, "it took {:?}", began.elapsed());
    recorder.heard(&["stop-machine left", "stop-machine right"]);
    // Nothing of it is left for the next start.
    daemon.restart();
    daemon.until_state("left", "ready");
    daemon.until_state("right", "ready");
    recorder.heard(&["init-driver", "init-machine left", "init-machine right"]);
}

#[test]
fn a_stop_hook_that_traps_does_not_hold_up_the_end_of_the_daemon() {
    let (mut daemon, recorder) = scene();
    recorder.answer("stop-machine", "left", Answer::Trap);
    assert!(daemon.stop().success());
    assert_eq!(recorder.count("stop-machine", "left"), 1);
    daemon.restart();
    daemon.until_state("left", "ready");
    daemon.until_state("right", "ready");
}

#[test]
fn a_start_that_waits_for_its_device_is_ended_with_the_daemon_and_is_not_stopped() {
    let (mut daemon, recorder) = scene();
    recorder.answer("init-machine", "late", Answer::Wait);
    daemon.cli(&["machine", "add", "late", "--driver", "recording", "--set", &recorder.setting()]).ok();
    recorder.heard(&["init-machine late"]);
    let began = Instant::now();
    assert!(daemon.stop().success());
    assert!(began.elapsed() < BOUND, "it took {:?}", began.elapsed());
    recorder.heard(&["stop-machine left", "stop-machine right"]);
}
