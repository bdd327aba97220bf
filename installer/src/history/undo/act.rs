//! Carries an undo out, object by object, each only if it is still as it was looked at.

use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams, Preconditions};
use kube::core::GroupVersionKind;
use kube::{Api, discovery};
use serde_json::{Value, json};

use super::super::{Change, fields};
use super::Action;
use crate::cluster::access::Cluster;
use crate::cluster::error::ClusterError;
use crate::cluster::object::ObjectId;

/// The object as it is; nothing where it is not there.
pub(crate) async fn look(cluster: &Cluster, id: &ObjectId) -> Result<Option<Value>, ClusterError> {
    let api = match api(cluster, id).await {
        Ok(api) => api,
        // Its kind went with it.
        Err(error) if error.is_not_found() => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let found = cluster
        .call(&format!("read {id}"), api.get_opt(&id.name))
        .await?;
    Ok(found.map(|object| value(&object)))
}

impl Action {
    /// Which object it is about.
    pub(crate) fn object(&self) -> &ObjectId {
        match self {
            Self::Delete { object, .. } | Self::Apply { object, .. } => object,
        }
    }

    /// What it does, as a change; before anything is written, what is wanted stands for what will be.
    pub(crate) fn change(&self) -> Change {
        match self {
            Self::Delete {
                object,
                current,
                manager,
            } => Change {
                object: object.clone(),
                before: Some(fields::ours(current, manager)),
                after: None,
            },
            Self::Apply {
                object,
                current,
                wanted,
                manager,
            } => Change {
                object: object.clone(),
                before: current
                    .as_ref()
                    .map(|current| fields::ours(current, manager)),
                after: Some(wanted.clone()),
            },
        }
    }

    /// Does it, or with `rehearse` has the API server check it. What became of it is a change.
    pub(crate) async fn carry_out(
        &self,
        cluster: &Cluster,
        rehearse: bool,
    ) -> Result<Change, ClusterError> {
        let id = self.object();
        let api = api(cluster, id).await?;
        let mut change = self.change();
        match self {
            Self::Delete { current, .. } => {
                let text = |at| {
                    current
                        .pointer(at)
                        .and_then(Value::as_str)
                        .map(str::to_owned)
                };
                let mut params = DeleteParams::background().preconditions(Preconditions {
                    uid: text("/metadata/uid"),
                    resource_version: text("/metadata/resourceVersion"),
                });
                params.dry_run = rehearse;
                cluster
                    .call(&format!("delete {id}"), api.delete(&id.name, &params))
                    .await?;
            }
            Self::Apply {
                current,
                wanted,
                manager,
                ..
            } => {
                let mut wanted = wanted.clone();
                let version = current
                    .as_ref()
                    .and_then(|current| current.pointer("/metadata/resourceVersion"));
                if let Some(version) = version {
                    fields::put(
                        &mut wanted,
                        "/metadata/resourceVersion",
                        Some(json!(version)),
                    );
                }
                let mut params = PatchParams::apply(manager);
                params.dry_run = rehearse;
                let patch = Patch::Apply(&wanted);
                let written = cluster
                    .call(&format!("write {id}"), api.patch(&id.name, &params, &patch))
                    .await?;
                change.after = Some(fields::ours(&value(&written), manager));
            }
        }
        Ok(change)
    }
}

async fn api(cluster: &Cluster, id: &ObjectId) -> Result<Api<DynamicObject>, ClusterError> {
    let kind = GroupVersionKind::gvk(&id.group, &id.version, &id.kind);
    let (resource, _) = cluster
        .call(
            &format!("ask for the kind {} {}", id.api_version(), id.kind),
            discovery::pinned_kind(&cluster.client, &kind),
        )
        .await?;
    let client = cluster.client.clone();
    Ok(match &id.namespace {
        Some(namespace) => Api::namespaced_with(client, namespace, &resource),
        None => Api::all_with(client, &resource),
    })
}

fn value(object: &DynamicObject) -> Value {
    // An object that came as JSON can be written as JSON.
    serde_json::to_value(object).unwrap_or_default()
}
