//! Turns that are changed: within a queue, and to another machine's.

use super::*;
use crate::model::{DriverError, ErrorKind, JobState, Outcome, Place};
use crate::store::{AuditFilter, job_moves::queue_sql};

/// The numbers of the jobs that are not over, in the order of their turns.
async fn queue(store: &Store, machine: MachineId) -> Vec<i64> {
    store.queue(machine, 1000).await.unwrap().iter().map(|job| job.id.0).collect()
}

/// A store with a machine and jobs 1 to `count` that wait.
async fn waiting(count: usize) -> (TempDir, Store, MachineId) {
    let (folder, store) = open();
    let machine = machine(&store, "Zebra").await;
    for _ in 0..count {
        job(&store, machine, 2).await;
    }
    (folder, store, machine)
}

async fn go(store: &Store, id: i64, place: Place) -> Result<JobRecord> {
    store.move_job(JobId(id), place, "anna").await
}

#[tokio::test]
async fn a_job_goes_where_it_is_told_and_the_others_keep_their_order() {
    let (_folder, store, machine) = waiting(5).await;
    for (id, place, order) in [
        (4, Place::First, [4, 1, 2, 3, 5]),
        (1, Place::Last, [4, 2, 3, 5, 1]),
        (5, Place::Before(JobId(2)), [4, 5, 2, 3, 1]),
        (4, Place::After(JobId(3)), [5, 2, 3, 4, 1]),
        (4, Place::After(JobId(3)), [5, 2, 3, 4, 1]),
        (5, Place::First, [5, 2, 3, 4, 1]),
        (1, Place::First, [1, 5, 2, 3, 4]),
    ] {
        go(&store, id, place).await.unwrap();
        assert_eq!(queue(&store, machine).await, order, "job {id} {place:?}");
        assert_eq!(store.next_job(machine).await.unwrap().unwrap().id.0, order[0]);
    }
    let behind = store.job_behind(JobId(5), 1 << 20).await.unwrap().unwrap().0;
    assert_eq!(behind.id, JobId(2));
    // One that comes later is behind all of them, also behind one that was put last.
    go(&store, 2, Place::Last).await.unwrap();
    job(&store, machine, 1).await;
    assert_eq!(queue(&store, machine).await, [1, 5, 3, 4, 2, 6]);
}

#[tokio::test]
async fn what_moved_is_told_and_what_stayed_is_not() {
    let (_folder, store, _) = waiting(2).await;
    go(&store, 2, Place::First).await.unwrap();
    go(&store, 2, Place::First).await.unwrap();
    let moves = kinds(&store).await.into_iter().filter(|kind| *kind == "job.moved").count();
    assert_eq!(moves, 1);
    let audit = store.audits(AuditFilter { limit: 1, ..Default::default() }).await.unwrap().remove(0);
    assert_eq!((audit.action.as_str(), audit.subject.as_str()), ("job.move", "job:2"));
    assert_eq!(audit.after, Some(serde_json::json!({ "position": 1 })));
}

#[tokio::test]
async fn nothing_passes_the_job_that_is_printed() {
    let (_folder, store, machine) = waiting(3).await;
    start(&store, JobId(1)).await.unwrap();
    go(&store, 3, Place::First).await.unwrap();
    assert_eq!(queue(&store, machine).await, [1, 3, 2]);
    let refused = conflict(go(&store, 1, Place::Last).await);
    assert!(refused.contains("job 1 cannot be moved: it is printed now"), "{refused}");
    let refused = conflict(go(&store, 2, Place::Before(JobId(1))).await);
    assert!(refused.contains("job 1 waits for no turn"), "{refused}");
}

#[tokio::test]
async fn an_urgent_job_passes_one_that_waits_for_its_next_attempt() {
    let (_folder, store, machine) = waiting(2).await;
    start(&store, JobId(1)).await.unwrap();
    let unreachable = DriverError::new(ErrorKind::Transient, "unreachable", "no answer").with_outcome(Outcome::NotSent);
    store.defer_job(JobId(1), unreachable, Some(Timestamp(1))).await.unwrap();
    go(&store, 2, Place::First).await.unwrap();
    assert_eq!(store.next_job(machine).await.unwrap().unwrap().id, JobId(2));
    // A held one keeps the place that it is given.
    store.hold_job(JobId(2), "anna").await.unwrap();
    go(&store, 2, Place::After(JobId(1))).await.unwrap();
    store.release_job(JobId(2), "anna").await.unwrap();
    assert_eq!(queue(&store, machine).await, [1, 2]);
}

#[tokio::test]
async fn what_is_over_or_elsewhere_is_refused_with_what_to_do() {
    let (_folder, store, _) = waiting(2).await;
    let other = machine(&store, "Dock").await;
    let elsewhere = job(&store, other, 1).await;
    store.cancel_job(JobId(1), "anna").await.unwrap();
    for (id, place, words) in [
        (1, Place::First, "`ostler job retry 1` puts it back into the queue"),
        (2, Place::Before(JobId(1)), "job 1 waits for no turn: it is cancelled"),
        (2, Place::Before(JobId(2)), "beside itself"),
        (2, Place::After(elsewhere), "is in the queue of 'Dock'"),
    ] {
        let refused = conflict(go(&store, id, place).await);
        assert!(refused.contains(words), "{refused}");
    }
    assert!(matches!(go(&store, 77, Place::First).await, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn a_job_that_is_moved_to_another_machine_goes_on_there_behind_the_others() {
    let (_folder, store, zebra) = waiting(1).await;
    let dock = machine(&store, "Dock").await;
    let there = job(&store, dock, 1).await;
    start(&store, JobId(1)).await.unwrap();
    store.label_started(JobId(1), 0).await.unwrap();
    store.label_done(JobId(1), 0, crate::model::Proof::Sent).await.unwrap();
    let broken = DriverError::new(ErrorKind::NeedsAttention, "head-open", "close it").with_outcome(Outcome::NotSent);
    store.defer_job(JobId(1), broken, None).await.unwrap();

    let moved = store.move_job_to(JobId(1), dock, "anna").await.unwrap();
    assert_eq!((moved.machine, moved.machine_name.as_str(), moved.state), (dock, "Dock", JobState::Queued));
    assert_eq!((moved.labels.done, moved.error), (1, None));
    assert_eq!(queue(&store, zebra).await, [] as [i64; 0]);
    assert_eq!(queue(&store, dock).await, [there.0, 1]);
    // The keeper of the machine that had it may have looked before.
    let refused = conflict(store.start_job(JobId(1), zebra).await);
    assert!(refused.contains("was moved to 'Dock'"), "{refused}");
    // Jobs that come later are behind it.
    let later = job(&store, dock, 1).await;
    assert_eq!(queue(&store, dock).await, [there.0, 1, later.0]);
    let held = store.hold_job(later, "anna").await.unwrap();
    let moved = store.move_job_to(later, zebra, "anna").await.unwrap();
    assert_eq!((moved.state, moved.error), (JobState::Held, held.error));
}

#[tokio::test]
async fn the_queue_is_read_without_looking_at_jobs_that_are_over() {
    let (_folder, store) = open();
    let plan = super::jobs::plan(&store, queue_sql()).await;
    assert!(
        plan.contains("INDEX jobs_open") && plan.contains("INDEX jobs_held") && !plan.contains("jobs_by"),
        "{plan}"
    );
}
