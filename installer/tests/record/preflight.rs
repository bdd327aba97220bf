//! `weft preflight` on a cluster that is not as it should be.

use serde_json::Value;

use super::world::World;

/// The findings of one check.
fn findings(report: &Value, id: &str) -> Vec<String> {
    let all = report.as_array().unwrap().iter();
    let these = all.filter(|check| check["id"] == id);
    these
        .map(|check| {
            let text = |key: &str| check[key].as_str().unwrap_or("-");
            format!("{} {} {}", text("verdict"), text("object"), text("words"))
        })
        .collect()
}

#[track_caller]
fn must(report: &Value, id: &str, wanted: &str) {
    let found = findings(report, id);
    assert!(
        found.iter().any(|text| text.contains(wanted)),
        "{id}: {wanted:?} is missing in {found:#?}"
    );
}

/// The mesh that is there is in the way of another; all else is well.
pub(crate) fn an_istio_that_is_there(world: &World) {
    world
        .weft("preflight")
        .must(2, &["an Istio has the root namespace istio-system"]);
    let report = world.json("preflight --istio 1.31.0");
    must(&report, "OTHER_MESH", "FAIL Deployment istio-system/istiod");
    for id in [
        "API",
        "KUBERNETES_VERSION",
        "CLOCK",
        "PERMISSION",
        "WEBHOOK",
        "QUOTA",
        "NODES",
        "CRDS",
    ] {
        must(&report, id, "PASS");
    }
    must(
        &world.json("preflight --istio 1.27.0"),
        "KUBERNETES_VERSION",
        "WARN - Kubernetes v1.34",
    );
    must(
        &world.json("preflight --with load-balancer --with storage"),
        "STORAGE",
        "FAIL - there is no StorageClass",
    );
    world
        .weft("preflight --kubeconfig /nonexistent")
        .must(64, &["cannot be used multiple times"]);
}

const TRAPS: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: small, labels: {pod-security.kubernetes.io/enforce: baseline}}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: tiny, namespace: small}
spec: {hard: {requests.memory: 1Gi, limits.cpu: \"1\"}}
---
apiVersion: v1
kind: LimitRange
metadata: {name: narrow, namespace: small}
spec: {limits: [{type: Container, max: {memory: 512Mi}}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: app, labels: {pod-security.kubernetes.io/enforce: restricted, istio-injection: enabled}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: istio-validator-gone}
webhooks:
- name: rev.validation.istio.io
  clientConfig: {service: {name: istiod, namespace: gone}}
  admissionReviewVersions: [v1]
  sideEffects: None
  failurePolicy: Fail
  namespaceSelector: {matchLabels: {no: one}}
  rules: [{apiGroups: [none.example.com], apiVersions: [v1], resources: [nothing], operations: [CREATE]}]
---
apiVersion: v1
kind: Service
metadata: {name: waits, namespace: app}
spec: {type: LoadBalancer, ports: [{port: 80}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: going}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: held, namespace: going, finalizers: [example.com/held]}
";

/// Each trap is named with the object that is one.
pub(crate) fn traps_are_named(world: &World) {
    world.apply(TRAPS);
    world.kubectl("wait --for=jsonpath={.status.hard} resourcequota/tiny -n small --timeout=60s");
    world.kubectl("delete namespace going --wait=false");
    world.kubectl("wait --for=jsonpath={.status.conditions[?(@.type==\"NamespaceFinalizersRemaining\")].status}=True namespace/going --timeout=60s");

    let report = world.json("preflight --root-namespace small --with cni,load-balancer");
    must(&report, "OTHER_MESH", "WARN Deployment istio-system/istiod");
    must(
        &report,
        "QUOTA",
        "FAIL ResourceQuota small/tiny requests.memory: 1Gi in all",
    );
    must(
        &report,
        "QUOTA",
        "FAIL ResourceQuota small/tiny it counts limits.cpu",
    );
    must(
        &report,
        "LIMIT_RANGE",
        "FAIL LimitRange small/narrow memory: at most 512Mi, and istiod has 2Gi",
    );
    must(
        &report,
        "WEBHOOK",
        "FAIL ValidatingWebhookConfiguration istio-validator-gone it calls Service gone/istiod",
    );
    must(&report, "LOAD_BALANCER", "WARN Service app/waits");
    must(
        &report,
        "POD_SECURITY",
        "FAIL Namespace small it enforces baseline, and the CNI plugin's pods are privileged",
    );
    must(
        &world.json("preflight"),
        "POD_SECURITY",
        "WARN Namespace app it enforces restricted",
    );
    let report = world.json("preflight --root-namespace going");
    must(
        &report,
        "ROOT_NAMESPACE",
        "FAIL Namespace going it is being deleted, and not gone",
    );
    must(&report, "ROOT_NAMESPACE", "example.com/held");

    world.kubectl(
        "patch configmap held -n going --type=merge -p {\"metadata\":{\"finalizers\":null}}",
    );
    world.kubectl("wait --for=delete namespace/going --timeout=60s");
    world.kubectl("delete namespace small app");
    world.kubectl("delete validatingwebhookconfiguration istio-validator-gone");
    what_a_mesh_left(world);
}

/// istiod is deleted, and what it needed is not.
fn what_a_mesh_left(world: &World) {
    world.kubectl("delete deployment,service istiod -n istio-system");
    let report = world.json("preflight");
    must(&report, "OTHER_MESH", "PASS");
    must(
        &report,
        "WEBHOOK",
        "FAIL MutatingWebhookConfiguration istio-sidecar-injector it calls Service istio-system/istiod",
    );
    must(
        &report,
        "WEBHOOK",
        "FAIL ValidatingWebhookConfiguration istio-validator-istio-system",
    );
    must(&report, "CLUSTER_ROLES", "istiod-clusterrole-istio-system");
    world
        .weft("mesh list")
        .must(0, &["its istiod is not there"]);
    world
        .weft("mesh adopt new")
        .must(1, &["no Istio was found"]);
}

/// A user who may do nothing learns which of all things is missing; nothing is taken for well that was not looked at.
pub(crate) fn without_permission(world: &World) {
    world.weft("preflight --as nobody").must(
        2,
        &["no permission to get, list, create, patch, delete clusterroles"],
    );
    let report = world.json("preflight --as nobody");
    let failed = findings(&report, "PERMISSION");
    assert_eq!(failed.len(), 19, "{failed:#?}");
    must(&report, "OTHER_MESH", "SKIPPED");
    must(&report, "QUOTA", "SKIPPED");
    world
        .weft("mesh list --as nobody")
        .must(77, &["no permission"]);
    world
        .weft("mesh adopt --as nobody")
        .must(77, &["no permission"]);
    world
        .weft("history --as nobody")
        .must(77, &["no permission"]);
    world.weft("undo --as nobody").must(77, &["no permission"]);

    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: reads}\nrules:\n\
        - {apiGroups: [\"*\"], resources: [\"*\"], verbs: [get, list]}\n---\n\
        apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: reads}\n\
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reads}\n\
        subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: reader}]\n";
    world.apply(role);
    world.weft("mesh list --as reader").must(0, &["shop"]);
    world.weft("undo --as reader").must(77, &["no permission"]);
    must(
        &world.json("preflight --as reader"),
        "PERMISSION",
        "no permission to create, patch, delete deployments.apps in istio-system",
    );
}
