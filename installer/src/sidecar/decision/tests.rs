use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::sidecar::injector::{REVISION, Settings};

/// What a chart installs: webhooks for a name, and those of the default revision besides.
#[derive(Clone, Copy)]
struct Installed {
    name: &'static str,
    revision: &'static str,
    tag: Option<&'static str>,
    is_default: bool,
    global: bool,
}

const ABSENT: &str = "DoesNotExist";

fn requirement(key: &str, operator: &str, values: &[&str]) -> Value {
    json!({"key": key, "operator": operator, "values": values})
}

impl Installed {
    fn configuration(self) -> MutatingWebhookConfiguration {
        let named = self.tag.unwrap_or(self.revision);
        let rev = |operator, values: &[&str]| requirement(REVISION, operator, values);
        let injection = |operator, values: &[&str]| requirement(INJECTION, operator, values);
        let inject = |operator, values: &[&str]| requirement(INJECT, operator, values);
        let mut webhooks = vec![
            (
                "rev.namespace.",
                vec![rev("In", &[named]), injection(ABSENT, &[])],
                vec![inject("NotIn", &["false"])],
            ),
            (
                "rev.object.",
                vec![rev(ABSENT, &[]), injection(ABSENT, &[])],
                vec![inject("NotIn", &["false"]), rev("In", &[named])],
            ),
        ];
        if self.is_default {
            webhooks.push((
                "namespace.",
                vec![injection("In", &["enabled"])],
                vec![inject("NotIn", &["false"])],
            ));
            webhooks.push((
                "object.",
                vec![injection(ABSENT, &[]), rev(ABSENT, &[])],
                vec![inject("In", &["true"]), rev(ABSENT, &[])],
            ));
        }
        if self.global {
            let others = requirement("kubernetes.io/metadata.name", "NotIn", &IGNORED);
            webhooks.push((
                "auto.",
                vec![injection(ABSENT, &[]), rev(ABSENT, &[]), others],
                vec![inject(ABSENT, &[]), rev(ABSENT, &[])],
            ));
        }
        let webhooks: Vec<_> = webhooks
            .into_iter()
            .map(|(prefix, namespaces, pods)| json!({
                "name": format!("{prefix}sidecar-injector.istio.io"), "sideEffects": "None", "admissionReviewVersions": ["v1"],
                "clientConfig": {"service": {"name": "istiod", "namespace": "istio-system"}},
                "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}],
                "namespaceSelector": {"matchExpressions": namespaces}, "objectSelector": {"matchExpressions": pods},
            }))
            .collect();
        let mut labels = json!({REVISION: self.revision});
        if let Some(tag) = self.tag {
            labels["istio.io/tag"] = json!(tag);
        }
        serde_json::from_value(
            json!({"metadata": {"name": self.name, "labels": labels}, "webhooks": webhooks}),
        )
        .unwrap()
    }
}

/// The default revision; a revision `canary` with the tag `prod`, too, where `canary` is set.
fn injectors(global: bool, canary: bool) -> Injectors {
    let default = Installed {
        name: "istio-sidecar-injector",
        revision: "default",
        tag: None,
        is_default: true,
        global,
    };
    let revision = Installed {
        name: "istio-sidecar-injector-canary",
        revision: "canary",
        is_default: false,
        global: false,
        ..default
    };
    let tag = Installed {
        name: "istio-revision-tag-prod",
        tag: Some("prod"),
        ..revision
    };
    let all = if canary {
        vec![default, revision, tag]
    } else {
        vec![default]
    };
    let configurations: Vec<_> = all.into_iter().map(Installed::configuration).collect();
    ["default", "canary"]
        .iter()
        .fold(Injectors::of(&configurations), |injectors, revision| {
            let settings = Settings {
                by_default: Some(true),
                ..Settings::default()
            };
            injectors.with(revision, settings)
        })
}

