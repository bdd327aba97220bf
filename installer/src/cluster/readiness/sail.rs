//! The resources of the Sail operator: whether what it makes of them is ready, by what it says, and by what it made.
//!
//! An `Istio` copies what its `IstioRevision` says, and that what its Deployment says, each a moment late: after a change all of them
//! are looked at, down to the pods.

use serde_json::Value;

use super::{Readiness, is_stale, judge as judge_any};
use crate::cluster::cause::{Cause, Evidence};
use crate::cluster::object::ObjectId;
use crate::cluster::peek::{condition, number, text};

/// The group of the operator's kinds.
pub(crate) const GROUP: &str = "sailoperator.io";
/// By which its Deployments are found, upstream's and those of its vendors.
pub(crate) const OPERATORS: &str =
    "control-plane in (sail-operator, servicemesh-operator3, alauda-sail-operator)";
/// What it says of itself that counts, the first cause first. What does not have one of the last two does not say it.
const CONDITIONS: [&str; 3] = ["Reconciled", "DependenciesHealthy", "Ready"];

/// Whether it is one of the operator's resources.
pub(crate) fn is_one(id: &ObjectId) -> bool {
    id.group == GROUP
}

/// How far it is.
pub(super) fn judge(id: &ObjectId, object: &Value, evidence: &Evidence) -> Readiness {
    let away = || away(id, evidence.operators.as_deref());
    if is_stale(object) || object.pointer("/status/conditions").is_none() {
        return waits("the Sail operator to notice it", away());
    }
    if let Some(bad) = CONDITIONS.into_iter().find_map(|kind| open(object, kind)) {
        let cause = away()
            .or_else(|| deeper(evidence))
            .unwrap_or_else(|| told(id, bad));
        let waits_for = format!("the Sail operator to say {}", text(bad, "/type"));
        return waits(waits_for, Some(cause));
    }
    let needed: &[&str] = match id.kind.as_str() {
        "IstioRevisionTag" => &["Reconciled"],
        _ => &["Reconciled", "Ready"],
    };
    if let Some(missing) = needed.iter().find(|kind| condition(object, kind).is_none()) {
        return waits(format!("the Sail operator to say {missing}"), away());
    }
    if id.kind == "IstioRevisionTag" && text(object, "/status/istioRevision") != target(object) {
        return waits("the tag to move", away());
    }
    if id.kind == "Istio" && evidence.parts.is_empty() {
        return waits("its IstioRevision", away());
    }
    let parts = evidence.parts.iter();
    let judged = parts.map(|part| judge_any(&part.id, &part.object, &part.evidence));
    judged
        .filter(|readiness| *readiness != Readiness::Ready)
        .map(|readiness| match (readiness, away()) {
            (Readiness::Progressing { waits_for, .. }, Some(away)) => waits(waits_for, Some(away)),
            (readiness, _) => readiness,
        })
        .next()
        .unwrap_or(Readiness::Ready)
}

fn waits(waits_for: impl Into<String>, cause: Option<Cause>) -> Readiness {
    Readiness::Progressing {
        waits_for: waits_for.into(),
        cause,
    }
}

/// A condition that is there and is not met.
fn open<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    condition(object, kind).filter(|condition| text(condition, "/status") != "True")
}

/// The revision that a tag is to name: an `Istio` that is updated in place has one of its own name.
fn target(object: &Value) -> &str {
    text(object, "/spec/targetRef/name")
}

/// What is in the way of something that the operator made.
fn deeper(evidence: &Evidence) -> Option<Cause> {
    let mut parts = evidence.parts.iter();
    parts.find_map(
        |part| match judge_any(&part.id, &part.object, &part.evidence) {
            Readiness::Ready => None,
            Readiness::Progressing { cause, .. } => cause,
            Readiness::Failed(cause) => Some(cause),
        },
    )
}

/// Why nobody acts on it, if nobody does. Operators that could not be looked for may well be there.
pub(crate) fn away(id: &ObjectId, operators: Option<&[Value]>) -> Option<Cause> {
    let operators = operators?;
    let is_up = |one: &Value| number(one, "/status/availableReplicas") > 0;
    if operators.iter().any(is_up) {
        return None;
    }
    Some(match operators.first() {
        Some(one) => {
            let (namespace, name) = (
                text(one, "/metadata/namespace"),
                text(one, "/metadata/name"),
            );
            Cause::new(
                id,
                format!(
                    "the Sail operator (Deployment {namespace}/{name}) does not run, and nobody acts on it"
                ),
                format!("look at its pods: kubectl get pods -n {namespace}"),
            )
        }
        None => Cause::new(
            id,
            "no Deployment of the Sail operator is in the cluster, and nobody acts on it",
            "install the operator again",
        ),
    })
}

/// What the operator says, in words.
fn told(id: &ObjectId, condition: &Value) -> Cause {
    let message = match text(condition, "/message") {
        "" => text(condition, "/reason"),
        message => message,
    };
    let (what, remedy) = match text(condition, "/reason") {
        "ReconcileError" => (
            "the Sail operator cannot do it",
            "correct what it says; it tries again by itself",
        ),
        "IstiodNotReady" => ("istiod is not ready", "look at its Deployment and its pods"),
        "RemoteIstiodNotReady" => (
            "the remote istiod does not answer",
            "look at it, and at the way to it",
        ),
        "DaemonSetNotReady" => (
            "its DaemonSet is not ready",
            "look at its pods, and at the nodes",
        ),
        "ActiveRevisionNotFound" | "FailedToGetActiveRevision" => (
            "it has no IstioRevision",
            "look at the log of the Sail operator",
        ),
        "ReadinessCheckFailed" | "DependencyCheckFailed" | "UsageCheckFailed" => (
            "the Sail operator cannot tell",
            "look at its log, and at what it may read",
        ),
        "IstioCNINotFound" => (
            "it needs the node agent, and there is no IstioCNI",
            "say cni: true in the mesh file",
        ),
        "IstioCNINotHealthy" => (
            "it needs the node agent, which is not healthy",
            "look at IstioCNI default",
        ),
        "ZTunnelNotFound" => (
            "it needs ztunnel, and there is no ZTunnel",
            "say ambient: true in the mesh file",
        ),
        "ZTunnelNotHealthy" => (
            "it needs ztunnel, which is not healthy",
            "look at ZTunnel default",
        ),
        "NameAlreadyExists" => (
            "a revision and a tag have the same name",
            "give the tag another one",
        ),
        "RefNotFound" => (
            "what it names is not there",
            "look at the Istio resource of its revision",
        ),
        _ => (
            "the Sail operator says",
            "look at its status with kubectl describe",
        ),
    };
    Cause::new(id, format!("{what}: {message}"), remedy)
}

/// Why one of the operator's resources that was deleted is still there.
pub(crate) fn lingering(id: &ObjectId, operators: Option<&[Value]>) -> Option<Cause> {
    let away = away(id, operators)?;
    let resource = format!("{}.{GROUP}", id.kind.to_lowercase());
    let holder = if id.kind == "Istio" {
        format!("istiorevision.{GROUP}")
    } else {
        resource
    };
    let what = format!(
        "{}, so that its finalizer {GROUP}/sail-operator stays",
        away.what
    );
    let remedy = format!(
        "start the operator again and run the same command; without it for good, take the finalizer away, and by hand what it installed: \
         kubectl patch {holder} {} --type merge -p '{{\"metadata\":{{\"finalizers\":null}}}}'",
        id.name
    );
    Some(Cause::new(id, what, remedy))
}

#[cfg(test)]
#[path = "sail/tests.rs"]
mod tests;
