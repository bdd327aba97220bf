//! A second mesh on the cluster of the first: neither takes what the other needs, neither when it comes nor when it goes.

use super::objects::Objects;
use super::world::World;
use serde_json::Value;

const VALIDATOR: &str = "validatingwebhookconfiguration istiod-default-validator";
const CREATE: &str = "mesh create -f beside.yaml --plain-http";

/// The second, from its file to its end.
pub(crate) fn another_mesh_comes_and_goes(world: &World) {
    let of_the_first = || Objects::read(world).members().settled();
    let before = of_the_first();
    let greedy = file(world, "base: {defaultRevision: beside}");
    world.write("beside.yaml", greedy.as_bytes());
    world.weft(CREATE).must(
        65,
        &["/spec/values/base/defaultRevision", "mesh shop has it"],
    );

    world.write("beside.yaml", file(world, "base: {}").as_bytes());
    world.weft(CREATE).must(
        0,
        &["mesh shop validates by default", "is as it is described"],
    );
    assert_eq!(label(world, VALIDATOR), "shop");
    world
        .weft("mesh apply -f beside.yaml --plain-http")
        .must(0, &["mesh shop validates by default"]);
    world.weft("mesh list").must(0, &["shop", "beside-system"]);
    a_broken_record_is_listed(world);

    world
        .weft("mesh delete beside --yes")
        .must(0, &["is deleted", "another control plane writes them too"]);
    world
        .weft("mesh delete beside --yes")
        .must(64, &["it is deleted already, or never was here"]);
    world
        .weft("mesh delete beside --yes --ignore-not-found")
        .must(0, &["it is deleted already"]);
    world
        .weft("gateway delete none -n default --yes --ignore-not-found")
        .must(0, &["gateway default/none is deleted already"]);
    assert_eq!(label(world, VALIDATOR), "shop");
    world.kubectl("-n default get configmap istio-ca-root-cert");
    of_the_first().must_be(&before).unwrap();
    world
        .weft("mesh apply -f mesh.yaml --plain-http")
        .must(0, &["nothing was written"]);
}

fn file(world: &World, base: &str) -> String {
    let first = world.read("mesh.yaml");
    first
        .replace("{name: shop}", "{name: beside}")
        .replace("spec:\n", "spec:\n  revision: beside\n  rootNamespace: beside-system\n")
        .replace(
            "  values:\n    istiod:\n",
            &format!(
                "  values:\n    {base}\n    istiod:\n      meshConfig: {{discoverySelectors: [{{matchLabels: {{mesh: beside}}}}]}}\n"
            ),
        )
}

/// Whose it is.
fn label(world: &World, object: &str) -> String {
    world.kubectl(&format!(
        "get {object} -o jsonpath={{.metadata.labels.weft\\.dev/mesh}}"
    ))
}

/// It is in the way of nobody but of those who mean it.
fn a_broken_record_is_listed(world: &World) {
    let broken = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: weft-mesh-bad, namespace: default, \
                  labels: {app.kubernetes.io/managed-by: weft, weft.dev/mesh: bad}}\ndata: {state.json: '{'}\n";
    world.write("broken.yaml", broken.as_bytes());
    let file = world.folder.path().join("broken.yaml");
    world.kubectl(&format!(
        "apply --server-side --field-manager=weft-record -f {}",
        file.display()
    ));
    let listed = world.weft("mesh list -o json");
    listed.must(4, &["its record is broken", "weft-mesh-bad"]);
    let rows: Value = serde_json::from_str(&listed.data).unwrap();
    let names: Vec<_> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["name"])
        .collect();
    for name in ["shop", "beside", "bad"] {
        assert!(names.contains(&&Value::from(name)), "{rows}");
    }
    world.weft("mesh status shop").must(0, &["SUCCEEDED"]);
    world
        .weft("mesh status bad")
        .must(1, &["is no record of a mesh"]);
    world.kubectl("-n default delete configmap weft-mesh-bad");
}
