//! Why something does not get ready, in words: the first thing in its way, on which object, and what to do about it.
//!
//! What Kubernetes knows of a cause is spread over the object, its replica sets, its pods, their events and their logs.
//! They are given as values, so that each cause is a row in a table of tests.

mod pod;
mod refused;

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::error::ClusterError;
use super::object::ObjectId;
use super::peek::{condition_is, list, text};

/// What else is known about an object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence {
    /// The replica sets of a Deployment.
    pub(crate) replica_sets: Vec<Value>,
    /// The pods of a workload.
    pub(crate) pods: Vec<Value>,
    /// The warnings of its namespace.
    pub(crate) events: Vec<Value>,
    /// The last line that a container said, by pod and container.
    pub(crate) logs: BTreeMap<(String, String), String>,
    /// What is wrong with pods that were to be injected and were not, and what to do about it, by their names.
    pub(crate) uninjected: BTreeMap<String, [String; 2]>,
    /// What an operator made of it.
    pub(crate) parts: Vec<Part>,
    /// The Deployments of that operator; nothing where nobody looked, or may.
    pub(crate) operators: Option<Vec<Value>>,
}

/// An object that an operator made of another one.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// Which.
    pub(crate) id: ObjectId,
    /// The object.
    pub(crate) object: Value,
    /// What else is known about it.
    pub(crate) evidence: Evidence,
}

impl Evidence {
    /// The newest warning about an object for one of these reasons.
    fn warning(&self, about: &Value, reasons: &[&str]) -> Option<&str> {
        self.warnings(about, reasons).last().copied()
    }

    /// What the runtime could only tell as an image that it does not find.
    fn not_injected(&self, name: &str, pod: &Value) -> Option<Cause> {
        let [what, remedy] = self.uninjected.get(text(pod, "/metadata/name"))?;
        Some(Cause::new(name, what, remedy))
    }

    /// All of them, the newest last.
    fn warnings(&self, about: &Value, reasons: &[&str]) -> Vec<&str> {
        let uid = text(about, "/metadata/uid");
        let mut about: Vec<_> = self
            .events
            .iter()
            .filter(|event| text(event, "/involvedObject/uid") == uid)
            .filter(|event| reasons.contains(&text(event, "/reason")))
            .collect();
        about.sort_by_key(|event| moment(event));
        about
            .into_iter()
            .map(|event| text(event, "/message"))
            .collect()
    }
}

/// When an event was seen last; events have two forms.
fn moment(event: &Value) -> &str {
    ["/series/lastObservedTime", "/lastTimestamp", "/eventTime"]
        .into_iter()
        .map(|pointer| text(event, pointer))
        .find(|moment| !moment.is_empty())
        .unwrap_or_default()
}

/// What is in the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Cause {
    /// The object that it is about.
    pub(crate) object: String,
    /// What is wrong with it.
    pub(crate) what: String,
    /// What to do about it.
    pub(crate) remedy: String,
    /// Waiting does not help.
    #[serde(skip)]
    pub(crate) is_final: bool,
}

impl Cause {
    /// About an object.
    pub(crate) fn new(
        object: impl fmt::Display,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            object: object.to_string(),
            what: what.into(),
            remedy: remedy.into(),
            is_final: false,
        }
    }

    fn for_good(self) -> Self {
        Self {
            is_final: true,
            ..self
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}; {}", self.object, self.what, self.remedy)
    }
}

/// The first thing in the way of an object that is not ready.
pub(crate) fn first(id: &ObjectId, object: &Value, evidence: &Evidence) -> Option<Cause> {
    match (id.group.as_str(), id.kind.as_str()) {
        ("apps", _) | ("batch", "Job") => workload(id, object, evidence),
        ("", "Pod") => pod::first(object, evidence),
        ("", "Service") => service(id, object, evidence),
        ("", "PersistentVolumeClaim") => Some(claim(id, object, evidence)),
        ("apiextensions.k8s.io", _) => definition(id, object),
        ("admissionregistration.k8s.io", _) => webhook(id, object),
        ("apiregistration.k8s.io", _) => api_service(id, object),
        _ => None,
    }
}

