//! `weft plugin build`: from a plugin's source to the module that Envoy runs, the same bytes wherever it is built.
//!
//! cargo → exports tidied (`module`) → wasm-opt → metadata appended → checked as Envoy would. What to run is decided
//! by pure functions below; only this file runs it.

mod cargo;
mod optimize;
mod workspace;

pub use workspace::{Package, Workspace};

use crate::environment::Environment;
use crate::failure::{Exit, ExitWith as _, Failure};
use crate::measure;
use crate::output::{Output, Report, Style, Table};
use crate::plugin::metadata::Metadata;
use crate::plugin::module;
use anyhow::Context as _;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What to build, and with which tools; a tool that is not named is looked for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Plugins by name; none means all.
    pub names: Vec<String>,
    /// A folder inside the workspace; by default the working directory.
    pub folder: Option<PathBuf>,
    /// cargo.
    pub cargo: Option<PathBuf>,
    /// wasm-opt.
    pub wasm_opt: Option<PathBuf>,
}

/// A module that was built.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Built {
    /// The plugin.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The module.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: u64,
    /// Its size as it travels, gzipped.
    pub gzip_size: u64,
    /// SHA-256 of the module, in hex.
    pub sha256: String,
    /// The callbacks that it serves.
    pub callbacks: Vec<String>,
}

/// Everything that one command built.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct AllBuilt(pub Vec<Built>);

impl Report for AllBuilt {
    fn table(&self) -> Table {
        let mut table = Table::new(&["PLUGIN", "SIZE", "GZIP", "SHA256"]).wide(&[
            "VERSION",
            "CALLBACKS",
            "PATH",
        ]);
        for built in &self.0 {
            table.row([
                built.name.clone().into(),
                measure::size(built.size).into(),
                measure::size(built.gzip_size).into(),
                built.sha256.clone().into(),
                built.version.clone().into(),
                built.callbacks.join(",").into(),
                built.path.display().to_string().into(),
            ]);
        }
        table
    }

    fn names(&self) -> Vec<String> {
        self.0
            .iter()
            .map(|built| built.path.display().to_string())
            .collect()
    }
}

/// Builds what was asked for.
///
/// # Errors
/// When a plugin is unknown, a tool is missing, the compiler refuses, or the module is none that Envoy would load.
pub fn build(
    request: &Request,
    environment: &Environment,
    output: &Output,
) -> Result<AllBuilt, Failure> {
    let folder = request
        .folder
        .clone()
        .unwrap_or_else(|| environment.directory().to_path_buf());
    let cargo = cargo::Cargo::find(request.cargo.as_deref(), environment);
    let workspace = Workspace::parse(&cargo.metadata(&folder)?)?;
    let packages = workspace.select(&request.names)?;
    let wasm_opt = optimize::find(request.wasm_opt.as_deref(), environment)?;
    let mut all = Vec::new();
    for package in packages {
        output.mark(Style::Bold, "building", &package.name);
        let raw = cargo.build(&workspace, package, environment, output.settings().quiet)?;
        let built = finish(&raw, package, &workspace, &wasm_opt).map_err(|failure| {
            failure.context(format!(
                "cannot make a plugin of what cargo built for {}",
                package.name
            ))
        })?;
        all.push(built);
    }
    Ok(AllBuilt(all))
}

/// From what cargo made to what Envoy runs.
fn finish(
    raw: &Path,
    package: &Package,
    workspace: &Workspace,
    wasm_opt: &Path,
) -> Result<Built, Failure> {
    let compiled = read(raw)?;
    let folder = workspace.target.join("wasm");
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    let kept = folder.join(format!(".{}.optimized", package.name));
    let optimized = optimize::run(wasm_opt, &module::tidy(&compiled)?, &folder, &kept)?;
    let metadata = describe(package, &module::facts(&optimized)?)?;
    let whole = module::with_metadata(&optimized, &metadata)?;
    module::check(&whole)?;
    let path = folder.join(format!("{}.wasm", package.name));
    replace(&path, &whole)?;
    Ok(Built {
        name: metadata.name,
        version: metadata.version,
        path,
        size: measure::length(&whole),
        gzip_size: measure::length(&measure::gzip(&whole)?),
        sha256: measure::sha256(&whole),
        callbacks: metadata.callbacks,
    })
}

fn describe(package: &Package, facts: &module::Facts) -> Result<Metadata, Failure> {
    Ok(Metadata {
        name: package.name.clone(),
        version: package.version.clone(),
        description: package.description.clone(),
        abi: facts.abi.clone().unwrap_or_default(),
        phase: package.phase,
        callbacks: facts.callbacks.clone(),
        schema: schema(&package.folder.join("schema.json"))?,
    })
}

/// The JSON Schema beside the plugin, when there is one.
fn schema(path: &Path) -> Result<Option<serde_json::Value>, Failure> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(Failure::from(error).context(format!("cannot read {}", path.display())));
        }
    };
    let schema = serde_json::from_slice(&text)
        .with_context(|| format!("{} is no JSON", path.display()))
        .exit_with(Exit::BadInput)?;
    Ok(Some(schema))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    Ok(std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?)
}

/// Puts a file in place at once, so that an Envoy that watches it never reads half of it.
fn replace(path: &Path, data: &[u8]) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let written = tempfile::NamedTempFile::new_in(folder).and_then(|mut file| {
        std::io::Write::write_all(&mut file, data)?;
        readable(&file)?;
        file.persist(path).map_err(|error| error.error)
    });
    written.with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}

/// A temporary file is its owner's alone; a module is for everybody who may read the folder.
#[cfg(unix)]
fn readable(file: &tempfile::NamedTempFile) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.as_file()
        .set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &tempfile::NamedTempFile) -> std::io::Result<()> {
    Ok(())
}
