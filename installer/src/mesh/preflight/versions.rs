//! Which Istio goes with which Kubernetes.

use super::{Check, Subject};

/// Minor versions of Istio 1.x, and of the Kubernetes 1.x that each supports.
const TABLE: [(u32, u32, u32); 5] = [
    (27, 29, 33),
    (28, 30, 34),
    (29, 31, 35),
    (30, 32, 36),
    (31, 32, 36),
];

/// Whether the two go together.
pub(super) fn compare(subject: Subject, istio: &str, kubernetes: &str) -> Check {
    let (Some((1, wanted)), Some((1, found))) = (minor(istio), minor(kubernetes)) else {
        return subject.warn(
            format!("weft does not know whether Istio {istio} runs on Kubernetes {kubernetes}"),
            "look it up in Istio's table of supported releases",
        );
    };
    let Some((_, oldest, newest)) = TABLE.iter().find(|(minor, ..)| *minor == wanted) else {
        return subject.warn(
            format!("weft does not know on which Kubernetes Istio {istio} runs"),
            "look it up in Istio's table of supported releases",
        );
    };
    let range = format!("1.{oldest} to 1.{newest}");
    if found < *oldest {
        subject.fail(
            format!("Kubernetes {kubernetes} is too old for Istio {istio}, which supports {range}"),
            "upgrade Kubernetes, or choose an older Istio",
        )
    } else if found > *newest {
        subject.warn(
            format!(
                "Kubernetes {kubernetes} is newer than Istio {istio} knows, which supports {range}"
            ),
            "choose a newer Istio",
        )
    } else {
        subject.pass(format!("Istio {istio} supports Kubernetes {kubernetes}"))
    }
}

/// `1` and `28` of `v1.28.3+rke2r1`.
fn minor(text: &str) -> Option<(u32, u32)> {
    let mut parts = text
        .strip_prefix('v')
        .unwrap_or(text)
        .split(['.', '-', '+']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn suffixes_of_vendors_do_not_matter() {
        let subject = Subject::of("X", "x");
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
                compare(subject, istio, kubernetes).verdict,
                wanted,
                "{istio} {kubernetes}"
            );
        }
    }
}
