//! The records of gateways in a cluster: those that are in order, and those into which somebody wrote. The latter keep nobody from
//! the former, and are not lost either: whoever lists gateways tells them, and whoever writes all gateways of a mesh refuses.

use serde_json::Value;

use super::{CONFIG_MAPS, GATEWAY, GatewayRecord, STATE, State};
use crate::cluster::access::Cluster;
use crate::failure::{Exit, Failure};
use crate::mesh::read::{self, label, name, namespace};
use crate::mesh::record::{MESH_LABEL, is_written_by_weft};

/// A record that nobody can read any more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "ConfigMap {namespace}/{object} is no record of a gateway: {key}: {why}; repair it, or delete the ConfigMap and what carries the label weft.dev/component=gateway-{gateway}"
)]
pub(crate) struct BrokenRecord {
    /// Its namespace.
    pub(crate) namespace: String,
    /// The name of the `ConfigMap`.
    pub(crate) object: String,
    /// The gateway that it is the record of.
    pub(crate) gateway: String,
    /// The mesh that it names.
    mesh: Option<String>,
    /// The root namespace of that mesh, where at least this can be read.
    root: Option<String>,
    /// Which part.
    key: &'static str,
    /// What is wrong.
    why: String,
}

impl From<BrokenRecord> for Failure {
    fn from(error: BrokenRecord) -> Self {
        Self::new(Exit::Failure, error)
    }
}

impl BrokenRecord {
    pub(super) fn of(object: &Value, key: &'static str, why: String) -> Self {
        let state = object.pointer("/data").and_then(|data| data.get(STATE));
        let state = state.and_then(Value::as_str);
        let state = state.and_then(|state| serde_json::from_str::<State>(state).ok());
        Self {
            namespace: namespace(object).to_owned(),
            object: name(object).to_owned(),
            gateway: label(object, GATEWAY).unwrap_or_default().to_owned(),
            mesh: label(object, MESH_LABEL).map(str::to_owned),
            root: state.map(|state| state.root_namespace),
            key,
            why,
        }
    }

    /// Whether its gateway may be one of that mesh: what cannot be read may say so.
    pub(crate) fn may_be_of(&self, root: &str, mesh: Option<&str>) -> bool {
        match (&self.root, &self.mesh) {
            (Some(own), _) => own == root,
            (None, Some(own)) => mesh.is_none_or(|mesh| mesh == own),
            (None, None) => true,
        }
    }
}

/// What is recorded.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Records {
    /// In order.
    pub(crate) good: Vec<GatewayRecord>,
    /// Not in order.
    pub(crate) broken: Vec<BrokenRecord>,
}

impl Records {
    /// Those of a mesh, where none may be missing.
    pub(crate) fn all_of(
        self,
        root: &str,
        mesh: Option<&str>,
    ) -> Result<Vec<GatewayRecord>, Failure> {
        let broken = self.broken.iter().filter(|one| one.may_be_of(root, mesh));
        let broken: Vec<_> = broken.map(ToString::to_string).collect();
        if !broken.is_empty() {
            return Err(Failure::text(Exit::Failure, broken.join("\n")));
        }
        let all = self.good.into_iter();
        Ok(all.filter(|one| one.state.root_namespace == root).collect())
    }
}

/// All of a namespace, or of the cluster, that weft wrote.
pub(crate) async fn all(cluster: &Cluster, namespace: Option<&str>) -> Result<Records, Failure> {
    let found = read::all(cluster, CONFIG_MAPS, namespace, GATEWAY).await?;
    let mut records = Records::default();
    for object in found.iter().filter(|object| is_ours(object)) {
        match GatewayRecord::read(object) {
            Ok(record) => records.good.push(record),
            Err(broken) => records.broken.push(*broken),
        }
    }
    Ok(records)
}

/// Anybody may call a `ConfigMap` as weft calls its own.
fn is_ours(object: &Value) -> bool {
    let metadata = object.get("metadata").cloned().unwrap_or_default();
    serde_json::from_value(metadata).is_ok_and(|metadata| is_written_by_weft(&metadata))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(mesh: Option<&str>, wish: &str, state: &str) -> Value {
        let mut labels = json!({GATEWAY: "edge"});
        if let Some(mesh) = mesh {
            labels[MESH_LABEL] = json!(mesh);
        }
        json!({"metadata": {"name": "weft-gateway-edge", "namespace": "shop", "labels": labels},
            "data": {"gateway.yaml": wish, STATE: state}})
    }

    /// Whatever cannot be read may be of the mesh that is asked for; a state or a label that can be read says it.
    #[test]
    fn a_broken_record_stops_those_meshes_that_it_may_be_of() {
        let good = "apiVersion: weft.dev/v1\nkind: MeshGateway\nmetadata: {name: edge}\n";
        let state = r#"{"phase": "RUNNING", "rootNamespace": "istio-system", "version": "1.31.0"}"#;
        let bad = "spec: 1";
        let cases = [
            (None, bad, state, [true, false]),
            (Some("other"), bad, state, [true, false]),
            (Some("lab"), good, "{}", [true, true]),
            (Some("other"), good, "{}", [false, true]),
            (None, good, "{}", [true, true]),
        ];
        for (mesh, wish, state, wanted) in cases {
            let broken = GatewayRecord::read(&record(mesh, wish, state)).unwrap_err();
            let told = broken.to_string();
            assert!(
                told.contains("ConfigMap shop/weft-gateway-edge is no record of a gateway")
                    && told.contains("gateway-edge"),
                "{told}"
            );
            for ((root, mesh), stops) in [("istio-system", Some("lab")), ("second", None)]
                .into_iter()
                .zip(wanted)
            {
                let records = Records {
                    good: Vec::new(),
                    broken: vec![(*broken).clone()],
                };
                let all = records.all_of(root, mesh);
                assert_eq!(all.is_err(), stops, "{broken:?} {root}");
                if let Err(error) = all {
                    assert_eq!(error.to_string(), told);
                }
            }
        }
    }

    #[test]
    fn the_gateways_of_a_mesh_are_those_of_its_root_namespace() {
        let good = "apiVersion: weft.dev/v1\nkind: MeshGateway\nmetadata: {name: edge}\n";
        let state = r#"{"phase": "RUNNING", "rootNamespace": "istio-system", "version": "1.31.0"}"#;
        let read = GatewayRecord::read(&record(None, good, state)).unwrap();
        for (root, wanted) in [("istio-system", 1), ("second", 0)] {
            let records = Records {
                good: vec![read.clone()],
                broken: Vec::new(),
            };
            assert_eq!(records.all_of(root, None).unwrap().len(), wanted, "{root}");
        }
    }
}
