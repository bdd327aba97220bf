//! Whether a pod is still what would come of it now: with a proxy or without, of which revision and version.

use crate::sidecar::decision::{Decision, Template};
use crate::sidecar::injector::Injectors;
use crate::sidecar::view::{PodView, Proxy, tag};

/// The kinds of one image; they say nothing about its version.
const IMAGE_KINDS: [&str; 2] = ["-distroless", "-debug"];
/// The annotation that names another image for one workload's proxies.
pub(super) const PROXY_IMAGE: &str = "sidecar.istio.io/proxyImage";

/// How a pod differs from what would come of it now.
pub(super) fn stale(
    injectors: &Injectors,
    pod: &PodView,
    template: &Template,
    decision: &Decision,
) -> Option<String> {
    match (&pod.proxy, &decision.revision) {
        (None, None) => None,
        (None, Some(_)) => Some("it has no proxy, and would get one".to_owned()),
        (Some(_), None) => Some("it has a proxy, and would get none".to_owned()),
        (Some(proxy), Some(revision)) if proxy.revision != *revision => Some(format!(
            "its proxy is of revision {}, and would be of {revision}",
            proxy.revision
        )),
        (Some(proxy), Some(revision)) => {
            let wanted = wanted_version(injectors, revision, template)?;
            other_version(proxy, &wanted)
        }
    }
}

fn wanted_version(injectors: &Injectors, revision: &str, template: &Template) -> Option<String> {
    match template.annotations.get(PROXY_IMAGE) {
        Some(image) => Some(tag(image)),
        None => injectors.settings.get(revision)?.version.clone(),
    }
}

fn other_version(proxy: &Proxy, wanted: &str) -> Option<String> {
    let plain = |version: &str| {
        let kind = IMAGE_KINDS
            .iter()
            .find_map(|kind| version.strip_suffix(kind));
        kind.unwrap_or(version).to_owned()
    };
    (plain(&proxy.version) != plain(wanted)).then(|| {
        format!(
            "its proxy is version {}, and would be {wanted}",
            proxy.version
        )
    })
}
