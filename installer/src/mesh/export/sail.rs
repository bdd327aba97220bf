//! Resources of the Sail operator: an Istio, and beside it the agents and revision tags.

use serde_json::{Map, Value, json};

use super::super::sail::named;
use super::super::sail::objects::{CNI, DEFAULT, ISTIO, ZTUNNEL, object, plane_name, tags};
use super::super::spec::Mesh;
use super::super::values::Component;
use super::super::version::IstioVersion;
use super::tree::tree;
use super::{Export, Given, discovery, documents, namespace};
use crate::failure::Failure;

pub(super) fn export(given: &Given<'_>) -> Result<Export, Failure> {
    let mut export = Export::default();
    let mesh = given.mesh;
    export.notes.push(
        "The operator must be there, and know this version of Istio. What is at values.global holds for every chart."
            .to_owned(),
    );
    if let Some(home) = namespace(&given.stages) {
        export.file("namespace.yaml", documents([&home])?);
    }
    let tree = tree(mesh);
    export.losses = tree.losses;
    export.losses.extend(nulls(&tree.values, "values"));
    export.file(
        "sail.yaml",
        documents(&objects(mesh, given.version, tree.values))?,
    );
    if let Some(stage) = discovery(&given.stages) {
        export.file("discovery.yaml", documents(&stage.objects)?);
    }
    for file in &export.files {
        let name = &file.name;
        export
            .steps
            .push(format!("kubectl apply --server-side --filename {name}"));
        if name == "sail.yaml" {
            let ready = "kubectl wait --for=condition=Ready --timeout=5m istios.sailoperator.io";
            export.steps.push(format!("{ready} {}", plane_name(mesh)));
        }
    }
    export.losses.push(format!(
        "that charts come from {}: the operator brings its own",
        given.source
    ));
    for gateway in given.gateways.iter().flatten() {
        export.losses.push(format!(
            "gateway {}/{}: the operator makes no gateways; export it with --for helm or --for yaml",
            gateway.namespace, gateway.name
        ));
    }
    Ok(export)
}

/// The resources that the mesh is.
fn objects(mesh: &Mesh, version: &IstioVersion, mut values: Map<String, Value>) -> Vec<Value> {
    // The operator says these itself: by the name of the Istio, and by resources of their own.
    for key in ["revision", "revisionTags", "defaultRevision"] {
        values.remove(key);
    }
    let mut agents = Vec::new();
    for (component, kind, own) in [
        (Component::Cni, CNI, "cni"),
        (Component::Ztunnel, ZTUNNEL, "ztunnel"),
    ] {
        let said = values.remove(own).unwrap_or_else(|| json!({}));
        if component.is_in(mesh) {
            let mut agent = Map::from_iter([(own.to_owned(), said)]);
            for shared in ["global", "profile"] {
                // The chart ztunnel has no use for the profile, which brings other images.
                let takes = shared == "global" || component == Component::Cni;
                if let Some(value) = values.get(shared).filter(|_| takes) {
                    agent.insert(shared.to_owned(), value.clone());
                }
            }
            agents.push(resource(kind, DEFAULT, mesh, version, agent));
        }
    }
    let mut istio = resource(ISTIO, plane_name(mesh), mesh, version, values);
    if let Some(spec) = istio.get_mut("spec").and_then(Value::as_object_mut) {
        spec.insert("updateStrategy".to_owned(), json!({ "type": "InPlace" }));
    }
    std::iter::once(istio)
        .chain(agents)
        .chain(tags(mesh))
        .collect()
}

fn resource(
    kind: &str,
    name: &str,
    mesh: &Mesh,
    version: &IstioVersion,
    mut values: Map<String, Value>,
) -> Value {
    // Where a chart has a top of its own, these would say the same as the resource does.
    if let Some(own) = values.get_mut("ztunnel").and_then(Value::as_object_mut) {
        own.remove("revision");
        own.remove("istioNamespace");
    }
    let spec = json!({
        "version": named(version),
        "namespace": mesh.root_namespace(),
        "values": values,
    });
    object(kind, name, &spec)
}

/// What is taken away from a chart by saying null, which an API server drops.
fn nulls(values: &Map<String, Value>, at: &str) -> Vec<String> {
    values
        .iter()
        .flat_map(|(key, value)| match value {
            Value::Null => vec![format!(
                "{at}.{key} is null, which takes the chart's own away: an API server drops it, and the chart's own holds"
            )],
            Value::Object(inner) => nulls(inner, &format!("{at}.{key}")),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Vec::new(),
        })
        .collect()
}
