use serde_json::json;

use super::helm::{self, tests::secret};
use super::*;

/// A Deployment as the charts make it, which say the same whoever installs them.
fn istiod(namespace: &str, revision: &str, image: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {
            "name": if revision == "default" { "istiod".to_owned() } else { format!("istiod-{revision}") }, "namespace": namespace,
            "labels": {
                "app": "istiod", "istio": "pilot", "istio.io/rev": revision, "app.kubernetes.io/managed-by": "Helm",
                "install.operator.istio.io/owning-resource": "unknown", "app.kubernetes.io/version": "1.29.9",
                "helm.sh/chart": "istiod-1.29.9",
            },
            "annotations": {},
            "managedFields": [{"manager": "argocd-controller", "operation": "Apply"}],
        },
        "spec": {"template": {"spec": {"containers": [{"name": "discovery", "image": image}]}}},
    })
}

#[expect(clippy::needless_pass_by_value, reason = "it is written in place")]
fn webhook(name: &str, namespace: &str, labels: Value) -> Value {
    json!({"metadata": {"name": name, "labels": labels}, "webhooks": [{"clientConfig": {"service": {"name": "istiod", "namespace": namespace}}}]})
}

fn config(namespace: &str, name: &str, mesh: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": namespace}, "data": {"mesh": mesh}})
}

fn with(mut object: Value, at: &str, key: &str, value: Value) -> Value {
    object.pointer_mut(at).unwrap()[key] = value;
    object
}

fn two_revisions_and_a_tag() -> Snapshot {
    let gateway = json!({
        "metadata": {"name": "edge", "namespace": "edge", "labels": {"istio": "edge"}, "annotations": {}},
        "spec": {"template": {"metadata": {"annotations": {"inject.istio.io/templates": "gateway"}}, "spec": {"containers": [{"name": "istio-proxy", "image": "auto"}]}}},
    });
    let not_one = json!({
        "metadata": {"name": "kiali", "namespace": "istio-system", "labels": {"istio": "kiali"}},
        "spec": {"template": {"spec": {"containers": [{"name": "kiali", "image": "kiali:1"}]}}},
    });
    Snapshot {
        deployments: vec![
            istiod("istio-system", "default", "hub/pilot:1.30.3-distroless"),
            istiod("istio-system", "canary", "hub/pilot@sha256:00"),
            gateway,
            not_one,
        ],
        daemon_sets: vec![
            json!({"metadata": {"name": "ztunnel", "namespace": "istio-system", "labels": {"app": "ztunnel"}}}),
        ],
        mutating: vec![
            webhook(
                "istio-sidecar-injector",
                "istio-system",
                json!({"istio.io/rev": "default"}),
            ),
            webhook(
                "istio-revision-tag-stable",
                "istio-system",
                json!({"istio.io/rev": "canary", "istio.io/tag": "stable"}),
            ),
            webhook("other", "elsewhere", json!({"istio.io/rev": "x"})),
        ],
        validating: vec![webhook(
            "istio-validator-istio-system",
            "istio-system",
            json!({}),
        )],
        configs: vec![config(
            "istio-system",
            "istio",
            "rootNamespace: istio-system\n",
        )],
        ..Snapshot::default()
    }
}

#[test]
fn an_istio_with_two_revisions_and_a_tag_is_one() {
    let found = find(&two_revisions_and_a_tag());

    assert_eq!(found.len(), 1, "{found:#?}");
    let planes: Vec<_> = found[0]
        .control_planes
        .iter()
        .map(|plane| (plane.revision.as_str(), plane.part.version.as_deref()))
        .collect();
    assert_eq!(
        planes,
        [("canary", Some("1.29.9")), ("default", Some("1.30.3"))]
    );
    assert_eq!(found[0].default_revision.as_deref(), Some("default"));
    assert_eq!(
        found[0].tags,
        [Tag {
            name: "stable".to_owned(),
            revision: "canary".to_owned()
        }]
    );
    assert_eq!(
        found[0].webhooks,
        [
            "istio-revision-tag-stable",
            "istio-sidecar-injector",
            "istio-validator-istio-system"
        ]
    );
    assert_eq!(
        found[0]
            .gateways
            .iter()
            .map(|part| part.name.as_str())
            .collect::<Vec<_>>(),
        ["edge"]
    );
    assert!(found[0].ztunnel.is_some() && found[0].cni.is_none());
}

