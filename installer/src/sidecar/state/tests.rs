use serde_json::json;

use super::stale::PROXY_IMAGE;
use super::*;
use crate::sidecar::injector::Settings;
use crate::sidecar::usage::Resources;
use crate::sidecar::view::{Kind, Proxy};

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

/// Injects into namespaces labelled `istio-injection=enabled`, revision `default`, version 1.31.
fn injectors() -> Injectors {
    let configuration = serde_json::from_value(json!({"metadata": {"name": "a", "labels": {}}, "webhooks": [{
        "name": "namespace.sidecar-injector.istio.io", "sideEffects": "None", "admissionReviewVersions": ["v1"], "clientConfig": {},
        "rules": [{"operations": ["CREATE"], "resources": ["pods"]}],
        "namespaceSelector": {"matchLabels": {"istio-injection": "enabled"}},
        "objectSelector": {"matchExpressions": [{"key": "sidecar.istio.io/inject", "operator": "NotIn", "values": ["false"]}]},
    }]})).unwrap();
    let settings = Settings {
        by_default: Some(true),
        version: Some("1.31".to_owned()),
        ..Settings::default()
    };
    Injectors::of(&[configuration]).with("default", settings)
}

fn name() -> WorkloadName {
    WorkloadName {
        namespace: "shop".to_owned(),
        kind: Kind::Deployment,
        name: "cart".to_owned(),
    }
}

/// `revision version`, `-` for no proxy.
fn pod(text: &str) -> PodView {
    let proxy = text.split_once(' ').map(|(revision, version)| Proxy {
        revision: revision.to_owned(),
        version: version.to_owned(),
        resources: Resources::default(),
        trouble: None,
    });
    PodView {
        namespace: "shop".to_owned(),
        name: "cart-1".to_owned(),
        created: String::new(),
        belongs: Belongs::To(name()),
        proxy,
        brings_its_own: false,
        uninjected: text == "auto",
        trouble: None,
    }
}

fn surveyed(place: &[(&str, &str)], template: &[(&str, &str)], pods: &[&str]) -> NamespaceStatus {
    let template = Template {
        labels: labels(template),
        ..Template::default()
    };
    surveyed_with(place, template, pods)
}

fn surveyed_with(place: &[(&str, &str)], template: Template, pods: &[&str]) -> NamespaceStatus {
    survey(&snapshot_with(place, template, pods)).remove(0)
}

fn snapshot_with(place: &[(&str, &str)], template: Template, pods: &[&str]) -> Snapshot {
    Snapshot {
        injectors: injectors(),
        namespaces: BTreeMap::from([("shop".to_owned(), labels(place))]),
        workloads: vec![Workload {
            name: name(),
            template,
        }],
        pods: pods.iter().map(|text| pod(text)).collect(),
        meter: Meter::default(),
        blind: None,
        unseen: Vec::new(),
    }
}

/// Somebody who may not see webhooks is told how pods are, and not that they should be otherwise.
#[test]
fn without_a_look_at_the_webhooks_nothing_waits() {
    for (of, wanted) in [("default 1.30", "INJECTED"), ("-", "UN_INJECTED")] {
        let snapshot = Snapshot {
            injectors: Injectors::default(),
            blind: Some("no permission".to_owned()),
            ..snapshot_with(ON, Template::default(), &[of])
        };
        let row = survey(&snapshot).remove(0);
        assert_eq!(row.workloads[0].state.word(), wanted, "{of}");
        assert_eq!(row.workloads[0].winner, "not known");
        assert!(!row.has_findings(), "{of}");
    }
}

/// The state of a gateway's namespace and its own, and a part of the reason.
#[test]
fn gateways_are_no_sidecar_workloads() {
    let cases = [
        (ON, "default 1.31", "ENABLED", "INJECTED", "a gateway"),
        (
            ON,
            "default 1.30",
            "ENABLED",
            "NEED_RESTART",
            "a gateway: `weft gateway upgrade cart -n shop` renews it, or whoever made it if that was not weft; 1 of 1 pods: its proxy is version 1.30",
        ),
        (
            OFF,
            "auto",
            "DISABLED",
            "UN_INJECTED",
            "a gateway; 1 of 1 pods: not injected, because namespace label istio-injection=disabled keeps every webhook away",
        ),
        (
            ON,
            "auto",
            "ENABLED",
            "NEED_RESTART",
            "not injected when it was made (its image is still auto), though it would be now",
        ),
    ];
    for (place, of, namespace, state, reason) in cases {
        let template = Template {
            annotations: labels(&[("inject.istio.io/templates", "gateway")]),
            ..Template::default()
        };
        let row = surveyed_with(place, template, &[of]);
        let workload = &row.workloads[0];
        assert_eq!(row.state.word(), namespace, "{place:?} {of}");
        assert_eq!(row.need_restart, 0, "{of}");
        assert_eq!(row.behind(), usize::from(state == "NEED_RESTART"), "{of}");
        assert_eq!(
            (workload.is_gateway, workload.state.word()),
            (true, state),
            "{of}"
        );
        assert!(workload.reason.contains(reason), "{}", workload.reason);
        assert_eq!(row.has_findings(), of != "default 1.31", "{of}");
    }
}

const ON: &[(&str, &str)] = &[("istio-injection", "enabled")];
const OFF: &[(&str, &str)] = &[("istio-injection", "disabled")];
const NO: &[(&str, &str)] = &[("sidecar.istio.io/inject", "false")];

