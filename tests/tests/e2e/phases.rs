//! Every fault of a printer, at every phase of a job: what [`table`] says is what happens, while the fault lasts and afterwards.
//!
//! Each cell of the table has a machine and a printer of its own, with a job of three labels and a job behind it. When its
//! fault is over, what waited goes on without a hand, what is in doubt stays until a person says where to go on, and in the end
//! the printer has each label once, dot for dot, in order.

mod table;

use ostler_simulators::{Bitmap, Fault, ZebraConfig, ZebraPrinter, zebra::FaultKind, zebra::Moment, zebra::Serving};
use ostler_tests::{Daemon, PATIENCE, Pages, dots, pages, printer};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};
use table::{Fate, Row, TABLE};

/// How far a label gets when its fault comes: past its header, and not to its end.
const MIDDLE: usize = 200;
/// Connecting gives up soon, and machines are looked at when something waits for them.
const LIMITS: &str = "connect_ms = 1000";
/// The time between two looks at all cells.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// When the fault comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Before the job is handed in.
    Before,
    /// While the job waits behind a paused machine.
    Queued,
    /// Within the first label's bytes.
    Label1,
    /// Within the second label's bytes.
    Label2,
    /// After the first label's last byte, before the printer has said that it came out.
    LastByte,
    /// After the printer has said that the first label came out, before the second one's first byte.
    Between,
}

impl Phase {
    /// In the order of the table's columns.
    pub const ALL: [Self; 6] = [Self::Before, Self::Queued, Self::Label1, Self::Label2, Self::LastByte, Self::Between];

    /// When the printer is to have the fault, unless it has it at once.
    fn moment(self) -> Option<Moment> {
        match self {
            Self::Before | Self::Queued => None,
            Self::Label1 => Some(Moment::Within { format: 1, byte: MIDDLE }),
            Self::Label2 => Some(Moment::Within { format: 2, byte: MIDDLE }),
            Self::LastByte => Some(Moment::Read { format: 1 }),
            Self::Between => Some(Moment::Told { format: 1 }),
        }
    }

    /// Labels that are finished when the fault comes.
    fn done(self) -> u64 {
        match self {
            Self::Label2 | Self::Between => 1,
            Self::Before | Self::Queued | Self::Label1 | Self::LastByte => 0,
        }
    }
}

#[test]
fn the_table_has_every_fault_of_the_simulated_printer() {
    let listed: BTreeSet<FaultKind> = TABLE.iter().flat_map(|row| row.faults).map(|fault| (*fault).into()).collect();
    assert_eq!(listed, FaultKind::all().collect());
}

#[test]
fn a_fault_before_the_job_is_handed_in() {
    go_through(Phase::Before);
}

#[test]
fn a_fault_while_the_job_is_queued() {
    go_through(Phase::Queued);
}

#[test]
fn a_fault_within_the_bytes_of_the_first_label() {
    go_through(Phase::Label1);
}

#[test]
fn a_fault_within_the_bytes_of_the_second_label() {
    go_through(Phase::Label2);
}

#[test]
fn a_fault_after_the_last_byte_and_before_the_proof() {
    go_through(Phase::LastByte);
}

#[test]
fn a_fault_between_two_labels() {
    go_through(Phase::Between);
}

fn go_through(phase: Phase) {
    // Pings are on, so that who waits is looked at; otherwise none comes in between.
    let daemon = Daemon::builder().ping_interval(600_000).limits(LIMITS).start();
    daemon.install("ostler_driver_zebra");
    let cells: Vec<_> =
        TABLE.iter().flat_map(|row| row.faults.iter().map(|fault| Cell::new(&daemon, row, *fault, phase))).collect();
    for cell in &cells {
        daemon.until_state(&cell.name, "ready");
    }
    let cells: Vec<_> = cells.into_iter().map(|cell| cell.hand_in(&daemon)).collect();

    until_all(&cells, "while the fault lasts", |cell| cell.lasts(&daemon));
    // What just passes by is not seen a second time. (Who is tried again is not waiting just then, so it may take a moment.)
    until_all(&cells, "a second time, while the fault lasts", |cell| cell.lasts(&daemon));
    for cell in &cells {
        cell.zebra.clear_faults().unwrap();
    }
    until_all(&cells, "when the fault is over", |cell| cell.is_over(&daemon));
    for cell in &cells {
        cell.decide(&daemon);
    }
    until_all(&cells, "in the end", |cell| cell.is_printed(&daemon));
}

