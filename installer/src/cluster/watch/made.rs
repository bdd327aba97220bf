//! What the Sail operator made of its resources, down to the pods, and whether it runs itself.

use serde_json::Value;

use super::evidence::{gather, is_made_by};
use crate::cluster::access::Cluster;
use crate::cluster::cause::{Evidence, Part};
use crate::cluster::discovery::Resource;
use crate::cluster::error::ClusterError;
use crate::cluster::object::ObjectId;
use crate::cluster::peek::text;
use crate::cluster::readiness::sail::{GROUP, OPERATORS};

/// All of it.
pub(super) async fn by_operator(
    cluster: &Cluster,
    id: &ObjectId,
    object: &Value,
    with_logs: bool,
) -> Result<Evidence, ClusterError> {
    let parts = match id.kind.as_str() {
        "Istio" => revision(cluster, id, object, with_logs).await?,
        "IstioRevision" => workloads(cluster, &deployments(), object, with_logs).await?,
        "IstioCNI" | "ZTunnel" => workloads(cluster, &daemon_sets(), object, with_logs).await?,
        _ => Vec::new(),
    };
    Ok(Evidence {
        operators: operators(cluster).await,
        parts,
        ..Evidence::default()
    })
}

/// The operator's Deployments; nothing where nobody may look.
pub(super) async fn operators(cluster: &Cluster) -> Option<Vec<Value>> {
    let found = cluster.select(&deployments(), None, OPERATORS, "").await;
    found.ok()
}

async fn revision(
    cluster: &Cluster,
    id: &ObjectId,
    object: &Value,
    with_logs: bool,
) -> Result<Vec<Part>, ClusterError> {
    let active = text(object, "/status/activeRevisionName");
    let id = ObjectId {
        kind: "IstioRevision".to_owned(),
        name: if active.is_empty() {
            id.name.clone()
        } else {
            active.to_owned()
        },
        ..id.clone()
    };
    let resource = Resource {
        group: GROUP.to_owned(),
        namespaced: false,
        ..Resource::core(&id.kind, "istiorevisions")
    };
    let Some(found) = cluster.read(&resource, &id).await? else {
        return Ok(Vec::new());
    };
    let parts = workloads(cluster, &deployments(), &found, with_logs).await?;
    let evidence = Evidence {
        parts,
        ..Evidence::default()
    };
    Ok(vec![Part {
        id,
        object: found,
        evidence,
    }])
}

/// What it owns in the namespace that it names.
async fn workloads(
    cluster: &Cluster,
    resource: &Resource,
    owner: &Value,
    with_logs: bool,
) -> Result<Vec<Part>, ClusterError> {
    let namespace = text(owner, "/spec/namespace");
    let mut parts = Vec::new();
    for object in cluster.select(resource, Some(namespace), "", "").await? {
        if !is_made_by(&object, owner) {
            continue;
        }
        let Some(id) = ObjectId::of(&object) else {
            continue;
        };
        let evidence = Box::pin(gather(cluster, &id, &object, with_logs)).await?;
        parts.push(Part {
            id,
            object,
            evidence,
        });
    }
    Ok(parts)
}

fn deployments() -> Resource {
    Resource {
        group: "apps".to_owned(),
        ..Resource::core("Deployment", "deployments")
    }
}

fn daemon_sets() -> Resource {
    Resource {
        group: "apps".to_owned(),
        ..Resource::core("DaemonSet", "daemonsets")
    }
}
