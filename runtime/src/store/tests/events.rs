//! The durable feed.

use super::*;
use crate::{model::NewEvent, store::EventRetention};
use serde_json::json;
use std::time::Duration;

async fn append(store: &Store, count: i64) {
    for i in 0..count {
        store.append_event(NewEvent::new("test", json!(i))).await.unwrap();
    }
}

#[tokio::test]
async fn an_event_comes_back_as_it_was_written() {
    let (_folder, store) = open();
    let new = NewEvent::new("test", json!({ "a": [1, "x", null] }))
        .of_machine(MachineId::generate())
        .of_driver("zebra".parse().unwrap())
        .of_job(JobId(7));
    let written = store.append_event(new.clone()).await.unwrap();
    assert_eq!((written.id, written.v, written.machine, written.job), (1, 1, new.machine, Some(JobId(7))));
    assert_eq!(store.events_after(0, 10).await.unwrap().events, [written]);
}

#[tokio::test]
async fn the_feed_is_read_in_pages() {
    let (_folder, store) = open();
    append(&store, 5).await;
    let page = store.events_after(1, 2).await.unwrap();
    assert_eq!(page.events.iter().map(|event| event.id).collect::<Vec<_>>(), [2, 3]);
    assert!(!page.gap);
    assert!(store.events_after(5, 2).await.unwrap().events.is_empty());
}

#[tokio::test]
async fn pruning_keeps_the_latest_and_a_reader_learns_of_the_gap() {
    let (_folder, store) = open();
    append(&store, 10).await;
    let keep = EventRetention { count: 4, ..EventRetention::default() };
    assert_eq!(store.prune_events(Timestamp::now(), keep).await.unwrap(), 6);
    let page = store.events_after(2, 100).await.unwrap();
    assert_eq!(page.events.first().unwrap().id, 7);
    assert!(page.gap);
    assert!(!store.events_after(6, 100).await.unwrap().gap);
}

#[tokio::test]
async fn old_events_go_but_never_the_newest_so_that_ids_go_on() {
    let (_folder, store) = open();
    append(&store, 3).await;
    let keep = EventRetention { age: Duration::from_mins(1), ..EventRetention::default() };
    assert_eq!(store.prune_events(Timestamp::now(), keep).await.unwrap(), 0);
    let later = Timestamp::now().after(Duration::from_secs(61));
    assert_eq!(store.prune_events(later, keep).await.unwrap(), 2);
    assert_eq!(store.append_event(NewEvent::new("test", json!({}))).await.unwrap().id, 4);
}

#[tokio::test]
async fn pruning_goes_on_over_many_portions() {
    let (_folder, store) = open();
    store
        .write(|write| {
            let sql = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 12345)
                       INSERT INTO events (at, v, kind, data) SELECT 0, 1, 'test', '{}' FROM n";
            Ok(write.db.execute(sql, [])?)
        })
        .await
        .unwrap();
    assert_eq!(store.prune_events(Timestamp::now(), EventRetention::default()).await.unwrap(), 12_344);
    assert_eq!(store.last_event_id().await.unwrap(), 12_345);
}
