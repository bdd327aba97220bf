//! What of a cluster's objects is kept: of 4,000 pods only the few fields that a status needs.

mod wire;

use serde::Serialize;

use super::decision::Template;
use super::usage::Resources;
use crate::mesh::spec::WorkloadKind;
pub(crate) use wire::{
    NamespaceObject, Owners, Page, PodObject, SETS, WorkloadObject, declared, tag,
};

/// The container of a sidecar.
pub(crate) const PROXY: &str = "istio-proxy";

/// The kinds that can be restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// `deploy/`.
    Deployment,
    /// `sts/`.
    StatefulSet,
    /// `ds/`.
    DaemonSet,
    /// One that the mesh declares; it is known for as long as the command runs.
    Declared(&'static WorkloadKind),
}

impl Kind {
    /// Those that every cluster has.
    pub(crate) const ALL: [Self; 3] = [Self::Deployment, Self::StatefulSet, Self::DaemonSet];

    /// As in `kind`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::Declared(kind) => &kind.kind,
        }
    }

    /// As in paths.
    pub(crate) fn plural(self) -> &'static str {
        match self {
            Self::Deployment => "deployments",
            Self::StatefulSet => "statefulsets",
            Self::DaemonSet => "daemonsets",
            Self::Declared(kind) => &kind.resource,
        }
    }

    /// Its API group and version.
    pub(crate) fn api(self) -> (&'static str, &'static str) {
        match self {
            Self::Deployment | Self::StatefulSet | Self::DaemonSet => ("apps", "v1"),
            Self::Declared(kind) => (&kind.group, &kind.version),
        }
    }

    /// Where its objects have the template of their pods, as `.spec.template`.
    pub(crate) fn pod_template(self) -> &'static str {
        match self {
            Self::Deployment | Self::StatefulSet | Self::DaemonSet => ".spec.template",
            Self::Declared(kind) => kind.paths.pod_template(),
        }
    }
}

/// As in `kind`.
impl Serialize for Kind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// Which workload.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct WorkloadName {
    /// Its namespace.
    pub(crate) namespace: String,
    /// Its kind.
    pub(crate) kind: Kind,
    /// Its name.
    pub(crate) name: String,
}

/// `Deployment shop/cart`.
impl std::fmt::Display for WorkloadName {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} {}/{}", self.kind.word(), self.namespace, self.name)
    }
}

/// A workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Workload {
    /// Which.
    pub(crate) name: WorkloadName,
    /// What its pods will say.
    pub(crate) template: Template,
}

/// Whose a pod is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Belongs {
    /// To one of the kinds that can be restarted.
    To(WorkloadName),
    /// To something else, or to nobody; then what it says itself is all there is.
    Else(Box<Template>, String),
}

/// The proxy of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proxy {
    /// The revision that injected it.
    pub(crate) revision: String,
    /// The tag of its image.
    pub(crate) version: String,
    /// What it may use.
    pub(crate) resources: Resources,
    /// Why it does not run; nothing when it does.
    pub(crate) trouble: Option<Trouble>,
}

/// Why a proxy does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It is only starting.
    Starting(String),
    /// It will not without help.
    Failed(String),
}

/// A pod that counts: it is neither on its way out nor finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PodView {
    /// Its namespace.
    pub(crate) namespace: String,
    /// Its name.
    pub(crate) name: String,
    /// When it was created, in the API server's words.
    pub(crate) created: String,
    /// Whose it is.
    pub(crate) belongs: Belongs,
    /// Its injected proxy.
    pub(crate) proxy: Option<Proxy>,
    /// Whether a proxy stands in its own template instead (a gateway that istiod runs).
    pub(crate) brings_its_own: bool,
    /// Whether it lacks the image that an injector should have put in.
    pub(crate) uninjected: bool,
    /// What keeps it from getting ready.
    pub(crate) trouble: Option<String>,
}
