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

/// One of them as it is written, before anybody knows which kinds the mesh declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// Of what every cluster has.
    Known(Target),
    /// `KIND/NAME` of a kind that the mesh may declare: `clonesets.apps.kruise.io/NAME`, `CloneSet/NAME`.
    Other {
        /// In small letters.
        kind: String,
        /// The name.
        name: String,
    },
}

impl Named {
    /// Reads one.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?}: write a namespace, deploy/NAME, sts/NAME, ds/NAME, pod/NAME, or KIND/NAME of a kind that the mesh declares"
            )
        };
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
        let workload = |kind, name| Self::Known(Target::Workload(kind, name));
        Ok(match plain {
            "ns" | "namespace" | "namespaces" => Self::Known(Target::Namespace(name)),
            "deploy" | "deployment" | "deployments" => workload(Kind::Deployment, name),
            "sts" | "statefulset" | "statefulsets" => workload(Kind::StatefulSet, name),
            "ds" | "daemonset" | "daemonsets" => workload(Kind::DaemonSet, name),
            "po" | "pod" | "pods" => Self::Known(Target::Pod(name)),
            _ if is_kind(&kind) => Self::Other { kind, name },
            _ => return Err(wrong()),
        })
    }
}

fn is_kind(word: &str) -> bool {
    let of_kind = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    word.starts_with(|first: char| first.is_ascii_alphabetic()) && word.bytes().all(of_kind)
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
        let known = |target| Ok(Named::Known(target));
        let workload = |kind| known(Target::Workload(kind, "cart".to_owned()));
        let other = |kind: &str| {
            let (kind, name) = (kind.to_owned(), "cart".to_owned());
            Ok(Named::Other { kind, name })
        };
        let cases = [
            ("shop", known(Target::Namespace("shop".to_owned()))),
            ("ns/shop", known(Target::Namespace("shop".to_owned()))),
            ("CloneSet/cart", other("cloneset")),
            (
                "clonesets.apps.kruise.io/cart",
                other("clonesets.apps.kruise.io"),
            ),
            ("deploy/cart", workload(Kind::Deployment)),
            ("Deployment/cart", workload(Kind::Deployment)),
            ("deployment.apps/cart", workload(Kind::Deployment)),
            ("deployments.apps/cart", workload(Kind::Deployment)),
            ("statefulsets.v1.apps/cart", workload(Kind::StatefulSet)),
            ("sts/cart", workload(Kind::StatefulSet)),
            ("daemonset/cart", workload(Kind::DaemonSet)),
            ("pod/cart-1.x", known(Target::Pod("cart-1.x".to_owned()))),
        ];
        for (text, wanted) in cases {
            assert_eq!(Named::parse(text), wanted, "{text}");
        }
        for wrong in [
            "", "deploy/", "a_b/x", "/x", ".apps/x", "a/b/c", "Shop", "shop_1",
        ] {
            assert!(
                Named::parse(wrong).unwrap_err().contains("deploy/NAME"),
                "{wrong}"
            );
        }
    }
}
