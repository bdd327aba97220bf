//! What `explain` says against what the real webhooks do: pods are offered to the API server without being kept, and
//! looked at for a proxy.

use super::world::{CANARY, World};
use lab::trial::until;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Labels of namespaces.
const NAMESPACES: [(&str, &str); 9] = [
    ("v-none", "{}"),
    ("v-enabled", "{istio-injection: enabled}"),
    ("v-disabled", "{istio-injection: disabled}"),
    ("v-strange", "{istio-injection: 'yes'}"),
    ("v-default", "{istio.io/rev: default}"),
    ("v-canary", "{istio.io/rev: canary}"),
    ("v-tag", "{istio.io/rev: prod}"),
    ("v-gone", "{istio.io/rev: gone}"),
    ("v-both", "{istio-injection: enabled, istio.io/rev: canary}"),
];

const INJECT: &str = "sidecar.istio.io/inject";
const REVISION: &str = "istio.io/rev";

/// Labels, annotations, and whether the pod uses the network of its node.
type Pod = (
    &'static [(&'static str, &'static str)],
    &'static [(&'static str, &'static str)],
    bool,
);

const PODS: [Pod; 15] = [
    (&[], &[], false),
    (&[(INJECT, "true")], &[], false),
    (&[(INJECT, "false")], &[], false),
    (&[(INJECT, "maybe")], &[], false),
    (&[(REVISION, "canary")], &[], false),
    (&[(REVISION, "prod")], &[], false),
    (&[(REVISION, "gone")], &[], false),
    (&[(INJECT, "true"), (REVISION, "canary")], &[], false),
    (&[(INJECT, "false"), (REVISION, "canary")], &[], false),
    (&[], &[(INJECT, "true")], false),
    (&[], &[(INJECT, "false")], false),
    (&[(INJECT, "true")], &[(INJECT, "false")], false),
    (&[(INJECT, "true")], &[], true),
    (&[("batch", "yes")], &[], false),
    (&[("team", "core")], &[(INJECT, "")], false),
];

/// With two revisions and a tag; then with the global switch; then with rules in the injector's `ConfigMap`.
pub(crate) fn are_those_of_the_real_webhooks(world: &World) {
    tag(world);
    for (name, labels) in NAMESPACES {
        world.namespace(name, labels);
    }
    let mut rows = compare(world);

    world.istio(&["values.sidecarInjectorWebhook.enableNamespacesByDefault=true"]);
    until("the global switch is on", || {
        real(world, "v-none")[0].is_some()
    });
    rows += compare(world);

    rules(world);
    until("istiod has read its rules", || {
        real(world, "v-enabled")[0].is_none()
    });
    rows += compare(world);
    assert_eq!(rows, 3 * 9 * 15);
}

