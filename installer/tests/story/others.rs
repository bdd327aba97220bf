//! What others than weft do on the way: namespaces, an application, a load balancer.

use super::traffic::Traffic;
use super::world::World;
use lab::trial::until;

/// A server of two pods that takes its leave and only speaks mTLS.
const SERVER: &str = r#"
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
apiVersion: apps/v1
kind: Deployment
metadata: {name: server, namespace: app}
spec:
  replicas: 2
  strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
  selector: {matchLabels: {app: server}}
  template:
    # A busy machine takes a while to tell everybody that a pod goes: until then it answers, and so does its proxy.
    metadata: {labels: {app: server}, annotations: {proxy.istio.io/config: "{terminationDrainDuration: 15s}"}}
    spec:
      containers:
      - name: app
        image: IMAGE
        args: ["--port", "8080"]
        lifecycle: {preStop: {exec: {command: [sleep, "15"]}}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: server, namespace: app}
spec: {minAvailable: 1, selector: {matchLabels: {app: server}}}
"#;

/// A client that asks it 50 times a second and more, each time on a new connection, and says how that goes. Names are not looked up: how
/// well a cluster's DNS does is another matter.
const CLIENT: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: client, namespace: app}
spec:
  strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
  selector: {matchLabels: {app: client}}
  template:
    metadata: {labels: {app: client}}
    spec:
      containers:
      - name: app
        image: IMAGE
        command: [bash, -c]
        args:
        - |
          trap 'stop=1' TERM
          while [ -z "$stop" ]; do
            curl -s -m 5 --rate 60/s -H 'Connection: close' -o /dev/null -w '%{http_code} %{errormsg}\n' \
              --resolve "server:80:$SERVER_SERVICE_HOST" 'http://server/?[1-60]'
          done
"#;

/// A workload of a namespace that names a tag.
const TAGGED: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: one, namespace: tagged}
spec:
  strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
  selector: {matchLabels: {app: one}}
  template:
    metadata: {labels: {app: one}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: app, image: IMAGE, args: ["--port", "8080"]}]
"#;

/// What the outside needs to reach the server.
const OUTSIDE: &str = r#"
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

/// Namespaces, of which one names a tag.
pub(crate) fn make_namespaces(world: &World) {
    world.namespace("app", "");
    world.namespace("edge", "");
    world.namespace("tagged", "istio.io/rev: prod");
}

/// The application; from then on it is asked.
pub(crate) fn deploy_and_ask(world: &World) {
    let image = lab::tools::echo_image();
    let parts = [
        ("tagged", "one", TAGGED),
        ("app", "server", SERVER),
        ("app", "client", CLIENT),
    ];
    for (namespace, name, objects) in parts {
        world
            .cluster
            .apply(&objects.replace("IMAGE", &image))
            .unwrap();
        world.kubectl(&format!(
            "-n {namespace} rollout status deployment/{name} --timeout=120s"
        ));
    }
    *world.traffic.lock().unwrap() = Some(Traffic::start(world));
}

/// A namespace that comes late, and asks for the old control plane.
pub(crate) fn make_a_late_namespace(world: &World) {
    world.namespace("late", "");
    let keeper = "--field-manager=argocd-controller";
    world.kubectl(&format!(
        "label namespace late istio-injection=enabled {keeper}"
    ));
}

/// What a gateway is to let in.
pub(crate) fn open_to_the_outside(world: &World) {
    world.cluster.apply(OUTSIDE).unwrap();
}

/// As the cloud's load balancer does it.
pub(crate) fn give_an_address(world: &World) {
    let service = ["-n", "edge", "get", "service", "front"];
    until("the gateway's Service is there", || {
        world.cluster.kubectl(&service).is_ok()
    });
    let given = world.cluster.load_balancer("edge", "front", None).unwrap();
    assert_eq!(given, world.cluster.node());
}

/// The end of the application's use of the mesh.
pub(crate) fn stop_asking(world: &World) {
    world.traffic_goes_on("until the end");
    world.traffic.lock().unwrap().take().unwrap().stop();
    world.kubectl(
        "-n app delete virtualservices.networking.istio.io,gateways.networking.istio.io --all",
    );
    world.kubectl("delete namespace tagged late");
}

/// What the others had.
pub(crate) fn leave(world: &World) {
    world.kubectl("delete namespace app edge");
}
