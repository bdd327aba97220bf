//! What a verb is about, as it is written on the command line.

use super::view::Kind;

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// `NAME` or `ns/NAME`.
    Namespace(String),
    /// `deploy/NAME`, `sts/NAME`, `ds/NAME`.
    Workload(Kind, String),
    /// `pod/NAME`.
    Pod(String),
}

impl Target {
    /// Reads one.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("{text:?}: write a namespace, deploy/NAME, sts/NAME, ds/NAME or pod/NAME");
        let (kind, name) = text.split_once('/').unwrap_or(("ns", text));
        let is_name = !name.is_empty()
            && name.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.')
            });
        if !is_name {
            return Err(wrong());
        }
        let name = name.to_owned();
        let kind = kind.to_ascii_lowercase();
        // As kubectl writes them: `deployment.apps`, `deployments.v1.apps`.
        let plain = kind.strip_suffix(".apps").unwrap_or(&kind);
        let plain = plain.strip_suffix(".v1").unwrap_or(plain);
        Ok(match plain {
            "ns" | "namespace" | "namespaces" => Self::Namespace(name),
            "deploy" | "deployment" | "deployments" => Self::Workload(Kind::Deployment, name),
            "sts" | "statefulset" | "statefulsets" => Self::Workload(Kind::StatefulSet, name),
            "ds" | "daemonset" | "daemonsets" => Self::Workload(Kind::DaemonSet, name),
            "po" | "pod" | "pods" => Self::Pod(name),
            _ => return Err(wrong()),
        })
    }
}

/// As it is written.
impl std::fmt::Display for Target {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Namespace(name) => write!(out, "{name}"),
            Self::Workload(kind, name) => write!(out, "{}/{name}", kind.word().to_lowercase()),
            Self::Pod(name) => write!(out, "pod/{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets() {
        let workload = |kind| Ok(Target::Workload(kind, "cart".to_owned()));
        let cases = [
            ("shop", Ok(Target::Namespace("shop".to_owned()))),
            ("ns/shop", Ok(Target::Namespace("shop".to_owned()))),
            ("deploy/cart", workload(Kind::Deployment)),
            ("Deployment/cart", workload(Kind::Deployment)),
            ("deployment.apps/cart", workload(Kind::Deployment)),
            ("statefulsets.v1.apps/cart", workload(Kind::StatefulSet)),
            ("sts/cart", workload(Kind::StatefulSet)),
            ("daemonset/cart", workload(Kind::DaemonSet)),
            ("pod/cart-1.x", Ok(Target::Pod("cart-1.x".to_owned()))),
        ];
        for (text, wanted) in cases {
            assert_eq!(Target::parse(text), wanted, "{text}");
        }
        for wrong in [
            "",
            "deploy/",
            "job/x",
            "job.batch/x",
            ".apps/x",
            "a/b/c",
            "Shop",
            "shop_1",
        ] {
            assert!(
                Target::parse(wrong).unwrap_err().contains("deploy/NAME"),
                "{wrong}"
            );
        }
    }
}
