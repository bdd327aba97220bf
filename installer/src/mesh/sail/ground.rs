//! Whether a cluster can take the operator's resources as they are wanted, looked at before anything is written: what the
//! definitions there are know, and whom the resources of the same names belong to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::definition::Definition;
use super::objects::{CNI, ISTIO, ZTUNNEL};
use super::{GROUP, VERSION};
use crate::cluster::access::Cluster;
use crate::cluster::discovery::{Kinds, Resource};
use crate::cluster::engine::EngineError;
use crate::cluster::error::ClusterError;
use crate::cluster::object::ObjectId;
use crate::cluster::peek::{label, text};
use crate::cluster::wanted::{MESH, Mistake, Wanted};
use crate::failure::Exit;

/// What to do where there is no operator.
pub(crate) const INSTALL: &str = "install the Sail operator (helm repo https://istio-ecosystem.github.io/sail-operator, or OLM), or write engine: charts";

/// What a cluster has of the operator.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ground {
    /// The definitions that are served, by kind.
    pub(crate) definitions: BTreeMap<String, Definition>,
    /// What there is already of what is wanted.
    pub(crate) found: Vec<Value>,
}

impl Ground {
    /// Everything that is in the way of these objects of a mesh.
    pub(crate) fn mistakes(&self, mesh: &str, objects: &[&Value]) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        let mut missing = BTreeSet::new();
        for object in objects {
            let (kind, name) = (text(object, "/kind"), text(object, "/metadata/name"));
            let place = format!("{kind} {name}");
            let Some(definition) = self.definitions.get(kind) else {
                missing.insert(kind);
                continue;
            };
            if let Some(words) = definition.refuses(text(object, "/spec/version")) {
                let words = format!("spec.version: {words}");
                mistakes.push(Mistake::new(&place, words));
            }
            mistakes.extend(definition.lost(object).into_iter().map(|path| {
                let words = format!(
                    "{path}: the installed Sail operator has no such field, and the API server would drop it: leave it out of the mesh file, \
                     upgrade the operator, or write engine: charts"
                );
                Mistake::new(&place, words)
            }));
        }
        mistakes.extend(self.found.iter().filter_map(|one| foreign(mesh, one)));
        if !missing.is_empty() {
            let kinds: Vec<_> = missing.into_iter().collect();
            let words = format!(
                "it is sail, and the cluster does not serve {} of {GROUP}/{VERSION}: {INSTALL}",
                kinds.join(", ")
            );
            mistakes.insert(0, Mistake::new("spec.engine", words).exiting(Exit::Failure));
        }
        mistakes
    }
}

/// Somebody else's resource of the same name is not taken over.
fn foreign(mesh: &str, object: &Value) -> Option<Mistake> {
    let owner = label(object, MESH);
    if owner == Some(mesh) {
        return None;
    }
    let whose = owner.map_or_else(
        || "it is there, and weft did not make it".to_owned(),
        |owner| format!("it is there, and belongs to mesh {owner}"),
    );
    let remedy = match text(object, "/kind") {
        CNI => {
            "there is one node agent in a cluster: leave cni out, and say values.istiod.cni.enabled: true to use that one"
        }
        ZTUNNEL => "there is one ztunnel in a cluster: only one of its meshes can be ambient",
        ISTIO => {
            "name another spec.revision, or let whoever made it take it away; `weft mesh adopt` records what it installed"
        }
        _ => "choose another tag, or let whoever made it take it away",
    };
    let place = format!(
        "{} {}",
        text(object, "/kind"),
        text(object, "/metadata/name")
    );
    Some(Mistake::new(place, format!("{whose}: {remedy}")).exiting(Exit::Failure))
}

/// The operator's objects among what is wanted.
pub(crate) fn objects(wanted: &Wanted) -> Vec<&Value> {
    let group = format!("{GROUP}/");
    let all = wanted.stages.iter().flat_map(|stage| &stage.objects);
    all.filter(|object| text(object, "/apiVersion").starts_with(&group))
        .collect()
}

/// Refuses what cannot be, all of it at once.
pub(crate) async fn check(
    cluster: &Cluster,
    kinds: &Kinds,
    mesh: &str,
    wanted: &Wanted,
) -> Result<(), EngineError> {
    let objects = objects(wanted);
    let ground = look(cluster, kinds, &objects).await?;
    let mistakes = ground.mistakes(mesh, &objects);
    if mistakes.is_empty() {
        return Ok(());
    }
    Err(EngineError::Mistakes(mistakes))
}

