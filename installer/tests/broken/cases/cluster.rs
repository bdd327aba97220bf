//! What is in the way in the cluster of a mesh that is to be: quotas, names, leftovers, images.

use super::{CASE, Case};

/// None of them leaves a mesh behind.
pub(super) fn cases() -> Vec<Case> {
    let mut cases = bounds();
    // The first of these brings Istio's definitions.
    cases.extend(images());
    cases.extend(names());
    cases.extend(leftovers());
    cases.extend(records());
    cases
}

const QUOTA: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: quota}\n---\n\
    apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: tight, namespace: quota}\n\
    spec: {hard: {requests.cpu: 100m, requests.memory: 1Gi}}\n";

fn bounds() -> Vec<Case> {
    vec![
        Case {
            name: "a quota that is too small",
            fault: QUOTA,
            weft: "mesh create quota CHARTS --root-namespace quota",
            object: "ResourceQuota quota/tight: requests.memory: 1Gi in all",
            remedy: "raise the quota, or choose a smaller scale",
            ..CASE
        },
        Case {
            name: "a LimitRange that is too narrow",
            fault: "apiVersion: v1\nkind: Namespace\nmetadata: {name: narrow}\n---\n\
                apiVersion: v1\nkind: LimitRange\nmetadata: {name: small, namespace: narrow}\n\
                spec: {limits: [{type: Container, max: {memory: 64Mi}}]}\n",
            weft: "mesh create narrow CHARTS --root-namespace narrow",
            object: "LimitRange narrow/small: memory: at most 64Mi",
            remedy: "widen the range, or ask for less",
            ..CASE
        },
        Case {
            name: "pod security that forbids the node agent",
            fault: "apiVersion: v1\nkind: Namespace\nmetadata: {name: guarded, labels: {pod-security.kubernetes.io/enforce: restricted}}\n",
            weft: "mesh create guarded CHARTS --root-namespace guarded --cni",
            object: "Namespace guarded: it enforces restricted",
            remedy: "label it pod-security.kubernetes.io/enforce=privileged",
            ..CASE
        },
        Case {
            name: "the node agents of another mesh",
            fault: "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: istio-cni, labels: {weft.dev/mesh: first}}\n",
            weft: "mesh plan second CHARTS --root-namespace second --cni",
            code: 65,
            object: "/spec/cni: Istio's CNI plugin is that of mesh first (ClusterRole istio-cni)",
            remedy: "say values.istiod.cni.enabled: true to use that plugin",
            ..CASE
        },
        Case {
            name: "autoscaling without a metrics API",
            weft: "mesh create x CHARTS --as nobody",
            code: 77,
            object: "HorizontalPodAutoscaler istio-system/istiod: no metrics API",
            remedy: "install metrics-server, or choose a number",
            ..CASE
        },
    ]
}

