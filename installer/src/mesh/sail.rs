//! The Sail operator as the engine of a mesh: weft writes the operator's resources, and the operator makes Istio of them.
//!
//! What weft writes is in `objects`, what the operator's definitions take of it in `definition`, and what keeps both from coming
//! together in `ground`. Each control plane is an `Istio` of its own that is updated in place, so that it has one `IstioRevision`, of
//! its name: weft's own canary, one revision beside the other, works on the operator as it does on charts.

pub(crate) mod definition;
pub(crate) mod ground;
pub(crate) mod objects;

use super::spec::{Engine, Mesh};
use super::version::IstioVersion;

/// The group of the operator's kinds.
pub(crate) const GROUP: &str = "sailoperator.io";
/// The version of the kinds.
pub(crate) const VERSION: &str = "v1";

/// Whether the operator installs this mesh.
pub(crate) fn installs(mesh: &Mesh) -> bool {
    mesh.spec.engine == Some(Engine::Sail)
}

/// A version as the operator names it.
pub(crate) fn named(version: &IstioVersion) -> String {
    format!("v{version}")
}
