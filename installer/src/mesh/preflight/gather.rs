//! Reads the facts. What may not be read is noted, and whatever depends on it is skipped.

use std::collections::{BTreeMap, BTreeSet};

use http_body_util::BodyExt as _;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::version::Info;
use k8s_openapi::jiff::{Timestamp, fmt::rfc2822};
use kube::Api;
use serde_json::Value;

use super::super::adopt::{Found, find, selecting, snapshot};
use super::super::read::{self, DEPLOYMENTS, Kind, MUTATING, SAIL, VALIDATING, core, of};
use super::super::serving::{self, Serving};
use super::facts::Facts;
use super::{Wish, access};
use crate::cluster::access::Cluster;
use crate::cluster::error::ClusterError;
use crate::cluster::readiness::sail::OPERATORS;
use crate::mesh::scaling::is_measured;

pub(super) use super::super::read::DAEMON_SETS;

pub(super) const NAMESPACES: Kind = core("Namespace", "namespaces");
pub(super) const NODES: Kind = core("Node", "nodes");
pub(super) use super::super::read::SERVICES;
pub(super) const SECRETS: Kind = core("Secret", "secrets");
pub(super) const QUOTAS: Kind = core("ResourceQuota", "resourcequotas");
pub(super) const LIMIT_RANGES: Kind = core("LimitRange", "limitranges");
pub(super) const STORAGE_CLASSES: Kind =
    of("storage.k8s.io", "v1", "StorageClass", "storageclasses");
pub(super) const ROLES: Kind = of(
    "rbac.authorization.k8s.io",
    "v1",
    "ClusterRole",
    "clusterroles",
);
pub(super) const DEFINITIONS: Kind = of(
    "apiextensions.k8s.io",
    "v1",
    "CustomResourceDefinition",
    "customresourcedefinitions",
);
/// Not all `ConfigMap`s: the one of Cilium.
pub(super) const CILIUM: Kind = core("ConfigMap", "cilium-config");

/// All that the checks look at.
pub(super) async fn facts(cluster: &Cluster, wish: &Wish) -> Result<Facts, ClusterError> {
    let (version, skew) = version(cluster).await?;
    let (meshes, selecting) = match snapshot::take(cluster).await {
        Ok(snapshot) => (Ok(find(&snapshot)), selecting(&snapshot)),
        Err(error) if error.is_forbidden() => (Err(error.to_string()), BTreeSet::new()),
        Err(error) => return Err(error),
    };
    let mut facts = Facts {
        server: cluster.server.clone(),
        version,
        skew,
        lacking: access::lacking(cluster, wish).await?,
        serving: serving(cluster, wish, &meshes).await?,
        meshes,
        metrics: is_measured(cluster).await?,
        selecting,
        lists: BTreeMap::new(),
    };
    let everywhere = [
        (NAMESPACES, ""),
        (NODES, ""),
        (SERVICES, ""),
        (QUOTAS, ""),
        (LIMIT_RANGES, ""),
        (STORAGE_CLASSES, ""),
        (MUTATING, ""),
        (VALIDATING, ""),
        (DAEMON_SETS, ""),
        (SAIL, ""),
        (DEPLOYMENTS, OPERATORS),
        (ROLES, "app in (istiod, istio-reader)"),
    ];
    for (kind, labels) in everywhere {
        note(
            &mut facts,
            kind,
            read::all(cluster, kind, None, labels).await,
        )?;
    }
    // The schemas in CRDs are megabytes that nothing here looks at.
    note(
        &mut facts,
        DEFINITIONS,
        read::metadata(cluster, DEFINITIONS).await,
    )?;
    let releases = read::all(
        cluster,
        SECRETS,
        Some(&wish.root_namespace),
        "owner=helm,status!=superseded",
    )
    .await;
    note(&mut facts, SECRETS, releases)?;
    note(&mut facts, CILIUM, cilium(cluster).await)?;
    Ok(facts)
}

/// Whether the istiods of the mesh that is meant serve.
async fn serving(
    cluster: &Cluster,
    wish: &Wish,
    meshes: &Result<Vec<Found>, String>,
) -> Result<Option<Result<Serving, String>>, ClusterError> {
    let root = &wish.root_namespace;
    let is_there = |meshes: &Vec<Found>| meshes.iter().any(|one| one.root_namespace == *root);
    let is_asked = wish.serves && wish.mesh.is_some();
    if !is_asked || !meshes.as_ref().is_ok_and(is_there) {
        return Ok(None);
    }
    match serving::look(cluster, root).await {
        Ok(serving) => Ok(Some(Ok(serving))),
        Err(error) if error.is_forbidden() => Ok(Some(Err(error.to_string()))),
        Err(error) => Err(error),
    }
}

fn note(
    facts: &mut Facts,
    kind: Kind,
    found: Result<Vec<Value>, ClusterError>,
) -> Result<(), ClusterError> {
    let found = match found {
        Ok(found) => Ok(found),
        Err(error) if error.is_forbidden() => Err(error.to_string()),
        Err(error) => return Err(error),
    };
    facts.lists.insert(kind.plural, found);
    Ok(())
}

async fn cilium(cluster: &Cluster) -> Result<Vec<Value>, ClusterError> {
    let api: Api<ConfigMap> = Api::namespaced(cluster.client.clone(), "kube-system");
    let found = cluster
        .call("read Cilium's configuration", api.get_opt("cilium-config"))
        .await?;
    Ok(found
        .and_then(|config| serde_json::to_value(config).ok())
        .into_iter()
        .collect())
}

/// The version, and by how many seconds the server's clock is ahead.
async fn version(cluster: &Cluster) -> Result<(String, Option<i64>), ClusterError> {
    let what = "ask for the version of Kubernetes";
    let before = Timestamp::now();
    let info: Info = cluster
        .call(what, cluster.client.apiserver_version())
        .await?;
    let request = hyper::Request::get("/version").body(kube::client::Body::empty());
    let Ok(request) = request else {
        return Ok((info.git_version, None));
    };
    let before_date = Timestamp::now().max(before);
    let answer = cluster.call(what, cluster.client.send(request)).await?;
    let after = Timestamp::now();
    let date = answer
        .headers()
        .get(hyper::header::DATE)
        .and_then(|date| date.to_str().ok())
        .and_then(|date| rfc2822::parse(date).ok())
        .map(|date| date.timestamp());
    drop(answer.into_body().collect().await);
    Ok((
        info.git_version,
        date.map(|date| skew(date, before_date, after)),
    ))
}

/// The header has whole seconds: a clock that agrees may seem to be up to a second late.
fn skew(server: Timestamp, before: Timestamp, after: Timestamp) -> i64 {
    let (server, before, after) = (server.as_second(), before.as_second(), after.as_second());
    if server > after {
        server.saturating_sub(after)
    } else if server < before.saturating_sub(1) {
        server.saturating_sub(before)
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_takes_time_and_that_is_no_skew() {
        let at = |second| Timestamp::from_second(second).unwrap();
        for (server, before, after, wanted) in [
            (100, 100, 100, 0),
            (99, 100, 101, 0),
            (105, 100, 110, 0),
            (120, 100, 110, 10),
            (40, 100, 110, -60),
        ] {
            assert_eq!(skew(at(server), at(before), at(after)), wanted, "{server}");
        }
    }
}