#[test]
fn control_planes_with_a_root_each_are_meshes_each() {
    let snapshot = Snapshot {
        deployments: vec![
            istiod("one", "default", "pilot:1.30.0"),
            istiod("two", "blue", "pilot:1.31.0"),
        ],
        configs: vec![
            config("one", "istio", "{}"),
            config("two", "istio-blue", "rootNamespace: two-root\n"),
        ],
        ..Snapshot::default()
    };
    let roots: Vec<_> = find(&snapshot)
        .into_iter()
        .map(|mesh| mesh.root_namespace)
        .collect();
    assert_eq!(roots, ["one", "two-root"]);
}

#[test]
fn the_tag_default_wins_over_the_revision_default() {
    let snapshot = Snapshot {
        deployments: vec![istiod("istio-system", "blue", "pilot:1.30.0")],
        mutating: vec![
            webhook("a", "istio-system", json!({"istio.io/rev": "default"})),
            webhook(
                "b",
                "istio-system",
                json!({"istio.io/rev": "blue", "istio.io/tag": "default"}),
            ),
        ],
        ..Snapshot::default()
    };
    assert_eq!(find(&snapshot)[0].default_revision.as_deref(), Some("blue"));
}

fn installed_by_helm() -> Value {
    let plain = || istiod("istio-system", "default", "pilot:1.30.3");
    with(
        with(
            plain(),
            "/metadata/annotations",
            "meta.helm.sh/release-name",
            json!("mesh"),
        ),
        "/metadata/annotations",
        "meta.helm.sh/release-namespace",
        json!("istio-system"),
    )
}

#[test]
fn who_installed_it_is_not_what_the_charts_labels_say() {
    let plain = || istiod("istio-system", "default", "pilot:1.30.3");
    let helm = installed_by_helm();
    let owner =
        json!([{"apiVersion": "sailoperator.io/v1", "kind": "IstioRevision", "name": "default"}]);
    let cases = [
        (plain(), "manifests written by argocd-controller"),
        (helm, "Helm release mesh (istiod-1.30.3)"),
        (
            with(plain(), "/metadata", "ownerReferences", owner),
            "Sail IstioRevision/default",
        ),
        (
            with(
                plain(),
                "/metadata/labels",
                "operator.istio.io/managed",
                json!("Reconcile"),
            ),
            "istioctl install",
        ),
        (
            with(
                plain(),
                "/metadata",
                "managedFields",
                json!([{"manager": "istio-operator"}]),
            ),
            "istioctl install",
        ),
        (
            with(plain(), "/metadata/labels", "weft.dev/mesh", json!("shop")),
            "weft (mesh shop)",
        ),
        (
            with(plain(), "/metadata", "managedFields", json!([])),
            "unknown",
        ),
    ];
    let releases =
        vec![helm::release(&secret("mesh", "istio-system", "istiod", "1.30.3")).unwrap()];
    for (object, wanted) in cases {
        let snapshot = Snapshot {
            deployments: vec![object],
            releases: releases.clone(),
            ..Snapshot::default()
        };
        let found = find(&snapshot);
        assert_eq!(
            found[0].control_planes[0].part.installed_by.to_string(),
            wanted
        );
    }
}

#[test]
fn a_version_is_an_images_tag_before_it_is_a_label() {
    for (image, wanted) in [
        ("hub/pilot:1.30.3", Some("1.30.3")),
        ("hub:5000/pilot:v1.30.3-rc.1", Some("1.30.3-rc.1")),
        ("hub/pilot:1.31-alpha.5f@sha256:00", Some("1.31-alpha.5f")),
        ("hub/pilot:latest", Some("1.29.9")),
        ("hub:5000/pilot", Some("1.29.9")),
    ] {
        assert_eq!(
            version(&istiod("a", "default", image)).as_deref(),
            wanted,
            "{image}"
        );
    }
}

#[test]
fn what_is_found_is_read_as_it_was_written() {
    let snapshot = Snapshot {
        deployments: vec![istiod("istio-system", "default", "pilot:1.30.3")],
        ..Snapshot::default()
    };
    let found = find(&snapshot).remove(0);
    assert_eq!(
        serde_json::from_value::<Found>(json!(found)).unwrap(),
        found
    );
}
