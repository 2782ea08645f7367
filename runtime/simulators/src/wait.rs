//! How a test waits for a simulator: for a condition on its state, never for a time.

use std::fmt::Debug;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::watch;

/// The condition did not come true in time.
#[derive(Debug, Clone, Error)]
#[error("the condition did not come true within {limit:?}; the last state was {last:?}")]
pub struct WaitError<S: Debug> {
    /// How long was waited.
    pub limit: Duration,
    /// The state at the end.
    pub last: S,
}

/// Waits until the watched state meets the condition. Never ends if it does not, or if its owner has gone.
pub(crate) async fn until<S: Clone>(mut states: watch::Receiver<S>, condition: impl FnMut(&S) -> bool) -> S {
    // The sender lives as long as the handle that this receiver came from.
    if let Ok(state) = states.wait_for(condition).await {
        return state.clone();
    }
    std::future::pending().await
}

/// As [`until`], but gives up after `limit` with the state it saw last.
pub(crate) async fn within<S: Clone + Debug>(
    states: watch::Receiver<S>,
    limit: Duration,
    condition: impl FnMut(&S) -> bool,
) -> Result<S, WaitError<S>> {
    let watched = states.clone();
    tokio::time::timeout(limit, until(states, condition))
        .await
        .map_err(|_| WaitError { limit, last: watched.borrow().clone() })
}
