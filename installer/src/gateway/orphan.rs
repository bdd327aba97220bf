//! Gateways whose mesh is gone: their proxies run on with what they were told last, and nobody tells them more.

use std::collections::BTreeSet;

use super::record::GatewayRecord;
use crate::cluster::access::Cluster;
use crate::cluster::error::ClusterError;
use crate::mesh::adopt::{find, snapshot};
use crate::mesh::record::of_root;

/// The root namespaces of gateways in which there is neither the record of a mesh nor an Istio that nobody recorded. What may not
/// be read is not gone.
pub(super) async fn roots(
    cluster: &Cluster,
    gateways: &[GatewayRecord],
) -> Result<BTreeSet<String>, ClusterError> {
    let named: BTreeSet<_> = gateways
        .iter()
        .map(|one| one.state.root_namespace.clone())
        .collect();
    let mut gone = BTreeSet::new();
    for root in named {
        match of_root(cluster, &root).await {
            Ok(records) if records.is_empty() => gone.extend([root]),
            Ok(_) => {}
            Err(error) if error.is_forbidden() => {}
            Err(error) => return Err(error),
        }
    }
    if gone.is_empty() {
        return Ok(gone);
    }
    let found = match snapshot::take(cluster).await {
        Ok(snapshot) if snapshot.unread.is_empty() => find(&snapshot),
        Ok(_) => return Ok(BTreeSet::new()),
        Err(error) if error.is_forbidden() => return Ok(BTreeSet::new()),
        Err(error) => return Err(error),
    };
    for one in found {
        gone.remove(&one.root_namespace);
    }
    Ok(gone)
}

/// What is said of a gateway whose mesh is among those that are gone.
pub(super) fn words(gateway: &GatewayRecord, gone: &BTreeSet<String>) -> Option<String> {
    let root = &gateway.state.root_namespace;
    gone.contains(root).then(|| {
        format!(
            "its mesh is gone: nothing configures it any more; `weft gateway delete {} -n {}` takes it away, or a mesh whose root \
             namespace is {root} has to come back",
            gateway.name(),
            gateway.namespace
        )
    })
}
