//! What Prometheus reads: every figure is what happened, a removed machine leaves nothing behind, and who sends work can ask
//! whether it is taken.

use ostler_simulators::Fault;
use ostler_tests::{
    Daemon, Label,
    counterpart::{Counterpart, missing, openmetrics},
    holder::Holder,
    printer, until,
};
use serde_json::{Value, json};

/// A page of metrics, as somebody else's parser reads it.
struct Page(Value);

impl Page {
    fn of(daemon: &Daemon) -> Self {
        let (media_type, text) = daemon.text("/metrics");
        assert!(media_type.starts_with("application/openmetrics-text; version=1.0.0"), "{media_type}");
        Self(openmetrics(&text))
    }

    fn family(&self, name: &str) -> &Value {
        let families = self.0.as_array().unwrap();
        families.iter().find(|family| family["name"] == name).unwrap_or_else(|| panic!("no family '{name}'"))
    }

    /// The samples of this name that have at least these labels.
    fn samples(&self, name: &str, labels: &[(&str, &str)]) -> Vec<f64> {
        let all = self.0.as_array().unwrap().iter().flat_map(|family| family["samples"].as_array().unwrap());
        let found = all.filter(|sample| {
            sample["name"] == name && labels.iter().all(|(label, value)| sample["labels"][label] == *value)
        });
        found.map(|sample| sample["value"].as_f64().unwrap()).collect()
    }

    /// The one sample of this name that has these labels.
    #[track_caller]
    fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let found = self.samples(name, labels);
        assert_eq!(found.len(), 1, "{name} {labels:?}: {found:?}");
        found[0]
    }

    #[track_caller]
    fn is(&self, name: &str, labels: &[(&str, &str)], expected: f64) {
        let value = self.value(name, labels);
        assert!((value - expected).abs() < 1e-9, "{name} {labels:?} is {value}, and not {expected}");
    }
}

fn id(daemon: &Daemon, machine: &str) -> String {
    daemon.machine(machine)["pk"].as_str().unwrap().to_owned()
}

