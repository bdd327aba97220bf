use super::*;
use crate::gateway::selector::labels;
use crate::mesh::spec::document::parse;
use crate::mesh::spec::read::described;
use serde_json::json;

fn gateway(spec: &str) -> MeshGateway {
    let text = format!(
        "apiVersion: weft.dev/v1\nkind: MeshGateway\nmetadata: {{name: edge}}\nspec: {spec}\n"
    );
    described(parse(text.as_bytes()).unwrap(), &[]).unwrap()
}

fn told(findings: &[Finding]) -> Vec<(&str, Grade)> {
    findings
        .iter()
        .map(|one| (one.check.as_str(), one.grade))
        .collect()
}

#[test]
fn names_of_others() {
    let live = |kind: &str, labels: Value| {
        let object = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "edge", "namespace": "a", "labels": labels}});
        (ObjectId::of(&object).unwrap(), object)
    };
    let ours = json!({PART_OF: "applyset-x"});
    let cases = [
        (vec![], "UNIQUE_NAMES", Grade::Pass),
        (
            vec![live("Deployment", ours.clone())],
            "UNIQUE_NAMES",
            Grade::Pass,
        ),
        (
            vec![live("Deployment", json!({}))],
            "UNIQUE_DEPLOYMENT",
            Grade::Fail,
        ),
        (
            vec![live("Service", json!({PART_OF: "applyset-y"}))],
            "UNIQUE_SERVICE",
            Grade::Fail,
        ),
        (
            vec![live("Service", ours), live("ServiceAccount", json!({}))],
            "UNIQUE_SERVICE_ACCOUNT",
            Grade::Fail,
        ),
    ];
    for (live, check, grade) in cases {
        assert_eq!(told(&names(&live, "applyset-x")), [(check, grade)]);
    }
    let helm = [live(
        "Deployment",
        json!({"app.kubernetes.io/managed-by": "Helm"}),
    )];
    let findings = names(&helm, "applyset-x");
    assert!(
        findings
            .iter()
            .all(|one| one.text.contains("Deployment a/edge") && one.text.contains("(Helm)"))
    );
}

#[test]
fn other_gateways_with_the_same_labels() {
    let other = |kind: &str, namespace: &str, name: &str, istio: &str| Other {
        kind: kind.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        labels: labels(Some(&json!({"app": "edge", "istio": istio, "x": "y"}))),
    };
    let object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "edge", "namespace": "a"}});
    let id = ObjectId::of(&object).unwrap();
    let selector = labels(Some(&json!({"app": "edge", "istio": "edge"})));
    for (other, grade) in [
        (other("Deployment", "a", "edge", "edge"), Grade::Pass),
        (other("Deployment", "a", "copy", "edge"), Grade::Fail),
        (other("Rollout", "a", "edge", "edge"), Grade::Fail),
        (other("Deployment", "b", "edge", "edge"), Grade::Warn),
        (other("Deployment", "a", "copy", "other"), Grade::Pass),
    ] {
        let found = pods(&id, &selector, std::slice::from_ref(&other));
        assert_eq!(told(&found), [("UNIQUE_LABELS", grade)], "{other:?}");
    }
}

#[test]
fn ports_and_addresses_of_others() {
    let other = json!({"metadata": {"namespace": "b", "name": "web"},
        "spec": {"type": "LoadBalancer", "externalIPs": ["192.0.2.9"], "ports": [{"port": 80, "nodePort": 30080, "protocol": "TCP"}]},
        "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}});
    let port = |more: &str| {
        format!("{{service: {{type: NodePort, ports: [{{name: a, port: 80{more}}}]}}}}")
    };
    for (spec, grade) in [
        (port(""), Grade::Pass),
        (port(", nodePort: 30080"), Grade::Fail),
        (port(", nodePort: 30080, protocol: UDP"), Grade::Pass),
        (port(", nodePort: 30081"), Grade::Pass),
        (
            "{service: {externalIPs: [192.0.2.9]}}".to_owned(),
            Grade::Fail,
        ),
        (
            "{service: {externalIPs: [192.0.2.9], ports: [{name: a, port: 81}]}}".to_owned(),
            Grade::Pass,
        ),
        (
            "{service: {loadBalancerIP: 192.0.2.1}}".to_owned(),
            Grade::Fail,
        ),
        (
            "{service: {loadBalancerIP: 192.0.2.2}}".to_owned(),
            Grade::Pass,
        ),
    ] {
        let found = ports(&gateway(&spec), "a", std::slice::from_ref(&other));
        assert_eq!(told(&found), [("PORTS", grade)], "{spec}");
    }
    let mut own = other;
    own["metadata"] = json!({"namespace": "a", "name": "edge"});
    let same = port(", nodePort: 30080");
    assert_eq!(
        told(&ports(&gateway(&same), "a", &[own])),
        [("PORTS", Grade::Pass)]
    );
}

#[test]
fn who_gives_addresses() {
    let service = |ingress: Value| json!({"metadata": {"namespace": "b", "name": "web"}, "spec": {"type": "LoadBalancer"}, "status": {"loadBalancer": {"ingress": ingress}}});
    let cases = [
        ("{}", vec![], Some(Grade::Warn)),
        ("{}", vec![service(json!([]))], Some(Grade::Warn)),
        (
            "{}",
            vec![service(json!([])), service(json!([{"ip": "192.0.2.1"}]))],
            Some(Grade::Pass),
        ),
        ("{service: {type: NodePort}}", vec![], None),
    ];
    for (spec, services, wanted) in cases {
        let found = load_balancer(&gateway(spec), &services);
        assert_eq!(found.map(|one| one.grade), wanted, "{spec} {services:?}");
    }
}

#[test]
fn autoscaling_needs_a_metrics_api() {
    let id = |kind: &str| {
        let object = json!({"apiVersion": "autoscaling/v2", "kind": kind, "metadata": {"name": "edge", "namespace": "front"}});
        ObjectId::of(&object).unwrap()
    };
    let (scaler, other) = (id("HorizontalPodAutoscaler"), id("Other"));
    let words =
        "METRICS: HorizontalPodAutoscaler front/edge: no metrics API (metrics.k8s.io) is served";
    for (id, served, grade) in [
        (&other, false, None),
        (&scaler, true, Some(Grade::Pass)),
        (&scaler, false, Some(Grade::Warn)),
    ] {
        let found = scaling([id], served);
        assert_eq!(found.as_ref().map(|found| found.grade), grade);
        let told = found.filter(|found| found.grade == Grade::Warn);
        assert!(told.is_none_or(|told| told.to_string().starts_with(words)));
    }
}
