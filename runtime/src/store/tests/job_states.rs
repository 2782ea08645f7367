//! Every transition of a job, legal and illegal, and the ledger of labels.

use super::*;
use crate::{
    model::{DriverError, FinishedLabel, JobState, LabelProgress, Outcome, Proof},
    store::{AuditFilter, InHand},
};
use serde_json::json;
use std::time::Duration;

fn transient() -> DriverError {
    DriverError::transient("refused", "connection refused")
}

fn nobody_knows() -> DriverError {
    DriverError { outcome: Outcome::Unknown, ..transient() }
}

#[tokio::test]
async fn a_job_is_printed_label_by_label() {
    let (_folder, store, machine, id) = printing(2).await;
    let job = store.job(id).await.unwrap();
    assert_eq!((job.state, job.attempts), (JobState::Printing, 1));
    assert!(job.started_at.is_some());
    store.label_started(id, 0).await.unwrap();
    assert_eq!(store.job(id).await.unwrap().labels, LabelProgress { done: 0, started: Some(0), proof: None });
    store.label_done(id, 0, Proof::Counted).await.unwrap();
    store.label_started(id, 1).await.unwrap();
    store.label_done(id, 1, Proof::Acknowledged).await.unwrap();
    let done = store.finish_job(id, JobState::Done, None).await.unwrap();
    assert_eq!(done.labels, LabelProgress { done: 2, started: None, proof: Some(Proof::Acknowledged) });
    assert!(done.finished_at.is_some());
    assert_same(&store.job(id).await.unwrap(), &done);
    let events = store.events_after(1, 100).await.unwrap().events;
    assert!(events.iter().all(|event| event.job == Some(id) && event.machine == Some(machine)));
    let told: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(
        told,
        [
            "job.state-changed",
            "job.state-changed",
            "job.label-started",
            "job.label-done",
            "job.label-started",
            "job.label-done",
            "job.state-changed"
        ]
    );
    assert_eq!(events[3].data, json!({ "index": 0, "proof": "counted" }));
    assert_eq!((&events[6].data["from"], &events[6].data["to"]), (&json!("printing"), &json!("done")));
}

fn in_hand(job: JobId, index: u32) -> InHand {
    InHand { job, finished: Some(FinishedLabel { index, proof: Proof::Counted }) }
}

#[tokio::test]
async fn a_finished_label_is_written_in_the_commit_of_the_next_entry_and_before_it() {
    let (_folder, store, machine, id) = printing(2).await;
    let next = job(&store, machine, 1).await;
    store.label_started(id, 0).await.unwrap();
    let before = store.write_counts().commits;
    store.label_started(in_hand(id, 0), 1).await.unwrap();
    let labels = store.job(id).await.unwrap().labels;
    assert_eq!(labels, LabelProgress { done: 1, started: Some(1), proof: Some(Proof::Counted) });
    let (started, _) =
        store.finish_job_and_start_next(in_hand(id, 1), JobState::Done, None, None).await.unwrap().unwrap();
    assert_eq!((started.id, store.job(id).await.unwrap().state), (next, JobState::Done));
    assert_eq!(store.write_counts().commits, before + 2);
    let told = kinds(&store).await;
    let told: Vec<_> = told.iter().skip_while(|kind| *kind != "job.label-started").map(String::as_str).collect();
    assert_eq!(
        told,
        [
            "job.label-started",
            "job.label-done",
            "job.label-started",
            "job.label-done",
            "job.state-changed",
            "job.state-changed"
        ]
    );
}

#[tokio::test]
async fn a_finished_label_is_not_written_without_the_entry_that_it_goes_with() {
    let (_folder, store, _, id) = printing(2).await;
    store.label_started(id, 0).await.unwrap();
    conflict(store.label_started(in_hand(id, 0), 2).await);
    conflict(store.finish_job(in_hand(id, 0), JobState::Done, None).await);
    assert_eq!(store.job(id).await.unwrap().labels, LabelProgress { done: 0, started: Some(0), proof: None });
    let put_off = store.defer_job(in_hand(id, 0), nobody_knows(), None).await.unwrap();
    assert_eq!((put_off.labels.done, put_off.labels.started), (1, None), "a label that is done is in no doubt");
}

