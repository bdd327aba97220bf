//! What may keep pods of a mesh from starting: pod security, and other plugins of the pods' network.

use super::super::read::{label, name, namespace, text};
use super::bounds::is_injected;
use super::facts::Facts;
use super::gather::{CILIUM, NAMESPACES};
use super::{Check, Subject, Wish};

const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

pub(super) fn security(facts: &Facts, wish: &Wish) -> Vec<Check> {
    let subject = Subject::of("POD_SECURITY", "pod security lets the mesh's pods start");
    let namespaces = match facts.list(NAMESPACES) {
        Ok(namespaces) => namespaces,
        Err(why) => return vec![subject.skipped(why)],
    };
    let plugin = wish.has_plugin();
    let mut checks = Vec::new();
    for one in namespaces {
        let Some(level @ ("baseline" | "restricted")) = label(one, ENFORCE) else {
            continue;
        };
        let object = format!("Namespace {}", name(one));
        if name(one) == wish.root_namespace && plugin {
            let words = format!("it enforces {level}, and the CNI plugin's pods are privileged");
            let remedy = format!("label it {ENFORCE}=privileged");
            checks.push(subject.fail(words, remedy).about(object));
        } else if name(one) == wish.root_namespace && level == "restricted" && !wish.seccomp {
            let words = "it enforces restricted, and istiod's pods name no seccompProfile: they are refused";
            let remedy = format!(
                "set values.istiod.seccompProfile.type to RuntimeDefault in the mesh file, or label it {ENFORCE}=baseline"
            );
            checks.push(subject.fail(words, remedy).about(object));
        } else if name(one) != wish.root_namespace && is_injected(one) && !plugin {
            let words = format!(
                "it enforces {level}, and istio-init needs NET_ADMIN: pods with a sidecar are refused"
            );
            let remedy = format!("install with the CNI plugin, or label it {ENFORCE}=privileged");
            checks.push(subject.warn(words, remedy).about(object));
        }
    }
    if checks.is_empty() {
        checks.push(subject.pass("no namespace of the mesh enforces what its pods do not keep"));
    }
    checks
}

/// Images of a site's own under names that its mesh file does not have.
pub(super) fn images(_: &Facts, wish: &Wish) -> Vec<Check> {
    let subject = Subject::of("IMAGES", "the images are named as the site has them");
    let found = wish.images.iter();
    found
        .map(|words| subject.check(super::Verdict::Warn, words))
        .collect()
}

/// Plugins that would take Istio's out of the chain, or pass it by.
pub(super) fn plugins(facts: &Facts, wish: &Wish) -> Vec<Check> {
    let subject = Subject::of("CNI", "the pods' network leaves Istio its part");
    let configs = match facts.list(CILIUM) {
        Ok(configs) => configs,
        Err(why) => return vec![subject.skipped(why)],
    };
    let plugin = wish.has_plugin();
    let mut checks = Vec::new();
    for config in configs {
        let object = format!("ConfigMap {}/{}", namespace(config), name(config));
        let value = |key: &str| text(config, &format!("/data/{key}")).unwrap_or_default();
        if plugin && value("cni-exclusive") != "false" {
            let words = "Cilium removes other CNI plugins, Istio's too (cni-exclusive)";
            checks.push(
                subject
                    .fail(words, "set cni.exclusive=false in Cilium's values")
                    .about(object.clone()),
            );
        }
        let replaced = matches!(value("kube-proxy-replacement"), "true" | "strict");
        if replaced && value("bpf-lb-sock-hostns-only") != "true" {
            let words = "Cilium picks the endpoint in the socket, before a sidecar sees the Service (bpf-lb-sock-hostns-only)";
            checks.push(
                subject
                    .warn(
                        words,
                        "set socketLB.hostNamespaceOnly=true in Cilium's values",
                    )
                    .about(object),
            );
        }
    }
    if checks.is_empty() {
        checks.push(subject.pass("nothing that is known to get in its way was seen"));
    }
    checks
}
