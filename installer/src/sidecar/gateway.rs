//! Gateways among the workloads: proxies without an application, which route for others. This is the one place that tells them
//! from sidecars, by who gives them their proxy:
//!
//! | who | told by |
//! | --- | --- |
//! | the injector, without which they do not start at all | the annotation that names the template `gateway` |
//! | istiod, for a Gateway of the Gateway API, waypoints too | the label that names that Gateway |
//! | whoever wrote the workload | a proxy in it that runs as a router |

use serde_json::Value;

use super::decision::{Decision, Place, Template, decide};
use super::injector::Labels;
use super::state::Snapshot;
use super::view::{PROXY, PodView, WorkloadName};
use crate::cluster::peek::{list, text};

/// What stands in a template in place of the image that the injector puts in.
pub(crate) const AUTO: &str = "auto";
/// The annotation that names what the injector makes of a pod.
pub(crate) const TEMPLATES: &str = "inject.istio.io/templates";
/// The label of the pods of a Gateway API's Gateway, which istiod runs.
pub(crate) const GATEWAY_NAME: &str = "gateway.networking.k8s.io/gateway-name";

/// The label that Istio puts on what it manages for a Gateway …
pub(crate) const MANAGED: &str = "gateway.istio.io/managed";
/// … and its value for a waypoint.
pub(crate) const WAYPOINT: &str = "istio.io-mesh-controller";
/// The role in which the proxy of a gateway runs.
const ROUTER: &str = "router";

/// Whether a workload is one.
pub(crate) fn is_workload(object: &Value) -> bool {
    let pod = object.pointer("/spec/template").unwrap_or(&Value::Null);
    is_one(&Template::of(pod)) || list(pod, "/spec/containers").iter().any(routes)
}

/// Whether the injector makes a gateway of a workload's pods.
pub(crate) fn is_injected_workload(object: &Value) -> bool {
    let pod = object.pointer("/spec/template").unwrap_or(&Value::Null);
    is_injected_as_one(&Template::of(pod))
}

/// Whether a pod is of one, by what its workload says and by its own proxy.
pub(crate) fn is_pod(pod: &PodView, template: Option<&Template>) -> bool {
    pod.brings_its_own || template.is_some_and(is_one)
}

fn routes(container: &Value) -> bool {
    let args = list(container, "/args").iter().filter_map(Value::as_str);
    is_router(text(container, "/name"), args)
}

/// Whether a container is a proxy that routes for others.
pub(crate) fn is_router<'a>(name: &str, mut args: impl Iterator<Item = &'a str>) -> bool {
    name == PROXY && args.any(|word| word == ROUTER)
}

/// Whether these are the pods of a gateway, as far as labels and annotations tell.
pub(crate) fn is_one(template: &Template) -> bool {
    is_injected_as_one(template) || template.labels.contains_key(GATEWAY_NAME)
}

/// Whether the injector makes a gateway of such pods.
fn is_injected_as_one(template: &Template) -> bool {
    let templates = template.annotations.get(TEMPLATES);
    templates.is_some_and(|all| all.split(',').any(|one| one.trim() == "gateway"))
}

/// Whose work it is to start a gateway anew.
pub(crate) fn renewed_by(namespace: &str, name: &str) -> String {
    format!(
        "a gateway: `weft gateway upgrade {name} -n {namespace}` renews it, or whoever made it if that was not weft"
    )
}

/// The gateways of a namespace that would get their proxies as it is, and would get none with these labels.
pub(crate) fn losing(snapshot: &Snapshot, namespace: &str, after: &Labels) -> Vec<WorkloadName> {
    let here = snapshot.workloads.iter();
    here.filter(|one| one.name.namespace == namespace)
        .filter(|one| loses(snapshot, namespace, after, [&one.template; 2]))
        .map(|one| one.name.clone())
        .collect()
}

/// Whether a workload is a gateway that would get its proxy as it is, and would get none with these labels on its pods.
pub(crate) fn loses_by_itself(snapshot: &Snapshot, name: &WorkloadName, after: &Labels) -> bool {
    let Some(one) = snapshot.workloads.iter().find(|one| one.name == *name) else {
        return false;
    };
    let changed = Template {
        labels: after.clone(),
        ..one.template.clone()
    };
    let place = snapshot.namespaces.get(&name.namespace);
    let place = place.cloned().unwrap_or_default();
    loses(snapshot, &name.namespace, &place, [&one.template, &changed])
}

fn loses(snapshot: &Snapshot, name: &str, after: &Labels, templates: [&Template; 2]) -> bool {
    let [was, is] = templates;
    let nothing = Labels::new();
    let before = snapshot.namespaces.get(name).unwrap_or(&nothing);
    let injected =
        |labels, template| decide(&snapshot.injectors, Place { name, labels }, template).injected;
    is_one(was) && injected(before, was) && !injected(after, is)
}

/// What is the matter with a pod whose image is still `auto`, and what to do about it.
pub(crate) fn uninjected(decision: &Decision) -> [String; 2] {
    if decision.injected {
        return [
            format!(
                "not injected when it was made (its image is still {AUTO}), though it would be now: {}",
                decision.reason
            ),
            "delete the pod: its controller makes it anew".to_owned(),
        ];
    }
    [
        format!(
            "not injected, because {}; its image is still {AUTO}",
            decision.reason
        ),
        "have it injected (weft sidecar explain shows every webhook), then delete the pod"
            .to_owned(),
    ]
}

#[cfg(test)]
mod tests;
