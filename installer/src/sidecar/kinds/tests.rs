use super::*;
use crate::cluster::discovery::tests::kinds as served;
use crate::mesh::record::{MeshRecord, MeshState, Mode, Phase};
use crate::sidecar::target::Named;

fn declared_kind(group: &str, version: &str, kind: &str, resource: &str) -> WorkloadKind {
    WorkloadKind {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: kind.to_owned(),
        resource: resource.to_owned(),
        paths: crate::mesh::spec::workloads::Paths::default(),
    }
}

/// One that is served, and one of each sort that is not. The small cluster has no workloads: any kind stands for one.
fn all() -> Kinds {
    let scaler = |version| {
        declared_kind(
            "autoscaling",
            version,
            "HorizontalPodAutoscaler",
            "horizontalpodautoscalers",
        )
    };
    let definition = "CustomResourceDefinition";
    let declared = vec![
        scaler("v2"),
        declared_kind("autoscaling", "v3", "HorizontalPodAutoscaler", "scalers"),
        declared_kind("autoscaling", "v1", "HorizontalPodAutoscaler", "autos"),
        declared_kind("apps.kruise.io", "v1alpha1", "CloneSet", "clonesets"),
        declared_kind(
            "apiextensions.k8s.io",
            "v1",
            definition,
            "customresourcedefinitions",
        ),
    ];
    Kinds::among(declared, &served())
}

#[test]
fn what_the_cluster_does_not_serve_is_told_apart() {
    let kinds = all();
    let words: Vec<_> = kinds.served.iter().map(|kind| kind.plural()).collect();
    assert_eq!(words, ["horizontalpodautoscalers"]);
    let wanted = [
        "does not serve HorizontalPodAutoscaler (scalers.autoscaling/v3), only v2, v1",
        "serves HorizontalPodAutoscaler as horizontalpodautoscalers.autoscaling, and the mesh declares autos",
        "does not serve CloneSet (clonesets.apps.kruise.io/v1alpha1)",
        "is not in namespaces",
    ];
    assert_eq!(kinds.missing.len(), wanted.len());
    for ((_, why), wanted) in kinds.missing.iter().zip(wanted) {
        assert!(why.contains(wanted), "{why}");
    }
}

#[test]
fn what_was_written_is_found_or_everything_wrong_is_told() {
    let kinds = all();
    let resolved = |words: &str| {
        let written: Vec<_> = words
            .split(' ')
            .map(|one| Named::parse(one).unwrap())
            .collect();
        kinds
            .resolve(&written)
            .map_err(|failure| (failure.exit(), failure.to_string()))
    };
    let found = resolved(
        "shop HorizontalPodAutoscaler/a horizontalpodautoscalers/b horizontalpodautoscalers.autoscaling/c deploy/d",
    );
    let texts: Vec<_> = found.unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "shop",
            "horizontalpodautoscaler/a",
            "horizontalpodautoscaler/b",
            "horizontalpodautoscaler/c",
            "deployment/d"
        ]
    );
    let (exit, text) = resolved("cloneset/a").unwrap_err();
    assert_eq!(exit, Exit::Failure);
    assert!(
        text.starts_with("cloneset/a: this cluster does not serve"),
        "{text}"
    );
    let (exit, text) = resolved("job/a cloneset/b hpa/c").unwrap_err();
    assert_eq!((exit, text.lines().count()), (Exit::Usage, 3), "{text}");
    for words in [
        "job/a: no kind is called job",
        "hpa/c",
        "cloneset/b",
        "or for HorizontalPodAutoscaler",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn records_tell_what_they_declare_or_why_not() {
    let record = |spec: Option<&str>| MeshRecord {
        name: "shop".to_owned(),
        root_namespace: "istio-system".to_owned(),
        spec: spec.map(|spec| {
            format!("apiVersion: weft.dev/v1\nkind: Mesh\nmetadata: {{name: shop}}\nspec: {spec}\n")
        }),
        state: MeshState {
            workload_kinds: vec![declared_kind("a.example", "v1", "Cast", "casts")],
            ..MeshState::new(Mode::External, Phase::Succeeded)
        },
        resource_version: None,
    };
    let of_file = "{version: \"1.31.0\", workloadKinds: [{group: apps.kruise.io, version: v1alpha1, kind: CloneSet, resource: clonesets}]}";
    let cases = [
        (None, Ok("casts.a.example/v1")),
        (Some(of_file), Ok("clonesets.apps.kruise.io/v1alpha1")),
        (
            Some("{of: tomorrow}"),
            Err("istio-system/weft-mesh-shop cannot be read"),
        ),
    ];
    for (spec, wanted) in cases {
        let found = declared(&record(spec));
        match (&found, wanted) {
            (Ok(kinds), Ok(wanted)) => assert_eq!(kinds[0].to_string(), wanted),
            (Err(why), Err(words)) => assert!(why.contains(words), "{why}"),
            _ => panic!("{spec:?}: {found:?}"),
        }
    }
    let (all, unread) = gathered(
        [
            declared(&record(None)),
            declared(&record(Some("1"))),
            declared(&record(None)),
        ]
        .into_iter(),
    );
    assert_eq!(all.len(), 1, "each once");
    assert!(unread.is_some());
}