#[test]
fn a_print_and_its_calls_are_counted_once_each_with_every_byte() {
    if missing("a_print_and_its_calls_are_counted_once_each_with_every_byte", &[Counterpart::Prometheus]) {
        return;
    }
    let daemon = Daemon::builder().ping_interval(0).start();
    let zebra = daemon.add_dock(ostler_simulators::ZebraConfig::default());
    for _ in 0..3 {
        daemon.cli(&["machine", "restart", "dock"]).ok();
    }
    daemon.job_over(daemon.print("dock", &Label::four_by_six("COUNTED").png(), 2));
    daemon.cli(&["machine", "pause", "dock"]).ok();
    let held = daemon.print("dock", &Label::four_by_six("HELD").png(), 1);
    daemon.cli(&["job", "hold", &held.to_string()]).ok();
    for _ in 0..2 {
        daemon.print("dock", &Label::four_by_six("QUEUED").png(), 1);
    }
    let given_up = daemon.print("dock", &Label::four_by_six("GIVEN-UP").png(), 1);
    daemon.cli(&["job", "cancel", &given_up.to_string()]).ok();
    // What has to be escaped in a label.
    daemon.cli(&["machine", "rename", "dock", r#"the "big" \ dock"#]).ok();

    let page = Page::of(&daemon);
    let name = r#"the "big" \ dock"#;
    let id = id(&daemon, name);
    let dock: &[(&str, &str)] = &[("driver", "zebra-zpl"), ("machine", &id)];
    let with = |name, value| [dock, &[(name, value)]].concat();
    let call = |export, outcome| [dock, &[("export", export), ("outcome", outcome)]].concat();
    page.is("ostler_calls_total", &call("restart-machine", "ok"), 3.0);
    page.is("ostler_calls_total", &call("init-machine", "ok"), 1.0);
    page.is("ostler_calls_total", &call("print", "ok"), 1.0);
    let of_driver = [("driver", "zebra-zpl"), ("export", "init-driver"), ("outcome", "ok")];
    page.is("ostler_calls_total", &of_driver, 1.0);
    let took = [("driver", "zebra-zpl"), ("export", "print")];
    page.is("ostler_call_duration_seconds_count", &took, 1.0);
    assert!(page.value("ostler_call_duration_seconds_sum", &took) > 0.0);

    page.is("ostler_labels_printed_total", &with("proof", "counted"), 2.0);
    page.is("ostler_jobs_ended_total", &with("outcome", "done"), 1.0);
    page.is("ostler_jobs_ended_total", &with("outcome", "cancelled"), 1.0);
    page.is("ostler_jobs_ended_total", &with("outcome", "unknown"), 0.0);
    page.is("ostler_job_duration_seconds_count", dock, 1.0);
    page.is("ostler_job_first_label_seconds_count", dock, 1.0);
    assert!(
        page.value("ostler_job_first_label_seconds_sum", dock) <= page.value("ostler_job_duration_seconds_sum", dock)
    );
    for (state, count) in [("queued", 2.0), ("held", 1.0), ("printing", 0.0), ("waiting", 0.0)] {
        page.is("ostler_queue_jobs", &with("state", state), count);
    }

    assert!(page.value("ostler_connects_total", &with("outcome", "ok")) >= 1.0);
    // The driver may still be asking the printer, because of the new name.
    until("every byte that the printer got is counted", || {
        let received = f64::from(u32::try_from(zebra.received_bytes()).unwrap());
        (Page::of(&daemon).value("ostler_device_sent_bytes_total", dock) - received).abs() < 0.5
    });
    assert!(page.value("ostler_device_received_bytes_total", dock) > 0.0);
    let memory = page.value("ostler_instance_memory_bytes", &[("driver", "zebra-zpl")]);
    let limit = page.value("ostler_instance_memory_limit_bytes", &[("driver", "zebra-zpl")]);
    assert!(memory > 0.0 && memory < limit, "{memory} of {limit}");
    page.is("ostler_instance_starts_total", &[("driver", "zebra-zpl")], 1.0);
    page.is("ostler_instance_ends_total", &[("driver", "zebra-zpl")], 0.0);

    page.is("ostler_machine_info", &[("machine", &id), ("name", name), ("type", "label-printer")], 1.0);
    page.is("ostler_machine_state", &[("machine", &id), ("state", "ready")], 1.0);
    assert!(page.value("ostler_render_requests_total", &[("request", "render"), ("outcome", "ok")]) >= 1.0);
    assert!(page.value("ostler_store_commits_total", &[]) > 5.0);
    let commits = page.value("ostler_store_commits_total", &[]);
    assert!((page.value("ostler_store_commit_duration_seconds_count", &[]) - commits).abs() < 1.0);
    page.is("ostler_store_trouble", &[], 0.0);
    page.is("ostler_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    assert!(page.value("process_resident_memory_bytes", &[]) > 1e6);
    assert!(page.value("process_open_fds", &[]) > 3.0);
    assert_eq!(page.family("ostler_call_duration_seconds")["unit"], "seconds");
    assert_eq!(page.family("ostler_device_sent_bytes")["type"], "counter");
}

#[test]
fn a_trap_its_processor_time_and_a_quarantine_are_the_machines_own() {
    if missing("a_trap_its_processor_time_and_a_quarantine_are_the_machines_own", &[Counterpart::Prometheus]) {
        return;
    }
    let daemon = Daemon::builder().limits("blames = 1\ncpu_call_ms = 300").ping_interval(0).start();
    daemon.install("ostler_driver_hostile");
    let (own, idle) = (printer::zebra(), printer::zebra());
    let connection = |printer: &ostler_simulators::ZebraPrinter| format!("CONNECTION={}", printer.uri());
    daemon.add("culprit", "hostile", &[&connection(&own), "BEHAVIOUR=compute"]);
    daemon.add("idle", "hostile", &[&connection(&idle)]);
    daemon.print("culprit", &Label::new(400, 600, "X").png(), 1);
    daemon.until_state("culprit", "quarantined");
    daemon.until_state("idle", "ready");

    let page = Page::of(&daemon);
    let (culprit, idle) = (id(&daemon, "culprit"), id(&daemon, "idle"));
    page.is("ostler_traps_total", &[("machine", &culprit)], 1.0);
    page.is("ostler_traps_total", &[("machine", &idle)], 0.0);
    page.is("ostler_calls_total", &[("machine", &culprit), ("export", "print"), ("outcome", "trap")], 1.0);
    page.is("ostler_quarantines_total", &[("machine", &culprit)], 1.0);
    page.is("ostler_machine_state", &[("machine", &culprit), ("state", "quarantined")], 1.0);
    page.is("ostler_instance_ends_total", &[("driver", "hostile")], 1.0);
    // The machine that is left may find the instance on its way out, and begin another one.
    assert!(page.value("ostler_instance_starts_total", &[("driver", "hostile")]) >= 2.0);
    // It was ended for 300 ms of processor time, counted in ticks of 10 ms.
    let seconds = page.value("ostler_guest_cpu_seconds_total", &[("machine", &culprit)]);
    assert!((0.29..0.4).contains(&seconds), "{seconds} s");
    assert!(page.value("ostler_guest_cpu_seconds_total", &[("machine", &idle)]) < 0.1);
    assert_eq!(own.received_bytes(), 0);
}

#[test]
fn a_device_that_refuses_is_counted_and_a_removed_machine_leaves_no_series() {
    if missing("a_device_that_refuses_is_counted_and_a_removed_machine_leaves_no_series", &[Counterpart::Prometheus]) {
        return;
    }
    let daemon = Daemon::builder().ping_interval(0).start();
    let zebra = daemon.add_dock(ostler_simulators::ZebraConfig::default());
    let id = id(&daemon, "dock");
    let refused = [("machine", id.as_str()), ("outcome", "transient")];
    assert_eq!(Page::of(&daemon).samples("ostler_connects_total", &refused), [0.0; 0]);
    zebra.set_fault(Fault::Refuse).unwrap();
    let job = daemon.print("dock", &Label::four_by_six("REFUSED").png(), 1);
    daemon.until_job(job, "waiting", |job| job["state"] == "waiting");
    let page = Page::of(&daemon);
    assert!(page.value("ostler_connects_total", &refused) >= 1.0);
    page.is("ostler_queue_jobs", &[("machine", &id), ("state", "waiting")], 1.0);

    daemon.cli(&["machine", "remove", "dock"]).ok();
    let (_, text) = daemon.text("/metrics");
    assert!(!text.contains(&id), "{text}");
    openmetrics(&text);
}

#[test]
fn the_daemon_is_ready_until_its_store_cannot_be_written_and_again_when_it_can() {
    let daemon = Daemon::start();
    assert_eq!(daemon.request("GET", "/readyz", None), (200, json!({ "ready": true })));
    let holder = Holder::start(&daemon.data().join("ostler.db"));
    let asks = |words: &str| {
        let (status, answer) = daemon.request("GET", "/readyz", None);
        let says = answer["detail"].as_str().is_some_and(|reason| reason.contains(words));
        (status, answer["error"]["code"].clone(), says)
    };
    daemon.until("it says why it is not ready", |_| {
        asks("another program holds the database") == (503, json!("not-ready"), true)
    });
    holder.let_go();
    // Nobody writes anything; the question itself finds out that it can be done.
    daemon.until("it is ready again", |daemon| daemon.request("GET", "/readyz", None).0 == 200);
    assert_eq!(daemon.request("GET", "/healthz", None).0, 200);
}
