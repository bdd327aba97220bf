//! The real Helm charts of two versions of Istio, from its Go modules: releases' charts are served where only package
//! registries can be reached no more than their programs are.

use super::golang;
use super::install::{Recipe, fingerprint, remove};
use crate::cache::Cache;
use crate::output::say;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

const MODULE: &str = "istio.io/istio";
/// Where the charts are in it.
const CHARTS: &str = "manifests/charts";

/// A version's folder, and the module files that pin it.
const VERSIONS: [(&str, [(&str, &str); 2]); 2] = [
    (
        "1.30",
        [
            ("go.mod", include_str!("../../servers/charts-1.30/go.mod")),
            ("go.sum", include_str!("../../servers/charts-1.30/go.sum")),
        ],
    ),
    (
        "1.31",
        [
            ("go.mod", include_str!("../../servers/charts-1.31/go.mod")),
            ("go.sum", include_str!("../../servers/charts-1.31/go.sum")),
        ],
    ),
];

/// The directory with a folder for each version.
pub(crate) fn ensure(cache: &Cache) -> Result<PathBuf> {
    recipe().ensure(cache, |dir| build(cache, dir))
}

fn recipe() -> Recipe {
    let files = VERSIONS.iter().flat_map(|(_, files)| files.iter());
    let texts: Vec<&str> = files.map(|(_, text)| *text).collect();
    let versions: Vec<&str> = VERSIONS.iter().map(|(version, _)| *version).collect();
    let stamp = format!(
        "charts of Istio {} recipe 1\n{}",
        versions.join(" and "),
        fingerprint(&texts)
    );
    Recipe::new("charts", stamp)
}

fn build(cache: &Cache, dir: &Path) -> Result<()> {
    for (version, files) in VERSIONS {
        say(&format!("fetching the charts of Istio {version}"));
        let module = dir.join(".module");
        fs::create_dir_all(&module).context("cannot create a directory for the module")?;
        for (name, text) in files {
            fs::write(module.join(name), text).with_context(|| format!("cannot write {name}"))?;
        }
        let source = golang::download(cache, &module, MODULE, &cache.log("charts"))?;
        copy(&source.join(CHARTS), &dir.join(version))?;
        remove(&module)?;
    }
    Ok(())
}

/// Contents only: what Go keeps may not be written to, and its copy must be removable.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot create {}", to.display()))?;
    let entries = fs::read_dir(from).with_context(|| format!("no charts in {}", from.display()))?;
    for entry in entries {
        let entry = entry.context("cannot read the charts")?;
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            let content = fs::read(entry.path()).context("cannot read a file of a chart")?;
            fs::write(&to, content).with_context(|| format!("cannot write {}", to.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_copied_whole() {
        let dir = tempfile::tempdir().unwrap();
        let from = dir.path().join("from/a/b");
        fs::create_dir_all(&from).unwrap();
        fs::write(from.join("c"), "x").unwrap();
        copy(&dir.path().join("from"), &dir.path().join("to")).unwrap();
        assert_eq!(
            fs::read_to_string(dir.path().join("to/a/b/c")).unwrap(),
            "x"
        );
    }

    #[test]
    fn each_version_is_pinned_with_its_sum() {
        for (version, [(_, module), (_, sums)]) in VERSIONS {
            let line = module.lines().find(|line| line.contains(MODULE)).unwrap();
            let pin = line.trim_start_matches("require ");
            assert!(sums.contains(&format!("{pin} h1:")), "{version}");
        }
    }
}
