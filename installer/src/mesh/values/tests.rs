use super::*;
use crate::mesh::spec::document::parse;
use crate::mesh::spec::read::read;
use serde_json::json;

/// A mesh with these fields in `spec`.
fn mesh(spec: &str) -> Mesh {
    let spec = spec.replace('\n', "\n  ");
    let text = format!(
        "apiVersion: weft.dev/v1\nkind: Mesh\nmetadata: {{name: shop}}\nspec:\n  version: '1.31.0'\n  {spec}"
    );
    read(parse(text.as_bytes()).unwrap(), &[]).unwrap()
}

/// What a field adds to the values of a mesh that says nothing.
fn added(spec: &str, component: Component) -> Value {
    let mut found = values(&mesh(spec), component);
    take(&mut found, &values(&mesh(""), component));
    found
}

/// Takes out what is in both.
fn take(found: &mut Value, plain: &Value) {
    let (Value::Object(fields), Value::Object(plain)) = (found, plain) else {
        return;
    };
    for (name, plain) in plain {
        if let Some(inner) = fields.get_mut(name) {
            take(inner, plain);
            if inner == plain || *inner == json!({}) {
                fields.remove(name);
            }
        }
    }
}

fn adds(component: Component, cases: impl IntoIterator<Item = (&'static str, Value)>) {
    for (spec, wanted) in cases {
        assert_eq!(added(spec, component), wanted, "{component:?}: {spec}");
    }
}

#[test]
fn a_mesh_that_says_nothing() {
    let wanted = json!({
        "base": {"global": {"istioNamespace": "istio-system"}},
        "istiod": {"global": {"istioNamespace": "istio-system", "meshID": "shop"}},
        "cni": {},
        "ztunnel": {"istioNamespace": "istio-system"},
        "gateway": {}
    });
    for component in Component::ALL {
        assert_eq!(
            values(&mesh(""), component),
            wanted[component.name()],
            "{component:?}"
        );
    }
}

fn proxy(value: &Value) -> Value {
    json!({"global": {"proxy": value}})
}

fn config(value: &Value) -> Value {
    json!({"meshConfig": value})
}

fn proxies(value: &Value) -> Value {
    config(&json!({"defaultConfig": value}))
}

#[test]
fn istiod_and_its_surroundings() {
    adds(
        Component::Istiod,
        [
            (
                "rootNamespace: mesh1",
                json!({"global": {"istioNamespace": "mesh1"}}),
            ),
            (
                "revision: blue\ntags: [stable]",
                json!({"revision": "blue", "revisionTags": ["stable"]}),
            ),
            (
                "clusters: [{name: east, network: net1}]",
                json!({"global": {"multiCluster": {"clusterName": "east"}, "network": "net1"}}),
            ),
            (
                "images: {hub: r.example/i, tag: '1', pullPolicy: Always, pullSecrets: [a]}",
                json!({"global": {"hub": "r.example/i", "tag": "1", "imagePullPolicy": "Always", "imagePullSecrets": ["a"]}}),
            ),
            (
                "openshift: true",
                json!({"global": {"platform": "openshift"}, "cni": {"enabled": true}}),
            ),
            (
                "ambient: true",
                json!({"profile": "ambient", "cni": {"enabled": true}}),
            ),
            ("cni: true", json!({"cni": {"enabled": true}})),
            (
                "globalInjection: true",
                json!({"sidecarInjectorWebhook": {"enableNamespacesByDefault": true}}),
            ),
        ],
    );
}

#[test]
fn istiod_size_and_proxies() {
    adds(
        Component::Istiod,
        [
            (
                "scale: S200P1000",
                json!({"resources": {"requests": {"cpu": "400m", "memory": "500Mi"}, "limits": {"cpu": "2000m", "memory": "2000Mi"}}}),
            ),
            (
                "sizes: {istiod: {resources: {requests: {cpu: '1'}}, replicas: {min: 1, max: 3}}}",
                json!({"resources": {"requests": {"cpu": "1"}}, "autoscaleEnabled": true, "autoscaleMin": 1, "autoscaleMax": 3}),
            ),
            (
                "sizes: {istiod: {replicas: {min: 3, max: 3}}}",
                json!({"autoscaleEnabled": false, "replicaCount": 3}),
            ),
            (
                "sidecar: {logLevel: debug}",
                proxy(&json!({"logLevel": "debug"})),
            ),
            (
                "sidecar: {resources: {requests: {memory: 64Mi}, limits: {cpu: '1'}}}",
                proxy(
                    &json!({"resources": {"requests": {"memory": "64Mi"}, "limits": {"cpu": "1"}}}),
                ),
            ),
            (
                "sidecar: {resources: {unlimited: true}}",
                proxy(&json!({"resources": {"limits": null}})),
            ),
            ("sidecar: {discovery: namespace}", json!({})),
            (
                "sidecar: {lifecycle: {holdApplicationUntilProxyStarts: true, terminationDrainDuration: 1m}}",
                proxies(
                    &json!({"holdApplicationUntilProxyStarts": true, "terminationDrainDuration": "60s"}),
                ),
            ),
            (
                "sidecar: {lifecycle: {exitOnZeroActiveConnections: true}}",
                proxies(&json!({"proxyMetadata": {"EXIT_ON_ZERO_ACTIVE_CONNECTIONS": "true"}})),
            ),
        ],
    );
}

#[test]
fn istiod_traffic() {
    adds(
        Component::Istiod,
        [
            (
                "traffic: {outbound: REGISTRY_ONLY}",
                config(&json!({"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}})),
            ),
            (
                "traffic: {locality: {distribute: [{from: a, to: {b: 100}}]}}",
                config(
                    &json!({"localityLbSetting": {"enabled": true, "distribute": [{"from": "a", "to": {"b": 100}}]}}),
                ),
            ),
            (
                "traffic: {locality: {failover: [{from: a, to: b}]}}",
                config(
                    &json!({"localityLbSetting": {"enabled": true, "failover": [{"from": "a", "to": "b"}]}}),
                ),
            ),
            (
                "traffic: {locality: {enabled: false}}",
                config(&json!({"localityLbSetting": {"enabled": false}})),
            ),
            (
                "traffic: {retries: {attempts: 3, retryOn: [5xx, retriable-4xx], perTryTimeout: 500ms, retryRemoteLocalities: true}}",
                config(
                    &json!({"defaultHttpRetryPolicy": {"attempts": 3, "retryOn": "5xx,retriable-4xx", "perTryTimeout": "0.500s", "retryRemoteLocalities": true}}),
                ),
            ),
        ],
    );
}

#[test]
fn istiod_traces_and_raw_values() {
    adds(
        Component::Istiod,
        [
            (
                "tracing: {sampling: 5}",
                config(
                    &json!({"enableTracing": true, "defaultConfig": {"tracing": {"sampling": 5.0}}}),
                ),
            ),
            (
                "tracing: {enabled: false}",
                config(&json!({"enableTracing": false})),
            ),
            (
                "tracing: {collector: {service: o.example, port: 4317}}",
                config(
                    &json!({"enableTracing": true, "extensionProviders": [{"name": "weft-tracing", "opentelemetry": {"service": "o.example", "port": 4317}}], "defaultProviders": {"tracing": ["weft-tracing"], "metrics": ["prometheus"]}}),
                ),
            ),
            (
                "values: {istiod: {env: {A: '1'}, pilot: {env: {B: '2'}}}}",
                json!({"env": {"A": "1", "B": "2"}}),
            ),
        ],
    );
}

#[test]
fn high_availability() {
    let istiod = added("highAvailability: true\nrevision: blue", Component::Istiod);
    let labels = "/topologySpreadConstraints/0/labelSelector/matchLabels";
    assert_eq!(
        istiod.pointer(labels),
        Some(&json!({"app": "istiod", "istio.io/rev": "blue"}))
    );
    assert_eq!(
        (&istiod["autoscaleEnabled"], &istiod["autoscaleMin"]),
        (&json!(true), &json!(2))
    );
    let gateway = added("highAvailability: true", Component::Gateway);
    let wanted = json!({"autoscaling": {"enabled": true, "minReplicas": 2}, "podDisruptionBudget": {"minAvailable": 1}});
    assert_eq!(gateway, wanted);
    let fixed = added(
        "highAvailability: true\nsizes: {istiod: {replicas: {min: 3, max: 3}}}",
        Component::Istiod,
    );
    assert_eq!(
        (
            &fixed["autoscaleEnabled"],
            &fixed["replicaCount"],
            &fixed["autoscaleMin"]
        ),
        (&json!(false), &json!(3), &Value::Null)
    );
}

#[test]
fn the_other_charts() {
    use Component::{Base, Cni, Gateway, Ztunnel};
    let images = "images: {hub: r.example/i, tag: '1', pullPolicy: Always, pullSecrets: [a]}";
    let global = json!({"global": {"hub": "r.example/i", "tag": "1", "imagePullPolicy": "Always", "imagePullSecrets": ["a"]}});
    let cases = [
        (Base, "revision: blue", json!({"defaultRevision": "blue"})),
        (Base, images, json!({"global": {"imagePullSecrets": ["a"]}})),
        (Cni, images, global),
        (
            Cni,
            "ambient: true\nrevision: blue",
            json!({"profile": "ambient", "revision": "blue"}),
        ),
        (
            Cni,
            "openshift: true\nvalues: {cni: {cni: {cniBinDir: /x}}}",
            json!({"global": {"platform": "openshift"}, "cniBinDir": "/x"}),
        ),
        (
            Ztunnel,
            images,
            json!({"hub": "r.example/i", "tag": "1", "imagePullPolicy": "Always", "imagePullSecrets": ["a"]}),
        ),
        (
            Ztunnel,
            "clusters: [{name: east, network: net1}]\nrevision: blue",
            json!({"multiCluster": {"clusterName": "east"}, "network": "net1", "revision": "blue"}),
        ),
        (
            Gateway,
            images,
            json!({"imagePullPolicy": "Always", "imagePullSecrets": [{"name": "a"}]}),
        ),
        (
            Gateway,
            "scale: S50P200",
            json!({"resources": {"requests": {"cpu": "50m", "memory": "50Mi"}, "limits": {"cpu": "1000m", "memory": "900Mi"}}}),
        ),
        (
            Gateway,
            "sizes: {gateway: {resources: {unlimited: true}, replicas: {min: 2, max: 4}}}",
            json!({"resources": {"limits": null}, "autoscaling": {"enabled": true, "minReplicas": 2, "maxReplicas": 4}}),
        ),
        (
            Gateway,
            "revision: blue\nopenshift: true",
            json!({"revision": "blue", "global": {"platform": "openshift"}}),
        ),
        (
            Gateway,
            "values: {gateway: {service: {type: ClusterIP}}}",
            json!({"service": {"type": "ClusterIP"}}),
        ),
    ];
    for (component, spec, wanted) in cases {
        adds(component, [(spec, wanted)]);
    }
}

#[test]
fn raw_values_lie_on_top_of_what_weft_chose() {
    let spec = "scale: S50P200\nhighAvailability: true\nvalues: {istiod: {autoscaleMin: 4, pilot: {resources: {limits: {cpu: '9'}}}}}";
    let found = values(&mesh(spec), Component::Istiod);
    assert_eq!(
        found.pointer("/resources/limits"),
        Some(&json!({"cpu": "9", "memory": "1500Mi"}))
    );
    assert_eq!(found.get("autoscaleMin"), Some(&json!(4)));
}

#[test]
fn raw_values_that_contradict_a_field() {
    let cases = [
        (
            "revision: a",
            json!({"istiod": {"revision": "b"}}),
            Some("/spec/values/istiod/revision"),
        ),
        ("revision: a", json!({"istiod": {"revision": "a"}}), None),
        (
            "",
            json!({"istiod": {"global": {"istioNamespace": "x"}}}),
            Some("/spec/values/istiod/global/istioNamespace"),
        ),
        (
            "sidecar: {logLevel: info}",
            json!({"istiod": {"global": "x"}}),
            Some("/spec/values/istiod/global"),
        ),
        (
            "sizes: {istiod: {resources: {requests: {cpu: '1'}}}}",
            json!({"istiod": {"pilot": {"resources": {"requests": {"cpu": "2"}}}}}),
            Some("/spec/values/istiod/resources/requests/cpu"),
        ),
        (
            "ambient: true",
            json!({"istiod": {"profile": "demo"}}),
            None,
        ),
        ("", json!({"gateway": {"revision": "b"}}), None),
    ];
    for (spec, raw, wanted) in cases {
        let mut mesh = mesh(spec);
        mesh.spec.values = serde_json::from_value(raw.clone()).unwrap();
        let found: Vec<_> = clashes(&mesh)
            .into_iter()
            .map(|mistake| mistake.pointer)
            .collect();
        let found: Vec<_> = found.iter().map(String::as_str).collect();
        // The namespace is firm as well, so a `global` that is a text contradicts more than one field.
        assert_eq!(found.first().copied(), wanted, "{spec} {raw}");
    }
}
