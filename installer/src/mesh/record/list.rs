//! The records of a cluster: those that are weft's and in order, and those that are not in order.

use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Api;

use super::{MANAGER, MESH_LABEL, MeshRecord, RecordError};
use crate::cluster::access::Cluster;
use crate::cluster::error::ClusterError;
use crate::cluster::ownership;
use crate::failure::Failure;

/// All records of a cluster that are in order: one that is not must not keep anybody from the others.
pub(crate) async fn all(cluster: &Cluster) -> Result<Vec<MeshRecord>, Failure> {
    Ok(parted(each(cluster).await?).0)
}

/// Those that are in order, and what is wrong with the others.
pub(crate) fn parted(
    records: Vec<Result<MeshRecord, RecordError>>,
) -> (Vec<MeshRecord>, Vec<RecordError>) {
    let (mut good, mut broken) = (Vec::new(), Vec::new());
    for record in records {
        match record {
            Ok(record) => good.push(record),
            Err(error) => broken.push(error),
        }
    }
    (good, broken)
}

/// Whether weft wrote it, whoever wrote into it since. Anybody may call a `ConfigMap` as weft calls its own.
pub(crate) fn is_written_by_weft(metadata: &ObjectMeta) -> bool {
    let managers = [MANAGER, ownership::MANAGER];
    metadata.managed_fields.iter().flatten().any(|entry| {
        let manager = entry.manager.as_deref().unwrap_or_default();
        managers.contains(&manager) && entry.operation.as_deref() == Some("Apply")
    })
}

/// All records of a cluster, with those that are not in order.
pub(crate) async fn each(
    cluster: &Cluster,
) -> Result<Vec<Result<MeshRecord, RecordError>>, Failure> {
    let api = Api::all(cluster.client.clone());
    Ok(listed(cluster, api, "list the records of meshes").await?)
}

/// The same of a root namespace, which may be all that somebody is allowed to read.
pub(crate) async fn of_root(
    cluster: &Cluster,
    root: &str,
) -> Result<Vec<Result<MeshRecord, RecordError>>, ClusterError> {
    let api = Api::namespaced(cluster.client.clone(), root);
    let what = format!("list the records of meshes in {root}");
    listed(cluster, api, &what).await
}

async fn listed(
    cluster: &Cluster,
    api: Api<ConfigMap>,
    what: &str,
) -> Result<Vec<Result<MeshRecord, RecordError>>, ClusterError> {
    let labels = format!("app.kubernetes.io/managed-by=weft,{MESH_LABEL}");
    let params = kube::api::ListParams::default().labels(&labels);
    let found = cluster.call(what, api.list(&params)).await?.items;
    let ours = found
        .iter()
        .filter(|object| is_written_by_weft(&object.metadata));
    Ok(ours.filter_map(MeshRecord::read).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_others_call_so_is_no_record() {
        let of = |manager: &str, operation: &str| -> ObjectMeta {
            let entry = json!({"manager": manager, "operation": operation});
            serde_json::from_value(json!({"name": "weft-mesh-shop", "managedFields": [entry]}))
                .unwrap()
        };
        for (manager, operation, wanted) in [
            (MANAGER, "Apply", true),
            (MANAGER, "Update", false),
            ("kubectl-client-side-apply", "Update", false),
        ] {
            assert_eq!(
                is_written_by_weft(&of(manager, operation)),
                wanted,
                "{manager}"
            );
        }
        assert!(!is_written_by_weft(&ObjectMeta::default()));
    }
}
