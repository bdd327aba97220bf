//! Resources of the Sail operator: what weft itself writes where that is the engine, and the commands.
//!
//! Whoever exports a mesh that charts install asks for the same resources, so they come from where the engine's come from. What the
//! engine would refuse in the mesh file is told instead.

use serde_json::{Map, Value};

use super::super::sail::objects::{DEFAULT, TAG, plane_name};
use super::super::spec::Mesh;
use super::{Export, Given, discovery, documents, namespace};
use crate::cluster::peek::text;
use crate::failure::Failure;

const NOTE: &str = "The operator must be there, and know this version of Istio. The API server drops values that the operator's definitions do not have: `weft mesh plan` with engine: sail names them.";
const FILE: &str = "sail.yaml";

pub(super) fn export(given: &Given<'_>) -> Result<Export, Failure> {
    let mut export = Export::default();
    let mesh = given.mesh;
    export.notes.push(NOTE.to_owned());
    if let Some(home) = namespace(&given.stages) {
        export.file("namespace.yaml", documents([&home])?);
    }
    let objects = resources(given);
    export.file(FILE, documents(objects.iter().copied())?);
    if let Some(stage) = discovery(&given.stages) {
        export.file("discovery.yaml", documents(&stage.objects)?);
    }
    for file in &export.files {
        let name = &file.name;
        export
            .steps
            .push(format!("kubectl apply --server-side --filename {name}"));
        if name == FILE {
            let ready = "kubectl wait --for=condition=Ready --timeout=5m istios.sailoperator.io";
            export.steps.push(format!("{ready} {}", plane_name(mesh)));
        }
    }
    export.losses.push(format!(
        "that charts come from {}: the operator brings its own",
        given.source
    ));
    export.losses.extend(base(mesh));
    let confused = |tag: &&String| is_confused(mesh, tag);
    export
        .losses
        .extend(mesh.spec.tags.iter().filter(confused).map(|tag| {
            format!("tag {tag}: it is how the operator calls the control plane without a revision")
        }));
    for object in objects {
        let place = format!(
            "{} {}",
            text(object, "/kind"),
            text(object, "/metadata/name")
        );
        if let Some(values) = object.pointer("/spec/values").and_then(Value::as_object) {
            export
                .losses
                .extend(nulls(values, &format!("{place}: spec.values")));
        }
    }
    for gateway in given.gateways.iter().flatten() {
        export.losses.push(format!(
            "gateway {}/{}: the operator makes no gateways; export it with --for helm or --for yaml",
            gateway.namespace, gateway.name
        ));
    }
    Ok(export)
}

/// The operator's resources among the mesh's objects.
fn resources<'a>(given: &'a Given<'_>) -> Vec<&'a Value> {
    let others = ["namespace", "discovery"];
    let stages = given.stages.iter();
    let stages = stages.filter(|stage| !others.contains(&stage.component.as_str()));
    let objects = stages.flat_map(|stage| &stage.objects);
    let is_sound = |object: &&Value| {
        text(object, "/kind") != TAG || !is_confused(given.mesh, text(object, "/metadata/name"))
    };
    objects.filter(is_sound).collect()
}

/// A tag that has the name of the control plane that it stands for.
fn is_confused(mesh: &Mesh, tag: &str) -> bool {
    mesh.spec.revision.is_none() && tag == DEFAULT
}

/// Raw values of a chart that the operator does not use.
fn base(mesh: &Mesh) -> Vec<String> {
    let raw = mesh.spec.values.iter().flat_map(|values| &values.base);
    raw.map(|(key, value)| {
        format!("values.base.{key}, which is {value}: the operator brings what the chart base has, and takes no values for it")
    })
    .collect()
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
