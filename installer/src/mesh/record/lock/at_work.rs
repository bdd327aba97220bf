//! Who works on a mesh right now, for those who only look: nobody waits here, and nothing is taken.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::jiff::Timestamp;
use kube::Api;

use super::claim::{Claim, NAME, PATIENCE, Seen, claim};
use super::holder::{Holder, Life, Process};
use crate::cluster::access::Cluster;
use crate::cluster::error::ClusterError;

/// Who holds the Lease of a namespace, and since when, in words; nothing where nobody does, or whoever did is gone.
pub(crate) async fn at_work(
    cluster: &Cluster,
    namespace: &str,
) -> Result<Option<String>, ClusterError> {
    let api: Api<Lease> = Api::namespaced(cluster.client.clone(), namespace);
    let what = format!("read Lease {namespace}/{NAME}");
    let found = cluster.call(&what, api.get_opt(NAME)).await?;
    let us = Holder::here("", "");
    Ok(found.and_then(|lease| judged(&lease, &us, Process::life, Timestamp::now())))
}

fn judged(
    lease: &Lease,
    us: &Holder,
    life: impl Fn(Process) -> Life,
    now: Timestamp,
) -> Option<String> {
    let seen = Seen {
        version: lease.metadata.resource_version.clone(),
        at: Duration::ZERO,
    };
    let spec = lease.spec.as_ref()?;
    let who = match claim(lease, us, life, &seen, Duration::ZERO) {
        Claim::Take => return None,
        Claim::Leave(who) => who,
        // On another machine only signs tell. Whoever takes the Lease waits for one; here, the clocks have to do.
        Claim::Look => {
            let sign = spec.renew_time.as_ref()?.0;
            let silent = Duration::try_from(now.duration_since(sign)).unwrap_or_default();
            if silent > PATIENCE {
                return None;
            }
            let holder = spec.holder_identity.as_deref().unwrap_or_default();
            Holder::parse(holder).map_or_else(|| holder.to_owned(), |holder| holder.words())
        }
    };
    let since = spec.acquire_time.as_ref();
    let since = since.map(|since| since.0.strftime(" since %Y-%m-%dT%H:%M:%SZ").to_string());
    Some(format!("{who}{}", since.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::super::claim::signed;
    use super::super::holder::Place;
    use super::*;

    fn holder(space: &str) -> Holder {
        Holder {
            who: "alice".to_owned(),
            verb: "mesh apply shop".to_owned(),
            place: Place {
                node: "ci-1".to_owned(),
                space: Some(space.to_owned()),
            },
            process: Process {
                id: 7,
                started: Some(1),
            },
        }
    }

    #[test]
    fn whoever_lives_or_gave_a_sign_lately_is_at_work() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let cases = [
            ("here", Life::Runs, 1000, true),
            ("here", Life::Gone, 0, false),
            ("elsewhere", Life::Runs, 5, true),
            ("elsewhere", Life::Runs, -5, true),
            ("elsewhere", Life::Runs, 31, false),
        ];
        for (place, life, silent, wanted) in cases {
            let lease = signed(None, &holder(place).to_string(), at(10_000));
            let now = at(10_000 + silent);
            let told = judged(&lease, &holder("here"), |_| life, now);
            let words = "alice with `weft mesh apply shop` since 1970-01-01T02:46:40Z";
            assert_eq!(
                told,
                wanted.then(|| words.to_owned()),
                "{place} {life:?} {silent}"
            );
        }
        assert_eq!(
            judged(
                &Lease::default(),
                &holder("here"),
                |_| Life::Runs,
                at(10_000)
            ),
            None
        );
    }
}
