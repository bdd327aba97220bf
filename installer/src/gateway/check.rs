//! What is in a gateway's way in a cluster, found before anything is written: names, ports, addresses, injection.

mod finding;

pub(crate) use finding::{Finding, Findings, Grade};

use serde_json::Value;

use super::selector::{Labels, selects};
use super::spec::{MeshGateway, Port, ServiceType};
use crate::cluster::inventory::PART_OF;
use crate::cluster::object::ObjectId;
use crate::mesh::read::{items, label, name, namespace, text};
use crate::mesh::scaling::words;
use crate::sidecar::decision::Decision;
use crate::sidecar::injector::Injectors;

/// Whether its pods are told from those of others.
pub(crate) const UNIQUE_LABELS: &str = "UNIQUE_LABELS";

/// Objects of the gateway's names that are not of its set: `UNIQUE_DEPLOYMENT`, `UNIQUE_SERVICE` and so on.
pub(crate) fn names(live: &[(ObjectId, Value)], set: &str) -> Vec<Finding> {
    let foreign = live
        .iter()
        .filter(|(_, object)| label(object, PART_OF) != Some(set));
    let findings: Vec<_> = foreign
        .map(|(id, object)| {
            let owner = label(object, "app.kubernetes.io/managed-by").map_or_else(
                || "somebody else".to_owned(),
                |owner| format!("somebody else ({owner})"),
            );
            let text = format!(
                "{id} is there already and belongs to {owner}: choose another name for the gateway"
            );
            Finding::fail(&format!("UNIQUE_{}", constant(&id.kind)), text)
        })
        .collect();
    or_pass(findings, "UNIQUE_NAMES", "no other object has its names")
}

/// `HorizontalPodAutoscaler` as `HORIZONTAL_POD_AUTOSCALER`.
fn constant(kind: &str) -> String {
    let mut text = String::new();
    for letter in kind.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_uppercase());
    }
    text
}

/// A gateway that is there already, of whatever kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Other {
    /// For example `Deployment`.
    pub(crate) kind: String,
    /// Its namespace.
    pub(crate) namespace: String,
    /// Its name.
    pub(crate) name: String,
    /// The labels of its pods.
    pub(crate) labels: Labels,
}

/// Other gateways with the labels by which Istio's Gateways and the Service choose this one's pods.
pub(crate) fn pods(gateway: &ObjectId, selector: &Labels, others: &[Other]) -> Vec<Finding> {
    let check = UNIQUE_LABELS;
    let here = gateway.namespace.as_deref().unwrap_or_default();
    let matching = others.iter().filter(|one| {
        let own = [gateway.kind.as_str(), here, &gateway.name];
        let itself = own == [one.kind.as_str(), &one.namespace, &one.name];
        !itself && selects(selector, &one.labels)
    });
    let findings = matching
        .map(|one| {
            let workload = format!("{} {}/{}", one.kind, one.namespace, one.name);
            if one.namespace == here {
                let text = format!("the pods of {workload} have the same labels app and istio, and would get its traffic: choose another name, or other labels");
                return Finding::fail(check, text);
            }
            let text = format!("the pods of {workload} have the same labels app and istio: Istio's Gateways that select these are served by both");
            Finding::warn(check, text)
        })
        .collect();
    or_pass(findings, check, "no other workload has its labels")
}

/// Ports at nodes and at addresses that other Services have.
pub(crate) fn ports(gateway: &MeshGateway, place: &str, services: &[Value]) -> Vec<Finding> {
    let wished = &gateway.spec.service;
    let others: Vec<_> = services
        .iter()
        .filter(|one| (namespace(one), name(one)) != (place, gateway.metadata.name.as_str()))
        .collect();
    let mut found = Vec::new();
    for port in &wished.ports {
        for other in &others {
            found.extend(port_clash(port, other));
        }
    }
    let numbers: Vec<u16> = match wished.ports.as_slice() {
        [] => vec![15021, 80, 443],
        ports => ports.iter().map(|port| port.port).collect(),
    };
    for other in &others {
        let shared = addresses(other).find(|address| {
            wished.external_ips.iter().any(|one| one == address)
                || wished.load_balancer_ip.as_deref() == Some(address)
        });
        let port = items(other, "/spec/ports")
            .filter_map(|port| port.get("port")?.as_u64())
            .find(|port| numbers.iter().any(|one| u64::from(*one) == *port));
        if let (Some(address), Some(port)) = (shared, port) {
            let text = format!(
                "Service {}/{} answers at {address}:{port} already: choose another address or port",
                namespace(other),
                name(other)
            );
            found.push(Finding::fail("PORTS", text));
        }
    }
    or_pass(found, "PORTS", "no other Service has its ports")
}

