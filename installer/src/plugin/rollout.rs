//! Waiting until every proxy really runs a version: what was seen in, whether to go on waiting out.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use serde::Serialize;

use super::snapshot::PodName;
use super::verdict::{State, Verdict};

/// What each proxy showed before we wrote: when it took what it had, and when its log last told of trouble.
pub(crate) type Baseline = BTreeMap<PodName, (String, Option<Timestamp>)>;

/// What was seen of one proxy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Sighting {
    /// Which.
    #[serde(flatten)]
    pub(crate) pod: PodName,
    /// What it does with the plugin.
    #[serde(flatten)]
    pub(crate) verdict: Verdict,
    /// When it took what it has.
    #[serde(skip)]
    pub(crate) updated: String,
    /// Whether it was seen running only just now: Envoy shows a version that it is about to refuse, and its log tells a
    /// moment later.
    #[serde(skip)]
    pub(crate) fresh: bool,
    /// When its log last told about the plugin.
    #[serde(skip)]
    pub(crate) told_at: Option<Timestamp>,
}

impl Sighting {
    /// Of a proxy that was not asked, or did not answer.
    pub(crate) fn of(pod: PodName, verdict: Verdict) -> Self {
        Self {
            pod,
            verdict,
            updated: String::new(),
            told_at: None,
            fresh: false,
        }
    }

    /// Whether the proxy runs what it took within this time.
    pub(crate) fn is_newer_than(&self, now: Timestamp, time: Duration) -> bool {
        let updated = self.updated.parse::<Timestamp>().ok();
        let age = updated.map(|updated| now.duration_since(updated).unsigned_abs());
        self.verdict.state == State::Running && age.is_some_and(|age| age < time)
    }

    /// Whether waiting longer will not help. What a proxy already had when we wrote is not about the version that we
    /// wrote: an earlier failure may still be in place while the agent pulls the new module. A refusal, though, is about
    /// exactly this version, and Envoy does not look at it twice.
    fn is_final(&self, before: &Baseline) -> bool {
        // A shorter part of the log may have been read since, so only what was told later counts as told anew.
        let known = before
            .get(&self.pod)
            .is_some_and(|(updated, told_at)| *updated == self.updated && self.told_at <= *told_at);
        self.verdict.state.is_final() && (!known || self.verdict.state == State::Refused)
    }
}

/// What these proxies show now, as what they showed before the next writing.
pub(crate) fn baseline(sightings: &[Sighting]) -> Baseline {
    sightings
        .iter()
        .map(|seen| (seen.pod.clone(), (seen.updated.clone(), seen.told_at)))
        .collect()
}

/// What to do after a look at the proxies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Every proxy that runs has it.
    Done,
    /// Look again; this is what we wait for.
    Wait(String),
    /// It will not come.
    Failed,
}

/// Decides after a look. A proxy that does not run carries no traffic and gets the plugin when it starts, so it holds
/// nothing up as long as there are others; when none runs, there is nothing to be sure of yet. Where some run it and
/// nothing has changed for a while (`quiet`), the others have no listener for it: `match` chooses ports, and not every
/// selected proxy has them.
pub(crate) fn step(sightings: &[Sighting], before: &Baseline, quiet: bool) -> Step {
    if sightings.iter().any(|seen| seen.is_final(before)) {
        return Step::Failed;
    }
    let asked: Vec<_> = sightings
        .iter()
        .filter(|seen| seen.verdict.state != State::NotReady)
        .collect();
    let some_run_it = asked
        .iter()
        .any(|seen| seen.verdict.state == State::Running);
    let done = |seen: &Sighting| {
        let has_no_use = quiet && some_run_it && seen.verdict.state == State::Unused;
        has_no_use || (seen.verdict.state == State::Running && !seen.fresh)
    };
    let open: Vec<_> = asked.iter().filter(|seen| !done(seen)).collect();
    match (open.first(), asked.is_empty(), sightings.first()) {
        (None, false, _) | (None, true, None) => Step::Done,
        (None, true, Some(first)) => Step::Wait(waiting_for(first, 0, sightings.len())),
        (Some(first), _, _) => Step::Wait(waiting_for(
            first,
            asked.len().saturating_sub(open.len()),
            asked.len(),
        )),
    }
}

fn waiting_for(seen: &Sighting, running: usize, all: usize) -> String {
    let what = if seen.fresh {
        "has taken it, and may yet refuse it".to_owned()
    } else {
        format!("is {}: {}", seen.verdict.state.word(), seen.verdict.reason)
    };
    format!("{running} of {all} proxies run it; {} {what}", seen.pod)
}

