//! What the lab can install, each on its own, once, into the cache.

mod charts;
mod crates;
mod debian;
mod golang;
mod images;
mod install;
mod node;
mod oci;
mod pins;
mod python;
mod wasm_target;

use crate::cache::Cache;
use anyhow::{Result, bail};
pub(crate) use debian::remove_stale_policy;
pub(crate) use install::remove;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Something that [`ensure`] installs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tool {
    /// A cargo that builds for `wasm32-unknown-unknown`: `bin/wasm-cargo`.
    WasmTarget,
    /// The runner of wasm-bindgen-test, of the version in Cargo.lock: `bin/wasm-bindgen-test-runner`.
    WasmBindgen,
    /// Shrinks and speeds up modules: `bin/wasm-opt`.
    WasmOpt,
    /// The Envoy that everything is tested with: `bin/envoy`.
    Envoy,
    /// The oldest Envoy that is served: `bin/envoy-1.36`.
    EnvoyOldest,
    /// Licences and dependencies: `bin/cargo-deny`.
    CargoDeny,
    /// Fuzzing: `bin/cargo-fuzz`.
    CargoFuzz,
    /// HTTP load, from Debian.
    H2load,
    /// Reads images independently of us, from Debian.
    Skopeo,
    /// The OCI registry server: `bin/registry`.
    Registry,
    /// The API server, controllers, scheduler, kubelet, kube-proxy and `bin/kubectl`.
    Kubernetes,
    /// istiod, the agent, the echo server and `bin/istioctl`.
    Istio,
    /// istiod and the agent of the minor version before.
    IstioBefore,
    /// The DNS server of a cluster.
    Coredns,
    /// Helm itself, `bin/helm`, and `helm-objects`, which reads what it prints.
    Helm,
    /// The charts of two versions of Istio, a folder for each: `1.30`, `1.31`.
    Charts,
    /// The images of a cluster, imported into a store of containerd.
    Images,
    /// All that a cluster and istiod need: packages, servers, images.
    Cluster,
}

/// Every tool with its name on the command line.
const NAMES: [(Tool, &str); 18] = [
    (Tool::WasmTarget, "wasm-target"),
    (Tool::WasmBindgen, "wasm-bindgen"),
    (Tool::WasmOpt, "wasm-opt"),
    (Tool::Envoy, "envoy"),
    (Tool::EnvoyOldest, "envoy@1.36"),
    (Tool::CargoDeny, "cargo-deny"),
    (Tool::CargoFuzz, "cargo-fuzz"),
    (Tool::H2load, "h2load"),
    (Tool::Skopeo, "skopeo"),
    (Tool::Registry, "registry"),
    (Tool::Kubernetes, "kubernetes"),
    (Tool::Istio, "istio"),
    (Tool::IstioBefore, "istio@1.30"),
    (Tool::Coredns, "coredns"),
    (Tool::Helm, "helm"),
    (Tool::Charts, "charts"),
    (Tool::Images, "images"),
    (Tool::Cluster, "cluster"),
];

impl Tool {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(tool, _)| *tool)
    }

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES
            .iter()
            .find(|(tool, _)| *tool == self)
            .map_or("", |(_, name)| name)
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Tool {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        if let Some((tool, _)) = NAMES.iter().find(|(_, name)| *name == text) {
            return Ok(*tool);
        }
        let known: Vec<&str> = NAMES.iter().map(|(_, name)| *name).collect();
        bail!(
            "nothing called {text:?} can be installed; there is: {}",
            known.join(" ")
        )
    }
}

/// Installs a tool unless it is there, and returns its program (for several, the directory that holds them).
///
/// # Errors
/// When something it needs is missing and cannot be installed; the error names it, and the command that would.
pub fn ensure(cache: &Cache, tool: Tool) -> Result<PathBuf> {
    match tool {
        Tool::WasmTarget => wasm_target::ensure(cache),
        Tool::WasmBindgen => crates::ensure_wasm_bindgen(cache),
        Tool::WasmOpt => node::ensure_wasm_opt(cache),
        Tool::Envoy => python::ensure_envoy(cache, pins::ENVOY, "envoy"),
        Tool::EnvoyOldest => {
            python::ensure_envoy(cache, pins::ENVOY_OLDEST, &python::oldest_link())
        }
        Tool::CargoDeny => crates::ensure_program(cache, "cargo-deny", pins::CARGO_DENY),
        Tool::CargoFuzz => crates::ensure_program(cache, "cargo-fuzz", pins::CARGO_FUZZ),
        Tool::H2load => from_debian(cache, "nghttp2-client", "h2load"),
        Tool::Skopeo => from_debian(cache, "skopeo", "skopeo"),
        Tool::Registry => golang::ensure(cache, &golang::REGISTRY),
        Tool::Kubernetes => golang::ensure(cache, &golang::KUBERNETES),
        Tool::Istio => golang::ensure(cache, &golang::ISTIO),
        Tool::IstioBefore => golang::ensure(cache, &golang::ISTIO_BEFORE),
        Tool::Coredns => golang::ensure(cache, &golang::COREDNS),
        Tool::Helm => golang::ensure(cache, &golang::HELM),
        Tool::Charts => charts::ensure(cache),
        Tool::Images => images::ensure(cache),
        Tool::Cluster => images::ensure_cluster(cache).map(|()| cache.root().join("tools")),
    }
}

/// The image of the pause container.
pub(crate) fn pause_image() -> String {
    format!("{}/pause:1", pins::IMAGE_HUB)
}

/// The image of the echo server, whose pods have curl too.
#[must_use]
pub fn echo_image() -> String {
    format!("{}/echo:1", pins::IMAGE_HUB)
}

/// The tag of the images of Istio.
#[must_use]
pub fn istio_tag() -> &'static str {
    pins::ISTIO
}

/// The tag of the images of the minor version before.
#[must_use]
pub fn istio_tag_before() -> &'static str {
    pins::ISTIO_BEFORE
}

/// The name before the images of the lab.
#[must_use]
pub fn image_hub() -> &'static str {
    pins::IMAGE_HUB
}

fn from_debian(cache: &Cache, package: &'static str, program: &'static str) -> Result<PathBuf> {
    debian::ensure(cache, &[debian::package(package, program)])?;
    crate::command::require(program, &format!("apt-get install -y {package}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for tool in Tool::all() {
            assert_eq!(tool.name().parse::<Tool>().unwrap(), tool);
        }
        let text = "nonsense".parse::<Tool>().unwrap_err().to_string();
        assert!(text.contains("wasm-target"), "{text}");
    }
}
