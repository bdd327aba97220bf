//! Contradictions in sizes.

use super::super::mistake::Mistake;
use super::super::quantity::Quantity;
use super::super::{Resources, Size, Spec};

pub(super) fn contradictions(spec: &Spec) -> Vec<Mistake> {
    let Some(sizes) = &spec.sizes else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if spec.scale.is_some() {
        let text = "contradicts scale, which sets these figures: leave one of the two out";
        found.push(Mistake::at("/spec/sizes", text));
    }
    for (name, size) in [("istiod", &sizes.istiod), ("gateway", &sizes.gateway)] {
        if let Some(size) = size {
            found.extend(one(
                size,
                &format!("/spec/sizes/{name}"),
                spec.high_availability,
            ));
        }
    }
    found
}

fn one(size: &Size, pointer: &str, high_availability: bool) -> Vec<Mistake> {
    let mut found = Vec::new();
    if let Some(limits) = &size.resources {
        found.extend(resources(limits, &format!("{pointer}/resources")));
    }
    let Some(replicas) = size.replicas else {
        return found;
    };
    if replicas.min > replicas.max {
        let text = format!("is less than min, {}: raise it, or lower min", replicas.min);
        found.push(Mistake::at(format!("{pointer}/replicas/max"), text));
    } else if high_availability && replicas.min < 2 {
        let text = "contradicts highAvailability: true, which needs 2 or more";
        found.push(Mistake::at(format!("{pointer}/replicas/min"), text));
    }
    found
}

/// Of any container.
pub(crate) fn resources(resources: &Resources, pointer: &str) -> Vec<Mistake> {
    let mut found = Vec::new();
    if resources.unlimited && resources.limits.is_some() {
        let text = "contradicts unlimited: true: leave one of the two out";
        found.push(Mistake::at(format!("{pointer}/limits"), text));
    }
    if let (Some(requests), Some(limits)) = (&resources.requests, &resources.limits) {
        let above = [
            ("cpu", above(requests.cpu.as_ref(), limits.cpu.as_ref())),
            (
                "memory",
                above(requests.memory.as_ref(), limits.memory.as_ref()),
            ),
        ];
        found.extend(above.into_iter().filter_map(|(name, limit)| {
            let text = format!(
                "is more than the limit, {}: lower it, or raise the limit",
                limit?
            );
            Some(Mistake::at(format!("{pointer}/requests/{name}"), text))
        }));
    }
    found
}

fn above<M>(request: Option<&Quantity<M>>, limit: Option<&Quantity<M>>) -> Option<String> {
    let (request, limit) = (request?, limit?);
    (request.worth() > limit.worth()).then(|| limit.text().to_owned())
}
