use serde_json::json;

use super::*;
use crate::cluster::readiness::{Readiness, judge};

fn id(api_version: &str, kind: &str) -> ObjectId {
    let object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x", "namespace": "n"}});
    ObjectId::of(&object).unwrap()
}

fn pod(status: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x-1", "namespace": "n", "uid": "p"}, "status": status})
}

fn warning(uid: &str, reason: &str, message: &str) -> Value {
    json!({"involvedObject": {"uid": uid}, "reason": reason, "message": message, "lastTimestamp": "2026-01-01T00:00:00Z"})
}

/// What is said of a Deployment with one pod of that status.
fn said(status: &Value, events: Vec<Value>, log: &str) -> String {
    let evidence = Evidence {
        pods: vec![pod(status)],
        events,
        logs: BTreeMap::from([(("x-1".to_owned(), "app".to_owned()), log.to_owned())]),
        ..Evidence::default()
    };
    first(
        &id("apps/v1", "Deployment"),
        &json!({"metadata": {"uid": "d"}}),
        &evidence,
    )
    .map_or_else(String::new, |cause| cause.to_string())
}

fn waiting(reason: &str, message: &str) -> Value {
    json!({"phase": "Pending", "containerStatuses": [
        {"name": "app", "image": "hub.example/app:1", "state": {"waiting": {"reason": reason, "message": message}}},
    ]})
}

#[test]
fn images() {
    let back_off = |told: &str| {
        format!(
            "Back-off pulling image \"hub.example/app:1\": ErrImagePull: failed to pull and unpack image \"hub.example/app:1\": failed to resolve reference \"hub.example/app:1\": {told}"
        )
    };
    let head = "Pod n/x-1: the image hub.example/app:1 cannot be pulled: ";
    let cases = [
        (
            "hub.example/app:1: not found",
            "push the image, or correct its name, tag or registry (hub)",
        ),
        (
            "failed to do request: Head \"https://hub.example/v2/app/manifests/1\": dial tcp: lookup hub.example on 10.0.0.1:53: no such host",
            "the node does not reach the registry: correct its address, or the node's network",
        ),
        (
            "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
            "give the registry's credentials as an imagePullSecret",
        ),
        (
            "failed to do request: Head \"https://hub.example/v2/app/manifests/1\": http: server gave HTTP response to HTTPS client",
            "make the node's container runtime trust the registry",
        ),
    ];
    for (told, remedy) in cases {
        let wanted = format!("{head}{told}; {remedy}");
        for reason in ["ImagePullBackOff", "ErrImagePull"] {
            assert_eq!(said(&waiting(reason, &back_off(told)), vec![], ""), wanted);
        }
        let events = vec![
            warning(
                "p",
                "Failed",
                &format!(
                    "Failed to pull image \"hub.example/app:1\": rpc error: code = NotFound desc = {}",
                    back_off(told)
                ),
            ),
            warning("p", "Failed", "Error: ErrImagePull"),
        ];
        let older = waiting(
            "ImagePullBackOff",
            "Back-off pulling image \"hub.example/app:1\"",
        );
        assert_eq!(said(&older, events, ""), wanted, "from an event");
    }
}

#[test]
fn pods_that_no_node_takes() {
    let unscheduled = |message: &str| json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}]});
    let cases = [
        (
            unscheduled(
                "0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.",
            ),
            "Pod n/x-1: no node takes it: 0/2 nodes are available: 2 Insufficient cpu; add nodes, or lower its requests",
        ),
        (
            unscheduled(
                "0/1 nodes are available: 1 node(s) had untolerated taint {gpu: true}. preemption: x",
            ),
            "Pod n/x-1: no node takes it: 0/1 nodes are available: 1 node(s) had untolerated taint {gpu: true}; add a toleration for the taint, or take the taint off a node",
        ),
        (
            unscheduled(
                "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
            ),
            "Pod n/x-1: no node takes it: 0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector; change its node selector or affinity, or label a node",
        ),
        (
            unscheduled(
                "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
            ),
            "Pod n/x-1: no node takes it: 0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims; look at its PersistentVolumeClaims: kubectl get pvc",
        ),
    ];
    for (status, wanted) in cases {
        assert_eq!(said(&status, vec![], ""), wanted, "{status}");
    }
}

