use serde_json::{Value, json};

use super::super::Trouble;
use super::*;

const INJECTED: &str = r#"{"containers":["istio-proxy"],"revision":"1-31"}"#;

fn pod(changes: &[(&str, Value)]) -> Option<PodView> {
    let mut pod = json!({
        "metadata": {"name": "cart-1", "namespace": "shop", "labels": {"pod-template-hash": "5d4"},
            "annotations": {STATUS: INJECTED}, "ownerReferences": [{"kind": "ReplicaSet", "name": "cart-5d4", "controller": true}]},
        "spec": {"containers": [{"name": "app", "image": "a"}, {"name": PROXY, "image": "registry:5000/proxyv2:1.31-distroless@sha256:1"}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"name": "app", "ready": true, "state": {"running": {}}}, {"name": PROXY, "ready": true, "state": {"running": {"startedAt": "x"}}}]},
    });
    for (pointer, value) in changes {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        pod.pointer_mut(parent).unwrap()[key] = value.clone();
    }
    serde_json::from_value::<PodObject>(pod)
        .unwrap()
        .view(&Owners::default())
}

#[test]
fn an_injected_pod() {
    let pod = pod(&[]).unwrap();
    let proxy = pod.proxy.unwrap();
    assert_eq!(
        (
            proxy.revision.as_str(),
            proxy.version.as_str(),
            proxy.trouble
        ),
        ("1-31", "1.31-distroless", None)
    );
    let owner = WorkloadName {
        namespace: "shop".to_owned(),
        kind: Kind::Deployment,
        name: "cart".to_owned(),
    };
    assert_eq!(pod.belongs, Belongs::To(owner));
}

#[test]
fn a_native_sidecar_is_one_too() {
    let init = json!([{"name": PROXY, "image": "proxyv2:1.31"}]);
    let status = json!([{"name": PROXY, "ready": true, "state": {"running": {}}}]);
    let pod = pod(&[
        ("/spec/containers", json!([{"name": "app", "image": "a"}])),
        ("/spec/initContainers", init),
        ("/status/initContainerStatuses", status),
    ])
    .unwrap();
    assert_eq!(pod.proxy.unwrap().trouble, None);
}

#[test]
fn what_does_not_count() {
    assert_eq!(pod(&[("/metadata/deletionTimestamp", json!("now"))]), None);
    for phase in ["Succeeded", "Failed"] {
        assert_eq!(pod(&[("/status/phase", json!(phase))]), None);
    }
}

#[test]
fn a_proxy_of_the_template_is_not_injected() {
    let gateway = pod(&[("/metadata/annotations", json!({}))]).unwrap();
    assert!(gateway.proxy.is_none() && gateway.brings_its_own);
}

#[test]
fn a_proxy_that_does_not_run_says_why() {
    let state = |state: Value| {
        let status = json!([{"name": PROXY, "ready": false, "state": state}]);
        pod(&[("/status/containerStatuses", status)])
            .unwrap()
            .proxy
            .unwrap()
            .trouble
    };
    let failed = |text: &str| Some(Trouble::Failed(text.to_owned()));
    assert_eq!(
        state(json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}})),
        failed("CrashLoopBackOff: back-off")
    );
    assert_eq!(
        state(json!({"terminated": {"reason": "OOMKilled"}})),
        failed("OOMKilled")
    );
    assert_eq!(
        state(json!({"waiting": {"reason": "PodInitializing"}})),
        Some(Trouble::Starting("PodInitializing".to_owned()))
    );
    assert_eq!(
        state(json!({"running": {}})),
        Some(Trouble::Starting("not ready yet".to_owned()))
    );
    let none = pod(&[("/status/containerStatuses", Value::Null)]).unwrap();
    assert!(matches!(
        none.proxy.unwrap().trouble,
        Some(Trouble::Starting(_))
    ));
}

#[test]
fn whose_a_pod_is() {
    let owner = |kind: &str, name: &str| {
        pod(&[(
            "/metadata/ownerReferences",
            json!([{"kind": kind, "name": name, "controller": true}]),
        )])
        .unwrap()
        .belongs
    };
    assert!(
        matches!(owner("StatefulSet", "db"), Belongs::To(name) if name.kind == Kind::StatefulSet && name.name == "db")
    );
    assert!(matches!(owner("DaemonSet", "log"), Belongs::To(name) if name.kind == Kind::DaemonSet));
    assert!(matches!(owner("Job", "once"), Belongs::Else(_, whose) if whose == "Job once"));
    assert!(matches!(owner("ReplicaSet", "by-hand"), Belongs::Else(..)));
    let alone = pod(&[("/metadata/ownerReferences", Value::Null)])
        .unwrap()
        .belongs;
    assert!(
        matches!(alone, Belongs::Else(template, whose) if whose == "no controller" && template.labels.contains_key("pod-template-hash"))
    );
}

#[test]
fn what_keeps_a_pod_from_starting() {
    let unscheduled = json!([{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"}]);
    assert_eq!(
        pod(&[("/status/conditions", unscheduled)])
            .unwrap()
            .trouble
            .as_deref(),
        Some("Unschedulable: 0/1 nodes")
    );
    let waiting = json!([{"name": "app", "ready": false, "state": {"waiting": {"reason": "ImagePullBackOff"}}}]);
    assert_eq!(
        pod(&[("/status/containerStatuses", waiting)])
            .unwrap()
            .trouble
            .as_deref(),
        Some("container app: ImagePullBackOff")
    );
}

#[test]
fn pods_of_declared_kinds_are_theirs_through_sets_too() {
    let kind = Kind::Declared(Box::leak(Box::new(crate::mesh::spec::WorkloadKind {
        group: "argoproj.io".to_owned(),
        version: "v1alpha1".to_owned(),
        kind: "Rollout".to_owned(),
        resource: "rollouts".to_owned(),
        paths: crate::mesh::spec::workloads::Paths::default(),
    })));
    let owned = |api: &str, kind: &str, name: &str| json!([{"apiVersion": api, "kind": kind, "name": name, "controller": true}]);
    let sets = json!([
        {"metadata": {"namespace": "shop", "name": "cart-5d4", "ownerReferences": owned("argoproj.io/v1beta1", "Rollout", "cart")}},
        {"metadata": {"namespace": "shop", "name": "bill-5d4", "ownerReferences": owned("apps/v1", "Deployment", "bill")}},
    ]);
    let owners = Owners::new(&[kind]).with("ReplicaSet", serde_json::from_value(sets).unwrap());
    let cases = [
        (
            owned("argoproj.io/v1alpha1", "Rollout", "cart"),
            "Rollout shop/cart",
        ),
        (
            owned("apps/v1", "ReplicaSet", "cart-5d4"),
            "Rollout shop/cart",
        ),
        (
            owned("apps/v1", "ReplicaSet", "bill-5d4"),
            "Deployment shop/bill",
        ),
        (owned("v1", "ReplicationController", "cart-5d4"), "-"),
        (owned("rollouts.kruise.io/v1beta1", "Rollout", "cart"), "-"),
    ];
    for (references, wanted) in cases {
        let pod = json!({"metadata": {"name": "a", "namespace": "shop",
            "labels": {"pod-template-hash": "5d4"}, "ownerReferences": references}});
        let pod: PodObject = serde_json::from_value(pod).unwrap();
        let whose = match pod.view(&owners).unwrap().belongs {
            Belongs::To(name) => name.to_string(),
            Belongs::Else(..) => "-".to_owned(),
        };
        assert_eq!(whose, wanted, "{references}");
    }
}