/// `a=b c=d`.
fn labels(text: &str) -> Labels {
    let short = |key: &str| match key {
        "injection" => INJECTION.to_owned(),
        "rev" => REVISION.to_owned(),
        "inject" => INJECT.to_owned(),
        other => other.to_owned(),
    };
    text.split_whitespace()
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(key, value)| (short(key), value.to_owned()))
        .collect()
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "a table makes one for each row"
)]
fn decided(injectors: &Injectors, namespace: &str, place: &str, pod: Template) -> Decision {
    let mut labels = labels(place);
    labels.insert(
        "kubernetes.io/metadata.name".to_owned(),
        namespace.to_owned(),
    );
    decide(
        injectors,
        Place {
            name: namespace,
            labels: &labels,
        },
        &pod,
    )
}

fn pod(text: &str) -> Template {
    Template {
        labels: labels(text),
        ..Template::default()
    }
}

const NAMESPACES: [&str; 9] = [
    "",
    "injection=enabled",
    "injection=disabled",
    "injection=yes",
    "rev=default",
    "rev=canary",
    "rev=prod",
    "rev=gone",
    "injection=enabled rev=canary",
];
const PODS: [&str; 9] = [
    "",
    "inject=true",
    "inject=false",
    "rev=canary",
    "rev=prod",
    "rev=gone",
    "inject=true rev=canary",
    "inject=false rev=canary",
    "inject=maybe",
];

/// The rule as a person would say it: an explicit no wins; then the namespace; then the pod; then the global switch.
fn rule(place: &str, pod: &str, global: bool, canary: bool) -> Option<&'static str> {
    let revision = |text: &str| match text.split_once("rev=").map(|(_, name)| name) {
        Some("default") => Some("default"),
        Some("canary" | "prod") if canary => Some("canary"),
        _ => None,
    };
    if pod.contains("inject=false")
        || place.contains("injection=disabled")
        || place.contains("injection=yes")
    {
        return None;
    }
    if place.contains("injection=enabled") {
        return Some("default");
    }
    if place.contains("rev=") {
        return revision(place);
    }
    if pod.contains("rev=") {
        return revision(pod);
    }
    match pod {
        "inject=true" => Some("default"),
        "" => global.then_some("default"),
        _ => None,
    }
}

#[test]
fn every_combination_of_namespace_pod_global_switch_revision_and_tag() {
    let mut rows = 0;
    for (global, canary) in [(false, false), (true, false), (false, true), (true, true)] {
        let injectors = injectors(global, canary);
        for (place, labels) in NAMESPACES
            .iter()
            .flat_map(|place| PODS.iter().map(move |pod| (place, pod)))
        {
            let decision = decided(&injectors, "shop", place, pod(labels));
            let wanted = rule(place, labels, global, canary);
            assert_eq!(
                decision.revision.as_deref(),
                wanted,
                "{place:?} {labels:?} {global} {canary}: {decision:#?}"
            );
            assert_eq!(decision.injected, wanted.is_some());
            assert!(decision.also.is_empty(), "{decision:#?}");
            rows += 1;
        }
    }
    assert_eq!(rows, 324);
}

