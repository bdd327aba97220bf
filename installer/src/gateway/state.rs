//! How a gateway is, decided from the objects that it is made of: the states CREATING, RUNNING, STOPPED, ERROR,
//! UPDATING and DELETING.

use serde::Serialize;
use serde_json::Value;

use super::record::Phase;
use super::selector::{Labels, labels, selects};
use crate::mesh::read::{items, label, name, namespace, text};
use crate::sidecar::gateway::{AUTO, MANAGED, WAYPOINT};
use crate::sidecar::view::{PROXY, tag};

/// How a gateway is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum State {
    /// It comes up.
    Creating,
    /// It runs as it should.
    Running,
    /// It should have no instance, and has none: nobody is served.
    Stopped,
    /// It does not, and waiting does not help.
    Error,
    /// It changes.
    Updating,
    /// It goes.
    Deleting,
}

impl State {
    /// As people and programs read it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Creating => "CREATING",
            Self::Running => "RUNNING",
            Self::Stopped => "STOPPED",
            Self::Error => "ERROR",
            Self::Updating => "UPDATING",
            Self::Deleting => "DELETING",
        }
    }
}

/// How its objects are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    /// All are ready.
    Ready,
    /// All are as they should be, which is without any instance.
    Idle,
    /// Not all, and they may come yet.
    Coming,
    /// One will not get ready.
    Failed,
    /// There is no workload.
    Gone,
}

/// Decides. `phase` is how far weft came with it; nothing for one of somebody else's, of which `rolls` says whether its
/// controller replaces pods.
pub(crate) fn state(phase: Option<Phase>, health: Health, rolls: bool) -> State {
    match (phase, health) {
        (Some(Phase::Deleting), _) => State::Deleting,
        (_, Health::Ready) => State::Running,
        (_, Health::Idle) => State::Stopped,
        (Some(Phase::Creating), Health::Coming | Health::Gone) => State::Creating,
        (Some(Phase::Updating), Health::Coming | Health::Gone) => State::Updating,
        (_, Health::Coming) if rolls => State::Updating,
        (_, Health::Coming | Health::Failed | Health::Gone) => State::Error,
    }
}

/// Whether its controller is replacing pods, or has not yet seen what changed.
pub(crate) fn rolls(workload: &Value) -> bool {
    let number = |at: &str| workload.pointer(at).and_then(Value::as_i64).unwrap_or(0);
    number("/status/observedGeneration") < number("/metadata/generation")
        || number("/status/updatedReplicas") < number("/status/replicas")
}

/// How many instances are ready, and how many should be.
pub(crate) fn instances(workload: &Value) -> [i64; 2] {
    let number = |at: &str| workload.pointer(at).and_then(Value::as_i64);
    let wanted = number("/spec/replicas").or_else(|| number("/status/desiredNumberScheduled"));
    let ready = number("/status/readyReplicas").or_else(|| number("/status/numberReady"));
    [ready.unwrap_or(0), wanted.unwrap_or(1)]
}

/// The labels of its pods.
pub(crate) fn pod_labels(workload: &Value) -> Labels {
    labels(workload.pointer("/spec/template/metadata/labels"))
}

/// The Services that lead to it.
pub(crate) fn services<'a>(workload: &Value, all: &'a [Value]) -> Vec<&'a Value> {
    let pods = pod_labels(workload);
    let place = namespace(workload);
    all.iter()
        .filter(|one| namespace(one) == place)
        .filter(|one| selects(&labels(one.pointer("/spec/selector")), &pods))
        .collect()
}

/// Where a Service is reached.
pub(crate) fn addresses(service: &Value) -> Vec<String> {
    let given = items(service, "/status/loadBalancer/ingress")
        .filter_map(|one| text(one, "/ip").or_else(|| text(one, "/hostname")));
    let routed = items(service, "/spec/externalIPs").filter_map(Value::as_str);
    let mut found: Vec<_> = given.chain(routed).map(str::to_owned).collect();
    if found.is_empty() && text(service, "/spec/type") == Some("LoadBalancer") {
        found.push("<pending>".to_owned());
    } else if found.is_empty() {
        let own = text(service, "/spec/clusterIP").filter(|address| *address != "None");
        found.extend(own.map(str::to_owned));
    }
    found
}

/// `http2:80:8080:30080` as far as the numbers differ.
pub(crate) fn ports(service: &Value) -> Vec<String> {
    items(service, "/spec/ports")
        .map(|port| {
            let number = |key: &str| port.get(key).filter(|value| !value.is_null()).map(word);
            let (own, target) = (number("port").unwrap_or_default(), number("targetPort"));
            let mut text = format!("{}:{own}", text(port, "/name").unwrap_or("-"));
            let node = number("nodePort");
            if let Some(target) = target.filter(|target| *target != own || node.is_some()) {
                text.extend([":", &target]);
            }
            text + &node.map(|node| format!(":{node}")).unwrap_or_default()
        })
        .collect()
}

fn word(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// The versions of the proxies that run, by the tags of their images, sorted.
pub(crate) fn versions(pods: &[Value]) -> Vec<String> {
    let proxies = pods.iter().filter_map(|pod| {
        let containers = ["/spec/containers", "/spec/initContainers"];
        let mut containers = containers.into_iter().flat_map(|at| items(pod, at));
        let proxy = containers.find(|one| text(one, "/name") == Some(PROXY))?;
        // What was not injected has no version.
        let image = text(proxy, "/image").filter(|image| *image != AUTO)?;
        Some(tag(image))
    });
    let mut versions: Vec<String> = proxies.collect();
    versions.sort();
    versions.dedup();
    versions
}

/// Which way traffic goes through a gateway of somebody else's: only its labels and name can tell.
pub(crate) fn direction(workload: &Value) -> &'static str {
    if label(workload, MANAGED) == Some(WAYPOINT) {
        return "waypoint";
    }
    let words = [label(workload, "istio").unwrap_or_default(), name(workload)];
    if words.iter().any(|word| word.contains("egress")) {
        "egress"
    } else {
        "ingress"
    }
}

#[cfg(test)]
mod tests;
