use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use serde_json::json;

use super::*;
use crate::sidecar::gateway::TEMPLATES;
use crate::sidecar::view::{Kind, Owners, PodObject, Workload, WorkloadName};

pub(crate) fn hook(name: &str, labels: &Value) -> MutatingWebhookConfiguration {
    serde_json::from_value(json!({
        "metadata": {"name": name, "labels": labels},
        "webhooks": [{
            "name": "rev.namespace.sidecar-injector.istio.io", "sideEffects": "None", "admissionReviewVersions": ["v1"],
            "clientConfig": {}, "namespaceSelector": {}, "objectSelector": {},
            "rules": [{"operations": ["CREATE"], "resources": ["pods"], "apiGroups": [""], "apiVersions": ["v1"]}],
        }],
    }))
    .unwrap()
}

pub(crate) fn pod(namespace: &str, name: &str, revision: Option<&str>, gateway: bool) -> PodView {
    let mut annotations = json!({});
    if let Some(revision) = revision {
        annotations["sidecar.istio.io/status"] = json!(json!({"revision": revision}).to_string());
    }
    if gateway {
        annotations[TEMPLATES] = json!("gateway");
    }
    let object: PodObject = serde_json::from_value(json!({
        "metadata": {"name": name, "namespace": namespace, "annotations": annotations},
        "spec": {"containers": [{"name": "istio-proxy", "image": "hub/proxyv2:1.30.0"}]},
        "status": {"phase": "Running"},
    }))
    .unwrap();
    object.view(&Owners::default()).unwrap()
}