#[test]
fn containers_that_do_not_run() {
    let crashed = |reason: &str, code: i64| {
        json!({"phase": "Running", "containerStatuses": [{"name": "app", "restartCount": 3,
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s restarting failed container"}},
            "lastState": {"terminated": {"reason": reason, "exitCode": code}}}]})
    };
    let cases = [
        (
            crashed("Error", 2),
            "Pod n/x-1: container app ended with exit code 2 after 3 restarts, and said last: no such flag; read its log: kubectl logs x-1 -c app -p",
        ),
        (
            crashed("OOMKilled", 137),
            "Pod n/x-1: container app needs more memory than its limit (OOMKilled); raise its memory limit",
        ),
        (
            waiting(
                "CreateContainerConfigError",
                "configmap \"istio\" not found",
            ),
            "Pod n/x-1: container app cannot start: configmap \"istio\" not found; create what it names, or correct the name",
        ),
        (
            waiting("InvalidImageName", "x"),
            "Pod n/x-1: the image \"hub.example/app:1\" of container app is no image name; correct it",
        ),
        (
            json!({"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}),
            "Pod n/x-1: Evicted: The node was low on resource: memory.; look at its node",
        ),
        (
            json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], "containerStatuses": [{"name": "app", "lastState": {"terminated": {"exitCode": 1}}}]}),
            "",
        ),
        (waiting("ContainerCreating", ""), ""),
    ];
    for (status, wanted) in cases {
        assert_eq!(said(&status, vec![], "no such flag"), wanted, "{status}");
    }
}

#[test]
fn what_was_not_injected_is_no_matter_of_the_registry() {
    let evidence = Evidence {
        pods: vec![pod(&waiting("ErrImagePull", "pull access denied"))],
        uninjected: BTreeMap::from([(
            "x-1".to_owned(),
            ["not injected, because of a label", "have it injected"].map(str::to_owned),
        )]),
        ..Evidence::default()
    };
    let cause = first(&id("apps/v1", "Deployment"), &json!({}), &evidence).unwrap();
    assert_eq!(
        cause.to_string(),
        "Pod n/x-1: not injected, because of a label; have it injected"
    );
}

#[test]
fn what_is_up_again_was_down_for_a_reason() {
    let status = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], "containerStatuses": [
        {"name": "app", "restartCount": 1, "state": {"running": {}}, "lastState": {"terminated": {"exitCode": 3, "message": "no"}}},
    ]});
    let evidence = Evidence {
        pods: vec![pod(&status)],
        ..Evidence::default()
    };
    let cause = before(&evidence).unwrap().to_string();
    assert!(
        cause.contains("exit code 3 after 1 restart, and said last: no"),
        "{cause}"
    );
}

#[test]
fn what_only_events_tell() {
    let running = json!({"phase": "Running", "containerStatuses": [{"name": "app", "ready": false, "state": {"running": {}}}]});
    let cases = [
        (
            waiting("ContainerCreating", ""),
            warning(
                "p",
                "FailedMount",
                "MountVolume.SetUp failed for volume \"certs\" : secret \"cacerts\" not found",
            ),
            "Pod n/x-1: MountVolume.SetUp failed for volume \"certs\" : secret \"cacerts\" not found; create what it names, or correct the name",
        ),
        (
            waiting("ContainerCreating", ""),
            warning(
                "p",
                "FailedCreatePodSandBox",
                "plugin type=\"istio-cni\" failed (add): connection refused",
            ),
            "Pod n/x-1: its node gives it no network: plugin type=\"istio-cni\" failed (add): connection refused; look at the network plugin (CNI) of that node",
        ),
        (
            running,
            warning(
                "p",
                "Unhealthy",
                "Readiness probe failed: HTTP probe failed with statuscode: 503",
            ),
            "Pod n/x-1: container app runs, but is not ready: Readiness probe failed: HTTP probe failed with statuscode: 503; read its log: kubectl logs x-1 -c app",
        ),
    ];
    for (status, event, wanted) in cases {
        assert_eq!(said(&status, vec![event], ""), wanted);
        let foreign = warning("another", "FailedMount", "x");
        assert_eq!(said(&status, vec![foreign], ""), "", "of another pod");
    }
}

