//! Other meshes of the same cluster. What there is one of for the whole cluster is the first one's: the webhook that validates
//! where no revision is named, and definitions, which are those of the newest Istio.

mod twin;

use serde_json::{Value, json};

use crate::cluster::access::Cluster;
use crate::cluster::discovery::Resource;
use crate::cluster::object::ObjectId;
use crate::cluster::order::is_definition;
use crate::cluster::peek::label;
use crate::cluster::wanted::Wanted;
use crate::failure::{Exit, Failure};
use crate::mesh::preflight::others::{OWN_REVISION, same_revision};
use crate::mesh::record::{self, MESH_LABEL, MeshRecord, Mode};
use crate::mesh::sail;
use crate::mesh::spec::Mesh;
use crate::mesh::upgrade::state::revision;
use crate::mesh::version::IstioVersion;

/// The webhook of the chart base, whose name no revision is a part of.
const VALIDATOR: &str = "istiod-default-validator";
/// The name of what the chart of the CNI plugin writes for the whole cluster.
const PLUGIN: &str = "istio-cni";
const DEFAULT: &str = "defaultRevision";

/// What others have already.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// Whose the default validator is.
    validator: Option<String>,
    /// The mesh with the newest Istio.
    newest: Option<(String, IstioVersion)>,
}

/// Looks for them.
pub(super) async fn look(cluster: &Cluster, mesh: &Mesh) -> Result<Beside, Failure> {
    let records = record::all(cluster).await?;
    Ok(Beside {
        validator: owner(cluster, mesh).await?,
        newest: newest(&records, mesh),
    })
}

/// A file that asks for what another mesh has.
pub(super) async fn check(
    cluster: &Cluster,
    records: &[MeshRecord],
    mesh: &Mesh,
    is_new: bool,
) -> Result<(), Failure> {
    if is_new && let Some(owner) = twin::of(cluster, records, mesh).await? {
        let text = format!("{}: {OWN_REVISION}", same_revision(revision(mesh), &owner));
        return Err(Failure::text(Exit::BadInput, text));
    }
    if let Some(text) = agents(cluster, mesh).await? {
        return Err(Failure::text(Exit::BadInput, text));
    }
    let said = mesh.spec.values.as_ref();
    let said = said.and_then(|values| values.base.get(DEFAULT));
    let Some(said) = said.filter(|said| **said != json!("")) else {
        return Ok(());
    };
    let Some(owner) = owner(cluster, mesh).await? else {
        return Ok(());
    };
    let text = format!(
        "/spec/values/base/{DEFAULT}: {said}: which control plane validates by default is one for the whole cluster, and {owner} has it (ValidatingWebhookConfiguration {VALIDATOR}): leave the value out, or take it away there first, with \"\""
    );
    Err(Failure::text(Exit::BadInput, text))
}

/// Another mesh has the node agents, whose names are the same for every mesh. What the Sail operator is to make is looked at with its
/// resources.
async fn agents(cluster: &Cluster, mesh: &Mesh) -> Result<Option<String>, Failure> {
    if !mesh.has_cni() || sail::installs(mesh) {
        return Ok(None);
    }
    let id = ObjectId {
        group: "rbac.authorization.k8s.io".to_owned(),
        version: "v1".to_owned(),
        kind: "ClusterRole".to_owned(),
        namespace: None,
        name: PLUGIN.to_owned(),
    };
    let resource = Resource {
        group: id.group.clone(),
        namespaced: false,
        ..Resource::core(&id.kind, "clusterroles")
    };
    let found = cluster.read(&resource, &id).await?;
    Ok(found.and_then(|role| taken(&role, mesh)))
}

/// Why this mesh cannot have the node agents, where another mesh has them.
fn taken(role: &Value, mesh: &Mesh) -> Option<String> {
    let owner = label(role, MESH_LABEL).filter(|owner| *owner != mesh.metadata.name)?;
    let (field, why) = if mesh.spec.ambient {
        ("ambient", "one mesh of a cluster can be ambient")
    } else {
        ("cni", "a cluster has one")
    };
    Some(format!(
        "/spec/{field}: Istio's CNI plugin is that of mesh {owner} (ClusterRole {PLUGIN}), and {why}: leave spec.{field} out, and say values.istiod.cni.enabled: true to use that plugin"
    ))
}

/// Whose the default validator is, in words; nothing where it is this mesh's, or nobody's.
async fn owner(cluster: &Cluster, mesh: &Mesh) -> Result<Option<String>, Failure> {
    let resource = Resource {
        group: "admissionregistration.k8s.io".to_owned(),
        version: "v1".to_owned(),
        kind: "ValidatingWebhookConfiguration".to_owned(),
        plural: "validatingwebhookconfigurations".to_owned(),
        namespaced: false,
        served: true,
    };
    let id = ObjectId {
        group: resource.group.clone(),
        version: resource.version.clone(),
        kind: resource.kind.clone(),
        namespace: None,
        name: VALIDATOR.to_owned(),
    };
    let found = cluster.read(&resource, &id).await?;
    // One that carries no name of a mesh may be what an old installation left behind: that is for preflight to tell.
    let owner = found.as_ref().and_then(|object| label(object, MESH_LABEL));
    Ok(owner
        .filter(|owner| *owner != mesh.metadata.name)
        .map(|owner| format!("mesh {owner}")))
}

