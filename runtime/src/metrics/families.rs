//! Every family of ours: its name, its help, its labels, and where its numbers come from. `docs/operations.md` has the same table
//! for people.

use super::{
    Metrics,
    meter::{DriverMeter, MachineMeter},
    outcome::Outcome,
    page::{Labels, Page, family},
    scene::{InstanceSeen, MachineSeen, Scene},
};
use crate::{
    broker::CallKind,
    model::{JobState, MachineId},
};
use std::{borrow::Cow, fmt, iter::once, sync::Arc};

/// The states of jobs that wait or run.
const OPEN: [JobState; 4] = [JobState::Queued, JobState::Held, JobState::Printing, JobState::Waiting];

/// Writes all of them.
pub fn write(page: &mut Page<'_>, metrics: &Metrics, scene: &Scene) -> fmt::Result {
    let drivers: Vec<_> = metrics.drivers.read().values().cloned().collect();
    let mut machines: Vec<_> = metrics.machines.read().values().cloned().collect();
    machines.sort_by_key(|meter| meter.machine);
    let version = once(vec![label("version", env!("CARGO_PKG_VERSION"))]);
    page.infos(family("build", "The daemon's version."), version)?;
    write_states(page, scene)?;
    write_calls(page, &drivers, &machines)?;
    write_instances(page, &drivers, scene)?;
    write_jobs(page, &machines, scene)?;
    write_devices(page, &machines, scene)?;
    write_shared(page, metrics, scene)
}

fn write_states(page: &mut Page<'_>, scene: &Scene) -> fmt::Result {
    page.infos(
        family("machine", "The names that belong to a machine's id."),
        scene.machines.iter().map(|seen| {
            vec![
                label("machine", seen.id.to_string()),
                label("name", seen.name.as_str()),
                label("type", seen.machine_type.as_str()),
                label("driver", seen.driver.as_str()),
            ]
        }),
    )?;
    page.gauges(
        family("machine_state", "The state that a machine is in: 1, and no series for the others."),
        scene.machines.iter().map(|seen| (with(of_machine(seen), "state", seen.state), 1_i64)),
    )?;
    page.gauges(
        family("machine_status_code", "The status that a machine shows; from 300 on it is a fault."),
        scene.machines.iter().map(|seen| (of_machine(seen), i64::from(seen.status))),
    )
}

fn write_calls(page: &mut Page<'_>, drivers: &[Arc<DriverMeter>], machines: &[Arc<MachineMeter>]) -> fmt::Result {
    page.counters(
        family("calls", "Calls of drivers that ended, by export and outcome."),
        drivers.iter().flat_map(|driver| driver.calls.seen().map(|call| called(&driver.slug, None, call))).chain(
            machines
                .iter()
                .flat_map(|meter| meter.calls.seen().map(|call| called(&meter.driver.slug, Some(meter.machine), call))),
        ),
    )?;
    page.histograms(
        family("call_duration", "How long calls of drivers took, from the instance's mailbox to their end.").seconds(),
        drivers.iter().flat_map(|driver| {
            driver.durations().map(|(kind, durations)| {
                (vec![label("driver", driver.slug.as_str()), label("export", kind.export())], durations)
            })
        }),
    )?;
    page.counters(
        family("traps", "Calls that made the driver's instance end."),
        machines.iter().map(|meter| (of_meter(meter), meter.traps.get())),
    )?;
    page.counters(
        family("guest_cpu", "Processor time of drivers, sampled every 10 ms.").seconds(),
        // What belongs to no machine's call, and then what belongs to each machine's.
        drivers
            .iter()
            .map(|driver| (vec![label("driver", driver.slug.as_str())], driver.cpu.time().as_secs_f64()))
            .chain(machines.iter().map(|meter| (of_meter(meter), meter.cpu.time().as_secs_f64()))),
    )?;
    page.counters(
        family("quarantines", "How often a machine was taken out of service because its calls trapped."),
        machines.iter().map(|meter| (of_meter(meter), meter.quarantines.get())),
    )
}

