//! What people decide about jobs: each decision from the states that it is for, and what it leaves behind.

use super::*;
use crate::model::{Digest, DriverError, ErrorKind, JobState, LabelProgress, NewJob, Outcome, Proof, RequestKey};
use crate::store::AuditFilter;
use serde_json::json;

fn in_doubt() -> DriverError {
    DriverError::new(ErrorKind::NeedsAttention, "label-in-doubt", "who knows").with_outcome(Outcome::Unknown)
}

/// A job of two labels, of which the second may have come out.
async fn unknown() -> (TempDir, Store, MachineId, JobId) {
    let (folder, store, machine, id) = printing(2).await;
    store.label_started(id, 0).await.unwrap();
    store.label_done(id, 0, Proof::Counted).await.unwrap();
    store.label_started(id, 1).await.unwrap();
    store.finish_job(id, JobState::Unknown, Some(in_doubt())).await.unwrap();
    (folder, store, machine, id)
}

async fn last_audit(store: &Store) -> (String, String, Option<serde_json::Value>) {
    let audit = store.audits(AuditFilter { limit: 1, ..Default::default() }).await.unwrap().remove(0);
    (audit.action, audit.subject, audit.after)
}

#[tokio::test]
async fn a_held_job_lets_the_next_one_pass_and_keeps_its_place() {
    let (_folder, store) = open();
    let machine = machine(&store, "Zebra").await;
    let (first, second) = (job(&store, machine, 1).await, job(&store, machine, 1).await);
    let held = store.hold_job(first, "anna").await.unwrap();
    assert_eq!(held.state, JobState::Held);
    let why = held.error.unwrap().message;
    assert!(why.contains("held by anna") && why.contains("ostler job release 1"), "{why}");
    conflict(start(&store, first).await);
    assert_eq!(store.next_job(machine).await.unwrap().unwrap().id, second);
    let only_held = crate::store::JobFilter { states: vec![JobState::Held], ..Default::default() };
    let listed: Vec<_> = store.jobs(only_held).await.unwrap().iter().map(|job| job.id).collect();
    assert_eq!(listed, [first]);

    let released = store.release_job(first, "bert").await.unwrap();
    assert_eq!((released.state, released.error), (JobState::Queued, None));
    assert_eq!(store.next_job(machine).await.unwrap().unwrap().id, first);
    assert_eq!(last_audit(&store).await, ("job.release".into(), "job:1".into(), Some(json!({}))));
}

#[tokio::test]
async fn a_held_job_ends_with_its_machine() {
    let (_folder, store) = open();
    let machine = machine(&store, "Zebra").await;
    let id = job(&store, machine, 1).await;
    store.hold_job(id, "anna").await.unwrap();
    store.remove_machine(machine, "anna").await.unwrap();
    assert_eq!(store.job(id).await.unwrap().state, JobState::Cancelled);
}

#[tokio::test]
async fn a_job_whose_last_label_was_seen_is_done_by_that_word_alone() {
    let (_folder, store, machine, id) = unknown().await;
    let done = store.retry_job(id, Some(2), "anna").await.unwrap();
    assert_eq!(done.state, JobState::Done);
    assert_eq!(done.labels, LabelProgress { done: 2, started: None, proof: Some(Proof::Sent) });
    assert!(store.next_job(machine).await.unwrap().is_none());
    assert_eq!(last_audit(&store).await, ("job.retry".into(), "job:1".into(), Some(json!({ "from": 2 }))));
}

#[tokio::test]
async fn an_unknown_job_can_be_given_up_and_then_says_what_is_not_known() {
    let (_folder, store, machine, id) = unknown().await;
    let cancelled = store.cancel_job(id, "anna").await.unwrap();
    assert_eq!((cancelled.state, cancelled.labels.started), (JobState::Cancelled, None));
    let why = cancelled.error.unwrap().message;
    assert!(why.contains("cancelled by anna") && why.contains("label 2"), "{why}");
    assert!(store.next_job(machine).await.unwrap().is_none());
}

#[tokio::test]
async fn a_job_that_failed_goes_on_where_it_stopped() {
    let (_folder, store, _, id) = printing(3).await;
    store.label_started(id, 0).await.unwrap();
    store.label_done(id, 0, Proof::Sent).await.unwrap();
    let error = DriverError::new(ErrorKind::Permanent, "broken", "broken");
    store.finish_job(id, JobState::Failed, Some(error)).await.unwrap();
    let again = store.retry_job(id, None, "anna").await.unwrap();
    assert_eq!((again.state, again.labels.done), (JobState::Queued, 1));
}

#[tokio::test]
async fn a_reprint_is_another_job_with_all_that_the_first_one_had() {
    let (_folder, store) = open();
    let machine = machine(&store, "Zebra").await;
    let fields = vec![[("part".to_owned(), "M4".to_owned())].into(), [("part".to_owned(), "M5".to_owned())].into()];
    let options = [("darkness".to_owned(), crate::model::Value::Integer(12))].into();
    let new = NewJob { fields, options, copies: 3, ..new_job(machine, 2) };
    let old = store.enqueue(new).await.unwrap();
    conflict(store.reprint_job(old.id, "anna").await);
    store.cancel_job(old.id, "anna").await.unwrap();
    store.rename_machine(machine, "Zebra 2", "anna").await.unwrap();

    let again = store.reprint_job(old.id, "anna").await.unwrap();
    assert_eq!(
        (again.state, again.reprint_of, again.machine_name.as_str()),
        (JobState::Queued, Some(old.id), "Zebra 2")
    );
    assert_eq!((again.document, again.copies, &again.options), (old.document, 3, &old.options));
    assert_eq!(store.content(again.id).await.unwrap(), store.content(old.id).await.unwrap());
    assert_eq!(last_audit(&store).await, ("job.reprint".into(), "job:1".into(), Some(json!({ "job": 2 }))));
    // The document stays as long as one of them needs it.
    store.cancel_job(again.id, "anna").await.unwrap();
    store.remove_machine(machine, "anna").await.unwrap();
    assert!(matches!(store.reprint_job(old.id, "anna").await, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn a_request_that_is_sent_again_is_the_same_job_and_another_one_with_its_key_is_refused() {
    let (_folder, store) = open();
    let machine = machine(&store, "Zebra").await;
    let key = |request: &[u8]| Some(RequestKey { key: "order 7".to_owned(), request: Digest::of(request) });
    let first = store.enqueue(NewJob { key: key(b"a"), ..new_job(machine, 1) }).await.unwrap();
    let again = store.enqueue(NewJob { key: key(b"a"), ..new_job(machine, 1) }).await.unwrap();
    assert_same(&again, &first);
    assert_same(&store.job_of_request(key(b"a").unwrap()).await.unwrap().unwrap(), &first);
    let refused = conflict(store.enqueue(NewJob { key: key(b"b"), ..new_job(machine, 1) }).await);
    assert!(refused.contains("order 7") && refused.contains("job 1"), "{refused}");
    let other = store.enqueue(new_job(machine, 1)).await.unwrap();
    assert_ne!(other.id, first.id);
}
