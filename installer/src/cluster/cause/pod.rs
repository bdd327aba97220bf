//! Why a pod is not ready.

use serde_json::Value;

use super::refused::shortened;
use super::{Cause, Evidence};
use crate::cluster::object::ObjectId;
use crate::cluster::peek::{condition_is, list, number, text};

/// The first thing in its way; nothing for one that is ready or goes.
pub(super) fn first(pod: &Value, evidence: &Evidence) -> Option<Cause> {
    let is_done = condition_is(pod, "Ready", "True").is_some()
        || text(pod, "/status/phase") == "Succeeded"
        || !text(pod, "/metadata/deletionTimestamp").is_empty();
    if is_done {
        return None;
    }
    let name = named(pod);
    if let Some(condition) = condition_is(pod, "PodScheduled", "False") {
        return Some(unscheduled(&name, text(condition, "/message")));
    }
    if text(pod, "/status/phase") == "Failed" && !text(pod, "/status/reason").is_empty() {
        let why = [text(pod, "/status/reason"), text(pod, "/status/message")].join(": ");
        return Some(Cause::new(name, why, "look at its node"));
    }
    let mut statuses = ["/status/initContainerStatuses", "/status/containerStatuses"]
        .into_iter()
        .flat_map(|pointer| list(pod, pointer));
    let stopped = || statuses.find_map(|status| stopped(&name, pod, status, evidence));
    let missed = evidence.not_injected(&name, pod);
    missed
        .or_else(stopped)
        .or_else(|| unprepared(&name, pod, evidence))
        .or_else(|| unhealthy(&name, pod, evidence))
}

/// Why a container of it that may run now ended before.
pub(super) fn before(pod: &Value, evidence: &Evidence) -> Option<Cause> {
    let fell = |status: &&Value| number(status, "/lastState/terminated/exitCode") != 0;
    let status = list(pod, "/status/containerStatuses").iter().find(fell)?;
    let ended = status.pointer("/lastState/terminated")?;
    Some(crashed(&named(pod), status, ended, evidence))
}

fn named(pod: &Value) -> String {
    ObjectId::of(pod).map_or_else(
        || format!("Pod {}", text(pod, "/metadata/name")),
        |id| id.to_string(),
    )
}

fn unscheduled(name: &str, message: &str) -> Cause {
    // What follows is about pods that could be removed for it.
    let end = [" no new claims", " preemption:"]
        .into_iter()
        .filter_map(|words| message.find(words))
        .min();
    let message = end.and_then(|end| message.get(..end)).unwrap_or(message);
    let remedies = [
        ("Insufficient", "add nodes, or lower its requests"),
        (
            "untolerated taint",
            "add a toleration for the taint, or take the taint off a node",
        ),
        (
            "node affinity/selector",
            "change its node selector or affinity, or label a node",
        ),
        (
            "anti-affinity",
            "add nodes, or soften its anti-affinity rules",
        ),
        (
            "PersistentVolumeClaim",
            "look at its PersistentVolumeClaims: kubectl get pvc",
        ),
        (
            "persistentvolumeclaim",
            "create the PersistentVolumeClaim that it names",
        ),
        (
            "free ports",
            "another pod has the host port: change it, or add nodes",
        ),
    ];
    let remedy = remedies
        .iter()
        .find(|(word, _)| message.contains(word))
        .map_or("look at the nodes: kubectl describe node", |(_, remedy)| {
            remedy
        });
    Cause::new(
        name,
        format!("no node takes it: {}", message.trim_end_matches('.')),
        remedy,
    )
}

/// A container that waits or has ended.
fn stopped(name: &str, pod: &Value, status: &Value, evidence: &Evidence) -> Option<Cause> {
    let container = text(status, "/name");
    let waiting = text(status, "/state/waiting/reason");
    let said = text(status, "/state/waiting/message");
    match waiting {
        "ErrImagePull" | "ImagePullBackOff" | "ErrImageNeverPull" | "RegistryUnavailable" => {
            // Older kubelets say why in an event only.
            let told = evidence
                .warnings(pod, &["Failed"])
                .into_iter()
                .rfind(|told| told.starts_with("Failed to pull image"));
            let told = told.filter(|_| !said.contains(RESOLVE) && !said.contains(UNPACK));
            let cause = unpulled(name, text(status, "/image"), told.unwrap_or(said));
            Some(
                match evidence.warning(pod, &["FailedToRetrieveImagePullSecret"]) {
                    Some(lacking) => Cause {
                        remedy: secretless(pod, lacking),
                        ..cause
                    },
                    None => cause,
                },
            )
        }
        "InvalidImageName" => {
            let what = format!(
                "the image {:?} of container {container} is no image name",
                text(status, "/image")
            );
            Some(Cause::new(name, what, "correct it").for_good())
        }
        "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => {
            let what = format!("container {container} cannot start: {}", shortened(said));
            let remedy = if said.contains("not found") {
                "create what it names, or correct the name"
            } else {
                "correct its settings"
            };
            Some(Cause::new(name, what, remedy))
        }
        "CrashLoopBackOff" => {
            let ended = status.pointer("/lastState/terminated")?;
            Some(crashed(name, status, ended, evidence))
        }
        _ => {
            let ended = status.pointer("/state/terminated")?;
            (number(ended, "/exitCode") != 0).then(|| crashed(name, status, ended, evidence))
        }
    }
}

