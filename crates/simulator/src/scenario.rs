//! Scenario files: a configuration, requests, and what is expected of them, in YAML.
//!
//! The same file runs on a plugin natively and on its built module. What is expected is what the outside sees (the upstream, the client, the
//! metrics, the log), never which callback ran, so a scenario says what matters and outlives the code.
//! A file is a list of scenarios; `crates/simulator/README.md` describes the fields. A scenario that expects nothing, and
//! a folder without scenarios, are errors: they would pass for ever.

pub mod check;
pub mod expected;
pub mod file;
mod play;
pub mod value;

use std::fmt;
use std::path::{Path, PathBuf};

pub use file::Scenario;

use crate::engine::Engine;
use crate::native::Native;
use crate::storm;

/// How many scenarios ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// Files.
    pub files: usize,
    /// Scenarios in them.
    pub scenarios: usize,
}

/// What did not come out as a scenario expects.
#[derive(Clone, PartialEq, Eq)]
pub struct Failures(pub Vec<String>);

impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n\n"))
    }
}

/// A test that returns this shows it as `Debug`; what it shows is meant to be read.
impl fmt::Debug for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "scenarios failed\n\n{self}\n")
    }
}

impl std::error::Error for Failures {}

/// Makes an engine for each scenario.
pub type MakeEngine<'a> = dyn Fn() -> Result<Box<dyn Engine>, String> + 'a;

/// Runs the scenarios in `tests/scenarios` of the package in `package` on plugin `P`, natively.
///
/// # Errors
///
/// [`Failures`], all of them.
pub fn run_native<P: filter::Plugin>(package: &str) -> Result<Passed, Failures> {
    run_folder(&folder(Path::new(package)), &|| {
        Ok(Box::new(Native::<P>::new()))
    })
}

/// Where a package keeps its scenarios.
#[must_use]
pub fn folder(package: &Path) -> PathBuf {
    package.join("tests").join("scenarios")
}

/// The scenarios in `folder`, each with the name of its file, in order.
///
/// # Errors
///
/// [`Failures`] when a file cannot be read.
pub fn read_folder(folder: &Path) -> Result<Vec<(String, Scenario)>, Failures> {
    let failed = |what: String| Failures(vec![what]);
    let mut all = Vec::new();
    for path in files(folder).map_err(failed)? {
        let shown = path.display();
        let text =
            std::fs::read_to_string(&path).map_err(|error| failed(format!("{shown}: {error}")))?;
        let scenarios: Vec<Scenario> =
            serde_saphyr::from_str(&text).map_err(|error| failed(format!("{shown}: {error}")))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let named = scenarios
            .into_iter()
            .map(|scenario| (name.clone().into_owned(), scenario));
        all.extend(named);
    }
    Ok(all)
}

/// The configurations that the scenarios in `folder` are about, but for those that are refused.
///
/// # Errors
///
/// [`Failures`] when a file cannot be read.
pub fn configurations(folder: &Path) -> Result<Vec<Vec<u8>>, Failures> {
    let mut all = Vec::new();
    for (_, scenario) in read_folder(folder)? {
        all.extend(scenario.configurations());
    }
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// The same of the scenarios in `text`, which is called `name` in what failed.
///
/// # Errors
///
/// [`Failures`] when it cannot be read.
pub fn configurations_of(name: &str, text: &str) -> Result<Vec<Vec<u8>>, Failures> {
    let scenarios: Vec<Scenario> =
        serde_saphyr::from_str(text).map_err(|error| Failures(vec![format!("{name}: {error}")]))?;
    Ok(scenarios
        .iter()
        .flat_map(Scenario::configurations)
        .collect())
}

/// Raises storms (see [`crate::storm`]) over plugin `P`, natively, with every configuration that its scenarios have.
///
/// # Errors
///
/// [`Failures`].
pub fn storm_native<P: filter::Plugin>(package: &str) -> Result<u64, Failures> {
    let configurations = configurations(&folder(Path::new(package)))?;
    let stormed = storm::run(&configurations, STORMS, &|| {
        Ok(Box::new(Native::<P>::new()))
    });
    stormed.map_err(|broken| Failures(vec![broken]))
}

/// How many storms a configuration meets in a test.
const STORMS: u64 = 100;

/// Runs every scenario of every `.yaml` file in `folder`.
///
/// # Errors
///
/// [`Failures`], all of them.
pub fn run_folder(folder: &Path, engine: &MakeEngine<'_>) -> Result<Passed, Failures> {
    let files = files(folder).map_err(|error| Failures(vec![error]))?;
    let mut passed = Passed {
        files: files.len(),
        scenarios: 0,
    };
    let mut failures = Vec::new();
    for path in files {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        match std::fs::read_to_string(&path) {
            Ok(text) => match run_text(&name, &text, engine) {
                Ok(count) => passed.scenarios = passed.scenarios.saturating_add(count),
                Err(found) => failures.extend(found.0),
            },
            Err(error) => failures.push(format!("{name}: {error}")),
        }
    }
    if failures.is_empty() {
        Ok(passed)
    } else {
        Err(Failures(failures))
    }
}

/// Runs the scenarios in `text`, which is called `name` in what failed. Gives how many there are.
///
/// # Errors
///
/// [`Failures`], all of them.
pub fn run_text(name: &str, text: &str, engine: &MakeEngine<'_>) -> Result<usize, Failures> {
    let failed = |what: String| Failures(vec![format!("{name}: {what}")]);
    let scenarios: Vec<Scenario> =
        serde_saphyr::from_str(text).map_err(|error| failed(error.to_string()))?;
    if scenarios.is_empty() {
        return Err(failed("there is no scenario in it".to_owned()));
    }
    let mut failures = Vec::new();
    for scenario in &scenarios {
        let ran = engine().and_then(|engine| play::run(scenario, engine));
        if let Err(what) = ran {
            failures.push(format!("{name}, scenario \"{}\", {what}", scenario.name));
        }
    }
    if failures.is_empty() {
        Ok(scenarios.len())
    } else {
        Err(Failures(failures))
    }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let shown = folder.display();
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{shown}: {error}"))?;
    let paths: Result<Vec<PathBuf>, _> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect();
    let mut paths = paths.map_err(|error| format!("{shown}: {error}"))?;
    paths.retain(|path| path.extension().is_some_and(|kind| kind == "yaml"));
    paths.sort();
    if paths.is_empty() {
        return Err(format!("there is no .yaml file in {shown}"));
    }
    Ok(paths)
}

/// Two tests of a plugin, natively: that it passes the scenarios of the package that this stands in, and that it weathers storms.
#[macro_export]
macro_rules! scenarios {
    ($plugin:ty) => {
        #[test]
        fn scenarios() -> Result<(), $crate::scenario::Failures> {
            $crate::scenario::run_native::<$plugin>(env!("CARGO_MANIFEST_DIR")).map(drop)
        }

        #[test]
        fn storms() -> Result<(), $crate::scenario::Failures> {
            $crate::scenario::storm_native::<$plugin>(env!("CARGO_MANIFEST_DIR")).map(drop)
        }
    };
}

#[cfg(test)]
mod tests;