pub(crate) fn labels(all: &[(&str, &str)]) -> Labels {
    all.iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table, row by row")]
fn everybody_who_uses_a_revision_is_counted_by_name() {
    let waypoint = WorkloadName {
        namespace: "shop".to_owned(),
        kind: Kind::Deployment,
        name: "waypoint".to_owned(),
    };
    let managed = PodView {
        belongs: Belongs::To(waypoint.clone()),
        ..pod("shop", "waypoint-1", None, false)
    };
    let there = Snapshot {
        injectors: Injectors::of(&[
            hook(
                "istio-sidecar-injector",
                &json!({"istio.io/rev": "default"}),
            ),
            hook(
                "istio-revision-tag-prod",
                &json!({"istio.io/rev": "default", "istio.io/tag": "prod"}),
            ),
            hook(
                "istio-revision-tag-test",
                &json!({"istio.io/rev": "1-31-0", "istio.io/tag": "test"}),
            ),
        ]),
        namespaces: [
            ("istio-system", labels(&[("istio-injection", "enabled")])),
            ("shop", labels(&[("istio-injection", "enabled")])),
            ("cart", labels(&[("istio.io/rev", "prod")])),
            ("new", labels(&[("istio.io/rev", "test")])),
            ("none", labels(&[])),
        ]
        .map(|(name, labels)| (name.to_owned(), labels))
        .into(),
        workloads: vec![Workload {
            name: waypoint,
            template: Template {
                annotations: labels(&[("istio.io/rev", "default")]),
                ..Template::default()
            },
        }],
        pods: vec![
            pod("shop", "a", Some("default"), false),
            pod("shop", "b", Some("default"), false),
            pod("none", "c", Some("default"), false),
            pod("new", "d", Some("1-31-0"), false),
            pod("istio-system", "ingress", Some("default"), true),
            managed,
        ],
        ..Snapshot::default()
    };

    let usage = Usage::of("default", &there, &[], "istio-system");
    assert_eq!(
        usage.to_string(),
        "3 pods: 1 in none, 2 in shop\n  2 gateways: istio-system/ingress, shop/waypoint\n  2 namespaces: cart, shop\n  1 tags: prod"
    );
    assert!(!usage.is_none());
    assert_eq!(
        Usage::of("1-31-0", &there, &[], "istio-system").to_string(),
        "1 pods: 1 in new\n  1 namespaces: new\n  1 tags: test"
    );
    assert!(Usage::of("1-29-0", &there, &[], "istio-system").is_none());
}

/// A webhook that injects where the pod names this, as Istio's own do.
fn injector(name: &str, labels: &Value, named: &str) -> MutatingWebhookConfiguration {
    let mut hook = hook(name, labels);
    let selector = json!({"matchExpressions": [
        {"key": "sidecar.istio.io/inject", "operator": "NotIn", "values": ["false"]},
        {"key": "istio.io/rev", "operator": "In", "values": [named]},
    ]});
    let webhook = hook.webhooks.iter_mut().flatten().next().unwrap();
    webhook.object_selector = serde_json::from_value(selector).unwrap();
    hook
}

/// Without pods they are users all the same.
#[test]
fn templates_that_name_a_revision_count() {
    let workload = |kind, name: &str, said: &[(&str, &str)]| Workload {
        name: WorkloadName {
            namespace: "shop".to_owned(),
            kind,
            name: name.to_owned(),
        },
        template: Template {
            labels: labels(said),
            ..Template::default()
        },
    };
    let (old, declines) = (
        ("istio.io/rev", "old"),
        ("sidecar.istio.io/inject", "false"),
    );
    let there = Snapshot {
        injectors: Injectors::of(&[
            injector("old", &json!({"istio.io/rev": "old"}), "old"),
            injector(
                "tag",
                &json!({"istio.io/rev": "old", "istio.io/tag": "prod"}),
                "prod",
            ),
            injector("new", &json!({"istio.io/rev": "new"}), "new"),
        ]),
        namespaces: [("shop".to_owned(), labels(&[]))].into(),
        workloads: vec![
            workload(Kind::Deployment, "asleep", &[old]),
            workload(Kind::Deployment, "tagged", &[("istio.io/rev", "prod")]),
            workload(Kind::Deployment, "declines", &[old, declines]),
            workload(Kind::Deployment, "silent", &[]),
            workload(Kind::StatefulSet, "moved", &[("istio.io/rev", "new")]),
        ],
        ..Snapshot::default()
    };
    let cron = |name: &str, named: &str| {
        let template = json!({"metadata": {"labels": {"istio.io/rev": named}}, "spec": {}});
        Cron::of(&json!({
            "metadata": {"name": name, "namespace": "shop"},
            "spec": {"jobTemplate": {"spec": {"template": template}}},
        }))
    };
    let crons = [
        cron("nightly", "old"),
        cron("daily", "new"),
        cron("else", "theirs"),
    ];
    let of = |revision: &str| Usage::of(revision, &there, &crons, "istio-system").to_string();
    assert_eq!(
        of("old"),
        "3 workloads: CronJob shop/nightly, Deployment shop/asleep, Deployment shop/tagged\n  1 tags: prod"
    );
    assert_eq!(
        of("new"),
        "2 workloads: CronJob shop/daily, StatefulSet shop/moved"
    );
}

#[test]
fn only_pods_that_an_upgrade_moves_remain() {
    let cases = [
        (vec![], None),
        (vec![("istio-system", 1), ("kube-system", 2)], None),
        (
            vec![("app", 3), ("istio-system", 1), ("late", 1)],
            Some("3 in app, 1 in late"),
        ),
    ];
    for (pods, wanted) in cases {
        let pods = pods
            .iter()
            .map(|(name, count)| ((*name).to_owned(), *count));
        let usage = Usage {
            pods: pods.collect(),
            gateways: BTreeSet::from(["edge/front".to_owned()]),
            ..Usage::default()
        };
        assert_eq!(usage.remaining("istio-system").as_deref(), wanted);
    }
}

/// A gateway uses a revision with its pods, and as much while it has none: by its own label, or by that of its namespace.
#[test]
fn a_gateway_counts_whatever_its_pods_do() {
    let idle = |namespace: &str, name: &str, template: &str, said: &[(&str, &str)]| Workload {
        name: WorkloadName {
            namespace: namespace.to_owned(),
            kind: Kind::Deployment,
            name: name.to_owned(),
        },
        template: Template {
            labels: labels(said),
            annotations: labels(&[(TEMPLATES, template)]),
            host_network: false,
        },
    };
    let named = [("istio.io/rev", "one")];
    let there = Snapshot {
        injectors: Injectors::of(&[injector("one", &json!({"istio.io/rev": "one"}), "one"), {
            let mut hook = hook("two", &json!({"istio.io/rev": "two"}));
            let webhook = hook.webhooks.iter_mut().flatten().next().unwrap();
            let selector = json!({"matchLabels": {"istio.io/rev": "two"}});
            webhook.namespace_selector = serde_json::from_value(selector).unwrap();
            hook
        }]),
        namespaces: [
            ("edge".to_owned(), labels(&[])),
            ("two".to_owned(), labels(&[("istio.io/rev", "two")])),
        ]
        .into(),
        workloads: vec![
            idle("edge", "empty", "gateway", &named),
            idle("edge", "sidecars", "sidecar", &named),
            idle("two", "silent", "gateway", &[]),
        ],
        pods: vec![
            pod("shop", "runs", Some("one"), true),
            pod("shop", "plain", Some("one"), false),
            pod("else", "in", Some("theirs"), true),
        ],
        ..Snapshot::default()
    };
    let cases = [
        ("one", vec!["edge/empty", "shop/runs"]),
        ("two", vec!["two/silent"]),
        ("theirs", vec!["else/in"]),
        ("nobody", vec![]),
    ];
    for (revision, wanted) in cases {
        let found = Usage::of(revision, &there, &[], "istio-system").gateways;
        let found: Vec<_> = found.into_iter().collect();
        assert_eq!(found, wanted, "{revision}");
    }
}
