//! What is tried: the good day first, then what goes wrong in it.

use super::{
    Found,
    scene::{Device, Scene},
};
use crate::{
    model::{JobRecord, JobState, MachineState},
    registry::view::MachineView,
};
use anyhow::{Result, bail, ensure};
use ostler_simulators::{Fault, zebra::FaultKind};
use serde_json::json;
use std::time::{Duration, Instant};

/// How long a machine may take to become ready, and to stop.
const START: Duration = Duration::from_secs(15);
const STOP: Duration = Duration::from_secs(8);
/// How long a label may take.
const LABEL: Duration = Duration::from_secs(40);
/// Statuses from this code on are faults.
const FAULT: u16 = 300;
/// A device that took nothing for so long stands still.
const STILL: Duration = Duration::from_millis(1500);
/// The time between two looks at it.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// Within this time a job that is cancelled is over, whatever its device does.
const CANCEL: Duration = Duration::from_millis(2500);
/// A device that got a whole label makes something of it within this time.
const MOMENT: Duration = Duration::from_secs(2);
/// So many bytes never fit into what lies between a driver and its device.
const TOO_MUCH: u64 = 8 << 20;
/// A label of fewer bytes may lie between them as a whole.
const BUFFERED: u64 = 96 << 10;
/// How many labels a job has that is to be stuck, at most.
const MOST_LABELS: u64 = 60;
/// Of a label that is not known: a place that is surely within it, in bytes.
const EARLY: u64 = 600;

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// A machine with these settings becomes ready.
    Starts,
    /// A label comes out.
    Prints,
    /// Labels of one job, and jobs one after the other.
    Orders,
    /// The printer is switched off when a job comes.
    SwitchedOff,
    /// The printer is switched off when a machine starts, and comes later.
    StartsWithout,
    /// Connecting to the printer neither succeeds nor fails, and somebody cancels the job.
    LetsNobodyIn,
    /// The printer stands still in the middle of a label, and somebody cancels the job.
    StandsStill,
    /// The connection breaks in the middle of a label.
    Breaks,
    /// The printer never answers.
    Silent,
    /// Somebody restarts the machine, and switches it off and on.
    Restarts,
    /// No call of the driver ended its instance.
    Survives,
}

impl Scenario {
    /// All of them, in order.
    pub const ALL: [Self; 11] = [
        Self::Starts,
        Self::Prints,
        Self::Orders,
        Self::SwitchedOff,
        Self::StartsWithout,
        Self::LetsNobodyIn,
        Self::StandsStill,
        Self::Breaks,
        Self::Silent,
        Self::Restarts,
        Self::Survives,
    ];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Starts => "a machine starts",
            Self::Prints => "a label is printed",
            Self::Orders => "labels come out in order",
            Self::SwitchedOff => "the device is off",
            Self::StartsWithout => "a machine starts without its device",
            Self::LetsNobodyIn => "the device lets nobody in",
            Self::StandsStill => "the device stands still",
            Self::Breaks => "the connection breaks",
            Self::Silent => "the device says nothing",
            Self::Restarts => "restarted, stopped, started",
            Self::Survives => "no call crashed",
        }
    }

    /// Tries it.
    pub async fn play(self, scene: &mut Scene) -> Result<Found> {
        match self {
            Self::Starts => starts(scene).await,
            Self::Restarts => restarts(scene).await,
            Self::Survives => survives(scene).await,
            _ if !scene.prints => Ok(Found::Nothing("machines of this type print nothing")),
            Self::Prints => prints(scene).await,
            Self::Orders => orders(scene).await,
            _ if scene.device == Device::Given => {
                Ok(Found::Nothing("the device that was given is not the simulated one"))
            }
            _ if scene.device == Device::None => {
                Ok(Found::Nothing("no setting of this driver leads to a network device"))
            }
            Self::SwitchedOff => switched_off(scene).await,
            Self::StartsWithout => starts_without(scene).await,
            Self::LetsNobodyIn => lets_nobody_in(scene).await,
            Self::StandsStill => stands_still(scene).await,
            Self::Breaks => breaks(scene).await,
            Self::Silent => silent(scene).await,
        }
    }
}

