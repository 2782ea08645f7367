//! Who is told of an event, and from where?
//!
//! Events are committed first. The store then wakes one task, which encodes an event once, however many follow, and hands it to
//! all of them: that is the ring. Who is farther behind than the ring is long reads the store, a page at a time and two readers
//! at a time, so that those who print always find a connection to it.
//!
//! A reader holds one page at most. One that takes nothing holds that, the ring goes on without it, and what it missed is in the
//! store when it comes back.
//!
//! * [`frame`]: an event as a piece of a stream
//! * [`reader`]: what one reader is told next
//!
//! Invariant: nothing here grows with the number of events that somebody has not taken.

pub mod frame;
pub mod reader;

pub use reader::{Following, Reader};

use crate::{
    model::Event,
    store::{Store, StoreError},
};
use axum::body::Bytes;
use std::sync::Arc;
use tokio::sync::{Semaphore, broadcast};

/// How many events the ring has. A multiple of what a page has, so that few readers need the store.
const RING: usize = 1024;
/// How many readers read the store at a time.
const CATCHING_UP: usize = 2;

/// An event that is told.
#[derive(Debug)]
pub struct Told {
    /// The event.
    pub event: Arc<Event>,
    /// As a piece of a stream; all readers share it.
    pub frame: Bytes,
}

/// Events for those who follow them.
pub struct Feed {
    store: Store,
    ring: broadcast::Sender<Arc<Told>>,
    catching_up: Arc<Semaphore>,
}

impl Feed {
    /// Starts the task that encodes. It ends with the store.
    pub fn start(store: Store) -> Self {
        let ring = broadcast::Sender::new(RING);
        let events = store.subscribe();
        tokio::spawn(tell(events, ring.clone()));
        Self { store, ring, catching_up: Arc::new(Semaphore::new(CATCHING_UP)) }
    }

    /// A reader that begins as `following` says.
    pub async fn read(&self, following: Following) -> Result<Reader, StoreError> {
        // Before the store is asked for anything, so that nothing is missed between the two.
        let ring = self.ring.subscribe();
        Reader::begin(self.store.clone(), ring, Arc::clone(&self.catching_up), following).await
    }
}

async fn tell(mut events: broadcast::Receiver<Arc<Event>>, ring: broadcast::Sender<Arc<Told>>) {
    loop {
        match events.recv().await {
            // Whoever begins to follow now finds it in the store.
            Ok(_) if ring.receiver_count() == 0 => {}
            Ok(event) => {
                let frame = frame::of(&event);
                // The last reader may have gone meanwhile.
                let _ = ring.send(Arc::new(Told { event, frame }));
            }
            // Readers see the hole, and read the store.
            Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::{
        model::{EventFilter, NewEvent, Timestamp},
        store::EventRetention,
    };
    use serde_json::json;
    use std::time::Duration;

    async fn append(store: &Store, kind: &'static str, count: usize) {
        for number in 0..count {
            store.append_event(NewEvent::new(kind, json!(number))).await.unwrap();
        }
    }

    fn following(after: Option<i64>, kinds: &[&str]) -> Following {
        let kinds = kinds.iter().map(|kind| (*kind).to_owned()).collect();
        let filter = EventFilter { kinds, ..EventFilter::default() };
        Following { filter, after, goes_on: true, heartbeat: Duration::from_mins(10) }
    }

    /// Everything that a reader is told until the event with this number, as text.
    async fn until(reader: &mut Reader, id: i64) -> String {
        let mut text = String::new();
        while !text.contains(&format!("id: {id}\n")) {
            text.push_str(std::str::from_utf8(&reader.next().await.unwrap()).unwrap());
        }
        text
    }

    fn ids(text: &str) -> Vec<i64> {
        text.lines().filter_map(|line| line.strip_prefix("id: ")).map(|id| id.parse().unwrap()).collect()
    }

    #[tokio::test]
    async fn what_the_ring_has_lost_is_read_from_the_store_without_a_hole() {
        let (_folder, store) = Store::open_temporary().unwrap();
        let feed = Feed::start(store.clone());
        append(&store, "test", 2).await;
        let mut reader = feed.read(following(None, &[])).await.unwrap();
        append(&store, "test", 1).await;
        assert_eq!(ids(&until(&mut reader, 3).await), [3]);
        // It does not read while more happens than the ring has.
        append(&store, "test", RING + 200).await;
        let newest = 3 + i64::try_from(RING + 200).unwrap();
        assert_eq!(ids(&until(&mut reader, newest).await), (4..=newest).collect::<Vec<_>>());
        append(&store, "test", 1).await;
        assert_eq!(ids(&until(&mut reader, newest + 1).await), [newest + 1]);
    }

    #[tokio::test]
    async fn small_events_go_out_together_and_in_pieces_of_a_bounded_size() {
        let (_folder, store) = Store::open_temporary().unwrap();
        let feed = Feed::start(store.clone());
        append(&store, "test", 300).await;
        let mut reader = feed.read(Following { goes_on: false, ..following(Some(0), &[]) }).await.unwrap();
        let mut pieces = Vec::new();
        while let Some(piece) = reader.next().await {
            pieces.push(piece);
        }
        assert!(pieces.len() < 20, "{} pieces", pieces.len());
        assert!(pieces.iter().all(|piece| piece.len() <= 4 << 10));
        let text: String = pieces.iter().map(|piece| std::str::from_utf8(piece).unwrap()).collect();
        assert_eq!(ids(&text), (1..=300).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_reader_learns_of_events_that_were_removed_before_it_was_told() {
        let (_folder, store) = Store::open_temporary().unwrap();
        let feed = Feed::start(store.clone());
        append(&store, "test", 10).await;
        let keep = EventRetention { count: 4, ..EventRetention::default() };
        store.prune_events(Timestamp::now(), keep).await.unwrap();
        let mut late = feed.read(following(Some(2), &[])).await.unwrap();
        let text = until(&mut late, 10).await;
        assert!(text.starts_with("event: feed.gap\ndata: {}\n\nid: 7\n"), "{text}");
        assert_eq!(ids(&text), [7, 8, 9, 10]);
        let mut in_time = feed.read(following(Some(6), &[])).await.unwrap();
        assert!(!until(&mut in_time, 10).await.contains("feed.gap"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_sign_of_life_says_the_place_of_a_reader_when_that_has_moved() {
        let (_folder, store) = Store::open_temporary().unwrap();
        let feed = Feed::start(store.clone());
        append(&store, "test", 2).await;
        let mut reader = feed.read(following(None, &["job."])).await.unwrap();
        assert_eq!(reader.next().await.unwrap(), ":\n\n");
        append(&store, "test", 3).await;
        assert_eq!(reader.next().await.unwrap(), ":\nid: 5\n\n");
        assert_eq!(reader.next().await.unwrap(), ":\n\n");
    }
}
