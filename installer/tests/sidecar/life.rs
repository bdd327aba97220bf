//! A namespace's way from a label to sidecars and back, and what can be set about them.

use super::world::{SURGE, World};
use lab::trial::until;

/// Every state on the way, and who may change what.
#[expect(clippy::too_many_lines, reason = "a table, row by row")]
pub(crate) fn from_a_label_to_a_sidecar_and_back(world: &World) {
    world.namespace("life", "{}");
    world.workload("life", "cart", 2, SURGE);
    world.workload("life", "idle", 0, SURGE);
    assert_eq!(
        world.states("life"),
        "UNSET cart=UN_INJECTED idle=UN_INJECTED"
    );

    world
        .weft("enable life --diff")
        .must(5, &["istio-injection"]);
    world
        .weft("enable life --dry-run=server")
        .must(0, &["would be written"]);
    assert_eq!(
        world.states("life"),
        "UNSET cart=UN_INJECTED idle=UN_INJECTED"
    );
    world.weft("enable life").must(
        0,
        &["in life, workloads run as before until they are restarted (1 in all)"],
    );
    world.weft("enable life").must(0, &["unchanged"]);
    assert_eq!(
        world.states("life"),
        "ENABLED_WAIT cart=NEED_RESTART idle=UN_INJECTED"
    );
    world
        .weft("status life")
        .must(2, &["it has no proxy, and would get one"]);
    world.weft("disable deploy/cart -n life").must(
        1,
        &[
            "namespace life is ENABLED_WAIT",
            "weft sidecar restart life",
        ],
    );

    world.weft("restart life --needed").must(64, &["--yes"]);
    world
        .weft("restart life --needed --yes --wait-per-pod 1s")
        .must(0, &["cart", "SUCCEED"]);
    assert_eq!(
        world.states("life"),
        "ENABLED cart=INJECTED idle=UN_INJECTED"
    );
    world
        .weft("status deploy/cart -n life")
        .must(0, &["RUNNING", "1.31.0-lab"]);

    world
        .weft("disable deploy/cart -n life --restart --wait-per-pod 1s")
        .must(0, &["SUCCEED"]);
    assert_eq!(
        world.states("life"),
        "ENABLED cart=UN_INJECTED idle=UN_INJECTED"
    );
    world.weft("explain deploy/cart -n life").must(
        0,
        &["pod label sidecar.istio.io/inject=false keeps every webhook away"],
    );
    world
        .weft("clear deploy/cart -n life --restart --wait-per-pod 1s")
        .must(0, &["SUCCEED"]);
    assert_eq!(
        world.states("life"),
        "ENABLED cart=INJECTED idle=UN_INJECTED"
    );
    world.weft("disable life").must(0, &[]);
    assert_eq!(
        world.states("life"),
        "DISABLED_WAIT cart=NEED_RESTART idle=UN_INJECTED"
    );
    world
        .weft("clear life --restart --wait-per-pod 1s")
        .must(0, &["SUCCEED"]);
    assert_eq!(
        world.states("life"),
        "UNSET cart=UN_INJECTED idle=UN_INJECTED"
    );
    let labels = world.kubectl("get namespace life -o jsonpath={.metadata.labels}");
    assert_eq!(
        labels, r#"{"kubernetes.io/metadata.name":"life"}"#,
        "clear undoes enable"
    );

    somebody_elses_labels(world);
    refusals(world);
}

