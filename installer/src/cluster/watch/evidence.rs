//! Gathers what Kubernetes knows about an object that is not ready. Pods and replica sets are chosen by label, of events
//! only the warnings of one namespace: the size of the cluster does not count.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::LogParams;
use serde_json::Value;

use super::{injection, made};
use crate::cluster::access::Cluster;
use crate::cluster::cause::Evidence;
use crate::cluster::discovery::Resource;
use crate::cluster::error::ClusterError;
use crate::cluster::object::ObjectId;
use crate::cluster::peek::{list, number, text};
use crate::cluster::readiness::sail;

/// What else is known about an object that is not ready.
pub(super) async fn gather(
    cluster: &Cluster,
    id: &ObjectId,
    object: &Value,
    with_logs: bool,
) -> Result<Evidence, ClusterError> {
    if sail::is_one(id) {
        return made::by_operator(cluster, id, object, with_logs).await;
    }
    let namespace = id.namespace.as_deref();
    if namespace.is_none() {
        return Ok(Evidence::default());
    }
    let mut evidence = Evidence {
        events: cluster
            .select(
                &Resource::core("Event", "events"),
                namespace,
                "",
                "type=Warning",
            )
            .await?,
        ..Evidence::default()
    };
    if id.is("", "Pod") {
        evidence.pods.push(object.clone());
    }
    let labels = selector(object);
    if matches!(id.group.as_str(), "apps" | "batch") && !labels.is_empty() {
        evidence.pods = cluster
            .select(&Resource::core("Pod", "pods"), namespace, &labels, "")
            .await?;
        if id.kind == "Deployment" {
            evidence.replica_sets = cluster
                .select(&replica_sets(), namespace, &labels, "")
                .await?;
            evidence
                .replica_sets
                .retain(|set| is_made_by(set, object) && number(set, "/spec/replicas") > 0);
        }
    }
    evidence.uninjected = Box::pin(injection::missing(cluster, &evidence.pods)).await;
    if with_logs {
        evidence.logs = logs(cluster, &evidence.pods).await;
    }
    Ok(evidence)
}

/// What the containers that have ended said last. A log that cannot be read is no log.
async fn logs(cluster: &Cluster, pods: &[Value]) -> BTreeMap<(String, String), String> {
    let mut logs = BTreeMap::new();
    for pod in pods {
        let statuses = ["/status/initContainerStatuses", "/status/containerStatuses"];
        for status in statuses.into_iter().flat_map(|pointer| list(pod, pointer)) {
            let is_over = status.pointer("/state/terminated").is_some();
            let before = status.pointer("/lastState/terminated").is_some();
            if !is_over && !before {
                continue;
            }
            let of = |pointer| text(pod, pointer).to_owned();
            let api: Api<Pod> = Api::namespaced(cluster.client.clone(), &of("/metadata/namespace"));
            let params = LogParams {
                container: Some(text(status, "/name").to_owned()),
                previous: !is_over,
                tail_lines: Some(1),
                limit_bytes: Some(4096),
                ..LogParams::default()
            };
            let name = of("/metadata/name");
            let asked = cluster.call("read a log", api.logs(&name, &params));
            if let Ok(line) = asked.await {
                logs.insert(
                    (name, text(status, "/name").to_owned()),
                    line.trim().to_owned(),
                );
            }
        }
    }
    logs
}

/// The labels that choose the pods of a workload.
fn selector(object: &Value) -> String {
    let labels = object
        .pointer("/spec/selector/matchLabels")
        .and_then(Value::as_object);
    let labels = labels.into_iter().flatten();
    labels
        .filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)))
        .collect::<Vec<_>>()
        .join(",")
}

pub(super) fn is_made_by(object: &Value, owner: &Value) -> bool {
    let uid = text(owner, "/metadata/uid");
    list(object, "/metadata/ownerReferences")
        .iter()
        .any(|reference| text(reference, "/uid") == uid)
}

fn replica_sets() -> Resource {
    Resource {
        group: "apps".to_owned(),
        ..Resource::core("ReplicaSet", "replicasets")
    }
}
