//! An OCI registry over plain HTTP, at an address that both the host and pods reach.

use crate::cache::Cache;
use crate::cleanup::Scope;
use crate::command::Run;
use crate::network::Link;
use crate::output::say;
use crate::process::ProcId;
use crate::state::{self, Kind, Part};
use crate::tools::{self, Tool};
use crate::{capabilities, host, http};
use anyhow::{Context, Result, bail};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

/// A running registry.
#[derive(Clone, Debug)]
pub struct Registry {
    address: String,
}

impl Registry {
    /// `HOST:PORT`, for image names.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }
}

/// Starts a registry that belongs to `owner`.
pub(crate) fn start(cache: &Cache, name: &str, owner: Option<ProcId>) -> Result<Registry> {
    let program = tools::ensure(cache, Tool::Registry)?;
    // On the lab's link where there can be one: pods cannot reach the host's loopback.
    let link = if capabilities::of(cache).cluster.is_none() && crate::command::which("ip").is_some()
    {
        Some(Link::from_env()?)
    } else {
        None
    };
    let mut part = reserve(cache, name, owner, link)?;
    let Kind::Registry { address } = part.kind.clone() else {
        bail!("{name} is no registry")
    };
    let dir = part.dir(cache);
    let file = dir.join("registry.yaml");
    fs::write(&file, configuration(&dir, &address))
        .context("cannot write the registry's configuration")?;
    Run::new("setsid")
        .args(["--fork"])
        .args([program.join("registry")])
        .args(["serve"])
        .args([&file])
        .logged(&dir.join("registry.log"))?;
    wait(&dir, &address)?;
    part.processes = host::servers(&dir);
    part.starting = None;
    part.save(cache)?;
    say(&format!("registry {name} is up at {address}"));
    Ok(Registry { address })
}

fn reserve(cache: &Cache, name: &str, owner: Option<ProcId>, link: Option<Link>) -> Result<Part> {
    let lock = host::lock(cache)?;
    host::clean(cache, &Scope::Dead, &lock)?;
    if state::parts(cache).iter().any(|part| part.name == name) {
        bail!("{name} runs already; stop it with: lab down {name}");
    }
    if let Some(link) = link {
        host::ensure_bridge(cache, link, &lock)?;
    }
    let host = link.map_or(Ipv4Addr::LOCALHOST, Link::host);
    let address = free_address(host)?.to_string();
    let part = Part::new(name, owner, link, Kind::Registry { address })?;
    part.save(cache)?;
    Ok(part)
}

/// A port that nobody listens on right now.
pub(crate) fn free_address(host: Ipv4Addr) -> Result<SocketAddr> {
    let listener =
        TcpListener::bind((host, 0)).with_context(|| format!("cannot listen on {host}"))?;
    listener.local_addr().context("a listener has no address")
}

fn wait(dir: &Path, address: &str) -> Result<()> {
    let deadline = Instant::now().checked_add(PATIENCE);
    while http::get(address, "/v2/").is_err() {
        if deadline.is_none_or(|end| Instant::now() > end) {
            let log = fs::read_to_string(dir.join("registry.log")).unwrap_or_default();
            bail!("the registry does not answer at {address}: {}", log.trim());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn configuration(dir: &Path, address: &str) -> String {
    serde_json::json!({
        "version": "0.1",
        "log": { "level": "warn" },
        "storage": {
            "filesystem": { "rootdirectory": dir.join("data") },
            "delete": { "enabled": true },
        },
        "http": { "addr": address },
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_names_address_and_place() {
        let text = configuration(Path::new("/lab/r"), "10.77.0.1:5000");
        assert!(text.contains(r#""addr":"10.77.0.1:5000""#), "{text}");
        assert!(text.contains(r#""rootdirectory":"/lab/r/data""#), "{text}");
    }

    #[test]
    fn free_ports_are_real() {
        let address = free_address(Ipv4Addr::LOCALHOST).unwrap();
        assert_ne!(address.port(), 0);
    }
}
