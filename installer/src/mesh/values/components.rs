//! What a mesh asks of each chart.

use super::super::spec::quantity::Quantity;
use super::super::spec::{Mesh, Resources, Scale, Size, Spec};
use super::{Component, Wanted, mesh_config};
use serde_json::{Value, json};

const SCALE: &str = "/spec/scale";
const ISTIOD: &str = "/spec/sizes/istiod";
const GATEWAY: &str = "/spec/sizes/gateway";
const SIDECAR: &str = "/spec/sidecar";
const HIGHLY_AVAILABLE: &str = "/spec/highAvailability";

pub(super) fn wanted(mesh: &Mesh, component: Component) -> Wanted {
    let mut wanted = Wanted::default();
    match component {
        Component::Base => base(&mut wanted, mesh),
        Component::Istiod => istiod(&mut wanted, mesh),
        Component::Cni => cni(&mut wanted, mesh),
        Component::Ztunnel => ztunnel(&mut wanted, mesh),
        Component::Gateway => gateway(&mut wanted, &mesh.spec),
    }
    wanted
}

fn base(wanted: &mut Wanted, mesh: &Mesh) {
    root(wanted, mesh, &["global", "istioNamespace"]);
    platform(wanted, &mesh.spec);
    secrets(wanted, &mesh.spec, &["global", "imagePullSecrets"]);
    // Which istiod validates: an upgrade beside the old control plane says otherwise until the new one is promoted.
    wanted.soft(
        "/spec/revision",
        &["defaultRevision"],
        mesh.spec.revision.clone(),
    );
}

fn istiod(wanted: &mut Wanted, mesh: &Mesh) {
    let spec = &mesh.spec;
    root(wanted, mesh, &["global", "istioNamespace"]);
    platform(wanted, spec);
    images(wanted, spec, &["global"]);
    secrets(wanted, spec, &["global", "imagePullSecrets"]);
    revision(wanted, spec);
    wanted.firm("/spec/tags", &["revisionTags"], listed(&spec.tags));
    wanted.firm(
        "/metadata/name",
        &["global", "meshID"],
        Some(mesh.metadata.name.clone()),
    );
    cluster(
        wanted,
        spec,
        &["global", "multiCluster", "clusterName"],
        &["global", "network"],
    );
    wanted.soft(
        "/spec/ambient",
        &["profile"],
        spec.ambient.then_some("ambient"),
    );
    wanted.firm(
        "/spec/cni",
        &["cni", "enabled"],
        mesh.has_cni().then_some(true),
    );
    wanted.firm(
        "/spec/globalInjection",
        &["sidecarInjectorWebhook", "enableNamespacesByDefault"],
        spec.global_injection.then_some(true),
    );
    let sidecar = spec.sidecar.as_ref();
    let level = sidecar.and_then(|sidecar| sidecar.log_level);
    wanted.firm(
        "/spec/sidecar/logLevel",
        &["global", "proxy", "logLevel"],
        level.map(word),
    );
    if let Some(own) = sidecar.and_then(|sidecar| sidecar.resources.as_ref()) {
        resources(wanted, SIDECAR, &["global", "proxy", "resources"], own);
    }
    istiod_size(wanted, spec);
    mesh_config::ask(wanted, spec);
}

fn istiod_size(wanted: &mut Wanted, spec: &Spec) {
    preset(wanted, spec.scale.map(Scale::istiod));
    let own = spec.sizes.as_ref().and_then(|sizes| sizes.istiod.as_ref());
    if let Some(own) = own.and_then(|size| size.resources.as_ref()) {
        resources(wanted, ISTIOD, &["resources"], own);
    }
    if let Some([min, max]) = replicas(own) {
        let scales = min < max;
        wanted.firm(ISTIOD, &["autoscaleEnabled"], Some(scales));
        wanted.firm(ISTIOD, &["autoscaleMin"], scales.then_some(min));
        wanted.firm(ISTIOD, &["autoscaleMax"], scales.then_some(max));
        wanted.firm(ISTIOD, &["replicaCount"], (!scales).then_some(min));
    } else if spec.high_availability {
        // The chart's own PodDisruptionBudget exists as soon as there are two.
        wanted.soft(HIGHLY_AVAILABLE, &["autoscaleEnabled"], Some(true));
        wanted.soft(HIGHLY_AVAILABLE, &["autoscaleMin"], Some(2));
    }
    if spec.high_availability {
        let mut labels = json!({"app": "istiod"});
        if let Some(revision) = &spec.revision {
            labels = json!({"app": "istiod", "istio.io/rev": revision});
        }
        let spread = json!([{
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": labels}
        }]);
        wanted.soft(
            HIGHLY_AVAILABLE,
            &["topologySpreadConstraints"],
            Some(spread),
        );
    }
}

fn cni(wanted: &mut Wanted, mesh: &Mesh) {
    let spec = &mesh.spec;
    platform(wanted, spec);
    images(wanted, spec, &["global"]);
    secrets(wanted, spec, &["global", "imagePullSecrets"]);
    revision(wanted, spec);
    wanted.soft(
        "/spec/ambient",
        &["profile"],
        spec.ambient.then_some("ambient"),
    );
}

fn ztunnel(wanted: &mut Wanted, mesh: &Mesh) {
    let spec = &mesh.spec;
    root(wanted, mesh, &["istioNamespace"]);
    images(wanted, spec, &[]);
    secrets(wanted, spec, &["imagePullSecrets"]);
    revision(wanted, spec);
    cluster(wanted, spec, &["multiCluster", "clusterName"], &["network"]);
}