async fn starts(scene: &mut Scene) -> Result<Found> {
    let settled = |state: &MachineState| {
        use MachineState::{Failed, Incomplete, Quarantined, Ready};
        matches!(state, Ready | Incomplete { .. } | Failed { .. } | Quarantined { .. })
    };
    let machine = scene.until_machine(START, "a machine that is ready", |machine| settled(&machine.state)).await?;
    match machine.state {
        MachineState::Ready => Ok(Found::Fine(format!("ready, {}", machine.status_title))),
        state => bail!("the machine is {state}"),
    }
}

async fn prints(scene: &mut Scene) -> Result<Found> {
    let (bytes, labels) = (scene.printer.state().received_bytes, scene.printer.label_count());
    let job = done(scene, &scene.print("ONE").await?).await?;
    let proof = job.labels.proof.map_or("no proof", crate::model::Proof::name);
    match scene.device {
        Device::Simulated => {}
        Device::None => {
            return Ok(Found::Fine(format!("done ({proof}); no setting leads to a device, so nothing was sent")));
        }
        Device::Given => return Ok(Found::Fine(format!("done ({proof})"))),
    }
    let sent = scene.printer.state().received_bytes - bytes;
    ensure!(sent > 0, "the job is done ({proof}), and the device got no byte");
    scene.label_bytes = Some(sent);
    let came = scene.printer.wait_until_within(MOMENT, |state| state.labels_printed > labels).await;
    scene.is_read = came.is_ok();
    let read = match scene.printer.label_count() - labels {
        0 => "in a language that the simulated printer does not read".to_owned(),
        1 => {
            let label = scene.printer.labels().pop();
            let size = label.map(|label| format!("{} x {} dots", label.bitmap.width(), label.bitmap.height()));
            format!("the simulated printer made a label of {} of it", size.unwrap_or_default())
        }
        more => bail!("one label was asked for, and the simulated printer made {more} of what it got"),
    };
    Ok(Found::Fine(format!("done ({proof}): {sent} bytes, {read}")))
}

async fn orders(scene: &mut Scene) -> Result<Found> {
    let labels = scene.printer.label_count();
    let rows = json!([
        { "number": "A-1", "name": "First", "location": "1", "detail": "", "quantity": "1" },
        { "number": "A-2", "name": "Second", "location": "2", "detail": "", "quantity": "2" },
        { "number": "A-3", "name": "Third", "location": "3", "detail": "", "quantity": "3" },
    ]);
    let _: serde_json::Value = scene.of_machine("pause/").await?;
    let several = scene.print_rows(&rows).await;
    let jobs = [scene.print("TWO").await?, scene.print("THREE").await?];
    let _: serde_json::Value = scene.of_machine("resume/").await?;
    let mut ends = Vec::new();
    let several = match several {
        Ok(several) => {
            let over = done(scene, &several).await?;
            ensure!(over.labels.done == 3, "{} of its 3 labels are done", over.labels.done);
            ends.push(over.finished_at);
            3
        }
        // The machine may have other labels loaded.
        Err(_) => 0,
    };
    for job in &jobs {
        ends.push(done(scene, job).await?.finished_at);
    }
    ensure!(ends.is_sorted(), "jobs ended in another order than they were handed in");
    let wanted = several + 2;
    if scene.is_read {
        // A driver that does not ask its device is done before that is.
        let came = scene.printer.wait_until_within(LABEL, |state| state.labels_printed >= labels + wanted).await;
        ensure!(
            came.is_ok() && scene.printer.label_count() == labels + wanted,
            "{wanted} labels were asked for, and the simulated printer made {}",
            scene.printer.label_count() - labels
        );
    }
    Ok(Found::Fine(format!("{wanted} labels of {} jobs", ends.len())))
}

