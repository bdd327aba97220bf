//! Electing one worker of the proxy.
//!
//! A timer runs on every worker, so background work that ought to happen once per proxy needs one of
//! them to be chosen: the one that wrote its name into shared data and renews it. A worker that dies stops renewing,
//! and the next tick of another one takes over.

use std::time::Duration;

use crate::exchange::Proxy;
use crate::shared::{self, SharedError};

/// The slot that holds the lease.
pub const SLOT: &str = "lease";

/// Creates the slot with a lease that has ended. Workers that create a slot at once do not see each other, so without it
/// all of them would lead at first; Envoy runs the start of a plugin in a throw-away VM before any worker does.
///
/// # Errors
///
/// [`SharedError`] when there is no shared data.
pub fn create(proxy: &mut (impl Proxy + ?Sized)) -> Result<(), SharedError> {
    shared::update(proxy, SLOT, |old| (old.is_none().then(|| vec![0; 16]), ()))
}

/// One step of the election: given the lease as it is, `(lease as it shall be, whether `me` leads)`.
///
/// The bytes are the holder's number and the end of the lease in nanoseconds since the epoch, each 8 bytes little
/// endian. Bytes of any other length are no lease, so whoever comes first takes it.
#[must_use]
pub fn step(old: Option<&[u8]>, me: u64, now: Duration, ttl: Duration) -> (Option<Vec<u8>>, bool) {
    let held = old
        .and_then(decode)
        .filter(|(holder, until)| *holder != me && *until > now);
    if held.is_some() {
        return (None, false);
    }
    let until = nanoseconds(now.saturating_add(ttl));
    let lease = [me.to_le_bytes(), until.to_le_bytes()].concat();
    (Some(lease), true)
}

fn decode(bytes: &[u8]) -> Option<(u64, Duration)> {
    let (holder, until) = bytes.split_at_checked(8)?;
    let holder = u64::from_le_bytes(holder.try_into().ok()?);
    let until = u64::from_le_bytes(until.try_into().ok()?);
    Some((holder, Duration::from_nanos(until)))
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TTL: Duration = Duration::from_secs(3);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_first_one_leads_and_renews_and_a_silent_leader_is_replaced() {
        let (lease, leads) = step(None, 1, at(10), TTL);
        assert!(leads);
        assert_eq!(step(lease.as_deref(), 2, at(11), TTL), (None, false));
        let (renewed, leads) = step(lease.as_deref(), 1, at(12), TTL);
        assert!(leads);
        assert!(
            !step(renewed.as_deref(), 2, at(14), TTL).1,
            "the lease was renewed until 15"
        );
        assert!(
            step(renewed.as_deref(), 2, at(15), TTL).1,
            "the lease ended"
        );
    }

    #[test]
    fn bytes_that_are_no_lease_are_replaced() {
        for bytes in [&b""[..], b"1234567", b"12345678", b"0123456789abcdefg"] {
            assert!(step(Some(bytes), 1, at(1), TTL).1, "{bytes:?}");
        }
    }
}
