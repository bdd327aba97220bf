//! What weft knows about a mesh: the `ConfigMap` `weft-mesh-NAME` in the mesh's root namespace.
//!
//! It is written under a field manager of its own, because the same `ConfigMap` is the parent of the mesh's `ApplySet`, whose
//! marks are written by whoever applies the mesh: with one manager, each would take away what the other wrote.

pub(crate) mod error;
pub(crate) mod find;
mod list;
pub(crate) mod lock;
mod state;
pub(crate) mod still;
mod underway;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, Preconditions};
use serde_json::{Value, json};

use crate::cluster::access::Cluster;
use crate::cluster::object::ObjectId;
use crate::failure::{Exit, Failure};
pub(crate) use error::{RecordError, check_name};
pub(crate) use list::{all, each, is_written_by_weft, of_root, parted};
pub(crate) use state::{Engine, MeshState, Mode, Phase};

/// The field manager of a record.
pub(crate) const MANAGER: &str = "weft-record";
/// The label that names the mesh of an object.
pub(crate) const MESH_LABEL: &str = "weft.dev/mesh";
/// What a record's name begins with.
pub(crate) const PREFIX: &str = "weft-mesh-";
const SPEC: &str = "mesh.yaml";
pub(crate) const STATE: &str = "state.json";
/// A `ConfigMap` may hold 1 MiB; a mesh file of this size is a mistake.
const LARGEST: usize = 256 * 1024;

/// A mesh as weft recorded it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MeshRecord {
    /// Its name, which is its mesh ID too.
    pub(crate) name: String,
    /// Where its record, its history and the configuration for all of it are.
    pub(crate) root_namespace: String,
    /// The mesh file as it was applied; nothing for a mesh that somebody else runs.
    pub(crate) spec: Option<String>,
    /// What became of it.
    pub(crate) state: MeshState,
    /// What was read, so that nobody else's writing is written over.
    pub(crate) resource_version: Option<String>,
}

/// The name of the `ConfigMap` that records a mesh.
pub(crate) fn object_name(mesh: &str) -> String {
    format!("{PREFIX}{mesh}")
}

impl MeshRecord {
    /// Which object it is.
    pub(crate) fn id(&self) -> ObjectId {
        ObjectId {
            group: String::new(),
            version: "v1".to_owned(),
            kind: "ConfigMap".to_owned(),
            namespace: Some(self.root_namespace.clone()),
            name: object_name(&self.name),
        }
    }

    /// The record of a mesh that was there a moment ago, as it is now.
    pub(crate) async fn now(cluster: &Cluster, mesh: &str, root: &str) -> Result<Self, Failure> {
        let name = object_name(mesh);
        let api: Api<ConfigMap> = Api::namespaced(cluster.client.clone(), root);
        let what = format!("read the record of mesh {mesh}");
        let found = cluster.call(&what, api.get_opt(&name)).await?;
        let read = found.as_ref().and_then(Self::read).transpose()?;
        read.ok_or_else(|| {
            let text = format!(
                "the record of mesh {mesh} (ConfigMap {root}/{name}) is gone: somebody deleted it meanwhile; run the command again"
            );
            Failure::text(Exit::Failure, text)
        })
    }

    /// Reads one; nothing when the `ConfigMap` is none of ours.
    pub(crate) fn read(object: &ConfigMap) -> Option<Result<Self, RecordError>> {
        let name = object.metadata.name.as_deref()?.strip_prefix(PREFIX)?;
        let namespace = object.metadata.namespace.clone()?;
        let text = |key| object.data.as_ref().and_then(|data| data.get(key));
        let state = match text(STATE) {
            Some(state) => serde_json::from_str(state).map_err(|error| error.to_string()),
            None => Err("it is missing".to_owned()),
        };
        Some(match state {
            Ok(state) => Ok(Self {
                name: name.to_owned(),
                root_namespace: namespace,
                spec: text(SPEC).cloned(),
                state,
                resource_version: object.metadata.resource_version.clone(),
            }),
            Err(why) => Err(RecordError::Broken {
                namespace,
                name: format!("{PREFIX}{name}"),
                key: STATE,
                why,
            }),
        })
    }

    /// The object that keeps it.
    pub(crate) fn object(&self) -> Result<Value, RecordError> {
        let bytes = self.spec.as_ref().map_or(0, String::len);
        if bytes > LARGEST {
            let name = self.name.clone();
            return Err(RecordError::Large { name, bytes });
        }
        let mut data = json!({ STATE: json!(self.state).to_string() });
        if let (Some(spec), Some(data)) = (&self.spec, data.as_object_mut()) {
            data.insert(SPEC.to_owned(), json!(spec));
        }
        Ok(json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": self.id().name,
                "namespace": self.root_namespace,
                "labels": { "app.kubernetes.io/managed-by": "weft", MESH_LABEL: self.name },
            },
            "data": data,
        }))
    }

    /// Writes it. What somebody else wrote since it was read is not written over; fields that are somebody else's only
    /// with `force`.
    pub(crate) async fn write(&mut self, cluster: &Cluster, force: bool) -> Result<(), Failure> {
        let mut object = self.object()?;
        if let (Some(version), Some(metadata)) = (
            &self.resource_version,
            object.get_mut("metadata").and_then(Value::as_object_mut),
        ) {
            metadata.insert("resourceVersion".to_owned(), json!(version));
        }
        let mut params = PatchParams::apply(MANAGER);
        params.force = force;
        let patch = Patch::Apply(&object);
        let id = self.id();
        let written = cluster
            .call(
                &format!("write the record of mesh {}", self.name),
                self.api(cluster).patch(&id.name, &params, &patch),
            )
            .await;
        match written {
            Ok(written) => {
                self.resource_version = written.metadata.resource_version;
                Ok(())
            }
            Err(error) if error.is_status(409) => Err(self.overtaken()),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes it, if it is still as it was read.
    pub(crate) async fn delete(&self, cluster: &Cluster) -> Result<(), Failure> {
        let params = DeleteParams::default().preconditions(Preconditions {
            resource_version: self.resource_version.clone(),
            uid: None,
        });
        let deleted = cluster
            .call(
                &format!("delete the record of mesh {}", self.name),
                self.api(cluster).delete(&self.id().name, &params),
            )
            .await;
        match deleted {
            Ok(_) => Ok(()),
            Err(error) if error.is_status(409) => Err(self.overtaken()),
            Err(error) => Err(error.into()),
        }
    }

    fn overtaken(&self) -> Failure {
        let text = format!(
            "somebody else changed the record of mesh {} ({}) in the meantime: run the command again",
            self.name,
            self.id()
        );
        Failure::text(Exit::Failure, text)
    }

    fn api(&self, cluster: &Cluster) -> Api<ConfigMap> {
        Api::namespaced(cluster.client.clone(), &self.root_namespace)
    }
}

#[cfg(test)]
#[path = "record/tests.rs"]
mod tests;