/// Whether what was seen speaks against the version, so that it is better undone.
pub(crate) fn speaks_against(sightings: &[Sighting]) -> bool {
    sightings
        .iter()
        .any(|seen| seen.verdict.state.speaks_against())
}

/// Those that do not run it, a line each, for a person.
pub(crate) fn complaints(sightings: &[Sighting]) -> String {
    let open = sightings
        .iter()
        .filter(|seen| seen.verdict.state != State::Running);
    let lines: Vec<_> = open
        .map(|seen| {
            format!(
                "  {} is {}: {}",
                seen.pod,
                seen.verdict.state.word(),
                seen.verdict.reason
            )
        })
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(pod: &str, state: State, updated: &str) -> Sighting {
        let pod = PodName {
            namespace: "shop".to_owned(),
            name: pod.to_owned(),
        };
        Sighting {
            updated: updated.to_owned(),
            ..Sighting::of(pod, Verdict::new(state, "why"))
        }
    }

    fn now(sightings: &[Sighting], before: &Baseline) -> Step {
        step(sightings, before, false)
    }

    fn before(pod: &str, updated: &str) -> Baseline {
        baseline(&[seen(pod, State::Running, updated)])
    }

    #[test]
    fn all_must_run_it() {
        let none = Baseline::new();
        let running = seen("a", State::Running, "t");
        let pulling = seen("b", State::Pulling, "");

        assert_eq!(now(std::slice::from_ref(&running), &none), Step::Done);
        assert_eq!(
            now(&[running, pulling], &none),
            Step::Wait("1 of 2 proxies run it; shop/b is pulling: why".to_owned())
        );
        assert_eq!(now(&[], &none), Step::Done);
    }

    #[test]
    fn a_version_that_was_only_just_taken_may_yet_be_refused() {
        let fresh = Sighting {
            fresh: true,
            ..seen("a", State::Running, "t")
        };

        assert_eq!(
            now(&[fresh], &Baseline::new()),
            Step::Wait(
                "0 of 1 proxies run it; shop/a has taken it, and may yet refuse it".to_owned()
            )
        );
    }

    #[test]
    fn a_proxy_that_does_not_run_holds_nothing_up_unless_none_runs() {
        let down = seen("b", State::NotReady, "");

        assert_eq!(
            now(
                &[seen("a", State::Running, "t"), down.clone()],
                &Baseline::new()
            ),
            Step::Done
        );
        assert_eq!(
            now(&[down], &Baseline::new()),
            Step::Wait("0 of 1 proxies run it; shop/b is not-ready: why".to_owned())
        );
    }

    #[test]
    fn not_every_selected_proxy_needs_a_listener_for_it() {
        let some = [seen("a", State::Running, "t"), seen("b", State::Unused, "")];

        assert!(matches!(
            step(&some, &Baseline::new(), false),
            Step::Wait(_)
        ));
        assert_eq!(step(&some, &Baseline::new(), true), Step::Done);
        assert!(
            matches!(step(&some[1..], &Baseline::new(), true), Step::Wait(_)),
            "none uses it at all"
        );
    }

    #[test]
    fn a_failure_counts_only_when_it_is_news() {
        let denied = seen("a", State::ImageMissing, "t1");

        assert_eq!(
            now(std::slice::from_ref(&denied), &Baseline::new()),
            Step::Failed
        );
        assert_eq!(
            now(std::slice::from_ref(&denied), &before("a", "t0")),
            Step::Failed
        );
        assert!(matches!(
            now(std::slice::from_ref(&denied), &before("a", "t1")),
            Step::Wait(_)
        ));
        let told = Sighting {
            told_at: Some(Timestamp::UNIX_EPOCH),
            ..denied
        };
        assert_eq!(
            now(std::slice::from_ref(&told), &before("a", "t1")),
            Step::Failed
        );
        assert!(matches!(
            now(
                std::slice::from_ref(&told),
                &baseline(std::slice::from_ref(&told))
            ),
            Step::Wait(_)
        ));
    }

    #[test]
    fn a_refusal_is_final_even_when_it_was_there_before() {
        let refused = seen("a", State::Refused, "t1");

        assert_eq!(
            now(
                std::slice::from_ref(&refused),
                &baseline(std::slice::from_ref(&refused))
            ),
            Step::Failed
        );
    }

    #[test]
    fn a_proxy_that_is_down_says_nothing_about_the_plugin() {
        assert!(!speaks_against(&[
            seen("a", State::Running, ""),
            seen("b", State::NotReady, ""),
            seen("c", State::Unknown, "")
        ]));
        assert!(speaks_against(&[seen("a", State::OldVersion, "")]));
        assert_eq!(
            complaints(&[seen("a", State::Running, ""), seen("b", State::Unknown, "")]),
            "  shop/b is unknown: why"
        );
    }
}
