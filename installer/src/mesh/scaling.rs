//! Autoscaling without figures to go by: a `HorizontalPodAutoscaler` asks the cluster's metrics API what pods use, and changes nothing
//! where nobody serves one.

use serde_json::Value;

use super::read::{self, Kind, items, name, namespace, of, text};
use crate::cluster::access::Cluster;
use crate::cluster::error::ClusterError;

/// The group of the metrics API.
const GROUP: &str = "metrics.k8s.io";
const SCALERS: Kind = of(
    "autoscaling",
    "v2",
    "HorizontalPodAutoscaler",
    "horizontalpodautoscalers",
);
/// What is seen.
pub(crate) const BLIND: &str = "no metrics API (metrics.k8s.io) is served, and it will stay at the number of pods that it has, whatever they use";
/// Where figures come from.
pub(crate) const SERVER: &str = "install metrics-server";

/// Whether one of these versions of APIs is that of metrics.
pub(crate) fn are_measured(versions: &[String]) -> bool {
    let of_group = |version: &String| version.split('/').next() == Some(GROUP);
    versions.iter().any(of_group)
}

/// Whether the cluster serves a metrics API.
pub(crate) async fn is_measured(cluster: &Cluster) -> Result<bool, ClusterError> {
    let asked = cluster.client.list_api_groups();
    let found = cluster.call("list the groups of APIs", asked).await?;
    Ok(found.groups.iter().any(|group| group.name == GROUP))
}

/// An autoscaler without figures, in words.
pub(crate) fn words(namespace: &str, name: &str) -> String {
    format!(
        "HorizontalPodAutoscaler {namespace}/{name}: {BLIND}: {SERVER}, or turn autoscaling off"
    )
}

/// The autoscalers that ask for figures that nobody has, of the workloads that are chosen. Whoever may not read them hears nothing.
pub(crate) async fn blind(
    cluster: &Cluster,
    place: Option<&str>,
    chosen: impl Fn(&str, &str) -> bool,
) -> Result<Vec<String>, ClusterError> {
    if is_measured(cluster).await? {
        return Ok(Vec::new());
    }
    let keep = |one: &Value| asks(one) && chosen(namespace(one), target(one));
    match read::some(cluster, SCALERS, place, "", keep).await {
        Ok(found) => Ok(found
            .iter()
            .map(|one| words(namespace(one), name(one)))
            .collect()),
        Err(error) if error.is_forbidden() => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// What it scales.
fn target(scaler: &Value) -> &str {
    text(scaler, "/spec/scaleTargetRef/name").unwrap_or_default()
}

/// Whether it goes by what pods use of CPU or memory; others have APIs of their own.
fn asks(scaler: &Value) -> bool {
    let by_use = |kind: &str| kind == "Resource" || kind == "ContainerResource";
    items(scaler, "/spec/metrics").any(|metric| text(metric, "/type").is_some_and(by_use))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_goes_by_use_needs_the_api() {
        for (metrics, wanted) in [
            (json!([{"type": "Resource"}]), true),
            (
                json!([{"type": "External"}, {"type": "ContainerResource"}]),
                true,
            ),
            (json!([{"type": "External"}]), false),
            (json!([]), false),
        ] {
            let scaler = json!({"spec": {"metrics": metrics}});
            assert_eq!(asks(&scaler), wanted, "{scaler}");
        }
    }

    #[test]
    fn the_api_is_known_by_its_group() {
        for (version, wanted) in [
            ("metrics.k8s.io/v1beta1", true),
            ("custom.metrics.k8s.io/v1beta1", false),
            ("v1", false),
        ] {
            assert_eq!(are_measured(&[version.to_owned()]), wanted, "{version}");
        }
    }
}
