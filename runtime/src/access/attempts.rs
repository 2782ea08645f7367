//! How often may one address be wrong? Nobody guesses 256 bits; this keeps whoever tries from costing anything.

use governor::{Quota, RateLimiter, clock::Clock as _, state::keyed::DashMapStateStore};
use std::{net::IpAddr, num::NonZeroU32, time::Duration};

/// How many wrong tokens an address may show at once; after that one in [`PAUSE`].
const BURST: NonZeroU32 = NonZeroU32::new(10).unwrap();
const PAUSE: Duration = Duration::from_secs(6);
/// From how many addresses on those that have rested are forgotten.
const KEPT: usize = 1000;

/// Counts wrong tokens by address.
pub struct Attempts(RateLimiter<IpAddr, DashMapStateStore<IpAddr>, governor::clock::DefaultClock>);

impl Default for Attempts {
    fn default() -> Self {
        let quota = Quota::with_period(PAUSE).unwrap_or_else(|| Quota::per_minute(BURST)).allow_burst(BURST);
        Self(RateLimiter::dashmap(quota))
    }
}

impl Attempts {
    /// Counts one; fails with the time to wait when there were too many.
    pub fn wrong(&self, from: IpAddr) -> Result<(), Duration> {
        if self.0.len() > KEPT {
            self.0.retain_recent();
        }
        let clock = governor::clock::DefaultClock::default();
        self.0.check_key(&from).map_err(|until| until.wait_time_from(clock.now()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]
    use super::*;

    #[test]
    fn an_address_that_is_wrong_too_often_waits_and_others_do_not() {
        let attempts = Attempts::default();
        let (one, other) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        assert_eq!((0..BURST.get()).filter(|_| attempts.wrong(one).is_ok()).count(), 10);
        let wait = attempts.wrong(one).expect_err("the burst is spent");
        assert!(wait > Duration::ZERO && wait <= PAUSE, "{wait:?}");
        assert!(attempts.wrong(other).is_ok());
    }
}
