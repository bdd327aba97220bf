//! What is read of a cluster to find the Istio in it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::read::{self, DAEMON_SETS, DEPLOYMENTS, Kind, MUTATING, VALIDATING, core};
use super::helm::{self, Release};
use super::installer::release_of;
use crate::cluster::access::Cluster;
use crate::cluster::error::ClusterError;

const SECRETS: Kind = core("Secret", "secrets");
const CONFIG_MAPS: Kind = core("ConfigMap", "configmaps");

/// Objects as they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Snapshot {
    /// istiods and gateways.
    pub(crate) deployments: Vec<Value>,
    /// CNI plugins and node proxies.
    pub(crate) daemon_sets: Vec<Value>,
    /// Injectors.
    pub(crate) mutating: Vec<Value>,
    /// Validators.
    pub(crate) validating: Vec<Value>,
    /// The mesh configuration of each istiod.
    pub(crate) configs: Vec<Value>,
    /// The releases that some of these objects belong to.
    pub(crate) releases: Vec<Release>,
    /// What could not be read, and why.
    pub(crate) unread: Vec<String>,
}

/// Reads them. Without istiods there is nothing to say; whatever else may not be read is only a gap.
pub(crate) async fn take(cluster: &Cluster) -> Result<Snapshot, ClusterError> {
    let mut snapshot = Snapshot {
        deployments: read::all(cluster, DEPLOYMENTS, None, "istio").await?,
        ..Snapshot::default()
    };
    let gaps = &mut snapshot.unread;
    let managed = read::all(cluster, DEPLOYMENTS, None, "gateway.istio.io/managed").await;
    snapshot.deployments.extend(or_gap(managed, gaps)?);
    for (kind, labels, place) in [
        (DAEMON_SETS, "", &mut snapshot.daemon_sets),
        (MUTATING, "istio.io/rev", &mut snapshot.mutating),
        (VALIDATING, "", &mut snapshot.validating),
    ] {
        *place = or_gap(read::all(cluster, kind, None, labels).await, gaps)?;
    }
    let homes: BTreeSet<_> = snapshot
        .deployments
        .iter()
        .filter(|one| read::label(one, "app") == Some("istiod"))
        .map(|one| read::namespace(one).to_owned())
        .collect();
    for home in homes {
        let found = read::all(cluster, CONFIG_MAPS, Some(&home), "").await;
        let found = or_gap(found, gaps)?;
        let configs = found.into_iter().filter(|one| {
            let name = read::name(one);
            name == "istio" || name.starts_with("istio-")
        });
        snapshot.configs.extend(configs);
    }
    let (releases, gaps) = releases(cluster, &snapshot).await?;
    snapshot.releases = releases;
    snapshot.unread.extend(gaps);
    Ok(snapshot)
}

/// Only the releases that an object names: a cluster may have thousands, of a megabyte each.
async fn releases(
    cluster: &Cluster,
    snapshot: &Snapshot,
) -> Result<(Vec<Release>, Vec<String>), ClusterError> {
    let objects = snapshot.deployments.iter().chain(&snapshot.daemon_sets);
    let named: BTreeSet<_> = objects
        .filter(|object| {
            read::label(object, "istio").is_some()
                || read::label(object, "k8s-app") == Some("istio-cni-node")
                || read::label(object, "app") == Some("ztunnel")
        })
        .filter_map(release_of)
        .collect();
    let mut found = Vec::new();
    let mut gaps = Vec::new();
    for (namespace, name) in named {
        let labels = format!("owner=helm,name={name},status=deployed");
        let secrets = read::all(cluster, SECRETS, Some(namespace), &labels).await;
        for secret in or_gap(secrets, &mut gaps)? {
            match helm::release(&secret) {
                Ok(release) => found.push(release),
                Err(why) => gaps.push(format!(
                    "cannot read Helm release {namespace}/{name}: {why}"
                )),
            }
        }
    }
    Ok((found, gaps))
}

fn or_gap(
    found: Result<Vec<Value>, ClusterError>,
    gaps: &mut Vec<String>,
) -> Result<Vec<Value>, ClusterError> {
    match found {
        Err(error) if error.is_forbidden() => {
            gaps.push(error.to_string());
            Ok(Vec::new())
        }
        found => found,
    }
}
