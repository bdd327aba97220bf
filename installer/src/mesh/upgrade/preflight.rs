//! Whether a step to another version can go well, looked at before anything is written.

use std::collections::{BTreeMap, BTreeSet};

use chart::{Chart, Kubernetes, Values, render};
use serde_json::{Map, Value, json};

use super::facts::Facts;
use super::state::{Strategy, Upgrade};
use crate::charts::Charts;
use crate::cluster::access::Cluster;
use crate::cluster::peek::text;
use crate::failure::{Exit, Failure};
use crate::mesh::fetch::{self, refused};
use crate::mesh::read::{self, DEPLOYMENTS};
use crate::mesh::spec::Mesh;
use crate::mesh::values::Component;
use crate::mesh::version::{self, IstioVersion, KubernetesVersion, Support};
use crate::sidecar::gateway::is_injected_workload;

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// It would not go well.
    Stops(String),
    /// It may not.
    Tells(String),
}

/// What a step is judged by.
#[derive(Clone, Debug)]
pub(crate) struct Ground<'a> {
    /// To where.
    pub(crate) to: &'a IstioVersion,
    /// How.
    pub(crate) strategy: Strategy,
    /// The Kubernetes, as it says itself.
    pub(crate) kubernetes: &'a str,
    /// Versions of proxies, with how many have it in which namespaces.
    pub(crate) proxies: BTreeMap<String, BTreeSet<String>>,
    /// Gateways of which the new chart would have another selector.
    pub(crate) gateways: Vec<Selector>,
}

/// A Deployment's selector, which nobody can change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Selector {
    /// Namespace and name.
    pub(crate) gateway: String,
    /// As it is.
    pub(crate) is: String,
    /// As the chart would have it.
    pub(crate) would_be: String,
}

/// Everything that is to be said about a step.
pub(crate) fn findings(ground: &Ground<'_>) -> Vec<Finding> {
    let mut found: Vec<_> = kubernetes(ground).into_iter().collect();
    found.extend(proxies(ground));
    found.extend(ground.gateways.iter().map(|one| {
        Finding::Stops(format!(
            "Deployment {} is a gateway with the selector {}, and the new chart has {}, which nobody can change in place: \
             create a second gateway beside it (`weft gateway create`), point Gateways at its labels, then delete the old one",
            one.gateway, one.is, one.would_be
        ))
    }));
    found
}

fn kubernetes(ground: &Ground<'_>) -> Option<Finding> {
    let Ok(kubernetes) = ground.kubernetes.parse::<KubernetesVersion>() else {
        let text = format!("the cluster calls its version {:?}", ground.kubernetes);
        return Some(Finding::Tells(text));
    };
    let support = version::support(ground.to, &kubernetes);
    let words = support.words(ground.to, &kubernetes);
    match support {
        Support::Supported => None,
        Support::TooOld { .. } | Support::TooNew { .. } => Some(Finding::Stops(words)),
        Support::TestedNotSupported { .. } | Support::Unknown => Some(Finding::Tells(words)),
    }
}

/// In place, the new control plane meets the proxies that run; beside the old one, those go on talking to the old one.
fn proxies(ground: &Ground<'_>) -> Vec<Finding> {
    let of = |(version, places): (&String, &BTreeSet<String>)| {
        let proxy: IstioVersion = version.parse().ok()?;
        let error = version::skew(ground.to, &proxy).err()?;
        let places: Vec<_> = places.iter().map(String::as_str).collect();
        let text = format!("in {}: {error}", places.join(", "));
        Some(match ground.strategy {
            Strategy::InPlace => Finding::Stops(text),
            Strategy::Canary => Finding::Tells(text),
        })
    };
    ground.proxies.iter().filter_map(of).collect()
}

/// What refuses or stops is an error, all of it at once; the rest is for telling.
pub(crate) fn judged(found: Vec<Finding>) -> Result<Vec<String>, Failure> {
    let mut stops = Vec::new();
    let mut tells = Vec::new();
    for finding in found {
        match finding {
            Finding::Stops(text) => stops.push(text),
            Finding::Tells(text) => tells.push(text),
        }
    }
    if stops.is_empty() {
        return Ok(tells);
    }
    let text = format!(
        "nothing was written: this upgrade would not go well (--skip-preflight goes on all the same):\n  {}",
        stops.join("\n  ")
    );
    Err(Failure::text(Exit::Failure, text))
}

/// Versions of the mesh's proxies, and where they are.
pub(crate) fn versions(facts: &Facts, upgrade: &Upgrade) -> BTreeMap<String, BTreeSet<String>> {
    let ours = [upgrade.old(), upgrade.new_one()];
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (namespace, sorts) in facts.proxies() {
        let sorts = sorts.into_keys();
        for sort in sorts.filter(|sort| ours.contains(&sort.revision.as_str())) {
            let places = found.entry(sort.version).or_default();
            places.insert(namespace.clone());
        }
    }
    found
}

