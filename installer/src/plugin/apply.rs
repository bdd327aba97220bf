//! Writes: the only module here that changes a cluster.

use kube::api::{DeleteParams, Patch, PatchParams, Preconditions};
use kube::{Api, Resource};
use serde_json::json;

use super::stamp::{self, Stamp};
use super::wasmplugin::WasmPlugin;
use crate::cluster::access::Cluster;
use crate::cluster::error::ClusterError;
use crate::cluster::ownership::{self, MANAGER};

/// How often a write is tried again when somebody wrote in between without changing the version: a status, a label.
const TRIES: u32 = 5;

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

    /// Server-side apply under the name of weft, in the place of exactly what is `known`; nothing for an object that is
    /// not to exist yet. The answer is the object as it is then.
    pub(crate) async fn apply_over(
        &self,
        object: &WasmPlugin,
        known: Option<&Stamp>,
    ) -> Result<WasmPlugin, ClusterError> {
        let (namespace, name) = (
            object.metadata.namespace.as_deref().unwrap_or_default(),
            object.metadata.name.as_deref().unwrap_or_default(),
        );
        let mut object = object.clone();
        let mut tries = TRIES;
        loop {
            let current = self.current(namespace, name).await?;
            stamp::unchanged(namespace, name, known, current.as_ref())?;
            object.metadata.resource_version =
                current.and_then(|current| current.metadata.resource_version);
            match self.patch(&object, false).await {
                Err(error) if error.is_stale() && tries > 0 => tries = tries.saturating_sub(1),
                answer => return answer,
            }
        }
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

    /// Removes exactly what is `known`; it is no mistake when there is nothing.
    pub(crate) async fn remove_over(
        &self,
        namespace: &str,
        name: &str,
        known: &Stamp,
    ) -> Result<(), ClusterError> {
        let mut tries = TRIES;
        loop {
            let Some(current) = self.current(namespace, name).await? else {
                return Ok(());
            };
            stamp::unchanged(namespace, name, Some(known), Some(&current))?;
            let params = DeleteParams {
                preconditions: Some(Preconditions {
                    uid: current.metadata.uid,
                    resource_version: current.metadata.resource_version,
                }),
                ..DeleteParams::default()
            };
            match self.delete(namespace, name, &params).await {
                Err(error) if error.is_stale() && tries > 0 => tries = tries.saturating_sub(1),
                answer => return answer,
            }
        }
    }

    async fn current(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<Option<WasmPlugin>, ClusterError> {
        let api: Api<WasmPlugin> = Api::namespaced(self.cluster.client.clone(), namespace);
        self.cluster
            .call(
                &format!("read WasmPlugin {namespace}/{name}"),
                api.get_opt(name),
            )
            .await
    }

    async fn delete(
        &self,
        namespace: &str,
        name: &str,
        params: &DeleteParams,
    ) -> Result<(), ClusterError> {
        let api: Api<WasmPlugin> = Api::namespaced(self.cluster.client.clone(), namespace);
        let request = async {
            match api.delete(name, params).await {
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
