//! What weft knows about a gateway: the `ConfigMap` `weft-gateway-NAME` beside it, with the wish as it was applied, so that a later
//! change starts from it and loses nothing. The same `ConfigMap` is the parent of the gateway's set of objects, whose marks are
//! written under a name of their own.

mod list;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::render;
use super::spec::MeshGateway;
use crate::cluster::access::Cluster;
use crate::cluster::error::ClusterError;
use crate::cluster::inventory::Parent;
use crate::cluster::object::ObjectId;
use crate::failure::{Exit, Failure};
use crate::mesh::read::{Kind, core, label, namespace, text};
use crate::mesh::record::{MANAGER, MESH_LABEL};
use crate::mesh::spec::document;
use crate::mesh::spec::read::described;
pub(crate) use list::{BrokenRecord, Records, all};

/// The label that names the gateway.
const GATEWAY: &str = "weft.dev/gateway";
const PREFIX: &str = "weft-gateway-";
const WISH: &str = "gateway.yaml";
const STATE: &str = "state.json";
const CONFIG_MAPS: Kind = core("ConfigMap", "configmaps");

/// A gateway as weft recorded it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GatewayRecord {
    /// Where it is.
    pub(crate) namespace: String,
    /// The mesh that it belongs to, where that has a record.
    pub(crate) mesh: Option<String>,
    /// What was asked for.
    pub(crate) wish: MeshGateway,
    /// What became of it.
    pub(crate) state: State,
    /// What was read, so that nobody else's writing is written over.
    pub(crate) resource_version: Option<String>,
}

/// What became of a gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct State {
    /// How far the last command came.
    pub(crate) phase: Phase,
    /// The root namespace of its mesh.
    pub(crate) root_namespace: String,
    /// The version of Istio whose chart it was made from.
    pub(crate) version: String,
}

/// How far a command came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Phase {
    /// It comes up.
    Creating,
    /// It changes.
    Updating,
    /// It ran once the command was done.
    Running,
    /// It goes.
    Deleting,
}

/// The name of the `ConfigMap` that records a gateway.
pub(crate) fn object_name(gateway: &str) -> String {
    format!("{PREFIX}{gateway}")
}

