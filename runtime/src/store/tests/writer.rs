//! Group commit, savepoints, and what subscribers see when.

use super::*;
use crate::model::NewEvent;
use serde_json::json;
use std::sync::mpsc;
use tokio::sync::broadcast::error::TryRecvError;

/// Keeps the writer busy until the answer is dropped or sent to, so that what follows forms one group.
async fn hold_writer(store: &Store) -> mpsc::Sender<()> {
    let (release, held) = mpsc::channel();
    let (entered, in_it) = tokio::sync::oneshot::channel();
    let store = store.clone();
    tokio::spawn(async move {
        store
            .write(move |_| {
                let _ = entered.send(());
                let _ = held.recv();
                Ok(())
            })
            .await
            .unwrap();
    });
    in_it.await.unwrap();
    release
}

async fn until_queued(store: &Store, count: usize) {
    while store.inner.writer.queued() < count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn operations_that_wait_together_share_one_commit() {
    let (_folder, store) = open();
    let release = hold_writer(&store).await;
    let before = store.write_counts();
    let writes: Vec<_> = (0..50)
        .map(|i| {
            let store = store.clone();
            tokio::spawn(async move { store.append_event(NewEvent::new("test", json!(i))).await })
        })
        .collect();
    until_queued(&store, 50).await;
    drop(release);
    for write in writes {
        write.await.unwrap().unwrap();
    }
    let after = store.write_counts();
    assert_eq!(after.operations - before.operations, 50);
    assert_eq!(after.commits - before.commits, 2, "one for the operation that held the writer, one for the fifty");
    assert_eq!(store.last_event_id().await.unwrap(), 50);
}

#[tokio::test]
async fn an_operation_that_fails_or_panics_takes_nothing_else_along() {
    let (_folder, store) = open();
    let release = hold_writer(&store).await;
    let mut writes = Vec::new();
    for i in 0..4 {
        let queued = store.clone();
        writes.push(tokio::spawn(async move {
            queued
                .write(move |write| {
                    write.event(NewEvent::new("test", json!(i)))?;
                    match i {
                        1 => Err(StoreError::conflict("refused")),
                        2 => panic!("broken"),
                        _ => Ok(()),
                    }
                })
                .await
        }));
        until_queued(&store, i + 1).await;
    }
    let mut feed = store.subscribe();
    drop(release);
    let mut answers = Vec::new();
    for write in writes {
        answers.push(write.await.unwrap());
    }
    assert_eq!(answers[0], Ok(()));
    assert_eq!(answers[1], Err(StoreError::conflict("refused")));
    assert_eq!(answers[2], Err(StoreError::Other { what: "an operation panicked: broken".into() }));
    assert_eq!(answers[3], Ok(()));
    let stored: Vec<_> = store.events_after(0, 10).await.unwrap().events.into_iter().map(|e| (e.id, e.data)).collect();
    assert_eq!(stored, [(1, json!(0)), (2, json!(3))], "ids have no holes");
    assert_eq!(feed.try_recv().unwrap().data, json!(0));
    assert_eq!(feed.try_recv().unwrap().data, json!(3));
    assert_eq!(feed.try_recv(), Err(TryRecvError::Empty));
}

#[tokio::test]
async fn a_commit_that_fails_fails_its_whole_group_and_tells_nobody() {
    let (_folder, store) = open();
    let release = hold_writer(&store).await;
    let mut feed = store.subscribe();
    let innocent = tokio::spawn({
        let store = store.clone();
        async move { store.append_event(NewEvent::new("test", json!(1))).await }
    });
    until_queued(&store, 1).await;
    let guilty = tokio::spawn({
        let store = store.clone();
        async move {
            let work = |write: &mut super::super::Write<'_>| {
                // Put off until the commit, a foreign key that leads nowhere fails the commit itself.
                write.db.execute_batch("PRAGMA defer_foreign_keys = ON")?;
                let sql = "INSERT INTO machine_values (machine_id, key, value) VALUES ('nowhere', 'k', x'00')";
                write.db.execute(sql, [])?;
                Ok(())
            };
            store.write(work).await
        }
    });
    until_queued(&store, 2).await;
    drop(release);
    assert!(innocent.await.unwrap().is_err());
    assert!(guilty.await.unwrap().is_err());
    assert_eq!(feed.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(store.last_event_id().await.unwrap(), 0);
    store.append_event(NewEvent::new("test", json!(2))).await.expect("the writer goes on");
    assert_eq!(feed.recv().await.unwrap().data, json!(2));
}

#[tokio::test]
async fn subscribers_hear_of_an_event_when_it_can_be_read() {
    let (_folder, store) = open();
    let mut feed = store.subscribe();
    let writing = tokio::spawn({
        let store = store.clone();
        async move { store.append_event(NewEvent::new("test", json!({}))).await }
    });
    let heard = feed.recv().await.unwrap();
    assert_eq!(store.events_after(0, 10).await.unwrap().events, [(*heard).clone()]);
    writing.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_last_drop_finishes_what_is_queued() {
    let (folder, store) = open();
    let release = hold_writer(&store).await;
    let mut write = Box::pin({
        let store = store.clone();
        async move { store.append_event(NewEvent::new("test", json!({}))).await }
    });
    // Polled once it is queued; then the caller loses interest.
    assert!(futures::poll!(&mut write).is_pending());
    until_queued(&store, 1).await;
    drop(write);
    drop(release);
    // The task that held the writer has a clone of the store until it ends.
    while std::sync::Arc::strong_count(&store.inner) > 1 {
        tokio::task::yield_now().await;
    }
    drop(store);
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.last_event_id().await.unwrap(), 1);
}

#[tokio::test]
async fn a_panic_in_a_read_is_an_error_and_reading_goes_on() {
    let (_folder, store) = open();
    for _ in 0..8 {
        let result: Result<()> = store.read(|_| panic!("broken")).await;
        assert_eq!(result, Err(StoreError::Other { what: "an operation panicked: broken".into() }));
    }
    assert_eq!(store.last_event_id().await.unwrap(), 0);
}

#[tokio::test]
async fn readers_cannot_write() {
    let (_folder, store) = open();
    let result = store.read(|db| Ok(db.execute("DELETE FROM events", [])?)).await;
    assert!(matches!(result, Err(StoreError::Io { .. })), "{result:?}");
}
