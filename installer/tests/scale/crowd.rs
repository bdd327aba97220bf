//! 2,000 Services and 4,000 Pods, as a mesh has them: injected, running, with the owners, statuses and endpoints that
//! controllers would have written. No kubelet runs them; what reads them cannot tell.
//!
//! The API server is asked for one of each kind, so that defaults and managed fields are its own. The others are copies,
//! put straight into its store: to have it write ten thousand objects one by one takes a busy machine two minutes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use lab::Cluster;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

/// How many namespaces there are.
const NAMESPACES: usize = 100;
/// How many Deployments each of them has, each with a `ReplicaSet`.
const DEPLOYMENTS: usize = 8;
/// How many pods each Deployment has.
const REPLICAS: usize = 5;
/// How many Services each namespace has, each with an `EndpointSlice`.
const SERVICES: usize = 20;
/// How many nodes there are.
const NODES: usize = 50;
/// What a `ReplicaSet`'s pods are told apart by.
const HASH: &str = "5d8f7c9b6c";
/// How many objects the store takes in one transaction, of pods 1 MiB.
const AT_ONCE: usize = 64;
const STORE: &str = "http://127.0.0.1:2379/v3/kv/txn";

/// An object under the key of its store.
type Stored = (String, Value);

/// Writes them; `folder` is for files that the store reads.
pub(crate) fn populate(cluster: &Cluster, folder: &Path) {
    let originals = originals(cluster);
    let mut all: Vec<Stored> = (0..NODES).map(|number| node(&originals, number)).collect();
    for number in 0..NAMESPACES {
        all.extend(namespace(&originals, number));
    }
    let mut requests = String::new();
    for (number, chunk) in all.chunks(AT_ONCE).enumerate() {
        let file = folder.join(format!("objects-{number}.json"));
        std::fs::write(&file, transaction(chunk).to_string()).unwrap();
        let data = file.display();
        write!(
            requests,
            "next\nfail\nsilent\nshow-error\noutput = /dev/null\ndata = \"@{data}\"\nurl = {STORE}\n"
        )
        .unwrap();
    }
    let file = folder.join("requests");
    std::fs::write(&file, requests.trim_start_matches("next\n")).unwrap();
    // On the node, where the store listens.
    cluster
        .exec(&["curl", "--config", file.to_str().unwrap()])
        .unwrap();
}

fn transaction(objects: &[Stored]) -> Value {
    let puts: Vec<_> = objects
        .iter()
        .map(|(key, object)| json!({"requestPut": {"key": BASE64.encode(key), "value": BASE64.encode(object.to_string())}}))
        .collect();
    json!({ "success": puts })
}

/// One of each, as the API server writes it.
struct Originals {
    node: Value,
    namespace: Value,
    service: Value,
    slice: Value,
    deployment: Value,
    set: Value,
    pod: Value,
}

fn originals(cluster: &Cluster) -> Originals {
    let objects = manifests();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    cluster.apply(&list.to_string()).unwrap();
    let info =
        json!({"operatingSystem": "linux", "architecture": "amd64", "kubeletVersion": "v1.34.4"});
    let ready = json!({"conditions": [{"type": "Ready", "status": "True"}], "nodeInfo": info});
    for (what, status) in [("node/node-0", ready), ("pod/pod-0", running())] {
        let change = json!({ "status": status }).to_string();
        let line = format!("-n app-0 patch {what} --subresource=status --type=merge -p");
        let words = line.split_whitespace().chain([change.as_str()]);
        cluster.kubectl(&words.collect::<Vec<_>>()).unwrap();
    }
    let read = |what: &str| -> Value {
        let line = format!("-n app-0 get {what} -o json --show-managed-fields");
        let words: Vec<_> = line.split_whitespace().collect();
        serde_json::from_str(&cluster.kubectl(&words).unwrap()).unwrap()
    };
    Originals {
        node: read("node/node-0"),
        namespace: read("namespace/app-0"),
        service: read("service/service-0"),
        slice: read("endpointslice/service-0"),
        deployment: read("deployment/workload-0"),
        set: read("replicaset/workload-0-set"),
        pod: read("pod/pod-0"),
    }
}