fn gateway(wanted: &mut Wanted, spec: &Spec) {
    platform(wanted, spec);
    revision(wanted, spec);
    let images = spec.images.as_ref();
    wanted.firm(
        "/spec/images/pullPolicy",
        &["imagePullPolicy"],
        images.and_then(|images| images.pull_policy).map(word),
    );
    // This chart alone wants objects.
    let secrets: Vec<Value> = images
        .iter()
        .flat_map(|images| &images.pull_secrets)
        .map(|name| json!({"name": name}))
        .collect();
    wanted.firm(
        "/spec/images/pullSecrets",
        &["imagePullSecrets"],
        listed(&secrets),
    );
    preset(wanted, spec.scale.map(Scale::gateway));
    let own = spec.sizes.as_ref().and_then(|sizes| sizes.gateway.as_ref());
    if let Some(own) = own.and_then(|size| size.resources.as_ref()) {
        resources(wanted, GATEWAY, &["resources"], own);
    }
    if let Some([min, max]) = replicas(own) {
        let scales = min < max;
        wanted.firm(GATEWAY, &["autoscaling", "enabled"], Some(scales));
        wanted.firm(
            GATEWAY,
            &["autoscaling", "minReplicas"],
            scales.then_some(min),
        );
        wanted.firm(
            GATEWAY,
            &["autoscaling", "maxReplicas"],
            scales.then_some(max),
        );
        wanted.firm(GATEWAY, &["replicaCount"], (!scales).then_some(min));
    } else if spec.high_availability {
        wanted.soft(HIGHLY_AVAILABLE, &["autoscaling", "enabled"], Some(true));
        wanted.soft(HIGHLY_AVAILABLE, &["autoscaling", "minReplicas"], Some(2));
    }
    let budget = spec.high_availability.then_some(1);
    wanted.soft(
        HIGHLY_AVAILABLE,
        &["podDisruptionBudget", "minAvailable"],
        budget,
    );
}

fn root(wanted: &mut Wanted, mesh: &Mesh, path: &[&str]) {
    wanted.firm("/spec/rootNamespace", path, Some(mesh.root_namespace()));
}

fn platform(wanted: &mut Wanted, spec: &Spec) {
    let platform = spec.openshift.then_some("openshift");
    wanted.firm("/spec/openshift", &["global", "platform"], platform);
}

fn revision(wanted: &mut Wanted, spec: &Spec) {
    wanted.firm("/spec/revision", &["revision"], spec.revision.clone());
}

fn images(wanted: &mut Wanted, spec: &Spec, under: &[&str]) {
    let Some(images) = &spec.images else {
        return;
    };
    let policy = images.pull_policy.map(word);
    wanted.firm(
        "/spec/images/hub",
        &[under, &["hub"]].concat(),
        images.hub.clone(),
    );
    wanted.firm(
        "/spec/images/tag",
        &[under, &["tag"]].concat(),
        images.tag.clone(),
    );
    wanted.firm(
        "/spec/images/pullPolicy",
        &[under, &["imagePullPolicy"]].concat(),
        policy,
    );
}

fn secrets(wanted: &mut Wanted, spec: &Spec, path: &[&str]) {
    let secrets = spec
        .images
        .as_ref()
        .and_then(|images| listed(&images.pull_secrets));
    wanted.firm("/spec/images/pullSecrets", path, secrets);
}

fn cluster(wanted: &mut Wanted, spec: &Spec, name: &[&str], network: &[&str]) {
    if let Some(cluster) = spec.clusters.first() {
        wanted.firm("/spec/clusters/0/name", name, Some(cluster.name.clone()));
        wanted.firm("/spec/clusters/0/network", network, cluster.network.clone());
    }
}

/// A preset's figures.
fn preset(wanted: &mut Wanted, figures: Option<[&'static str; 4]>) {
    let Some([memory, cpu, most_memory, most_cpu]) = figures else {
        return;
    };
    let figures = json!({
        "requests": {"cpu": cpu, "memory": memory},
        "limits": {"cpu": most_cpu, "memory": most_memory}
    });
    wanted.soft(SCALE, &["resources"], Some(figures));
}

/// Figures of one's own. Only `null` in place of all limits takes away those that a chart brings.
fn resources(wanted: &mut Wanted, from: &'static str, path: &[&str], own: &Resources) {
    for (kind, amounts) in [("requests", &own.requests), ("limits", &own.limits)] {
        if let Some(amounts) = amounts {
            let cpu = amounts.cpu.as_ref().map(Quantity::text);
            let memory = amounts.memory.as_ref().map(Quantity::text);
            wanted.firm(from, &[path, &[kind, "cpu"]].concat(), cpu);
            wanted.firm(from, &[path, &[kind, "memory"]].concat(), memory);
        }
    }
    let none = own.unlimited.then_some(Value::Null);
    wanted.firm(from, &[path, &["limits"]].concat(), none);
}

fn replicas(size: Option<&Size>) -> Option<[u32; 2]> {
    let replicas = size?.replicas?;
    Some([replicas.min, replicas.max])
}

/// A list, when there is something in it.
fn listed<T: Clone + Into<Value>>(items: &[T]) -> Option<Value> {
    (!items.is_empty()).then(|| items.to_vec().into())
}

/// A word of the mesh file that Istio and Kubernetes spell the same.
pub(super) fn word(word: impl serde::Serialize) -> Value {
    // Words are serialized as texts, which cannot fail.
    serde_json::to_value(word).unwrap_or_default()
}
