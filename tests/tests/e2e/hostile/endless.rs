//! Calls that never return have deadlines, and a start that fails is tried again.

use super::{add, daemon, print, prints, ready, says, set, shows_error};
use ostler_tests::Daemon;

/// Deadlines that pass soon.
const SHORT: &str = "init_ms = 300\nstop_ms = 300\nprint_idle_ms = 300\ngrace_ms = 200\n";

#[test]
fn a_start_that_never_returns_fails_with_its_deadline() {
    let daemon = daemon(SHORT);
    let neighbour = ready(&daemon, "neighbour", &[]);
    let own = add(&daemon, "sleeper", &["BEHAVIOUR=init-pending"]);
    let sleeper = daemon.until_state("sleeper", "failed");
    says(&sleeper["state"]["reason"], &["init-machine took longer than 300ms"]);
    assert_eq!(sleeper["initialized"], false);
    prints(&daemon, "neighbour", &neighbour);

    set(&daemon, "sleeper", "BEHAVIOUR=honest");
    daemon.until_state("sleeper", "ready");
    prints(&daemon, "sleeper", &own);
}

#[test]
fn pings_that_never_return_are_shown_and_too_many_of_them_start_the_instance_again() {
    let daemon = Daemon::builder().limits(&format!("{SHORT}lingering_calls = 2")).ping_interval(100).start();
    daemon.install("ostler_driver_hostile");
    let neighbour = ready(&daemon, "neighbour", &[]);
    let own = ready(&daemon, "sleeper", &["BEHAVIOUR=ping-pending"]);
    let sleeper = daemon.until_machine("sleeper", "an error", |machine| machine["machine_errors"][0].is_string());
    shows_error(&sleeper, &["ping-machine took longer than 300ms", "did not end"]);
    daemon.until("the instance is started again", |daemon| {
        let driver = &daemon.get("/api/driver/hostile/")[0];
        driver["driver_errors"].to_string().contains("2 of its calls did not end when asked to")
    });
    set(&daemon, "sleeper", "BEHAVIOUR=honest");
    for (machine, printer) in [("neighbour", neighbour), ("sleeper", own)] {
        daemon.until_state(machine, "ready");
        prints(&daemon, machine, &printer);
    }
}

#[test]
fn a_stop_that_never_returns_does_not_keep_a_machine_on() {
    let daemon = daemon(SHORT);
    let printer = ready(&daemon, "clinger", &["BEHAVIOUR=stop-pending"]);
    daemon.cli(&["machine", "deactivate", "clinger"]).ok();
    let clinger = daemon.until_state("clinger", "inactive");
    shows_error(&clinger, &["stop-machine took longer than 300ms"]);
    daemon.cli(&["machine", "activate", "clinger"]).ok();
    daemon.until_state("clinger", "ready");
    prints(&daemon, "clinger", &printer);
    daemon.cli(&["machine", "remove", "clinger"]).ok();
    assert_eq!(daemon.json(&["machine", "list"]), serde_json::json!([]));
}

#[test]
fn a_print_that_stands_still_is_given_up_and_can_be_cancelled() {
    let daemon = daemon(SHORT);
    let printer = ready(&daemon, "sleeper", &["BEHAVIOUR=pending"]);
    let job = print(&daemon, "sleeper");
    let waiting = daemon.until_job(job, "given up", |job| job["state"] == "waiting");
    says(&waiting["error"]["message"], &["stood still for 300ms", "did not end"]);
    daemon.cli(&["job", "cancel", &job.to_string()]).ok();
    assert_eq!(daemon.job_over(job)["state"], "cancelled");
    set(&daemon, "sleeper", "BEHAVIOUR=honest");
    prints(&daemon, "sleeper", &printer);
    assert_eq!(printer.label_count(), 1);
}

#[test]
fn a_start_that_fails_says_why_and_is_tried_again() {
    let daemon = daemon("");
    let never = add(&daemon, "never", &["BEHAVIOUR=init-error"]);
    let later = add(&daemon, "later", &["BEHAVIOUR=init-error-once"]);
    let state = daemon.until_state("never", "failed");
    says(&state["state"]["reason"], &["this machine does not want to start", "no-mood"]);
    assert!(state["state"]["next_try_at"].is_string(), "{state:#}");
    daemon.until_machine("later", "failed", |machine| {
        machine["state"]["reason"].as_str().is_some_and(|reason| reason.contains("wants to be asked twice"))
    });
    // Nobody does anything: the second try succeeds.
    daemon.until_state("later", "ready");
    prints(&daemon, "later", &later);
    daemon.until_machine("never", "tried twice", |machine| machine["state"]["attempt"].as_u64() >= Some(2));

    set(&daemon, "never", "BEHAVIOUR=honest");
    daemon.until_state("never", "ready");
    prints(&daemon, "never", &never);
}

#[test]
fn a_driver_that_does_not_start_says_why_and_is_tried_again() {
    let daemon = daemon("");
    let printer = add(&daemon, "victim", &["BEHAVIOUR=init-driver-error"]);
    let victim = daemon.until_state("victim", "failed");
    says(&victim["state"]["reason"], &["init-driver failed", "this driver does not want to start"]);
    daemon.until("it is tried again", |daemon| {
        let errors = daemon.get("/api/driver/hostile/")[0]["driver_errors"].as_array().unwrap().len();
        errors >= 2
    });
    set(&daemon, "victim", "BEHAVIOUR=honest");
    daemon.until_state("victim", "ready");
    prints(&daemon, "victim", &printer);
}
