//! An Istio that somebody's manifests installed is recorded. That nothing of a mesh of others is changed is shown where the real
//! Helm and the real istioctl installed it.

use serde_json::{Value, json};

use super::world::World;

/// Adopted, adopted again, forgotten, adopted: whoever wrote the manifests is told.
pub(crate) fn manifests_are_told_by_who_wrote_them(world: &World) {
    world
        .weft("mesh list")
        .must(0, &["istio-system", "not recorded"]);
    let dry = world.weft("mesh adopt shop --dry-run");
    dry.must(0, &["name: weft-mesh-shop", "kubectl"]);
    world.weft("mesh adopt shop --diff").must(5, &["create"]);

    world
        .weft("mesh adopt shop")
        .must(0, &["EXTERNAL", "SUCCEEDED"]);
    world
        .weft("mesh adopt shop")
        .must(0, &["recorded already, and as it is"]);
    let record = world.object("configmap weft-mesh-shop -n istio-system");
    let managers = record["metadata"]["managedFields"].to_string();
    assert!(managers.contains("weft-record"), "{managers}");
    let state: Value =
        serde_json::from_str(record["data"]["state.json"].as_str().unwrap()).unwrap();
    let plane = &state["adopted"]["controlPlanes"][0];
    assert_eq!(
        (&plane["revision"], &plane["name"]),
        (&json!("default"), &json!("istiod"))
    );

    world
        .weft("mesh forget shop --yes")
        .must(0, &["is forgotten"]);
    world.weft("mesh adopt shop").must(0, &[]);
}
