//! The resources that a mesh is on the operator: an `Istio` for each control plane, one `IstioCNI` and one `ZTunnel` where the mesh has
//! them, and an `IstioRevisionTag` for each tag.
//!
//! The values are those with which weft would render the charts, in the places where the operator's types have them.

use serde_json::{Map, Value, json};

use super::{GROUP, VERSION, named};
use crate::cluster::wanted::Stage;
use crate::mesh::render::release_name;
use crate::mesh::spec::Mesh;
use crate::mesh::values::{Component, values};

/// The name of what there is one of in a cluster, and of the control plane without a revision.
pub(crate) const DEFAULT: &str = "default";
/// Values of istiod's chart that the operator's type has at the top; all others are below `pilot`.
const TOP: [&str; 12] = [
    "base",
    "compatibilityVersion",
    "defaultRevision",
    "experimental",
    "gatewayClasses",
    "global",
    "istiodRemote",
    "meshConfig",
    "pilot",
    "revision",
    "sidecarInjectorWebhook",
    "telemetry",
];
/// The kind of a control plane.
pub(crate) const ISTIO: &str = "Istio";
/// The kind of the node agent.
pub(crate) const CNI: &str = "IstioCNI";
/// The kind of ambient's node proxy.
pub(crate) const ZTUNNEL: &str = "ZTunnel";
/// The kind of a tag.
pub(crate) const TAG: &str = "IstioRevisionTag";

/// All of them, in stages. The node agent comes first, since an `Istio` that asks for it is not healthy without it; so is one without
/// the `ZTunnel` that it asks for, which needs istiod in turn: the two are of one stage.
pub(crate) fn stages(meshes: &[&Mesh]) -> Vec<Stage> {
    let Some(newest) = meshes.last() else {
        return Vec::new();
    };
    let mut stages = Vec::new();
    if newest.has_cni() {
        stages.push(stage(Component::Cni.name().to_owned(), vec![cni(newest)]));
    }
    for (index, mesh) in meshes.iter().enumerate() {
        let mut objects = vec![istio(mesh)];
        let is_newest = index.saturating_add(1) == meshes.len();
        if is_newest && mesh.spec.ambient {
            objects.push(ztunnel(mesh));
        }
        stages.push(stage(release_name(mesh), objects));
    }
    let tags: Vec<_> = meshes.iter().flat_map(|mesh| tags(mesh)).collect();
    if !tags.is_empty() {
        stages.push(stage("tags".to_owned(), tags));
    }
    stages
}

fn stage(component: String, objects: Vec<Value>) -> Stage {
    Stage { component, objects }
}

/// The name of a control plane's `Istio`, and so of its only `IstioRevision`.
pub(crate) fn plane_name(mesh: &Mesh) -> &str {
    mesh.spec.revision.as_deref().unwrap_or(DEFAULT)
}

fn istio(mesh: &Mesh) -> Value {
    let mut asked = fields(values(mesh, Component::Istiod));
    // The operator takes both from the names of its resources.
    if mesh.spec.revision.is_some() {
        asked.remove("revision");
    }
    if !mesh.spec.tags.is_empty() {
        asked.remove("revisionTags");
    }
    let profile = profile(&mut asked);
    let (mut values, below) = split(asked, &TOP);
    if !below.is_empty() {
        values.insert("pilot".to_owned(), Value::Object(below));
    }
    let mut spec = spec(mesh, profile, values);
    spec.insert("updateStrategy".to_owned(), json!({"type": "InPlace"}));
    object(ISTIO, plane_name(mesh), &Value::Object(spec))
}

fn cni(mesh: &Mesh) -> Value {
    let mut asked = fields(values(mesh, Component::Cni));
    // There is one for all revisions, and its type has none.
    if mesh.spec.revision.is_some() {
        asked.remove("revision");
    }
    let profile = profile(&mut asked);
    let values = below("cni", asked);
    object(CNI, DEFAULT, &Value::Object(spec(mesh, profile, values)))
}

fn ztunnel(mesh: &Mesh) -> Value {
    let asked = fields(values(mesh, Component::Ztunnel));
    let values = below("ztunnel", asked);
    object(ZTUNNEL, DEFAULT, &Value::Object(spec(mesh, None, values)))
}

/// The tags of a mesh, each of which stands for its control plane.
pub(crate) fn tags(mesh: &Mesh) -> Vec<Value> {
    let target = json!({"kind": ISTIO, "name": plane_name(mesh)});
    let tag = |name: &String| object(TAG, name, &json!({"targetRef": target.clone()}));
    mesh.spec.tags.iter().map(tag).collect()
}

/// A resource of the operator.
pub(crate) fn object(kind: &str, name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": format!("{GROUP}/{VERSION}"),
        "kind": kind,
        "metadata": {"name": name},
        "spec": spec,
    })
}

fn spec(mesh: &Mesh, profile: Option<Value>, values: Map<String, Value>) -> Map<String, Value> {
    let mut spec = Map::new();
    if let Some(version) = &mesh.spec.version {
        spec.insert("version".to_owned(), json!(named(version)));
    }
    spec.insert("namespace".to_owned(), json!(mesh.root_namespace()));
    if let Some(profile) = profile {
        spec.insert("profile".to_owned(), profile);
    }
    if !values.is_empty() {
        spec.insert("values".to_owned(), Value::Object(values));
    }
    spec
}

/// A profile is a field of the resource.
fn profile(asked: &mut Map<String, Value>) -> Option<Value> {
    asked.remove("profile")
}

