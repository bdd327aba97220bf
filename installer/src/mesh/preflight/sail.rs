//! The Sail operator, where a mesh is to be installed by it. What its definitions take is held against the objects themselves when
//! they are planned.

use super::super::read::{DEPLOYMENTS, SAIL, name, namespace};
use super::facts::Facts;
use super::gather::DEFINITIONS;
use super::{Check, Extra, Subject, Wish};
use crate::cluster::peek::number;
use crate::mesh::sail::GROUP;
use crate::mesh::sail::ground::INSTALL;

pub(super) fn operator(facts: &Facts, wish: &Wish) -> Vec<Check> {
    let subject = Subject::of("SAIL", "the Sail operator is there");
    if wish.sail.is_none() {
        return Vec::new();
    }
    let (definitions, operators) = match (facts.list(DEFINITIONS), facts.list(DEPLOYMENTS)) {
        (Ok(definitions), Ok(operators)) => (definitions, operators),
        (Err(why), _) | (Ok(_), Err(why)) => return vec![subject.skipped(why)],
    };
    let mut needed = vec![SAIL.plural, "istiorevisions", "istiorevisiontags"];
    if wish.has_plugin() {
        needed.push("istiocnis");
    }
    if wish.has(Extra::Ambient) {
        needed.push("ztunnels");
    }
    let missing: Vec<_> = needed
        .into_iter()
        .map(|plural| format!("{plural}.{GROUP}"))
        .filter(|wanted| !definitions.iter().any(|one| name(one) == wanted))
        .collect();
    if !missing.is_empty() {
        let words = format!(
            "spec.engine says sail, and the cluster does not serve {}",
            missing.join(", ")
        );
        return vec![subject.fail(words, INSTALL)];
    }
    let ready = |one: &&serde_json::Value| number(one, "/status/availableReplicas") > 0;
    if let Some(one) = operators.iter().find(ready) {
        let words = format!("Deployment {}/{} runs", namespace(one), name(one));
        return vec![subject.pass(words)];
    }
    vec![match operators.first() {
        Some(one) => subject
            .fail(
                "it does not run, and nobody would act on what weft writes",
                format!("look at its pods: kubectl get pods -n {}", namespace(one)),
            )
            .about(format!("Deployment {}/{}", namespace(one), name(one))),
        None => subject.fail(
            "its definitions are there, and no Deployment of it with its label control-plane: nobody would act on what weft writes",
            INSTALL,
        ),
    }]
}
