//! The store on real files. `writer`, `folder` and the like test the machinery; the others test one table group each.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod drivers;
mod events;
mod folder;
mod job_decisions;
mod job_moves;
mod job_recovery;
mod job_states;
mod jobs;
mod machines;
mod schema;
mod secrets;
mod settings;
mod trouble;
mod writer;

use super::{Result, Store, StoreError};
use crate::model::{JobId, JobRecord, MachineId, MachineRecord, NewJob, Timestamp};
use std::collections::BTreeMap;
use tempfile::TempDir;

fn open() -> (TempDir, Store) {
    Store::open_temporary().unwrap()
}

fn record(name: &str) -> MachineRecord {
    MachineRecord {
        id: MachineId::generate(),
        name: name.to_owned(),
        machine_type: "label-printer".parse().unwrap(),
        driver: "zebra".parse().unwrap(),
        active: true,
        created_at: Timestamp(1_000),
        ping_interval_ms: None,
        paused: false,
    }
}

async fn machine(store: &Store, name: &str) -> MachineId {
    let machine = record(name);
    store.insert_machine(machine.clone(), "anna").await.unwrap();
    machine.id
}

fn new_job(machine: MachineId, labels: u32) -> NewJob {
    NewJob {
        machine,
        function: "print-labels".to_owned(),
        document: format!("document of {labels}").into_bytes(),
        media_type: "image/png".to_owned(),
        title: "Box".to_owned(),
        copies: 1,
        label_count: labels,
        options: BTreeMap::new(),
        fields: Vec::new(),
        key: None,
        by: "anna".to_owned(),
    }
}

async fn job(store: &Store, machine: MachineId, labels: u32) -> JobId {
    store.enqueue(new_job(machine, labels)).await.unwrap().id
}

/// Starts a job on the machine that has it.
async fn start(store: &Store, id: JobId) -> Result<JobRecord> {
    let machine = store.job(id).await?.machine;
    store.start_job(id, machine).await
}

/// A store with a machine and a job that is printing.
async fn printing(labels: u32) -> (TempDir, Store, MachineId, JobId) {
    let (folder, store) = open();
    let machine = machine(&store, "Zebra").await;
    let job = job(&store, machine, labels).await;
    start(&store, job).await.unwrap();
    (folder, store, machine, job)
}

/// The text of a conflict, and that it is one.
fn conflict<T: std::fmt::Debug>(result: Result<T>) -> String {
    match result {
        Err(StoreError::Conflict { what }) => what,
        other => panic!("a conflict was expected, not {other:?}"),
    }
}

fn assert_same(left: &JobRecord, right: &JobRecord) {
    assert_eq!(left, right, "what was answered must be what is stored");
}

/// The kinds of all events, in order.
async fn kinds(store: &Store) -> Vec<String> {
    store.events_after(0, 1_000).await.unwrap().events.into_iter().map(|event| event.kind).collect()
}