fn manifests() -> Vec<Value> {
    let labels = json!({"app": "workload-0", "version": "v1"});
    let meta = |name: &str| json!({"name": name, "namespace": "app-0", "labels": labels});
    let template = json!({"metadata": {"labels": labels}, "spec": {"containers": [application()]}});
    let spec = json!({"replicas": REPLICAS, "selector": {"matchLabels": {"app": "workload-0"}}, "template": template});
    let ports = json!([
        {"name": "http", "port": 80, "targetPort": 8080},
        {"name": "grpc", "port": 9090, "targetPort": 9090, "appProtocol": "grpc"},
        {"name": "http-metrics", "port": 9102, "targetPort": 9102},
    ]);
    let endpoints: Vec<_> = (1..=REPLICAS)
        .map(|pod| json!({"addresses": [format!("10.0.0.{pod}")], "conditions": {"ready": true}}))
        .collect();
    vec![
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-0", "labels": {"kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}}}),
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "app-0", "labels": {"istio-injection": "enabled"}}}),
        // Its controller does not run, and admission asks for it.
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "app-0"}}),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": meta("service-0"), "spec": {"clusterIP": "None", "selector": {"app": "workload-0"}, "ports": ports}}),
        json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": meta("service-0"), "addressType": "IPv4", "endpoints": endpoints, "ports": [{"name": "http", "port": 8080}]}),
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta("workload-0"), "spec": spec}),
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": meta("workload-0-set"), "spec": spec}),
        pod(),
    ]
}

/// The same object with another name.
fn copy(original: &Value, namespace: Option<usize>, name: &str) -> Value {
    let mut object = original.clone();
    let metadata = object["metadata"].as_object_mut().unwrap();
    metadata.remove("resourceVersion");
    metadata.insert("name".to_owned(), json!(name));
    let place = namespace.map(|number| format!("app-{number}"));
    // Different for each, and the same wherever it is referred to.
    let uid = uid(original["kind"].as_str().unwrap(), namespace, name);
    metadata.insert("uid".to_owned(), json!(uid));
    if let Some(place) = place {
        metadata.insert("namespace".to_owned(), json!(place));
    }
    object
}

fn uid(kind: &str, namespace: Option<usize>, name: &str) -> String {
    format!("{kind}-{}-{name}", namespace.unwrap_or_default())
}

fn node(originals: &Originals, number: usize) -> Stored {
    let name = format!("node-{number}");
    let mut object = copy(&originals.node, None, &name);
    // Admission marks a new node as not ready.
    object["spec"] = json!({});
    (format!("/registry/minions/{name}"), object)
}

fn namespace(originals: &Originals, number: usize) -> Vec<Stored> {
    let name = format!("app-{number}");
    let object = copy(&originals.namespace, None, &name);
    let mut all = vec![(format!("/registry/namespaces/{name}"), object)];
    for service in 0..SERVICES {
        let app = format!("workload-{}", service % DEPLOYMENTS);
        let service = format!("service-{service}");
        let mut object = copy(&originals.service, Some(number), &service);
        object["spec"]["selector"]["app"] = json!(app);
        all.push((format!("/registry/services/specs/{name}/{service}"), object));
        let mut object = copy(&originals.slice, Some(number), &service);
        object["metadata"]["labels"]["kubernetes.io/service-name"] = json!(service);
        all.push((format!("/registry/endpointslices/{name}/{service}"), object));
    }
    for deployment in 0..DEPLOYMENTS {
        all.extend(workload(originals, number, deployment));
    }
    all
}

fn workload(originals: &Originals, namespace: usize, number: usize) -> Vec<Stored> {
    let place = format!("app-{namespace}");
    let name = format!("workload-{number}");
    let set_name = format!("{name}-{HASH}");
    let owner = |kind: &str, of: &str| json!([{"apiVersion": "apps/v1", "kind": kind, "name": of, "uid": uid(kind, Some(namespace), of), "controller": true, "blockOwnerDeletion": true}]);
    let mut deployment = copy(&originals.deployment, Some(namespace), &name);
    let mut set = copy(&originals.set, Some(namespace), &set_name);
    for object in [&mut deployment, &mut set] {
        object["spec"]["selector"]["matchLabels"]["app"] = json!(name);
        object["spec"]["template"]["metadata"]["labels"]["app"] = json!(name);
    }
    set["metadata"]["ownerReferences"] = owner("Deployment", &name);
    let mut all = vec![
        (format!("/registry/deployments/{place}/{name}"), deployment),
        (format!("/registry/replicasets/{place}/{set_name}"), set),
    ];
    for replica in 0..REPLICAS {
        let pod = format!("{set_name}-{replica:05}");
        let mut object = copy(&originals.pod, Some(namespace), &pod);
        object["metadata"]["labels"]["app"] = json!(name);
        object["metadata"]["ownerReferences"] = owner("ReplicaSet", &set_name);
        object["spec"]["nodeName"] =
            json!(format!("node-{}", (number * REPLICAS + replica) % NODES));
        all.push((format!("/registry/pods/{place}/{pod}"), object));
    }
    all
}

