use serde_json::json;

use super::*;

fn id(api_version: &str, kind: &str) -> ObjectId {
    let object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x", "namespace": "n"}});
    ObjectId::of(&object).unwrap()
}

/// `Ok` for ready, the words that it waits for, or the words of its failure after a `!`.
fn judged(api_version: &str, kind: &str, object: &Value) -> String {
    match judge(&id(api_version, kind), object, &Evidence::default()) {
        Readiness::Ready => "ready".to_owned(),
        Readiness::Progressing { waits_for, .. } => waits_for,
        Readiness::Failed(cause) => format!("!{}", cause.what),
    }
}

#[test]
fn deployments() {
    let cases = [
        (
            json!({"metadata": {"generation": 2}, "spec": {"replicas": 1}, "status": {"observedGeneration": 1, "updatedReplicas": 1, "availableReplicas": 1, "replicas": 1}}),
            "its controller to notice it",
        ),
        (
            json!({"metadata": {"generation": 1}, "spec": {}, "status": {"observedGeneration": 1}}),
            "0 of 1 pods are of the new version",
        ),
        (
            json!({"spec": {"replicas": 2}, "status": {"updatedReplicas": 2, "replicas": 3, "availableReplicas": 3}}),
            "1 pods of the old version to go",
        ),
        (
            json!({"spec": {"replicas": 2}, "status": {"updatedReplicas": 2, "replicas": 2, "availableReplicas": 1}}),
            "1 of 2 pods are ready",
        ),
        (
            json!({"spec": {"replicas": 2}, "status": {"updatedReplicas": 2, "replicas": 2, "availableReplicas": 2}}),
            "ready",
        ),
        (json!({"spec": {"replicas": 0}, "status": {}}), "ready"),
        (
            json!({"spec": {"replicas": 1}, "status": {"conditions": [
                {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "ReplicaSet \"x\" has timed out progressing."},
            ]}}),
            "!ReplicaSet \"x\" has timed out progressing.",
        ),
    ];
    for (object, wanted) in cases {
        assert_eq!(judged("apps/v1", "Deployment", &object), wanted, "{object}");
    }
}

#[test]
fn other_workloads() {
    let cases = [
        (
            "DaemonSet",
            json!({"status": {"desiredNumberScheduled": 0}}),
            "a node that it may run on",
        ),
        (
            "DaemonSet",
            json!({"status": {"desiredNumberScheduled": 2, "updatedNumberScheduled": 1, "numberAvailable": 2}}),
            "1 of 2 pods are of the new version",
        ),
        (
            "DaemonSet",
            json!({"status": {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1}}),
            "1 of 2 pods are ready",
        ),
        (
            "DaemonSet",
            json!({"status": {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2}}),
            "ready",
        ),
        (
            "StatefulSet",
            json!({"spec": {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}},
                "status": {"updatedReplicas": 1, "readyReplicas": 3, "currentRevision": "a", "updateRevision": "b"}}),
            "ready",
        ),
        (
            "StatefulSet",
            json!({"spec": {"replicas": 3}, "status": {"updatedReplicas": 1, "readyReplicas": 3, "currentRevision": "a", "updateRevision": "b"}}),
            "1 of 3 pods are of the new version",
        ),
        (
            "StatefulSet",
            json!({"spec": {"replicas": 3}, "status": {"readyReplicas": 2, "currentRevision": "a", "updateRevision": "a"}}),
            "2 of 3 pods are ready",
        ),
    ];
    for (kind, object, wanted) in cases {
        assert_eq!(judged("apps/v1", kind, &object), wanted, "{object}");
    }
}

fn condition(kind: &str, status: &str) -> Value {
    json!({"status": {"conditions": [{"type": kind, "status": status, "message": "why"}]}})
}

#[test]
fn objects_of_the_core() {
    let address = json!({"spec": {"type": "LoadBalancer"}, "status": {"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}}});
    let cases = [
        (
            "v1",
            "Service",
            json!({"spec": {"type": "ClusterIP"}}),
            "ready",
        ),
        (
            "v1",
            "Service",
            json!({"spec": {"type": "LoadBalancer"}, "status": {"loadBalancer": {}}}),
            "an address from the load balancer",
        ),
        ("v1", "Service", address, "ready"),
        (
            "v1",
            "PersistentVolumeClaim",
            json!({"status": {"phase": "Bound"}}),
            "ready",
        ),
        (
            "v1",
            "PersistentVolumeClaim",
            json!({"status": {"phase": "Pending"}}),
            "a volume",
        ),
        (
            "v1",
            "Namespace",
            json!({"status": {"phase": "Active"}}),
            "ready",
        ),
        (
            "v1",
            "Namespace",
            json!({"status": {"phase": "Terminating"}}),
            "what is in it to be deleted",
        ),
        ("v1", "Pod", condition("Ready", "True"), "ready"),
        (
            "v1",
            "Pod",
            condition("Ready", "False"),
            "its containers to be ready",
        ),
    ];
    all_are(&cases);
}

fn all_are(cases: &[(&str, &str, Value, &str)]) {
    for (api_version, kind, object, wanted) in cases {
        assert_eq!(
            judged(api_version, kind, object),
            *wanted,
            "{kind} {object}"
        );
    }
}

#[test]
fn everything_else() {
    let cases = [
        ("batch/v1", "Job", condition("Failed", "True"), "!why"),
        ("batch/v1", "Job", condition("Complete", "True"), "ready"),
        (
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
            condition("Established", "False"),
            "the API server to serve it",
        ),
        (
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
            condition("Established", "True"),
            "ready",
        ),
        (
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
            condition("NamesAccepted", "False"),
            "!its names are not accepted: why",
        ),
        ("v1", "ConfigMap", json!({}), "ready"),
        ("networking.istio.io/v1", "Gateway", json!({}), "ready"),
        (
            "serving.knative.dev/v1",
            "Service",
            json!({"spec": {"type": "LoadBalancer"}}),
            "ready",
        ),
    ];
    all_are(&cases);
}
