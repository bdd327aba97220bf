//! What cannot be done, and what has to wait.

use super::world::{World, map};
use std::process::Stdio;

pub(crate) fn mistakes_are_told_at_once(world: &World) {
    let corner = world.room("refusals");
    let wrong = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: wrong}\ndta: {a: b}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: Wrong}\nspec: {ports: [{port: 80}]}\n";
    corner.apply(&[wrong], &[]).must(
        65,
        &[
            "nothing was written",
            "ConfigMap refusals/wrong: the API server refuses it: .dta: field not declared in schema; correct the fields that it names",
            "Service refusals/Wrong: the API server refuses it: Service \"Wrong\" is invalid",
        ],
    );
    let unknown = "---\napiVersion: example.org/v1\nkind: Shuttle\nmetadata: {name: a}\n";
    corner
        .apply(&[&format!("{unknown}{}", map("a", ""))], &[])
        .must(
            65,
            &["Shuttle a: the cluster does not know Shuttle of example.org/v1"],
        );
    let elsewhere =
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: nowhere-at-all}\n";
    corner.apply(&[elsewhere], &[]).must(
        65,
        &["Namespace nowhere-at-all: it does not exist, or is being deleted, and is not wanted"],
    );
    corner
        .apply(&[&map("a", "")], &["--as", "nobody"])
        .must(77, &["no permission"]);
    assert_eq!(
        corner.list(&["configmaps"]).len(),
        1,
        "only kube-root-ca.crt"
    );

    // What is another set's is not taken.
    corner.apply(&[&map("shared", "")], &[]).must(0, &[]);
    corner
        .apply(&[&map("shared", "")], &["--set-name", "other"])
        .must(64, &["cannot be used multiple times"]);
    corner.kubectl(&[
        "label",
        "configmap",
        "shared",
        "--overwrite",
        "applyset.kubernetes.io/part-of=applyset-x-v1",
    ]);
    corner.apply(&[&map("shared", "")], &[]).must(
        1,
        &["ConfigMap refusals/shared: it belongs to another set, applyset-x-v1"],
    );
}

/// An object that has been deleted and is held by a finalizer: it is made again once it is gone, and not lost with it.
pub(crate) fn what_is_going_is_waited_for(world: &World) {
    let corner = world.room("going");
    let settings = map("settings", "a: \"1\"");
    corner.apply(&[&settings], &[]).must(0, &[]);
    let finalizers = |list: &str| format!("{{\"metadata\": {{\"finalizers\": {list}}}}}");
    corner.kubectl(&[
        "patch",
        "configmap",
        "settings",
        "-p",
        &finalizers("[\"example.com/hold\"]"),
    ]);
    corner.kubectl(&["delete", "configmap", "settings", "--wait=false"]);

    corner.apply(&[&settings], &["--timeout", "2s"]).must(
        3,
        &["ConfigMap going/settings: its finalizer example.com/hold holds it"],
    );
    let (folder, mut command) = (
        corner.name.clone(),
        corner.command(&[&settings], &["--timeout", "60s"]),
    );
    let running = command.stdout(Stdio::null()).spawn().unwrap();
    corner.kubectl(&["patch", "configmap", "settings", "-p", &finalizers("null")]);
    assert!(
        running.wait_with_output().unwrap().status.success(),
        "{folder}"
    );
    let made = &corner.list(&["configmap", "settings"])[0]["metadata"];
    assert_eq!(made.get("deletionTimestamp"), None);
}

/// A namespace on its way out takes what is in it along, the parent of the set too: all of it is made again.
pub(crate) fn a_namespace_that_is_going_is_waited_for(world: &World) {
    let corner = world.corner("leaving");
    let base = "apiVersion: v1\nkind: Namespace\nmetadata: {name: NS}\n";
    let settings = map("settings", "a: \"1\"");
    corner.apply(&[base, &settings], &[]).must(0, &[]);
    let patch = "{\"metadata\": {\"finalizers\": [\"example.com/hold\"]}}";
    corner.kubectl(&["patch", "configmap", "settings", "-p", patch]);
    corner.kubectl(&["delete", "namespace", "leaving", "--wait=false"]);
    corner.apply(&[&settings], &[]).must(
        65,
        &["Namespace leaving: it does not exist, or is being deleted"],
    );

    let mut command = corner.command(&[base, &settings], &["--timeout", "60s"]);
    let running = command.stderr(Stdio::piped()).spawn().unwrap();
    let patch = "{\"metadata\": {\"finalizers\": null}}";
    corner.kubectl(&["patch", "configmap", "settings", "-p", patch]);
    let ended = running.wait_with_output().unwrap();

    assert!(ended.status.success(), "{ended:?}");
    assert_eq!(corner.list(&["configmap", "settings"])[0]["data"]["a"], "1");
    corner.apply(&[base, &settings], &["--diff"]).must(0, &[]);
    corner.kubectl(&["get", "configmap", "set"]);
}
