//! What Helm left behind.

use serde_json::Value;

use super::facts::Facts;
use super::gather::SECRETS;
use super::{Check, Subject, Wish};
use crate::mesh::adopt::helm;
use crate::mesh::read::{label, name};

/// Releases of Helm without the istiod that they installed.
pub(super) fn releases(facts: &Facts, wish: &Wish) -> Vec<Check> {
    let subject = Subject::of("HELM_RELEASE", "no release of Helm is left");
    let secrets = match facts.list(SECRETS) {
        Ok(secrets) => secrets,
        Err(why) => return vec![subject.skipped(why)],
    };
    let charts = ["base", "istiod", "cni", "ztunnel", "gateway", "ambient"];
    let mut checks: Vec<_> = secrets
        .iter()
        .filter_map(|secret| {
            Some((
                helm::release(secret).ok()?,
                label(secret, "status").unwrap_or("unknown"),
            ))
        })
        .filter(|(release, _)| charts.contains(&release.chart.name.as_str()))
        .filter(|(release, _)| wish.sail.is_none() || !is_operators(&release.name))
        .map(|(release, status)| {
            let words = format!(
                "release {} of chart {} is {status}",
                release.name, release.chart
            );
            let remedy = format!(
                "adopt the mesh if it runs, or take it away: helm uninstall {} -n {}",
                release.name, release.namespace
            );
            subject.warn(words, remedy).about(format!(
                "Secret {}/{}",
                release.namespace,
                secret_of(secrets, &release.name)
            ))
        })
        .collect();
    if checks.is_empty() {
        checks.push(subject.pass(format!(
            "there is none of Istio's in {}",
            wish.root_namespace
        )));
    }
    checks
}

/// The Sail operator keeps account of what it installs as Helm does.
fn is_operators(release: &str) -> bool {
    release.ends_with("-istiod") || ["istio-cni", "ztunnel"].contains(&release)
}

fn secret_of<'a>(secrets: &'a [Value], release: &str) -> &'a str {
    let found = secrets
        .iter()
        .find(|secret| label(secret, "name") == Some(release));
    found.map(name).unwrap_or_default()
}