async fn switched_off(scene: &mut Scene) -> Result<Found> {
    scene.printer.set_fault(Fault::Refuse)?;
    let job = scene.print("OFF").await?;
    let stopped = scene
        .until_job(&job, LABEL, "a job that waits", |job| job.state == JobState::Waiting || job.state.is_over())
        .await?;
    let why = stopped.error.as_ref().map(|error| error.message.clone()).unwrap_or_default();
    match stopped.state {
        JobState::Waiting => {}
        JobState::Failed => bail!(
            "the job failed for good ({why}), and a device may be switched on again: hand the error of `connect` on as it is, or \
             make one that is transient"
        ),
        JobState::Done => bail!("the job is done, and the device was off"),
        state => bail!("the job is {} although no byte left ({why})", state.name()),
    }
    let is_shown = |machine: &MachineView| machine.status >= FAULT;
    if scene.until_machine(MOMENT * 3, "a fault", is_shown).await.is_err() {
        let MachineView { status, status_title, .. } = scene.machine().await?;
        bail!(
            "the device is off, and the machine shows '{status_title}' ({status}): set a status of {FAULT} or above when `connect` \
             fails"
        );
    }
    let shown = scene.machine().await?;
    scene.printer.clear_fault(FaultKind::Refuse)?;
    done(scene, &job).await?;
    Ok(Found::Fine(format!("the job waited ({why}), status {}, and went on by itself", shown.status_title)))
}

async fn starts_without(scene: &mut Scene) -> Result<Found> {
    scene.printer.set_fault(Fault::Refuse)?;
    let _: serde_json::Value = scene.of_machine("restart/").await?;
    let settled =
        |machine: &MachineView| !matches!(machine.state, MachineState::Starting | MachineState::Stopping { .. });
    let without = scene.until_machine(START, "a machine that has tried to start", settled).await?;
    scene.printer.clear_fault(FaultKind::Refuse)?;
    scene.until_machine(LABEL, "a machine that is ready when its device is", is_ready).await?;
    done(scene, &scene.print("LATER").await?).await?;
    Ok(Found::Fine(match without.state {
        MachineState::Ready => format!("ready, {}, and printed when the device was there", without.status_title),
        state => format!(
            "{}, and ready by itself when the device was there; `init_machine` need not fail for a device that is off",
            state.name()
        ),
    }))
}

async fn lets_nobody_in(scene: &mut Scene) -> Result<Found> {
    scene.printer.set_fault(Fault::Barrier)?;
    let job = scene.print("NOBODY").await?;
    let begun = |job: &JobRecord| job.state != JobState::Queued;
    scene.until_job(&job, LABEL, "a job that has begun", begun).await?;
    let over = cancelled(scene, &job).await?;
    match over.state {
        JobState::Done => Ok(Found::Nothing("the driver had a connection already")),
        JobState::Cancelled => Ok(Found::Fine("cancelled within two seconds".to_owned())),
        state => bail!("the job is {}, and no byte of it can have left", state.name()),
    }
}

