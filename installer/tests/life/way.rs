//! One mesh from a bare cluster to a bare cluster: each thing that one has a mesh for, once.

use super::objects::Objects;
use super::world::{Ran, World, eventually};
use serde_json::Value;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;

/// How it is created, and how it is gone on with.
pub(crate) const CREATE: &str = "mesh create shop -f mesh.yaml --plain-http";
/// How it is deleted, and how that is gone on with.
pub(crate) const DELETE: &str = "mesh delete shop --yes";

/// A server and a client that only speak mTLS, and what the outside needs to reach the server.
const APPLICATION: &str = r#"
apiVersion: v1
kind: Service
metadata: {name: server, namespace: app}
spec: {selector: {app: server}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: strict, namespace: app}
spec: {mtls: {mode: STRICT}}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: web, namespace: app}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["shop.example"]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: app}
spec: {hosts: ["shop.example"], gateways: [web], http: [{route: [{destination: {host: server}}]}]}
"#;

/// Each of its workloads.
const WORKLOAD: &str = r#"
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME, namespace: app}
spec:
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: app, image: IMAGE, args: ["--port", "8080"]}]
"#;

/// The whole way.
pub(crate) fn from_nothing_to_nothing(world: &World) {
    let before = Objects::read(world);
    created(world);
    is_well(world);
    is_missed(world);
    is_undone(world);
    speaks_mtls(world);
    is_limited(world);
    answers_outside(world);
    is_not_deleted_in_use(world);
    nothing_uses_it(world);

    world.weft(DELETE).must(0, &["is deleted"]);
    let distributed = world.kubectl("get configmaps -A -l istio.io/config=true -o name");
    assert_eq!(distributed, "", "in namespaces of others");
    world.kubectl("delete namespace app edge");
    let before = before.apart_from_definitions();
    eventually("nothing is left but definitions", || {
        Objects::read(world)
            .apart_from_definitions()
            .must_be(&before)
    });
    assert!(
        !Objects::read(world).names_beyond(&before).is_empty(),
        "the definitions stay"
    );
}

/// And the same file again changes nothing.
fn created(world: &World) {
    world.weft(CREATE).must(0, &["is as it is described"]);
    // istiod itself writes into its webhooks once it runs, at a time of its own.
    eventually("the same file changes nothing", || {
        let before = Objects::read(world);
        world
            .weft("mesh apply -f mesh.yaml --plain-http")
            .must(0, &["nothing was written"]);
        let (before, after) = (before.members(), Objects::read(world).members());
        let same = before.versions() == after.versions();
        assert!(before.len() > 20, "{}", before.len());
        same.then_some(())
            .ok_or_else(|| "versions differ".to_owned())
    });
}

fn is_well(world: &World) {
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
    let istiod = components
        .iter()
        .find(|component| component["kind"] == "Deployment" && component["name"] == "istiod");
    assert!(istiod.is_some(), "{status}");
}

