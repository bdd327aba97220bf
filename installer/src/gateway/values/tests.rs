use super::*;
use crate::mesh::spec::document::parse;
use crate::mesh::spec::read::{described, read};

fn gateway(spec: &str) -> MeshGateway {
    let text = format!(
        "apiVersion: weft.dev/v1\nkind: MeshGateway\nmetadata: {{name: edge}}\nspec: {spec}\n"
    );
    described(parse(text.as_bytes()).unwrap(), &[]).unwrap()
}

fn mesh(spec: &str) -> Mesh {
    let text =
        format!("apiVersion: weft.dev/v1\nkind: Mesh\nmetadata: {{name: shop}}\nspec: {spec}\n");
    read(parse(text.as_bytes()).unwrap(), &[]).unwrap()
}

/// What of the values is at each of these paths.
#[test]
#[expect(clippy::too_many_lines, reason = "a table, row by row")]
fn what_a_gateway_means() {
    let external = "{mode: external}";
    let large = "{version: 1.31.0, revision: blue, scale: S50P200, sizes: {gateway: {replicas: {min: 2, max: 4}}}, values: {gateway: {labels: {team: a}}}}";
    let large = large.replace("scale: S50P200, ", "");
    let cases = [
        (external, "{}", "/service", json!({"type": "LoadBalancer"})),
        (
            external,
            "{type: egress}",
            "/service/type",
            json!("ClusterIP"),
        ),
        (
            external,
            "{replicas: 3}",
            "/autoscaling",
            json!({"enabled": false}),
        ),
        (external, "{replicas: 3}", "/replicaCount", json!(3)),
        (
            external,
            "{autoscaling: {min: 2, max: 5, cpu: 70}}",
            "/autoscaling",
            json!({"enabled": true, "minReplicas": 2, "maxReplicas": 5, "targetCPUUtilizationPercentage": 70}),
        ),
        (
            external,
            "{service: {type: NodePort, ports: [{name: http2, port: 80, targetPort: 8080, nodePort: 30080}, {name: dns, port: 53, protocol: UDP}]}}",
            "/service/ports",
            json!([{"name": "http2", "port": 80, "targetPort": 8080, "nodePort": 30080, "protocol": "TCP"},
                {"name": "dns", "port": 53, "targetPort": 53, "protocol": "UDP"}]),
        ),
        (
            external,
            "{service: {annotations: {a.b/c: d}, loadBalancerIP: 192.0.2.1, externalIPs: [192.0.2.2]}}",
            "/service",
            json!({"type": "LoadBalancer", "annotations": {"a.b/c": "d"}, "loadBalancerIP": "192.0.2.1", "externalIPs": ["192.0.2.2"]}),
        ),
        (
            external,
            "{resources: {requests: {cpu: 200m}, unlimited: true}}",
            "/resources",
            json!({"requests": {"cpu": "200m"}, "limits": null}),
        ),
        (
            external,
            "{spread: required, labels: {app: front}}",
            "/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/0/labelSelector",
            json!({"matchLabels": {"app": "front"}}),
        ),
        (
            external,
            "{nodeSelector: {edge: \"true\"}}",
            "/nodeSelector",
            json!({"edge": "true"}),
        ),
        (
            &large,
            "{}",
            "/autoscaling",
            json!({"enabled": true, "minReplicas": 2, "maxReplicas": 4}),
        ),
        (
            &large,
            "{replicas: 1}",
            "/autoscaling/enabled",
            json!(false),
        ),
        (external, "{}", "/imagePullPolicy", json!("IfNotPresent")),
        (
            "{version: 1.31.0, images: {pullPolicy: Always}}",
            "{}",
            "/imagePullPolicy",
            json!("Always"),
        ),
        (&large, "{}", "/revision", json!("blue")),
        (&large, "{revision: green}", "/revision", json!("green")),
        (
            &large,
            "{labels: {istio: ingressgateway}}",
            "/labels",
            json!({"team": "a", "istio": "ingressgateway"}),
        ),
    ];
    for (of, spec, place, wanted) in cases {
        let values = values(&mesh(of), &gateway(spec));
        assert_eq!(
            values.pointer(place),
            Some(&wanted),
            "{of} {spec} {place}: {values:#}"
        );
    }
}
