use super::*;
use crate::mesh::spec::document::parse;
use crate::mesh::spec::mistake::Mistakes;
use crate::mesh::spec::read::described;
use crate::mesh::spec::schema::schema_of;
use proptest::prelude::*;
use serde_json::json;

fn read(text: &str) -> Result<MeshGateway, Mistakes> {
    described(parse(text.as_bytes())?, &[])
}

/// A gateway's file with this in its spec.
fn file(spec: &str) -> String {
    format!("apiVersion: weft.dev/v1\nkind: MeshGateway\nmetadata: {{name: edge}}\nspec: {spec}\n")
}

#[test]
fn every_mistake_is_told_at_once() {
    let text = "apiVersion: weft.dev/v1
kind: MeshGateway
metadata: {name: Edge_1, namespace: edge}
spec:
  type: sideways
  replica: 3
  replicas: 2
  autoscaling: {min: 5, max: 2}
  service:
    type: ClusterIP
    loadBalancerIP: not-one
    ports:
    - {name: http2, port: 80, nodePort: 30080}
    - {name: http2, port: 80, targetPort: 15020}
  resources: {requests: {cpu: '2'}, limits: {cpu: '1'}}
  labels: {helm.sh/chart: x, istio.io/rev: y, app.kubernetes.io/name: z}
  spread: required
  affinity: {podAntiAffinity: {}}
";
    let Mistakes(mistakes) = read(text).unwrap_err();
    let mut places: Vec<_> = mistakes
        .iter()
        .map(|mistake| mistake.pointer.as_str())
        .collect();
    places.sort_unstable();
    assert_eq!(
        places,
        [
            "/metadata/name",
            "/spec/affinity/podAntiAffinity",
            "/spec/autoscaling/max",
            "/spec/labels/app.kubernetes.io~1name",
            "/spec/labels/helm.sh~1chart",
            "/spec/labels/istio.io~1rev",
            "/spec/replica",
            "/spec/replicas",
            "/spec/resources/requests/cpu",
            "/spec/service/loadBalancerIP",
            "/spec/service/loadBalancerIP",
            "/spec/service/ports/0/nodePort",
            "/spec/service/ports/1/name",
            "/spec/service/ports/1/port",
            "/spec/service/ports/1/targetPort",
            "/spec/type",
        ]
    );
}

