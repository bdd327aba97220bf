//! An `IstioOperator`, the file of istioctl.

use serde_json::{Value, json};

use super::super::spec::Mesh;
use super::super::values::Component;
use super::tree::tree;
use super::{Export, Given, discovery, documents, namespace, yaml};
use crate::charts::Source;
use crate::failure::Failure;

const FILE: &str = "istio-operator.yaml";

pub(super) fn export(given: &Given<'_>) -> Result<Export, Failure> {
    let mut export = Export::default();
    let (mesh, version) = (given.mesh, given.version);
    export.notes.push(format!(
        "For istioctl {version}, which has its own charts inside: another version of it installs another Istio. What is at values.global holds for every chart."
    ));
    if let Some(home) = namespace(&given.stages) {
        export.step("kubectl apply --server-side --filename namespace.yaml");
        export.aside("namespace.yaml", documents([&home])?);
    }
    let tree = tree(mesh);
    export.step(format!(
        "istioctl install --filename {FILE} --skip-confirmation"
    ));
    export.file(FILE, yaml(&operator(mesh, Value::Object(tree.values)))?);
    export.losses = tree.losses;
    if let Some(stage) = discovery(&given.stages) {
        export.step("kubectl apply --server-side --filename discovery.yaml");
        export.aside("discovery.yaml", documents(&stage.objects)?);
    }
    if given.source.to_string() != Source::UPSTREAM {
        export.losses.push(format!(
            "that charts come from {}: istioctl uses its own, or those of a folder that --manifests names",
            given.source
        ));
    }
    for gateway in given.gateways.iter().flatten() {
        export.losses.push(format!(
            "gateway {}/{}: istioctl makes gateways from another chart; export it with --for helm or --for yaml",
            gateway.namespace, gateway.name
        ));
    }
    Ok(export)
}

fn operator(mesh: &Mesh, mut values: Value) -> Value {
    let mut spec = json!({
        // Nothing but what is said here.
        "profile": "empty",
        "components": {
            "base": { "enabled": true },
            "pilot": { "enabled": true },
            "cni": { "enabled": Component::Cni.is_in(mesh) },
            "ztunnel": { "enabled": Component::Ztunnel.is_in(mesh) },
        },
    });
    if let Some(values) = values.as_object_mut() {
        // istioctl's profiles say that there is none, Istio's charts that it is the default one.
        values
            .entry("defaultRevision")
            .or_insert_with(|| json!("default"));
        // Else the profile would be the chart ztunnel's too, which brings other images.
        if let (true, Some(ztunnel)) = (
            values.contains_key("profile"),
            values.get_mut("ztunnel").and_then(Value::as_object_mut),
        ) {
            ztunnel.entry("profile").or_insert_with(|| json!(""));
        }
        if let (Some(revision), Some(spec)) = (values.remove("revision"), spec.as_object_mut()) {
            spec.insert("revision".to_owned(), revision);
        }
    }
    if let Some(spec) = spec.as_object_mut() {
        spec.insert("values".to_owned(), values);
    }
    json!({
        "apiVersion": "install.istio.io/v1alpha1",
        "kind": "IstioOperator",
        "metadata": { "name": mesh.metadata.name, "namespace": mesh.root_namespace() },
        "spec": spec,
    })
}
