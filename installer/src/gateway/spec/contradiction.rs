//! What no schema can say about a gateway: fields that exclude each other, and texts that are no addresses.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{MeshGateway, Port, ServiceType, Spec};
use crate::mesh::spec::contradiction::sizes;
use crate::mesh::spec::mistake::{Mistake, escaped};

/// Ports that a proxy uses for itself.
const PROXY: [u16; 8] = [15000, 15001, 15004, 15006, 15008, 15020, 15053, 15090];
/// Labels that the chart, Istio or weft gives values of their own.
const RESERVED: [(&str, &str); 4] = [
    ("istio.io/rev", "use revision"),
    ("sidecar.istio.io/inject", "a gateway is always injected"),
    ("helm.sh/chart", "the chart writes it"),
    ("weft.dev/", "weft writes it"),
];

/// Names that YAML 1.1 reads as something else than text. Istio's chart writes a gateway's name without quotes.
const NO_TEXT: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];

/// All of them.
pub(super) fn all(gateway: &MeshGateway) -> Vec<Mistake> {
    let spec = &gateway.spec;
    let mut found = name(&gateway.metadata.name);
    found.extend(size(spec));
    found.extend(ports(&spec.service.ports));
    found.extend(reach(gateway));
    found.extend(labels(spec));
    if let (Some(_), Some(affinity)) = (spec.spread, &spec.affinity)
        && affinity.pod_anti_affinity.is_some()
    {
        let text = "contradicts spread, which sets it: leave one of the two out";
        found.push(Mistake::at("/spec/affinity/podAntiAffinity", text));
    }
    found
}

fn name(name: &str) -> Vec<Mistake> {
    let taken = NO_TEXT.contains(&name);
    let text = format!(
        "is {name:?}, which YAML reads as no text where Istio's chart writes it: choose another name, such as {name}-gateway"
    );
    taken
        .then(|| Mistake::at("/metadata/name", text))
        .into_iter()
        .collect()
}

fn size(spec: &Spec) -> Vec<Mistake> {
    let mut found = Vec::new();
    if let Some(resources) = &spec.resources {
        found.extend(sizes::resources(resources, "/spec/resources"));
    }
    let Some(autoscaling) = &spec.autoscaling else {
        return found;
    };
    if spec.replicas.is_some() {
        let text = "contradicts autoscaling, which chooses the number: leave one of the two out";
        found.push(Mistake::at("/spec/replicas", text));
    }
    if autoscaling.min > autoscaling.max {
        let text = format!(
            "is less than min, {}: raise it, or lower min",
            autoscaling.min
        );
        found.push(Mistake::at("/spec/autoscaling/max", text));
    }
    found
}

fn ports(ports: &[Port]) -> Vec<Mistake> {
    let mut found = Vec::new();
    let mut seen = BTreeMap::new();
    for (index, port) in ports.iter().enumerate() {
        let place = |field: &str| format!("/spec/service/ports/{index}/{field}");
        let protocol = port.protocol.word();
        let node = port.node_port.map(|node| format!("{node} {protocol}"));
        let unique = [
            ("name", Some(port.name.clone())),
            ("port", Some(format!("{} {protocol}", port.port))),
            ("nodePort", node),
        ];
        for (field, value) in unique {
            let Some(value) = value else { continue };
            if let Some(first) = seen.insert((field, value), index) {
                let text =
                    format!("stands at /spec/service/ports/{first} already: choose another one");
                found.push(Mistake::at(place(field), text));
            }
        }
        let target = port.target_port.unwrap_or(port.port);
        if PROXY.contains(&target) {
            let text = format!(
                "the proxy uses {target} for itself: choose another targetPort, such as 8080"
            );
            found.push(Mistake::at(place("targetPort"), text));
        }
    }
    found
}

/// What goes only with another type of Service, and addresses that are none.
fn reach(gateway: &MeshGateway) -> Vec<Mistake> {
    let (service, kind) = (&gateway.spec.service, gateway.service_type());
    let mut found = Vec::new();
    if kind == ServiceType::ClusterIp {
        let ports = service.ports.iter().enumerate();
        found.extend(ports.filter(|(_, port)| port.node_port.is_some()).map(|(index, _)| {
            let text = "a Service of type ClusterIP has no ports at nodes: leave it out, or choose service.type NodePort or LoadBalancer";
            Mistake::at(format!("/spec/service/ports/{index}/nodePort"), text)
        }));
    }
    if let Some(address) = &service.load_balancer_ip {
        let place = "/spec/service/loadBalancerIP";
        if kind != ServiceType::LoadBalancer {
            let text = format!(
                "a Service of type {} has no load balancer: leave it out, or choose service.type LoadBalancer",
                kind.word()
            );
            found.push(Mistake::at(place, text));
        }
        found.extend(no_address(place, address));
    }
    let addresses = service.external_ips.iter().enumerate();
    found.extend(addresses.filter_map(|(index, address)| {
        no_address(&format!("/spec/service/externalIPs/{index}"), address)
    }));
    found
}

fn no_address(place: &str, text: &str) -> Option<Mistake> {
    let wrong = text.parse::<IpAddr>().is_err();
    wrong.then(|| Mistake::at(place, "is no IP address: write one such as 192.0.2.10"))
}

fn labels(spec: &Spec) -> Vec<Mistake> {
    let reserved = |key: &str| {
        let mut all = RESERVED.iter();
        all.find(|(name, _)| key == *name || (name.ends_with('/') && key.starts_with(name)))
            .map(|(_, why)| *why)
            .or_else(|| {
                let others = ["app.kubernetes.io/", "applyset.kubernetes.io/"];
                let theirs = others.iter().any(|prefix| key.starts_with(prefix));
                theirs.then_some("the chart and weft write these")
            })
    };
    let keys = spec.labels.keys();
    keys.filter_map(|key| {
        let text = format!("this label is not yours to set: {}", reserved(key)?);
        Some(Mistake::at(format!("/spec/labels/{}", escaped(key)), text))
    })
    .collect()
}