/// What somebody deletes is missing, and is brought back.
fn is_missed(world: &World) {
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
fn is_undone(world: &World) {
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
    let file = std::fs::read_to_string(world.path("mesh.yaml")).unwrap();
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
    world.weft("undo --diff").must(5, &["/istiod", ".spec"]);
    world
        .weft("undo --dry-run=server")
        .must(0, &["would be undone"]);
    assert_eq!(kept(), after, "nothing was written yet");
    world.weft("undo").must(0, &["undone"]);
    assert_eq!(kept(), before);
    world.weft("undo").must(0, &["undone"]);
    assert_eq!(kept(), after, "what was undone is done again");
    world.weft("undo").must(0, &["undone"]);
    world.weft("mesh wait shop --timeout 2m").must(0, &[]);
    // At most who owns fields that the server leaves out, being empty.
    world
        .weft("mesh apply -f mesh.yaml --plain-http")
        .must(0, &[]);
    assert_eq!(kept(), before, "the first file says the same");
}

fn speaks_mtls(world: &World) {
    world.kubectl("create namespace app");
    world.weft("sidecar enable app").must(0, &[]);
    let image = lab::tools::echo_image();
    let workload = |name| WORKLOAD.replace("NAME", name).replace("IMAGE", &image);
    let manifests = format!("{APPLICATION}{}{}", workload("server"), workload("client"));
    world.cluster.apply(&manifests).unwrap();
    world.kubectl("-n app wait deployment --all --for=condition=Available --timeout=120s");
    let peer = "URI=spiffe://cluster.local/ns/app/sa/default";
    eventually("the server sees who asks", || {
        let answer = world.shell("client", "curl -sS -m 10 http://server/ 2>&1 || true");
        let seen = answer.contains("X-Forwarded-Client-Cert") && answer.contains(peer);
        seen.then_some(()).ok_or(answer)
    });
    // Strict: nothing but a member of the mesh gets through.
    let address = world.kubectl("-n app get service server -o jsonpath={.spec.clusterIP}");
    let url = format!("http://{address}/");
    let plain = world.cluster.exec(&["curl", "-sS", "-m", "5", &url]);
    assert!(plain.is_err(), "{plain:?}");
}

/// A plugin of the project's own works on it.
fn is_limited(world: &World) {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let workspace = workspace.to_str().unwrap();
    let built = world.local(&[
        "plugin",
        "build",
        "rate-limit",
        "-C",
        workspace,
        "-o",
        "json",
    ]);
    let built: Value = serde_json::from_str(&built.must(0, &[]).data).unwrap();
    world.write(
        "module.wasm",
        &std::fs::read(built[0]["path"].as_str().unwrap()).unwrap(),
    );
    let image = format!("{}/plugins/rate-limit:1", world.registry);
    world
        .local(&["plugin", "push", "./module.wasm", &image, "--plain-http"])
        .must(0, &[]);
    let rules = "rules: [{name: per-user, key: [{header: x-user}], limit: {requests: 2, per: 1h}}]";
    world.write("limit.yaml", rules.as_bytes());
    let deploy =
        "plugin deploy limit -n app -f limit.yaml -l app=server --match mode=server --plain-http";
    world
        .weft(&format!("{deploy} --image {image}"))
        .must(0, &[]);
    let mut user = 0;
    eventually("the third request of an hour is refused", || {
        // A user of its own for each try.
        user += 1;
        let ask = "curl -s -m 10 -o /dev/null -w '%{http_code} ' http://server/";
        let codes = world.shell(
            "client",
            &format!("for i in 1 2 3; do {ask} -H 'x-user: {user}'; done"),
        );
        let limited = codes.trim() == "200 200 429";
        limited.then_some(()).ok_or(codes)
    });
    world.weft("plugin remove limit -n app --yes").must(0, &[]);
}

fn answers_outside(world: &World) {
    world.kubectl("create namespace edge");
    let line = "gateway create front -n edge --label istio=ingressgateway --requests cpu=10m,memory=40Mi --replicas 1 --plain-http";
    let creating = world.begin(line);
    eventually("its Service is there", || {
        let service = ["-n", "edge", "get", "service", "front"];
        let found = world.cluster.kubectl(&service);
        found.map(drop).map_err(|error| error.to_string())
    });
    let address = world.cluster.load_balancer("edge", "front", None).unwrap();
    Ran::of(creating).must(0, &["RUNNING"]);
    eventually("a request comes in by the gateway", || {
        let code = outside(address);
        (code == "200").then_some(()).ok_or(code)
    });
}

/// The status of a request from outside of the cluster.
fn outside(address: Ipv4Addr) -> String {
    let words = "-s -m 5 -o /dev/null -w %{http_code} -H Host:shop.example";
    let url = format!("http://{address}/");
    let output = Command::new("curl")
        .args(words.split(' '))
        .arg(url)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Each condition has its count, and what protects is only lifted.
fn is_not_deleted_in_use(world: &World) {
    let members = || Objects::read(world).of_the_mesh().len();
    let before = members();
    let counts = |guards: &Value| -> Vec<(String, bool, u64)> {
        let guard = |guard: &Value| {
            let kind = guard["type"].as_str().unwrap().to_owned();
            let remaining = guard["remainingResourcesCount"].as_u64().unwrap();
            (kind, guard["met"].as_bool().unwrap(), remaining)
        };
        guards.as_array().unwrap().iter().map(guard).collect()
    };
    let wanted = |protected: u64| {
        vec![
            ("MESH_PROTECTED".to_owned(), protected == 0, protected),
            ("ISTIO_SIDECARS".to_owned(), false, 2),
            ("ISTIO_GATEWAYS".to_owned(), false, 1),
        ]
    };
    world
        .weft(DELETE)
        .must(1, &["is not deleted", "2 in app", "edge/front"]);
    assert_eq!(counts(&world.json(DELETE)), wanted(0));
    world.weft("mesh protect shop").must(0, &["is protected"]);
    world
        .weft(&format!("{DELETE} --force"))
        .must(1, &["is protected", "--off"]);
    assert_eq!(counts(&world.json(DELETE)), wanted(1));
    assert_eq!(members(), before, "nothing was deleted");
}

fn nothing_uses_it(world: &World) {
    world.kubectl(
        "-n app delete virtualservices.networking.istio.io,gateways.networking.istio.io --all",
    );
    world
        .weft("gateway delete front -n edge --yes")
        .must(0, &["is gone"]);
    world
        .weft("sidecar disable app --restart --wait-per-pod 1s")
        .must(0, &["SUCCEED"]);
    world.weft(DELETE).must(1, &["is protected"]);
    world
        .weft("mesh protect shop --off")
        .must(0, &["not protected"]);
}