/// Reads the definitions of the kinds that are wanted, and what there is of them.
async fn look(
    cluster: &Cluster,
    kinds: &Kinds,
    objects: &[&Value],
) -> Result<Ground, ClusterError> {
    let mut ground = Ground::default();
    for object in objects {
        let Some(id) = ObjectId::of(object) else {
            continue;
        };
        let Some(resource) = kinds.find(&id).filter(|resource| resource.served) else {
            continue;
        };
        if !ground.definitions.contains_key(&id.kind) {
            let found = definition(cluster, &resource.plural).await?;
            ground
                .definitions
                .extend(found.map(|definition| (id.kind.clone(), definition)));
        }
        ground.found.extend(cluster.read(resource, &id).await?);
    }
    Ok(ground)
}

/// The definition of a kind, if it is served.
pub(crate) async fn definition(
    cluster: &Cluster,
    plural: &str,
) -> Result<Option<Definition>, ClusterError> {
    let id = ObjectId {
        group: "apiextensions.k8s.io".to_owned(),
        version: "v1".to_owned(),
        kind: "CustomResourceDefinition".to_owned(),
        namespace: None,
        name: format!("{plural}.{GROUP}"),
    };
    let resource = Resource {
        group: id.group.clone(),
        namespaced: false,
        ..Resource::core(&id.kind, "customresourcedefinitions")
    };
    let found = cluster.read(&resource, &id).await?;
    Ok(found.and_then(|found| Definition::of(&found, VERSION)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ground(found: Vec<Value>) -> Ground {
        let schema = json!({"properties": {"spec": {"properties": {
            "version": {"enum": ["v1.31.0"]},
            "values": {"properties": {"global": {"properties": {}}}},
        }}}});
        let definition = json!({"spec": {"versions": [{"name": "v1", "served": true, "schema": {"openAPIV3Schema": schema}}]}});
        let definition = Definition::of(&definition, "v1").unwrap();
        Ground {
            definitions: [(ISTIO.to_owned(), definition)].into(),
            found,
        }
    }

    fn istio(spec: &Value) -> Value {
        json!({"apiVersion": "sailoperator.io/v1", "kind": "Istio", "metadata": {"name": "default"}, "spec": spec})
    }

    #[test]
    fn all_that_is_in_the_way_is_told_at_once() {
        let wanted = [
            istio(
                &json!({"version": "v1.31.7", "values": {"global": {"mistyped": 1}, "nowhere": 2}}),
            ),
            json!({"kind": "IstioCNI", "metadata": {"name": "default"}}),
        ];
        let foreign = json!({"kind": "IstioCNI", "metadata": {"name": "default", "labels": {"weft.dev/mesh": "other"}}});
        let ours = json!({"kind": "Istio", "metadata": {"name": "default", "labels": {"weft.dev/mesh": "shop"}}});
        let wanted: Vec<_> = wanted.iter().collect();
        let said = ground(vec![foreign, ours]).mistakes("shop", &wanted);
        let said: Vec<_> = said.iter().map(ToString::to_string).collect();
        let words = [
            "spec.engine: it is sail, and the cluster does not serve IstioCNI of sailoperator.io/v1: install",
            "Istio default: spec.version: the installed Sail operator does not know v1.31.7; the nearest that it knows: v1.31.0",
            "Istio default: spec.values.global.mistyped: the installed Sail operator has no such field",
            "Istio default: spec.values.nowhere: ",
            "IstioCNI default: it is there, and belongs to mesh other: there is one node agent",
        ];
        assert_eq!(said.len(), words.len(), "{said:#?}");
        for (said, words) in said.iter().zip(words) {
            assert!(said.starts_with(words), "{said}");
        }
    }

    #[test]
    fn what_weft_did_not_make_is_not_taken_over() {
        let fits = istio(&json!({"version": "v1.31.0"}));
        let free = ground(vec![]).mistakes("shop", &[&fits]);
        assert_eq!(free, []);
        let taken = ground(vec![fits.clone()]).mistakes("shop", &[&fits]);
        let said: Vec<_> = taken.iter().map(ToString::to_string).collect();
        assert!(
            said.len() == 1 && said[0].contains("weft did not make it: name another spec.revision"),
            "{said:?}"
        );
    }
}
