//! What a mesh leaves in the whole cluster, and what stands in the way of another one: webhooks, definitions, roles.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::read::{MUTATING, VALIDATING, items, label, name, namespace, text};
use super::super::record::MESH_LABEL;
use super::facts::Facts;
use super::gather::{DEFINITIONS, ROLES, SERVICES};
use super::{Check, Subject, Wish};

/// A webhook without a service refuses everything that it should have looked at.
pub(super) fn webhooks(facts: &Facts, _: &Wish) -> Vec<Check> {
    let subject = Subject::of("WEBHOOK", "no webhook calls a service that is gone");
    let read = [MUTATING, VALIDATING, SERVICES].map(|kind| facts.list(kind));
    let [Ok(mutating), Ok(validating), Ok(services)] = read else {
        let why: Vec<_> = read.into_iter().filter_map(Result::err).collect();
        return vec![subject.skipped(why.join("; "))];
    };
    let there: BTreeSet<_> = services
        .iter()
        .map(|one| (namespace(one), name(one)))
        .collect();
    let mut checks = Vec::new();
    for webhook in mutating.iter().chain(validating) {
        let dangling = items(webhook, "/webhooks").find(|hook| {
            let field = |at| text(hook, at);
            let service =
                field("/clientConfig/service/namespace").zip(field("/clientConfig/service/name"));
            field("/failurePolicy") != Some("Ignore")
                && service.is_some_and(|service| !there.contains(&service))
        });
        let Some(hook) = dangling else {
            continue;
        };
        let at = |at| text(hook, at).unwrap_or_default();
        let service = format!(
            "{}/{}",
            at("/clientConfig/service/namespace"),
            at("/clientConfig/service/name")
        );
        let object = format!("{} {}", at_kind(webhook), name(webhook));
        let words = format!(
            "it calls Service {service}, which is not there, and refuses what it cannot ask about"
        );
        let remedy = format!(
            "delete it: kubectl delete {} {}",
            at_kind(webhook).to_ascii_lowercase(),
            name(webhook)
        );
        let istio = at("/name").ends_with("istio.io");
        checks.push(
            if istio {
                subject.fail(words, remedy)
            } else {
                subject.warn(words, remedy)
            }
            .about(object),
        );
    }
    if checks.is_empty() {
        checks.push(subject.pass("every service that a webhook calls is there"));
    }
    checks
}

fn at_kind(object: &Value) -> &str {
    text(object, "/kind").unwrap_or_default()
}

pub(super) fn definitions(facts: &Facts, wish: &Wish) -> Vec<Check> {
    let subject = Subject::of("CRDS", "Istio's CRDs fit");
    let definitions = match facts.list(DEFINITIONS) {
        Ok(definitions) => definitions,
        Err(why) => return vec![subject.skipped(why)],
    };
    let istio: Vec<_> = definitions
        .iter()
        .filter(|one| name(one).ends_with(".istio.io"))
        .collect();
    if istio.is_empty() {
        return vec![subject.pass("there are none yet")];
    }
    let stuck = istio
        .iter()
        .find(|one| text(one, "/metadata/deletionTimestamp").is_some());
    if let Some(one) = stuck {
        return vec![
            subject
                .fail(
                    "it is being deleted, and with it everything of its kind",
                    "wait, or remove the finalizers that hold it",
                )
                .about(format!("CustomResourceDefinition {}", name(one))),
        ];
    }
    let versions: BTreeSet<_> = istio
        .iter()
        .filter_map(|one| label(one, "app.kubernetes.io/version"))
        .filter(|version| *version != "1.0.0")
        .collect();
    let strange: Vec<_> = versions
        .into_iter()
        .filter(|version| {
            wish.istio
                .as_deref()
                .is_some_and(|wanted| minor(wanted) != minor(version))
        })
        .collect();
    let Some(wanted) = wish.istio.as_deref().filter(|_| !strange.is_empty()) else {
        return vec![subject.pass(format!("{} are there", istio.len()))];
    };
    vec![subject.warn(
        format!(
            "{} are there, of Istio {}, and will be those of {wanted}",
            istio.len(),
            strange.join(", ")
        ),
        "look whether anybody still uses fields that only the other version has",
    )]
}

/// `1.31` of `1.31.0`.
fn minor(version: &str) -> String {
    version
        .trim_start_matches('v')
        .split('.')
        .take(2)
        .collect::<Vec<_>>()
        .join(".")
}

/// Cluster-wide rights that an istiod had, without that istiod.
pub(super) fn roles(facts: &Facts, wish: &Wish) -> Vec<Check> {
    let subject = Subject::of("CLUSTER_ROLES", "no roles of a mesh are left");
    let (roles, meshes) = match (facts.list(ROLES), &facts.meshes) {
        (Ok(roles), Ok(meshes)) => (roles, meshes),
        (Err(why), _) => return vec![subject.skipped(why)],
        (Ok(_), Err(why)) => return vec![subject.skipped(why)],
    };
    let ours = |role: &&Value| {
        label(role, MESH_LABEL).is_some() && label(role, MESH_LABEL) == wish.mesh.as_deref()
    };
    let left: Vec<_> = roles.iter().filter(|role| !ours(role)).map(name).collect();
    let Some(first) = left.first().filter(|_| meshes.is_empty()) else {
        return vec![subject.pass("there are none without their istiod")];
    };
    vec![
        subject
            .warn(
                format!("{} without an istiod: {}", left.len(), left.join(", ")),
                "what a mesh left is in the way of one that is not weft's to write: kubectl delete clusterrole,clusterrolebinding -l 'app in (istiod, istio-reader)'",
            )
            .about(format!("ClusterRole {first}")),
    ]
}
