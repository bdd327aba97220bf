//! Which Istio goes with which Kubernetes.

use super::{Check, Subject};
use crate::mesh::version::{IstioVersion, KubernetesVersion, Support, support};

const SUBJECT: Subject = Subject::of("KUBERNETES_VERSION", "Istio and Kubernetes go together");

/// Whether the two go together: for an installation and for an upgrade alike.
pub(crate) fn compare(istio: &str, kubernetes: &str) -> Check {
    let subject = SUBJECT;
    let look_up = "look it up in Istio's table of supported releases";
    let versions = (
        istio.parse::<IstioVersion>(),
        kubernetes.parse::<KubernetesVersion>(),
    );
    let (Ok(wanted), Ok(found)) = versions else {
        return subject.warn(
            format!("weft does not know whether Istio {istio} runs on Kubernetes {kubernetes}"),
            look_up,
        );
    };
    match support(&wanted, &found) {
        Support::Supported => subject.pass(format!("Istio {istio} supports Kubernetes {kubernetes}")),
        Support::TooOld { supported } => subject.fail(
            format!("Kubernetes {kubernetes} is too old for Istio {istio}, which supports {supported}"),
            "upgrade Kubernetes, or choose an older Istio",
        ),
        Support::TestedNotSupported { supported } => subject.warn(
            format!("Kubernetes {kubernetes} was tested with Istio {istio}, which supports {supported}"),
            "upgrade Kubernetes, or choose an older Istio",
        ),
        Support::TooNew { supported } => subject.warn(
            format!("Kubernetes {kubernetes} is newer than Istio {istio} knows, which supports {supported}"),
            "choose a newer Istio",
        ),
        Support::Unknown => subject.warn(
            format!("weft does not know on which Kubernetes Istio {istio} runs"),
            look_up,
        ),
    }
}

/// That nobody named the one that is wanted.
pub(super) fn unnamed() -> Check {
    SUBJECT.skipped("no version of Istio is named: give --istio")
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn suffixes_of_vendors_do_not_matter() {
        for (istio, kubernetes, wanted) in [
            ("1.28.3", "v1.30.1", Verdict::Pass),
            ("1.28.3", "v1.34.4+rke2r1", Verdict::Pass),
            ("1.31.0-rc.1", "v1.31.2-gke.100", Verdict::Fail),
            ("1.30", "1.31+", Verdict::Fail),
            ("v1.27.0", "v1.36.0", Verdict::Warn),
            ("1.99.0", "v1.34.0", Verdict::Warn),
            ("latest", "v1.34.0", Verdict::Warn),
            ("1.31.0", "unknown", Verdict::Warn),
        ] {
            assert_eq!(
                compare(istio, kubernetes).verdict,
                wanted,
                "{istio} {kubernetes}"
            );
        }
    }
}
