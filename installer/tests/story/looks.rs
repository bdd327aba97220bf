//! What is to be seen at each step of the story: all that one has a mesh for, and what is refused.

use super::objects::Objects;
use super::world::World;
use super::{beside, mended};
use lab::trial::{eventually, until};
use serde_json::{Value, json};
use std::process::Command;

/// How the canary begins, and how it is gone on with.
pub(crate) const UPGRADE: &str = "mesh upgrade shop --to 1.31.0 --strategy canary --plain-http";
/// How the mesh is deleted, and how that is gone on with.
pub(crate) const DELETE: &str = "mesh delete shop --yes";

/// The labels of the application's namespace while it is injected by default.
const LABELS: &str = r#"{"istio-injection":"enabled","kubernetes.io/metadata.name":"app"}"#;
const OLD: (&str, &str) = ("1.30.0-lab", "default");
const NEW: (&str, &str) = ("1.31.0-lab", "1-31-0");

/// A gateway as charts of long ago made it. It does not run: nobody has to ask it anything.
const OLD_GATEWAY: &str = r"
apiVersion: apps/v1
kind: Deployment
metadata: {name: edge, namespace: edge, labels: {app: edge, istio: edge}}
spec:
  replicas: 0
  selector: {matchLabels: {app: edge, istio: edge, chart: gateways}}
  template:
    metadata:
      labels: {app: edge, istio: edge, chart: gateways}
      annotations: {inject.istio.io/templates: gateway}
    spec:
      containers: [{name: istio-proxy, image: auto}]
";

/// It is well, and the same file again changes nothing.
pub(crate) fn is_created(world: &World) {
    // istiod itself writes into its webhooks once it runs, at a time of its own.
    eventually("the same file changes nothing", || {
        let before = Objects::read(world).members();
        world
            .weft("mesh apply -f mesh.yaml --plain-http")
            .must(0, &["nothing was written"]);
        let after = Objects::read(world).members();
        assert!(before.len() > 20, "{}", before.len());
        let same = before.versions() == after.versions();
        same.then_some(())
            .ok_or_else(|| "versions differ".to_owned())
    });
    let ran = world.weft("mesh status shop");
    ran.must(0, &["istio-system/istiod", "SUCCEEDED"]);
    for word in ["UPDATING", "FAILED"] {
        assert!(!ran.data.contains(word), "{ran:#?}");
    }
    let status = world.json("mesh status shop");
    for key in ["status", "phase"] {
        assert_eq!(status[key], "SUCCEEDED", "{status}");
    }
    assert_eq!(status["version"], "1.30.0", "{status}");
    let components = status["components"].as_array().unwrap();
    let is_well = |component: &Value| component["status"] == "SUCCEEDED";
    assert!(components.iter().all(is_well), "{status}");
    let is_istiod = |one: &Value| one["kind"] == "Deployment" && one["name"] == "istiod";
    assert!(components.iter().any(is_istiod), "{status}");
    mended::is_missed(world);
    mended::is_undone(world);
    beside::another_mesh_comes_and_goes(world);
}

pub(crate) fn is_enabled(world: &World) {
    assert_eq!(world.labels("app"), LABELS);
}

pub(crate) fn works_and_is_limited(world: &World) {
    let peer = "URI=spiffe://cluster.local/ns/app/sa/default";
    eventually("the server sees who asks", || {
        let answer = world.shell("curl -sS -m 10 http://server/ 2>&1 || true");
        let seen = answer.contains("X-Forwarded-Client-Cert") && answer.contains(peer);
        seen.then_some(()).ok_or(answer)
    });
    // Strict: nothing but a member of the mesh gets through.
    let address = world.kubectl("-n app get service server -o jsonpath={.spec.clusterIP}");
    let url = format!("http://{address}/");
    let plain = world.cluster.exec(&["curl", "-sS", "-m", "5", &url]);
    assert!(plain.is_err(), "{plain:?}");
    let mut user = 0;
    eventually(
        "each server answers two requests of an hour, and no third",
        || {
            // A user of its own for each try. Of five requests, one of the two servers gets a third.
            user += 1;
            let codes = world.shell(&format!(
            "curl -s -m 10 -o /dev/null -w '%{{http_code}} ' -H 'x-user: {user}' 'http://server/?[1-5]'"
        ));
            let of = |code| codes.matches(code).count();
            let limited = (2..=4).contains(&of("200")) && of("200") + of("429") == 5;
            limited.then_some(()).ok_or(codes)
        },
    );
}

/// No other upgrade than the one that is possible, and that one writes nothing when it is only shown.
pub(crate) fn refuses_other_upgrades(world: &World) {
    world.traffic_goes_on("with and without the plugin");
    let none = "no upgrade of mesh shop is under way";
    let cases = [
        (
            "mesh upgrade shop --to 1.32.0",
            "more than one minor version",
        ),
        ("mesh upgrade shop --to 1.29.0", "a mesh is not downgraded"),
        (
            "mesh upgrade shop --to 1.31.0 --revision x",
            "--strategy canary",
        ),
        ("mesh upgrade move shop app", none),
        ("mesh upgrade promote shop", none),
    ];
    for (line, words) in cases {
        let ran = world.weft(&format!("{line} --plain-http"));
        assert_ne!(ran.code, Some(0), "{ran:#?}");
        assert!(ran.says(words), "{words:?} is missing in {ran:#?}");
    }
    world.cluster.apply(OLD_GATEWAY).unwrap();
    let selector =
        "Deployment edge/edge is a gateway with the selector app=edge,chart=gateways,istio=edge";
    world
        .weft(UPGRADE)
        .must(1, &[selector, "the new chart has app=edge,istio=edge"]);
    world.kubectl("-n edge delete deployment edge");

    world
        .weft("mesh upgrade status shop")
        .must(0, &["1.30.0-lab (default)"]);
    let before = Objects::read(world).members();
    world
        .weft(&format!("{UPGRADE} --diff"))
        .must(5, &["istiod-1-31-0"]);
    world
        .weft(&format!("{UPGRADE} --dry-run=server"))
        .must(0, &["istiod-1-31-0", "create"]);
    let after = Objects::read(world).members();
    assert_eq!(before.versions(), after.versions(), "nothing was written");
}

