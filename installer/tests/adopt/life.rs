//! From an Istio that nobody recorded, over all that weft does with it, to one that nobody recorded.

use std::path::Path;

use serde_json::{Value, json};

use super::accounts::Accounts;
use super::world::World;

/// Whatever weft does with the meshes of others, of all objects of the cluster only weft's own come and go.
pub(crate) fn nothing_of_theirs_is_changed(world: &World) {
    plugin(world);
    let before = Accounts::settled(world);
    assert!(before.len() > 100, "{}", before.len());

    are_found(world);
    Accounts::read(world).must_be(&before);
    are_recorded(world);
    are_shown(world);
    sidecars_are_explained(world);
    plugins_are_planned(world);
    are_not_changed(world);
    let mut after = Accounts::read(world);
    let histories = [
        "ConfigMap istio-system/weft-history-istio-system-0",
        "ConfigMap mesh-blue/weft-history-mesh-blue-0",
    ];
    let records = [
        "ConfigMap istio-system/weft-mesh-front",
        "ConfigMap mesh-blue/weft-mesh-blue",
    ];
    for ours in histories.iter().chain(&records) {
        after.take_ours(ours);
    }
    after.must_be(&before);

    has_a_gateway(world);
    world.weft("mesh protect blue").must(0, &["is protected"]);
    for verb in ["delete blue --yes --force", "forget blue --yes"] {
        let held = ["is not forgotten", "`weft mesh protect blue --off`"];
        world.weft(&format!("mesh {verb}")).must(1, &held);
    }
    world
        .weft("mesh protect blue --off")
        .must(0, &["is not protected"]);
    world.weft("mesh forget front").must(64, &["--yes"]);
    world
        .weft("mesh forget front --yes")
        .must(0, &["is forgotten"]);
    world
        .weft("mesh delete blue --yes")
        .must(0, &["is forgotten; weft changed nothing of it"]);
    let mut after = Accounts::settled(world);
    for ours in histories {
        after.take_ours(ours);
    }
    after.must_be(&before);
}

/// An image to plan with.
fn plugin(world: &World) {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let workspace = workspace.to_str().unwrap();
    let built = world
        .local(&format!("plugin build rate-limit -C {workspace} -o json"))
        .must(0, &[])
        .json();
    world.write(
        "module.wasm",
        &std::fs::read(built[0]["path"].as_str().unwrap()).unwrap(),
    );
    let image = format!("{}/plugins/rate-limit:1", world.registry);
    world
        .local(&format!("plugin push ./module.wasm {image} --plain-http"))
        .must(0, &[]);
    let rules = "rules: [{name: per-user, key: [{header: x-user}], limit: {requests: 2, per: 1h}}]";
    world.write("limit.yaml", rules.as_bytes());
}

fn are_found(world: &World) {
    world.weft("mesh list -o wide").must(
        0,
        &[
            "istioctl install",
            "Helm release blue-mesh (istiod-1.30.0)",
            "not recorded",
        ],
    );
    let new = format!(
        "istio-system: revision default {} in istio-system, istioctl install",
        lab::tools::istio_tag()
    );
    let old = format!(
        "mesh-blue: revision blue {} in mesh-blue, Helm release blue-mesh (istiod-1.30.0)",
        lab::tools::istio_tag_before()
    );
    let several = [
        "there are several: say which with --root-namespace",
        &new,
        &old,
    ];
    world.weft("mesh adopt front").must(64, &several);
    world
        .weft("mesh adopt front --root-namespace nowhere")
        .must(64, &["no Istio has the root namespace nowhere"]);
    let line = "mesh adopt blue --root-namespace mesh-blue";
    world
        .weft(&format!("{line} --dry-run"))
        .must(0, &["name: weft-mesh-blue", "blue-mesh"]);
    world.weft(&format!("{line} --diff")).must(5, &["create"]);
}

fn are_recorded(world: &World) {
    world
        .weft("mesh adopt front --root-namespace istio-system")
        .must(0, &["EXTERNAL", "SUCCEEDED"]);
    world
        .weft("mesh adopt front --root-namespace mesh-blue")
        .must(1, &["there is a mesh front already"]);
    world
        .weft("mesh adopt blue --root-namespace mesh-blue")
        .must(0, &["EXTERNAL", "SUCCEEDED", "blue"]);
    world
        .weft("mesh adopt other --root-namespace mesh-blue")
        .must(1, &["is recorded as mesh blue"]);
    world
        .weft("mesh adopt blue")
        .must(0, &["recorded already, and as it is"]);

    let cases = [
        (
            "front",
            "istio-system",
            json!({
                "revision": "default", "namespace": "istio-system", "name": "istiod", "version": lab::tools::istio_tag(),
                "installedBy": {"tool": "istioctl"},
            }),
            json!([
                "istio-revision-tag-default",
                "istio-sidecar-injector",
                "istio-validator-istio-system",
                "istiod-default-validator",
            ]),
        ),
        (
            "blue",
            "mesh-blue",
            json!({
                "revision": "blue", "namespace": "mesh-blue", "name": "istiod-blue", "version": lab::tools::istio_tag_before(),
                "installedBy": {"tool": "helm", "release": "blue-mesh", "namespace": "mesh-blue", "chart": "istiod-1.30.0"},
            }),
            json!([
                "istio-sidecar-injector-blue-mesh-blue",
                "istio-validator-blue-mesh-blue",
            ]),
        ),
    ];
    for (name, root, plane, webhooks) in cases {
        let record = world.object(&format!("configmap weft-mesh-{name} -n {root}"));
        let state: Value =
            serde_json::from_str(record["data"]["state.json"].as_str().unwrap()).unwrap();
        assert_eq!(state["mode"], "EXTERNAL", "{state}");
        assert_eq!(state["adopted"]["rootNamespace"], root, "{state}");
        assert_eq!(state["adopted"]["controlPlanes"], json!([plane]), "{state}");
        assert_eq!(state["adopted"]["webhooks"], webhooks, "{state}");
    }
}

