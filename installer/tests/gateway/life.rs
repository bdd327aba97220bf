//! A gateway's way from a wish to requests, and to nothing again.

use super::world::World;
use lab::trial::{Ran, until};
use std::net::Ipv4Addr;
use std::process::Command;

/// Whatever is in the way is told at once, and nothing is there afterwards.
pub(crate) fn refusals_come_before_anything_is_written(world: &World) {
    world.apply(
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: closed, labels: {istio-injection: disabled}}\n---\n\
         apiVersion: v1\nkind: Namespace\nmetadata: {name: edge}\n---\n\
         apiVersion: v1\nkind: Service\nmetadata: {name: taken, namespace: edge}\nspec: {type: NodePort, ports: [{port: 80, nodePort: 30099}]}\n",
    );
    world.weft("create front -n closed").must(
        1,
        &[
            "nothing was written",
            "INJECTION",
            "istio-injection",
            "LoadBalancer",
        ],
    );
    world
        .weft("create taken -n edge --service-type NodePort --port http2:80:8080:30099 --label sidecar.istio.io/rewriteAppHTTPProbers=x")
        .must(1, &["UNIQUE_SERVICE: Service edge/taken", "choose another name"]);
    world
        .weft("validate front -n edge --service-type NodePort --port http2:80:8080:30099")
        .must(2, &["PORTS", "Service edge/taken has port 30099"]);
    world
        .weft("validate Front --offline --service-type ClusterIP --port a:80:80:1 --load-balancer-ip x")
        .must(64, &["4 mistakes"]);
    world
        .weft("create front -n nowhere")
        .must(1, &["there is no namespace nowhere"]);
    world
        .weft("update front -n edge --replicas 2")
        .must(1, &["there is no gateway front in namespace edge"]);
    let left = world.kubectl("get deployments,configmaps -A -o name");
    assert!(
        !left.contains("front") && !left.contains("weft-gateway"),
        "{left}"
    );
}

/// The whole way.
pub(crate) fn from_nothing_to_a_request_and_back(world: &World) {
    let before = objects(world);
    let address = created(world);
    refers(world);
    until("a request comes in by the gateway", || {
        answer(address) == "200"
    });
    changed(world);
    until("requests come in after the update", || {
        answer(address) == "200"
    });
    upgraded(world);

    world.weft("delete front -n edge --yes").must(
        1,
        &[
            "nothing was deleted",
            "1 Gateway: shop/web; 1 VirtualService: shop/web",
            "--force",
        ],
    );
    world
        .weft("delete front -n edge --force --diff")
        .must(5, &["prune"]);
    assert_eq!(answer(address), "200", "nothing was deleted");
    world.kubectl("-n shop delete virtualservices.networking.istio.io web");
    world
        .weft("delete front -n edge --yes")
        .must(1, &["1 Gateway: shop/web\n"]);
    world.kubectl("-n shop delete gateways.networking.istio.io web");
    world.weft("delete front -n edge").must(64, &["--yes"]);
    world
        .weft("delete front -n edge --yes")
        .must(0, &["is gone"]);
    world
        .weft("delete front -n edge --yes")
        .must(1, &["there is no gateway front"]);
    // What Kubernetes makes for a Service goes a moment after it.
    until("nothing is left of it", || objects(world) == before);
    world.kubectl("delete namespace shop --wait=false");
}

fn created(world: &World) -> Ipv4Addr {
    let line = "create front -n edge --label istio=ingressgateway --requests cpu=10m,memory=40Mi --replicas 1";
    world
        .weft(&format!("{line} --dry-run=server"))
        .must(0, &["Deployment edge/front", "create"]);
    world.weft(&format!("{line} --diff")).must(5, &[]);
    let mut creating = world.command(&format!("gateway {line} --timeout 90s"));
    let creating = creating.spawn().unwrap();
    until("its Service is there", || {
        world
            .cluster
            .kubectl(&["-n", "edge", "get", "service", "front"])
            .is_ok()
    });
    let waiting = world.json("list -n edge");
    assert_eq!(waiting[0]["state"], "CREATING", "{waiting}");
    let address = world.cluster.load_balancer("edge", "front", None).unwrap();
    Ran::of(creating.wait_with_output().unwrap()).must(0, &["RUNNING", "1/1", "lab"]);

    let status = world.json("status front -n edge");
    assert_eq!(status[0]["addresses"][0], address.to_string(), "{status}");
    assert_eq!(status[0]["type"], "ingress");
    assert_eq!(status[0]["serviceType"], "LoadBalancer");
    assert_eq!(status[0]["versions"][0], lab::tools::istio_tag());
    assert_eq!(status[0]["mesh"], "lab");
    // The same wish once more changes nothing; another one is an update.
    let versions = || {
        world.kubectl("-n edge get deployments,services,configmaps,serviceaccounts -o jsonpath={.items[*].metadata.resourceVersion}")
    };
    let before = versions();
    world.weft(&format!("{line} --diff")).must(0, &[]);
    world.weft(line).must(0, &["nothing was written"]);
    assert_eq!(versions(), before);
    world.weft("create front -n edge").must(
        1,
        &[
            "UNIQUE_MESH_GATEWAY",
            "weft gateway update",
            "spec.resources",
            "cpu",
        ],
    );
    address
}

