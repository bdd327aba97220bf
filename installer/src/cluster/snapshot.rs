//! What is in a cluster of a set and of what is wanted, read in few requests.
//!
//! Members are listed by their label, kind by kind, in the namespaces that the inventory names; only what is wanted and is
//! no member is asked for by its name. Nothing is listed without a label, so that the size of the cluster does not count.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt};
use serde_json::Value;

use super::access::Cluster;
use super::discovery::{Kinds, Resource};
use super::error::ClusterError;
use super::inventory::{Inventory, PART_OF, Parent};
use super::object::{GroupKind, ObjectId};
use super::peek::{list, text};
use super::wanted::{Item, Mistake};
use crate::failure::Exit;

/// How many requests are under way at a time.
pub(crate) const AT_ONCE: usize = 16;

/// An object as it is.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// Where such objects are.
    pub(crate) resource: Resource,
    /// The object.
    pub(crate) object: Value,
}

impl Found {
    /// Whether it has been deleted and only waits for something before it goes.
    pub(crate) fn is_going(&self) -> bool {
        !text(&self.object, "/metadata/deletionTimestamp").is_empty()
    }

    /// What tells it from another object of the same name.
    pub(crate) fn uid(&self) -> &str {
        text(&self.object, "/metadata/uid")
    }

    /// Whether a controller made it: it goes with what it was made for.
    pub(crate) fn is_made(&self) -> bool {
        list(&self.object, "/metadata/ownerReferences")
            .iter()
            .any(|owner| owner.get("controller").and_then(Value::as_bool) == Some(true))
    }
}

/// What is there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    /// What the parent says; nothing when there is no parent yet.
    pub(crate) inventory: Option<Inventory>,
    /// The members of the set, and those of the wanted objects that exist.
    pub(crate) objects: BTreeMap<ObjectId, Found>,
    /// Those of the wanted objects' namespaces, and that of the parent, that exist and stay.
    pub(crate) namespaces: BTreeSet<String>,
}

/// A kind that may not be listed.
#[derive(Debug)]
pub(crate) struct Hidden {
    /// Which.
    pub(crate) kind: GroupKind,
    /// Where; nothing for everywhere.
    pub(crate) namespace: Option<String>,
    /// What the API server said.
    pub(crate) error: ClusterError,
}

impl Hidden {
    /// Whether an object is among those that are not seen.
    pub(crate) fn covers(&self, id: &ObjectId) -> bool {
        let here = self.namespace.is_none() || self.namespace == id.namespace;
        here && self.kind == id.group_kind()
    }
}

/// Why there is no snapshot.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The cluster does not tell.
    Cluster(ClusterError),
    /// The parent is not ours.
    Parent(Mistake),
}

impl From<ClusterError> for Trouble {
    fn from(error: ClusterError) -> Self {
        Self::Cluster(error)
    }
}

impl Snapshot {
    /// Whether an object is on its way out, by itself or with its namespace.
    pub(crate) fn is_going(&self, id: &ObjectId, found: &Found) -> bool {
        let namespace = id.namespace.as_ref();
        found.is_going() || namespace.is_some_and(|name| !self.namespaces.contains(name))
    }
}

/// Reads it. What may not be read is an error.
pub(crate) async fn read(
    cluster: &Cluster,
    kinds: &Kinds,
    parent: &Parent,
    items: &[Item],
) -> Result<Snapshot, Trouble> {
    let (snapshot, hidden) = Box::pin(readable(cluster, kinds, parent, items)).await?;
    match hidden.into_iter().next() {
        Some(Hidden { error, .. }) => Err(error.into()),
        None => Ok(snapshot),
    }
}

/// Reads what may be read of it.
pub(crate) async fn readable(
    cluster: &Cluster,
    kinds: &Kinds,
    parent: &Parent,
    items: &[Item],
) -> Result<(Snapshot, Vec<Hidden>), Trouble> {
    let found = cluster.read(&Parent::resource(), &parent.id()).await?;
    let inventory = found
        .map(|object| Inventory::read(parent, &object))
        .transpose()
        .map_err(|text| {
            let mistake = Mistake::new(parent.id(), text);
            Trouble::Parent(mistake.exiting(Exit::Failure))
        })?;
    let recorded = inventory.clone().unwrap_or_default();
    let unsure = recorded.kinds.iter().find(|kind| kinds.is_unsure(kind));
    if let Some(kind) = unsure {
        return Err(Trouble::Parent(silent(parent, kind)));
    }
    let places = places(kinds, items, &recorded);
    let (mut objects, hidden) = members(cluster, &parent.set(), &places).await?;
    let missing: Vec<_> = items
        .iter()
        .filter(|item| item.resource.served && !objects.contains_key(&item.id))
        .map(|item| (item.id.clone(), item.resource.clone()))
        .collect();
    let namespaces = items
        .iter()
        .filter_map(|item| item.id.namespace.as_deref())
        .chain([parent.namespace.as_str()]);
    let (read, namespaces) = tokio::try_join!(
        named(cluster, missing),
        existing(cluster, namespaces.collect())
    )?;
    objects.extend(read);
    let snapshot = Snapshot {
        inventory,
        objects,
        namespaces,
    };
    Ok((snapshot, hidden))
}