/// The new control plane beside the old one.
pub(crate) fn stands_beside(world: &World) {
    world.weft(&format!("{UPGRADE} --diff")).must(0, &[]);
    assert_eq!(world.validator(), "istiod", "the old one still validates");
    let status = world.json("mesh upgrade status shop");
    assert_eq!(status["stage"], "READY", "{status}");
    assert_eq!(status["to"]["revision"], "1-31-0", "{status}");
    world
        .weft("mesh upgrade move shop nowhere --plain-http")
        .must(1, &["there is no namespace nowhere"]);
    world
        .weft("mesh upgrade move shop app --diff --plain-http")
        .must(5, &["istio.io/rev=1-31-0"]);
}

pub(crate) fn is_moved(world: &World) {
    world.all_run("app", 3, NEW);
    assert_ne!(world.labels("app"), LABELS);
    world
        .weft("mesh upgrade finish shop --plain-http")
        .must(1, &["promote shop"]);
}

pub(crate) fn is_as_before_the_upgrade(world: &World) {
    world.all_run("app", 3, OLD);
    assert_eq!(world.labels("app"), LABELS, "exactly as before");
    world.has_no("istiod-1-31-0");
    world
        .weft("mesh apply shop -f mesh.yaml --diff --plain-http")
        .must(0, &[]);
    world.traffic_goes_on("until the rollback");
}

pub(crate) fn is_all_moved(world: &World) {
    world.all_run("app", 3, NEW);
}

/// A namespace that still asks for the old one holds it.
pub(crate) fn is_promoted(world: &World) {
    assert_eq!(world.validator(), "istiod-1-31-0");
    world.all_run("tagged", 1, NEW);
    assert!(world.labels("tagged").contains(r#""istio.io/rev":"prod""#));
    world
        .weft("mesh upgrade finish shop --plain-http")
        .must(1, &["1 namespaces: late", "move shop"]);
    world
        .weft("mesh upgrade move shop late --plain-http")
        .must(1, &["istio-injection belongs to argocd-controller"]);
    world
        .weft("mesh upgrade move shop late --diff --plain-http")
        .must(5, &["conflict", "argocd-controller"]);
}

/// Only the new one is left, and the mesh is what its record says.
pub(crate) fn is_upgraded(world: &World) {
    world.has_no("istiod");
    let served = "the new one serves what was asked of the old one";
    assert_eq!(world.labels("app"), LABELS, "{served}");
    let status = world.json("sidecar status app");
    assert_eq!(status[0]["state"], "ENABLED", "{status}");
    assert_eq!(status[0]["needRestart"], 0, "{status}");
    let path = "jsonpath={.data.mesh\\.yaml}";
    let get = format!("-n istio-system get configmap weft-mesh-shop -o {path}");
    world.write("after.yaml", world.kubectl(&get).as_bytes());
    world
        .weft("mesh apply -f after.yaml --diff --plain-http")
        .must(0, &[]);
    let verbs = ["rollback shop", "move shop --all", "promote shop"];
    world
        .weft("history --root-namespace istio-system -o json")
        .must(0, &verbs);
}

pub(crate) fn starts_with_the_new_one(world: &World) {
    world.all_run("app", 3, NEW);
    world.traffic_goes_on("until the upgrade's end");
}

/// A request comes in; each condition for an end has its count.
pub(crate) fn answers_outside_and_is_guarded(world: &World) {
    let url = format!("http://{}/", world.cluster.node());
    let words = "-s -m 5 -o /dev/null -w %{http_code} -H Host:shop.example";
    until("a request comes in by the gateway", || {
        let mut curl = Command::new("curl");
        let output = curl.args(words.split(' ')).arg(&url).output().unwrap();
        output.stdout == b"200"
    });
    world
        .weft(DELETE)
        .must(1, &["is not deleted", "3 in app", "edge/front"]);
    assert_eq!(guards(world), wanted(0));
}

/// What protects is only lifted.
pub(crate) fn is_protected(world: &World) {
    let before = Objects::read(world).members().len();
    world
        .weft(&format!("{DELETE} --force"))
        .must(1, &["is protected", "--off"]);
    assert_eq!(guards(world), wanted(1));
    let after = Objects::read(world).members().len();
    assert_eq!(after, before, "nothing was deleted");
}

fn guards(world: &World) -> Vec<Value> {
    let guards = world.json(DELETE);
    let guard = |guard: &Value| {
        json!([
            guard["type"],
            guard["met"],
            guard["remainingResourcesCount"]
        ])
    };
    guards.as_array().unwrap().iter().map(guard).collect()
}

fn wanted(protected: u64) -> Vec<Value> {
    vec![
        json!(["MESH_PROTECTED", protected == 0, protected]),
        json!(["ISTIO_SIDECARS", false, 4]),
        json!(["ISTIO_GATEWAYS", false, 1]),
    ]
}

pub(crate) fn is_still_protected(world: &World) {
    world.weft(DELETE).must(1, &["is protected"]);
}

/// Nor in namespaces of others.
pub(crate) fn has_left_nothing_to_others(world: &World) {
    let distributed = world.kubectl("get configmaps -A -l istio.io/config=true -o name");
    assert_eq!(distributed, "");
}