/// Whoever comes second is told so, whatever the two were doing at the time, and the first one's wish stands.
pub(crate) fn two_at_once(world: &World) {
    let start = |kind: &str| {
        let line = format!("gateway create both -n edge --service-type {kind} --timeout 90s");
        let small = format!("{line} --requests cpu=10m,memory=40Mi --replicas 1");
        (kind.to_owned(), world.command(&small).spawn().unwrap())
    };
    let running = ["ClusterIP", "NodePort"].map(start);
    let ended = running.map(|(kind, child)| (kind, Ran::of(child.wait_with_output().unwrap())));
    let won: Vec<_> = ended
        .iter()
        .filter(|(_, ran)| ran.code == Some(0))
        .collect();
    let [(kind, _)] = won.as_slice() else {
        panic!("one of them: {ended:#?}");
    };
    let (_, lost) = ended.iter().find(|(_, ran)| ran.code != Some(0)).unwrap();
    assert_eq!(lost.code, Some(1), "{lost:#?}");
    let words = ["UNIQUE_MESH_GATEWAY", "another weft works", "meanwhile"];
    assert!(words.iter().any(|word| lost.says(word)), "{lost:#?}");
    let found = world.kubectl("-n edge get service both -o jsonpath={.spec.type}");
    assert_eq!(found, *kind);
    // What was created counts as applied: a later command takes every field of it away or on.
    let managers = world.kubectl("-n edge get configmap weft-gateway-both --show-managed-fields -o jsonpath={.metadata.managedFields}");
    let managers: serde_json::Value = serde_json::from_str(&managers).unwrap();
    let of_record = managers.as_array().unwrap().iter();
    let of_record = of_record.filter(|entry| entry["manager"] == "weft-record");
    let operations: Vec<_> = of_record.map(|entry| &entry["operation"]).collect();
    assert_eq!(operations, ["Apply"], "{managers}");
    world
        .weft("update both -n edge --requests cpu=11m,memory=40Mi")
        .must(0, &["RUNNING"]);
    world
        .weft("delete both -n edge --yes")
        .must(0, &["is gone"]);
}

/// What serves shop by the gateway.
fn refers(world: &World) {
    let image = lab::tools::echo_image();
    world.apply(&format!(
        "apiVersion: v1\nkind: Namespace\nmetadata: {{name: shop}}\n---\n\
         apiVersion: v1\nkind: Service\nmetadata: {{name: web, namespace: shop}}\nspec: {{selector: {{app: web}}, ports: [{{name: http, port: 80, targetPort: 8080}}]}}\n---\n\
         apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: shop}}\nspec:\n  selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      \
         terminationGracePeriodSeconds: 1\n      containers:\n      - {{name: app, image: \"{image}\", args: [\"--port\", \"8080\"]}}\n---\n\
         apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {{name: web, namespace: shop}}\nspec: {{selector: {{istio: ingressgateway}}, servers: [{{port: {{number: 80, name: http, protocol: HTTP}}, hosts: [\"shop.example\"]}}]}}\n---\n\
         apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: web, namespace: shop}}\nspec: {{hosts: [\"shop.example\"], gateways: [web], http: [{{route: [{{destination: {{host: web}}}}]}}]}}\n"
    ));
}