/// Waits until all cells are as they should be, or fails with all that are not.
#[track_caller]
fn until_all(cells: &[Cell], when: &str, is_so: impl Fn(&Cell) -> Result<(), String>) {
    let end = Instant::now() + PATIENCE;
    let mut left: Vec<_> = cells.iter().collect();
    loop {
        let mut wrongs = Vec::new();
        left.retain(|cell| match is_so(cell) {
            Ok(()) => false,
            Err(wrong) => {
                wrongs.push(format!("{}, {:?}: {wrong}", cell.name, cell.fate));
                true
            }
        });
        if left.is_empty() {
            return;
        }
        assert!(Instant::now() < end, "{} of {} cells, {when}:\n{}", left.len(), cells.len(), wrongs.join("\n"));
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// One fault at one phase.
struct Cell {
    fault: Fault,
    phase: Phase,
    fate: Fate,
    /// The fate of a job that begins when the fault is there.
    fate_behind: Fate,
    name: String,
    machine: String,
    zebra: ZebraPrinter,
    /// The job of three labels, and the one of one label behind it.
    jobs: [i64; 2],
}

impl Cell {
    fn new(daemon: &Daemon, row: &Row, fault: Fault, phase: Phase) -> Self {
        let zebra = printer::zebra_with(ZebraConfig {
            head_width: pages::WIDTH,
            label_length: pages::HEIGHT,
            // As most printers: who connects while another is served waits unread, and so labels come out in order.
            serving: Serving::OneAtATime,
            ..ZebraConfig::default()
        });
        let name = format!("{fault:?} {phase:?}");
        let connection = format!("CONNECTION={}", zebra.uri());
        let mut arguments = vec!["machine", "add", &name, "--driver", "zebra-zpl", "--set", &connection];
        arguments.extend(pages::SETTINGS.iter().flat_map(|setting| ["--set", setting]));
        let machine = daemon.json(&arguments)["pk"].as_str().unwrap().to_owned();
        let (fate, fate_behind) = (row.at(phase), row.at(Phase::Before));
        Self { fault, phase, fate, fate_behind, name, machine, zebra, jobs: [0; 2] }
    }

    fn documents(&self) -> [Pages; 2] {
        [Pages::new(&self.name, 3), Pages::new(&format!("behind {}", self.name), 1)]
    }

    /// Hands the jobs in, and lets the fault come at its phase.
    fn hand_in(mut self, daemon: &Daemon) -> Self {
        match (self.phase.moment(), self.phase) {
            (Some(moment), _) => self.zebra.set_fault_at(moment, self.fault).unwrap(),
            (None, Phase::Queued) => self.tell(daemon, "pause"),
            (None, _) => self.zebra.set_fault(self.fault).unwrap(),
        }
        self.jobs = self.documents().map(|document| {
            let path = format!("/api/job/?machine={}", self.machine);
            let (status, job) = daemon.request("POST", &path, Some(("application/pdf", document.pdf())));
            assert_eq!(status, 201, "{job:#}");
            job["id"].as_i64().unwrap()
        });
        if self.phase == Phase::Queued {
            for job in self.jobs {
                assert_eq!(daemon.job(job)["state"], "queued");
            }
            self.zebra.set_fault(self.fault).unwrap();
            self.tell(daemon, "resume");
        }
        self
    }

    fn tell(&self, daemon: &Daemon, what: &str) {
        let (status, answer) = daemon.request("POST", &format!("/api/machine/{}/{what}/", self.machine), None);
        assert_eq!(status, 200, "{answer:#}");
    }

    /// Whether the fault is there, and both jobs are as the table says.
    fn lasts(&self, daemon: &Daemon) -> Result<(), String> {
        let state = self.zebra.state();
        if !state.faults.contains(&self.fault) {
            return Err(format!("the fault has not come: {state:?}"));
        }
        // What is sent to a printer that forgets it has to be gone before the printer listens again.
        let gone = self.zebra.received().windows(3).filter(|bytes| bytes == b"^XZ").count() as u64;
        if self.fault == Fault::Deaf && gone <= self.phase.done() {
            return Err(format!("{gone} labels have arrived"));
        }
        let [job, behind] = self.jobs.map(|job| daemon.job(job));
        meets(&job, self.fate, self.phase.done(), 3)?;
        if matches!(self.fate, Fate::Done(_) | Fate::Forgotten | Fate::Doubt { .. }) {
            meets(&behind, self.fate_behind, 0, 1)
        } else {
            is(&behind, "queued", &[])
        }
        .map_err(|wrong| format!("behind it: {wrong}"))
    }

    /// Whether everything has happened that does without a person.
    fn is_over(&self, daemon: &Daemon) -> Result<(), String> {
        let [job, behind] = self.jobs.map(|job| daemon.job(job));
        match self.fate {
            Fate::Done(_) | Fate::Forgotten => meets(&job, self.fate, 0, 3),
            Fate::Waits(_) | Fate::Held | Fate::Crawls => meets(&job, Fate::Done("counted"), 0, 3),
            Fate::Prints(proof) => meets(&job, Fate::Done(proof), 0, 3),
            Fate::Doubt { label, .. } | Fate::PrintsThenDoubt(label) => in_doubt(&job, label),
            Fate::PrintsThenFails(label) => {
                is(&job, "failed", &[("/labels/done", json!(label - 1)), ("/error/outcome", json!("not-printed"))])
            }
        }?;
        let proof = match (self.fate, self.fate_behind) {
            (Fate::Done(_) | Fate::Forgotten, Fate::Done(proof)) => proof,
            (Fate::Forgotten, _) => "sent",
            _ => "counted",
        };
        meets(&behind, Fate::Done(proof), 0, 1).map_err(|wrong| format!("behind it: {wrong}"))
    }

    /// Says where to go on, if it takes a person.
    fn decide(&self, daemon: &Daemon) {
        let id = self.jobs[0].to_string();
        match self.fate {
            Fate::Doubt { label, came_out } => {
                let from = (label + u64::from(came_out)).to_string();
                daemon.cli(&["job", "retry", &id, "--from", &from]).ok();
            }
            Fate::PrintsThenDoubt(label) => {
                daemon.cli(&["job", "retry", &id, "--from", &label.to_string()]).ok();
            }
            Fate::PrintsThenFails(_) => {
                daemon.cli(&["job", "retry", &id]).ok();
            }
            Fate::Done(_) | Fate::Forgotten | Fate::Waits(_) | Fate::Held | Fate::Prints(_) | Fate::Crawls => {}
        }
    }

    /// Whether the job is done, and each label has come out once, in order, with the right dots.
    fn is_printed(&self, daemon: &Daemon) -> Result<(), String> {
        let proof = match self.fate {
            Fate::Done(proof) | Fate::Prints(proof) => proof,
            // That one of its labels came out has no other proof than a person's word.
            Fate::Forgotten | Fate::Doubt { came_out: true, .. } => "sent",
            _ => "counted",
        };
        meets(&daemon.job(self.jobs[0]), Fate::Done(proof), 0, 3)?;
        let expected = self.expected();
        if self.zebra.label_count() != expected.len() as u64 {
            return Err(format!("{} labels came out instead of {}", self.zebra.label_count(), expected.len()));
        }
        for (at, (label, expected)) in (1..).zip(self.zebra.labels().iter().zip(&expected)) {
            if let Some(difference) = dots::difference(expected, &label.bitmap) {
                return Err(format!("the label that came out as number {at}: {difference}"));
            }
        }
        Ok(())
    }

    /// The labels in the order in which they come out.
    fn expected(&self) -> Vec<Bitmap> {
        let [mut job, behind] = self.documents().map(|document| document.dots());
        // Those that come out before a person decides.
        let first = match self.fate {
            Fate::Forgotten => return Vec::new(),
            Fate::Doubt { label, came_out: true } => label,
            Fate::Doubt { label, .. } | Fate::PrintsThenDoubt(label) | Fate::PrintsThenFails(label) => label - 1,
            Fate::Done(_) | Fate::Waits(_) | Fate::Held | Fate::Prints(_) | Fate::Crawls => 3,
        };
        let rest = job.split_off(usize::try_from(first).unwrap());
        [job, behind, rest].concat()
    }
}

/// Whether a job of `count` labels, of which `done` were finished when the fault came, is as its fate wants it while the
/// fault lasts.
fn meets(job: &Value, fate: Fate, done: u64, count: u64) -> Result<(), String> {
    match fate {
        Fate::Done(proof) => is(job, "done", &[("/labels/done", json!(count)), ("/labels/proof", json!(proof))]),
        Fate::Forgotten => is(job, "done", &[("/labels/proof", json!("sent"))]),
        Fate::Waits(kind) => {
            let started = ("/labels/started", Value::Null);
            is(job, "waiting", &[("/error/kind", json!(kind)), ("/labels/done", json!(done)), started])
        }
        Fate::Held => {
            let kind = ("/error/kind", json!("needs-attention"));
            is(job, "waiting", &[kind, ("/labels/done", json!(done)), ("/labels/started", json!(done))])
        }
        Fate::Prints(_) | Fate::PrintsThenDoubt(_) | Fate::PrintsThenFails(_) => {
            is(job, "printing", &[("/labels/done", json!(done)), ("/labels/started", json!(done))])
        }
        Fate::Crawls => is(job, "printing", &[]),
        Fate::Doubt { label, .. } => in_doubt(job, label),
    }
}

/// Whether a job is in this state, with these values at these places.
fn is(job: &Value, state: &str, values: &[(&str, Value)]) -> Result<(), String> {
    let has = |(place, value): &(&str, Value)| job.pointer(place).unwrap_or(&Value::Null) == value;
    if job["state"] == state && values.iter().all(has) {
        return Ok(());
    }
    let (labels, error) = (&job["labels"], &job["error"]);
    Err(format!("'{state}' with {values:?} was expected; it is {} with {labels} and {error}", job["state"]))
}

fn in_doubt(job: &Value, label: u64) -> Result<(), String> {
    let (code, outcome) = (("/error/code", json!("label-in-doubt")), ("/error/outcome", json!("unknown")));
    is(job, "unknown", &[("/labels/done", json!(label - 1)), ("/labels/started", json!(label - 1)), code, outcome])
}