fn write_instances(page: &mut Page<'_>, drivers: &[Arc<DriverMeter>], scene: &Scene) -> fmt::Result {
    page.counters(
        family("instance_starts", "Starts of a driver's instances."),
        drivers.iter().map(|driver| (vec![label("driver", driver.slug.as_str())], driver.starts.get())),
    )?;
    page.counters(
        family("instance_ends", "Ends of a driver's instances that nobody asked for; they are started again."),
        drivers.iter().map(|driver| (vec![label("driver", driver.slug.as_str())], driver.ends.get())),
    )?;
    let instances = |of: fn(&InstanceSeen) -> usize| {
        scene.instances.iter().map(move |seen| (of_instance(seen), i64::try_from(of(seen)).unwrap_or(i64::MAX)))
    };
    page.gauges(
        family("instance_memory", "Linear memory of an instance.").bytes(),
        instances(|seen| seen.usage.memory_bytes),
    )?;
    page.gauges(
        family("instance_memory_limit", "Linear memory that an instance may have.").bytes(),
        instances(|seen| seen.memory_limit),
    )?;
    page.gauges(
        family("instance_handles", "Handles that an instance holds, as of its last sign of life (every 5 s)."),
        instances(|seen| seen.usage.handles),
    )?;
    page.gauges(
        family("instance_calls_in_flight", "Calls that an instance is at."),
        instances(|seen| seen.usage.calls_in_flight),
    )
}

fn write_jobs(page: &mut Page<'_>, machines: &[Arc<MachineMeter>], scene: &Scene) -> fmt::Result {
    page.gauges(
        family("queue_jobs", "Jobs that are not over, by state."),
        scene.machines.iter().flat_map(|seen| {
            OPEN.into_iter().map(|state| {
                let count = scene.queue.get(&(seen.id, state)).copied().unwrap_or_default();
                (with(of_machine(seen), "state", state.name()), i64::try_from(count).unwrap_or(i64::MAX))
            })
        }),
    )?;
    let with_jobs = || machines.iter().filter_map(|meter| Some((meter, meter.jobs()?)));
    page.counters(
        family("jobs_ended", "Jobs that are over, by how they ended."),
        with_jobs().flat_map(|(meter, jobs)| {
            jobs.ends().map(|(state, count)| (with(of_meter(meter), "outcome", state.name()), count))
        }),
    )?;
    page.counters(
        family("labels_printed", "Labels that came out, copies counted, by how sure that is."),
        with_jobs().flat_map(|(meter, jobs)| {
            jobs.labels().map(|(proof, count)| (with(of_meter(meter), "proof", proof.name()), count))
        }),
    )?;
    page.histograms(
        family("job_first_label", "From handing a job in to its first label.").seconds(),
        with_jobs().map(|(meter, jobs)| (of_meter(meter), &jobs.first_label)),
    )?;
    page.histograms(
        family("job_duration", "From handing a job in to its being done, with all its waiting.").seconds(),
        with_jobs().map(|(meter, jobs)| (of_meter(meter), &jobs.done)),
    )
}

fn write_devices(page: &mut Page<'_>, machines: &[Arc<MachineMeter>], scene: &Scene) -> fmt::Result {
    page.counters(
        family("connects", "Connections to devices that drivers asked for, by outcome."),
        machines.iter().flat_map(|meter| {
            meter.connects().map(|(outcome, count)| (with(of_meter(meter), "outcome", outcome.name()), count))
        }),
    )?;
    page.gauges(
        family("connections", "Connections to devices that are open."),
        scene.machines.iter().map(|seen| {
            let open = i64::try_from(seen.connections).unwrap_or(i64::MAX);
            (of_machine(seen), open)
        }),
    )?;
    page.counters(
        family("device_sent", "What devices took.").bytes(),
        machines.iter().map(|meter| (of_meter(meter), meter.sent.get())),
    )?;
    page.counters(
        family("device_received", "What devices sent.").bytes(),
        machines.iter().map(|meter| (of_meter(meter), meter.received.get())),
    )
}

