//! The arithmetic of one limit, in whole numbers.
//!
//! A limit of 7 requests a minute earns a token every 8 571 428 571.43 nanoseconds. Rounding that, or keeping it as floating
//! point, would drift by requests in an hour. So time is counted in **ticks** so small that both a nanosecond and the time that earns
//! a token are whole numbers of them: of a limit of `requests` in `per` nanoseconds, a nanosecond is `requests` ticks and a token
//! costs `per` ticks, both divided by their greatest common divisor. Nothing is ever rounded but what is told to clients.
//!
//! Ranges: `requests` and `burst` are at most 10^6 and `per` at most 31 days (2.7 * 10^15 ns), so the time since the epoch stays below
//! 2^84 ticks and a whole burst below 2^72. Sums saturate all the same: bytes from shared data may claim any time.

use std::num::{NonZeroU32, NonZeroU128};
use std::time::Duration;

/// A point in time, in nanoseconds since the Unix epoch.
pub(crate) type Nanos = u64;

/// A point in time or a span of it, in ticks of one limit.
pub(crate) type Ticks = u128;

const SECOND: u128 = 1_000_000_000;

/// How far a clock may step back without being seen, 1 s: workers read the clock and then wait for one another, so a step may
/// come with a reading that is older than the one before it.
pub(crate) const GRACE: Nanos = 1_000_000_000;

/// So many requests in such a time, and so many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    ticks_per_nanosecond: NonZeroU128,
    cost: NonZeroU128,
    burst: NonZeroU32,
}

impl Limit {
    /// `requests` in `per`, `burst` at once. A `per` of zero counts as one nanosecond.
    pub(crate) fn new(requests: NonZeroU32, per: Duration, burst: NonZeroU32) -> Self {
        let requests = NonZeroU128::from(requests);
        let per = NonZeroU128::new(per.as_nanos()).unwrap_or(NonZeroU128::MIN);
        let divisor = greatest_common_divisor(requests, per);
        Self {
            ticks_per_nanosecond: divided(requests, divisor),
            cost: divided(per, divisor),
            burst,
        }
    }

    /// The time `now`.
    pub(crate) fn ticks(&self, now: Nanos) -> Ticks {
        u128::from(now).saturating_mul(self.ticks_per_nanosecond.get())
    }

    /// The first nanosecond that is not before `time`.
    pub(crate) fn nanos(&self, time: Ticks) -> Nanos {
        let nanos = time.div_ceil(self.ticks_per_nanosecond.get());
        u64::try_from(nanos).unwrap_or(u64::MAX)
    }

    /// How long it takes to earn `tokens`.
    pub(crate) fn cost(&self, tokens: u32) -> Ticks {
        self.cost.get().saturating_mul(u128::from(tokens))
    }

    /// How long it takes to fill an empty bucket.
    pub(crate) fn tolerance(&self) -> Ticks {
        self.cost(self.burst.get())
    }

    /// How many tokens there are at `now` in a bucket that will be full at `full_at`; never more than the burst.
    pub(crate) fn available(&self, full_at: Ticks, now: Ticks) -> u32 {
        let lacking = full_at.saturating_sub(now);
        let tokens = self.tolerance().saturating_sub(lacking) / self.cost;
        u32::try_from(tokens).unwrap_or(u32::MAX)
    }

    /// When the first token exists in a bucket that will be full at `full_at`.
    pub(crate) fn ready_at(&self, full_at: Ticks) -> Nanos {
        let emptied = self.tolerance().saturating_sub(self.cost.get());
        self.nanos(full_at.saturating_sub(emptied))
    }

    /// `full_at`, unless the clock stepped back since it was written: no bucket that was written by this clock lacks more than a
    /// burst and [`GRACE`], and one that does is taken for empty.
    pub(crate) fn settled(&self, full_at: Ticks, now: Ticks) -> Ticks {
        let emptied = now.saturating_add(self.tolerance());
        if full_at > emptied.saturating_add(self.ticks(GRACE)) {
            emptied
        } else {
            full_at
        }
    }

    /// Requests admitted at once after a quiet spell.
    pub(crate) const fn burst(&self) -> u32 {
        self.burst.get()
    }

    /// Seconds in which an empty bucket fills, rounded up.
    pub(crate) fn seconds_to_fill(&self) -> u128 {
        let second = SECOND.saturating_mul(self.ticks_per_nanosecond.get());
        self.tolerance().div_ceil(second)
    }
}

fn greatest_common_divisor(a: NonZeroU128, b: NonZeroU128) -> NonZeroU128 {
    let (mut a, mut rest) = (a, b.get());
    while let Some(b) = NonZeroU128::new(rest) {
        rest = a.get() % b;
        a = b;
    }
    a
}

/// `divisor` divides `number`, so the result is not zero.
fn divided(number: NonZeroU128, divisor: NonZeroU128) -> NonZeroU128 {
    NonZeroU128::new(number.get() / divisor).unwrap_or(NonZeroU128::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(requests: u32, per: Duration, burst: u32) -> Limit {
        let number = |number| NonZeroU32::new(number).unwrap();
        Limit::new(number(requests), per, number(burst))
    }

    #[test]
    fn seven_a_minute_do_not_drift() {
        let limit = limit(7, Duration::from_mins(1), 1);
        let hour = limit.ticks(3600 * 1_000_000_000);
        assert_eq!(hour, limit.cost(7 * 60), "420 tokens take exactly an hour");
    }

    #[test]
    fn ticks_are_as_large_as_they_can_be() {
        let limit = limit(10, Duration::from_secs(1), 20);
        assert_eq!((limit.ticks(1), limit.cost(1)), (1, 100_000_000));
        assert_eq!(limit.seconds_to_fill(), 2);
    }

    #[test]
    fn counts_tokens_and_says_when_the_next_one_exists() {
        let limit = limit(7, Duration::from_mins(1), 3);
        let now = limit.ticks(1_000);
        assert_eq!(limit.available(0, now), 3);
        assert_eq!(limit.available(now, now), 3);
        assert_eq!(limit.available(now + 1, now), 2);
        assert_eq!(limit.available(now + limit.cost(3), now), 0);
        let ready = limit.ready_at(now + limit.cost(3));
        assert_eq!(ready, 1_000 + 8_571_428_572);
        let before = limit.available(now + limit.cost(3), limit.ticks(ready - 1));
        let then = limit.available(now + limit.cost(3), limit.ticks(ready));
        assert_eq!((before, then), (0, 1));
    }

    #[test]
    fn a_time_that_no_clock_of_ours_wrote_counts_as_an_empty_bucket() {
        let limit = limit(1, Duration::from_secs(1), 2);
        let now = limit.ticks(GRACE * 10);
        let emptied = now + limit.tolerance();
        let grace = limit.ticks(GRACE);
        assert_eq!(limit.settled(0, now), 0);
        assert_eq!(limit.settled(emptied + grace, now), emptied + grace);
        assert_eq!(limit.settled(emptied + grace + 1, now), emptied);
        assert_eq!(limit.settled(u128::MAX, now), emptied);
    }

    #[test]
    fn the_largest_and_the_smallest_limit_do_not_overflow() {
        let month = Duration::from_hours(744);
        for limit in [
            limit(999_983, month, 1_000_000),
            limit(1, month, 1_000_000),
            limit(1_000_000, Duration::from_millis(1), 1),
        ] {
            let now = limit.ticks(u64::MAX);
            assert!(now < u128::MAX >> 40, "far from saturating");
            assert_eq!(limit.available(now, now), limit.burst());
            assert_eq!(limit.available(now + limit.tolerance(), now), 0);
        }
    }
}
