//! Workloads of a kind that the mesh declares: a definition of the test's own, with a controller that the test plays. As
//! Argo's, it owns its pods through a `ReplicaSet` for each state of the template.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lab::trial::{Ran, eventually, run};
use serde_json::{Value, json};

use super::world::World;

const SPACE: &str = "casts";
const NAME: &str = "front";

const DEFINITION: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: casts.stage.example}
spec:
  group: stage.example
  scope: Namespaced
  names: {kind: Cast, plural: casts, singular: cast}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
";

/// Nothing is where Kubernetes' own kinds have it; the second kind is not served.
const MESH: &str = "
apiVersion: weft.dev/v1
kind: Mesh
metadata: {name: theirs}
spec:
  mode: external
  workloadKinds:
  - group: stage.example
    version: v1
    kind: Cast
    resource: casts
    paths: {podTemplate: .spec.pods.template, replicas: .spec.pods.count, readyReplicas: .status.ready}
  - {group: apps.kruise.io, version: v1alpha1, kind: CloneSet, resource: clonesets}
";

/// Declares the kinds in the record of the mesh; before the other parts begin, as they read that record too.
pub(crate) fn are_declared(world: &World) {
    world.cluster.apply(DEFINITION).unwrap();
    world.kubectl("wait --for=condition=Established crd/casts.stage.example --timeout=30s");
    let file = std::env::temp_dir().join(format!("weft-kinds-{}.yaml", std::process::id()));
    std::fs::write(&file, MESH).unwrap();
    let adopt = |more: &[&str]| -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
        command
            .args(["mesh", "adopt", "theirs"])
            .args(more)
            .arg("--kubeconfig")
            .arg(world.cluster.kubeconfig())
            .stdin(Stdio::null());
        run("mesh adopt", &mut command)
    };
    adopt(&["--workload-kinds", file.to_str().unwrap()]).must(0, &["recorded in"]);
    std::fs::remove_file(&file).unwrap();
    // What is not said again stays.
    adopt(&[]).must(0, &["recorded already"]);
}

/// The verbs work on it as on a Deployment.
pub(crate) fn work_as_others_do(world: &World) {
    world.namespace(SPACE, "{}");
    let image = lab::tools::echo_image();
    let cast = json!({
        "apiVersion": "stage.example/v1", "kind": "Cast", "metadata": {"name": NAME, "namespace": SPACE},
        "spec": {"pods": {"count": 2, "template": {
            "metadata": {"labels": {"app": NAME}},
            "spec": {"terminationGracePeriodSeconds": 1,
                "containers": [{"name": "app", "image": image, "args": ["--port", "8080"]}]},
        }}},
    });
    world.cluster.apply(&cast.to_string()).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let controller = scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                reconcile(world);
                std::thread::sleep(Duration::from_millis(300));
            }
        });
        let verbs = scope.spawn(|| verbs(world));
        let ended = verbs.join();
        stop.store(true, Ordering::Relaxed);
        assert!(
            controller.join().is_ok(),
            "the controller failed; see above"
        );
        assert!(ended.is_ok(), "a verb failed; see above");
    });
    nobody_rolls_it_out(world);
}

