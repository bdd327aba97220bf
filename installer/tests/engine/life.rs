//! From nothing to something that changes and goes.

use super::world::{Corner, World, deployment, map};
use serde_json::Value;

/// A namespace, a definition and an object of its kind, and what is in that namespace: all in one go.
const BASE: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: NS}
---
apiVersion: example.com/v1
kind: Loom
metadata: {name: one, namespace: NS}
spec: {width: 3}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: looms.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Loom, plural: looms, singular: loom, listKind: LoomList}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {width: {type: integer}}}}}}
";
const SERVICE: &str = "---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
";
const ALL: &str = "configmaps,services,deployments,looms";

pub(crate) fn from_nothing_to_pruned(world: &World) {
    let corner = world.corner("life");
    let app = format!(
        "{}{SERVICE}{}",
        map("settings", "a: \"1\", b: \"2\""),
        deployment("web", "")
    );

    // A plan of what cannot be known yet is still a plan, and writes nothing.
    corner.apply(&[BASE, &app], &["--dry-run=server"]).must(
        0,
        &[
            "Namespace life",
            "Loom life/one",
            "Deployment life/web",
            "create",
        ],
    );
    corner
        .apply(&[BASE, &app], &["--diff"])
        .must(5, &["{\"width\":3}", "CustomResourceDefinition"]);

    let created = corner.apply(&[BASE, &app], &["--timeout", "60s"]);
    created.must(0, &["Loom life/one created", "Deployment life/web ready"]);
    let place = |words: &str| created.talk.find(words).unwrap();
    assert!(place("looms.example.com ready") < place("Loom life/one created"));
    assert!(place("Loom life/one created") < place("ConfigMap life/settings created"));

    nothing_is_written_twice(&corner, &app);

    // One field is one change.
    let before = corner.versions(ALL);
    let changed = app.replace("a: \"1\"", "a: \"3\"");
    let diff = corner.apply(&[BASE, &changed], &["--diff", "--no-headers"]);
    diff.must(5, &["data.a", "\"1\"", "\"3\""]);
    assert_eq!(diff.data.lines().count(), 1, "{diff:?}");
    corner
        .apply(&[BASE, &changed], &[])
        .must(0, &["ConfigMap life/settings updated"]);
    let after = corner.versions(ALL);
    let differing: Vec<_> = before
        .iter()
        .zip(&after)
        .filter(|(a, b)| a != b)
        .map(|(a, _)| &a.0)
        .collect();
    assert_eq!(differing, ["ConfigMap/settings"]);

    prunes(world, &changed);
}

/// The same again writes nothing at all, whatever the controllers have done in between.
fn nothing_is_written_twice(corner: &Corner<'_>, app: &str) {
    let before = corner.versions(ALL);
    let definition = corner.versions("customresourcedefinitions");
    let again = corner.apply(&[BASE, app], &["-o", "json", "--progress", "json"]);
    again.must(0, &[]);
    let plan: Value = serde_json::from_str(&again.data).unwrap();
    let actions: Vec<_> = plan["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| &step["action"])
        .collect();
    assert!(
        actions.iter().all(|action| **action == "unchanged"),
        "{actions:?}"
    );
    assert_eq!(corner.versions(ALL), before);
    assert_eq!(corner.versions("customresourcedefinitions"), definition);
    let events = again.talk.lines().map(serde_json::from_str::<Value>);
    let states: Vec<_> = events
        .map(|event| event.unwrap()["state"].clone())
        .collect();
    let (last, rest) = states.split_last().unwrap();
    assert_eq!(last, "done", "{states:?}");
    assert!(rest.iter().all(|state| state == "ready"), "{states:?}");
    corner.apply(&[BASE, app], &["--diff"]).must(0, &[]);
}

/// What is not wanted any more stays until it is asked for, and namespaces and definitions stay anyway.
fn prunes(world: &World, app: &str) {
    let corner = world.corner("life");
    let only = map("settings", "a: \"3\"");
    corner.apply(&[&only], &[]).must(0, &[]);
    assert_eq!(corner.list(&["deployments"]).len(), 1);
    let parent = |corner: &Corner<'_>| {
        corner.list(&["configmap", "set"])[0]["metadata"]["annotations"].clone()
    };
    let kinds = "applyset.kubernetes.io/contains-group-kinds";
    assert_eq!(
        parent(&corner)[kinds],
        "ConfigMap,Deployment.apps,Loom.example.com,Service"
    );

    let plan = corner.apply(&[&only], &["--prune", "--dry-run=server"]);
    plan.must(0, &["Deployment life/web", "Loom life/one", "prune"]);
    let pruned = corner.apply(&[&only], &["--prune"]);
    pruned.must(
        0,
        &["Deployment life/web pruned", "Service life/web pruned"],
    );
    let place = |words: &str| pruned.talk.find(words).unwrap();
    assert!(place("Loom life/one pruned") < place("Deployment life/web pruned"));
    assert!(place("Deployment life/web pruned") < place("Service life/web pruned"));
    assert_eq!(
        corner.list(&["deployments,services,looms,pods"]),
        Vec::<Value>::new()
    );
    assert_eq!(parent(&corner)[kinds], "ConfigMap");
    corner
        .apply(&[&only, app], &["--dry-run=client"])
        .must(65, &["it stands in"]);
    corner.kubectl(&["get", "namespace", "life"]);
    corner.kubectl(&["get", "customresourcedefinition", "looms.example.com"]);
}

/// kubectl computes the same id for the set, reads its marks, and keeps off what another tool keeps.
pub(crate) fn kubectl_knows_the_set(world: &World) {
    let corner = world.room("applyset");
    let settings = map("settings", "a: \"1\"");
    corner.apply(&[&settings], &[]).must(0, &[]);
    let arguments = [
        "apply",
        "-f",
        "stage-0.yaml",
        "--prune",
        "--applyset=configmap/set",
    ];

    let answer = corner.raw_kubectl(&arguments, ("KUBECTL_APPLYSET", "true"));

    let said = String::from_utf8(answer.stderr).unwrap();
    assert!(!answer.status.success());
    let words = "is managed by tooling \"weft\" instead of \"kubectl\"";
    assert!(said.contains(words), "{said}");
    let member = &corner.list(&["configmap", "settings"])[0];
    let set = &corner.list(&["configmap", "set"])[0];
    assert_eq!(
        member["metadata"]["labels"]["applyset.kubernetes.io/part-of"],
        set["metadata"]["labels"]["applyset.kubernetes.io/id"]
    );
    // Handed over, it is kubectl's, which finds every member where the marks say: had the id been another one, kubectl
    // would say so.
    corner.kubectl(&[
        "annotate",
        "configmap",
        "set",
        "--overwrite",
        "applyset.kubernetes.io/tooling=kubectl/v1.34",
    ]);
    let answer = corner.raw_kubectl(&arguments, ("KUBECTL_APPLYSET", "true"));
    assert!(answer.status.success(), "{answer:?}");
    corner.apply(&[&settings], &[]).must(
        1,
        &["ConfigMap applyset/set: its set belongs to kubectl/v1.34"],
    );
}
