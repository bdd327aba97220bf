//! A gateway as the objects that it is made of.

use chart::{Chart, Kubernetes, Values, render};
use serde_json::{Value, json};

use super::home::Home;
use super::record;
use super::spec::MeshGateway;
use super::values::values;
use crate::cluster::inventory::Parent;
use crate::cluster::wanted::{Stage, Wanted};
use crate::failure::Failure;
use crate::mesh::fetch::refused;

/// What templates are told about who installs them; nobody is to look for a release of Helm's that is not there.
const SERVICE: &str = "weft";

/// The parent of the set of objects that a gateway is.
pub(crate) fn parent(namespace: &str, name: &str) -> Parent {
    Parent {
        namespace: namespace.to_owned(),
        name: record::object_name(name),
    }
}

/// Everything that the gateway is to be.
pub(crate) fn wanted(
    home: &Home,
    chart: &Chart,
    gateway: &MeshGateway,
    namespace: &str,
    cluster: &Kubernetes,
) -> Result<Wanted, Failure> {
    let name = &gateway.metadata.name;
    let values = Values::from_json(values(&home.mesh, gateway)).map_err(refused)?;
    let release = chart::Release {
        name: name.clone(),
        namespace: namespace.to_owned(),
        is_upgrade: true,
        revision: 1,
        service: SERVICE.to_owned(),
    };
    let rendered = render(chart, &values, &release, cluster).map_err(refused)?;
    let mut nothing = nothing(home, namespace, name);
    nothing.stages.push(Stage {
        component: format!("gateway-{name}"),
        objects: rendered
            .into_iter()
            .map(|rendered| spare(rendered.object))
            .collect(),
    });
    Ok(nothing)
}

/// Without annotations that are none: whoever says the empty set owns what others put into it for as long as he says it, and the
/// next apply is not the same.
fn spare(mut object: Value) -> Value {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|key, value| key != "annotations" || *value != json!({}));
    }
    object
}

/// A gateway that is not to be.
pub(crate) fn nothing(home: &Home, namespace: &str, name: &str) -> Wanted {
    Wanted {
        parent: parent(namespace, name),
        mesh: home.name.clone(),
        namespace: namespace.to_owned(),
        stages: Vec::new(),
    }
}
