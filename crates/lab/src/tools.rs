//! What the lab can install, each on its own, once, into the cache.

mod crates;
mod debian;
mod install;
mod node;
mod pins;
mod python;
mod wasm_target;

use crate::cache::Cache;
use anyhow::{Result, bail};
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
    /// HTTP load, from Debian.
    H2load,
    /// Reads images independently of us, from Debian.
    Skopeo,
}

/// Every tool with its name on the command line.
const NAMES: [(Tool, &str); 8] = [
    (Tool::WasmTarget, "wasm-target"),
    (Tool::WasmBindgen, "wasm-bindgen"),
    (Tool::WasmOpt, "wasm-opt"),
    (Tool::Envoy, "envoy"),
    (Tool::EnvoyOldest, "envoy@1.36"),
    (Tool::CargoDeny, "cargo-deny"),
    (Tool::H2load, "h2load"),
    (Tool::Skopeo, "skopeo"),
];

impl Tool {
    /// All of them, in the order of [`NAMES`].
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(tool, _)| *tool)
    }

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(tool, _)| *tool == self).map_or("", |(_, name)| name)
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
        bail!("nothing called {text:?} can be installed; there is: {}", known.join(" "))
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
        Tool::EnvoyOldest => python::ensure_envoy(cache, pins::ENVOY_OLDEST, &python::oldest_link()),
        Tool::CargoDeny => crates::ensure_cargo_deny(cache),
        Tool::H2load => from_debian(cache, "nghttp2-client", "h2load"),
        Tool::Skopeo => from_debian(cache, "skopeo", "skopeo"),
    }
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
