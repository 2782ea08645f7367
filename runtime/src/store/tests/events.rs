//! The durable feed.

use super::*;
use crate::{
    model::{EventFilter, NewEvent},
    store::EventRetention,
};
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

/// Writes events of one kind, without a transaction each.
async fn fill(store: &Store, kind: &'static str, count: u32) {
    let sql = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
               INSERT INTO events (at, v, kind, data) SELECT 0, 1, ?2, '{}' FROM n";
    store.write(move |write| Ok(write.db.execute(sql, (count, kind))?)).await.unwrap();
}

#[tokio::test]
async fn a_page_moves_over_what_its_filter_keeps_back_and_looks_at_a_bounded_part() {
    let (_folder, store) = open();
    fill(&store, "noise", 12_000).await;
    append(&store, 3).await;
    let filter = EventFilter { kinds: vec!["te".to_owned()], ..EventFilter::default() };
    let (mut place, mut pages, mut found) = (0, 0, Vec::new());
    loop {
        let page = store.events_matching(place, filter.clone(), 2).await.unwrap();
        assert!(!page.gap && page.seen > place && page.seen - place <= 5_000, "{page:?}");
        (place, pages) = (page.seen, pages + 1);
        found.extend(page.events.iter().map(|event| event.id));
        if !page.more {
            break;
        }
    }
    assert_eq!((place, pages), (12_003, 4));
    assert_eq!(found, [12_001, 12_002, 12_003]);
    // At the end there is nothing, and the place stays.
    let end = store.events_matching(place, filter, 2).await.unwrap();
    assert_eq!((end.events.len(), end.seen, end.more, end.gap), (0, place, false, false));
}

#[tokio::test]
async fn a_page_of_large_events_has_few_of_them() {
    let (_folder, store) = open();
    for _ in 0..8 {
        store.append_event(NewEvent::new("test", json!("x".repeat(40 << 10)))).await.unwrap();
    }
    let page = store.events_after(0, 100).await.unwrap();
    assert_eq!((page.events.len(), page.seen, page.more), (2, 2, true));
}

#[tokio::test]
async fn the_latest_that_pass_a_filter_are_found_from_the_end() {
    let (_folder, store) = open();
    append(&store, 5).await;
    fill(&store, "noise", 100).await;
    let filter = |kind: &str| EventFilter { kinds: vec![kind.to_owned()], ..EventFilter::default() };
    assert_eq!(store.place_before_latest(filter("test"), 3).await.unwrap(), 2);
    assert_eq!(store.place_before_latest(filter("noise"), 3).await.unwrap(), 102);
    assert_eq!(store.place_before_latest(filter("none"), 3).await.unwrap(), 105);
}
