//! Writes: the only module here that changes a cluster.

use k8s_openapi::jiff::Timestamp;
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::core::Request;
use serde_json::{Value, json};

use super::edit::{MANAGER, Prepared, Site, wrap};
use super::view::Kind;
use crate::cluster::access::Cluster;
use crate::cluster::error::ClusterError;
use crate::cluster::ownership;
use crate::cluster::peek::text;

/// Under this name the moment of a restart is written. It is no wish that somebody owns: whoever restarts next writes
/// another one, and must not be told of a conflict.
pub(crate) const RESTARTER: &str = "weft-restart";
/// The annotation by which kubectl restarts, too.
const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

/// Writes to a cluster.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    cluster: Cluster,
    force: bool,
    dry_run: bool,
}

impl Writer {
    /// For one cluster; `force` takes over what others own, `dry_run` lets the server check without keeping it.
    pub(crate) fn new(cluster: Cluster, force: bool, dry_run: bool) -> Self {
        Self {
            cluster,
            force,
            dry_run,
        }
    }

    /// Whether it takes over what others own.
    pub(crate) const fn forces(&self) -> bool {
        self.force
    }

    /// Writes an edit to the object at that path, if that is still of the version that the edit was decided from. Labels that people have set are taken over;
    /// only with force is there anything else of others in it. What is new comes first, and only then does what others own go: whoever
    /// is killed in between leaves an object that still says what it said, as `istio-injection` wins over `istio.io/rev`.
    pub(crate) async fn edit(
        &self,
        what: &str,
        path: &str,
        prepared: &Prepared,
    ) -> Result<(), ClusterError> {
        let force = self.force || prepared.takes();
        let body = versioned(&prepared.body, prepared.version.as_deref());
        let params = self.params(MANAGER, force);
        let written = self
            .patch(what, path, &params, &Patch::Apply(&body))
            .await?;
        let Some(removal) = prepared.removal.as_ref().filter(|_| force) else {
            return Ok(());
        };
        let version = if self.dry_run {
            prepared.version.as_deref()
        } else {
            Some(text(&written, "/metadata/resourceVersion"))
        };
        let params = PatchParams {
            dry_run: self.dry_run,
            field_manager: Some(MANAGER.to_owned()),
            ..PatchParams::default()
        };
        let removal = versioned(removal, version);
        self.patch(what, path, &params, &Patch::Merge(removal))
            .await
            .map(drop)
    }

    /// Writes an object of weft's own.
    pub(crate) async fn own(
        &self,
        what: &str,
        path: &str,
        object: &Value,
    ) -> Result<(), ClusterError> {
        let params = self.params(ownership::MANAGER, self.force);
        self.apply(what, path, &params, object).await
    }

    fn params(&self, manager: &str, force: bool) -> PatchParams {
        PatchParams {
            dry_run: self.dry_run,
            force,
            ..PatchParams::apply(manager)
        }
    }

    async fn apply(
        &self,
        what: &str,
        path: &str,
        params: &PatchParams,
        object: &Value,
    ) -> Result<(), ClusterError> {
        self.patch(what, path, params, &Patch::Apply(object))
            .await
            .map(drop)
    }

    /// Has the controller of a workload replace its pods.
    pub(crate) async fn restart(
        &self,
        what: &str,
        path: &str,
        kind: Kind,
    ) -> Result<(), ClusterError> {
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let metadata = json!({"annotations": {RESTARTED_AT: now}});
        let body = wrap(Site::Template(kind), &metadata);
        let params = PatchParams {
            dry_run: self.dry_run,
            field_manager: Some(RESTARTER.to_owned()),
            ..PatchParams::default()
        };
        self.patch(what, path, &params, &Patch::Merge(&body))
            .await
            .map(drop)
    }

    /// Deletes an object; it is no mistake when there is none.
    pub(crate) async fn delete(&self, what: &str, path: &str) -> Result<(), ClusterError> {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let params = DeleteParams {
            dry_run: self.dry_run,
            ..DeleteParams::default()
        };
        let request = Request::new(parent).delete(name, &params);
        let asked = async {
            let request = request.map_err(kube::Error::BuildRequest)?;
            match self.cluster.client.request::<Value>(request).await {
                Ok(_) => Ok(()),
                Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
                Err(error) => Err(error),
            }
        };
        self.cluster.call(&format!("delete {what}"), asked).await
    }

    async fn patch<P: serde::Serialize + std::fmt::Debug>(
        &self,
        what: &str,
        path: &str,
        params: &PatchParams,
        body: &Patch<P>,
    ) -> Result<Value, ClusterError> {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let request = Request::new(parent).patch(name, params, body);
        let asked = async {
            let request = request.map_err(kube::Error::BuildRequest)?;
            self.cluster.client.request::<Value>(request).await
        };
        self.cluster.call(&format!("write {what}"), asked).await
    }
}

/// For that version of the object only.
fn versioned(body: &Value, version: Option<&str>) -> Value {
    let mut body = body.clone();
    if let (Value::Object(fields), Some(version)) = (&mut body, version) {
        let metadata = fields.entry("metadata").or_insert_with(|| json!({}));
        if let Value::Object(metadata) = metadata {
            metadata.insert("resourceVersion".to_owned(), json!(version));
        }
    }
    body
}
