use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::sidecar::injector::Injectors;
use crate::sidecar::view::{Kind, Workload};

fn labels(pairs: &[(&str, &str)]) -> Labels {
    let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    pairs.iter().map(own).collect()
}

/// One webhook by the namespace's label, one by the pod's where the namespace does not decline.
fn injectors() -> Injectors {
    let rules = json!([{"operations": ["CREATE"], "resources": ["pods"]}]);
    let hook = |name: &str, namespace: &Value, pod: &Value| {
        json!({"name": format!("{name}.sidecar-injector.istio.io"), "sideEffects": "None", "admissionReviewVersions": ["v1"],
            "clientConfig": {}, "rules": rules, "namespaceSelector": namespace, "objectSelector": pod})
    };
    let not_off = json!({"matchExpressions": [{"key": "sidecar.istio.io/inject", "operator": "NotIn", "values": ["false"]}]});
    let unsaid =
        json!({"matchExpressions": [{"key": "istio-injection", "operator": "DoesNotExist"}]});
    let configuration = json!({"metadata": {"name": "a"}, "webhooks": [
        hook("namespace", &json!({"matchLabels": {"istio-injection": "enabled"}}), &not_off),
        hook("object", &unsaid, &json!({"matchLabels": {"sidecar.istio.io/inject": "true"}})),
    ]});
    Injectors::of(&[serde_json::from_value(configuration).unwrap()])
}

fn template(pod: &[(&str, &str)], templates: Option<&str>) -> Template {
    let annotations = templates.map(|templates| ("inject.istio.io/templates", templates));
    Template {
        labels: labels(pod),
        annotations: labels(&annotations.into_iter().collect::<Vec<_>>()),
        host_network: false,
    }
}

fn name() -> WorkloadName {
    WorkloadName {
        namespace: "shop".to_owned(),
        kind: Kind::Deployment,
        name: "edge".to_owned(),
    }
}

fn snapshot(place: &[(&str, &str)], template: Template) -> Snapshot {
    Snapshot {
        injectors: injectors(),
        namespaces: BTreeMap::from([("shop".to_owned(), labels(place))]),
        workloads: vec![Workload {
            name: name(),
            template,
        }],
        ..Snapshot::default()
    }
}

/// Annotations and labels of the pods, the first container, and whether it is a gateway and whether the injector makes it.
#[test]
fn what_a_gateway_is() {
    let proxy = |args: Value| json!({"name": "istio-proxy", "args": args});
    let templates = |names: &str| json!({"inject.istio.io/templates": names});
    let api = json!({"gateway.networking.k8s.io/gateway-name": "front"});
    let app = json!({"name": "app", "args": ["router"]});
    let none = json!(null);
    let cases = [
        (&none, &none, &none, [false, false]),
        (&none, &none, &app, [false, false]),
        (&templates("sidecar"), &none, &app, [false, false]),
        (&templates("gateway-like"), &none, &app, [false, false]),
        (
            &templates("gateway"),
            &none,
            &proxy(none.clone()),
            [true, true],
        ),
        (&templates("sidecar, gateway"), &none, &none, [true, true]),
        (
            &none,
            &api,
            &proxy(json!(["proxy", "waypoint"])),
            [true, false],
        ),
        (
            &none,
            &none,
            &proxy(json!(["proxy", "router"])),
            [true, false],
        ),
        (
            &none,
            &none,
            &proxy(json!(["proxy", "sidecar"])),
            [false, false],
        ),
        (
            &none,
            &json!({"istio": "ingressgateway"}),
            &app,
            [false, false],
        ),
    ];
    for (annotations, labels, container, wanted) in cases {
        let metadata = json!({"annotations": annotations, "labels": labels});
        let workload = json!({"spec": {"template": {"metadata": metadata, "spec": {"containers": [container]}}}});
        let found = [is_workload(&workload), is_injected_workload(&workload)];
        assert_eq!(found, wanted, "{workload}");
    }
    assert!(!is_workload(&json!({})));
}

const ON: &[(&str, &str)] = &[("istio-injection", "enabled")];
const OFF: &[(&str, &str)] = &[("istio-injection", "disabled")];
const ASKS: &[(&str, &str)] = &[("sidecar.istio.io/inject", "true")];
const DECLINES: &[(&str, &str)] = &[("sidecar.istio.io/inject", "false")];

/// The namespace before and after, the gateway's pods, and whether it loses its proxy.
#[test]
fn who_loses_its_proxy_with_its_namespace() {
    let cases = [
        (ON, OFF, ASKS, true),
        (ON, OFF, &[][..], true),
        (ON, &[][..], ASKS, false),
        (ON, &[][..], &[][..], true),
        (&[][..], OFF, ASKS, true),
        (OFF, OFF, ASKS, false),
        (OFF, &[][..], &[][..], false),
        (&[][..], ON, ASKS, false),
    ];
    for (before, after, pod, wanted) in cases {
        let after = labels(after);
        let gateway = snapshot(before, template(pod, Some("gateway")));
        let losing = losing(&gateway, "shop", &after);
        assert_eq!(
            losing.contains(&name()),
            wanted,
            "{before:?} {after:?} {pod:?}"
        );
        let sidecar = snapshot(before, template(pod, None));
        assert!(
            super::losing(&sidecar, "shop", &after).is_empty(),
            "no gateway"
        );
    }
}

#[test]
fn who_loses_it_by_its_own_labels() {
    let cases = [
        (ON, ASKS, DECLINES, true),
        (&[][..], ASKS, &[][..], true),
        (ON, ASKS, &[][..], false),
        (OFF, ASKS, DECLINES, false),
    ];
    for (place, pod, after, wanted) in cases {
        let gateway = snapshot(place, template(pod, Some("gateway")));
        let loses = loses_by_itself(&gateway, &name(), &labels(after));
        assert_eq!(loses, wanted, "{place:?} {pod:?} {after:?}");
    }
}

#[test]
fn what_an_image_called_auto_means() {
    let told = |place| {
        let place = labels(place);
        let place = Place {
            name: "shop",
            labels: &place,
        };
        uninjected(&decide(
            &injectors(),
            place,
            &template(ASKS, Some("gateway")),
        ))
        .join("; ")
    };
    let off = told(OFF);
    assert!(
        off.starts_with("not injected, because namespace label istio-injection=disabled keeps every webhook away; its image is still auto"),
        "{off}"
    );
    let on = told(ON);
    assert!(
        on.contains("it would be now: namespace label istio-injection=enabled has a/namespace"),
        "{on}"
    );
    assert!(
        on.ends_with("delete the pod: its controller makes it anew"),
        "{on}"
    );
}
