//! The cluster itself: its version, its clock, its nodes, and what it offers.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::read::{annotation, items, label, name, namespace, text};
use super::facts::Facts;
use super::gather::{DAEMON_SETS, NODES, SERVICES, STORAGE_CLASSES};
use super::{Check, Extra, Subject, Wish, versions};
use crate::mesh::scaling::{BLIND, SERVER};

/// Seconds by which clocks may differ before certificates are refused too early, or soon.
const SKEW: (i64, i64) = (30, 300);

pub(super) fn api(facts: &Facts, _: &Wish) -> Vec<Check> {
    let subject = Subject::of("API", "the API server answers");
    vec![subject.pass(format!("{} is Kubernetes {}", facts.server, facts.version))]
}

pub(super) fn version(facts: &Facts, wish: &Wish) -> Vec<Check> {
    vec![match &wish.istio {
        Some(istio) => versions::compare(istio, &facts.version),
        None => versions::unnamed(),
    }]
}

pub(super) fn clock(facts: &Facts, _: &Wish) -> Vec<Check> {
    let subject = Subject::of("CLOCK", "clocks agree");
    let Some(skew) = facts.skew else {
        return vec![subject.skipped("the API server does not say what time it is")];
    };
    let (warn, fail) = SKEW;
    let side = if skew > 0 { "ahead of" } else { "behind" };
    let apart = skew.saturating_abs();
    let words = format!("the API server's clock is {apart} s {side} this machine's");
    let remedy = "set both by NTP: certificates are valid from and to a time";
    vec![if apart > fail {
        subject.fail(words, remedy)
    } else if apart > warn {
        subject.warn(words, remedy)
    } else {
        subject.pass("the API server's clock and this machine's agree")
    }]
}

pub(super) fn nodes(facts: &Facts, _: &Wish) -> Vec<Check> {
    let subject = Subject::of("NODES", "there are nodes that Istio's images run on");
    let nodes = match facts.list(NODES) {
        Ok(nodes) => nodes,
        Err(why) => return vec![subject.skipped(why)],
    };
    let usable: Vec<_> = nodes.iter().filter(|node| takes_pods(node)).collect();
    if usable.is_empty() {
        let words = format!("none of {} nodes is ready and takes pods", nodes.len());
        return vec![subject.fail(words, "wait for a node, or uncordon one")];
    }
    let kind = |node: &Value| {
        let field = |at| text(node, at).unwrap_or_default().to_owned();
        format!(
            "{}/{}",
            field("/status/nodeInfo/operatingSystem"),
            field("/status/nodeInfo/architecture")
        )
    };
    let fits = |kind: &str| matches!(kind, "linux/amd64" | "linux/arm64");
    let strange: BTreeSet<_> = usable
        .iter()
        .map(|node| kind(node))
        .filter(|kind| !fits(kind))
        .collect();
    let strange: Vec<_> = strange.into_iter().collect();
    let fitting = usable.iter().filter(|node| fits(&kind(node))).count();
    vec![if fitting == 0 {
        subject.fail(
            format!(
                "all nodes are {}, and Istio's images are linux/amd64 and linux/arm64",
                strange.join(", ")
            ),
            "add a node that they run on",
        )
    } else if strange.is_empty() {
        subject.pass(format!("{fitting} nodes are ready"))
    } else {
        subject.warn(
            format!(
                "{fitting} nodes fit; others are {}, where no proxy runs",
                strange.join(", ")
            ),
            "keep pods of the mesh off them with a nodeSelector",
        )
    }]
}

fn takes_pods(node: &Value) -> bool {
    let ready = items(node, "/status/conditions").any(|condition| {
        text(condition, "/type") == Some("Ready") && text(condition, "/status") == Some("True")
    });
    let cordoned = node.pointer("/spec/unschedulable") == Some(&Value::Bool(true));
    ready && !cordoned
}

