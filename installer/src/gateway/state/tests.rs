use super::*;
use serde_json::json;

#[test]
fn how_a_gateway_is() {
    let cases = [
        (
            Some(Phase::Creating),
            Health::Coming,
            false,
            State::Creating,
        ),
        (Some(Phase::Creating), Health::Gone, false, State::Creating),
        (Some(Phase::Creating), Health::Failed, false, State::Error),
        (Some(Phase::Creating), Health::Ready, false, State::Running),
        (Some(Phase::Updating), Health::Coming, true, State::Updating),
        (Some(Phase::Updating), Health::Failed, true, State::Error),
        (Some(Phase::Running), Health::Ready, false, State::Running),
        (Some(Phase::Running), Health::Coming, false, State::Error),
        (Some(Phase::Running), Health::Coming, true, State::Updating),
        (Some(Phase::Running), Health::Gone, false, State::Error),
        (Some(Phase::Deleting), Health::Ready, false, State::Deleting),
        (None, Health::Coming, true, State::Updating),
        (None, Health::Coming, false, State::Error),
        (None, Health::Ready, false, State::Running),
        (Some(Phase::Running), Health::Idle, false, State::Stopped),
        (Some(Phase::Creating), Health::Idle, false, State::Stopped),
        (Some(Phase::Deleting), Health::Idle, false, State::Deleting),
        (None, Health::Idle, false, State::Stopped),
    ];
    for (phase, health, rolls, wanted) in cases {
        assert_eq!(
            state(phase, health, rolls),
            wanted,
            "{phase:?} {health:?} {rolls}"
        );
    }
}

#[test]
fn which_way_traffic_goes() {
    let cases = [
        (json!({}), "edge", "ingress"),
        (json!({"istio": "egressgateway"}), "out", "egress"),
        (json!({}), "my-egress", "egress"),
        (
            json!({"gateway.istio.io/managed": "istio.io-mesh-controller"}),
            "way",
            "waypoint",
        ),
        (
            json!({"gateway.istio.io/managed": "istio.io-gateway-controller"}),
            "front",
            "ingress",
        ),
    ];
    for (labels, name, wanted) in cases {
        let workload = json!({"metadata": {"name": name, "labels": labels}});
        assert_eq!(direction(&workload), wanted, "{workload}");
    }
}

#[test]
fn where_it_is_reached() {
    let service = json!({"spec": {"type": "LoadBalancer", "clusterIP": "10.0.0.1", "ports": [
        {"name": "http2", "port": 80, "targetPort": 8080, "nodePort": 30080}, {"name": "https", "port": 443, "targetPort": 443}, {"port": 1, "targetPort": "named"}]}});
    assert_eq!(
        ports(&service),
        ["http2:80:8080:30080", "https:443", "-:1:named"]
    );
    assert_eq!(addresses(&service), ["<pending>"]);
    let mut given = service.clone();
    given["status"] =
        json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}, {"hostname": "a.example"}]}});
    assert_eq!(addresses(&given), ["192.0.2.1", "a.example"]);
    let mut inner = service;
    inner["spec"]["type"] = json!("ClusterIP");
    assert_eq!(addresses(&inner), ["10.0.0.1"]);
    inner["spec"]["clusterIP"] = json!("None");
    assert_eq!(addresses(&inner), Vec::<String>::new());
}

#[test]
fn versions_of_the_proxies() {
    let pod =
        |at: &str, image: &str| json!({"spec": {at: [{"name": "istio-proxy", "image": image}]}});
    let pods = [
        pod("containers", "r.example:5000/proxyv2:1.31.0"),
        pod("containers", "proxyv2:1.30.1@sha256:aa"),
        pod("initContainers", "proxyv2:1.31.0"),
        json!({"spec": {"containers": [{"name": "app", "image": "app:1"}]}}),
    ];
    assert_eq!(versions(&pods), ["1.30.1", "1.31.0"]);
}
