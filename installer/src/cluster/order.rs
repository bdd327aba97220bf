//! In which order objects are written, so that each finds what it needs: namespaces before what is in them, definitions
//! before their objects, accounts and roles before workloads, and what watches over all writes last. Pruning goes the
//! other way, so that nothing refuses the removal of what it was made for.

use super::object::ObjectId;

/// Kinds by group, in their order; what is not named stands where `OTHERS` is.
const ORDER: [&[(&str, &str)]; 14] = [
    &[("", "Namespace")],
    &[DEFINITION],
    &[
        ("scheduling.k8s.io", "PriorityClass"),
        ("storage.k8s.io", "StorageClass"),
        ("node.k8s.io", "RuntimeClass"),
        ("networking.k8s.io", "IngressClass"),
    ],
    &[
        ("", "ResourceQuota"),
        ("", "LimitRange"),
        ("networking.k8s.io", "NetworkPolicy"),
    ],
    &[("", "ServiceAccount")],
    &[("", "Secret"), ("", "ConfigMap")],
    &[("", "PersistentVolume"), ("", "PersistentVolumeClaim")],
    &[
        ("rbac.authorization.k8s.io", "ClusterRole"),
        ("rbac.authorization.k8s.io", "Role"),
    ],
    &[
        ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ("rbac.authorization.k8s.io", "RoleBinding"),
    ],
    &[("", "Service")],
    &[
        ("apps", "DaemonSet"),
        ("apps", "Deployment"),
        ("apps", "StatefulSet"),
        ("apps", "ReplicaSet"),
        ("batch", "Job"),
        ("batch", "CronJob"),
        ("", "Pod"),
    ],
    &[
        ("policy", "PodDisruptionBudget"),
        ("autoscaling", "HorizontalPodAutoscaler"),
        ("networking.k8s.io", "Ingress"),
        ("apiregistration.k8s.io", "APIService"),
    ],
    OTHERS,
    &[
        (
            "admissionregistration.k8s.io",
            "MutatingWebhookConfiguration",
        ),
        (
            "admissionregistration.k8s.io",
            "ValidatingWebhookConfiguration",
        ),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
        (
            "admissionregistration.k8s.io",
            "ValidatingAdmissionPolicyBinding",
        ),
    ],
];
const OTHERS: &[(&str, &str)] = &[];
const DEFINITION: (&str, &str) = ("apiextensions.k8s.io", "CustomResourceDefinition");

/// Its place in the order.
pub(crate) fn rank(id: &ObjectId) -> usize {
    let named = ORDER
        .iter()
        .position(|kinds| kinds.iter().any(|(group, kind)| id.is(group, kind)));
    named.unwrap_or_else(|| {
        ORDER
            .iter()
            .position(|kinds| kinds.is_empty())
            .unwrap_or_default()
    })
}

/// Whether it may be removed with the rest. Namespaces and definitions hold what others made, so that they are never
/// members of a set: several meshes may want the same ones.
pub(crate) fn is_prunable(id: &ObjectId) -> bool {
    !is_definition(id) && !is_namespace(id)
}

/// Whether it brings kinds.
pub(crate) fn is_definition(id: &ObjectId) -> bool {
    id.is(DEFINITION.0, DEFINITION.1)
}

/// Whether others are in it.
pub(crate) fn is_namespace(id: &ObjectId) -> bool {
    id.is("", "Namespace")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn id(api_version: &str, kind: &str) -> ObjectId {
        ObjectId::of(&json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}}))
            .unwrap()
    }

    #[test]
    fn each_finds_what_it_needs() {
        let order = [
            ("v1", "Namespace"),
            ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
            ("v1", "ServiceAccount"),
            ("v1", "ConfigMap"),
            ("rbac.authorization.k8s.io/v1", "Role"),
            ("rbac.authorization.k8s.io/v1", "RoleBinding"),
            ("v1", "Service"),
            ("apps/v1", "Deployment"),
            ("autoscaling/v2", "HorizontalPodAutoscaler"),
            ("networking.istio.io/v1", "Gateway"),
            (
                "admissionregistration.k8s.io/v1",
                "ValidatingWebhookConfiguration",
            ),
        ];
        let ranks = order.map(|(api_version, kind)| rank(&id(api_version, kind)));
        assert!(ranks.is_sorted_by(|a, b| a < b), "{ranks:?}");
        // Of the same name, but of another group.
        assert!(
            rank(&id("serving.knative.dev/v1", "Service")) > rank(&id("apps/v1", "Deployment"))
        );
    }
}
