//! istiod on a cluster, from the charts that istioctl carries, set up for sidecars that are a stock Envoy.

use crate::cache::Cache;
use crate::cluster::Cluster;
use crate::command::Run;
use crate::output::say;
use crate::tools::{self, Tool, istio_tag};
use anyhow::Result;
use std::time::Instant;

/// What istiod must not send to a stock Envoy, which lacks Istio's own filters; and what keeps it small.
const SETTINGS: [&str; 11] = [
    "profile=minimal",
    "values.pilot.env.PILOT_ENABLE_ALPN_FILTER=false",
    "values.pilot.env.PILOT_ENABLE_METADATA_EXCHANGE=false",
    "values.telemetry.enabled=false",
    "values.global.imagePullPolicy=IfNotPresent",
    "values.pilot.autoscaleEnabled=false",
    "values.pilot.resources.requests.cpu=50m",
    "values.pilot.resources.requests.memory=128Mi",
    "values.global.proxy.resources.requests.cpu=10m",
    "values.global.proxy.resources.requests.memory=40Mi",
    // The lab's images are tagged, not digested, and this one is ours.
    "values.global.proxy.image=proxyv2",
];

/// How istiod is to be.
#[derive(Clone, Debug, Default)]
pub struct IstioOptions {
    /// More settings, as `istioctl --set` takes them, for example `values.global.network=net1`.
    pub set: Vec<String>,
}

/// Installs istiod and waits until it serves.
pub(crate) fn install(cache: &Cache, cluster: &Cluster, options: &IstioOptions) -> Result<()> {
    tools::ensure(cache, Tool::Istio)?;
    let started = Instant::now();
    let manifests = Run::new(cache.bin("istioctl"))
        .args(["manifest", "generate"])
        .args(arguments(options))
        .stdout()?;
    // The objects need the namespace, which is not among them.
    cluster.apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: istio-system}\n")?;
    apply(cluster, &manifests)?;
    cluster.kubectl(&[
        "-n",
        "istio-system",
        "rollout",
        "status",
        "deployment/istiod",
        "--timeout=120s",
    ])?;
    say(&format!(
        "istiod on {} is ready after {:.1} s",
        cluster.name(),
        started.elapsed().as_secs_f64()
    ));
    Ok(())
}

/// The manifests hold custom resources beside their definitions: the second time the API server knows them.
fn apply(cluster: &Cluster, manifests: &str) -> Result<()> {
    let first = cluster.apply(manifests);
    if first.is_err() {
        cluster.kubectl(&[
            "wait",
            "--for=condition=Established",
            "crd",
            "--all",
            "--timeout=60s",
        ])?;
        cluster.apply(manifests)?;
    }
    Ok(())
}

fn arguments(options: &IstioOptions) -> Vec<String> {
    let image = [
        format!("hub={}", tools::image_hub()),
        format!("tag={}", istio_tag()),
    ];
    let fixed = SETTINGS.iter().map(|setting| (*setting).to_owned());
    let all = fixed.chain(image).chain(options.set.iter().cloned());
    all.flat_map(|setting| ["--set".to_owned(), setting])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_settings_come_last_and_win() {
        let options = IstioOptions {
            set: vec!["values.global.network=net1".into()],
        };
        let arguments = arguments(&options);
        assert_eq!(
            arguments.last().map(String::as_str),
            Some("values.global.network=net1")
        );
        assert!(arguments.contains(&"values.telemetry.enabled=false".to_owned()));
        let flags = arguments.iter().step_by(2);
        assert!(flags.clone().all(|flag| flag == "--set"), "{arguments:?}");
    }
}
