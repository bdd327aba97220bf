//! What is known of a cluster.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::adopt::Found;
use super::super::read::Kind;
use super::super::serving::Serving;

/// What was read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Facts {
    /// The API server's address.
    pub(crate) server: String,
    /// Its version, for example `v1.34.4`.
    pub(crate) version: String,
    /// By how many seconds its clock is ahead of ours.
    pub(crate) skew: Option<i64>,
    /// What we may not do.
    pub(crate) lacking: Vec<Lack>,
    /// Every Istio that was found, or why nobody could look.
    pub(crate) meshes: Result<Vec<Found>, String>,
    /// Whether a metrics API is served.
    pub(crate) metrics: bool,
    /// Those of its istiods that look at some namespaces only, by namespace and name.
    pub(crate) selecting: BTreeSet<(String, String)>,
    /// Whether the istiods of the mesh serve, where it is there already, or why nobody could look.
    pub(crate) serving: Option<Result<Serving, String>>,
    /// Objects by the plural of their kind, or why they could not be read.
    pub(crate) lists: BTreeMap<&'static str, Result<Vec<Value>, String>>,
}

/// Verbs on a kind that we may not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lack {
    /// For example `clusterroles.rbac.authorization.k8s.io`.
    pub(crate) resource: String,
    /// For which namespace; nothing for cluster-scoped kinds.
    pub(crate) namespace: Option<String>,
    /// For example `create`.
    pub(crate) verbs: Vec<&'static str>,
}

impl Facts {
    /// The objects of a kind, or why they could not be read.
    pub(crate) fn list(&self, kind: Kind) -> Result<&[Value], &str> {
        match self.lists.get(kind.plural) {
            Some(Ok(objects)) => Ok(objects),
            Some(Err(why)) => Err(why),
            None => Ok(&[]),
        }
    }
}
