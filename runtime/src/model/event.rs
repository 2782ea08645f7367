//! Something that happened, as the durable feed keeps it.

use super::{JobId, MachineId, Slug, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An event to be written in the transaction of the change that it tells of.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// What happened: `machine.state-changed`, `job.state-changed` ...
    pub kind: &'static str,
    /// The machine that it happened to.
    pub machine: Option<MachineId>,
    /// The driver that it happened to.
    pub driver: Option<Slug>,
    /// The job that it happened to.
    pub job: Option<JobId>,
    /// The facts.
    pub data: serde_json::Value,
}

impl NewEvent {
    /// An event about nothing in particular yet.
    pub fn new(kind: &'static str, data: serde_json::Value) -> Self {
        Self { kind, machine: None, driver: None, job: None, data }
    }

    /// It happened to this machine.
    #[must_use]
    pub fn of_machine(mut self, machine: MachineId) -> Self {
        self.machine = Some(machine);
        self
    }

    /// It happened to this driver.
    #[must_use]
    pub fn of_driver(mut self, driver: Slug) -> Self {
        self.driver = Some(driver);
        self
    }

    /// It happened to this job.
    #[must_use]
    pub fn of_job(mut self, job: JobId) -> Self {
        self.job = Some(job);
        self
    }
}

/// An event that has been written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// Its number; later events have higher ones.
    pub id: i64,
    /// When it happened.
    pub at: Timestamp,
    /// Version of this record's form.
    pub v: u32,
    /// What happened.
    pub kind: String,
    /// The machine that it happened to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine: Option<MachineId>,
    /// The driver that it happened to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver: Option<Slug>,
    /// The job that it happened to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
    /// The facts.
    pub data: serde_json::Value,
}
