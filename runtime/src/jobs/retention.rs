//! What becomes of finished jobs and old events: they are removed in the background, a portion at a time, so that nobody waits
//! for it.

use crate::{
    broker::Services,
    model::Timestamp,
    store::{EventRetention, Store, StoreError},
};
use std::{sync::Arc, time::Duration};

/// The longest time between two looks.
const LOOK_AGAIN: Duration = Duration::from_mins(10);
/// How long it is remembered which requests were done.
const REQUESTS: Duration = Duration::from_hours(24);
/// How many jobs one commit removes.
const PORTION: u32 = 200;

/// Removes jobs that have been over for as long as the limits say, and events that are too old, for ever.
pub async fn keep_house(services: Arc<Services>) {
    let store = services.store.clone();
    let mut limits = services.watch_limits();
    loop {
        let keep = limits.borrow_and_update().common.job_retention();
        let pause = keep.map_or(LOOK_AGAIN, |keep| keep.min(LOOK_AGAIN)).max(Duration::from_secs(1));
        match prune(&store, keep).await {
            Ok((0, 0)) => {}
            Ok((jobs, events)) => tracing::info!(jobs, events, "removed what was kept long enough"),
            // It is tried again, and whoever writes something that matters tells of the same trouble.
            Err(error) => tracing::warn!(%error, "old jobs and events could not be removed"),
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            // The sender goes with the services, which this holds.
            _ = limits.changed() => {}
        }
    }
}

async fn prune(store: &Store, keep: Option<Duration>) -> Result<(u64, u64), StoreError> {
    let mut jobs = 0;
    if let Some(keep) = keep {
        let before = Timestamp::now().before(keep);
        loop {
            let removed = store.prune_jobs(before, PORTION).await?;
            jobs += removed;
            if removed == 0 {
                break;
            }
        }
    }
    store.prune_requests(Timestamp::now().before(REQUESTS)).await?;
    Ok((jobs, store.prune_events(Timestamp::now(), EventRetention::default()).await?))
}
