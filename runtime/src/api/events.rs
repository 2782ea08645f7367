//! `/api/events/`: the feed as server-sent events, resumable by id.

use super::{ApiError, State, extract::Query};
use crate::{access::Caller, model::Event, store::Store};
use axum::{
    http::HeaderMap,
    response::{
        IntoResponse as _, Response,
        sse::{self, KeepAlive, Sse},
    },
};
use futures::{StreamExt as _, stream};
use schemars::JsonSchema;
use serde::Deserialize;
use std::{convert::Infallible, sync::Arc};
use tokio::sync::broadcast;

/// How many events are read at once.
const PAGE: u32 = 500;

/// Where to begin.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct From {
    /// Events after this id; from now on when neither this nor `Last-Event-ID` is given.
    after: Option<i64>,
    /// Whether to go on when everything so far was sent; true unless it says otherwise.
    follow: Option<bool>,
}

/// How many of the latest events are sent when only those so far are asked for, and no event to begin after.
const LATEST: i64 = 100;

/// `GET /api/events/?after=ID&follow=BOOL`.
pub async fn stream(
    registry: State,
    caller: Caller,
    Query(from): Query<From>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let store = registry.services.store.clone();
    let wake = store.subscribe();
    let resumed = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    let follow = from.follow.unwrap_or(true);
    let after = match resumed.or(from.after) {
        Some(after) => after,
        None if follow => store.last_event_id().await?,
        None => store.last_event_id().await?.saturating_sub(LATEST).max(0),
    };
    let pages = stream::unfold(Reader { store, wake, after, follow, caller }, Reader::next_page);
    let events = pages.flat_map(|events| stream::iter(events.into_iter().map(Ok::<_, Infallible>)));
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

struct Reader {
    store: Store,
    /// Only says that there is something new; what it is, is read from the store.
    wake: broadcast::Receiver<Arc<Event>>,
    after: i64,
    follow: bool,
    /// Who sees events of their machines, and those of none.
    caller: Caller,
}

impl Reader {
    async fn next_page(mut self) -> Option<(Vec<sse::Event>, Self)> {
        loop {
            let page = self.store.events_after(self.after, PAGE).await.ok()?;
            if let Some(last) = page.events.last() {
                self.after = last.id;
                let gap = page.gap.then(|| sse::Event::default().event("feed.gap").data("{}"));
                let events =
                    page.events.iter().filter(|event| event.machine.is_none_or(|id| self.caller.sees(id))).map(
                        |event| {
                            let data = serde_json::to_string(event).unwrap_or_default();
                            sse::Event::default().id(event.id.to_string()).event(event.kind.clone()).data(data)
                        },
                    );
                return Some((gap.into_iter().chain(events).collect(), self));
            }
            if !self.follow {
                return None;
            }
            match self.wake.recv().await {
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}