/// First what keeps pods from being made, then what keeps them from running.
fn workload(id: &ObjectId, object: &Value, evidence: &Evidence) -> Option<Cause> {
    let about = std::iter::once(object).chain(&evidence.replica_sets);
    let conditions = about
        .clone()
        .filter_map(|object| condition_is(object, "ReplicaFailure", "True"))
        .map(|condition| text(condition, "/message"));
    let events = about.filter_map(|object| evidence.warning(object, &["FailedCreate"]));
    // A warning of before stays for an hour: pods that exist say that it is over.
    let events = events.filter(|_| evidence.pods.is_empty());
    if let Some(message) = conditions.chain(events).find(|message| !message.is_empty()) {
        let (what, remedy) = refused::explain(message);
        return Some(Cause::new(
            id,
            format!("its pods are refused: {what}"),
            remedy,
        ));
    }
    evidence
        .pods
        .iter()
        .find_map(|pod| pod::first(pod, evidence))
}

/// Why a pod that may be up now was down before.
pub(crate) fn before(evidence: &Evidence) -> Option<Cause> {
    evidence
        .pods
        .iter()
        .find_map(|pod| pod::before(pod, evidence))
}

fn service(id: &ObjectId, object: &Value, evidence: &Evidence) -> Option<Cause> {
    if text(object, "/spec/type") != "LoadBalancer" {
        return None;
    }
    let told = evidence.warning(object, &["SyncLoadBalancerFailed", "AllocationFailed"]);
    let what = told.map_or_else(
        || "nobody has given it an address".to_owned(),
        |told| format!("it gets no address: {told}"),
    );
    let remedy = "install a load balancer controller, or look whether the cloud's quota is used up, or make its type ClusterIP or NodePort";
    Some(Cause::new(id, what, remedy))
}

fn claim(id: &ObjectId, object: &Value, evidence: &Evidence) -> Cause {
    let reasons = [
        "ProvisioningFailed",
        "FailedBinding",
        "ExternalProvisioning",
        "VolumeBindingFailed",
    ];
    let class = text(object, "/spec/storageClassName");
    if let Some(told) = evidence.warning(object, &reasons) {
        let remedy = if told.contains("not found") {
            "name a StorageClass that exists (kubectl get storageclass)"
        } else {
            "look at the StorageClass and its provisioner"
        };
        return Cause::new(id, format!("it gets no volume: {told}"), remedy);
    }
    let what = if class.is_empty() {
        "it gets no volume, and names no StorageClass".to_owned()
    } else {
        format!("it gets no volume from the StorageClass {class}")
    };
    let remedy = "make a StorageClass the default one, or name one that has a provisioner";
    Cause::new(id, what, remedy)
}

fn definition(id: &ObjectId, object: &Value) -> Option<Cause> {
    let refused = condition_is(object, "NamesAccepted", "False")?;
    let what = format!("its names are not accepted: {}", text(refused, "/message"));
    let remedy = "another definition has the same names: remove that one, or this one";
    Some(Cause::new(id, what, remedy).for_good())
}

fn api_service(id: &ObjectId, object: &Value) -> Option<Cause> {
    let refused = condition_is(object, "Available", "False")?;
    let what = format!("it is not available: {}", text(refused, "/message"));
    Some(Cause::new(
        id,
        what,
        "look at the Service that it names, and at its pods",
    ))
}

/// A server behind a webhook that has not written its certificate is not trusted by the API server.
fn webhook(id: &ObjectId, object: &Value) -> Option<Cause> {
    let open = list(object, "/webhooks").iter().find(|webhook| {
        webhook.pointer("/clientConfig/service").is_some()
            && text(webhook, "/clientConfig/caBundle").is_empty()
    })?;
    let of = |pointer| text(open, pointer);
    let what = format!(
        "its webhook {} has no certificate: Service {}/{} has not written one",
        of("/name"),
        of("/clientConfig/service/namespace"),
        of("/clientConfig/service/name")
    );
    Some(Cause::new(id, what, "look at the pods of that Service"))
}

/// What a refused request says, and what to do about it.
pub(crate) fn refusal(error: &ClusterError) -> String {
    let (what, remedy) = refused::explain(&plain(error));
    format!("the API server refuses it: {what}; {remedy}")
}

/// What to do about what a server said, where that is known.
pub(crate) fn remedy(message: &str) -> Option<String> {
    refused::known(message).map(|(_, remedy)| remedy)
}

/// What the server said, without what we tried.
pub(crate) fn plain(error: &ClusterError) -> String {
    if let ClusterError::Forbidden { message, .. } | ClusterError::Invalid { message, .. } = error {
        return message.clone();
    }
    if let ClusterError::Other { cause, .. } = error {
        return super::error::said(cause);
    }
    std::error::Error::source(error).map_or_else(|| error.to_string(), super::error::root_cause)
}

#[cfg(test)]
mod tests;
