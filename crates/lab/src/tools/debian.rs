//! Packages of the distribution: installed when we are root on Debian or Ubuntu, otherwise named with their command.
//!
//! Some of them start a service when installed. A `policy-rc.d` that forbids it is put in place for the duration, unless
//! the machine has one of its own; services that were running before are not touched.

use crate::cache::Cache;
use crate::command::{Run, which};
use crate::output::say;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// Whether a package is there is told by a file it brings: quick, and true of self-built programs as well.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Package {
    pub(crate) name: &'static str,
    /// A program to find in PATH, or an absolute path.
    pub(crate) proof: &'static str,
}

const POLICY: &str = "/usr/sbin/policy-rc.d";

impl Package {
    fn is_there(self) -> bool {
        if self.proof.starts_with('/') {
            Path::new(self.proof).exists()
        } else {
            which(self.proof).is_some()
        }
    }
}

/// Shorthand for tables.
pub(crate) const fn package(name: &'static str, proof: &'static str) -> Package {
    Package { name, proof }
}

/// Installs what is missing of `packages`.
pub(crate) fn ensure(cache: &Cache, packages: &[Package]) -> Result<()> {
    if missing(packages).is_empty() {
        return Ok(());
    }
    // dpkg has a lock too, but fails instead of waiting.
    let _lock = cache.lock("apt")?;
    let missing = missing(packages);
    if missing.is_empty() {
        return Ok(());
    }
    let command = install_command(&missing);
    if !rustix::process::geteuid().is_root() {
        bail!("missing packages; install them as root with: {command}");
    }
    if which("apt-get").is_none() {
        bail!(
            "missing: {}; this is no Debian, so install them by hand",
            missing.join(", ")
        );
    }
    say(&format!(
        "installing Debian packages: {}",
        missing.join(" ")
    ));
    let _guard = ServiceGuard::new()?;
    install(cache, &missing, &command)?;
    let left = self::missing(packages);
    if left.is_empty() {
        return Ok(());
    }
    bail!(
        "{command} succeeded but did not bring what {} should",
        left.join(", ")
    )
}

fn install(cache: &Cache, missing: &[&str], command: &str) -> Result<()> {
    let attempt = || {
        let mut args = vec!["install", "-y", "--no-install-recommends"];
        args.extend(missing);
        apt(cache, &args, command)
    };
    // Fresh machines and containers have no package lists, or old ones that name files which are gone.
    attempt().or_else(|_| {
        apt(cache, &["update"], "apt-get update")?;
        attempt()
    })
}

fn apt(cache: &Cache, args: &[&str], command: &str) -> Result<()> {
    Run::new("apt-get")
        .args(["-q", "-o", "DPkg::Lock::Timeout=300"])
        .args(args)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .hint(command)
        .logged(&cache.log("apt"))
}

fn missing(packages: &[Package]) -> Vec<&'static str> {
    let absent = packages.iter().filter(|package| !package.is_there());
    absent.map(|package| package.name).collect()
}

fn install_command(names: &[&str]) -> String {
    format!(
        "apt-get update && apt-get install -y --no-install-recommends {}",
        names.join(" ")
    )
}

/// Forbids packages to start services while it lives.
#[derive(Debug)]
struct ServiceGuard {
    ours: Option<PathBuf>,
}

impl ServiceGuard {
    fn new() -> Result<Self> {
        let path = PathBuf::from(POLICY);
        // Ours from a killed run is as good as a new one, and goes away at the end of this one.
        if path.exists() && !is_ours(&path) {
            return Ok(Self { ours: None });
        }
        super::install::write_program(&path, POLICY_TEXT)
            .context("cannot keep packages from starting services")?;
        Ok(Self { ours: Some(path) })
    }
}

const POLICY_TEXT: &str =
    "#!/bin/sh\n# Put here by weft's lab while it installs packages.\nexit 101\n";

fn is_ours(path: &Path) -> bool {
    fs::read_to_string(path).is_ok_and(|text| text == POLICY_TEXT)
}

impl Drop for ServiceGuard {
    fn drop(&mut self) {
        if let Some(path) = &self.ours
            && let Err(error) = fs::remove_file(path)
        {
            say(&format!(
                "cannot remove {}: {error}; remove it by hand",
                path.display()
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_is_asked_for() {
        let packages = [
            package("coreutils", "true"),
            package("never-heard-of", "no-such-program"),
            package("base-files", "/etc"),
            package("nowhere", "/no/such/file"),
        ];
        assert_eq!(missing(&packages), ["never-heard-of", "nowhere"]);
    }

    #[test]
    fn the_command_can_be_pasted() {
        let command = install_command(&["a", "b"]);
        assert!(
            command.ends_with("install -y --no-install-recommends a b"),
            "{command}"
        );
    }
}