/// The chart writes the name without quotes, so that such a name would make objects without a name.
#[test]
fn a_name_that_yaml_reads_as_no_text_is_refused() {
    for name in ["y", "n", "on", "yes", "null"] {
        let text = format!(
            "{{apiVersion: weft.dev/v1, kind: MeshGateway, metadata: {{name: \"{name}\"}}}}"
        );
        let Mistakes(mistakes) = read(&text).unwrap_err();
        assert_eq!(mistakes[0].pointer, "/metadata/name", "{mistakes:?}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table, row by row")]
fn one_mistake_each() {
    let cases = [
        ("{replicas: 0}", "/spec/replicas", "1 or more"),
        (
            "{replicas: 1, autoscaling: {min: 1, max: 2}}",
            "/spec/replicas",
            "leave one of the two out",
        ),
        (
            "{autoscaling: {min: 1, max: 2, cpu: 101}}",
            "/spec/autoscaling/cpu",
            "100 or less",
        ),
        (
            "{service: {type: ExternalName}}",
            "/spec/service/type",
            "one of ClusterIP, NodePort, LoadBalancer",
        ),
        (
            "{service: {ports: [{name: a, port: 0}]}}",
            "/spec/service/ports/0/port",
            "1 or more",
        ),
        (
            "{service: {ports: [{name: a, port: 15021}, {name: b, port: 15021}]}}",
            "/spec/service/ports/1/port",
            "stands at /spec/service/ports/0",
        ),
        (
            "{service: {externalIPs: [here]}}",
            "/spec/service/externalIPs/0",
            "no IP address",
        ),
        (
            "{type: egress, service: {ports: [{name: a, port: 1, nodePort: 2}]}}",
            "/spec/service/ports/0/nodePort",
            "type ClusterIP",
        ),
        ("{labels: {a: b c}}", "/spec/labels/a", "63 letters"),
        ("{labels: {'a b': c}}", "/spec/labels/a b", "key"),
        ("{labels: {a: true}}", "/spec/labels/a", "quotes"),
        (
            "{labels: {weft.dev/mesh: a}}",
            "/spec/labels/weft.dev~1mesh",
            "weft writes it",
        ),
        ("{revision: A}", "/spec/revision", "a-z"),
        (
            "{affinity: {nodes: {}}}",
            "/spec/affinity/nodes",
            "no such field",
        ),
    ];
    for (spec, place, words) in cases {
        let Mistakes(mistakes) = read(&file(spec)).expect_err(spec);
        assert_eq!(mistakes.len(), 1, "{spec}: {mistakes:?}");
        assert!(
            mistakes
                .iter()
                .all(|one| one.pointer == place && one.text.contains(words)),
            "{spec}: {mistakes:?}"
        );
    }
}

#[test]
fn the_type_of_a_service_has_a_default_for_each_direction() {
    for (spec, wanted) in [
        ("{}", ServiceType::LoadBalancer),
        ("{type: egress}", ServiceType::ClusterIp),
        (
            "{type: egress, service: {type: NodePort}}",
            ServiceType::NodePort,
        ),
    ] {
        assert_eq!(read(&file(spec)).unwrap().service_type(), wanted, "{spec}");
    }
}

/// Types and schema must agree: whatever the one has, the other takes.
#[test]
fn the_schema_knows_every_field() {
    let schema = schema_of::<MeshGateway>();
    let fields = schema["properties"]["spec"]["properties"]
        .as_object()
        .unwrap();
    assert_eq!(fields.len(), 11, "{fields:?}");
    assert_eq!(
        schema["properties"]["kind"]["const"]
            .as_str()
            .or(schema["properties"]["kind"]["enum"][0].as_str()),
        Some("MeshGateway")
    );
}

fn labels() -> impl Strategy<Value = BTreeMap<String, String>> {
    proptest::collection::btree_map(
        "[a-z]{1,5}(\\.[a-z]{1,3}/[a-z]{1,4})?",
        "[a-zA-Z0-9]{0,6}|true|1e3",
        0..3,
    )
}

fn service() -> impl Strategy<Value = Service> {
    let kind = prop_oneof![
        Just(None),
        Just(Some(ServiceType::NodePort)),
        Just(Some(ServiceType::LoadBalancer))
    ];
    let port = (any::<Option<u16>>(), any::<Option<u16>>(), any::<bool>());
    let ports = proptest::collection::vec(port, 0..3);
    let addresses = proptest::collection::vec(
        any::<std::net::IpAddr>().prop_map(|ip| ip.to_string()),
        0..3,
    );
    (kind, ports, labels(), addresses).prop_map(|(kind, ports, annotations, external_ips)| {
        Service {
            kind,
            ports: (1..)
                .zip(ports)
                .map(|(number, (target, node, udp))| Port {
                    name: format!("p{number}"),
                    port: number,
                    target_port: target.filter(|port| !(15000..15100).contains(port) && *port > 0),
                    node_port: node
                        .filter(|node| *node > 10)
                        .filter(|_| number == 1 && kind.is_some()),
                    protocol: if udp { Protocol::Udp } else { Protocol::Tcp },
                })
                .collect(),
            annotations,
            load_balancer_ip: (kind == Some(ServiceType::LoadBalancer))
                .then(|| "192.0.2.1".to_owned()),
            external_ips,
        }
    })
}

#[expect(clippy::too_many_lines, reason = "a table, row by row")]
fn gateway() -> impl Strategy<Value = MeshGateway> {
    let direction = prop_oneof![Just(Direction::Ingress), Just(Direction::Egress)];
    let instances = prop_oneof![
        (1..=1000_u32).prop_map(|number| (Some(number), None)),
        (1..10_u32, 0..10_u32, proptest::option::of(1..=100_u32)).prop_map(|(min, more, cpu)| {
            (
                None,
                Some(Autoscaling {
                    min,
                    max: min + more,
                    cpu,
                }),
            )
        }),
        Just((None, None)),
    ];
    let spread = prop_oneof![
        Just(None),
        Just(Some(Spread::Preferred)),
        Just(Some(Spread::Required))
    ];
    let place = proptest::option::of("[a-z]{1,8}");
    (
        direction,
        instances,
        service(),
        labels(),
        spread,
        place,
        labels(),
    )
        .prop_map(
            |(
                direction,
                (replicas, autoscaling),
                service,
                labels,
                spread,
                namespace,
                node_selector,
            )| MeshGateway {
                api_version: ApiVersion::V1,
                kind: Kind::MeshGateway,
                metadata: Metadata {
                    name: "edge".to_owned(),
                    namespace,
                },
                spec: Spec {
                    direction,
                    replicas,
                    autoscaling,
                    service,
                    labels,
                    spread,
                    node_selector,
                    affinity: Some(Affinity {
                        node_affinity: json!({"x": [1, {"y": "no"}]}).as_object().cloned(),
                        ..Affinity::default()
                    }),
                    tolerations: vec![json!({"operator": "Exists"}).as_object().cloned().unwrap()],
                    ..Spec::default()
                },
            },
        )
}

proptest! {
    /// What the record keeps is what was asked for: an update that reads it loses nothing.
    #[test]
    fn what_is_written_is_read(gateway in gateway()) {
        let text = gateway.to_yaml().unwrap();
        prop_assert_eq!(read(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?, gateway);
    }
}
