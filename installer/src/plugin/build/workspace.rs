//! The plugins of a workspace, out of what `cargo metadata` says.

use crate::failure::{Exit, Failure};
use crate::plugin::metadata::Phase;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// A cargo workspace and its plugins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// Its root.
    pub root: PathBuf,
    /// Where cargo writes.
    pub target: PathBuf,
    /// The packages below `plugins/`, in order of name.
    pub plugins: Vec<Package>,
}

/// A plugin's package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its description, or nothing.
    pub description: String,
    /// `[package.metadata.weft] phase`.
    pub phase: Phase,
    /// Its folder.
    pub folder: PathBuf,
}

/// Why there is nothing to build.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// Not cargo's JSON.
    #[error(
        "cannot read what `cargo metadata` says: {0}. [package.metadata.weft] takes one key, phase: AUTHN, AUTHZ, STATS or UNSPECIFIED"
    )]
    Unreadable(#[from] serde_json::Error),
    /// No plugin of that name.
    #[error("there is no plugin {name} in {root}: its plugins are {known}", known = or_none(.known))]
    Unknown {
        /// What was asked for.
        name: String,
        /// Where.
        root: String,
        /// What there is.
        known: Vec<String>,
    },
    /// No plugin at all.
    #[error("there are no plugins in {0}: a plugin is a package in a folder below plugins/")]
    None(String),
}

impl From<WorkspaceError> for Failure {
    fn from(error: WorkspaceError) -> Self {
        let exit = match error {
            WorkspaceError::Unreadable(_) => Exit::BadInput,
            WorkspaceError::Unknown { .. } | WorkspaceError::None(_) => Exit::Usage,
        };
        Self::new(exit, error)
    }
}

fn or_none(names: &[String]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

#[derive(Deserialize)]
struct Said {
    packages: Vec<SaidPackage>,
    workspace_root: PathBuf,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct SaidPackage {
    name: String,
    version: String,
    description: Option<String>,
    manifest_path: PathBuf,
    metadata: Option<Tables>,
}

#[derive(Default, Deserialize)]
struct Tables {
    weft: Option<Table>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default)]
    phase: Phase,
}

impl Workspace {
    /// Reads the JSON of `cargo metadata --no-deps`.
    ///
    /// # Errors
    /// When it is none, or a plugin's `[package.metadata.weft]` is wrong.
    pub fn parse(json: &[u8]) -> Result<Self, WorkspaceError> {
        let said: Said = serde_json::from_slice(json)?;
        let home = said.workspace_root.join("plugins");
        let mut plugins: Vec<Package> = said
            .packages
            .into_iter()
            .filter_map(|package| Package::below(&home, package))
            .collect();
        plugins.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(Self {
            root: said.workspace_root,
            target: said.target_directory,
            plugins,
        })
    }

    /// The plugins of these names; all of them for no name.
    ///
    /// # Errors
    /// When one is unknown, or there is none at all.
    pub fn select(&self, names: &[String]) -> Result<Vec<&Package>, WorkspaceError> {
        let root = self.root.display().to_string();
        if names.is_empty() && self.plugins.is_empty() {
            return Err(WorkspaceError::None(root));
        }
        if names.is_empty() {
            return Ok(self.plugins.iter().collect());
        }
        names
            .iter()
            .map(|name| {
                self.plugins
                    .iter()
                    .find(|plugin| plugin.name == *name)
                    .ok_or_else(|| WorkspaceError::Unknown {
                        name: name.clone(),
                        root: root.clone(),
                        known: self
                            .plugins
                            .iter()
                            .map(|plugin| plugin.name.clone())
                            .collect(),
                    })
            })
            .collect()
    }
}

impl Package {
    fn below(home: &Path, said: SaidPackage) -> Option<Self> {
        let folder = said.manifest_path.parent()?.to_path_buf();
        folder.starts_with(home).then(|| Self {
            name: said.name,
            version: said.version,
            description: said.description.unwrap_or_default(),
            phase: said
                .metadata
                .and_then(|tables| tables.weft)
                .unwrap_or_default()
                .phase,
            folder,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(weft: &serde_json::Value) -> Vec<u8> {
        let package = |name: &str, folder: &str, metadata: serde_json::Value| {
            json!({"name": name, "version": "1.0.0", "description": null, "metadata": metadata,
                   "manifest_path": format!("/w/{folder}/Cargo.toml"), "more": 1})
        };
        let packages = [
            package(
                "rate-limit",
                "plugins/rate-limit",
                json!({"weft": weft, "other": {}}),
            ),
            package("audit", "plugins/audit", json!(null)),
            package("host", "crates/host", json!(null)),
        ];
        json!({"packages": packages, "workspace_root": "/w", "target_directory": "/t"})
            .to_string()
            .into_bytes()
    }

    #[test]
    fn plugins_are_the_packages_below_plugins() {
        let workspace = Workspace::parse(&said(&json!({"phase": "STATS"}))).unwrap();
        let found: Vec<_> = workspace
            .plugins
            .iter()
            .map(|plugin| (plugin.name.as_str(), plugin.phase))
            .collect();
        assert_eq!(
            found,
            [("audit", Phase::Unspecified), ("rate-limit", Phase::Stats)]
        );
        assert_eq!(
            workspace.plugins[1].folder,
            Path::new("/w/plugins/rate-limit")
        );
        assert_eq!(workspace.target, Path::new("/t"));
    }

    #[test]
    fn a_wrong_phase_is_refused_with_those_that_there_are() {
        for weft in [json!({"phase": "LAST"}), json!({"fase": "STATS"})] {
            let error = Workspace::parse(&said(&weft)).unwrap_err().to_string();
            assert!(
                error.contains("AUTHN, AUTHZ, STATS or UNSPECIFIED"),
                "{error}"
            );
        }
    }

    #[test]
    fn no_name_means_all_and_an_unknown_name_lists_what_there_is() {
        let workspace = Workspace::parse(&said(&json!({}))).unwrap();
        assert_eq!(workspace.select(&[]).unwrap().len(), 2);
        let error = workspace
            .select(&["rate".to_owned()])
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "there is no plugin rate in /w: its plugins are audit, rate-limit"
        );
    }
}
