//! A mesh as the objects that it is made of: charts and values in, stages of objects out, in Istio's own order; or the resources of
//! the Sail operator, where that installs it.

use chart::{Kubernetes, Values, render};
use serde_json::{Value, json};

use super::fetch::{Release, refused};
use super::record;
use super::sail;
use super::spec::{Discovery, Mesh};
use super::values::{Component, values};
use crate::cluster::discovery::Kinds;
use crate::cluster::inventory::Parent;
use crate::cluster::wanted::{Stage, Wanted};
use crate::failure::{Exit, Failure};
use crate::sidecar::scope::{self, Reach};

/// What templates are told about who installs them. It must not be `Helm`: nobody is to look for a release that is not there.
const SERVICE: &str = "weft";

/// A control plane that is to be: the mesh as it describes it, and the charts of its version.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plane<'a> {
    /// The mesh, with this plane's revision and version.
    pub(crate) mesh: &'a Mesh,
    /// The charts.
    pub(crate) release: &'a Release,
}

/// What a cluster tells charts.
pub(crate) fn capabilities(version: &str, kinds: &Kinds) -> Kubernetes {
    Kubernetes {
        version: version.to_owned(),
        api_versions: kinds.api_versions(),
    }
}

/// The parent of the set of objects that a mesh is.
pub(crate) fn parent(mesh: &Mesh) -> Parent {
    Parent {
        namespace: mesh.root_namespace().to_owned(),
        name: record::object_name(&mesh.metadata.name),
    }
}

/// Everything that the mesh is to be. `planes` are its control planes, the newest last: definitions are those of the newest, since
/// older control planes read newer definitions, and not the other way round.
pub(crate) fn wanted(
    planes: &[Plane<'_>],
    namespace: Option<Value>,
    cluster: &Kubernetes,
) -> Result<Wanted, Failure> {
    let Some(newest) = planes.last() else {
        return Err(Failure::text(Exit::Failure, "a mesh has a control plane"));
    };
    let mut stages = Vec::new();
    if let Some(namespace) = namespace {
        stages.push(Stage {
            component: "namespace".to_owned(),
            objects: vec![namespace],
        });
    }
    if sail::installs(newest.mesh) {
        let meshes: Vec<_> = planes.iter().map(|plane| plane.mesh).collect();
        stages.extend(sail::objects::stages(&meshes));
        stages.extend(discovery(newest.mesh));
    } else {
        stages.extend(charts(planes, *newest, cluster)?);
    }
    Ok(Wanted {
        parent: parent(newest.mesh),
        mesh: Some(newest.mesh.metadata.name.clone()),
        namespace: newest.mesh.root_namespace().to_owned(),
        stages,
    })
}

/// The charts of a mesh, in their order.
fn charts(
    planes: &[Plane<'_>],
    newest: Plane<'_>,
    cluster: &Kubernetes,
) -> Result<Vec<Stage>, Failure> {
    let mut stages = vec![stage(newest, Component::Base, "istio-base", cluster)?];
    for plane in planes {
        let name = release_name(plane.mesh);
        stages.push(stage(*plane, Component::Istiod, &name, cluster)?);
    }
    stages.extend(discovery(newest.mesh));
    // The agent only needs the node, and pods that are injected need the agent.
    for component in [Component::Cni, Component::Ztunnel] {
        if component.is_in(newest.mesh) {
            stages.push(stage(newest, component, component.name(), cluster)?);
        }
    }
    Ok(stages)
}

/// The charts that weft renders for a mesh; a gateway's is rendered for each gateway, and the Sail operator has charts of its own.
pub(crate) fn rendered(mesh: &Mesh) -> Vec<Component> {
    if sail::installs(mesh) {
        return Vec::new();
    }
    let needed = |component: &Component| *component != Component::Gateway && component.is_in(mesh);
    Component::ALL.into_iter().filter(needed).collect()
}

/// What sidecars are told about, where that is less than the mesh: a resource of Istio's, since no chart has it.
fn discovery(mesh: &Mesh) -> Option<Stage> {
    let sidecar = mesh.spec.sidecar.as_ref()?;
    let root = mesh.root_namespace();
    (sidecar.discovery == Some(Discovery::Namespace)).then(|| Stage {
        component: "discovery".to_owned(),
        objects: vec![scope::object(root, root, &Reach::Local)],
    })
}

/// What Helm would call the release of a control plane.
pub(crate) fn release_name(mesh: &Mesh) -> String {
    match &mesh.spec.revision {
        Some(revision) => format!("istiod-{revision}"),
        None => "istiod".to_owned(),
    }
}

/// What one chart is made of.
pub(crate) fn stage(
    plane: Plane<'_>,
    component: Component,
    name: &str,
    cluster: &Kubernetes,
) -> Result<Stage, Failure> {
    let chart = plane.release.chart(component)?;
    let values = Values::from_json(values(plane.mesh, component)).map_err(refused)?;
    let release = chart::Release {
        name: name.to_owned(),
        namespace: plane.mesh.root_namespace().to_owned(),
        // On a first installation the charts ask for webhooks that ignore what they cannot reach until istiod says otherwise, and
        // then never mention it again: an apply of the same file would not be the same. They are closed from the start instead.
        is_upgrade: true,
        revision: 1,
        service: SERVICE.to_owned(),
    };
    let rendered = render(chart, &values, &release, cluster).map_err(refused)?;
    Ok(Stage {
        component: name.to_owned(),
        objects: rendered
            .into_iter()
            .map(|rendered| rendered.object)
            .collect(),
    })
}

/// The root namespace, where weft makes it.
pub(crate) fn namespace(mesh: &Mesh) -> Value {
    let mut labels = json!({ record::MESH_LABEL: mesh.metadata.name });
    if let (Some(labels), Some(network)) = (
        labels.as_object_mut(),
        mesh.spec
            .clusters
            .first()
            .and_then(|cluster| cluster.network.as_ref()),
    ) {
        labels.insert("topology.istio.io/network".to_owned(), json!(network));
    }
    json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": { "name": mesh.root_namespace(), "labels": labels },
    })
}