fn application() -> Value {
    let environment: Vec<_> = (0..12)
        .map(|number| json!({"name": format!("SETTING_{number}"), "value": "a value of some length, as settings are"}))
        .collect();
    json!({
        "name": "app", "image": "registry.example/shop/app:1.2.3", "env": environment,
        "ports": [{"containerPort": 8080, "name": "http"}, {"containerPort": 9090, "name": "grpc"}],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}},
    })
}

/// What the injector makes of a pod.
fn pod() -> Value {
    let status = json!({"initContainers": ["istio-init"], "containers": ["istio-proxy"], "revision": "default",
        "volumes": ["workload-socket", "credential-socket", "workload-certs", "istio-envoy", "istio-data", "istio-podinfo", "istio-token", "istiod-ca-cert"]});
    let labels = json!({
        "app": "workload-0", "version": "v1", "pod-template-hash": HASH, "security.istio.io/tlsMode": "istio",
        "service.istio.io/canonical-name": "workload-0", "service.istio.io/canonical-revision": "v1",
    });
    let annotations = json!({"sidecar.istio.io/status": status.to_string(), "istio.io/rev": "default", "prometheus.io/scrape": "true"});
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "pod-0", "namespace": "app-0", "labels": labels, "annotations": annotations},
        "spec": {
            "nodeName": "node-0",
            "initContainers": [proxy("istio-init")],
            "containers": [application(), proxy("istio-proxy")],
            "volumes": [{"name": "istio-envoy", "emptyDir": {"medium": "Memory"}}, {"name": "istio-data", "emptyDir": {}}],
        },
    })
}

fn proxy(name: &str) -> Value {
    let words = [
        "ISTIO_META_CLUSTER_ID",
        "PILOT_CERT_PROVIDER",
        "CA_ADDR",
        "ISTIO_META_APP_CONTAINERS",
        "ISTIO_META_WORKLOAD_NAME",
        "ISTIO_META_OWNER",
        "ISTIO_META_MESH_ID",
        "TRUST_DOMAIN",
        "ISTIO_META_INTERCEPTION_MODE",
    ];
    let mut environment: Vec<_> = words
        .map(|word| json!({"name": word, "value": "kubernetes://apis/apps/v1/namespaces/app/deployments/workload"}))
        .to_vec();
    environment.extend(["POD_NAME", "POD_NAMESPACE"].map(
        |word| json!({"name": word, "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}),
    ));
    json!({
        "name": name, "image": "docker.io/istio/proxyv2:1.31.0", "env": environment,
        "args": ["proxy", "sidecar", "--domain", "$(POD_NAMESPACE).svc.cluster.local", "--proxyLogLevel=warning", "--proxyComponentLogLevel=misc:error", "--log_output_level=default:info"],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": "2", "memory": "1Gi"}},
        "securityContext": {"allowPrivilegeEscalation": false, "privileged": false, "readOnlyRootFilesystem": true, "runAsUser": 1337, "runAsGroup": 1337, "runAsNonRoot": true, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"mountPath": "/etc/istio/proxy", "name": "istio-envoy"}, {"mountPath": "/var/lib/istio/data", "name": "istio-data"}],
    })
}

fn running() -> Value {
    let since = "2026-01-01T00:00:00Z";
    let conditions: Vec<_> = ["Initialized", "Ready", "ContainersReady", "PodScheduled"]
        .map(|word| json!({"type": word, "status": "True", "lastTransitionTime": since}))
        .to_vec();
    let started = |name: &str| {
        json!({
            "name": name, "image": "docker.io/istio/proxyv2:1.31.0", "ready": true, "started": true, "restartCount": 0,
            "imageID": "docker.io/istio/proxyv2@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            "containerID": "containerd://0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            "state": {"running": {"startedAt": since}},
        })
    };
    json!({"phase": "Running", "startTime": since, "conditions": conditions, "containerStatuses": [started("app"), started("istio-proxy")]})
}