#[tokio::test]
async fn a_finished_label_that_is_in_the_ledger_already_changes_nothing() {
    let (_folder, store, _, id) = printing(2).await;
    store.label_started(id, 0).await.unwrap();
    store.write_down(in_hand(id, 0)).await.unwrap();
    store.label_started(id, 1).await.unwrap();
    let (labels, events) = (store.job(id).await.unwrap().labels, kinds(&store).await);
    // As when the one who wrote it down did not live to hear that.
    store.write_down(in_hand(id, 0)).await.unwrap();
    assert_eq!((store.job(id).await.unwrap().labels, kinds(&store).await), (labels, events));
    let error = Some(nobody_knows());
    let unknown = store.finish_job(in_hand(id, 0), JobState::Unknown, error).await.unwrap();
    assert_eq!((unknown.labels.done, unknown.labels.started), (1, Some(1)));
}

#[tokio::test]
async fn a_job_keeps_the_weakest_proof() {
    let all = [Proof::Sent, Proof::Acknowledged, Proof::Counted];
    for first in all {
        for second in all {
            let (_folder, store, _, id) = printing(2).await;
            for (index, proof) in [(0, first), (1, second)] {
                store.label_started(id, index).await.unwrap();
                store.label_done(id, index, proof).await.unwrap();
            }
            assert_eq!(store.job(id).await.unwrap().labels.proof, Some(first.min(second)));
        }
    }
}

