//! Which Helm values of the chart `gateway` a gateway of a mesh means: those of the mesh, and the gateway's own on top.

use serde_json::{Value, json};

use super::spec::{MeshGateway, Port, Spread};
use crate::mesh::spec::Mesh;
use crate::mesh::spec::quantity::Quantity;
use crate::mesh::values::tree::put;
use crate::mesh::values::{self, Component};

/// What is asked for, by path.
#[derive(Debug, Default)]
struct Own(Vec<(Vec<String>, Value)>);

impl Own {
    fn set(&mut self, path: &[&str], value: Option<impl Into<Value>>) {
        let path = path.iter().map(|part| (*part).to_owned()).collect();
        self.0.extend(value.map(|value| (path, value.into())));
    }
}

/// The values with which the chart is rendered.
pub(crate) fn values(mesh: &Mesh, gateway: &MeshGateway) -> Value {
    let mut own = Own::default();
    instances(&mut own, gateway);
    service(&mut own, gateway);
    placement(&mut own, gateway);
    let spec = &gateway.spec;
    own.set(&["revision"], spec.revision.clone());
    let labels = (!spec.labels.is_empty()).then(|| json!(spec.labels));
    own.set(&["labels"], labels);
    let mut values = values::values(mesh, Component::Gateway);
    // Kubernetes takes the chart's image, `auto`, for a tag that moves, and would ask the registry at every start: the injector
    // keeps what stands there, and a site without a registry could not start a gateway. The tags of proxies do not move.
    if values.get("imagePullPolicy").is_none() {
        own.set(&["imagePullPolicy"], Some("IfNotPresent"));
    }
    for (path, value) in own.0 {
        put(&mut values, &path, value);
    }
    values
}

fn instances(own: &mut Own, gateway: &MeshGateway) {
    let spec = &gateway.spec;
    if let Some(replicas) = spec.replicas {
        own.set(&["autoscaling", "enabled"], Some(false));
        own.set(&["replicaCount"], Some(replicas));
    }
    if let Some(autoscaling) = &spec.autoscaling {
        own.set(&["autoscaling", "enabled"], Some(true));
        own.set(&["autoscaling", "minReplicas"], Some(autoscaling.min));
        own.set(&["autoscaling", "maxReplicas"], Some(autoscaling.max));
        own.set(
            &["autoscaling", "targetCPUUtilizationPercentage"],
            autoscaling.cpu,
        );
    }
    let Some(resources) = &spec.resources else {
        return;
    };
    for (kind, amounts) in [
        ("requests", &resources.requests),
        ("limits", &resources.limits),
    ] {
        if let Some(amounts) = amounts {
            let cpu = amounts.cpu.as_ref().map(Quantity::text);
            let memory = amounts.memory.as_ref().map(Quantity::text);
            own.set(&["resources", kind, "cpu"], cpu);
            own.set(&["resources", kind, "memory"], memory);
        }
    }
    // Only `null` in place of all limits takes away those that the chart brings.
    own.set(
        &["resources", "limits"],
        resources.unlimited.then_some(Value::Null),
    );
}

fn service(own: &mut Own, gateway: &MeshGateway) {
    let service = &gateway.spec.service;
    own.set(
        &["service", "type"],
        Some(gateway.service_type().word().to_owned()),
    );
    let ports: Vec<Value> = service.ports.iter().map(port).collect();
    own.set(&["service", "ports"], (!ports.is_empty()).then_some(ports));
    let annotations = (!service.annotations.is_empty()).then(|| json!(service.annotations));
    own.set(&["service", "annotations"], annotations);
    own.set(
        &["service", "loadBalancerIP"],
        service.load_balancer_ip.clone(),
    );
    let addresses = (!service.external_ips.is_empty()).then(|| json!(service.external_ips));
    own.set(&["service", "externalIPs"], addresses);
}

fn port(port: &Port) -> Value {
    let mut value = json!({
        "name": port.name,
        "port": port.port,
        "protocol": port.protocol.word(),
        "targetPort": port.target_port.unwrap_or(port.port),
    });
    if let (Some(node), Some(fields)) = (port.node_port, value.as_object_mut()) {
        fields.insert("nodePort".to_owned(), node.into());
    }
    value
}

fn placement(own: &mut Own, gateway: &MeshGateway) {
    let spec = &gateway.spec;
    if let Some(affinity) = &spec.affinity {
        own.set(&["affinity"], Some(json!(affinity)));
    }
    own.set(
        &["affinity", "podAntiAffinity"],
        spec.spread.map(|spread| apart(gateway, spread)),
    );
    let nodes = (!spec.node_selector.is_empty()).then(|| json!(spec.node_selector));
    own.set(&["nodeSelector"], nodes);
    let taints = (!spec.tolerations.is_empty()).then(|| json!(spec.tolerations));
    own.set(&["tolerations"], taints);
}

/// Away from the nodes of the other instances, which are known by the label that no other gateway of the namespace has.
fn apart(gateway: &MeshGateway, spread: Spread) -> Value {
    let app = gateway.spec.labels.get("app");
    let term = json!({
        "labelSelector": {"matchLabels": {"app": app.unwrap_or(&gateway.metadata.name)}},
        "topologyKey": "kubernetes.io/hostname",
    });
    match spread {
        Spread::Preferred => {
            json!({"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": term}]})
        }
        Spread::Required => json!({"requiredDuringSchedulingIgnoredDuringExecution": [term]}),
    }
}

#[cfg(test)]
mod tests;