impl GatewayRecord {
    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.wish.metadata.name
    }

    /// Which object it is.
    pub(crate) fn id(&self) -> ObjectId {
        render::parent(&self.namespace, self.name()).id()
    }

    /// The same, if it is of the mesh with that root namespace: a gateway does not move from one to another.
    pub(crate) fn of(self, root: &str) -> Result<Self, Failure> {
        let own = &self.state.root_namespace;
        if own == root {
            return Ok(self);
        }
        let text = format!(
            "gateway {}/{} is of the mesh whose root namespace is {own}, and {root} was given: leave --mesh and --root-namespace out, or give \
             --root-namespace {own}",
            self.namespace,
            self.name()
        );
        Err(Failure::text(Exit::Usage, text))
    }

    /// Reads one.
    fn read(object: &Value) -> Result<Self, Box<BrokenRecord>> {
        let broken = |key, why| Box::new(BrokenRecord::of(object, key, why));
        let data = |key: &'static str| {
            let found = object.pointer("/data").and_then(|data| data.get(key));
            let found = found.and_then(Value::as_str);
            found.ok_or_else(|| broken(key, "it is missing".to_owned()))
        };
        let wish = document::parse(data(WISH)?.as_bytes())
            .and_then(|document| described(document, &[]))
            .map_err(|mistakes| broken(WISH, mistakes.to_string()))?;
        let state =
            serde_json::from_str(data(STATE)?).map_err(|error| broken(STATE, error.to_string()))?;
        Ok(Self {
            namespace: namespace(object).to_owned(),
            mesh: label(object, MESH_LABEL).map(str::to_owned),
            wish,
            state,
            resource_version: text(object, "/metadata/resourceVersion").map(str::to_owned),
        })
    }

    /// The object that keeps it.
    pub(crate) fn object(&self) -> Result<Value, Failure> {
        let mut labels = json!({ "app.kubernetes.io/managed-by": "weft", GATEWAY: self.name() });
        if let (Some(mesh), Some(labels)) = (&self.mesh, labels.as_object_mut()) {
            labels.insert(MESH_LABEL.to_owned(), json!(mesh));
        }
        Ok(json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": { "name": object_name(self.name()), "namespace": self.namespace, "labels": labels },
            "data": { WISH: self.wish.to_yaml()?, STATE: json!(self.state).to_string() },
        }))
    }

    /// Writes it. What somebody else wrote since it was read is not written over.
    pub(crate) async fn write(&mut self, cluster: &Cluster) -> Result<(), Failure> {
        let Some(version) = self.resource_version.clone() else {
            return self.write_first(cluster).await;
        };
        let mut object = self.object()?;
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("resourceVersion".to_owned(), json!(version));
        }
        let api = self.api(cluster);
        let (id, mut params) = (self.id(), PatchParams::apply(MANAGER));
        // What is written starts from what was read, whoever wrote that: of a first writing that was killed, we ourselves.
        params.force = true;
        let patch = Patch::Apply(&object);
        let asked = api.patch(&id.name, &params, &patch);
        match cluster.call(&format!("write {id}"), asked).await {
            Ok(written) => {
                self.resource_version = written.metadata.resource_version;
                Ok(())
            }
            Err(error) if error.is_status(409) => {
                let text =
                    format!("somebody else changed {id} in the meantime: run the command again");
                Err(Failure::text(Exit::Failure, text))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Writes the first record of a gateway. An apply cannot say "only if it is not there yet", so it is created; what is created
    /// counts as applied afterwards, as what later commands write of it is.
    async fn write_first(&mut self, cluster: &Cluster) -> Result<(), Failure> {
        let (api, id) = (self.api(cluster), self.id());
        let object = serde_json::from_value(self.object()?).map_err(anyhow::Error::from)?;
        let params = PostParams {
            field_manager: Some(MANAGER.to_owned()),
            ..PostParams::default()
        };
        let what = format!("create {id}");
        let mut created = match cluster.call(&what, api.create(&params, &object)).await {
            Ok(created) => created,
            Err(error) if error.is_status(409) => {
                let text = format!(
                    "UNIQUE_MESH_GATEWAY: somebody else made gateway {}/{} in the meantime: run the command again",
                    self.namespace,
                    self.name()
                );
                return Err(Failure::text(Exit::Failure, text));
            }
            Err(error) => return Err(error.into()),
        };
        for entry in created.metadata.managed_fields.iter_mut().flatten() {
            entry.operation = Some("Apply".to_owned());
        }
        let asked = api.replace(&id.name, &params, &created);
        let written = cluster.call(&format!("write {id}"), asked).await?;
        self.resource_version = written.metadata.resource_version;
        Ok(())
    }

    fn api(&self, cluster: &Cluster) -> Api<ConfigMap> {
        Api::namespaced(cluster.client.clone(), &self.namespace)
    }

    /// Notes how far it is. It is read anew: it is the parent of the set as well, which was written in between.
    pub(crate) async fn settle(&self, cluster: &Cluster, phase: Phase) -> Result<(), Failure> {
        let Some(mut record) = one(cluster, &self.namespace, self.name()).await? else {
            let text = format!(
                "{} is gone: somebody deleted it meanwhile; run the command again",
                self.id()
            );
            return Err(Failure::text(Exit::Failure, text));
        };
        if record.state.phase == phase {
            return Ok(());
        }
        record.state.phase = phase;
        record.write(cluster).await
    }

    /// Deletes it.
    pub(crate) async fn delete(&self, cluster: &Cluster) -> Result<(), ClusterError> {
        let resource = Parent::resource();
        let Some(object) = cluster.read(&resource, &self.id()).await? else {
            return Ok(());
        };
        let uid = text(&object, "/metadata/uid").unwrap_or_default();
        cluster.delete(&resource, &self.id(), uid).await
    }
}

/// One of them. A `ConfigMap` of that name which is none of ours is a mistake of its own.
pub(crate) async fn one(
    cluster: &Cluster,
    namespace: &str,
    gateway: &str,
) -> Result<Option<GatewayRecord>, Failure> {
    let id = render::parent(namespace, gateway).id();
    let found = cluster.read(&Parent::resource(), &id).await?;
    found
        .map(|object| match label(&object, GATEWAY) {
            Some(label) if label == gateway => GatewayRecord::read(&object).map_err(|broken| Failure::from(*broken)),
            _ => {
                let text = format!(
                    "UNIQUE_MESH_GATEWAY: {id} is there already and records no gateway: choose another name for the gateway"
                );
                Err(Failure::text(Exit::Failure, text))
            }
        })
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let text = b"apiVersion: weft.dev/v1\nkind: MeshGateway\nmetadata: {name: edge}\nspec: {replicas: 2}\n";
        let wish = described(document::parse(text).unwrap(), &[]).unwrap();
        let record = GatewayRecord {
            namespace: "edge".to_owned(),
            mesh: Some("shop".to_owned()),
            wish,
            state: State {
                phase: Phase::Creating,
                root_namespace: "istio-system".to_owned(),
                version: "1.31.0".to_owned(),
            },
            resource_version: None,
        };
        let mut object = record.object().unwrap();
        assert_eq!(GatewayRecord::read(&object).unwrap(), record);
        assert_eq!(record.clone().of("istio-system").unwrap(), record);
        let other = record.of("other").unwrap_err();
        assert!(
            other
                .to_string()
                .contains("give --root-namespace istio-system")
                && other.exit() == Exit::Usage,
            "{other}"
        );

        object["data"]["gateway.yaml"] = json!("kind: MeshGateway\nspec: {replica: 2}\n");
        let error = GatewayRecord::read(&object).unwrap_err().to_string();
        assert!(error.contains("/spec/replica"), "{error}");
        assert!(error.contains("edge/weft-gateway-edge"), "{error}");
    }
}
