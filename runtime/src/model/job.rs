//! A job: a durable call, stored before it is acknowledged, and the ledger of its labels.

use super::{Digest, DriverError, JobId, MachineId, Timestamp, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum JobState {
    /// Waits for its turn.
    Queued,
    /// Somebody holds it back, until somebody releases it.
    Held,
    /// Its call runs.
    Printing,
    /// Waits for the device, or to be tried again.
    Waiting,
    /// All labels are finished.
    Done,
    /// Will not be tried again.
    Failed,
    /// Somebody cancelled it.
    Cancelled,
    /// Bytes of a label were on the wire and nobody knows whether it came out. A person decides.
    Unknown,
}

impl JobState {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Queued,
        Self::Held,
        Self::Printing,
        Self::Waiting,
        Self::Done,
        Self::Failed,
        Self::Cancelled,
        Self::Unknown,
    ];

    /// The name in the API and the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Held => "held",
            Self::Printing => "printing",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        }
    }

    /// The state of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether nothing more happens to the job by itself.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled | Self::Unknown)
    }
}

/// How sure the driver is that a label came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// All bytes were handed to the device.
    Sent,
    /// The device said that it has nothing left to print and no fault.
    Acknowledged,
    /// The device's own counter went up.
    Counted,
}

impl Proof {
    /// Every proof, the weakest first.
    pub const ALL: [Self; 3] = [Self::Sent, Self::Acknowledged, Self::Counted];

    /// The name in the API and the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Acknowledged => "acknowledged",
            Self::Counted => "counted",
        }
    }

    /// The proof of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|proof| proof.name() == name)
    }
}

/// The ledger of a job's labels. Labels go in order, one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct LabelProgress {
    /// How many labels are finished: those with an index below this.
    pub done: u32,
    /// The label that `label-started` was committed for and `label-done` not yet.
    pub started: Option<u32>,
    /// The weakest proof of the finished labels.
    pub proof: Option<Proof>,
}

/// A label that is finished, as its driver says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FinishedLabel {
    /// Its number from 0.
    pub index: u32,
    /// How sure that is.
    pub proof: Proof,
}

/// Values for the places in one label of a document.
pub type Fields = BTreeMap<String, String>;

/// What a job prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobContent {
    /// The document's bytes.
    pub document: Vec<u8>,
    /// Values for its places, one set a label; empty for a plain document.
    pub fields: Vec<Fields>,
}

/// A client's name for one request: whoever sends it again gets the job that it made, and not another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// The client's `Idempotency-Key`: 1 to 255 characters.
    pub key: String,
    /// What came with it: the same key with another request is a mistake.
    pub request: Digest,
}

/// Where a job goes in the queue of its machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Before all others, behind the one that runs.
    First,
    /// Behind all others.
    Last,
    /// Right before this one.
    Before(JobId),
    /// Right behind this one.
    After(JobId),
}

/// A job to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// The machine that is to print it.
    pub machine: MachineId,
    /// The function of the type's contract that runs it: `print-labels`.
    pub function: String,
    /// The document's bytes.
    pub document: Vec<u8>,
    /// The document's media type: `image/png`.
    pub media_type: String,
    /// What the document is called.
    pub title: String,
    /// How often each label is printed: 1 to 999.
    pub copies: u32,
    /// How many labels the document has.
    pub label_count: u32,
    /// Options of the driver.
    pub options: BTreeMap<String, Value>,
    /// Values for the document's places, one set a label; empty for a plain document.
    pub fields: Vec<Fields>,
    /// The client's name for the request.
    pub key: Option<RequestKey>,
    /// Who handed it in.
    pub by: String,
}

/// A job as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JobRecord {
    /// Its number.
    pub id: JobId,
    /// The machine that prints it.
    pub machine: MachineId,
    /// The machine's name when the job was made; the machine may be gone since.
    pub machine_name: String,
    /// The function of the type's contract that runs it.
    pub function: String,
    /// How far it is.
    pub state: JobState,
    /// What the document is called.
    pub title: String,
    /// The document's media type.
    pub media_type: String,
    /// The sha256 of the document.
    pub document: Digest,
    /// How often each label is printed.
    pub copies: u32,
    /// How many labels it has.
    pub label_count: u32,
    /// Options of the driver.
    pub options: BTreeMap<String, Value>,
    /// The ledger of its labels.
    pub labels: LabelProgress,
    /// How often its call was started.
    pub attempts: u32,
    /// Why it is waiting, held, failed, cancelled or unknown.
    pub error: Option<DriverError>,
    /// When it is tried next.
    pub next_try_at: Option<Timestamp>,
    /// When it was acknowledged.
    pub created_at: Timestamp,
    /// Who handed it in, as in the audit.
    pub created_by: String,
    /// When its call was first started.
    pub started_at: Option<Timestamp>,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
    /// The job that this one prints again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reprint_of: Option<JobId>,
}
