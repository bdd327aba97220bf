//! A gateway in a namespace of applications: the injector makes its proxy, and it does not start without.

use super::world::{SURGE, World};
use lab::trial::until;

const GATEWAY: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: front, namespace: edge}
spec:
  selector: {matchLabels: {istio: front}}
  template:
    metadata:
      labels: {istio: front, sidecar.istio.io/inject: \"true\"}
      annotations: {inject.istio.io/templates: gateway}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: istio-proxy, image: auto, imagePullPolicy: IfNotPresent}]
";

/// What concerns sidecars leaves gateways alone, and says so.
pub(crate) fn are_no_sidecars(world: &World) {
    let pace = "--wait-per-pod 1s";
    let verb = "weft gateway upgrade front -n edge";
    world.namespace("edge", "{istio-injection: enabled}");
    world.workload("edge", "cart", 1, SURGE);
    world.cluster.apply(GATEWAY).unwrap();
    world.kubectl("-n edge rollout status deployment/front --timeout=120s");

    world.weft("status edge").must(0, &["a gateway"]);
    world
        .weft(&format!("restart edge --yes {pace}"))
        .must(0, &["SUCCEED", "SKIPPED", verb]);
    world
        .weft("restart deploy/front -n edge --yes")
        .must(1, &["Deployment edge/front is a gateway", verb]);
    let refused = [
        "Deployment edge/front would not be injected any more",
        "--force",
    ];
    world.weft("disable edge").must(1, &refused);
    world.weft("disable edge --diff").must(1, &refused);
    world.weft("disable deploy/front -n edge").must(1, &refused);
    let labels = world.kubectl("get namespace edge -o jsonpath={.metadata.labels}");
    assert!(
        labels.contains(r#""istio-injection":"enabled""#),
        "nothing was written: {labels}"
    );
    // Its own label has it injected there, too.
    world
        .weft("clear edge --dry-run=server")
        .must(0, &["would be written"]);

    world
        .weft(&format!("disable edge --force --restart {pace}"))
        .must(0, &["SUCCEED", "SKIPPED", verb]);
    assert_eq!(
        world.states("edge"),
        "DISABLED cart=UN_INJECTED front=NEED_RESTART"
    );
    world.kubectl("-n edge delete pod -l istio=front");
    let cause =
        "not injected, because namespace label istio-injection=disabled keeps every webhook away";
    until("the pod is refused its image", || {
        let pods = world.kubectl("-n edge get pods -l istio=front");
        pods.contains("ErrImagePull") || pods.contains("ImagePullBackOff")
    });
    world.weft("status edge").must(2, &["a gateway", cause]);
    let status = world.run("gateway status front -n edge");
    status.must(2, &[cause]);
    who_may_only_look(world);
    world.kubectl("delete namespace edge --wait=false");
}

/// Kubernetes' own role for people who look has no webhooks in it.
fn who_may_only_look(world: &World) {
    world.kubectl("create clusterrolebinding viewer --clusterrole=view --user=viewer");
    world.weft("status edge --as viewer").must(
        2,
        &[
            "is not known",
            "mutatingwebhookconfigurations",
            "UN_INJECTED",
            "cannot list casts",
            "such workloads are passed over",
        ],
    );
    world
        .weft("status cast/front -n edge --as viewer")
        .must(77, &["cannot list casts"]);
    world.weft("disable edge --as viewer").must(77, &[]);
}
