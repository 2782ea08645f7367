//! What a stopped daemon leaves behind.

use super::*;
use crate::model::{DriverError, JobState, Outcome, Proof};

fn restart(folder: &TempDir, store: Store) -> Store {
    drop(store);
    Store::open(folder.path()).unwrap()
}

#[tokio::test]
async fn a_label_on_the_wire_makes_its_job_unknown() {
    let (folder, store, machine, id) = printing(3).await;
    store.label_started(id, 0).await.unwrap();
    store.label_done(id, 0, Proof::Counted).await.unwrap();
    store.label_started(id, 1).await.unwrap();
    let store = restart(&folder, store);
    let recovered = store.recover_jobs().await.unwrap();
    assert_eq!(recovered.len(), 1);
    let job = &recovered[0];
    assert_eq!((job.id, job.state, job.labels.started, job.labels.done), (id, JobState::Unknown, Some(1), 1));
    let error = job.error.clone().unwrap();
    assert_eq!((error.code.as_str(), error.outcome), ("daemon-stopped", Outcome::Unknown));
    assert!(error.message.starts_with("Label 2 of 3 "), "{}", error.message);
    assert!(error.message.contains("Nothing is printed by itself"), "{}", error.message);
    assert!(error.message.contains("`ostler job retry 1 --from 2`, or --from 3 if it came out"), "{}", error.message);
    assert_eq!(store.next_job(machine).await.unwrap(), None);
    assert_same(&store.job(id).await.unwrap(), job);
    assert!(store.recover_jobs().await.unwrap().is_empty(), "once is enough");
}

#[tokio::test]
async fn a_label_on_the_wire_counts_also_while_its_call_waits_for_the_device() {
    let (folder, store, _, id) = printing(1).await;
    store.label_started(id, 0).await.unwrap();
    store.wait_for_device(id, DriverError::transient("no-media", "out of labels")).await.unwrap();
    let store = restart(&folder, store);
    assert_eq!(store.recover_jobs().await.unwrap()[0].state, JobState::Unknown);
}

#[tokio::test]
async fn a_job_between_labels_goes_on_where_it_was() {
    let (folder, store, machine, id) = printing(3).await;
    store.label_started(id, 0).await.unwrap();
    store.label_done(id, 0, Proof::Counted).await.unwrap();
    let store = restart(&folder, store);
    let recovered = store.recover_jobs().await.unwrap();
    assert_eq!((recovered[0].state, recovered[0].labels.done), (JobState::Queued, 1));
    assert_eq!(store.next_job(machine).await.unwrap().unwrap().id, id);
    start(&store, id).await.unwrap();
    store.label_started(id, 1).await.unwrap();
}

#[tokio::test]
async fn a_job_with_all_labels_finished_is_done() {
    let (folder, store, _, id) = printing(1).await;
    store.label_started(id, 0).await.unwrap();
    store.label_done(id, 0, Proof::Counted).await.unwrap();
    let store = restart(&folder, store);
    let recovered = store.recover_jobs().await.unwrap();
    assert_eq!((recovered[0].state, recovered[0].error.clone()), (JobState::Done, None));
}

#[tokio::test]
async fn jobs_that_did_not_run_stay_as_they_are() {
    let (folder, store, machine, deferred) = printing(1).await;
    let error = DriverError::transient("refused", "connection refused");
    let deferred = store.defer_job(deferred, error, Some(Timestamp(9_000))).await.unwrap();
    let queued = job(&store, machine, 1).await;
    let store = restart(&folder, store);
    assert!(store.recover_jobs().await.unwrap().is_empty());
    assert_same(&store.job(deferred.id).await.unwrap(), &deferred);
    assert_eq!(store.job(queued).await.unwrap().state, JobState::Queued);
}