fn port_clash(port: &Port, other: &Value) -> Option<Finding> {
    let node = u64::from(port.node_port?);
    let taken = items(other, "/spec/ports").any(|one| {
        one.get("nodePort").and_then(Value::as_u64) == Some(node)
            && text(one, "/protocol").unwrap_or("TCP") == port.protocol.word()
    });
    taken.then(|| {
        let text = format!(
            "Service {}/{} has port {node} of the nodes already: choose another nodePort, or let Kubernetes choose",
            namespace(other),
            name(other)
        );
        Finding::fail("PORTS", text)
    })
}

fn addresses(service: &Value) -> impl Iterator<Item = &str> {
    let given = items(service, "/status/loadBalancer/ingress").filter_map(|one| text(one, "/ip"));
    let routed = items(service, "/spec/externalIPs").filter_map(Value::as_str);
    given
        .chain(routed)
        .chain(text(service, "/spec/loadBalancerIP"))
}

/// Whether anything here gives addresses, as far as that can be seen.
pub(crate) fn load_balancer(gateway: &MeshGateway, services: &[Value]) -> Option<Finding> {
    if gateway.service_type() != ServiceType::LoadBalancer {
        return None;
    }
    let check = "LOAD_BALANCER";
    let is_balanced = |one: &&Value| text(one, "/spec/type") == Some("LoadBalancer");
    let has_address = |one: &Value| items(one, "/status/loadBalancer/ingress").next().is_some();
    let mut balanced = services.iter().filter(is_balanced);
    if balanced.clone().any(has_address) {
        return Some(Finding::new(
            check,
            Grade::Pass,
            "Services of type LoadBalancer get addresses here",
        ));
    }
    let seen = balanced.next().map_or_else(
        || "no Service of type LoadBalancer was ever given an address here".to_owned(),
        |one| {
            format!(
                "Service {}/{} still waits for an address",
                namespace(one),
                name(one)
            )
        },
    );
    let text = format!(
        "{seen}: without MetalLB or another implementation this one waits for ever; service.type NodePort needs none"
    );
    Some(Finding::warn(check, text))
}

/// Whether the mesh's injector puts the proxy into its pods: without it, the image `auto` is nowhere to be found.
pub(crate) fn injection(decision: &Decision, injectors: &Injectors, root: &str) -> Finding {
    let check = "INJECTION";
    let Some(revision) = decision.revision.as_ref().filter(|_| decision.injected) else {
        let text = format!(
            "its pods would get no proxy: {}; enable injection for the namespace (`weft sidecar enable`), or give the gateway the revision of the mesh; there are: {}",
            decision.reason,
            injectors.names().join(", ")
        );
        return Finding::fail(check, text);
    };
    let home = injectors.homes().remove(revision).flatten();
    if let Some(home) = home.filter(|home| home != root) {
        let text = format!(
            "its pods would get their proxy from revision {revision}, whose istiod is in {home}, and the mesh is in {root}: set revision to one of this mesh"
        );
        return Finding::warn(check, text);
    }
    Finding::new(
        check,
        Grade::Pass,
        format!("revision {revision} puts the proxy in"),
    )
}

/// Autoscaling without a metrics API to go by.
pub(crate) fn scaling<'a>(
    ids: impl IntoIterator<Item = &'a ObjectId>,
    is_measured: bool,
) -> Option<Finding> {
    let mut ids = ids.into_iter();
    let scaler = ids.find(|id| id.is("autoscaling", "HorizontalPodAutoscaler"))?;
    if is_measured {
        return Some(Finding::new(
            "METRICS",
            Grade::Pass,
            "a metrics API is served",
        ));
    }
    let place = scaler.namespace.as_deref().unwrap_or_default();
    Some(Finding::warn("METRICS", words(place, &scaler.name)))
}

fn or_pass(findings: Vec<Finding>, check: &str, text: &str) -> Vec<Finding> {
    if findings.is_empty() {
        return vec![Finding::new(check, Grade::Pass, text)];
    }
    findings
}

#[cfg(test)]
mod tests;
