//! Writes: the only module here that changes a cluster.

use kube::api::{DeleteParams, Patch, PatchParams};
use kube::{Api, Resource};
use serde_json::json;

use super::wasmplugin::WasmPlugin;
use crate::cluster::access::Cluster;
use crate::cluster::error::ClusterError;
use crate::cluster::ownership::{self, MANAGER};

/// Writes to a cluster.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    cluster: Cluster,
    force: bool,
}

impl Writer {
    /// For one cluster; `force` takes over fields that others own.
    pub(crate) fn new(cluster: Cluster, force: bool) -> Self {
        Self { cluster, force }
    }

    /// Server-side apply under the name of weft. The answer is the object as it is then.
    pub(crate) async fn apply(&self, object: &WasmPlugin) -> Result<WasmPlugin, ClusterError> {
        self.patch(object, false).await
    }

    /// The same without doing it: the server says what would come of it.
    pub(crate) async fn rehearse(&self, object: &WasmPlugin) -> Result<WasmPlugin, ClusterError> {
        self.patch(object, true).await
    }

    /// Makes all of the object's spec ours, without changing it.
    pub(crate) async fn take_over(&self, current: &WasmPlugin) -> Result<(), ClusterError> {
        let metadata = &current.metadata;
        let (namespace, name) = (
            metadata.namespace.as_deref().unwrap_or_default(),
            metadata.name.as_deref().unwrap_or_default(),
        );
        let managed = metadata.managed_fields.as_deref().unwrap_or_default();
        let managed =
            ownership::taken_over(managed, &WasmPlugin::api_version(&()), &json!(current.spec));
        // Only if nobody has written in between.
        let body = json!({"metadata": {"resourceVersion": metadata.resource_version, "managedFields": managed}});
        let api: Api<WasmPlugin> = Api::namespaced(self.cluster.client.clone(), namespace);
        let (params, body) = (PatchParams::default(), Patch::Merge(&body));
        let request = api.patch(name, &params, &body);
        self.cluster
            .call(
                &format!("take over the fields of WasmPlugin {namespace}/{name}"),
                request,
            )
            .await
            .map(drop)
    }

    /// Removes the object; it is no mistake when there is none.
    pub(crate) async fn remove(&self, namespace: &str, name: &str) -> Result<(), ClusterError> {
        let api: Api<WasmPlugin> = Api::namespaced(self.cluster.client.clone(), namespace);
        let request = async {
            match api.delete(name, &DeleteParams::default()).await {
                Ok(_) => Ok(()),
                Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
                Err(error) => Err(error),
            }
        };
        self.cluster
            .call(&format!("remove WasmPlugin {namespace}/{name}"), request)
            .await
    }

    async fn patch(&self, object: &WasmPlugin, dry_run: bool) -> Result<WasmPlugin, ClusterError> {
        let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
        let name = object.metadata.name.as_deref().unwrap_or_default();
        let api: Api<WasmPlugin> = Api::namespaced(self.cluster.client.clone(), namespace);
        let params = PatchParams {
            dry_run,
            force: self.force,
            ..PatchParams::apply(MANAGER)
        };
        let body = Patch::Apply(object);
        let request = api.patch(name, &params, &body);
        self.cluster
            .call(&format!("write WasmPlugin {namespace}/{name}"), request)
            .await
    }
}