/// `Unable to retrieve some image pull secrets (NAMES); attempting to pull the image may not succeed.`
fn secretless(pod: &Value, told: &str) -> String {
    let names = told
        .split_once('(')
        .and_then(|(_, rest)| rest.split_once(')'))
        .map_or(told, |(names, _)| names);
    let namespace = text(pod, "/metadata/namespace");
    format!(
        "create the pull secrets that it names and that are not there in namespace {namespace}: {names}"
    )
}

const RESOLVE: &str = "failed to resolve reference \"";
const UNPACK: &str = "failed to pull and unpack image \"";

/// `… desc = failed to pull and unpack image "X": failed to resolve reference "X": X: not found`.
fn unpulled(name: &str, image: &str, said: &str) -> Cause {
    let said = said.rsplit(" desc = ").next().unwrap_or(said);
    let told = [RESOLVE, UNPACK]
        .iter()
        .find_map(|words| {
            let (_, rest) = said.split_once(words)?;
            rest.split_once("\": ").map(|(_, told)| told)
        })
        .unwrap_or(said);
    let has = |words: &[&str]| words.iter().any(|word| told.contains(word));
    let remedy = if has(&[
        "no such host",
        "connection refused",
        "timeout",
        "no route",
        "unreachable",
        "lookup ",
    ]) {
        "the node does not reach the registry: correct its address, or the node's network"
    } else if has(&[
        "nauthorized",
        "authorization failed",
        "403",
        "denied",
        "no basic auth",
    ]) {
        "give the registry's credentials as an imagePullSecret"
    } else if has(&["x509", "HTTP response to HTTPS", "certificate"]) {
        "make the node's container runtime trust the registry"
    } else if has(&["not found", "manifest unknown", "does not exist"]) {
        "push the image, or correct its name, tag or registry (hub)"
    } else {
        "look at the registry, and at the name of the image"
    };
    let told = if told.is_empty() {
        "no reason given"
    } else {
        told
    };
    Cause::new(
        name,
        format!("the image {image} cannot be pulled: {}", shortened(told)),
        remedy,
    )
}

fn crashed(name: &str, status: &Value, ended: &Value, evidence: &Evidence) -> Cause {
    let container = text(status, "/name");
    if text(ended, "/reason") == "OOMKilled" {
        let what = format!("container {container} needs more memory than its limit (OOMKilled)");
        return Cause::new(name, what, "raise its memory limit");
    }
    let pod = name.rsplit('/').next().unwrap_or(name);
    let key = (pod.to_owned(), container.to_owned());
    let line = evidence
        .logs
        .get(&key)
        .map(String::as_str)
        .unwrap_or_default();
    let line = if line.is_empty() {
        text(ended, "/message")
    } else {
        line
    };
    let line = if line.is_empty() {
        String::new()
    } else {
        format!(", and said last: {}", shortened(line))
    };
    let times = match number(status, "/restartCount") {
        0 => String::new(),
        1 => " after 1 restart".to_owned(),
        more => format!(" after {more} restarts"),
    };
    let what = format!(
        "container {container} ended with exit code {}{times}{line}",
        number(ended, "/exitCode")
    );
    Cause::new(
        name,
        what,
        format!("read its log: kubectl logs {pod} -c {container} -p"),
    )
}

/// A pod whose volumes or network do not come.
fn unprepared(name: &str, pod: &Value, evidence: &Evidence) -> Option<Cause> {
    let waits = |status: &Value| {
        matches!(
            text(status, "/state/waiting/reason"),
            "ContainerCreating" | "PodInitializing"
        )
    };
    let statuses = list(pod, "/status/containerStatuses");
    if !statuses.is_empty() && !statuses.iter().any(waits) {
        return None;
    }
    if let Some(told) = evidence.warning(pod, &["FailedMount", "FailedAttachVolume"]) {
        let remedy = if told.contains("not found") {
            "create what it names, or correct the name"
        } else {
            "look at the volume that it names"
        };
        return Some(Cause::new(name, shortened(told), remedy));
    }
    let told = evidence.warning(pod, &["FailedCreatePodSandBox", "NetworkNotReady"])?;
    Some(Cause::new(
        name,
        format!("its node gives it no network: {}", shortened(told)),
        "look at the network plugin (CNI) of that node",
    ))
}

/// A pod that runs, but whose probes fail.
fn unhealthy(name: &str, pod: &Value, evidence: &Evidence) -> Option<Cause> {
    let open = list(pod, "/status/containerStatuses")
        .iter()
        .find(|status| {
            status.pointer("/state/running").is_some()
                && status.get("ready").and_then(Value::as_bool) == Some(false)
        })?;
    let told = evidence.warning(pod, &["Unhealthy", "ProbeWarning"])?;
    let container = text(open, "/name");
    Some(Cause::new(
        name,
        format!(
            "container {container} runs, but is not ready: {}",
            shortened(told)
        ),
        format!(
            "read its log: kubectl logs {} -c {container}",
            name.rsplit('/').next().unwrap_or(name)
        ),
    ))
}