/// What is global stays so, all else is below one name.
fn below(name: &str, asked: Map<String, Value>) -> Map<String, Value> {
    let (mut values, rest) = split(asked, &["global"]);
    if !rest.is_empty() {
        values.insert(name.to_owned(), Value::Object(rest));
    }
    values
}

/// What has one of these names, and the rest.
fn split(asked: Map<String, Value>, names: &[&str]) -> (Map<String, Value>, Map<String, Value>) {
    asked
        .into_iter()
        .partition(|(name, _)| names.contains(&name.as_str()))
}

fn fields(values: Value) -> Map<String, Value> {
    match values {
        Value::Object(fields) => fields,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Map::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::spec::document::parse;
    use crate::mesh::spec::read::read;

    fn mesh(spec: &str) -> Mesh {
        let text = format!(
            "apiVersion: weft.dev/v1\nkind: Mesh\nmetadata: {{name: shop}}\nspec: {{engine: sail, {spec}}}\n"
        );
        read(parse(text.as_bytes()).unwrap(), &[]).unwrap()
    }

    /// Stages, each with its objects.
    type Told = &'static [(&'static str, &'static [&'static str])];

    /// The stages, each with its objects, as `kind/name`.
    fn told(meshes: &[&Mesh]) -> Vec<(String, Vec<String>)> {
        let name = |object: &Value| {
            let text = |at: &str| {
                object
                    .pointer(at)
                    .and_then(Value::as_str)
                    .unwrap()
                    .to_owned()
            };
            format!("{}/{}", text("/kind"), text("/metadata/name"))
        };
        let stages = stages(meshes).into_iter();
        stages
            .map(|stage| (stage.component, stage.objects.iter().map(name).collect()))
            .collect()
    }

    #[test]
    fn a_mesh_is_these_resources() {
        let cases: [(&str, Told); 3] = [
            ("version: 1.31.0", &[("istiod", &["Istio/default"])]),
            (
                "version: 1.31.0, revision: blue, cni: true, tags: [prod, qa]",
                &[
                    ("cni", &["IstioCNI/default"]),
                    ("istiod-blue", &["Istio/blue"]),
                    ("tags", &["IstioRevisionTag/prod", "IstioRevisionTag/qa"]),
                ],
            ),
            (
                "version: 1.31.0, ambient: true",
                &[
                    ("cni", &["IstioCNI/default"]),
                    ("istiod", &["Istio/default", "ZTunnel/default"]),
                ],
            ),
        ];
        for (spec, wanted) in cases {
            let wanted: Vec<_> = wanted
                .iter()
                .map(|(stage, objects)| {
                    let objects = objects.iter().map(|object| (*object).to_owned());
                    ((*stage).to_owned(), objects.collect::<Vec<_>>())
                })
                .collect();
            assert_eq!(told(&[&mesh(spec)]), wanted, "{spec}");
        }
        let (old, new) = (
            mesh("version: 1.30.0, ambient: true"),
            mesh("version: 1.31.0, revision: blue, ambient: true, tags: [prod]"),
        );
        let both = told(&[&old, &new]);
        let names: Vec<_> = both.into_iter().flat_map(|(_, objects)| objects).collect();
        assert_eq!(
            names,
            [
                "IstioCNI/default",
                "Istio/default",
                "Istio/blue",
                "ZTunnel/default",
                "IstioRevisionTag/prod"
            ]
        );
    }

    #[test]
    fn values_stand_where_the_operator_has_them() {
        let mesh = mesh(
            "version: 1.31.0, revision: blue, rootNamespace: istio-a, cni: true, ambient: true, tags: [prod], \
             images: {hub: registry.example/istio}, clusters: [{name: one, network: net}], \
             values: {istiod: {autoscaleEnabled: false, env: {A: b}, pilot: {traceSampling: 1}, telemetry: {enabled: false}}, cni: {excludeNamespaces: [x]}}",
        );
        let stages = stages(&[&mesh]);
        let objects: Vec<_> = stages.into_iter().flat_map(|stage| stage.objects).collect();
        let specs: Vec<_> = objects.iter().map(|object| &object["spec"]).collect();

        assert_eq!(
            *specs[0],
            json!({
                "version": "v1.31.0", "namespace": "istio-a", "profile": "ambient",
                "values": {"cni": {"excludeNamespaces": ["x"]}, "global": {"hub": "registry.example/istio"}},
            })
        );
        assert_eq!(
            *specs[1],
            json!({
                "version": "v1.31.0", "namespace": "istio-a", "profile": "ambient", "updateStrategy": {"type": "InPlace"},
                "values": {
                    "global": {
                        "istioNamespace": "istio-a", "hub": "registry.example/istio", "meshID": "shop", "network": "net",
                        "multiCluster": {"clusterName": "one"},
                    },
                    "pilot": {"autoscaleEnabled": false, "env": {"A": "b"}, "traceSampling": 1, "cni": {"enabled": true}},
                    "telemetry": {"enabled": false},
                },
            })
        );
        assert_eq!(
            *specs[2],
            json!({
                "version": "v1.31.0", "namespace": "istio-a",
                "values": {"ztunnel": {
                    "hub": "registry.example/istio", "istioNamespace": "istio-a", "network": "net", "revision": "blue",
                    "multiCluster": {"clusterName": "one"},
                }},
            })
        );
        assert_eq!(
            *specs[3],
            json!({"targetRef": {"kind": "Istio", "name": "blue"}})
        );
    }
}