/// A condition of the replica set, or an event where there is no such condition.
#[test]
fn pods_that_are_refused() {
    let cases = [
        (
            "pods \"x-1\" is forbidden: exceeded quota: small, requested: pods=1, used: pods=0, limited: pods=0",
            "the ResourceQuota small is used up (requested: pods=1, used: pods=0, limited: pods=0); raise the ResourceQuota small, or ask for less",
        ),
        (
            "pods \"x-1\" is forbidden: failed quota: small: must specify limits.cpu for: app",
            "the ResourceQuota small lets nothing in that does not say what it needs (must specify limits.cpu for: app); write these requests and limits, or add a LimitRange with defaults to the namespace",
        ),
        (
            "pods \"x-1\" is forbidden: [maximum cpu usage per Container is 100m, but limit is 1]",
            "a LimitRange of the namespace forbids it: maximum cpu usage per Container is 100m, but limit is 1; change the requests and limits, or the LimitRange",
        ),
        (
            "admission webhook \"policy.example.com\" denied the request: no latest tags",
            "the admission webhook policy.example.com refuses it: no latest tags; do what it asks, or ask whoever runs policy.example.com",
        ),
        (
            "Internal error occurred: failed calling webhook \"namespace.sidecar-injector.istio.io\": failed to call webhook: Post \"https://istiod.istio-system.svc:443/inject?timeout=10s\": no endpoints available for service \"istiod\"",
            "the admission webhook namespace.sidecar-injector.istio.io does not answer: no endpoints available for service \"istiod\"; look at the pods of Service istio-system/istiod, or remove the webhook configuration that names namespace.sidecar-injector.istio.io if its server is gone",
        ),
        (
            "pods \"x-1\" is forbidden: violates PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false",
            "the namespace's Pod Security Standard restricted:latest forbids it: allowPrivilegeEscalation != false; change the label pod-security.kubernetes.io/enforce of the namespace, or the pod",
        ),
        (
            "pods \"x-1\" is forbidden: error looking up service account n/istiod: serviceaccount \"istiod\" not found",
            "its ServiceAccount n/istiod does not exist; create ServiceAccount n/istiod",
        ),
        (
            "something new",
            "something new; change what it names, or ask whoever runs the cluster",
        ),
    ];
    for (message, wanted) in cases {
        let wanted = format!("Deployment n/x: its pods are refused: {wanted}");
        let set = json!({"metadata": {"uid": "r"}, "status": {"conditions": [{"type": "ReplicaFailure", "status": "True", "message": message}]}});
        let by_condition = Evidence {
            replica_sets: vec![set],
            ..Evidence::default()
        };
        let by_event = Evidence {
            events: vec![warning("d", "FailedCreate", message)],
            ..Evidence::default()
        };
        let object = json!({"metadata": {"uid": "d"}});
        for evidence in [by_condition, by_event] {
            let cause = first(&id("apps/v1", "Deployment"), &object, &evidence).unwrap();
            assert_eq!(cause.to_string(), wanted);
        }
    }
}

#[test]
fn other_objects() {
    let nothing = Evidence::default();
    let told = Evidence {
        events: vec![warning(
            "u",
            "ProvisioningFailed",
            "storageclass.storage.k8s.io \"fast\" not found",
        )],
        ..Evidence::default()
    };
    let open = json!({"webhooks": [{"name": "a.b", "clientConfig": {"service": {"namespace": "istio-system", "name": "istiod"}, "caBundle": ""}}]});
    let cases = [
        (
            ("v1", "Service"),
            json!({"spec": {"type": "LoadBalancer"}}),
            &nothing,
            "nobody has given it an address",
        ),
        (
            ("v1", "Service"),
            json!({"spec": {"type": "ClusterIP"}}),
            &nothing,
            "",
        ),
        (
            ("v1", "PersistentVolumeClaim"),
            json!({"metadata": {"uid": "u"}, "spec": {"storageClassName": "fast"}}),
            &told,
            "storageclass.storage.k8s.io \"fast\" not found; name a StorageClass that exists",
        ),
        (
            ("v1", "PersistentVolumeClaim"),
            json!({"metadata": {"uid": "u"}, "spec": {}}),
            &nothing,
            "names no StorageClass",
        ),
        (
            (
                "admissionregistration.k8s.io/v1",
                "MutatingWebhookConfiguration",
            ),
            open,
            &nothing,
            "its webhook a.b has no certificate: Service istio-system/istiod has not written one",
        ),
        (
            ("apiregistration.k8s.io/v1", "APIService"),
            json!({"status": {"conditions": [{"type": "Available", "status": "False", "message": "no endpoints"}]}}),
            &nothing,
            "no endpoints",
        ),
    ];
    for ((api_version, kind), object, evidence, words) in cases {
        let cause = first(&id(api_version, kind), &object, evidence).map(|cause| cause.to_string());
        assert_eq!(cause.is_none(), words.is_empty(), "{kind}: {cause:?}");
        assert!(cause.unwrap_or_default().contains(words), "{kind}");
    }
}

#[test]
fn what_waiting_does_not_help_is_a_failure() {
    let evidence = Evidence {
        pods: vec![pod(&waiting("InvalidImageName", "x"))],
        ..Evidence::default()
    };
    let object = json!({"spec": {"replicas": 1}, "status": {}});
    let judged = judge(&id("apps/v1", "Deployment"), &object, &evidence);
    assert!(matches!(judged, Readiness::Failed(_)), "{judged:?}");
}
