//! Turns that people change: a job passes others in its queue, or goes to another machine.

use ostler_simulators::ZebraPrinter;
use ostler_tests::{Daemon, Label, printer, printer::came_out};

fn png(name: &str) -> Vec<u8> {
    Label::four_by_six(name).png()
}

/// A daemon with two printers: `dock`, which is paused, and `hall`.
fn scene() -> (Daemon, ZebraPrinter, ZebraPrinter) {
    let daemon = Daemon::builder().ping_interval(600_000).start();
    daemon.install("ostler_driver_zebra");
    let (dock, hall) = (printer::zebra(), printer::zebra());
    daemon.add_zebra("dock", &dock, &[]);
    daemon.add_zebra("hall", &hall, &[]);
    daemon.cli(&["machine", "pause", "dock"]).ok();
    (daemon, dock, hall)
}

/// The jobs of a machine in the order of their turns.
fn queue(daemon: &Daemon, machine: &str) -> Vec<i64> {
    let jobs = daemon.json(&["job", "queue", machine]);
    jobs.as_array().unwrap().iter().map(|job| job["id"].as_i64().unwrap()).collect()
}

#[test]
fn an_urgent_job_is_printed_before_those_that_came_earlier() {
    let (daemon, dock, _hall) = scene();
    let pictures = ["FIRST", "SECOND", "URGENT"].map(png);
    let jobs = [0, 1, 2].map(|index: usize| daemon.print("dock", &pictures[index], 1));
    let [first, second, urgent] = jobs.map(|job| job.to_string());
    let said = daemon.cli(&["job", "move", &urgent, "--first"]).ok().stdout;
    assert!(said.contains("is the next one in the queue of 'dock'"), "{said}");
    let said = daemon.cli(&["job", "move", &first, "--after", &second]).ok().stdout;
    assert!(said.contains(&format!("right behind job {second}")), "{said}");
    assert_eq!(queue(&daemon, "dock"), [jobs[2], jobs[1], jobs[0]]);

    daemon.cli(&["machine", "resume", "dock"]).ok();
    for job in jobs {
        assert_eq!(daemon.job_over(job)["state"], "done");
    }
    came_out(&dock, &[&pictures[2], &pictures[1], &pictures[0]]);
    daemon.cli(&["job", "move", &urgent, "--last"]).refused(1, &["job 3 cannot be moved", "ostler job reprint 3"]);
}

#[test]
fn a_job_that_cannot_be_printed_where_it_is_is_printed_elsewhere() {
    let (daemon, dock, hall) = scene();
    let pictures = [png("STUCK")];
    let stuck = daemon.print("dock", &pictures[0], 1);
    let said = daemon.cli(&["job", "move", &stuck.to_string(), "--machine", "hall"]).ok().stdout;
    assert!(said.contains("is the last one in the queue of 'hall'"), "{said}");
    let job = daemon.job_over(stuck);
    assert_eq!((job["state"].as_str(), job["machine_name"].as_str()), (Some("done"), Some("hall")));
    came_out(&hall, &[&pictures[0]]);
    assert_eq!(dock.label_count(), 0);
    assert_eq!(queue(&daemon, "dock"), [] as [i64; 0]);
}

#[test]
fn a_machine_that_does_not_take_a_job_says_why_and_the_job_stays_where_it_is() {
    let (daemon, _dock, _hall) = scene();
    daemon.install("ostler_driver_virtual");
    daemon.add("paper", "virtual-printer", &[]);
    daemon.until_state("paper", "ready");
    let file = daemon.document("label.png", &png("LABEL"));
    let job = daemon.print_with("dock", &file, &["-o", "darkness=12"]);
    let number = job.to_string();
    daemon
        .cli(&["job", "move", &number, "--machine", "paper"])
        .refused(1, &["'darkness' is not an option of this machine"]);
    daemon.cli(&["job", "move", &number, "--machine", "nowhere"]).refused(3, &["nowhere"]);
    daemon.cli(&["job", "move", &number]).refused(2, &["--first", "--machine"]);
    daemon.cli(&["job", "move", &number, "--first", "--last"]).refused(2, &["cannot be used with"]);
    assert_eq!(queue(&daemon, "dock"), [job]);
}
