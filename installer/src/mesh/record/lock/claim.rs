//! Whether a Lease may be taken, and when its holder gives signs of life: decided by values and by one's own clock alone.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use kube::api::ObjectMeta;

use super::holder::{Holder, Life, Process};

/// The name of the Lease.
pub(super) const NAME: &str = "weft";
/// A holder that gave no sign for so long is gone.
pub(super) const SECONDS: i32 = 30;
/// The same.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// How often a holder gives one.
pub(super) const SIGN: Duration = Duration::from_secs(10);
/// A holder whose signs did not come through for so long stops: before others may think that it is gone.
pub(super) const GIVE_UP: Duration = Duration::from_secs(24);
/// What is to be done about a Lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// Nobody has it, or its holder is gone.
    Take,
    /// This one works.
    Leave(String),
    /// It cannot be told yet: look again for a sign.
    Look,
}

/// A Lease as it was when it was first looked at.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) version: Option<String>,
    pub(super) at: Duration,
}

/// What a holder does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Nothing,
    Sign,
    Stop,
}

/// What a holder does, so long after its last sign that came through.
pub(super) fn next(last: Duration, now: Duration) -> Next {
    match now.saturating_sub(last) {
        since if since >= GIVE_UP => Next::Stop,
        since if since >= SIGN => Next::Sign,
        _ => Next::Nothing,
    }
}

pub(super) fn signed(found: Option<Lease>, holder: &str, now: Timestamp) -> Lease {
    let mut lease = found.unwrap_or_else(|| Lease {
        metadata: ObjectMeta {
            name: Some(NAME.to_owned()),
            ..ObjectMeta::default()
        },
        spec: None,
    });
    let mut spec = lease.spec.take().unwrap_or_default();
    if spec.holder_identity.as_deref() != Some(holder) {
        spec.acquire_time = Some(MicroTime(now));
    }
    lease.spec = Some(LeaseSpec {
        holder_identity: Some(holder.to_owned()),
        lease_duration_seconds: Some(SECONDS),
        renew_time: Some(MicroTime(now)),
        ..spec
    });
    lease
}

/// Whether a Lease may be taken, `now` by our own clock.
pub(super) fn claim(
    lease: &Lease,
    us: &Holder,
    life: impl Fn(Process) -> Life,
    seen: &Seen,
    now: Duration,
) -> Claim {
    let spec = lease.spec.as_ref();
    let text = spec.and_then(|spec| spec.holder_identity.clone());
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Claim::Take;
    };
    let holder = Holder::parse(&text);
    let found = match &holder {
        Some(holder) if holder.is_near(us) => life(holder.process),
        _ => Life::Unseen,
    };
    let works = || Claim::Leave(holder.as_ref().map_or(text.clone(), Holder::words));
    match found {
        Life::Gone => return Claim::Take,
        Life::Runs => return works(),
        Life::Unseen => {}
    }
    // Somebody wrote it since we looked first; or means to be silent for longer than weft ever is.
    let seconds = spec.and_then(|spec| spec.lease_duration_seconds);
    if lease.metadata.resource_version != seen.version
        || seconds.is_some_and(|seconds| seconds > SECONDS)
    {
        return works();
    }
    if now.saturating_sub(seen.at) >= PATIENCE {
        Claim::Take
    } else {
        Claim::Look
    }
}

#[cfg(test)]
mod tests;