/// Namespace labels, pod labels, what wins, and a part of the reason.
#[test]
#[expect(clippy::too_many_lines, reason = "a table, row by row")]
fn the_label_that_won_is_named() {
    let cases = [
        (
            "injection=enabled",
            "",
            "namespace label istio-injection=enabled",
            "has istio-sidecar-injector/namespace.sidecar-injector.istio.io called",
        ),
        (
            "injection=enabled",
            "inject=false",
            "pod label sidecar.istio.io/inject=false",
            "keeps every webhook away",
        ),
        (
            "injection=disabled",
            "inject=true",
            "namespace label istio-injection=disabled",
            "keeps every webhook away",
        ),
        (
            "injection=yes",
            "",
            "namespace label istio-injection=yes",
            "keeps every webhook away",
        ),
        (
            "rev=gone",
            "",
            "namespace label istio.io/rev=gone",
            "names no revision or tag that has a webhook for it; there are: canary, default, prod",
        ),
        (
            "rev=prod",
            "",
            "namespace label istio.io/rev=prod",
            "istio-revision-tag-prod/rev.namespace",
        ),
        (
            "",
            "rev=canary",
            "pod label istio.io/rev=canary",
            "istiod of revision canary injects",
        ),
        (
            "",
            "rev=gone",
            "pod label istio.io/rev=gone",
            "names no revision",
        ),
        (
            "",
            "inject=true",
            "pod label sidecar.istio.io/inject=true",
            "revision default injects",
        ),
        ("", "", "nothing", "it is not switched on globally"),
    ];
    let injectors = injectors(false, true);
    for (place, labels, winner, reason) in cases {
        let decision = decided(&injectors, "shop", place, pod(labels));
        assert_eq!(decision.winner, winner, "{place:?} {labels:?}");
        assert!(
            decision.reason.contains(reason),
            "{place:?} {labels:?}: {}",
            decision.reason
        );
    }
    let auto = decided(&self::injectors(true, false), "shop", "", pod(""));
    assert!(
        auto.winner.contains("enableNamespacesByDefault"),
        "{auto:#?}"
    );
    let none = decided(&Injectors::default(), "shop", "injection=enabled", pod(""));
    assert!(none.reason.contains("no Istio is installed"), "{none:#?}");
}

fn with_settings(settings: Settings) -> Injectors {
    injectors(false, false).with("default", settings)
}

fn selector(key: &str, value: &str) -> Selector {
    [(key.to_owned(), value.to_owned())].into_iter().collect()
}

/// What istiod makes of a pod for which it is called; the namespace asks for injection.
#[test]
#[expect(clippy::too_many_lines, reason = "a table, row by row")]
fn the_injector_has_a_rule_of_its_own() {
    let settings = |by_default| Settings {
        by_default,
        never: vec![selector("job", "yes")],
        always: vec![selector("app", "cart"), selector("job", "yes")],
        version: None,
    };
    let (on, off, strange) = (settings(Some(true)), settings(Some(false)), settings(None));
    let cases: [(&Settings, &str, &str, &str, bool, Rule); 20] = [
        (&on, "shop", "", "", true, Rule::Policy),
        (&off, "shop", "", "", false, Rule::Policy),
        (&strange, "shop", "", "", false, Rule::Policy),
        (&off, "shop", "inject=true", "", true, Rule::PodLabel),
        (&strange, "shop", "inject=true", "", false, Rule::Policy),
        (&off, "shop", "", "inject=true", true, Rule::PodAnnotation),
        (&on, "shop", "", "inject=false", false, Rule::PodAnnotation),
        (
            &on,
            "shop",
            "inject=true",
            "inject=false",
            true,
            Rule::PodLabel,
        ),
        (
            &on,
            "shop",
            "inject=maybe",
            "inject=false",
            true,
            Rule::Policy,
        ),
        (&off, "shop", "inject=", "inject=true", false, Rule::Policy),
        (&on, "shop", "job=yes", "", false, Rule::NeverInjectSelector),
        (&on, "shop", "job=yes inject=true", "", true, Rule::PodLabel),
        (
            &off,
            "shop",
            "app=cart",
            "",
            true,
            Rule::AlwaysInjectSelector,
        ),
        (
            &off,
            "shop",
            "app=cart job=yes",
            "",
            false,
            Rule::NeverInjectSelector,
        ),
        (
            &off,
            "shop",
            "app=cart",
            "inject=false",
            false,
            Rule::PodAnnotation,
        ),
        (&strange, "shop", "app=cart", "", false, Rule::Policy),
        (&on, "kube-system", "", "", false, Rule::SystemNamespace),
        (
            &on,
            "kube-public",
            "inject=true",
            "",
            false,
            Rule::SystemNamespace,
        ),
        (&on, "kube-node-lease", "", "", false, Rule::SystemNamespace),
        (
            &on,
            "local-path-storage",
            "",
            "",
            false,
            Rule::SystemNamespace,
        ),
    ];
    for (settings, namespace, label, annotation, injected, rule) in cases {
        let template = Template {
            annotations: labels(annotation),
            ..pod(label)
        };
        let decision = decided(
            &with_settings(settings.clone()),
            namespace,
            "injection=enabled",
            template.clone(),
        );
        assert_eq!(
            (decision.injected, decision.rule),
            (injected, rule),
            "{namespace} {label:?} {annotation:?}"
        );
        let hosted = Template {
            host_network: true,
            ..template
        };
        let hosted = decided(
            &with_settings(settings.clone()),
            namespace,
            "injection=enabled",
            hosted,
        );
        assert_eq!((hosted.injected, hosted.rule), (false, Rule::HostNetwork));
    }
}