/// The status of a request from outside of the cluster.
fn answer(address: Ipv4Addr) -> String {
    let output = Command::new("curl")
        .args([
            "-s",
            "-m",
            "5",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            "-H",
            "Host: shop.example",
        ])
        .arg(format!("http://{address}/"))
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn changed(world: &World) {
    let of = |path: &str| {
        world.kubectl(&format!(
            "-n edge get deployment front -o jsonpath={{{path}}}"
        ))
    };
    world
        .weft("update front -n edge --label x=y")
        .must(64, &["cannot be changed"]);
    world
        .weft("update front -n edge --unset tolerations")
        .must(64, &["was not made with it"]);
    world
        .weft("update front -n edge --replicas 2")
        .must(0, &["2/2", "RUNNING"]);
    assert_eq!(of(".spec.replicas"), "2");
    assert_eq!(
        of(".spec.template.spec.containers[0].resources.requests.cpu"),
        "10m",
        "what was not said stays"
    );
    // From a fixed number to a range and back: never fewer on the way.
    world
        .weft("update front -n edge --autoscale 2-3:70")
        .must(0, &["RUNNING"]);
    assert_eq!(of(".spec.replicas"), "2");
    let scaler = world.kubectl("-n edge get horizontalpodautoscaler front -o jsonpath={.spec.minReplicas}-{.spec.maxReplicas}");
    assert_eq!(scaler, "2-3");
    world
        .weft("update front -n edge --replicas 1")
        .must(0, &["1/1"]);
    let scalers = world.kubectl("-n edge get horizontalpodautoscalers -o name");
    assert_eq!(scalers, "", "it is pruned");
}

fn upgraded(world: &World) {
    let pods = || world.kubectl("-n edge get pods -l app=front -o name");
    until("the instance that is too many is gone", || {
        pods().lines().count() == 1
    });
    let before = pods();
    world
        .weft("upgrade --all")
        .must(0, &["nothing was written"]);
    assert_eq!(pods(), before, "its proxies are of the mesh's version");
    // A chart of another version brings other labels, and with them a rollout.
    world
        .weft("upgrade front -n edge --istio-version 1.31.1 --diff")
        .must(5, &["app.kubernetes.io/version"]);
}

/// Gateways that somebody else made are shown, and left alone.
pub(crate) fn those_of_others(world: &World) {
    world.apply(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: theirs, namespace: edge, labels: {istio: egressgateway}}\nspec:\n  replicas: 0\n  \
         selector: {matchLabels: {istio: egressgateway}}\n  template:\n    metadata: {labels: {istio: egressgateway}, annotations: {inject.istio.io/templates: gateway}}\n    \
         spec: {containers: [{name: istio-proxy, image: auto}]}\n",
    );
    until("its controller has seen it", || {
        world.json("list -n edge")[0]["state"] == "STOPPED"
    });
    let list = world.json("list -n edge");
    assert_eq!(list[0]["foreign"], true, "{list}");
    assert_eq!(list[0]["type"], "egress", "{list}");
    world
        .weft("delete theirs -n edge --yes")
        .must(1, &["was not made by weft"]);
    world
        .weft("create theirs -n edge --type egress")
        .must(1, &["UNIQUE_DEPLOYMENT: Deployment edge/theirs"]);
}

/// A record into which somebody wrote is told by name, and what would need it is refused.
pub(crate) fn a_broken_record(world: &World) {
    let record = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: weft-gateway-odd, namespace: edge, labels: {app.kubernetes.io/managed-by: weft, weft.dev/gateway: odd}}\n\
         data: {gateway.yaml: \"spec: 1\", state.json: \"{}\"}\n";
    let write = ["apply", "--server-side", "--field-manager=weft", "-f", "-"];
    world.cluster.kubectl_from(&write, record).unwrap();
    let what = "ConfigMap edge/weft-gateway-odd is no record of a gateway";
    world.weft("list -n edge").must(4, &[what, "odd"]);
    world.weft("status odd -n edge").must(2, &[what, "ERROR"]);
    for verb in [
        "create odd -n edge --service-type ClusterIP",
        "update odd -n edge --replicas 2",
        "upgrade --all",
        "delete odd -n edge --yes",
    ] {
        world.weft(verb).must(1, &[what]);
    }
    world.kubectl("-n edge delete configmap weft-gateway-odd");
    world.weft("list -n edge").must(0, &[]);
}

/// Everything in the namespace of the gateway that could be a part of it.
fn objects(world: &World) -> String {
    world.kubectl("-n edge get deployments,replicasets,pods,services,endpoints,serviceaccounts,roles,rolebindings,configmaps,horizontalpodautoscalers,poddisruptionbudgets,leases -o name")
}
