//! Built modules, for the tests that run them: the plugins as `weft plugin build` makes them, and the probe.
//!
//! Nothing is skipped: what cannot be built fails the test, with the builder's own words above.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

use anyhow::{Context, Result, anyhow, ensure};
use lab::{Cache, Tool, tools};
use weft::environment::Environment;
use weft::output::{ColorChoice, Output, Settings};
use weft::plugin::build::{Request, build};
use weft::plugin::module;

/// A built module and where its package is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// The plugin.
    pub name: String,
    /// The folder of its package, which holds its scenarios.
    pub package: PathBuf,
    /// The module.
    pub module: PathBuf,
}

impl Built {
    /// The module's bytes.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        fs::read(&self.module).with_context(|| format!("cannot read {}", self.module.display()))
    }
}

/// What was built, or why not, for all tests of one program.
type Once<T> = OnceLock<Result<T, String>>;

fn once<T: Clone>(kept: &Once<T>, build: fn() -> Result<T>) -> Result<T> {
    let kept = kept.get_or_init(|| build().map_err(|error| format!("{error:#}")));
    kept.clone().map_err(|error| anyhow!(error))
}

/// The folder of the workspace.
#[must_use]
pub fn workspace() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

/// Builds every plugin, as `weft plugin build` does.
///
/// # Errors
/// When a tool is missing or a plugin does not build.
pub fn plugins() -> Result<Vec<Built>> {
    static BUILT: Once<Vec<Built>> = Once::new();
    once(&BUILT, build_plugins)
}

fn build_plugins() -> Result<Vec<Built>> {
    let cache = Cache::from_env()?;
    tools::ensure(&cache, Tool::WasmTarget)?;
    tools::ensure(&cache, Tool::WasmOpt)?;
    let environment = Environment::read();
    let output = Output::standard(Settings::default(), ColorChoice::default(), &environment);
    let request = Request {
        folder: Some(workspace().to_path_buf()),
        ..Request::default()
    };
    let built = build(&request, &environment, &output)
        .map_err(|failure| anyhow!("cannot build the plugins: {failure:?}"))?;
    let plugins = workspace().join("plugins");
    let located = built.0.into_iter().map(|built| Built {
        package: plugins.join(&built.name),
        module: built.path,
        name: built.name,
    });
    Ok(located.collect())
}

/// Builds the probe. It is no plugin that anybody ships, so `weft plugin build` does not know it; what it does to a module's exports
/// is done to it here.
///
/// # Errors
/// When a tool is missing or it does not build.
pub fn probe() -> Result<Built> {
    static BUILT: Once<Built> = Once::new();
    once(&BUILT, || build_probe("probe", "proxy"))
}

/// Builds two probes in one filter.
///
/// # Errors
/// When a tool is missing or it does not build.
pub fn chain() -> Result<Built> {
    static BUILT: Once<Built> = Once::new();
    once(&BUILT, || build_probe("probe-chain", "proxy-chain"))
}

/// Builds two plugins of request headers in one filter.
///
/// # Errors
/// When a tool is missing or it does not build.
pub fn light() -> Result<Built> {
    static BUILT: Once<Built> = Once::new();
    once(&BUILT, || build_probe("probe-light", "proxy-light"))
}

/// Builds the network filter.
///
/// # Errors
/// When a tool is missing or it does not build.
pub fn lines() -> Result<Built> {
    static BUILT: Once<Built> = Once::new();
    once(&BUILT, || build_probe("probe-lines", "proxy-lines"))
}

/// All of them come out of cargo under one name.
static BUILDING: Mutex<()> = Mutex::new(());

fn build_probe(name: &str, feature: &str) -> Result<Built> {
    let _alone = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
    let cargo = tools::ensure(&Cache::from_env()?, Tool::WasmTarget)?;
    let target = workspace().join("target");
    let run = Command::new(&cargo)
        .args([
            "build",
            "--quiet",
            "--package",
            "probe",
            "--features",
            feature,
            "--profile",
            "wasm",
        ])
        .args(["--target", "wasm32-unknown-unknown"])
        .arg("--target-dir")
        .arg(&target)
        .current_dir(workspace())
        .status()
        .with_context(|| format!("cannot run {}", cargo.display()))?;
    ensure!(
        run.success(),
        "the probe does not build: see cargo's words above"
    );
    let compiled = target
        .join("wasm32-unknown-unknown")
        .join("wasm")
        .join("probe.wasm");
    let compiled =
        fs::read(&compiled).with_context(|| format!("cannot read {}", compiled.display()))?;
    let tidied = module::tidy(&compiled).context("the probe is no module")?;
    let path = target.join("wasm").join(format!("{name}.wasm"));
    fs::create_dir_all(target.join("wasm")).context("cannot create target/wasm")?;
    fs::write(&path, tidied).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Built {
        name: name.to_owned(),
        package: workspace().join("wasm-tests").join("probe"),
        module: path,
    })
}