/// Namespace, template, pods; the states of the namespace and the workload, and a part of the reason.
#[test]
#[expect(clippy::type_complexity, reason = "a table, row by row")]
#[expect(clippy::too_many_lines, reason = "a table, row by row")]
fn states() {
    type Pairs = &'static [(&'static str, &'static str)];
    let cases: [(Pairs, Pairs, &[&str], &str, &str, &str); 13] = [
        (
            ON,
            &[],
            &["default 1.31", "default 1.31"],
            "ENABLED",
            "INJECTED",
            "",
        ),
        (
            ON,
            &[],
            &["default 1.31-distroless"],
            "ENABLED",
            "INJECTED",
            "",
        ),
        (
            ON,
            &[],
            &["-"],
            "ENABLED_WAIT",
            "NEED_RESTART",
            "1 of 1 pods: it has no proxy, and would get one",
        ),
        (
            ON,
            &[],
            &["default 1.31", "-"],
            "ENABLED_WAIT",
            "NEED_RESTART",
            "1 of 2 pods",
        ),
        (
            ON,
            &[],
            &["canary 1.31"],
            "ENABLED_WAIT",
            "NEED_RESTART",
            "of revision canary, and would be of default",
        ),
        (
            ON,
            &[],
            &["default 1.30"],
            "ENABLED_WAIT",
            "NEED_RESTART",
            "version 1.30, and would be 1.31",
        ),
        (ON, NO, &["-"], "ENABLED", "UN_INJECTED", ""),
        (
            ON,
            NO,
            &["default 1.31"],
            "ENABLED_WAIT",
            "NEED_RESTART",
            "it has a proxy, and would get none",
        ),
        (ON, &[], &[], "ENABLED", "UN_INJECTED", "no pods"),
        (OFF, &[], &["-"], "DISABLED", "UN_INJECTED", ""),
        (
            OFF,
            &[],
            &["default 1.31"],
            "DISABLED_WAIT",
            "NEED_RESTART",
            "would get none",
        ),
        (&[], &[], &["-"], "UNSET", "UN_INJECTED", ""),
        (
            &[],
            &[],
            &["default 1.31"],
            "UNSET",
            "NEED_RESTART",
            "would get none",
        ),
    ];
    for (place, template, pods, namespace, workload, reason) in cases {
        let row = surveyed(place, template, pods);
        let found = (row.state.word(), row.workloads[0].state.word());
        assert_eq!(
            found,
            (namespace, workload),
            "{place:?} {template:?} {pods:?}"
        );
        assert!(
            row.workloads[0].reason.contains(reason),
            "{}",
            row.workloads[0].reason
        );
        assert_eq!(row.has_findings(), workload == "NEED_RESTART");
    }
}

#[test]
fn a_workloads_own_image_is_its_version() {
    let mut snapshot = Snapshot {
        injectors: injectors(),
        namespaces: BTreeMap::from([("shop".to_owned(), labels(ON))]),
        workloads: vec![Workload {
            name: name(),
            template: Template {
                annotations: labels(&[(PROXY_IMAGE, "x/proxyv2:9")]),
                ..Template::default()
            },
        }],
        pods: vec![pod("default 9")],
        meter: Meter::default(),
        blind: None,
        unseen: Vec::new(),
    };
    assert_eq!(
        survey(&snapshot)[0].workloads[0].state,
        WorkloadState::Injected
    );
    snapshot.pods = vec![pod("default 1.31")];
    assert_eq!(
        survey(&snapshot)[0].workloads[0].state,
        WorkloadState::NeedRestart
    );
}

#[test]
fn a_pod_alone_cannot_be_restarted() {
    let alone = PodView {
        belongs: Belongs::Else(Box::default(), "Job once".to_owned()),
        ..pod("-")
    };
    let snapshot = Snapshot {
        injectors: injectors(),
        namespaces: BTreeMap::from([("shop".to_owned(), labels(ON))]),
        workloads: vec![],
        pods: vec![alone],
        meter: Meter::default(),
        blind: None,
        unseen: Vec::new(),
    };
    let row = &survey(&snapshot)[0].workloads[0];
    assert_eq!(
        (row.kind, row.state, row.restartable),
        ("Pod", WorkloadState::NeedRestart, false)
    );
    assert!(
        row.reason
            .contains("belongs to Job once and cannot be restarted"),
        "{}",
        row.reason
    );
}

#[test]
fn a_failed_proxy_is_a_finding() {
    let mut broken = pod("default 1.31");
    broken.proxy.as_mut().unwrap().trouble = Some(Trouble::Failed("CrashLoopBackOff".to_owned()));
    let snapshot = Snapshot {
        injectors: injectors(),
        namespaces: BTreeMap::from([("shop".to_owned(), labels(ON))]),
        workloads: vec![Workload {
            name: name(),
            template: Template::default(),
        }],
        pods: vec![broken],
        meter: Meter::default(),
        blind: None,
        unseen: Vec::new(),
    };
    let row = &survey(&snapshot)[0];
    assert!(row.has_findings());
    assert_eq!(row.workloads[0].pods[0].state, PodState::Failed);
    assert_eq!(
        row.workloads[0].pods[0].failure_reason,
        ["CrashLoopBackOff"]
    );
}