#[test]
fn two_webhooks_that_inject_are_reported_and_the_last_one_wins() {
    let one = Installed {
        name: "b",
        revision: "one",
        tag: None,
        is_default: true,
        global: false,
    };
    let other = Installed {
        name: "a",
        revision: "two",
        ..one
    };
    let injectors = Injectors::of(&[one.configuration(), other.configuration()]);

    let decision = decided(&injectors, "shop", "injection=enabled", pod(""));

    assert_eq!(
        decision.revision.as_deref(),
        Some("one"),
        "the API server calls them by name"
    );
    assert_eq!(decision.also, ["a/namespace.sidecar-injector.istio.io"]);
    assert_eq!(
        decision.notes.len(),
        2,
        "no ConfigMap was read: {:?}",
        decision.notes
    );
}

#[test]
fn what_cannot_be_known_is_noted() {
    let default = Installed {
        name: "a",
        revision: "default",
        tag: None,
        is_default: true,
        global: false,
    };
    let mut configuration = default.configuration();
    let webhook = &mut configuration.webhooks.as_mut().unwrap()[2];
    let condition = json!([{"name": "x", "expression": "true"}]);
    webhook.match_conditions = serde_json::from_value(condition).unwrap();
    let injectors = Injectors::of(&[configuration]).with(
        "default",
        Settings {
            by_default: Some(true),
            ..Settings::default()
        },
    );

    let decision = decided(&injectors, "shop", "injection=enabled rev=x", pod(""));

    assert!(
        decision.notes[0].contains("has matchConditions"),
        "{:?}",
        decision.notes
    );
    assert!(
        decision.notes[1].contains("istio-injection wins"),
        "{:?}",
        decision.notes
    );
}

proptest! {
    /// The chain that is shown and the verdict say the same.
    #[test]
    fn the_verdict_follows_from_the_chain(
        place in proptest::sample::select(NAMESPACES.to_vec()),
        labels in proptest::sample::select(PODS.to_vec()),
        annotation in proptest::sample::select(vec!["", "inject=true", "inject=false"]),
        host_network: bool, global: bool, canary: bool, by_default: Option<bool>,
    ) {
        let injectors = injectors(global, canary).with("default", Settings { by_default, ..Settings::default() });
        let template = Template { annotations: self::labels(annotation), host_network, ..pod(labels) };
        let decision = decided(&injectors, "shop", place, template);
        let injecting: Vec<_> = decision.chain.iter().filter(|step| step.injects == Some(true)).collect();
        prop_assert_eq!(decision.injected, !injecting.is_empty());
        prop_assert_eq!(decision.revision.clone(), injecting.last().map(|step| step.revision.clone()));
        prop_assert_eq!(decision.chain.len(), injectors.hooks.len());
        prop_assert_eq!(decision.rule == Rule::NoWebhook, decision.chain.iter().all(|step| !step.called));
        prop_assert!(decision.chain.iter().all(|step| step.called == step.injects.is_some()));
    }
}
