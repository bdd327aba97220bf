//! Who installed an object, by the marks that each way of installing leaves.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::read::{annotation, items, label, text};
use super::helm::Release;

/// Who installed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "tool", rename_all = "lowercase")]
pub(crate) enum Installer {
    /// Weft itself.
    Weft {
        /// The mesh.
        mesh: String,
    },
    /// A release of Helm.
    Helm {
        /// Its name.
        release: String,
        /// Its namespace.
        namespace: String,
        /// The chart with its version, as the release or a label says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        chart: Option<String>,
    },
    /// A resource of the Sail operator.
    Sail {
        /// For example `IstioRevision/default`.
        resource: String,
    },
    /// `istioctl install`.
    Istioctl,
    /// Rendered manifests, of istioctl or Helm, which somebody wrote.
    Manifests {
        /// Under which name.
        manager: String,
    },
    /// Nothing says so.
    Unknown,
}

impl std::fmt::Display for Installer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Weft { mesh } => write!(out, "weft (mesh {mesh})"),
            Self::Helm { release, chart, .. } => match chart {
                Some(chart) => write!(out, "Helm release {release} ({chart})"),
                None => write!(out, "Helm release {release}"),
            },
            Self::Sail { resource } => write!(out, "Sail {resource}"),
            Self::Istioctl => write!(out, "istioctl install"),
            Self::Manifests { manager } => write!(out, "manifests written by {manager}"),
            Self::Unknown => write!(out, "unknown"),
        }
    }
}

/// Which release of Helm an object says it belongs to: namespace and name.
pub(crate) fn release_of(object: &Value) -> Option<(&str, &str)> {
    Some((
        annotation(object, "meta.helm.sh/release-namespace")?,
        annotation(object, "meta.helm.sh/release-name")?,
    ))
}

/// Who installed an object. The releases that could be read say which chart it was.
pub(crate) fn of(object: &Value, releases: &[Release]) -> Installer {
    if let Some(mesh) = label(object, super::super::record::MESH_LABEL) {
        return Installer::Weft {
            mesh: mesh.to_owned(),
        };
    }
    let owner = items(object, "/metadata/ownerReferences").find(|owner| {
        text(owner, "/apiVersion").is_some_and(|group| group.starts_with("sailoperator.io/"))
    });
    if let Some(owner) = owner {
        let field = |at| text(owner, at).unwrap_or_default();
        return Installer::Sail {
            resource: format!("{}/{}", field("/kind"), field("/name")),
        };
    }
    if let Some((namespace, release)) = release_of(object) {
        let read = releases
            .iter()
            .find(|known| (known.namespace.as_str(), known.name.as_str()) == (namespace, release));
        let chart = read.map(|release| release.chart.to_string());
        return Installer::Helm {
            release: release.to_owned(),
            namespace: namespace.to_owned(),
            chart: chart.or_else(|| label(object, "helm.sh/chart").map(str::to_owned)),
        };
    }
    let writers: Vec<_> = items(object, "/metadata/managedFields")
        .filter(|entry| text(entry, "/subresource").is_none_or(str::is_empty))
        .filter_map(|entry| text(entry, "/manager"))
        .collect();
    let marked = label(object, "operator.istio.io/managed").is_some();
    if marked || writers.contains(&"istio-operator") {
        return Installer::Istioctl;
    }
    // istiod itself keeps the Deployments of Gateway API gateways, as it should.
    match writers.first() {
        Some(manager) => Installer::Manifests {
            manager: (*manager).to_owned(),
        },
        None => Installer::Unknown,
    }
}
