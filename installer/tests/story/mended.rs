//! What goes wrong with a mesh that runs, and what is gone back from.

use super::world::World;

/// What somebody deletes is missing, and is brought back.
pub(crate) fn is_missed(world: &World) {
    world.kubectl("-n istio-system delete deployment istiod");
    let words = ["istio-system/istiod", "FAILED", "it does not exist"];
    world.weft("mesh status shop").must(2, &words);
    world
        .weft("mesh wait shop --timeout 1s")
        .must(3, &["Deployment istio-system/istiod"]);
    world
        .weft("mesh apply -f mesh.yaml --plain-http")
        .must(0, &["is as it is described"]);
    world.weft("mesh status shop").must(0, &[]);
}

/// A change of the mesh is gone back from: fields that were changed, added and removed, objects that were created and
/// pruned, and what weft knows of it.
pub(crate) fn is_undone(world: &World) {
    let kept = || {
        let record = world.kubectl("-n istio-system get configmap weft-mesh-shop -o jsonpath={.data}{.metadata.annotations}");
        let istiod = world
            .kubectl("-n istio-system get deployment istiod -o jsonpath={.metadata.labels}{.spec}");
        let config = world
            .kubectl("-n istio-system get configmap istio -o jsonpath={.metadata.labels}{.data}");
        let members = world.kubectl("get poddisruptionbudgets,horizontalpodautoscalers -A -o jsonpath={.items[*].metadata.name}{.items[*].spec}");
        [record, istiod, config, members]
    };
    let before = kept();
    let file = world.read("mesh.yaml");
    let changed = file
        .replace(
            "env: {PILOT_ENABLE_ALPN_FILTER: \"false\", ",
            "env: {PILOT_PUSH_THROTTLE: \"50\", PILOT_ENABLE_ALPN_FILTER: \"false\", ",
        )
        .replace("autoscaleEnabled: false", "replicaCount: 1")
        .replace("memory: 128Mi", "memory: 130Mi");
    assert_ne!(changed, file);
    world.write("changed.yaml", changed.as_bytes());
    world
        .weft("mesh apply -f changed.yaml --plain-http")
        .must(0, &["is as it is described"]);
    let after = kept();
    for (before, after) in before.iter().zip(&after).take(2) {
        assert_ne!(before, after);
    }
    world.weft("undo --diff").must(5, &["/istiod", "spec."]);
    world
        .weft("undo --dry-run=server")
        .must(0, &["would be undone"]);
    assert_eq!(kept(), after, "nothing was written yet");
    world.weft("undo").must(0, &["undone"]);
    assert_eq!(kept(), before);
    world.weft("redo").must(0, &["done again"]);
    assert_eq!(kept(), after, "what was undone is done again");
    world.weft("undo").must(0, &["undone"]);
    world.weft("mesh wait shop --timeout 2m").must(0, &[]);
    // At most who owns fields that the server leaves out, being empty.
    world
        .weft("mesh apply -f mesh.yaml --plain-http")
        .must(0, &[]);
    assert_eq!(kept(), before, "the first file says the same");
}
