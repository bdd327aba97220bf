//! Programs that run on Node: binaryen's `wasm-opt`, and the check that Node is there.
//!
//! binaryen comes from npm in the version we pin. Debian 12's is 108, from 2022: it knows neither the features that
//! today's rustc emits by default nor their names.

use super::install::{Recipe, write_program};
use super::pins;
use crate::cache::Cache;
use crate::command::{Run, require};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

pub(crate) const INSTALL_NODE: &str =
    "apt-get install -y nodejs npm (or any Node of version 18 or newer)";

/// The programs of binaryen that building a module may use.
const PROGRAMS: [&str; 4] = ["wasm-opt", "wasm-dis", "wasm-as", "wasm-metadce"];

pub(crate) fn ensure_wasm_opt(cache: &Cache) -> Result<PathBuf> {
    recipe().ensure(cache, |dir| build(cache, dir))?;
    Ok(cache.bin("wasm-opt"))
}

pub(crate) fn recipe() -> Recipe {
    let recipe = Recipe::new("binaryen", format!("binaryen {} recipe 1", pins::BINARYEN));
    let link = |recipe: Recipe, name: &&str| recipe.link(*name, *name);
    PROGRAMS.iter().fold(recipe, link)
}

fn build(cache: &Cache, dir: &Path) -> Result<()> {
    ensure_node(cache)?;
    require("npm", INSTALL_NODE)?;
    let package = format!("binaryen@{}", pins::BINARYEN);
    Run::new("npm")
        .args(["install", "--prefix"])
        .args([dir])
        .args([
            "--no-save",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            &package,
        ])
        .dir(dir)
        .hint("npm ping")
        .logged(&cache.log("binaryen"))?;
    for name in PROGRAMS {
        // A file without an extension in a package of type "module" or not: the folder's package.json says; so the
        // program must stay where it is, and what is linked is a wrapper.
        let program = cache
            .tool("binaryen")
            .join("node_modules/binaryen/bin")
            .join(name);
        write_program(
            &dir.join(name),
            &format!("#!/bin/sh\nexec node '{}' \"$@\"\n", program.display()),
        )?;
    }
    Ok(())
}

/// Node, new enough.
pub(crate) fn ensure_node(cache: &Cache) -> Result<()> {
    if crate::command::which("node").is_none() {
        // Refused with the command when we are not root.
        super::debian::ensure(
            cache,
            &[
                super::debian::package("nodejs", "node"),
                super::debian::package("npm", "npm"),
            ],
        )?;
    }
    let version = Run::new("node")
        .args(["--version"])
        .hint(INSTALL_NODE)
        .stdout()?;
    let major = major(&version).with_context(|| format!("node --version says {version:?}"))?;
    if major < pins::NODE_MAJOR {
        bail!(
            "node is {}, but {} or newer is needed; install it with: {INSTALL_NODE}",
            version.trim(),
            pins::NODE_MAJOR
        );
    }
    Ok(())
}

fn major(version: &str) -> Option<u32> {
    let number = version.trim().strip_prefix('v')?;
    number.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_nodes_version() {
        let table = [
            ("v20.20.2\n", Some(20)),
            ("v8.0.0", Some(8)),
            ("20", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(major(text), expected, "{text}");
        }
    }
}