fn names() -> Vec<Case> {
    vec![
        Case {
            name: "a ClusterRole of a Helm release",
            before: |world| {
                world.kubectl_from(
                    "apply --server-side --field-manager=helm -f -",
                    "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\n\
                     metadata: {name: istiod-clusterrole-clash, labels: {app.kubernetes.io/managed-by: Helm}}\n\
                     rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]\n",
                );
            },
            weft: "mesh create clash CHARTS --root-namespace clash --no-wait",
            object: "ClusterRole istiod-clusterrole-clash\n  .rules belongs to helm",
            remedy: "take them over with --force-conflicts",
            after: |world| {
                world.kubectl("delete clusterrole istiod-clusterrole-clash");
            },
            ..CASE
        },
        Case {
            name: "an account of a Helm release, just as it is wanted",
            fault: "apiVersion: v1\nkind: Namespace\nmetadata: {name: same}\n",
            before: |world| {
                world.kubectl_from(
                    "apply --server-side --field-manager=helm -f -",
                    "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: istiod, namespace: same, \
                     annotations: {meta.helm.sh/release-name: istiod, meta.helm.sh/release-namespace: same}}\n",
                );
            },
            weft: "mesh create same CHARTS --root-namespace same --no-wait",
            object: "ServiceAccount same/istiod: it is there already, and the Helm release istiod in same made it",
            remedy: "take it over with --force-conflicts",
            ..CASE
        },
        Case {
            name: "a ConfigMap that somebody wrote",
            fault: "apiVersion: v1\nkind: Namespace\nmetadata: {name: written}\n",
            before: |world| {
                world.kubectl("-n written create configmap istio --from-literal=mesh=mine");
            },
            weft: "mesh create written CHARTS --root-namespace written --no-wait",
            object: "ConfigMap written/istio\n  .data.mesh belongs to kubectl-create",
            remedy: "let them give the fields up, ask for the same values, or take them over",
            ..CASE
        },
        Case {
            name: "an object of another set",
            fault: "apiVersion: v1\nkind: Namespace\nmetadata: {name: taken}\n---\n\
                apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: taken, labels: {applyset.kubernetes.io/part-of: applyset-x-v1}}\n",
            weft: "mesh create taken CHARTS --root-namespace taken --no-wait",
            object: "ConfigMap taken/istio: it belongs to another set, applyset-x-v1",
            remedy: "remove its label applyset.kubernetes.io/part-of to hand it over",
            ..CASE
        },
        Case {
            name: "a second Sidecar without a selector",
            fault: "apiVersion: v1\nkind: Namespace\nmetadata: {name: scoped}\n---\n\
                apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: mine, namespace: scoped}\nspec: {egress: [{hosts: ['*/*']}]}\n",
            weft: "sidecar scope scoped --to local",
            object: "namespace scoped has the Sidecar mine without a selector already",
            remedy: "kubectl delete sidecars.networking.istio.io mine -n scoped",
            ..CASE
        },
        Case {
            name: "a namespace that there is not",
            weft: "sidecar enable nowhere",
            object: "nowhere",
            remedy: "is the name right, and is it the right --context?",
            ..CASE
        },
    ]
}

const HOOK: &str = "apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\n\
    metadata: {name: istio-sidecar-injector-old, labels: {istio.io/rev: old, app: sidecar-injector}}\n\
    webhooks: [{name: rev.injection.istio.io, failurePolicy: Fail, sideEffects: None, admissionReviewVersions: [v1], \
    clientConfig: {service: {name: istiod-old, namespace: gone, path: /inject}}, \
    rules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [serviceaccounts]}]}]\n";

fn leftovers() -> Vec<Case> {
    vec![
        Case {
            name: "a root namespace that does not go",
            before: |world| {
                world.kubectl("create namespace stuck");
                world.kubectl_from(
                    "apply -f -",
                    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: held, namespace: stuck, finalizers: [example.com/hold]}\n",
                );
                world.kubectl("delete namespace stuck --wait=false");
            },
            weft: "mesh create stuck CHARTS --root-namespace stuck",
            object: "Namespace stuck: it is being deleted, and not gone",
            remedy: "remove what holds it (finalizers of what is left in it)",
            after: |world| {
                world.kubectl(
                    "-n stuck patch configmap held -p {\"metadata\":{\"finalizers\":null}}",
                );
            },
            ..CASE
        },
        Case {
            name: "a definition that does not go",
            fault: "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\n\
                metadata: {name: held, namespace: default, finalizers: [example.com/hold]}\nspec: {url: 'oci://a/b'}\n",
            before: |world| {
                world.kubectl("delete crd wasmplugins.extensions.istio.io --wait=false");
            },
            weft: "mesh create x CHARTS --root-namespace x",
            object: "CustomResourceDefinition wasmplugins.extensions.istio.io: it is being deleted",
            remedy: "remove the finalizers that hold it",
            after: |world| {
                world.kubectl(
                    "patch wasmplugin held --type merge -p {\"metadata\":{\"finalizers\":null}}",
                );
                world
                    .kubectl("wait crd wasmplugins.extensions.istio.io --for=delete --timeout=20s");
            },
            ..CASE
        },
        Case {
            name: "a webhook of a revision that is gone",
            fault: HOOK,
            weft: "mesh create hooked CHARTS --root-namespace hooked",
            object: "MutatingWebhookConfiguration istio-sidecar-injector-old: it calls Service gone/istiod-old",
            remedy: "kubectl delete mutatingwebhookconfiguration istio-sidecar-injector-old",
            ..CASE
        },
    ]
}