/// The webhooks of a tag are those of its revision under another name.
fn tag(world: &World) {
    let text =
        world.kubectl("get mutatingwebhookconfiguration istio-sidecar-injector-canary -o json");
    let mut tag: Value = serde_json::from_str(&text.replace(r#""canary""#, r#""prod""#)).unwrap();
    tag["metadata"] = json!({"name": "istio-revision-tag-prod", "labels": {"istio.io/rev": CANARY, "istio.io/tag": "prod"}});
    world.cluster.apply(&tag.to_string()).unwrap();
    until("istiod trusts the tag", || {
        real(world, "v-tag-probe")
            .first()
            .is_some_and(|one| one.as_deref() == Some(CANARY))
    });
}

/// Pods that say nothing get none; some never, some always.
fn rules(world: &World) {
    let text = world.kubectl("-n istio-system get configmap istio-sidecar-injector -o json");
    let map: Value = serde_json::from_str(&text).unwrap();
    let config = map["data"]["config"].as_str().unwrap();
    let changed = config.replace("policy: enabled", "policy: disabled");
    let changed = replace_list(
        &changed,
        "neverInjectSelector:",
        "[{matchLabels: {batch: 'yes'}}, {}]",
    );
    let changed = replace_list(
        &changed,
        "alwaysInjectSelector:",
        "[{matchExpressions: [{key: team, operator: Exists}]}]",
    );
    assert_ne!(changed, config);
    let patch = json!({"data": {"config": changed}}).to_string();
    world
        .cluster
        .kubectl(&[
            "-n",
            "istio-system",
            "patch",
            "configmap",
            "istio-sidecar-injector",
            "--type=merge",
            "-p",
            &patch,
        ])
        .unwrap();
}

fn replace_list(config: &str, key: &str, value: &str) -> String {
    let (before, after) = config.split_once(key).unwrap();
    let (_, after) = after.split_once("[]").unwrap();
    format!("{before}{key} {value}{after}")
}

/// Compares every combination; the number of them.
fn compare(world: &World) -> usize {
    let mut wrong = Vec::new();
    for (namespace, _) in NAMESPACES {
        for (pod, real) in PODS.iter().zip(real(world, namespace)) {
            let told = told(world, namespace, pod);
            if told != real {
                wrong.push(format!(
                    "{namespace} {pod:?}: weft says {told:?}, the webhooks do {real:?}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    NAMESPACES.len() * PODS.len()
}

/// The revision that `explain` expects to inject each pod.
fn told(
    world: &World,
    namespace: &str,
    (labels, annotations, host_network): &Pod,
) -> Option<String> {
    let mut line = format!("explain {namespace}");
    for (key, value) in *labels {
        write!(line, " --label {key}={value}").unwrap();
    }
    for (key, value) in *annotations {
        write!(line, " --annotation {key}={value}").unwrap();
    }
    if *host_network {
        line += " --host-network";
    }
    let answer = world.json(&line);
    let revision = answer[0]["revision"].as_str().map(str::to_owned);
    assert_eq!(answer[0]["injected"], revision.is_some(), "{answer:#}");
    revision
}

/// The revision that really injects each pod.
fn real(world: &World, namespace: &str) -> Vec<Option<String>> {
    if namespace == "v-tag-probe" {
        world.namespace(namespace, "{istio.io/rev: prod}");
    }
    let pods: Vec<_> = PODS
        .iter()
        .enumerate()
        .map(|(number, (labels, annotations, host_network))| {
            let map = |pairs: &[(&str, &str)]| -> Value {
                pairs.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect::<serde_json::Map<_, _>>().into()
            };
            json!({"apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": format!("p-{number}"), "namespace": namespace, "labels": map(labels), "annotations": map(annotations)},
                "spec": {"hostNetwork": host_network, "containers": [{"name": "app", "image": "none"}]}})
        })
        .collect();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": pods});
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pods.json");
    std::fs::write(&file, list.to_string()).unwrap();
    let answer = world.cluster.kubectl(&[
        "create",
        "--dry-run=server",
        "-o",
        "json",
        "-f",
        file.to_str().unwrap(),
    ]);
    // While istiod does not serve a webhook yet, the pods are refused.
    let Ok(answer) = answer else {
        return vec![None; PODS.len()];
    };
    // One list, or, where some of them were refused at first, a document for each.
    let documents: Vec<Value> = serde_json::Deserializer::from_str(&answer)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let pods: Vec<&Value> = match documents.as_slice() {
        [list] if list["items"].is_array() => list["items"].as_array().unwrap().iter().collect(),
        documents => documents.iter().collect(),
    };
    if pods.len() != PODS.len() {
        return vec![None; PODS.len()];
    }
    pods.into_iter().map(injected).collect()
}

fn injected(pod: &Value) -> Option<String> {
    let has_proxy = ["containers", "initContainers"].iter().any(|key| {
        let containers = pod["spec"][*key].as_array();
        containers
            .is_some_and(|containers| containers.iter().any(|one| one["name"] == "istio-proxy"))
    });
    let status = pod["metadata"]["annotations"]["sidecar.istio.io/status"].as_str();
    let revision = status.map(|status| {
        serde_json::from_str::<Value>(status).unwrap()["revision"]
            .as_str()
            .unwrap()
            .to_owned()
    });
    assert_eq!(has_proxy, revision.is_some(), "{pod:#}");
    revision
}
