//! Programs from crates.io: `wasm-bindgen-cli` in exactly the version of the library, and helpers of cargo.

use super::install::Recipe;
use super::node;
use crate::cache::Cache;
use crate::command::Run;
use crate::output::say;
use crate::workspace;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

const BINDGEN: [&str; 2] = ["wasm-bindgen", "wasm-bindgen-test-runner"];

pub(crate) fn ensure_wasm_bindgen(cache: &Cache) -> Result<PathBuf> {
    let version = bindgen_version()?;
    bindgen_recipe(&version).ensure(cache, |dir| {
        node::ensure_node(cache)?;
        cargo_install(
            dir,
            "wasm-bindgen-cli",
            &version,
            &cache.log("wasm-bindgen"),
        )
    })?;
    Ok(cache.bin("wasm-bindgen-test-runner"))
}

/// Both sides of its protocol must be of the same version, and the lock file says which.
pub(crate) fn bindgen_version() -> Result<String> {
    let path = workspace::file("Cargo.lock");
    let lock =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    workspace::locked_version(&lock, "wasm-bindgen").with_context(|| {
        format!(
            "{} names no wasm-bindgen; add wasm-bindgen-test to a crate, then: cargo metadata",
            path.display()
        )
    })
}

pub(crate) fn bindgen_recipe(version: &str) -> Recipe {
    let recipe = Recipe::new("wasm-bindgen", format!("wasm-bindgen-cli {version}"));
    let link = |recipe: Recipe, name: &&str| recipe.link(*name, format!("bin/{name}"));
    BINDGEN.iter().fold(recipe, link)
}

/// A program that is called as its package is.
pub(crate) fn ensure_program(cache: &Cache, name: &'static str, version: &str) -> Result<PathBuf> {
    program_recipe(name, version).ensure(cache, |dir| {
        cargo_install(dir, name, version, &cache.log(name))
    })?;
    Ok(cache.bin(name))
}

fn program_recipe(name: &'static str, version: &str) -> Recipe {
    Recipe::new(name, format!("{name} {version}")).link(name, format!("bin/{name}"))
}

/// With the versions that its authors locked; where a mirror does not serve one of them (they lag behind, or yank),
/// with what the mirror has.
fn cargo_install(dir: &Path, package: &str, version: &str, log: &Path) -> Result<()> {
    install_once(dir, package, version, log, &["--locked"]).or_else(|error| {
        say(&format!(
            "{package} {version} does not build with its own lock file, trying without ({error})"
        ));
        install_once(dir, package, version, log, &[])
    })
}

fn install_once(
    dir: &Path,
    package: &str,
    version: &str,
    log: &Path,
    flags: &[&str],
) -> Result<()> {
    let run = Run::new("cargo")
        .args(["install", "--quiet"])
        .args(flags)
        .args(["--root"])
        .args([dir])
        .args(["--target-dir"])
        .args([dir.join("target")])
        .args(["--version", version, package]);
    // Called from `cargo test`, we inherit what that cargo told its children.
    let run = [
        "CARGO",
        "RUSTC",
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "RUSTC_WRAPPER",
        "CARGO_TARGET_DIR",
    ]
    .into_iter()
    .fold(run, Run::without_env);
    // Small jobs: a minute less to compile is worth more than a faster program.
    run.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .dir(&workspace::root())
        .hint(format!(
            "cargo install --locked --version {version} {package}"
        ))
        .logged(log)?;
    super::install::remove(&dir.join("target"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_library_version_reinstalls_the_program() {
        assert_ne!(
            bindgen_recipe("0.2.100").stamp,
            bindgen_recipe("0.2.101").stamp
        );
    }
}