pub(super) fn storage(facts: &Facts, wish: &Wish) -> Vec<Check> {
    let subject = Subject::of("STORAGE", "volumes can be made");
    if !wish.has(Extra::Storage) {
        return vec![subject.skipped("nothing here needs a volume")];
    }
    let classes = match facts.list(STORAGE_CLASSES) {
        Ok(classes) => classes,
        Err(why) => return vec![subject.skipped(why)],
    };
    let key = "storageclass.kubernetes.io/is-default-class";
    let default = classes
        .iter()
        .find(|class| annotation(class, key) == Some("true"));
    let names: Vec<_> = classes.iter().map(name).collect();
    vec![match default {
        Some(class) => subject.pass(format!("StorageClass {} is the default", name(class))),
        None if names.is_empty() => subject.fail(
            "there is no StorageClass: a claim would stay pending for ever",
            "install a provisioner, for example local-path-provisioner",
        ),
        None => subject.warn(
            format!(
                "no StorageClass is the default; there are {}",
                names.join(", ")
            ),
            format!("name one, or annotate one with {key}: \"true\""),
        ),
    }]
}

pub(super) fn load_balancer(facts: &Facts, wish: &Wish) -> Vec<Check> {
    let subject = Subject::of(
        "LOAD_BALANCER",
        "a Service of type LoadBalancer gets an address",
    );
    if !wish.has(Extra::LoadBalancer) {
        return vec![subject.skipped("nothing here asks for one")];
    }
    let services = match facts.list(SERVICES) {
        Ok(services) => services,
        Err(why) => return vec![subject.skipped(why)],
    };
    let balanced = || {
        services
            .iter()
            .filter(|one| text(one, "/spec/type") == Some("LoadBalancer"))
    };
    let served = |one: &&Value| items(one, "/status/loadBalancer/ingress").next().is_some();
    let path = |one: &Value| format!("Service {}/{}", namespace(one), name(one));
    if let Some(one) = balanced().find(served) {
        return vec![subject.pass(format!("{} has one", path(one)))];
    }
    let remedy =
        "install MetalLB or another implementation, or give the gateway another type of Service";
    if let Some(one) = balanced().next() {
        let words = format!("{} waits for one", path(one));
        return vec![subject.warn(words, remedy).about(path(one))];
    }
    if let Some(known) = provider(facts) {
        return vec![subject.pass(format!("no Service asks for one yet, but there is {known}"))];
    }
    vec![subject.warn(
        "no Service has ever asked for one, and nothing that gives them was seen",
        remedy,
    )]
}

/// Something that is known to give addresses.
fn provider(facts: &Facts) -> Option<String> {
    let clouds = [
        "aws",
        "gce",
        "azure",
        "openstack",
        "digitalocean",
        "hcloud",
        "ibm",
        "oci",
        "alicloud",
        "vsphere",
    ];
    let nodes = facts.list(NODES).unwrap_or_default();
    let cloud = nodes
        .iter()
        .filter_map(|node| text(node, "/spec/providerID")?.split_once("://"))
        .find(|(scheme, _)| clouds.contains(scheme));
    if let Some((scheme, _)) = cloud {
        return Some(format!("a cloud ({scheme})"));
    }
    let known = ["metallb", "kube-vip", "svclb", "openelb", "purelb"];
    let sets = facts.list(DAEMON_SETS).unwrap_or_default();
    sets.iter()
        .find(|set| {
            let app = label(set, "app.kubernetes.io/name")
                .or(label(set, "app"))
                .unwrap_or_default();
            known
                .iter()
                .any(|known| name(set).contains(known) || app.contains(known))
        })
        .map(|set| format!("DaemonSet {}/{}", namespace(set), name(set)))
}

pub(super) fn webhook_port(_: &Facts, _: &Wish) -> Vec<Check> {
    let subject = Subject::of("WEBHOOK_PORT", "the API server reaches istiod");
    vec![subject.skipped(
        "this shows only when istiod runs: firewalls of private clusters must let the API server reach nodes on port 15017",
    )]
}

/// What autoscaling goes by.
pub(super) fn metrics(facts: &Facts, wish: &Wish) -> Vec<Check> {
    let subject = Subject::of("METRICS", "autoscaling has figures to go by");
    let Some(scaler) = &wish.scaler else {
        return vec![subject.skipped("istiod does not scale by itself")];
    };
    if facts.metrics {
        return vec![subject.pass("a metrics API is served")];
    }
    let object = format!("HorizontalPodAutoscaler {}/{scaler}", wish.root_namespace);
    let remedy =
        format!("{SERVER}, or choose a number: spec.sizes.istiod.replicas with min and max alike");
    vec![subject.warn(BLIND, remedy).about(object)]
}