fn verbs(world: &World) {
    eventually("two pods are ready", || ready(world, 2));
    world
        .weft(&format!("status {SPACE}"))
        .must(0, &["Cast", NAME, "does not serve CloneSet"]);
    assert_eq!(world.states(SPACE), format!("UNSET {NAME}=UN_INJECTED"));
    world
        .weft(&format!("status cloneset/{NAME} -n {SPACE}"))
        .must(
            1,
            &["does not serve CloneSet (clonesets.apps.kruise.io/v1alpha1)"],
        );
    world
        .weft(&format!("status job/{NAME} -n {SPACE}"))
        .must(64, &["no kind is called job", "or for Cast"]);
    world
        .weft(&format!(
            "explain cast/{NAME} -n {SPACE} --label sidecar.istio.io/inject=true"
        ))
        .must(0, &["Cast"]);

    let before = world.pods(SPACE);
    let line = format!("enable Cast/{NAME} -n {SPACE} --restart --wait-per-pod 1s");
    world.weft(&line).must(0, &["SUCCEED"]);
    assert_eq!(world.states(SPACE), format!("UNSET {NAME}=INJECTED"));
    assert!(before.iter().all(|old| !world.pods(SPACE).contains(old)));

    let line = format!("resources casts.stage.example/{NAME} -n {SPACE} --cpu 50m --diff");
    world
        .weft(&line)
        .must(5, &["spec.pods.template.metadata.annotations"]);
    let line = format!("resources cast/{NAME} -n {SPACE} --cpu 50m --restart --wait-per-pod 1s");
    world.weft(&line).must(0, &["SUCCEED"]);
    world
        .weft(&format!("resources -n {SPACE}"))
        .must(0, &["Cast", "50m"]);

    let before = world.pods(SPACE);
    let line = format!("restart {SPACE} --yes --wait-per-pod 1s");
    world.weft(&line).must(0, &["SUCCEED"]);
    assert!(before.iter().all(|old| !world.pods(SPACE).contains(old)));
    let line = format!("clear cast/{NAME} -n {SPACE} --restart --wait-per-pod 1s");
    world.weft(&line).must(0, &["SUCCEED"]);
    assert_eq!(world.states(SPACE), format!("UNSET {NAME}=UN_INJECTED"));
}

/// A controller that leaves old pods running has restarted nothing, whatever it counts.
fn nobody_rolls_it_out(world: &World) {
    // The API server's times have no fractions.
    std::thread::sleep(Duration::from_millis(1100));
    let line = format!("restart cast/{NAME} -n {SPACE} --yes --timeout 2s --wait-per-pod 1s");
    world.weft(&line).must(
        1,
        &[
            "FAILED",
            "0 of 2 pods were created after the change, 2 before it",
        ],
    );
}

/// One round of the controller: a `ReplicaSet` for the template as it is, none for those before, and the count of the ready.
fn reconcile(world: &World) {
    let cast: Value =
        serde_json::from_str(&world.kubectl(&format!("-n {SPACE} get cast {NAME} -o json")))
            .unwrap();
    let generation = cast["metadata"]["generation"].to_string();
    let wanted = format!("{NAME}-{generation}");
    let labels = json!({"app": NAME, "stage.example/hash": generation});
    let mut template = cast["spec"]["pods"]["template"].clone();
    for (key, value) in labels.as_object().unwrap() {
        template["metadata"]["labels"][key] = value.clone();
    }
    let sets = world.kubectl(&format!("-n {SPACE} get replicasets -o name"));
    let name = |line: &str| line.rsplit('/').next().unwrap().to_owned();
    let sets: Vec<String> = sets.lines().map(name).collect();
    if !sets.contains(&wanted) {
        let set = json!({
            "apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {"name": wanted, "namespace": SPACE, "ownerReferences": [{
                "apiVersion": "stage.example/v1", "kind": "Cast", "name": NAME,
                "uid": cast["metadata"]["uid"], "controller": true}]},
            "spec": {"replicas": cast["spec"]["pods"]["count"], "selector": {"matchLabels": labels}, "template": template},
        });
        world.cluster.apply(&set.to_string()).unwrap();
    }
    let ready = world.kubectl(&format!(
        "-n {SPACE} get replicaset {wanted} -o jsonpath={{.status.readyReplicas}}"
    ));
    let ready: u64 = ready.parse().unwrap_or(0);
    if ready == 2 {
        for old in sets.iter().filter(|set| **set != wanted) {
            world.kubectl(&format!("-n {SPACE} delete replicaset {old}"));
        }
    }
    let status = json!({"status": {"ready": ready}}).to_string();
    world
        .cluster
        .kubectl(&[
            "-n",
            SPACE,
            "patch",
            "cast",
            NAME,
            "--subresource=status",
            "--type=merge",
            "-p",
            &status,
        ])
        .unwrap();
}

fn ready(world: &World, wanted: u64) -> Result<(), String> {
    let ready = world.kubectl(&format!(
        "-n {SPACE} get cast {NAME} -o jsonpath={{.status.ready}}"
    ));
    if ready == wanted.to_string() {
        Ok(())
    } else {
        Err(format!("{ready} are"))
    }
}
