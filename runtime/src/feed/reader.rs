//! What one reader is told next.
//!
//! Ids have no holes, so an event of the ring is the next one or it shows that some were missed; these are then read from the
//! store. The place of a reader moves over everything that was looked at, also over what its filter keeps from it.

use super::{Told, frame};
use crate::{
    model::EventFilter,
    store::{Store, StoreError},
};
use axum::body::Bytes;
use std::{collections::VecDeque, sync::Arc, time::Duration};
use tokio::{
    sync::{Semaphore, broadcast},
    time::{Instant, timeout_at},
};

/// How many events are read from the store at a time.
const PAGE: u32 = 64;
/// Small events go out together, in pieces of about this many bytes: what lies in a connection's buffers is little then.
const PIECE: usize = 4 << 10;
/// How many of the latest events are told when only those so far are asked for, and no event to begin after.
const LATEST: u32 = 100;

/// What a reader wants.
#[derive(Debug, Clone)]
pub struct Following {
    /// Which events.
    pub filter: EventFilter,
    /// Those behind this one; without it from now on, or the latest if it does not go on.
    pub after: Option<i64>,
    /// Whether to go on when everything so far was told.
    pub goes_on: bool,
    /// The time after which a reader that is told nothing else is given a sign of life.
    pub heartbeat: Duration,
}

/// One reader.
pub struct Reader {
    store: Store,
    ring: broadcast::Receiver<Arc<Told>>,
    catching_up: Arc<Semaphore>,
    filter: EventFilter,
    goes_on: bool,
    heartbeat: Duration,
    beat_at: Instant,
    /// Everything up to here was looked at.
    seen: i64,
    /// What the reader knows to be its place.
    known: i64,
    /// Whether there is something to read in the store.
    behind: bool,
    /// What was found and not handed out.
    ready: VecDeque<Bytes>,
}

impl Reader {
    pub(super) async fn begin(
        store: Store,
        ring: broadcast::Receiver<Arc<Told>>,
        catching_up: Arc<Semaphore>,
        following: Following,
    ) -> Result<Self, StoreError> {
        let Following { filter, after, goes_on, heartbeat } = following;
        let newest = store.last_event_id().await?;
        let mut ready = VecDeque::new();
        let seen = match after {
            // It was told of events that this store does not have: an older copy was put back.
            Some(after) if after > newest => {
                ready.push_back(frame::gap());
                newest
            }
            Some(after) => after,
            None if goes_on => newest,
            None => store.place_before_latest(filter.clone(), LATEST).await?,
        };
        let beat_at = Instant::now() + heartbeat;
        let (known, behind) = (after.unwrap_or(seen), seen < newest);
        Ok(Self { store, ring, catching_up, filter, goes_on, heartbeat, beat_at, seen, known, behind, ready })
    }

    /// The next piece of the stream; nothing when that is over.
    pub async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(piece) = self.piece() {
                self.beat_at = Instant::now() + self.heartbeat;
                return Some(piece);
            }
            if self.beat_at <= Instant::now() {
                self.beat_at = Instant::now() + self.heartbeat;
                let moved = self.known != self.seen;
                self.known = self.seen;
                return Some(frame::beat(moved.then_some(self.seen)));
            }
            let goes_on = if self.behind {
                self.catch_up().await
            } else if self.goes_on {
                self.listen().await
            } else {
                false
            };
            if !goes_on {
                return self.piece();
            }
        }
    }

    /// Some of what is ready.
    fn piece(&mut self) -> Option<Bytes> {
        let first = self.ready.pop_front()?;
        if self.ready.front().is_none_or(|next| first.len() + next.len() > PIECE) {
            return Some(first);
        }
        let mut piece = Vec::from(first);
        while let Some(next) = self.ready.pop_front_if(|next| piece.len() + next.len() <= PIECE) {
            piece.extend_from_slice(&next);
        }
        Some(piece.into())
    }

    /// Reads a page from the store. Says whether there may be more, now or later.
    async fn catch_up(&mut self) -> bool {
        let read = async {
            // Closed never: the semaphore lives here, too.
            let _turn = self.catching_up.acquire().await;
            self.store.events_matching(self.seen, self.filter.clone(), PAGE).await
        };
        let page = match timeout_at(self.beat_at, read).await {
            Ok(Ok(page)) => page,
            Ok(Err(error)) => {
                tracing::warn!(%error, "a reader of events is sent away, for they could not be read");
                return false;
            }
            // There is a line; a sign of life first.
            Err(_) => return true,
        };
        if page.gap {
            self.ready.push_back(frame::gap());
        }
        for event in &page.events {
            self.known = event.id;
            self.ready.push_back(frame::of(event));
        }
        (self.seen, self.behind) = (page.seen, page.more);
        true
    }

    /// Waits for the ring. Says whether it goes on.
    async fn listen(&mut self) -> bool {
        match timeout_at(self.beat_at, self.ring.recv()).await {
            Ok(Ok(told)) => self.take(&told),
            Ok(Err(broadcast::error::RecvError::Lagged(_))) => self.behind = true,
            Ok(Err(broadcast::error::RecvError::Closed)) => return false,
            Err(_) => return true,
        }
        // What is there already goes out with it.
        let mut bytes = 0;
        while !self.behind
            && bytes < PIECE
            && let Ok(told) = self.ring.try_recv()
        {
            bytes += told.frame.len();
            self.take(&told);
        }
        true
    }

    fn take(&mut self, told: &Told) {
        let id = told.event.id;
        if id <= self.seen {
            return;
        }
        if id > self.seen + 1 {
            self.behind = true;
            return;
        }
        self.seen = id;
        if self.filter.accepts(told.event.about()) {
            self.known = id;
            self.ready.push_back(told.frame.clone());
        }
    }
}