/// Members that nobody can list now must not be forgotten.
fn silent(parent: &Parent, kind: &GroupKind) -> Mistake {
    let text = format!(
        "it may have members of kind {kind}, and the API server cannot say: the server of the API group {} does not answer; wait until \
         `kubectl get apiservices` shows it Available, or delete its APIService if it is gone for good",
        kind.group
    );
    Mistake::new(parent.id(), text).exiting(Exit::Unreachable)
}

/// Where members may be: each kind with its namespaces. What is wanted is read in the version that it is written in.
fn places(kinds: &Kinds, items: &[Item], inventory: &Inventory) -> Vec<(Resource, Option<String>)> {
    let wanted: BTreeMap<GroupKind, &Resource> = items
        .iter()
        .map(|item| (item.id.group_kind(), &item.resource))
        .collect();
    let mut places = Vec::new();
    for kind in &inventory.kinds {
        let resource = wanted.get(kind).copied().or_else(|| kinds.preferred(kind));
        match resource.filter(|resource| resource.served) {
            Some(resource) if resource.namespaced => {
                let namespaces = inventory.namespaces.iter();
                places.extend(
                    namespaces.map(|namespace| (resource.clone(), Some(namespace.clone()))),
                );
            }
            Some(resource) => places.push((resource.clone(), None)),
            // What is not served any more has no objects.
            None => {}
        }
    }
    places
}

async fn members(
    cluster: &Cluster,
    set: &str,
    places: &[(Resource, Option<String>)],
) -> Result<(BTreeMap<ObjectId, Found>, Vec<Hidden>), ClusterError> {
    let label = format!("{PART_OF}={set}");
    let label = &label;
    let asked = places.iter().map(|(resource, namespace)| async move {
        let objects = cluster.select(resource, namespace.as_deref(), label, "");
        (resource, namespace, objects.await)
    });
    let mut lists = futures_util::stream::iter(asked).buffer_unordered(AT_ONCE);
    let mut found = BTreeMap::new();
    let mut hidden = Vec::new();
    while let Some((resource, namespace, objects)) = lists.next().await {
        match objects {
            Ok(objects) => found.extend(objects.into_iter().filter_map(|object| {
                let id = ObjectId::of(&object)?;
                let resource = resource.clone();
                Some((id, Found { resource, object }))
            })),
            Err(error) if error.is_forbidden() => hidden.push(Hidden {
                kind: GroupKind {
                    group: resource.group.clone(),
                    kind: resource.kind.clone(),
                },
                namespace: namespace.clone(),
                error,
            }),
            Err(error) => return Err(error),
        }
    }
    Ok((found, hidden))
}

async fn named(
    cluster: &Cluster,
    wanted: Vec<(ObjectId, Resource)>,
) -> Result<Vec<(ObjectId, Found)>, ClusterError> {
    let asked = wanted.into_iter().map(|(id, resource)| async move {
        let object = cluster.read(&resource, &id).await?;
        Ok::<_, ClusterError>(object.map(|object| (id, Found { resource, object })))
    });
    futures_util::stream::iter(asked)
        .buffer_unordered(AT_ONCE)
        .try_filter_map(|found| std::future::ready(Ok(found)))
        .try_collect()
        .await
}

async fn existing(
    cluster: &Cluster,
    names: BTreeSet<&str>,
) -> Result<BTreeSet<String>, ClusterError> {
    let wanted = names.into_iter().map(namespace).collect();
    let found = named(cluster, wanted).await?;
    let staying = found.into_iter().filter(|(_, found)| !found.is_going());
    Ok(staying.map(|(id, _)| id.name).collect())
}

/// A namespace as an object.
pub(crate) fn namespace(name: &str) -> (ObjectId, Resource) {
    let id = ObjectId {
        group: String::new(),
        version: "v1".to_owned(),
        kind: "Namespace".to_owned(),
        namespace: None,
        name: name.to_owned(),
    };
    let resource = Resource {
        namespaced: false,
        ..Resource::core("Namespace", "namespaces")
    };
    (id, resource)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_not_be_listed_is_not_missing() {
        let hidden = |namespace: Option<&str>| Hidden {
            kind: GroupKind {
                group: String::new(),
                kind: "Secret".to_owned(),
            },
            namespace: namespace.map(str::to_owned),
            error: ClusterError::TooOld {
                server: String::new(),
            },
        };
        let id = |kind: &str, namespace: &str| {
            let object = serde_json::json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "x", "namespace": namespace}});
            ObjectId::of(&object).unwrap()
        };
        let cases = [
            (None, "Secret", "a", true),
            (Some("a"), "Secret", "a", true),
            (Some("b"), "Secret", "a", false),
            (None, "Service", "a", false),
        ];
        for (namespace, kind, place, wanted) in cases {
            let covered = hidden(namespace).covers(&id(kind, place));
            assert_eq!(covered, wanted, "{namespace:?} {kind} {place}");
        }
    }
}