#[tokio::test]
async fn labels_go_in_order_one_at_a_time_and_only_while_printing() {
    let (_folder, store, _, id) = printing(2).await;
    conflict(store.label_started(id, 1).await);
    conflict(store.label_done(id, 0, Proof::Sent).await);
    store.label_started(id, 0).await.unwrap();
    let refused = conflict(store.label_started(id, 0).await);
    assert!(refused.contains("label index 0 is started"), "{refused}");
    conflict(store.label_done(id, 1, Proof::Sent).await);
    store.label_done(id, 0, Proof::Sent).await.unwrap();
    conflict(store.label_done(id, 0, Proof::Sent).await);
    store.label_started(id, 1).await.unwrap();
    store.label_done(id, 1, Proof::Sent).await.unwrap();
    conflict(store.label_started(id, 2).await);
    store.finish_job(id, JobState::Done, None).await.unwrap();
    conflict(store.label_started(id, 0).await);
    assert!(matches!(store.label_started(JobId(99), 0).await, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn a_job_is_done_only_when_all_labels_are() {
    let (_folder, store, _, id) = printing(2).await;
    store.label_started(id, 0).await.unwrap();
    store.label_done(id, 0, Proof::Sent).await.unwrap();
    let refused = conflict(store.finish_job(id, JobState::Done, None).await);
    assert!(refused.contains("1 of 2 labels are finished"), "{refused}");
    for state in [JobState::Queued, JobState::Printing, JobState::Waiting] {
        conflict(store.finish_job(id, state, None).await);
    }
    let (_folder, store, _, id) = printing(0).await;
    store.finish_job(id, JobState::Done, None).await.expect("a job without labels has nothing to prove");
}

#[tokio::test]
async fn a_started_label_is_taken_back_only_when_it_is_known_not_to_be_printed() {
    let (_folder, store, _, id) = printing(1).await;
    store.label_started(id, 0).await.unwrap();
    let refused = conflict(store.defer_job(id, nobody_knows(), None).await);
    assert!(refused.contains("finish the job as unknown"), "{refused}");
    conflict(store.finish_job(id, JobState::Failed, Some(nobody_knows())).await);
    conflict(store.finish_job(id, JobState::Cancelled, None).await);
    let not_printed = DriverError { outcome: Outcome::NotPrinted, ..transient() };
    let waiting = store.defer_job(id, not_printed, Some(Timestamp(9_000))).await.unwrap();
    assert_eq!((waiting.state, waiting.labels.started), (JobState::Waiting, None));
    assert_eq!(waiting.next_try_at, Some(Timestamp(9_000)));
    let again = start(&store, id).await.unwrap();
    assert_eq!((again.attempts, again.error, again.next_try_at), (2, None, None));
    store.label_started(id, 0).await.unwrap();
    let unknown = store.finish_job(id, JobState::Unknown, Some(nobody_knows())).await.unwrap();
    assert_eq!((unknown.state, unknown.labels.started), (JobState::Unknown, Some(0)));
}

#[tokio::test]
async fn a_call_that_waits_for_media_keeps_its_label_and_its_attempt() {
    let (_folder, store, _, id) = printing(1).await;
    store.label_started(id, 0).await.unwrap();
    let waiting = store.wait_for_device(id, nobody_knows()).await.unwrap();
    assert_eq!((waiting.state, waiting.labels.started), (JobState::Waiting, Some(0)));
    conflict(start(&store, id).await);
    conflict(store.cancel_job(id, "anna").await);
    let resumed = store.resume_job(id).await.unwrap();
    assert_eq!((resumed.state, resumed.attempts, resumed.error), (JobState::Printing, 1, None));
    conflict(store.hold_job(id, "anna").await);
    store.wait_for_device(id, nobody_knows()).await.unwrap();
    store.label_done(id, 0, Proof::Counted).await.expect("the device may be faster than the news of its recovery");
    assert_eq!(store.job(id).await.unwrap().state, JobState::Printing, "there is nothing left to wait for");
    conflict(store.wait_for_device(id, nobody_knows()).await);
    store.finish_job(id, JobState::Done, None).await.unwrap();
}

#[tokio::test]
async fn a_machine_prints_one_job_at_a_time() {
    let (_folder, store, machine, id) = printing(1).await;
    let second = job(&store, machine, 1).await;
    assert!(conflict(start(&store, second).await).contains("another job"));
    store.label_started(id, 0).await.unwrap();
    store.wait_for_device(id, transient()).await.unwrap();
    start(&store, second).await.unwrap();
    assert!(conflict(store.resume_job(id).await).contains("another job"));
    store.defer_job(second, transient(), None).await.unwrap();
    store.resume_job(id).await.unwrap();
    store.finish_job(id, JobState::Failed, Some(transient())).await.unwrap();
    start(&store, second).await.unwrap();
}

#[tokio::test]
async fn cancelling_is_for_jobs_whose_call_does_not_run() {
    let (_folder, store, machine, running) = printing(1).await;
    conflict(store.cancel_job(running, "anna").await);
    let queued = job(&store, machine, 1).await;
    let cancelled = store.cancel_job(queued, "anna").await.unwrap();
    assert_eq!(cancelled.state, JobState::Cancelled);
    assert_eq!(cancelled.error.unwrap().message, "cancelled by anna");
    store.defer_job(running, transient(), None).await.unwrap();
    store.cancel_job(running, "anna").await.expect("it waits to be tried again");
    let audit = store.audits(AuditFilter { limit: 1, ..Default::default() }).await.unwrap().remove(0);
    assert_eq!((audit.action.as_str(), audit.subject), ("job.cancel", format!("job:{running}")));
}

#[tokio::test]
async fn nothing_happens_to_a_job_that_is_over() {
    for state in [JobState::Done, JobState::Failed, JobState::Cancelled, JobState::Unknown] {
        let (_folder, store, _, id) = printing(0).await;
        let over = store.finish_job(id, state, None).await.unwrap();
        let events = store.last_event_id().await.unwrap();
        conflict(start(&store, id).await);
        conflict(store.resume_job(id).await);
        conflict(store.wait_for_device(id, transient()).await);
        conflict(store.defer_job(id, transient(), None).await);
        conflict(store.finish_job(id, JobState::Failed, None).await);
        conflict(store.hold_job(id, "anna").await);
        conflict(store.release_job(id, "anna").await);
        if state != JobState::Unknown {
            conflict(store.cancel_job(id, "anna").await);
        }
        conflict(store.label_started(id, 0).await);
        assert_same(&store.job(id).await.unwrap(), &over);
        assert_eq!(store.last_event_id().await.unwrap(), events);
    }
}

#[tokio::test]
async fn a_queued_job_can_only_be_started_held_or_cancelled() {
    let (_folder, store) = open();
    let machine = machine(&store, "Zebra").await;
    let id = job(&store, machine, 1).await;
    conflict(store.resume_job(id).await);
    conflict(store.wait_for_device(id, transient()).await);
    conflict(store.defer_job(id, transient(), None).await);
    conflict(store.finish_job(id, JobState::Failed, Some(transient())).await);
    conflict(store.retry_job(id, Some(0), "anna").await);
    conflict(store.release_job(id, "anna").await);
    conflict(store.reprint_job(id, "anna").await);
    conflict(store.label_started(id, 0).await);
    start(&store, id).await.unwrap();
    conflict(start(&store, id).await);
}

#[tokio::test]
async fn a_person_may_go_on_from_any_label() {
    let (_folder, store, machine, id) = printing(3).await;
    store.label_started(id, 0).await.unwrap();
    store.label_done(id, 0, Proof::Sent).await.unwrap();
    store.label_started(id, 1).await.unwrap();
    store.finish_job(id, JobState::Unknown, Some(nobody_knows())).await.unwrap();
    assert!(conflict(store.retry_job(id, Some(4), "anna").await).contains("3 labels"));
    let undecided = conflict(store.retry_job(id, None, "anna").await);
    assert!(undecided.contains("--from 2") && undecided.contains("--from 3"), "{undecided}");
    let again = store.retry_job(id, Some(1), "anna").await.unwrap();
    assert_eq!(again.labels, LabelProgress { done: 1, started: None, proof: Some(Proof::Sent) });
    assert_eq!((again.state, again.error, again.finished_at), (JobState::Queued, None, None));
    assert_eq!(store.next_job(machine).await.unwrap().unwrap().id, id);
    start(&store, id).await.unwrap();
    store.label_started(id, 1).await.unwrap();
    let audit = store.audits(AuditFilter { limit: 1, ..Default::default() }).await.unwrap().remove(0);
    assert_eq!((audit.action.as_str(), audit.after), ("job.retry", Some(json!({ "from": 1 }))));
}

#[tokio::test]
async fn the_next_job_is_started_with_the_end_of_the_one_before_if_it_is_due() {
    let (_folder, store, machine, first) = printing(1).await;
    let (second, third) = (job(&store, machine, 1).await, job(&store, machine, 1).await);
    let next =
        store.finish_job_and_start_next(first, JobState::Cancelled, Some(transient_not_sent()), None).await.unwrap();
    let (next, content) = next.unwrap();
    assert_eq!((next.id, next.state, next.attempts), (second, JobState::Printing, 1));
    assert_eq!(content, Some(store.content(second).await.unwrap()));
    assert_same(&store.job(second).await.unwrap(), &next);
    assert_eq!(store.job(first).await.unwrap().state, JobState::Cancelled);

    // One that is put off keeps those behind it waiting.
    let fourth = job(&store, machine, 1).await;
    store.defer_job(second, transient_not_sent(), Some(Timestamp::now().after(Duration::from_mins(1)))).await.unwrap();
    start(&store, third).await.unwrap();
    let next =
        store.finish_job_and_start_next(third, JobState::Cancelled, Some(transient_not_sent()), None).await.unwrap();
    assert_eq!(next, None);
    assert_eq!(store.job(fourth).await.unwrap().state, JobState::Queued);

    // What cannot be finished starts nothing.
    start(&store, fourth).await.unwrap();
    conflict(store.finish_job_and_start_next(fourth, JobState::Done, None, None).await);
    assert_eq!(store.job(fourth).await.unwrap().state, JobState::Printing);
}

#[tokio::test]
async fn what_the_next_job_prints_is_not_read_when_it_is_known() {
    let (_folder, store, machine, first) = printing(1).await;
    let second = job(&store, machine, 1).await;
    let error = Some(transient_not_sent());
    let next = store.finish_job_and_start_next(first, JobState::Cancelled, error, Some(second)).await.unwrap();
    assert!(matches!(next, Some((next, None)) if next.id == second && next.state == JobState::Printing));
}

fn transient_not_sent() -> DriverError {
    transient().with_outcome(Outcome::NotSent)
}