/// As weft writes its records.
const RECORD: &str = "apply --server-side --field-manager=weft-record -f -";

fn records() -> Vec<Case> {
    vec![
        Case {
            name: "a record that somebody broke",
            before: |world| {
                world.kubectl_from(
                    RECORD,
                    "apiVersion: v1\nkind: Namespace\nmetadata: {name: scribbled}\n---\n\
                     apiVersion: v1\nkind: ConfigMap\nmetadata: {name: weft-mesh-scribbled, namespace: scribbled, \
                     labels: {app.kubernetes.io/managed-by: weft, weft.dev/mesh: scribbled}}\ndata: {state.json: '{mode', mesh.yaml: ''}\n",
                );
            },
            weft: "mesh status scribbled",
            object: "ConfigMap scribbled/weft-mesh-scribbled is no record of a mesh",
            remedy: "repair state.json in it, or delete it and adopt the mesh anew",
            after: |world| {
                world.kubectl("delete namespace scribbled");
            },
            ..CASE
        },
        Case {
            name: "a mesh of that name that somebody else runs",
            before: |world| {
                world.kubectl_from(
                    RECORD,
                    "apiVersion: v1\nkind: Namespace\nmetadata: {name: foreign}\n---\n\
                     apiVersion: v1\nkind: ConfigMap\nmetadata: {name: weft-mesh-foreign, namespace: foreign, \
                     labels: {app.kubernetes.io/managed-by: weft, weft.dev/mesh: foreign}}\n\
                     data: {state.json: '{\"mode\": \"EXTERNAL\", \"phase\": \"SUCCEEDED\", \"protected\": false}'}\n",
                );
            },
            weft: "mesh create foreign CHARTS --root-namespace foreign",
            object: "mesh foreign was adopted, and somebody else runs it",
            remedy: "`weft mesh delete foreign` forgets it",
            after: |world| {
                world.kubectl("delete namespace foreign");
            },
            ..CASE
        },
    ]
}

const FILLED: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: filled}\n---\n\
    apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: tight, namespace: filled}\nspec: {hard: {requests.cpu: 100m}}\n";

fn images() -> Vec<Case> {
    vec![
        Case {
            name: "a quota that is too small, and nobody looked before",
            fault: FILLED,
            weft: "mesh create filled CHARTS --root-namespace filled --skip-preflight --timeout 4s",
            code: 3,
            object: "Deployment filled/istiod: its pods are refused: the ResourceQuota tight is used up",
            remedy: "raise the ResourceQuota tight, or ask for less",
            after: |world| world.delete_mesh("filled"),
            ..CASE
        },
        Case {
            name: "an image that is not there",
            weft: "mesh create unpulled CHARTS --root-namespace unpulled --hub lab.local --image-tag none --pull-policy Never --timeout 5s",
            code: 3,
            object: "the image lab.local/pilot:none cannot be pulled",
            remedy: "the name of the image",
            after: |world| world.delete_mesh("unpulled"),
            ..CASE
        },
        Case {
            name: "a registry that is away",
            weft: "mesh create away CHARTS --root-namespace away --hub 127.0.0.1:9/istio --timeout 5s",
            code: 3,
            object: "the image 127.0.0.1:9/istio/pilot",
            remedy: "the node does not reach the registry: correct its address",
            after: |world| world.delete_mesh("away"),
            ..CASE
        },
        Case {
            name: "a pull secret that is not there",
            weft: "mesh create secretless CHARTS --root-namespace secretless --hub 127.0.0.1:9/istio --pull-secret nosuch --timeout 6s",
            code: 3,
            object: "the image 127.0.0.1:9/istio/pilot",
            remedy: "create the pull secrets that it names and that are not there in namespace secretless: nosuch",
            after: |world| world.delete_mesh("secretless"),
            ..CASE
        },
        Case {
            name: "a webhook that is gone, and nobody looked before",
            fault: HOOK,
            weft: "mesh create hooked CHARTS --root-namespace hooked --skip-preflight --timeout 4s",
            object: "cannot write ServiceAccount hooked/istio-reader-service-account",
            remedy: "remove the webhook configuration that names rev.injection.istio.io",
            after: |world| world.delete_mesh("hooked"),
            ..CASE
        },
    ]
}
