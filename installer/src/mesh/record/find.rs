//! Which mesh, and which namespace, a command means.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::ListParams;

use super::{MESH_LABEL, MeshRecord, RecordError};
use crate::cluster::access::Cluster;
use crate::cluster::error::ClusterError;
use crate::failure::{Exit, Failure};

/// Where an Istio is when nobody says so.
pub(crate) const DEFAULT_ROOT: &str = "istio-system";

/// Why no mesh can be chosen.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum Unclear {
    /// There is none.
    #[error(
        "no mesh is recorded in this cluster: `weft mesh create` installs one, `weft mesh adopt` records one that is there"
    )]
    None,
    /// There is none of that name.
    #[error("there is no mesh {name:?}; recorded are: {}", others.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
        /// Those that there are.
        others: Vec<String>,
    },
    /// There are several.
    #[error("there are several meshes: say which with --mesh: {}", .0.join(", "))]
    Several(Vec<String>),
}

impl Unclear {
    /// Whether there is no such mesh.
    pub(crate) const fn is_nobody(&self) -> bool {
        matches!(self, Self::None | Self::Unknown { .. })
    }
}

impl From<Unclear> for Failure {
    fn from(unclear: Unclear) -> Self {
        let exit = match unclear {
            Unclear::None => Exit::Failure,
            Unclear::Unknown { .. } | Unclear::Several(_) => Exit::Usage,
        };
        Self::new(exit, unclear)
    }
}

/// All of a root namespace, which may be all that somebody is allowed to read.
pub(crate) async fn of_root(
    cluster: &Cluster,
    root: &str,
) -> Result<Vec<Result<MeshRecord, RecordError>>, ClusterError> {
    let api: Api<ConfigMap> = Api::namespaced(cluster.client.clone(), root);
    let labels = format!("app.kubernetes.io/managed-by=weft,{MESH_LABEL}");
    let params = ListParams::default().labels(&labels);
    let what = format!("list the records of meshes in {root}");
    let found = cluster.call(&what, api.list(&params)).await?;
    Ok(found.items.iter().filter_map(MeshRecord::read).collect())
}

/// The mesh of that name, or the only one.
pub(crate) fn meant(records: Vec<MeshRecord>, name: Option<&str>) -> Result<MeshRecord, Unclear> {
    let names: Vec<_> = records
        .iter()
        .map(|record| format!("{} (in {})", record.name, record.root_namespace))
        .collect();
    let mut fitting: Vec<_> = records
        .into_iter()
        .filter(|record| name.is_none_or(|name| record.name == name))
        .collect();
    match (fitting.pop(), name) {
        (Some(record), _) if fitting.is_empty() => Ok(record),
        (Some(_), _) => Err(Unclear::Several(names)),
        (None, Some(name)) if !names.is_empty() => Err(Unclear::Unknown {
            name: name.to_owned(),
            others: names,
        }),
        (None, _) => Err(Unclear::None),
    }
}

/// The mesh that `--mesh` names, or the only one of the cluster.
pub(crate) async fn one(cluster: &Cluster, name: Option<&str>) -> Result<MeshRecord, Failure> {
    Ok(sought(cluster, name).await??)
}

/// The same, where it matters that there is none. The record of another mesh may be broken.
pub(crate) async fn sought(
    cluster: &Cluster,
    name: Option<&str>,
) -> Result<Result<MeshRecord, Unclear>, Failure> {
    let (mut good, mut broken) = (Vec::new(), Vec::new());
    for record in super::each(cluster).await? {
        match record {
            Ok(record) => good.push(record),
            Err(error) => broken.push(error),
        }
    }
    let is_there = name.is_some_and(|name| good.iter().any(|record| record.name == name));
    match broken.into_iter().next() {
        Some(error) if !is_there => Err(error.into()),
        _ => Ok(meant(good, name)),
    }
}

/// The root namespace that is meant: that of the mesh; without any record, the one that is named.
pub(crate) async fn home(
    cluster: &Cluster,
    mesh: Option<&str>,
    root: Option<&str>,
) -> Result<String, Failure> {
    if let (None, Some(root)) = (mesh, root) {
        return Ok(root.to_owned());
    }
    match meant(super::all(cluster).await?, mesh) {
        Ok(record) => Ok(record.root_namespace),
        Err(Unclear::None) if mesh.is_none() => Ok(DEFAULT_ROOT.to_owned()),
        Err(unclear) => Err(unclear.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{MeshState, Mode, Phase};
    use super::*;

    fn records(names: &[&str]) -> Vec<MeshRecord> {
        let record = |name: &&str| MeshRecord {
            name: (*name).to_owned(),
            root_namespace: format!("{name}-system"),
            spec: None,
            state: MeshState {
                mode: Mode::External,
                engine: None,
                phase: Phase::Succeeded,
                revision: None,
                version: None,
                previous_revision: None,
                previous_version: None,
                protected: false,
                adopted: None,
                workload_kinds: Vec::new(),
                upgrade: None,
            },
            resource_version: None,
        };
        names.iter().map(record).collect()
    }

    #[test]
    fn the_only_one_is_meant_and_several_are_listed() {
        let cases = [
            (
                vec![],
                None,
                "no mesh is recorded in this cluster: `weft mesh create` installs one, `weft mesh adopt` records one that is there",
            ),
            (
                vec![],
                Some("a"),
                "no mesh is recorded in this cluster: `weft mesh create` installs one, `weft mesh adopt` records one that is there",
            ),
            (vec!["a"], None, "a"),
            (vec!["a", "b"], Some("b"), "b"),
            (
                vec!["a", "b"],
                None,
                "there are several meshes: say which with --mesh: a (in a-system), b (in b-system)",
            ),
            (
                vec!["a", "b"],
                Some("c"),
                "there is no mesh \"c\"; recorded are: a (in a-system), b (in b-system)",
            ),
        ];
        for (names, name, wanted) in cases {
            let found = meant(records(&names), name);
            let found = found.map_or_else(|unclear| unclear.to_string(), |record| record.name);
            assert_eq!(found, wanted);
        }
    }
}