fn write_shared(page: &mut Page<'_>, metrics: &Metrics, scene: &Scene) -> fmt::Result {
    page.counters(
        family("render_requests", "What the renderer was asked, by outcome; answers from its cache are among them."),
        metrics.render.answers().map(|(request, outcome, count)| {
            (vec![label("request", request.name()), label("outcome", outcome)], count)
        }),
    )?;
    page.histograms(
        family("render_duration", "How long the renderer's answers took, with the time until a worker was free.")
            .seconds(),
        metrics.render.durations().map(|(request, durations)| (vec![label("request", request.name())], durations)),
    )?;
    let one = |count: u64| once((Vec::new(), count));
    let store = &metrics.store;
    page.counters(family("store_operations", "Operations that the store ran."), one(store.operations.get()))?;
    page.counters(family("store_commits", "Commits of the store."), one(store.commits.get()))?;
    page.counters(
        family("store_commit_failures", "Groups of operations that were not committed."),
        one(store.failures.get()),
    )?;
    page.histograms(
        family("store_commit_duration", "How long a commit took, with the operations in it.").seconds(),
        once((Vec::new(), &store.durations)),
    )?;
    page.histograms(
        family("store_commit_operations", "How many operations shared a commit."),
        once((Vec::new(), &store.batches)),
    )?;
    let now = |value: i64| once((Vec::new(), value));
    page.gauges(
        family("store_trouble", "1 while something keeps the store from writing."),
        now(i64::from(scene.store.trouble)),
    )?;
    page.gauges(
        family("store_waiting_operations", "Operations that wait for the store's writer."),
        now(i64::try_from(scene.store.waiting).unwrap_or(i64::MAX)),
    )?;
    page.counters(
        family("events", "Events that were written, over all the daemon's lives."),
        scene.store.last_event.into_iter().map(|id| (Vec::new(), id.unsigned_abs())),
    )?;
    page.gauges(family("event_readers", "Readers that follow the events now."), now(metrics.api.readers().into()))?;
    page.counters(
        family("event_readers_refused", "Readers of events that were not let in, because there were too many."),
        one(metrics.api.readers_refused.get()),
    )?;
    page.counters(
        family("api_stalled_connections", "Connections that were closed because their clients took nothing."),
        one(metrics.api.stalled.get()),
    )
}

type CallCount = (CallKind, Outcome, u64);

fn called(driver: &str, machine: Option<MachineId>, (kind, outcome, count): CallCount) -> (Labels<'_>, u64) {
    let mut labels = vec![label("driver", driver)];
    labels.extend(machine.map(|machine| label("machine", machine.to_string())));
    labels.extend([label("export", kind.export()), label("outcome", outcome.name())]);
    (labels, count)
}

fn label<'a>(name: &'static str, value: impl Into<Cow<'a, str>>) -> (&'static str, Cow<'a, str>) {
    (name, value.into())
}

fn with<'a>(mut labels: Labels<'a>, name: &'static str, value: &'static str) -> Labels<'a> {
    labels.push(label(name, value));
    labels
}

fn of_meter(meter: &MachineMeter) -> Labels<'_> {
    vec![label("driver", meter.driver.slug.as_str()), label("machine", meter.machine.to_string())]
}

fn of_machine(seen: &MachineSeen) -> Labels<'_> {
    vec![label("driver", seen.driver.as_str()), label("machine", seen.id.to_string())]
}

fn of_instance(seen: &InstanceSeen) -> Labels<'_> {
    let mut labels = vec![label("driver", seen.driver.as_str())];
    labels.extend(seen.machine.map(|machine| label("machine", machine.to_string())));
    labels
}