fn are_shown(world: &World) {
    let list = world.json("mesh list");
    let names: Vec<_> = list.as_array().unwrap().iter().collect();
    assert_eq!(names.len(), 2, "{list}");
    for (mesh, istiod) in [("front", "istiod"), ("blue", "istiod-blue")] {
        let status = world.json(&format!("mesh status {mesh}"));
        assert_eq!(status["status"], "SUCCEEDED", "{status}");
        assert_eq!(status["components"][0]["name"], istiod, "{status}");
        assert_eq!(status["components"][0]["status"], "SUCCEEDED", "{status}");
        assert_eq!(status["outdated"], Value::Null, "{status}");
        world
            .weft(&format!("mesh wait {mesh} --timeout 10s"))
            .must(0, &[]);
    }
    world.weft("history").must(
        64,
        &[
            "there are several meshes: say which with --mesh",
            "blue (in mesh-blue)",
            "front (in istio-system)",
        ],
    );
    let entries = world.json("history --mesh blue");
    assert_eq!(entries[0]["verb"], "mesh adopt blue", "{entries}");
    world.weft("undo --mesh blue").must(0, &["delete"]);
    world.weft("mesh list").must(0, &["not recorded"]);
    world
        .weft("mesh adopt blue --root-namespace mesh-blue")
        .must(0, &[]);
}

fn sidecars_are_explained(world: &World) {
    let cases = [
        (
            "app",
            "istio-revision-tag-default/namespace.sidecar-injector.istio.io",
            "istiod of revision default injects",
        ),
        (
            "blues",
            "istio-sidecar-injector-blue-mesh-blue/rev.namespace.sidecar-injector.istio.io",
            "istiod of revision blue injects",
        ),
    ];
    for (namespace, webhook, verdict) in cases {
        let status = world.json(&format!("sidecar status {namespace}"));
        assert_eq!(status[0]["state"], "ENABLED", "{status}");
        assert_eq!(status[0]["needRestart"], 0, "{status}");
        world
            .weft(&format!("sidecar explain {namespace}"))
            .must(0, &[webhook, verdict]);
    }
}

fn plugins_are_planned(world: &World) {
    for (namespace, root) in [("app", "istio-system"), ("blues", "mesh-blue")] {
        let deploy = format!(
            "plugin deploy limit -n {namespace} --root-namespace {root} -f limit.yaml -l app=web --match mode=server \
             --image {}/plugins/rate-limit:1 --plain-http",
            world.registry
        );
        world
            .weft(&format!("{deploy} --dry-run=server"))
            .must(0, &["kind: WasmPlugin"]);
        world.weft(&format!("{deploy} --diff")).must(5, &[]);
        world
            .weft(&format!(
                "plugin status -n {namespace} --root-namespace {root}"
            ))
            .must(0, &[]);
    }
}

/// Whoever installed it upgrades it and takes it away.
fn are_not_changed(world: &World) {
    world
        .weft("mesh upgrade blue --to 1.31.0")
        .must(1, &["somebody else runs it"]);
}

/// A gateway of weft's own in the version of a mesh of others. Its pods say that they are injected by the right istiod.
fn has_a_gateway(world: &World) {
    let registry = &world.registry;
    world
        .weft(&format!(
            "gateway create front -n edge --mesh blue --service-type ClusterIP --replicas 1 --requests cpu=10m,memory=40Mi \
             --charts oci://{registry}/charts --istio-version 1.30.0 --plain-http"
        ))
        .must(0, &["RUNNING", "1/1", lab::tools::istio_tag_before()]);
    world
        .weft("gateway delete front -n edge --mesh blue --yes")
        .must(0, &["is gone"]);
}

/// A record that is older than the mesh says so, and one whose mesh is gone as well.
pub(crate) fn what_they_change_is_told(world: &World) {
    world
        .weft("mesh adopt front --root-namespace istio-system")
        .must(0, &[]);
    world
        .weft("mesh adopt blue --root-namespace mesh-blue")
        .must(0, &[]);
    world.istioctl("tag set stable --revision default");
    let outdated = ["is not as it was when it was adopted", "mesh adopt front"];
    world.weft("mesh status front").must(0, &outdated);
    world.weft("mesh adopt front --diff").must(5, &["update"]);
    world.weft("mesh adopt front").must(0, &[]);
    let status = world.json("mesh status front");
    assert_eq!(status["outdated"], Value::Null, "{status}");

    world.helm("uninstall blue-mesh -n mesh-blue --wait");
    world.weft("mesh status blue").must(
        2,
        &[
            "istiod-blue",
            "FAILED",
            "it is gone",
            "weft mesh forget blue",
        ],
    );
    world.weft("mesh forget blue --yes").must(0, &[]);
    let list = world.json("mesh list");
    assert_eq!(list.as_array().unwrap().len(), 1, "{list}");
}