/// Reads the gateways, but those of others, and renders what each would be.
pub(crate) async fn gateways(
    cluster: &Cluster,
    charts: &Charts,
    to: &Mesh,
    kubernetes: &str,
    others: &BTreeSet<String>,
) -> Result<Vec<Selector>, Failure> {
    let labelled = read::all(cluster, DEPLOYMENTS, None, "istio").await?;
    let gateways: Vec<_> = labelled
        .iter()
        .filter(|one| is_injected_workload(one) && !others.contains(&full_name(one)))
        .collect();
    let (Some(version), false) = (&to.spec.version, gateways.is_empty()) else {
        return Ok(Vec::new());
    };
    let release = fetch::release(charts, to, version, &[Component::Gateway]).await?;
    let chart = release.chart(Component::Gateway)?;
    let judged = gateways
        .into_iter()
        .map(|one| breaks(chart, one, kubernetes));
    let judged: Vec<_> = judged.collect::<Result<_, _>>()?;
    Ok(judged.into_iter().flatten().collect())
}

/// How the selector of a gateway would be another one. The chart takes two labels from values, and the rest is its own.
fn breaks(chart: &Chart, gateway: &Value, kubernetes: &str) -> Result<Option<Selector>, Failure> {
    let is = gateway
        .pointer("/spec/selector/matchLabels")
        .cloned()
        .unwrap_or_default();
    let kept: Map<String, Value> = ["app", "istio"]
        .into_iter()
        .filter_map(|key| Some((key.to_owned(), is.get(key)?.clone())))
        .collect();
    let values = json!({"name": read::name(gateway), "labels": kept});
    let release = chart::Release {
        name: read::name(gateway).to_owned(),
        namespace: read::namespace(gateway).to_owned(),
        is_upgrade: true,
        revision: 1,
        service: "weft".to_owned(),
    };
    let cluster = Kubernetes {
        version: kubernetes.to_owned(),
        api_versions: Vec::new(),
    };
    let values = Values::from_json(values).map_err(refused)?;
    let rendered = render(chart, &values, &release, &cluster).map_err(refused)?;
    let mut objects = rendered.into_iter().map(|rendered| rendered.object);
    let Some(new) = objects.find(|object| text(object, "/kind") == "Deployment") else {
        return Ok(None);
    };
    let would_be = new
        .pointer("/spec/selector/matchLabels")
        .cloned()
        .unwrap_or_default();
    Ok((would_be != is).then(|| Selector {
        gateway: full_name(gateway),
        is: words(&is),
        would_be: words(&would_be),
    }))
}

fn full_name(object: &Value) -> String {
    format!("{}/{}", read::namespace(object), read::name(object))
}

fn words(labels: &Value) -> String {
    let pairs = labels.as_object().into_iter().flatten();
    let pairs: Vec<_> = pairs
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    pairs.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(to: &str, strategy: Strategy, kubernetes: &str, proxy: &str) -> Vec<Finding> {
        findings(&Ground {
            to: &to.parse().unwrap(),
            strategy,
            kubernetes,
            proxies: [(proxy.to_owned(), BTreeSet::from(["shop".to_owned()]))].into(),
            gateways: Vec::new(),
        })
    }

    #[test]
    fn a_step_is_judged_by_all_that_it_meets() {
        use Strategy::{Canary, InPlace};
        let cases = [
            ("1.31.0", Canary, "v1.34.4", "1.30.0-lab", [None, None]),
            ("1.31.0", InPlace, "v1.34.4", "no version", [None, None]),
            (
                "1.31.0",
                InPlace,
                "v1.34.4",
                "1.29.3",
                [Some("in shop: proxies of Istio 1.29.3"), None],
            ),
            (
                "1.31.0",
                Canary,
                "v1.34.4",
                "1.29.3",
                [None, Some("in shop: proxies of Istio 1.29.3")],
            ),
            (
                "1.31.0",
                Canary,
                "v1.28.3+rke2",
                "1.30.0",
                [Some("too old for Istio 1.31"), None],
            ),
            ("1.31.0", Canary, "dirty", "1.30.0", [None, Some("dirty")]),
        ];
        for (to, strategy, kubernetes, proxy, [stops, tells]) in cases {
            let found = told(to, strategy, kubernetes, proxy);
            let fits = match (&*found, stops, tells) {
                ([], None, None) => true,
                ([Finding::Stops(text)], Some(wanted), None)
                | ([Finding::Tells(text)], None, Some(wanted)) => text.contains(wanted),
                _ => false,
            };
            assert!(fits, "{to} {strategy:?} {kubernetes} {proxy}: {found:#?}");
            assert_eq!(judged(found).is_err(), stops.is_some());
        }
    }
}
