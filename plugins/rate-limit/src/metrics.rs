//! The counters, in one place. Their names are stable: dashboards and alerts depend on them.
//!
//! For each rule `rate_limit.RULE.EVENT`, in which the hyphens of the rule's name are underscores; and `rate_limit.failed`.

use filter::Metric;

/// What happens to a request at a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The rule had a token for it, and no other rule refused it.
    Admitted,
    /// The rule refused it.
    Limited,
    /// The rule would have refused it if it were not a shadow.
    Shadowed,
    /// It lacked a part of the rule's key.
    Keyless,
    /// The table was full, so it shared the bucket of another key.
    Crowded,
    /// The rule could not decide: shared data failed.
    Failed,
}

/// Every event, in the order of the metrics.
const EVENTS: [(Event, &str); 6] = [
    (Event::Admitted, "admitted"),
    (Event::Limited, "limited"),
    (Event::Shadowed, "shadowed"),
    (Event::Keyless, "keyless"),
    (Event::Crowded, "crowded"),
    (Event::Failed, "failed"),
];

/// The index of the counter of requests for which no rule could decide.
pub(crate) const FAILED: usize = 0;

/// The metrics of rules with these names.
pub(crate) fn all<'a>(rules: impl Iterator<Item = &'a str>) -> Vec<Metric> {
    let mut metrics = vec![Metric::counter("rate_limit.failed")];
    for rule in rules {
        let rule = rule.replace('-', "_");
        let counter =
            |(_, event): &(Event, &str)| Metric::counter(format!("rate_limit.{rule}.{event}"));
        metrics.extend(EVENTS.iter().map(counter));
    }
    metrics
}

/// The index of the counter of `event` at rule number `rule`.
pub(crate) fn index(rule: usize, event: Event) -> usize {
    let place = EVENTS.iter().position(|(found, _)| *found == event);
    rule.saturating_mul(EVENTS.len())
        .saturating_add(place.unwrap_or_default())
        .saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_of_every_rule_has_a_counter_of_its_own() {
        let metrics = all(["per-client", "all"].into_iter());
        let name = |index: usize| metrics[index].name.as_str();
        assert_eq!(name(FAILED), "rate_limit.failed");
        assert_eq!(
            name(index(0, Event::Admitted)),
            "rate_limit.per_client.admitted"
        );
        assert_eq!(
            name(index(0, Event::Failed)),
            "rate_limit.per_client.failed"
        );
        assert_eq!(name(index(1, Event::Limited)), "rate_limit.all.limited");
        assert_eq!(name(index(1, Event::Keyless)), "rate_limit.all.keyless");
        assert_eq!(metrics.len(), 1 + 2 * EVENTS.len());
    }
}
