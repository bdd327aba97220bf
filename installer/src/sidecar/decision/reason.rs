//! The same decision in words: which label won, and what is missing where nobody was called.

use kube::core::Expression;

use super::judge::Verdict;
use super::{Hook, INJECT, Injectors, Labels, Place, Rule, Template};
use crate::sidecar::injector::REVISION;

/// The label of a namespace that the revision without a name looks at.
pub(crate) const INJECTION: &str = "istio-injection";

/// What is there instead of what a requirement asks for.
pub(super) fn unmet(requirement: &Expression, labels: &Labels) -> String {
    let has = |key: &String| match labels.get(key) {
        Some(value) => format!("has {key}={value}"),
        None => format!("has no {key}"),
    };
    match requirement {
        Expression::In(key, values) => {
            let values: Vec<_> = values.iter().map(String::as_str).collect();
            format!("{}, and {} is wanted", has(key), values.join(" or "))
        }
        Expression::Equal(key, value) => format!("{}, and {value} is wanted", has(key)),
        Expression::NotIn(key, _)
        | Expression::NotEqual(key, _)
        | Expression::DoesNotExist(key)
        | Expression::Exists(key) => has(key),
    }
}

/// Both labels of a namespace at once: only one of them counts.
pub(crate) fn contradiction(labels: &Labels) -> Option<String> {
    let (injection, revision) = (labels.get(INJECTION)?, labels.get(REVISION)?);
    Some(format!(
        "the namespace has both {INJECTION}={injection} and {REVISION}={revision}: {INJECTION} wins, {REVISION} counts for nothing"
    ))
}

/// A webhook was called: the label that called it, or the rule that went against it.
pub(super) fn somebody(
    hook: &Hook,
    verdict: &Verdict,
    place: Place<'_>,
    template: &Template,
) -> (String, String) {
    let caller = Hook::wants(&hook.pods, &template.labels)
        .map(|label| format!("pod label {label}"))
        .or_else(|| {
            Hook::wants(&hook.namespaces, place.labels)
                .map(|label| format!("namespace label {label}"))
        })
        .unwrap_or_else(|| {
            "the global switch enableNamespacesByDefault (neither namespace nor pod says anything)"
                .to_owned()
        });
    let name = hook.full_name();
    if verdict.injects {
        let winner = match verdict.rule {
            Rule::PodAnnotation | Rule::AlwaysInjectSelector => verdict.winner.clone(),
            Rule::NoWebhook
            | Rule::HostNetwork
            | Rule::SystemNamespace
            | Rule::PodLabel
            | Rule::NeverInjectSelector
            | Rule::Policy => caller.clone(),
        };
        let reason = format!(
            "{caller} has {name} called, and istiod of revision {} injects ({})",
            hook.revision, verdict.winner
        );
        return (winner, reason);
    }
    let reason = format!(
        "{caller} has {name} called, but istiod of revision {} does not inject: {}",
        hook.revision, verdict.winner
    );
    (verdict.winner.clone(), reason)
}

/// No webhook was called: what keeps them away, the strongest first.
pub(super) fn nobody(
    injectors: &Injectors,
    place: Place<'_>,
    template: &Template,
) -> (String, String) {
    let of_pod = |key: &str| template.labels.get(key).map(String::as_str);
    let of_namespace = |key: &str| place.labels.get(key).map(String::as_str);
    let known = injectors.names().join(", ");
    let unknown = |whose: &str, revision: &str| {
        let winner = format!("{whose} label {REVISION}={revision}");
        let reason = format!(
            "{winner} names no revision or tag that has a webhook for it; there are: {known}"
        );
        (winner, reason)
    };
    if injectors.hooks.is_empty() {
        let text = "the cluster has no injection webhook";
        return (
            text.to_owned(),
            format!("{text}: no Istio is installed that injects"),
        );
    }
    if let Some(value) = of_pod(INJECT).filter(|value| *value == "false") {
        let winner = format!("pod label {INJECT}={value}");
        return (winner.clone(), format!("{winner} keeps every webhook away"));
    }
    match (of_namespace(INJECTION), of_namespace(REVISION)) {
        (Some("enabled"), _) => {
            let winner = format!("namespace label {INJECTION}=enabled");
            let reason = format!(
                "{winner} is for the default revision, and none serves it: name one of {known} in {REVISION} instead"
            );
            (winner, reason)
        }
        (Some(value), _) => {
            let winner = format!("namespace label {INJECTION}={value}");
            (winner.clone(), format!("{winner} keeps every webhook away"))
        }
        (None, Some(revision)) => unknown("namespace", revision),
        (None, None) => match (of_pod(REVISION), of_pod(INJECT)) {
            (Some(revision), _) => unknown("pod", revision),
            (None, Some("true")) => {
                let winner = format!("pod label {INJECT}=true");
                let reason = format!(
                    "{winner} is for the default revision, and none serves it: name one of {known} in {REVISION} besides"
                );
                (winner, reason)
            }
            (None, _) => {
                let text = "neither the namespace nor the pod asks for injection";
                (
                    "nothing".to_owned(),
                    format!("{text}, and it is not switched on globally"),
                )
            }
        },
    }
}
