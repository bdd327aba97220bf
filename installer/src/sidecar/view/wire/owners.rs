//! Whose a pod is, where the mesh declares kinds of workloads: their controllers own pods themselves, or through sets.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::{Kind, WorkloadName};
use super::{Meta, Owner};

/// Which kinds the mesh declares, and who owns the sets of pods that stand between a workload of theirs and its pods.
#[derive(Clone, Debug, Default)]
pub(crate) struct Owners {
    kinds: Vec<Kind>,
    /// By namespace, kind and name of the set.
    sets: BTreeMap<(String, &'static str, String), WorkloadName>,
}

/// A set of pods, of which only the owner matters.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SetObject {
    metadata: Meta,
}

impl Owners {
    /// The kinds alone.
    pub(crate) fn new(kinds: &[Kind]) -> Self {
        Self {
            kinds: kinds.to_vec(),
            sets: BTreeMap::new(),
        }
    }

    /// The same with sets of one kind.
    pub(crate) fn with(mut self, kind: &'static str, sets: Vec<SetObject>) -> Self {
        for SetObject { metadata } in sets {
            let owner = metadata.controller();
            if let Some(name) = owner.and_then(|owner| self.own(&metadata.namespace, owner)) {
                let set = (metadata.namespace, kind, metadata.name);
                self.sets.insert(set, name);
            }
        }
        self
    }

    /// The workload of a declared kind that is meant by a pod's controller.
    pub(super) fn declared(&self, namespace: &str, owner: &Owner) -> Option<WorkloadName> {
        self.own(namespace, owner).or_else(|| {
            let (kind, _) = SETS.into_iter().find(|(kind, _)| *kind == owner.kind)?;
            let set = (namespace.to_owned(), kind, owner.name.clone());
            self.sets.get(&set).cloned()
        })
    }

    /// The version does not matter: the same object is served in several.
    fn own(&self, namespace: &str, owner: &Owner) -> Option<WorkloadName> {
        let (group, _) = owner.api_version.split_once('/')?;
        let mut kinds = self.kinds.iter();
        let kind = kinds.find(|kind| kind.word() == owner.kind && kind.api().0 == group)?;
        Some(WorkloadName {
            namespace: namespace.to_owned(),
            kind: *kind,
            name: owner.name.clone(),
        })
    }
}

/// The kinds of such sets, and the collections that have them.
pub(crate) const SETS: [(&str, (&str, &str)); 2] = [
    ("ReplicaSet", ("apps/v1", "replicasets")),
    ("ReplicationController", ("v1", "replicationcontrollers")),
];
