//! Contradictions in what holds for all traffic; Istio's own validation refuses the same, but only once istiod runs.

use super::super::mistake::{Mistake, escaped};
use super::super::{Failover, Locality, LocalityShare, Retries, Spec};
use super::repeated;

pub(super) fn contradictions(spec: &Spec) -> Vec<Mistake> {
    let Some(traffic) = &spec.traffic else {
        return Vec::new();
    };
    let localities = traffic.locality.iter().flat_map(locality);
    let retries = traffic.retries.iter().flat_map(retries);
    localities.chain(retries).collect()
}

fn locality(locality: &Locality) -> Vec<Mistake> {
    const AT: &str = "/spec/traffic/locality";
    let mut found = Vec::new();
    let lists = [
        ("distribute", !locality.distribute.is_empty()),
        ("failover", !locality.failover.is_empty()),
    ];
    if lists.iter().all(|(_, set)| *set) {
        let text = "excludes distribute: leave one of the two out";
        found.push(Mistake::at(format!("{AT}/failover"), text));
    }
    if locality.enabled == Some(false) {
        found.extend(lists.into_iter().filter(|(_, set)| *set).map(|(name, _)| {
            let text = "has no effect beside enabled: false: leave it out, or enable locality";
            Mistake::at(format!("{AT}/{name}"), text)
        }));
    }
    found.extend(distribute(
        &locality.distribute,
        &format!("{AT}/distribute"),
    ));
    found.extend(failover(&locality.failover, &format!("{AT}/failover")));
    found
}

fn distribute(shares: &[LocalityShare], pointer: &str) -> Vec<Mistake> {
    let sources: Vec<&str> = shares.iter().map(|share| share.from.as_str()).collect();
    let mut found: Vec<_> = overlaps(&sources)
        .into_iter()
        .map(|(index, text)| Mistake::at(format!("{pointer}/{index}/from"), text))
        .collect();
    for (index, share) in shares.iter().enumerate() {
        let at = format!("{pointer}/{index}/to");
        let sum: u64 = share.to.values().copied().map(u64::from).sum();
        if sum != 100 {
            let text = format!("the shares are {sum} percent together: make them 100");
            found.push(Mistake::at(at.clone(), text));
        }
        let targets: Vec<&str> = share.to.keys().map(String::as_str).collect();
        found.extend(overlaps(&targets).into_iter().map(|(index, text)| {
            let name = targets.get(index).copied().unwrap_or_default();
            Mistake::at(format!("{at}/{}", escaped(name)), text)
        }));
    }
    found
}

/// Those that share a place with one before.
fn overlaps(localities: &[&str]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (index, one) in localities.iter().enumerate() {
        let before = localities
            .iter()
            .take(index)
            .find(|other| overlap(one, other));
        if let Some(other) = before {
            found.push((index, format!("overlaps with {other}: keep one of them")));
        }
    }
    found
}

/// A part that is missing or `*` is any.
fn overlap(one: &str, other: &str) -> bool {
    let mut pairs = one.split('/').zip(other.split('/'));
    pairs.all(|(one, other)| one == other || one == "*" || other == "*")
}

fn failover(rules: &[Failover], pointer: &str) -> Vec<Mistake> {
    let sources: Vec<&str> = rules.iter().map(|rule| rule.from.as_str()).collect();
    let twice = repeated(&sources, pointer)
        .into_iter()
        .map(|mistake| Mistake {
            pointer: format!("{}/from", mistake.pointer),
            ..mistake
        });
    let same = rules
        .iter()
        .enumerate()
        .filter(|(_, rule)| rule.from == rule.to);
    let same = same.map(|(index, _)| {
        Mistake::at(
            format!("{pointer}/{index}/to"),
            "is the region that fails: name another one",
        )
    });
    twice.chain(same).collect()
}

fn retries(retries: &Retries) -> Vec<Mistake> {
    const AT: &str = "/spec/traffic/retries";
    let set = [
        ("retryOn", !retries.retry_on.is_empty()),
        ("perTryTimeout", retries.per_try_timeout.is_some()),
        (
            "retryRemoteLocalities",
            retries.retry_remote_localities.is_some(),
        ),
    ];
    let mut found: Vec<_> = set
        .into_iter()
        .filter(|(_, set)| *set && retries.attempts == 0)
        .map(|(name, _)| {
            let text = "has no effect beside attempts: 0: leave it out, or allow an attempt";
            Mistake::at(format!("{AT}/{name}"), text)
        })
        .collect();
    if retries
        .per_try_timeout
        .as_ref()
        .is_some_and(|timeout| timeout.worth() == 0)
    {
        let text = "must be 1ms or more: leave it out for no limit";
        found.push(Mistake::at(format!("{AT}/perTryTimeout"), text));
    }
    found.extend(repeated(&retries.retry_on, &format!("{AT}/retryOn")));
    found
}