fn somebody_elses_labels(world: &World) {
    world.kubectl("label namespace life istio.io/rev=default --field-manager=argocd-controller");
    let owner = ["istio.io/rev belongs to argocd-controller"];
    world.weft("enable life").must(1, &owner);
    world.weft("clear life").must(1, &owner);
    world
        .weft("enable life --diff")
        .must(5, &["conflict", "argocd-controller"]);
    world
        .weft("enable life --force-conflicts")
        .must(0, &["written"]);
    let labels = world.kubectl("get namespace life -o jsonpath={.metadata.labels}");
    assert!(
        labels.contains(r#""istio-injection":"enabled""#),
        "{labels}"
    );
    assert!(
        !labels.contains("istio.io/rev"),
        "one of the two only: {labels}"
    );
    world.weft("clear life").must(0, &[]);
    // What a person has set once, nobody sets again.
    world.kubectl("label namespace life istio-injection=enabled --field-manager=kubectl-label");
    let taken = [".metadata.labels.istio-injection is taken over from kubectl-label"];
    world
        .weft("disable life --diff")
        .must(5, &["would be written", "kubectl-label"]);
    world.weft("disable life").must(0, &taken);
    world.weft("clear life").must(0, &[]);
}

fn refusals(world: &World) {
    world.weft("enable istio-system kube-system").must(
        1,
        &[
            "namespace istio-system belongs to the system",
            "namespace kube-system belongs",
        ],
    );
    world.weft("enable life --revision nope").must(
        1,
        &[
            "istio.io/rev=nope names no revision or tag",
            "there are: default",
        ],
    );
    world.weft("enable nowhere").must(1, &["nowhere"]);
    world
        .weft("status nowhere")
        .must(1, &["there is no namespace nowhere"]);
    world
        .weft("enable pod/x -n life")
        .must(64, &["write deploy/NAME"]);
    world
        .weft("restart deploy/nope -n life --yes")
        .must(1, &["there is no Deployment nope"]);
}

/// Resources, passthrough, scope and log levels, seen in the pod or in its traffic.
pub(crate) fn settings_take_effect(world: &World) {
    world.namespace("tuned", "{istio-injection: enabled}");
    world.workload("tuned", "cart", 1, SURGE);
    world.namespace("outside", "{}");
    world.workload("outside", "client", 1, SURGE);

    resources(world);
    passthrough(world);
    scope(world);
    levels(world);
}

fn resources(world: &World) {
    let wait = "--restart --wait-per-pod 1s";
    world
        .weft("resources deploy/cart -n tuned --cpu 2 --cpu-limit 1 --memory 5Xi")
        .must(
            64,
            &[
                "request for CPU (2) is more than its limit (1)",
                "\"5Xi\" is no quantity",
            ],
        );
    world
        .weft(&format!("resources deploy/cart -n tuned --cpu 15m --memory 48Mi --memory-limit 256Mi --cpu-limit none {wait}"))
        .must(0, &["SUCCEED"]);
    let pods = world
        .kubectl("-n tuned get pods -l app=cart --field-selector status.phase=Running -o json");
    let pods: serde_json::Value = serde_json::from_str(&pods).unwrap();
    let proxies = pods["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|pod| pod["metadata"]["deletionTimestamp"].is_null());
    let found: Vec<_> = proxies
        .flat_map(|pod| ["containers", "initContainers"].map(|key| pod["spec"][key].clone()))
        .flat_map(|containers| containers.as_array().cloned().unwrap_or_default())
        .filter(|container| container["name"] == "istio-proxy")
        .map(|container| container["resources"].clone())
        .collect();
    assert_eq!(
        found,
        [
            serde_json::json!({"requests": {"cpu": "15m", "memory": "48Mi"}, "limits": {"memory": "256Mi"}})
        ]
    );
    world
        .weft("resources -n tuned")
        .must(0, &["proxyMemoryLimit", "256Mi"]);
}

/// A response that came through the proxy says so.
fn passthrough(world: &World) {
    let line =
        "-n outside exec deploy/client -c app -- curl -s -m 5 -o /dev/null -D - http://cart.tuned";
    let words: Vec<_> = line.split(' ').collect();
    // A request that comes to nothing while pods change is asked again.
    let answer = || world.cluster.kubectl(&words).ok();
    let goes_through = |answer: String| answer.contains("istio-envoy");
    let through_the_proxy = || answer().is_some_and(goes_through);
    until("requests go through the proxy", through_the_proxy);
    world
        .weft("passthrough deploy/cart -n tuned --direction in --match exclude --cidr 10.0.0.0/8")
        .must(64, &["--direction out only"]);
    world
        .weft("passthrough deploy/cart -n tuned --direction in --match exclude --port 8080,8080 --restart --wait-per-pod 1s")
        .must(0, &["excludeInboundPorts", "SUCCEED"]);
    let passes_by = || answer().is_some_and(|answer| !goes_through(answer));
    until("requests pass by the proxy", passes_by);
    world
        .weft("passthrough deploy/cart -n tuned --direction in --match exclude --port 9000 --diff")
        .must(5, &["8080,9000"]);
    world
        .weft("passthrough deploy/cart -n tuned --clear --restart --wait-per-pod 1s")
        .must(0, &["SUCCEED"]);
    until("requests go through the proxy again", through_the_proxy);
}

fn scope(world: &World) {
    let theirs = "apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: theirs, namespace: tuned}\nspec: {egress: [{hosts: [\"./*\"]}]}\n";
    world
        .weft("scope tuned --to local")
        .must(0, &["weft-scope"]);
    world
        .weft("scope tuned --to custom --namespaces outside")
        .must(0, &["outside/*"]);
    world
        .weft("scope tuned --to custom --namespaces outside,nope,nada")
        .must(
            1,
            &["there is no namespace nope", "there is no namespace nada"],
        );
    let scope = world.json("scope tuned");
    assert_eq!(scope[0]["scope"], "CUSTOM", "{scope}");
    assert_eq!(scope[0]["hasUserCustom"], false, "{scope}");
    world.cluster.apply(theirs).unwrap();
    world
        .weft("scope tuned")
        .must(2, &["several Sidecars without a selector"]);
    for _ in 0..2 {
        world
            .weft("scope tuned --to all")
            .must(1, &["has the Sidecar theirs without a selector already"]);
    }
    world.weft("scope tuned --clear").must(0, &[]);
    assert_eq!(world.json("scope tuned")[0]["hasUserCustom"], true);
    world.kubectl("-n tuned delete sidecars.networking.istio.io theirs");
    world
        .weft("scope kube-system --to local")
        .must(1, &["belongs to the system"]);
}

fn levels(world: &World) {
    let level = |line: &str| {
        let levels = world.json(&format!("log-level deploy/cart -n tuned {line}"));
        (
            levels[0]["level"].as_str().unwrap().to_owned(),
            levels[0]["loggers"].clone(),
        )
    };
    let (before, _) = level("");
    assert_ne!(before, "debug");
    level("--level debug --logger rbac=trace");
    let (after, loggers) = level("");
    assert_eq!(
        (after.as_str(), loggers["rbac"].as_str()),
        ("debug", Some("trace")),
        "{loggers}"
    );
    world
        .weft("log-level deploy/cart -n tuned --level loud")
        .must(64, &["\"loud\" is no level"]);
    let refused = world.weft("log-level deploy/cart -n tuned --level info --logger nope=debug");
    refused.must(
        1,
        &[
            "nothing was set: it has no logger nope",
            "no proxy did as it was asked",
        ],
    );
    assert!(!refused.says("holds until"), "{refused:#?}");
    assert_eq!(level("").0, "debug", "as it was");
}
