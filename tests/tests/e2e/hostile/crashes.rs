//! Traps, endless loops, memory and handles without end: they end the instance, the machine to blame says why and is
//! quarantined in the end, and no label of a neighbour comes out twice.

use super::{add, daemon, held, jobs_on, print, prints, ready, says, set, shows_error};
use ostler_tests::{Daemon, printer};
use std::time::{Duration, Instant};

#[test]
fn a_trap_is_blamed_on_its_machine_alone_and_prints_no_label_of_a_neighbour_twice() {
    let daemon = daemon("");
    let own = ready(&daemon, "culprit", &["BEHAVIOUR=trap"]);
    let wired = ready(&daemon, "wired", &["HOLD=middle"]);
    let waiting = ready(&daemon, "waiting", &["HOLD=before"]);
    let idle = ready(&daemon, "idle", &[]);
    let wired_job = print(&daemon, "wired");
    let waiting_job = print(&daemon, "waiting");
    held(&daemon, "wired", "middle");
    held(&daemon, "waiting", "before");
    printer::until(&wired, |state| state.partial_formats == 1);

    let culprit_job = print(&daemon, "culprit");
    // Half of its label was on the wire, so nobody knows; it says which label and whose fault it was not.
    let job = daemon.job_over(wired_job);
    assert_eq!((&job["state"], &job["error"]["code"]), (&"unknown".into(), &"label-in-doubt".into()));
    says(&job["error"]["message"], &["label 1 of 1", "by no fault of it", "print again"]);

    let culprit = daemon.until_state("culprit", "quarantined");
    says(&culprit["state"]["reason"], &["crash 3 times", "ostler machine restart"]);
    shows_error(&culprit, &["crashed in a call of this machine", "its log says more"]);
    let log = daemon.cli(&["driver", "log", "hostile"]).ok().stdout;
    assert!(log.contains("the hostile driver traps on purpose"), "{log}");
    assert_eq!(own.received_bytes(), 0);
    let job = daemon.job(culprit_job);
    assert_eq!((&job["state"], &job["labels"]["done"]), (&"waiting".into(), &0.into()));
    says(&job["error"]["message"], &["crashed in a call of this machine"]);

    // No byte of this one had left: it is printed after all, by itself and once.
    daemon.until_job(waiting_job, "begun again", |job| job["attempts"].as_u64().unwrap() > 1);
    set(&daemon, "waiting", "HOLD=");
    let job = daemon.job_over(waiting_job);
    assert_eq!(job["state"], "done", "{job:#}");
    prints(&daemon, "waiting", &waiting);
    assert_eq!(waiting.label_count(), 2);
    prints(&daemon, "idle", &idle);

    // What was in doubt stays away, also when its printer prints again.
    set(&daemon, "wired", "HOLD=");
    prints(&daemon, "wired", &wired);
    assert!(!jobs_on(&wired).contains(&wired_job));
    assert_eq!(daemon.job(wired_job)["state"], "unknown");
    assert_eq!(daemon.machine("culprit")["state"]["state"], "quarantined");

    // Better now, and released by the operator: its job goes on.
    set(&daemon, "culprit", "BEHAVIOUR=honest");
    daemon.cli(&["machine", "restart", "culprit"]).ok();
    assert_eq!(daemon.job_over(culprit_job)["state"], "done");
    assert_eq!(jobs_on(&own), [culprit_job]);
    assert_eq!(daemon.until_state("culprit", "ready")["machine_errors"], serde_json::json!([]));
}

#[test]
fn a_trap_in_the_middle_of_a_label_makes_its_job_unknown() {
    let daemon = daemon("");
    let printer = ready(&daemon, "culprit", &["BEHAVIOUR=trap-in-label"]);
    let job = print(&daemon, "culprit");
    let over = daemon.job_over(job);
    assert_eq!((&over["state"], &over["labels"]["started"]), (&"unknown".into(), &0.into()));
    says(&over["error"]["message"], &["label 1 of 1", "crashed in a call of this machine"]);
    set(&daemon, "culprit", "BEHAVIOUR=honest");
    prints(&daemon, "culprit", &printer);
    assert!(!jobs_on(&printer).contains(&job));
}

/// A print of this behaviour ends the instance at once; the machine and its job say why, and the neighbour prints.
#[track_caller]
fn is_stopped(limits: &str, behaviour: &str, words: &[&str]) -> Daemon {
    let daemon = daemon(&format!("blames = 1\n{limits}"));
    let own = add(&daemon, "culprit", &[&format!("BEHAVIOUR={behaviour}")]);
    let neighbour = ready(&daemon, "neighbour", &[]);
    daemon.until_state("culprit", "ready");
    let job = print(&daemon, "culprit");
    let began = Instant::now();
    let culprit = daemon.until_state("culprit", "quarantined");
    // Much less on a machine with nothing else to do; what matters is that it is not for ever.
    assert!(began.elapsed() < Duration::from_secs(10), "it went on for {:?}", began.elapsed());
    shows_error(&culprit, &[&["crashed in a call of this machine"], words].concat());
    let job = daemon.job(job);
    assert_eq!(job["state"], "waiting", "{job:#}");
    says(&job["error"]["message"], words);
    prints(&daemon, "neighbour", &neighbour);
    assert_eq!(daemon.machine("neighbour")["state"]["state"], "ready");
    assert_eq!(own.received_bytes(), 0);
    daemon
}

#[test]
fn a_loop_without_end_is_stopped_after_its_slice() {
    is_stopped("", "loop", &["computed for more than 250 ms without awaiting anything", "yield_now()"]);
}

#[test]
fn a_loop_that_lets_others_run_is_stopped_when_its_processor_time_is_used_up() {
    is_stopped("cpu_call_ms = 300", "compute", &["used more than 300 ms of processor time"]);
}

#[test]
fn memory_without_end_ends_at_the_limit() {
    let daemon = is_stopped("memory_bytes = 16777216", "allocate", &["memory"]);
    let log = daemon.cli(&["driver", "log", "hostile"]).ok().stdout;
    assert!(log.contains("memory allocation of 65536 bytes failed"), "{log}");
}

#[test]
fn handles_without_end_end_at_the_limit() {
    is_stopped("", "hoard", &["handle"]);
}

#[test]
fn a_blocked_thread_ends_with_advice() {
    is_stopped("", "thread-sleep", &["must not block its thread", "machine.sleep"]);
}

#[test]
fn a_driver_that_exits_ends_its_instance_and_not_the_daemon() {
    is_stopped("", "exit", &["exit"]);
}

#[test]
fn a_machine_that_traps_at_its_start_is_quarantined_and_its_neighbour_prints() {
    let daemon = daemon("");
    let neighbour = ready(&daemon, "neighbour", &[]);
    add(&daemon, "culprit", &["BEHAVIOUR=init-trap"]);
    let culprit = daemon.until_state("culprit", "quarantined");
    says(&culprit["state"]["reason"], &["crash 3 times"]);
    shows_error(&culprit, &["crashed in a call of this machine"]);
    daemon.until_state("neighbour", "ready");
    prints(&daemon, "neighbour", &neighbour);
}
