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

use crate::process::ProcId;

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
    remove_stale_policy();
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
        if path.exists() {
            return Ok(Self { ours: None });
        }
        super::install::write_program(&path, &policy(ProcId::current().as_ref())?)
            .context("cannot keep packages from starting services")?;
        Ok(Self { ours: Some(path) })
    }
}

const POLICY_TEXT: &str = "#!/bin/sh\n# Put here by weft's lab while it installs packages: ";

/// The policy names who put it there, so that what a killed run left is told from what a running one needs.
fn policy(owner: Option<&ProcId>) -> Result<String> {
    let owner = serde_json::to_string(&owner).context("cannot write a process down")?;
    Ok(format!("{POLICY_TEXT}{owner}\nexit 101\n"))
}

/// Whether this is a policy of ours whose run has died.
fn is_stale(policy: &str) -> bool {
    let Some(rest) = policy.strip_prefix(POLICY_TEXT) else {
        return false;
    };
    let owner = rest.lines().next().unwrap_or_default();
    serde_json::from_str::<Option<ProcId>>(owner)
        .is_ok_and(|owner| !owner.is_some_and(|owner| owner.is_alive()))
}

/// While it stays, no package of this machine can start its service.
pub(crate) fn remove_stale_policy() {
    let path = PathBuf::from(POLICY);
    if fs::read_to_string(&path).is_ok_and(|text| is_stale(&text)) {
        drop(ServiceGuard { ours: Some(path) });
    }
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
    fn a_policy_goes_when_its_run_has_died() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let dead = ProcId::of(i32::try_from(child.id()).unwrap());
        child.wait().unwrap();
        let table = [
            (policy(ProcId::current().as_ref()).unwrap(), false),
            (policy(dead.as_ref()).unwrap(), true),
            (policy(None).unwrap(), true),
            ("#!/bin/sh\nexit 101\n".to_owned(), false),
            (String::new(), false),
        ];
        for (text, stale) in table {
            assert_eq!(is_stale(&text), stale, "{text}");
        }
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
