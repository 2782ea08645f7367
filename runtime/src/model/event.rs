//! Something that happened, as the durable feed keeps it.

use super::{JobId, MachineId, Slug, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

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

/// Every kind of event, in groups.
pub const KINDS: &[&str] = &[
    "driver.disabled",
    "driver.enabled",
    "driver.grant-approved",
    "driver.grant-revoked",
    "driver.installed",
    "driver.isolation-changed",
    "driver.removed",
    "job.label-done",
    "job.label-started",
    "job.moved",
    "job.state-changed",
    "machine.activated",
    "machine.added",
    "machine.deactivated",
    "machine.paused",
    "machine.ping-interval-changed",
    "machine.removed",
    "machine.renamed",
    "machine.resumed",
    "machine.settings-changed",
    "machine.state-changed",
    "machine.status-changed",
    "plugin.disabled",
    "plugin.enabled",
    "plugin.installed",
    "plugin.removed",
    "template.added",
    "template.removed",
    "token.created",
    "token.revoked",
];

/// Which events somebody wants; what is empty stands in nobody's way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Those of one of these machines.
    pub machines: Vec<MachineId>,
    /// Those that name one of these drivers.
    pub drivers: Vec<Slug>,
    /// Those whose kind begins with one of these.
    pub kinds: Vec<String>,
    /// Those of this job.
    pub job: Option<JobId>,
    /// Those of these machines or of none: whoever asks may see no others. None for all.
    pub within: Option<BTreeSet<MachineId>>,
}

/// What an event is about.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// What happened.
    pub kind: &'a str,
    /// The machine that it happened to.
    pub machine: Option<MachineId>,
    /// The driver that it happened to.
    pub driver: Option<&'a str>,
    /// The job that it happened to.
    pub job: Option<JobId>,
}

impl EventFilter {
    /// Whether it lets an event through.
    pub fn accepts(&self, about: About<'_>) -> bool {
        (self.machines.is_empty() || about.machine.is_some_and(|machine| self.machines.contains(&machine)))
            && (self.drivers.is_empty()
                || about.driver.is_some_and(|driver| self.drivers.iter().any(|wanted| wanted.as_str() == driver)))
            && (self.kinds.is_empty() || self.kinds.iter().any(|wanted| about.kind.starts_with(wanted.as_str())))
            && self.job.is_none_or(|job| about.job == Some(job))
            && self.within.as_ref().is_none_or(|seen| about.machine.is_none_or(|machine| seen.contains(&machine)))
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

impl Event {
    /// What it is about.
    pub fn about(&self) -> About<'_> {
        About { kind: &self.kind, machine: self.machine, driver: self.driver.as_ref().map(Slug::as_str), job: self.job }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_filter_lets_through_what_meets_all_of_it() {
        let [dock, desk] = [MachineId::generate(), MachineId::generate()];
        let about = About { kind: "job.state-changed", machine: Some(dock), driver: None, job: Some(JobId(7)) };
        let filter = EventFilter::default();
        assert!(filter.accepts(about));
        let of_dock = EventFilter { machines: vec![desk, dock], kinds: vec!["job.".to_owned()], ..filter.clone() };
        assert!(of_dock.accepts(about));
        assert!(!of_dock.accepts(About { kind: "machine.renamed", ..about }));
        assert!(!of_dock.accepts(About { machine: None, ..about }));
        let of_job = EventFilter { job: Some(JobId(7)), ..filter.clone() };
        assert!(of_job.accepts(about) && !of_job.accepts(About { job: Some(JobId(8)), ..about }));
        let for_desk = EventFilter { within: Some([desk].into()), ..filter.clone() };
        assert!(!for_desk.accepts(about) && for_desk.accepts(About { machine: None, ..about }));
        let of_driver = EventFilter { drivers: vec!["zebra-zpl".parse().unwrap()], ..filter };
        assert!(!of_driver.accepts(about) && of_driver.accepts(About { driver: Some("zebra-zpl"), ..about }));
    }

    #[test]
    fn kinds_are_listed_once_and_in_order() {
        assert!(KINDS.windows(2).all(|pair| matches!(pair, [one, next] if one < next)));
    }
}