async fn stands_still(scene: &mut Scene) -> Result<Found> {
    scene.printer.set_fault(Fault::StallAt { byte: middle(scene) })?;
    let labels = (TOO_MUCH / scene.label_bytes.unwrap_or(TOO_MUCH).max(1)).clamp(1, MOST_LABELS);
    let rows = (1..=labels).map(|number| json!({ "number": number.to_string(), "name": "Stands still" }));
    let job = scene.print_rows(&rows.collect()).await?;
    // Until nothing moves any more.
    let mut moved = (scene.job(&job).await?.labels, scene.printer.state().received_bytes, Instant::now());
    while moved.2.elapsed() < STILL {
        let now = scene.job(&job).await?;
        if now.state.is_over() {
            break;
        }
        let seen = (now.labels, scene.printer.state().received_bytes);
        if seen != (moved.0, moved.1) {
            moved = (seen.0, seen.1, Instant::now());
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    let over = cancelled(scene, &job).await?;
    match over.state {
        JobState::Done => Ok(Found::Nothing("all bytes fit into what lies between, so the driver never waits")),
        JobState::Failed => bail!("the job failed: {}", over.error.map(|error| error.message).unwrap_or_default()),
        state => Ok(Found::Fine(format!("cancelled within two seconds: {}", state.name()))),
    }
}

async fn breaks(scene: &mut Scene) -> Result<Found> {
    let (labels, bytes) = (scene.printer.label_count(), scene.printer.state().received_bytes);
    scene.printer.set_fault(Fault::CloseAt { byte: middle(scene), reset: true })?;
    let job = scene.print("BREAK").await?;
    // Once only: whoever connects again finds a device that is well.
    let broken = bytes + middle(scene);
    while scene.printer.state().received_bytes < broken {
        let now = scene.job(&job).await?;
        if now.state.is_over() || now.state == JobState::Waiting {
            break;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    scene.printer.clear_faults()?;
    let over = scene.until_job(&job, LABEL, "the end of the job", |job| job.state.is_over()).await?;
    let again = scene.printer.wait_until_within(MOMENT, |state| state.labels_printed > labels).await.is_ok();
    let why = over.error.as_ref().map(|error| format!(" ({error})")).unwrap_or_default();
    let proof = over.labels.proof.map_or("none", crate::model::Proof::name);
    let fits = scene.label_bytes.is_none_or(|bytes| bytes < BUFFERED);
    Ok(Found::Fine(match over.state {
        JobState::Unknown => "unknown: a person decides, and nothing is printed twice".to_owned(),
        JobState::Done if over.attempts > 1 => {
            "tried again, since the device said that it was not printed, or no byte had left".to_owned()
        }
        JobState::Done if again => bail!(
            "bytes of the label had left when the connection broke, and the driver printed it again by itself: hand the error on, the \
             daemon tries again where that is safe"
        ),
        JobState::Done if proof != "sent" => bail!("the label is done with the proof `{proof}`, and it never came out"),
        JobState::Done if fits => {
            "done (sent): its bytes were on their way before it broke, and the driver does not ask the device afterwards".to_owned()
        }
        JobState::Done => bail!(
            "the connection broke in the middle of the label, and it is done: hand the error of `write_all` on in place of going on"
        ),
        state => bail!("the job is {}{why}, and nobody can know whether the label came out", state.name()),
    }))
}

async fn silent(scene: &mut Scene) -> Result<Found> {
    scene.printer.set_fault(Fault::Silent)?;
    let _: serde_json::Value = scene.of_machine("restart/").await?;
    let job = scene.print("SILENT").await?;
    let stopped = scene
        .until_job(&job, LABEL, "a job that is over or says why it waits", |job| {
            job.state.is_over() || (job.state == JobState::Waiting && job.error.is_some())
        })
        .await?;
    let why = stopped.error.as_ref().map(|error| format!(": {}", error.message)).unwrap_or_default();
    Ok(Found::Fine(format!("{}{why}", stopped.state.name())))
}

async fn restarts(scene: &mut Scene) -> Result<Found> {
    let began = Instant::now();
    let _: serde_json::Value = scene.of_machine("restart/").await?;
    scene.until_machine(START, "a machine that is ready", is_ready).await?;
    scene.switch(false).await?;
    let off = |machine: &MachineView| machine.state == MachineState::Inactive;
    scene.until_machine(STOP, "a machine that is stopped", off).await?;
    scene.switch(true).await?;
    scene.until_machine(START, "a machine that is ready", is_ready).await?;
    Ok(Found::Fine(format!("ready again, after {:.1} s in all", began.elapsed().as_secs_f64())))
}

async fn survives(scene: &mut Scene) -> Result<Found> {
    let traps = scene.traps().await?;
    ensure!(traps == 0.0, "{traps} calls ended the driver's instance");
    Ok(Found::Fine("the instance was never lost".to_owned()))
}

/// The job, cancelled, when it is over.
async fn cancelled(scene: &Scene, job: &JobRecord) -> Result<JobRecord> {
    // It may be over by itself.
    let _ = scene.decide(job, "cancel/").await;
    scene.until_job(job, CANCEL, "the end of a cancelled job", |job| job.state.is_over()).await
}

fn is_ready(machine: &MachineView) -> bool {
    machine.state == MachineState::Ready
}

/// A place within a label.
fn middle(scene: &Scene) -> u64 {
    scene.label_bytes.map_or(EARLY, |bytes| bytes / 2)
}

/// The job, when it is done.
async fn done(scene: &Scene, job: &JobRecord) -> Result<JobRecord> {
    let over = scene.until_job(job, LABEL, "a job that is done", |job| job.state.is_over()).await?;
    let why = over.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
    ensure!(over.state == JobState::Done, "job {} is {}{why}", over.id, over.state.name());
    Ok(over)
}