fn newest(records: &[MeshRecord], mesh: &Mesh) -> Option<(String, IstioVersion)> {
    records
        .iter()
        .filter(|record| record.name != mesh.metadata.name && record.state.mode == Mode::Dedicated)
        .filter_map(|record| {
            let version: IstioVersion = record.state.version.as_ref()?.parse().ok()?;
            Some((record.name.clone(), version))
        })
        .max_by(|(_, one), (_, other)| order(one).cmp(&order(other)))
}

fn order(version: &IstioVersion) -> impl Ord + use<> {
    (version.release(), version.patch.clone())
}

impl Beside {
    /// The mesh as it can be beside the others.
    pub(super) fn fitted(&self, mesh: &Mesh) -> Mesh {
        let mut mesh = mesh.clone();
        if self.validator.is_some() {
            let values = mesh.spec.values.get_or_insert_default();
            values.base.insert(DEFAULT.to_owned(), Value::from(""));
        }
        mesh
    }

    /// Leaves definitions alone that a newer Istio brought: older control planes read newer ones, and not the other way round.
    pub(super) fn leave_definitions(&self, wanted: &mut Wanted, version: &IstioVersion) {
        if self.newer(version).is_none() {
            return;
        }
        for stage in &mut wanted.stages {
            stage
                .objects
                .retain(|object| !ObjectId::of(object).is_some_and(|id| is_definition(&id)));
        }
    }

    fn newer(&self, version: &IstioVersion) -> Option<&(String, IstioVersion)> {
        self.newest
            .as_ref()
            .filter(|(_, newest)| order(newest) > order(version))
    }

    /// What is left to others.
    pub(super) fn words(&self, version: &IstioVersion) -> Vec<String> {
        let validator = self.validator.as_ref().map(|owner| {
            format!("{owner} validates by default ({VALIDATOR}): that is left to it, and this mesh validates what carries its revision")
        });
        let definitions = self.newer(version).map(|(name, newest)| {
            format!("mesh {name} has Istio {newest}: its custom resource definitions are newer, and stay")
        });
        validator.into_iter().chain(definitions).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::inventory::Parent;
    use crate::cluster::wanted::Stage;
    use crate::mesh::spec::document::parse;
    use crate::mesh::spec::read::read;
    use crate::mesh::values::{Component, values};

    #[test]
    fn what_is_one_for_all_is_left_to_the_first() {
        let text = b"apiVersion: weft.dev/v1\nkind: Mesh\nmetadata: {name: shop}\nspec: {version: 1.31.0, revision: blue}\n";
        let mesh = read(parse(text).unwrap(), &[]).unwrap();
        let base =
            |beside: &Beside| values(&beside.fitted(&mesh), Component::Base)[DEFAULT].clone();
        let alone = Beside::default();
        assert_eq!(base(&alone), "blue");
        let beside = Beside {
            validator: Some("mesh first".to_owned()),
            newest: Some(("first".to_owned(), "1.31.1".parse().unwrap())),
        };
        assert_eq!(base(&beside), "");
        for (version, kinds, told) in [
            ("1.31.0", &["Service"][..], 2),
            ("1.31.1", &["CustomResourceDefinition", "Service"], 1),
        ] {
            let version = version.parse().unwrap();
            let mut wanted = wanted();
            beside.leave_definitions(&mut wanted, &version);
            let left: Vec<_> = wanted.stages[0]
                .objects
                .iter()
                .map(|one| &one["kind"])
                .collect();
            assert_eq!(left, kinds);
            assert_eq!(beside.words(&version).len(), told);
        }
    }

    #[test]
    fn a_second_mesh_uses_the_node_agents_of_the_first() {
        let mesh = |spec: &str| {
            let text = format!(
                "apiVersion: weft.dev/v1\nkind: Mesh\nmetadata: {{name: shop}}\nspec: {{version: 1.31.0, {spec}}}\n"
            );
            read(parse(text.as_bytes()).unwrap(), &[]).unwrap()
        };
        let role = |mesh: Option<&str>| json!({"metadata": {"name": "istio-cni", "labels": {"weft.dev/mesh": mesh}}});
        for (spec, owner, wanted) in [
            ("cni: true", Some("shop"), None),
            ("cni: true", None, None),
            (
                "cni: true",
                Some("first"),
                Some(
                    "/spec/cni: Istio's CNI plugin is that of mesh first (ClusterRole istio-cni), and a cluster has one: leave spec.cni out",
                ),
            ),
            (
                "ambient: true",
                Some("first"),
                Some("/spec/ambient: Istio's CNI plugin is that of mesh first"),
            ),
        ] {
            let told = taken(&role(owner), &mesh(spec));
            match (&told, wanted) {
                (None, None) => {}
                (Some(told), Some(wanted)) => assert!(told.starts_with(wanted), "{told}"),
                _ => panic!("{spec} {owner:?}: {told:?}"),
            }
        }
    }

    fn wanted() -> Wanted {
        let object = |api: &str, kind: &str| json!({"apiVersion": api, "kind": kind, "metadata": {"name": "a"}});
        Wanted {
            parent: Parent {
                namespace: "a".to_owned(),
                name: "a".to_owned(),
            },
            mesh: None,
            namespace: "a".to_owned(),
            stages: vec![Stage {
                component: "base".to_owned(),
                objects: vec![
                    object("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
                    object("v1", "Service"),
                ],
            }],
        }
    }
}
