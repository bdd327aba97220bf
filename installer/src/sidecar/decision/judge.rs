//! The rule of the istiod behind a webhook, once the API server has called it.

use kube::core::{Selector, SelectorExt};

use super::{IGNORED, INJECT, Labels, Place, Rule, Template};
use crate::sidecar::injector::Settings;

/// What one istiod says of a pod that it is asked about.
pub(super) struct Verdict {
    /// Whether it injects.
    pub(super) injects: bool,
    /// Which of its rules says so.
    pub(super) rule: Rule,
    /// The same in words.
    pub(super) winner: String,
}

/// istiod's own rule, in its order.
pub(super) fn judge(settings: Option<&Settings>, place: Place<'_>, template: &Template) -> Verdict {
    let verdict = |injects, rule, winner: String| Verdict {
        injects,
        rule,
        winner,
    };
    if template.host_network {
        return verdict(false, Rule::HostNetwork, "hostNetwork: true".to_owned());
    }
    if IGNORED.contains(&place.name) {
        let winner = format!("namespace {} is one of Kubernetes' own", place.name);
        return verdict(false, Rule::SystemNamespace, winner);
    }
    if settings.is_some_and(|settings| settings.by_default.is_none()) {
        let winner = "a policy in its ConfigMap that istiod does not know".to_owned();
        return verdict(false, Rule::Policy, winner);
    }
    // An empty or strange label hides the annotation all the same.
    let (asked, rule, what) = match template.labels.get(INJECT) {
        Some(value) => (Some(value), Rule::PodLabel, "label"),
        None => (
            template.annotations.get(INJECT),
            Rule::PodAnnotation,
            "annotation",
        ),
    };
    match asked.map(String::as_str) {
        Some(value @ ("true" | "false")) => verdict(
            value == "true",
            rule,
            format!("pod {what} {INJECT}={value}"),
        ),
        _ => unasked(settings, &template.labels),
    }
}

/// What happens to a pod that does not say what it wants.
fn unasked(settings: Option<&Settings>, labels: &Labels) -> Verdict {
    let fallback = Settings {
        by_default: Some(true),
        ..Settings::default()
    };
    let settings = settings.unwrap_or(&fallback);
    let hit = |selectors: &[Selector]| {
        selectors
            .iter()
            .find(|selector| selector.matches(labels))
            .map(ToString::to_string)
    };
    if let Some(selector) = hit(&settings.never) {
        return Verdict {
            injects: false,
            rule: Rule::NeverInjectSelector,
            winner: format!("neverInjectSelector {selector}"),
        };
    }
    if let Some(selector) = hit(&settings.always) {
        return Verdict {
            injects: true,
            rule: Rule::AlwaysInjectSelector,
            winner: format!("alwaysInjectSelector {selector}"),
        };
    }
    let injects = settings.by_default == Some(true);
    let policy = if injects { "enabled" } else { "disabled" };
    Verdict {
        injects,
        rule: Rule::Policy,
        winner: format!("policy {policy}"),
    }
}
