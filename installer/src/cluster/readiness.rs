//! Whether an object does what it is for, by what its status says.

pub(crate) mod istiod;
pub(crate) mod sail;

use serde_json::Value;

use super::cause::{self, Cause, Evidence};
use super::object::ObjectId;
use super::peek::{condition_is, list, number, text};

/// How far an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Readiness {
    /// It does what it is for.
    Ready,
    /// Not yet.
    Progressing {
        /// What it waits for.
        waits_for: String,
        /// What is in its way, if something is.
        cause: Option<Cause>,
    },
    /// It will not without somebody's help.
    Failed(Cause),
}

/// What the status alone says.
enum Course {
    Done,
    Waits(String),
    Stuck(String),
}

/// Whether there is anything to wait for in objects of that kind. Webhooks are not waited for: their servers may well come
/// in a later stage.
pub(crate) fn is_awaited(id: &ObjectId) -> bool {
    sail::is_one(id) || rule(id).is_some()
}

/// Whether its containers say themselves when they are ready; what has no containers is as ready as it says.
pub(crate) fn is_probed(object: &Value) -> bool {
    let containers = list(object, "/spec/template/spec/containers");
    let mut containers = containers.iter().chain(list(object, "/spec/containers"));
    containers.all(|container| container.get("readinessProbe").is_some())
}

/// How far it is.
pub(crate) fn judge(id: &ObjectId, object: &Value, evidence: &Evidence) -> Readiness {
    if sail::is_one(id) {
        return sail::judge(id, object, evidence);
    }
    if let Some(cause) = istiod::halted(id, object) {
        return Readiness::Failed(cause);
    }
    let Some(rule) = rule(id) else {
        return Readiness::Ready;
    };
    let stuck = match rule(object) {
        Course::Done => return Readiness::Ready,
        Course::Waits(waits_for) => Err(waits_for),
        Course::Stuck(why) => Ok(why),
    };
    let cause = cause::first(id, object, evidence);
    match stuck {
        Ok(why) => Readiness::Failed(cause.unwrap_or_else(|| {
            Cause::new(
                id,
                why,
                "look at its status and its events with kubectl describe",
            )
        })),
        Err(_) if cause.as_ref().is_some_and(|cause| cause.is_final) => {
            cause.map_or(Readiness::Ready, Readiness::Failed)
        }
        Err(waits_for) => Readiness::Progressing { waits_for, cause },
    }
}

fn rule(id: &ObjectId) -> Option<fn(&Value) -> Course> {
    Some(match (id.group.as_str(), id.kind.as_str()) {
        ("apps", "Deployment") => deployment,
        ("apps", "DaemonSet") => daemon_set,
        ("apps", "StatefulSet") => stateful_set,
        ("", "Service") => service,
        ("", "PersistentVolumeClaim") => claim,
        ("", "Pod") => pod,
        ("", "Namespace") => namespace,
        ("batch", "Job") => job,
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition,
        ("apiregistration.k8s.io", "APIService") => api_service,
        _ => return None,
    })
}

fn when(done: bool, waits_for: impl FnOnce() -> String) -> Course {
    if done {
        Course::Done
    } else {
        Course::Waits(waits_for())
    }
}

/// Its status is about an earlier version of it.
fn is_stale(object: &Value) -> bool {
    number(object, "/status/observedGeneration") < number(object, "/metadata/generation")
}

fn unseen() -> Course {
    Course::Waits("its controller to notice it".to_owned())
}

/// Replicas that are not written are one.
fn replicas(object: &Value) -> i64 {
    let written = object.pointer("/spec/replicas");
    written.and_then(Value::as_i64).unwrap_or(1)
}

fn deployment(object: &Value) -> Course {
    if is_stale(object) {
        return unseen();
    }
    let exceeded = condition_is(object, "Progressing", "False")
        .filter(|condition| text(condition, "/reason") == "ProgressDeadlineExceeded");
    if let Some(condition) = exceeded {
        return Course::Stuck(text(condition, "/message").to_owned());
    }
    let wanted = replicas(object);
    let of = |pointer| number(object, pointer);
    let (updated, ready) = (
        of("/status/updatedReplicas"),
        of("/status/availableReplicas"),
    );
    if updated < wanted {
        return Course::Waits(format!("{updated} of {wanted} pods are of the new version"));
    }
    let old = of("/status/replicas").saturating_sub(updated);
    if old > 0 {
        return Course::Waits(format!("{old} pods of the old version to go"));
    }
    when(ready >= wanted, || {
        format!("{ready} of {wanted} pods are ready")
    })
}

fn daemon_set(object: &Value) -> Course {
    if is_stale(object) {
        return unseen();
    }
    let of = |pointer| number(object, pointer);
    let wanted = of("/status/desiredNumberScheduled");
    let updated = of("/status/updatedNumberScheduled");
    let ready = of("/status/numberAvailable");
    if wanted == 0 {
        return Course::Waits("a node that it may run on".to_owned());
    }
    if updated < wanted {
        return Course::Waits(format!("{updated} of {wanted} pods are of the new version"));
    }
    when(ready >= wanted, || {
        format!("{ready} of {wanted} pods are ready")
    })
}

fn stateful_set(object: &Value) -> Course {
    if is_stale(object) {
        return unseen();
    }
    let wanted = replicas(object);
    // Pods below the partition keep the old version on purpose.
    let partition = number(object, "/spec/updateStrategy/rollingUpdate/partition");
    let renewed = wanted.saturating_sub(partition).max(0);
    let of = |pointer| number(object, pointer);
    let (updated, ready) = (of("/status/updatedReplicas"), of("/status/readyReplicas"));
    let is_same = text(object, "/status/currentRevision") == text(object, "/status/updateRevision");
    if updated < renewed && !is_same {
        return Course::Waits(format!(
            "{updated} of {renewed} pods are of the new version"
        ));
    }
    when(ready >= wanted, || {
        format!("{ready} of {wanted} pods are ready")
    })
}

fn service(object: &Value) -> Course {
    let needs_address = text(object, "/spec/type") == "LoadBalancer";
    let has_address = !list(object, "/status/loadBalancer/ingress").is_empty();
    when(!needs_address || has_address, || {
        "an address from the load balancer".to_owned()
    })
}

fn claim(object: &Value) -> Course {
    match text(object, "/status/phase") {
        "Bound" => Course::Done,
        "Lost" => Course::Stuck("the volume that it was bound to is gone".to_owned()),
        _ => Course::Waits("a volume".to_owned()),
    }
}

fn pod(object: &Value) -> Course {
    match text(object, "/status/phase") {
        "Succeeded" => Course::Done,
        "Failed" => Course::Stuck("it has ended with an error".to_owned()),
        _ => when(condition_is(object, "Ready", "True").is_some(), || {
            "its containers to be ready".to_owned()
        }),
    }
}

fn namespace(object: &Value) -> Course {
    when(text(object, "/status/phase") == "Active", || {
        "what is in it to be deleted".to_owned()
    })
}

fn job(object: &Value) -> Course {
    if let Some(failed) = condition_is(object, "Failed", "True") {
        return Course::Stuck(text(failed, "/message").to_owned());
    }
    when(condition_is(object, "Complete", "True").is_some(), || {
        "its pods to end".to_owned()
    })
}

fn definition(object: &Value) -> Course {
    when(
        condition_is(object, "Established", "True").is_some(),
        || "the API server to serve it".to_owned(),
    )
}

fn api_service(object: &Value) -> Course {
    when(condition_is(object, "Available", "True").is_some(), || {
        "its server to answer".to_owned()
    })
}

#[cfg(test)]
mod tests;
