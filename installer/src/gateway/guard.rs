//! What would be served no more without some gateways: looked for before any is deleted, by whichever verb.

use serde_json::Value;

use super::references::{Seen, search};
use super::selector::Labels;
use super::{look, state};
use crate::cluster::access::Cluster;
use crate::cluster::error::ClusterError;
use crate::cluster::object::ObjectId;
use crate::mesh::read::{name, namespace};

/// Whether an object is of a kind that Istio's chart makes a gateway as.
pub(crate) fn is_deployed(id: &ObjectId) -> bool {
    id.is("apps", "Deployment") || id.is("apps", "DaemonSet")
}

/// A gateway, as its workload shows it.
pub(crate) fn seen(workload: &Value) -> Seen {
    with_labels(
        namespace(workload),
        name(workload),
        state::pod_labels(workload),
    )
}

/// A gateway whose pods have these labels; its Service has its name.
pub(super) fn with_labels(namespace: &str, name: &str, labels: Labels) -> Seen {
    Seen {
        namespace: namespace.to_owned(),
        service: name.to_owned(),
        labels,
    }
}

/// Of each gateway that something refers to, what does, in words.
pub(crate) async fn referring(
    cluster: &Cluster,
    gateways: &[Seen],
) -> Result<Vec<String>, ClusterError> {
    if gateways.is_empty() {
        return Ok(Vec::new());
    }
    let objects = look::referring(cluster).await?;
    let found = gateways.iter().map(|one| (one, search(one, &objects)));
    let used = found.filter(|(_, references)| !references.is_empty());
    Ok(used
        .map(|(one, references)| format!("gateway {}/{}: {references}", one.namespace, one.service))
        .collect())
}
