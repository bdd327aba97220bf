//! Whether a pod gets a proxy, from whom, and why: what the API server and the injector behind it would decide.
//!
//! First the API server asks every webhook whose two selectors match; then the istiod behind it decides by its own rule.
//! Only both together inject. Every step is kept, so that `explain` shows the same thing that was computed.

mod judge;
mod reason;

use kube::core::{Expression, Selector, SelectorExt};
use serde::Serialize;
use serde_json::Value;

use super::injector::{Hook, Injectors, Labels, settings_name};
use judge::{Verdict, judge};
pub(crate) use reason::{INJECTION, contradiction};

/// The label, and of old the annotation, by which a pod asks for a proxy or declines it.
pub(crate) const INJECT: &str = "sidecar.istio.io/inject";
/// The namespaces in which istiod injects nothing, whatever is asked for.
pub(crate) const IGNORED: [&str; 4] = [
    "kube-system",
    "kube-public",
    "kube-node-lease",
    "local-path-storage",
];

/// A namespace, as admission sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// Its labels.
    pub(crate) labels: &'a Labels,
}

/// What a pod says before it is injected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Template {
    /// Its labels.
    pub(crate) labels: Labels,
    /// Its annotations.
    pub(crate) annotations: Labels,
    /// Whether it uses the network of its node.
    pub(crate) host_network: bool,
}

impl Template {
    /// Of a pod, or of the template of one.
    pub(crate) fn of(pod: &Value) -> Self {
        let map = |at: &str| -> Labels {
            let read = pod.pointer(at).cloned().map(serde_json::from_value);
            read.and_then(Result::ok).unwrap_or_default()
        };
        let host_network = pod.pointer("/spec/hostNetwork").and_then(Value::as_bool);
        Self {
            labels: map("/metadata/labels"),
            annotations: map("/metadata/annotations"),
            host_network: host_network == Some(true),
        }
    }
}

/// What decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Rule {
    /// No webhook is called at all.
    NoWebhook,
    /// The pod uses the network of its node.
    HostNetwork,
    /// istiod leaves the namespace alone.
    SystemNamespace,
    /// The pod's label.
    PodLabel,
    /// The pod's annotation.
    PodAnnotation,
    /// The injector's own list of pods to leave out.
    NeverInjectSelector,
    /// The injector's own list of pods to take in.
    AlwaysInjectSelector,
    /// The injector's policy for pods that say nothing.
    Policy,
}

/// A webhook that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Step {
    /// The configuration.
    pub(crate) configuration: String,
    /// The webhook in it.
    pub(crate) webhook: String,
    /// The revision behind it.
    pub(crate) revision: String,
    /// The tag that it serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tag: Option<String>,
    /// Whether the API server calls it.
    pub(crate) called: bool,
    /// Whether its istiod injects; nothing when it is not called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) injects: Option<bool>,
    /// Why, in words.
    pub(crate) why: String,
}

/// The outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Decision {
    /// Whether the pod gets a proxy.
    pub(crate) injected: bool,
    /// From which revision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) revision: Option<String>,
    /// By which webhook, `CONFIGURATION/WEBHOOK`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) webhook: Option<String>,
    /// What kind of rule decided.
    pub(crate) rule: Rule,
    /// The label, selector or setting that won.
    pub(crate) winner: String,
    /// The same as a sentence.
    pub(crate) reason: String,
    /// Webhooks that inject besides, which they should not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) also: Vec<String>,
    /// What cannot be said for sure.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) notes: Vec<String>,
    /// Every webhook that was looked at, in the order in which they would be called.
    pub(crate) chain: Vec<Step>,
}

/// Decides about a pod.
pub(crate) fn decide(injectors: &Injectors, place: Place<'_>, template: &Template) -> Decision {
    let mut called: Vec<(&Hook, Verdict)> = Vec::new();
    let mut chain = Vec::new();
    for hook in &injectors.hooks {
        let failed = failed(hook, place, template);
        let verdict = failed
            .is_empty()
            .then(|| judge(injectors.settings.get(&hook.revision), place, template));
        chain.push(step(hook, &failed, verdict.as_ref()));
        if let Some(verdict) = verdict {
            called.push((hook, verdict));
        }
    }
    let mut decision = conclude(injectors, place, template, &called);
    decision.notes = notes(injectors, place, &called);
    decision.chain = chain;
    decision
}

