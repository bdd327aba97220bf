//! Quotas and limit ranges, which refuse pods long after what asked for them was taken.

use serde_json::Value;

use super::super::adopt::Found;
use super::super::read::{items, label, name, namespace, text};
use super::facts::Facts;
use super::gather::{LIMIT_RANGES, NAMESPACES, QUOTAS};
use super::{Check, Resources, Subject, Verdict, Wish};
use crate::cluster::quantity::billionths;

pub(super) fn quotas(facts: &Facts, wish: &Wish) -> Vec<Check> {
    let subject = Subject::of("QUOTA", "istiod fits into the quota");
    let quotas = match facts.list(QUOTAS) {
        Ok(quotas) => quotas,
        Err(why) => return vec![subject.skipped(why)],
    };
    // What is installed already is counted in what is used.
    let is_here = |mesh: &Found| mesh.root_namespace == wish.root_namespace;
    let there = facts
        .meshes
        .as_ref()
        .is_ok_and(|meshes| meshes.iter().any(is_here));
    if there && wish.mesh.is_some() {
        return vec![subject.skipped("the mesh is there already, and counted in what is used")];
    }
    let mut checks: Vec<_> = quotas
        .iter()
        .filter(|quota| namespace(quota) == wish.root_namespace)
        .flat_map(|quota| quota_checks(subject, quota, &wish.istiod))
        .collect();
    if checks.is_empty() {
        checks.push(subject.pass(format!("none in {} is too small", wish.root_namespace)));
    }
    checks
}

fn quota_checks(subject: Subject, quota: &Value, istiod: &Resources) -> Vec<Check> {
    let object = format!("ResourceQuota {}/{}", namespace(quota), name(quota));
    let amount = |part: &str, key: &str| {
        let value = quota.pointer(part)?.get(key)?.as_str()?;
        Some((billionths(value)?, value.to_owned()))
    };
    let pods = i128::from(istiod.replicas);
    let limits = istiod.limits.as_ref();
    let wanted = [
        ("requests.cpu", Some(&istiod.cpu)),
        ("cpu", Some(&istiod.cpu)),
        ("requests.memory", Some(&istiod.memory)),
        ("memory", Some(&istiod.memory)),
        ("limits.cpu", limits.map(|(cpu, _)| cpu)),
        ("limits.memory", limits.map(|(_, memory)| memory)),
    ];
    let mut checks = Vec::new();
    for (key, wanted) in wanted {
        let Some((hard, written)) = amount("/spec/hard", key) else {
            continue;
        };
        let Some(wanted) = wanted else {
            let words =
                format!("it counts {key}, and istiod has no limit: every pod of it is refused");
            let remedy = "give istiod limits in the mesh file, or a LimitRange with defaults";
            checks.push(subject.fail(words, remedy).about(object.clone()));
            continue;
        };
        let used = amount("/status/used", key).map_or(0, |(used, _)| used);
        let left = hard.saturating_sub(used);
        let needed = billionths(wanted).unwrap_or_default().saturating_mul(pods);
        if needed > left {
            let words = format!(
                "{key}: {written} in all, {used} used; {pods} istiod of {wanted} each do not fit",
                used = shown(used, key)
            );
            checks.push(
                subject
                    .fail(words, "raise the quota, or choose a smaller scale")
                    .about(object.clone()),
            );
        }
    }
    if let Some((hard, written)) = amount("/spec/hard", "pods") {
        let used = amount("/status/used", "pods").map_or(0, |(used, _)| used);
        if hard.saturating_sub(used) < pods.saturating_mul(1000) {
            let words = format!("it allows {written} pods, and they are used");
            checks.push(subject.fail(words, "raise the quota").about(object));
        }
    }
    checks
}

/// Billionths as people write them.
fn shown(amount: i128, key: &str) -> String {
    let (unit, suffix) = if key.ends_with("memory") {
        (1_048_576_000_000_000, "Mi")
    } else {
        (1_000_000, "m")
    };
    format!("{}{suffix}", amount.checked_div(unit).unwrap_or_default())
}

pub(super) fn limit_ranges(facts: &Facts, wish: &Wish) -> Vec<Check> {
    let subject = Subject::of("LIMIT_RANGE", "limit ranges let istiod and sidecars be");
    let read = [LIMIT_RANGES, NAMESPACES].map(|kind| facts.list(kind));
    let [Ok(ranges), Ok(namespaces)] = read else {
        let why: Vec<_> = read.into_iter().filter_map(Result::err).collect();
        return vec![subject.skipped(why.join("; "))];
    };
    let injected: Vec<_> = namespaces
        .iter()
        .filter(|one| is_injected(one))
        .map(name)
        .collect();
    let mut checks = Vec::new();
    for range in ranges {
        let place = namespace(range);
        let object = format!("LimitRange {place}/{}", name(range));
        let (who, resources, verdict) = if place == wish.root_namespace {
            ("istiod", &wish.istiod, Verdict::Fail)
        } else if injected.contains(&place) {
            ("a sidecar", &wish.proxy, Verdict::Warn)
        } else {
            continue;
        };
        for trap in items(range, "/spec/limits").flat_map(|limit| traps(limit, who, resources)) {
            let check = subject.check(verdict, trap).about(object.clone());
            checks.push(check.with("widen the range, or ask for less in the mesh file"));
        }
    }
    if checks.is_empty() {
        checks.push(subject.pass("none is too narrow"));
    }
    checks
}

pub(super) fn is_injected(namespace: &Value) -> bool {
    label(namespace, "istio-injection") == Some("enabled")
        || label(namespace, "istio.io/rev").is_some()
}

/// What one line of a limit range does to a container.
fn traps(limit: &Value, who: &str, resources: &Resources) -> Vec<String> {
    if !matches!(text(limit, "/type"), Some("Container" | "Pod")) {
        return Vec::new();
    }
    let both = resources.limits.as_ref();
    let amounts = [
        ("cpu", &resources.cpu, both.map(|(cpu, _)| cpu)),
        ("memory", &resources.memory, both.map(|(_, memory)| memory)),
    ];
    let mut found = Vec::new();
    for (key, request, own_limit) in amounts {
        let bound = |part: &str| {
            let written = limit.get(part)?.get(key)?.as_str()?;
            Some((billionths(written)?, written))
        };
        let (least, most) = (bound("min"), bound("max"));
        let default = bound("default").filter(|_| own_limit.is_none());
        let needed = billionths(request).unwrap_or_default();
        let highest = own_limit.unwrap_or(request);
        let most_needed = billionths(highest).unwrap_or_default();
        if let Some((_, written)) = most.filter(|(most, _)| most_needed > *most) {
            found.push(format!(
                "{key}: at most {written}, and {who} has {highest}: its pods are refused"
            ));
        }
        if let Some((_, written)) = least.filter(|(least, _)| needed < *least) {
            found.push(format!(
                "{key}: at least {written}, and {who} asks for {request}: its pods are refused"
            ));
        }
        if let Some((_, written)) = default.filter(|(default, _)| needed > *default) {
            found.push(format!(
                "{key}: without a limit of its own {who} gets {written}, which is less than the {request} that it asks for: its pods are refused"
            ));
        }
    }
    found
}
