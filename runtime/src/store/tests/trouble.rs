//! A store that cannot write: it says why, keeps what it has acknowledged, and goes on when the reason has gone.

use super::*;
use crate::model::NewJob;
use rusqlite::Connection;

/// A database of this size takes some jobs, and not many.
const SMALL: u64 = 1 << 20;

fn large(machine: MachineId, number: u8) -> NewJob {
    NewJob { document: vec![number; 64 << 10], ..new_job(machine, 1) }
}

#[tokio::test]
async fn a_full_database_takes_nothing_more_and_goes_on_when_old_jobs_are_pruned() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_within(folder.path(), Some(SMALL)).unwrap();
    let machine = machine(&store, "Zebra").await;
    let mut taken = Vec::new();
    let refused = loop {
        match store.enqueue(large(machine, u8::try_from(taken.len()).unwrap())).await {
            Ok(job) => taken.push(job.id),
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, StoreError::Full { .. }) && refused.passes(), "{refused:?}");
    assert!(taken.len() > 5, "{taken:?}");
    let trouble = store.trouble().unwrap();
    assert_eq!(trouble.error, refused);
    for (number, id) in (0u8..).zip(&taken) {
        assert_eq!(store.content(*id).await.unwrap().document, large(machine, number).document);
    }

    let end = Timestamp(i64::MAX);
    store.cancel_job(taken[0], "anna").await.unwrap();
    assert_eq!(store.trouble(), None, "what needs no room is written");
    assert_eq!(store.prune_jobs(end, 10).await.unwrap(), 1);
    store.enqueue(large(machine, 200)).await.unwrap();
}

#[tokio::test]
async fn a_database_that_another_program_holds_is_waited_for_and_then_told() {
    let (folder, store) = open();
    let machine = machine(&store, "Zebra").await;
    let other = Connection::open(folder.path().join("ostler.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = store.enqueue(new_job(machine, 1)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Busy { .. }) && refused.passes(), "{refused:?}");
    assert!(refused.to_string().contains("another program holds the database"), "{refused}");
    assert!(store.trouble().is_some());
    other.execute_batch("ROLLBACK").unwrap();
    store.enqueue(new_job(machine, 1)).await.unwrap();
    assert_eq!(store.trouble(), None);
}
