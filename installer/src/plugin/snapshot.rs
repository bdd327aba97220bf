//! What is in the cluster, as far as a decision about a plugin needs it, as values.

use std::collections::BTreeMap;
use std::fmt;

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use serde::Serialize;

use super::secret::SecretView;
use super::wasmplugin::WasmPlugin;
use crate::sidecar::decision::Template;
use crate::sidecar::gateway;

/// The container that Istio injects, and the one of its gateways.
pub(crate) const PROXY_CONTAINER: &str = "istio-proxy";

/// Everything that is looked at before deciding.
#[derive(Debug, Clone, Default)]
pub(crate) struct Snapshot {
    /// The plugin as it is, if it exists.
    pub(crate) current: Option<WasmPlugin>,
    /// The pods that the plugin could concern, with and without a proxy.
    pub(crate) pods: Vec<PodView>,
    /// The Secret with the registry's credentials.
    pub(crate) secret: SecretView,
}

/// A pod's name, unique in its cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct PodName {
    /// Its namespace.
    pub(crate) namespace: String,
    /// Its name there.
    pub(crate) name: String,
}

impl fmt::Display for PodName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.namespace, self.name)
    }
}

/// What matters of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PodView {
    /// Which pod.
    pub(crate) name: PodName,
    /// Its labels, which selectors look at.
    pub(crate) labels: BTreeMap<String, String>,
    /// Its proxy.
    pub(crate) proxy: ProxyView,
    /// Whether it is a gateway, whose proxy carries nobody's own calls.
    pub(crate) is_gateway: bool,
}

/// The proxy of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ProxyView {
    /// The pod has none: not injected, or captured by ambient's ztunnel, which runs no plugins.
    Absent,
    /// It runs, so that it can be asked.
    Running,
    /// It does not run, for this reason, so that it carries no traffic either.
    Waiting(String),
}

impl PodView {
    /// The view of a pod; nothing for one that has ended or is going, which serves nobody.
    pub(crate) fn of(pod: &Pod) -> Option<Self> {
        let phase = pod
            .status
            .as_ref()
            .and_then(|status| status.phase.as_deref())
            .unwrap_or_default();
        if pod.metadata.deletion_timestamp.is_some() || matches!(phase, "Succeeded" | "Failed") {
            return None;
        }
        Some(Self {
            name: PodName {
                namespace: pod.metadata.namespace.clone().unwrap_or_default(),
                name: pod.metadata.name.clone().unwrap_or_default(),
            },
            labels: pod.metadata.labels.clone().unwrap_or_default(),
            proxy: proxy(pod),
            is_gateway: is_gateway(pod),
        })
    }
}

fn is_gateway(pod: &Pod) -> bool {
    let template = Template {
        labels: pod.metadata.labels.clone().unwrap_or_default(),
        annotations: pod.metadata.annotations.clone().unwrap_or_default(),
        host_network: false,
    };
    let mut containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    gateway::is_one(&template)
        || containers.any(|one| {
            let args = one.args.iter().flatten().map(String::as_str);
            gateway::is_router(&one.name, args)
        })
}

fn proxy(pod: &Pod) -> ProxyView {
    let Some(spec) = &pod.spec else {
        return ProxyView::Absent;
    };
    // A native sidecar is an init container that goes on.
    let init = spec.init_containers.iter().flatten();
    if !spec
        .containers
        .iter()
        .chain(init)
        .any(|container| container.name == PROXY_CONTAINER)
    {
        return ProxyView::Absent;
    }
    let statuses = pod.status.iter().flat_map(|status| {
        status
            .container_statuses
            .iter()
            .flatten()
            .chain(status.init_container_statuses.iter().flatten())
    });
    match statuses
        .into_iter()
        .find(|status| status.name == PROXY_CONTAINER)
    {
        None => ProxyView::Waiting(unscheduled(pod)),
        Some(status) => container(status),
    }
}

fn container(status: &ContainerStatus) -> ProxyView {
    let Some(state) = &status.state else {
        return ProxyView::Waiting("its proxy has not started".to_owned());
    };
    if state.running.is_some() {
        return ProxyView::Running;
    }
    let reason = match (&state.waiting, &state.terminated) {
        (Some(waiting), _) => waiting.reason.clone(),
        (None, Some(terminated)) => terminated.reason.clone(),
        (None, None) => None,
    };
    ProxyView::Waiting(format!(
        "its proxy does not run: {}",
        reason.as_deref().unwrap_or("no reason given")
    ))
}

fn unscheduled(pod: &Pod) -> String {
    let conditions = pod
        .status
        .iter()
        .flat_map(|status| status.conditions.iter().flatten());
    conditions
        .filter(|condition| condition.type_ == "PodScheduled" && condition.status != "True")
        .find_map(|condition| condition.message.clone())
        .map_or_else(
            || "its containers have not started".to_owned(),
            |message| format!("not scheduled: {message}"),
        )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn view(pod: serde_json::Value) -> Option<PodView> {
        PodView::of(&serde_json::from_value(pod).unwrap())
    }

    #[test]
    fn proxies_of_every_shape() {
        let running = json!({"running": {"startedAt": "2026-01-01T00:00:00Z"}});
        let status = |state: &serde_json::Value| json!({"name": "istio-proxy", "ready": true, "image": "", "imageID": "", "restartCount": 0, "state": state});
        let proxied = json!({"containers": [{"name": "app"}, {"name": "istio-proxy"}]});
        let native =
            json!({"containers": [{"name": "app"}], "initContainers": [{"name": "istio-proxy"}]});
        let cases = [
            (
                json!({"containers": [{"name": "app"}]}),
                json!({}),
                ProxyView::Absent,
            ),
            (
                proxied.clone(),
                json!({"containerStatuses": [status(&running)]}),
                ProxyView::Running,
            ),
            (
                native,
                json!({"initContainerStatuses": [status(&running)]}),
                ProxyView::Running,
            ),
            (
                proxied.clone(),
                json!({"containerStatuses": [status(&json!({"waiting": {"reason": "ImagePullBackOff"}}))]}),
                ProxyView::Waiting("its proxy does not run: ImagePullBackOff".to_owned()),
            ),
            (
                proxied,
                json!({"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/1 nodes"}]}),
                ProxyView::Waiting("not scheduled: 0/1 nodes".to_owned()),
            ),
        ];
        for (spec, status, wanted) in cases {
            let found = view(
                json!({"metadata": {"name": "a", "namespace": "b"}, "spec": spec, "status": status}),
            );
            assert_eq!(found.map(|pod| pod.proxy), Some(wanted), "{spec}");
        }
    }

    #[test]
    fn a_gateway_is_one_whatever_its_labels_are() {
        let injected = json!({"annotations": {"inject.istio.io/templates": "gateway"}});
        let named = json!({"labels": {"istio": "ingressgateway"}});
        for (metadata, args, wanted) in [
            (&injected, json!([]), true),
            (&json!({}), json!(["proxy", "router"]), true),
            (&named, json!(["proxy", "sidecar"]), false),
        ] {
            let spec = json!({"containers": [{"name": "istio-proxy", "args": args}]});
            let pod = view(json!({"metadata": metadata, "spec": spec})).unwrap();
            assert_eq!(pod.is_gateway, wanted, "{metadata} {args}");
        }
    }

    #[test]
    fn pods_that_serve_nobody_are_left_out() {
        assert_eq!(
            view(json!({"metadata": {}, "status": {"phase": "Succeeded"}})),
            None
        );
        assert_eq!(
            view(json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}})),
            None
        );
    }
}
