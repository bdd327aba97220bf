//! An Istio that somebody else runs is recorded, and nothing of it is changed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::world::World;

/// Every object of the cluster that holds still, with the API server's account of who has which field.
fn accounts(world: &World) -> BTreeMap<String, (String, Value)> {
    let kinds = world.kubectl("api-resources --verbs=list -o name");
    // These change by themselves, with every heartbeat.
    let restless = ["events", "leases", "nodes", "csinodes", "componentstatuses"];
    let kinds: Vec<_> = kinds
        .lines()
        .filter(|kind| {
            !restless
                .iter()
                .any(|other| kind.split('.').next() == Some(other))
        })
        .collect();
    let all = world.object(&format!("{} -A", kinds.join(",")));
    all["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|object| {
            // istiod's older kind of lease, renewed every few seconds.
            let annotations = &object["metadata"]["annotations"];
            annotations["control-plane.alpha.kubernetes.io/leader"].is_null()
        })
        .map(|object| {
            let text = |at: &str| {
                object
                    .pointer(at)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned()
            };
            let name = format!(
                "{} {}/{}",
                text("/kind"),
                text("/metadata/namespace"),
                text("/metadata/name")
            );
            (
                name,
                (
                    text("/metadata/resourceVersion"),
                    object["metadata"]["managedFields"].clone(),
                ),
            )
        })
        .collect()
}

/// The accounts, once nobody changes anything by itself any more: istiod goes on for some seconds after it is ready.
fn settled(world: &World) -> BTreeMap<String, (String, Value)> {
    let mut before = accounts(world);
    for _ in 0..30 {
        std::thread::sleep(Duration::from_secs(2));
        let after = accounts(world);
        if after == before {
            return after;
        }
        before = after;
    }
    panic!("the cluster does not hold still");
}

/// Only what differs: all of it would fill a book.
#[track_caller]
fn must_be_the_same(
    before: &BTreeMap<String, (String, Value)>,
    after: &BTreeMap<String, (String, Value)>,
) {
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let differ: Vec<_> = names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| (name, before.get(name), after.get(name)))
        .collect();
    assert!(differ.is_empty(), "{differ:#?}");
}

/// Adopted, listed, brought up to date and forgotten: of all objects of the cluster only weft's own are new.
pub(crate) fn nothing_of_theirs_is_changed(world: &World) {
    let before = settled(world);
    assert!(before.len() > 100, "{}", before.len());

    world
        .weft("mesh list")
        .must(0, &["istio-system", "not recorded"]);
    let dry = world.weft("mesh adopt shop --dry-run");
    dry.must(0, &["name: weft-mesh-shop", "kubectl"]);
    world.weft("mesh adopt shop --diff").must(5, &["create"]);
    must_be_the_same(&before, &accounts(world));

    world
        .weft("mesh adopt shop")
        .must(0, &["EXTERNAL", "SUCCEEDED"]);
    world
        .weft("mesh adopt shop")
        .must(0, &["recorded already, and as it is"]);
    world
        .weft("mesh adopt other")
        .must(1, &["is recorded as mesh shop"]);

    let mut after = accounts(world);
    for ours in ["weft-mesh-shop", "weft-history-istio-system-0"] {
        let (_, managed) = after
            .remove(&format!("ConfigMap istio-system/{ours}"))
            .unwrap();
        assert!(managed.to_string().contains("weft-record"), "{managed}");
    }
    must_be_the_same(&before, &after);

    let record = world.object("configmap weft-mesh-shop -n istio-system");
    let state: Value =
        serde_json::from_str(record["data"]["state.json"].as_str().unwrap()).unwrap();
    assert_eq!(state["mode"], "EXTERNAL");
    let plane = &state["adopted"]["controlPlanes"][0];
    assert_eq!(
        (&plane["revision"], &plane["name"]),
        (&json!("default"), &json!("istiod"))
    );
    assert!(
        plane["version"].as_str().unwrap().starts_with("1."),
        "{plane}"
    );
    assert_eq!(
        state["adopted"]["webhooks"],
        json!(["istio-sidecar-injector", "istio-validator-istio-system"])
    );
    assert_eq!(world.json("mesh list")[0]["name"], "shop");

    world.weft("mesh forget shop").must(64, &["--yes"]);
    world
        .weft("mesh forget shop --yes")
        .must(0, &["is forgotten"]);
    let mut after = accounts(world);
    after
        .remove("ConfigMap istio-system/weft-history-istio-system-0")
        .unwrap();
    must_be_the_same(&before, &after);
    world.weft("mesh adopt shop").must(0, &[]);
}

/// A release of Helm as Helm itself keeps it, and beside it an Istio of another root namespace.
pub(crate) fn of_several_one_is_chosen(world: &World) {
    let release = json!({
        "name": "mesh", "namespace": "helm-mesh", "version": 1, "info": {"status": "deployed"}, "manifest": "---\n",
        "chart": {"metadata": {"name": "istiod", "version": "1.30.3", "appVersion": "1.30.3"}},
    });
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(release.to_string().as_bytes()).unwrap();
    let packed = STANDARD.encode(STANDARD.encode(packed.finish().unwrap()));
    world.apply(&format!(
        "apiVersion: v1\nkind: Namespace\nmetadata: {{name: helm-mesh}}\n---\n\
         apiVersion: v1\nkind: Secret\ntype: helm.sh/release.v1\nmetadata:\n  name: sh.helm.release.v1.mesh.v1\n  namespace: helm-mesh\n  \
         labels: {{owner: helm, name: mesh, status: deployed, version: \"1\"}}\ndata: {{release: {packed}}}\n---\n\
         apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: istiod-blue\n  namespace: helm-mesh\n  \
         labels: {{app: istiod, istio: pilot, istio.io/rev: blue, app.kubernetes.io/managed-by: Helm}}\n  \
         annotations: {{meta.helm.sh/release-name: mesh, meta.helm.sh/release-namespace: helm-mesh}}\nspec:\n  replicas: 0\n  \
         selector: {{matchLabels: {{app: istiod}}}}\n  template:\n    metadata: {{labels: {{app: istiod}}}}\n    \
         spec: {{containers: [{{name: discovery, image: \"hub/pilot:1.30.3\"}}]}}\n"
    ));
    let several = [
        "there are several: say which with --root-namespace",
        "helm-mesh: revision blue 1.30.3 in helm-mesh, Helm release mesh (istiod-1.30.3)",
        "istio-system: revision default",
    ];
    world.weft("mesh adopt blue").must(64, &several);
    world
        .weft("mesh adopt blue --root-namespace nowhere")
        .must(64, &["no Istio has the root namespace nowhere"]);
    world
        .weft("mesh adopt shop --root-namespace helm-mesh")
        .must(1, &["there is a mesh shop already"]);
    world
        .weft("mesh adopt blue --root-namespace helm-mesh")
        .must(0, &["1.30.3"]);
    world
        .weft("mesh list -o wide")
        .must(0, &["blue", "shop", "Helm release mesh (istiod-1.30.3)"]);

    world.weft("history").must(
        64,
        &[
            "there are several meshes: say which with --mesh",
            "blue (in helm-mesh)",
            "shop (in istio-system)",
        ],
    );
    let entries = world.json("history --mesh blue");
    assert_eq!(entries[0]["verb"], "mesh adopt blue");
    world.weft("undo --mesh blue").must(0, &["delete"]);
    world.kubectl("delete namespace helm-mesh");
    world.weft("mesh list").must(0, &["shop"]);
}
