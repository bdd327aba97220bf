//! The history of real changes, and going back.

use serde_json::Value;

use super::world::World;
use lab::trial::Ran;

const TAG: &str = "apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\nmetadata:\n  \
     name: istio-revision-tag-stable\n  labels: {istio.io/rev: default, istio.io/tag: stable}\nwebhooks:\n- name: stable.sidecar-injector.istio.io\n  \
     clientConfig: {service: {name: istiod, namespace: istio-system, path: /inject}}\n  admissionReviewVersions: [v1]\n  sideEffects: None\n  \
     failurePolicy: Ignore\n  namespaceSelector: {matchLabels: {no: one}}\n  rules: []\n";

fn state(world: &World) -> Value {
    let record = world.object("configmap weft-mesh-shop -n istio-system");
    serde_json::from_str(record["data"]["state.json"].as_str().unwrap()).unwrap()
}

/// The last change is undone, by another undo the one before, and both are done again; a field that somebody else has changed is
/// left alone.
pub(crate) fn the_last_change_and_no_foreign_one(world: &World) {
    let before = state(world);
    world.apply(TAG);
    world.weft("mesh adopt shop").must(0, &[]);
    let after = state(world);
    assert_eq!(after["adopted"]["tags"][0]["name"], "stable");

    it_is_told(world);
    world.weft("undo --diff").must(5, &["data[\"state.json\"]"]);
    world
        .weft("undo --dry-run")
        .must(0, &["entry 4 (mesh adopt shop) would be undone"]);
    assert_eq!(state(world), after, "nothing was written yet");
    world
        .weft("undo")
        .must(0, &["entry 4 (mesh adopt shop) undone"]);
    assert_eq!(state(world), before);
    assert_eq!(world.json("history")[0]["verb"], "undo 4 (mesh adopt shop)");
    world
        .weft("undo")
        .must(0, &["entry 3 (mesh adopt shop) undone"]);
    world
        .weft("mesh status shop")
        .must(1, &["no mesh is recorded"]);
    world
        .weft("redo")
        .must(0, &["entry 3 (mesh adopt shop) done again"]);
    assert_eq!(state(world), before);
    world
        .weft("redo --dry-run")
        .must(0, &["entry 4 (mesh adopt shop) would be done again"]);
    world
        .weft("redo")
        .must(0, &["entry 4 (mesh adopt shop) done again"]);
    assert_eq!(state(world), after, "what was undone is done again");
    world.weft("redo").must(1, &["nothing is to be done again"]);

    a_foreign_field_is_left_alone(world, &after);
}

/// What the history shows of it.
fn it_is_told(world: &World) {
    let entries = world.json("history");
    let verbs: Vec<_> = entries
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["verb"].as_str().unwrap())
        .collect();
    assert_eq!(
        verbs,
        [
            "mesh adopt shop",
            "mesh adopt shop",
            "mesh forget shop",
            "mesh adopt shop"
        ]
    );
    assert_eq!(
        (&entries[0]["number"], &entries[0]["who"]),
        (&4.into(), &"admin".into())
    );
    assert_eq!(entries[0]["objects"][0]["action"], "update");
    let objects = world.json("history --object configmap/weft-mesh-shop --since 1h");
    assert_eq!(objects.as_array().unwrap().len(), 4);
    assert_eq!(
        world
            .json("history --since 2099-01-01T00:00:00Z")
            .as_array()
            .unwrap()
            .len(),
        0
    );
    world
        .weft("history --since yesterday")
        .must(64, &["write for example"]);
    world
        .weft("history show 4 -o yaml")
        .must(0, &["/data/state.json", "stable"]);
    world
        .weft("history show 9")
        .must(1, &["no entry 9: it has 1 to 4"]);
}

fn a_foreign_field_is_left_alone(world: &World, after: &Value) {
    world.kubectl("patch configmap weft-mesh-shop -n istio-system --field-manager=mallory --type=json -p=[{\"op\":\"add\",\"path\":\"/data/theirs\",\"value\":\"1\"}]");
    world.weft("undo --dry-run").must(0, &[]);
    let foreign = after
        .to_string()
        .replace("SUCCEEDED", "FAILED")
        .replace('"', "\\\"");
    world.kubectl(&format!(
        "patch configmap weft-mesh-shop -n istio-system --field-manager=mallory --type=json -p=[{{\"op\":\"replace\",\"path\":\"/data/state.json\",\"value\":\"{foreign}\"}}]"
    ));
    world.weft("undo --diff").must(
        1,
        &[
            "data[\"state.json\"]",
            "nothing would be undone: entry 8",
            "mallory changed it",
        ],
    );
    world.weft("undo").must(
        1,
        &["nothing was undone: entry 8", "ConfigMap istio-system/weft-mesh-shop: .data.state.json is not as the entry left it: mallory changed it"],
    );
    assert_eq!(state(world)["phase"], "FAILED", "their value stays");
    world.weft("mesh adopt shop").must(
        1,
        &[
            "somebody else owns fields",
            ".data.state.json belongs to mallory",
        ],
    );
    world
        .weft("mesh adopt shop --force-conflicts")
        .must(0, &["recorded in ConfigMap"]);
    assert_eq!(&state(world), after);
    world.kubectl("delete configmap weft-mesh-shop -n istio-system");
    world
        .weft("undo")
        .must(1, &["ConfigMap istio-system/weft-mesh-shop is gone"]);
    world.weft("mesh adopt shop").must(0, &[]);
}

/// However many write at once, each change is in the history once, and none has overwritten another.
pub(crate) fn many_at_once_lose_no_entry(world: &World) {
    let before = world.json("history")[0]["number"].as_u64().unwrap();
    world.weft("mesh forget shop --yes").must(0, &[]);
    let running: Vec<_> = (0..6)
        .map(|_| world.command("mesh adopt shop").spawn().unwrap())
        .collect();
    let ended: Vec<_> = running
        .into_iter()
        .map(|child| Ran::of(child.wait_with_output().unwrap()))
        .collect();
    let wrote = ended
        .iter()
        .filter(|ran| ran.talk.contains("recorded in ConfigMap"))
        .count();
    for ran in &ended {
        let told = [
            "recorded in ConfigMap",
            "recorded already",
            "another weft works",
            "somebody else changed the record",
        ];
        assert!(told.iter().any(|text| ran.talk.contains(text)), "{ran:#?}");
    }
    let after = world.json("history")[0]["number"].as_u64().unwrap();
    assert!(wrote >= 1, "{ended:#?}");
    assert_eq!(
        after,
        before + 1 + u64::try_from(wrote).unwrap(),
        "{ended:#?}"
    );
}