/// The last one that injects wins: each takes out what the one before has put in.
fn conclude(
    injectors: &Injectors,
    place: Place<'_>,
    template: &Template,
    called: &[(&Hook, Verdict)],
) -> Decision {
    let injecting: Vec<_> = called
        .iter()
        .filter(|(_, verdict)| verdict.injects)
        .collect();
    let (also, chosen) = match injecting.split_last() {
        Some((last, others)) => (others, Some(*last)),
        None => (&[][..], called.first()),
    };
    let Some((hook, verdict)) = chosen else {
        let (winner, reason) = reason::nobody(injectors, place, template);
        return Decision {
            injected: false,
            revision: None,
            webhook: None,
            rule: Rule::NoWebhook,
            winner,
            reason,
            also: Vec::new(),
            notes: Vec::new(),
            chain: Vec::new(),
        };
    };
    let (winner, reason) = reason::somebody(hook, verdict, place, template);
    Decision {
        injected: verdict.injects,
        revision: verdict.injects.then(|| hook.revision.clone()),
        webhook: verdict.injects.then(|| hook.full_name()),
        rule: verdict.rule,
        winner,
        reason,
        also: also.iter().map(|(hook, _)| hook.full_name()).collect(),
        notes: Vec::new(),
        chain: Vec::new(),
    }
}

fn notes(injectors: &Injectors, place: Place<'_>, called: &[(&Hook, Verdict)]) -> Vec<String> {
    let mut notes = Vec::new();
    for (hook, _) in called {
        if hook.conditional {
            notes.push(format!(
                "{} has matchConditions, which only the API server evaluates: it may not be called",
                hook.full_name()
            ));
        }
        if !injectors.settings.contains_key(&hook.revision) {
            notes.push(format!(
                "the settings of revision {} (ConfigMap {}) were not found: taken for policy enabled",
                hook.revision,
                settings_name(&hook.revision)
            ));
        }
    }
    notes.dedup();
    notes.extend(contradiction(place.labels));
    notes
}

/// The requirements of both selectors that are not met, with what they are about.
fn failed(hook: &Hook, place: Place<'_>, template: &Template) -> Vec<String> {
    let of = |selector: &Selector, labels: &Labels, what: &str| -> Vec<String> {
        let unmet = selector
            .clone()
            .into_iter()
            .filter(|one| !one.matches(labels));
        unmet
            .map(|one| format!("{what} {}", reason::unmet(&one, labels)))
            .collect()
    };
    let mut all = of(&hook.namespaces, place.labels, "the namespace");
    all.extend(of(&hook.pods, &template.labels, "the pod"));
    all
}

fn step(hook: &Hook, failed: &[String], verdict: Option<&Verdict>) -> Step {
    let why = match verdict {
        None => format!("not called: {}", failed.join("; ")),
        Some(verdict) => format!(
            "called, and istiod {}: {}",
            if verdict.injects {
                "injects"
            } else {
                "does not inject"
            },
            verdict.winner
        ),
    };
    Step {
        configuration: hook.configuration.clone(),
        webhook: hook.name.clone(),
        revision: hook.revision.clone(),
        tag: hook.tag.clone(),
        called: verdict.is_some(),
        injects: verdict.map(|verdict| verdict.injects),
        why,
    }
}

impl Hook {
    /// `CONFIGURATION/WEBHOOK`.
    pub(crate) fn full_name(&self) -> String {
        format!("{}/{}", self.configuration, self.name)
    }

    /// Whether it asks for this label to be there.
    fn wants(selector: &Selector, labels: &Labels) -> Option<String> {
        selector.clone().into_iter().find_map(|one| match &one {
            Expression::In(key, _) | Expression::Equal(key, _) | Expression::Exists(key) => {
                labels.get(key).map(|value| format!("{key}={value}"))
            }
            Expression::NotIn(..) | Expression::NotEqual(..) | Expression::DoesNotExist(_) => None,
        })
    }
}

#[cfg(test)]
mod tests;
