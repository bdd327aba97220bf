//! One plugin of the chain: its module, its configuration, and what Envoy has of them.

use super::admin;
use super::bootstrap::{Filter, extension};
use super::scratch::replace;
use super::watch::Watch;
use crate::environment::Environment;
use crate::failure::{Exit, Failure};
use crate::measure;
use crate::plugin::check::check;
use crate::plugin::source::{self, Fetched, Source};
use crate::plugin::{configuration, module};
use crate::registry::Registry;
use anyhow::Context as _;
use serde_json::{Map, Value};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A plugin that is to run, and the file with its configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Where the plugin is.
    pub source: Source,
    /// Its configuration; without a file, an empty one.
    pub file: Option<PathBuf>,
}

/// A plugin in the chain.
#[derive(Debug)]
pub(super) struct Slot {
    name: String,
    plugin: Fetched,
    file: Option<PathBuf>,
    configuration: Value,
    watch: Watch,
    place: Option<(PathBuf, usize)>,
    version: u64,
}

/// Fetches the plugins, reads their configurations, and checks the one with the other.
pub(super) async fn load(
    wanted: Vec<Wanted>,
    registry: &Registry,
    environment: &Environment,
) -> Result<Vec<Slot>, Failure> {
    let mut slots: Vec<Slot> = Vec::new();
    for Wanted { source, file } in wanted {
        let plugin = source.fetch(registry, environment).await?;
        let file = file.map(|file| environment.directory().join(file));
        let names: Vec<&str> = slots.iter().map(Slot::name).collect();
        let name = unique(&plugin.metadata.name, &names);
        let watch = Watch::new(plugin.path.iter().chain(&file).cloned().collect());
        let configuration = accepted(&name, &plugin, file.as_deref())?;
        slots.push(Slot {
            name,
            plugin,
            file,
            configuration,
            watch,
            place: None,
            version: 0,
        });
    }
    Ok(slots)
}

impl Slot {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn version(&self) -> &str {
        &self.plugin.metadata.version
    }

    pub(super) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Writes the file that Envoy reads, and says where it is.
    pub(super) fn install(&mut self, folder: &Path, index: usize) -> Result<PathBuf, Failure> {
        self.place = Some((folder.to_path_buf(), index));
        let plugin = self.plugin.clone();
        Ok(self.write(&plugin, &self.configuration.clone())?)
    }

    /// This plugin, when its module or configuration changed on disk.
    pub(super) fn if_changed(&mut self) -> Option<&mut Self> {
        self.watch.changed().then_some(self)
    }

    /// Checks what is on disk, hands it over, and says what is new.
    pub(super) async fn reload(&mut self, admin: SocketAddr) -> Result<Option<String>, Failure> {
        let plugin = match &self.plugin.path {
            Some(path) => source::read(path)?,
            None => self.plugin.clone(),
        };
        let configuration = accepted(&self.name, &plugin, self.file.as_deref())?;
        let is_new_code = plugin.code != self.plugin.code;
        if !is_new_code && configuration == self.configuration {
            return Ok(None);
        }
        let before = admin::counts(admin, &self.name).await?;
        self.write(&plugin, &configuration)?;
        taken(admin, &self.name, before).await?;
        (self.plugin, self.configuration) = (plugin, configuration);
        Ok(Some(format!(
            "{}: a new {}",
            self.name,
            if is_new_code {
                "module"
            } else {
                "configuration"
            }
        )))
    }

    fn write(&mut self, plugin: &Fetched, configuration: &Value) -> anyhow::Result<PathBuf> {
        let (folder, index) = self.place.clone().context("the plugin has no place yet")?;
        self.version = self.version.saturating_add(1);
        // Under its digest: Envoy may read the file of the last configuration at any time.
        let code = replace(
            &folder,
            &format!("{}.wasm", measure::sha256(&plugin.code)),
            &plugin.code,
        )?;
        let text = configuration.to_string();
        let filter = Filter {
            name: &self.name,
            code: &code,
            configuration: &text,
        };
        replace(
            &folder,
            &format!("plugin-{index}.json"),
            extension(&filter, self.version).to_string().as_bytes(),
        )
    }
}

/// The configuration in a file, when the plugin takes it.
fn accepted(name: &str, plugin: &Fetched, file: Option<&Path>) -> Result<Value, Failure> {
    module::check(&plugin.code)
        .map_err(|error| Failure::from(error).context(format!("cannot run {name}")))?;
    let configuration = match file {
        None => Value::Object(Map::new()),
        Some(file) => read(file)?,
    };
    let given = file.map_or_else(
        || "an empty configuration; -f FILE gives one".to_owned(),
        |file| file.display().to_string(),
    );
    check(&plugin.code, &configuration).map_err(|refused| {
        Failure::from(refused).context(format!("{name} does not take {given}"))
    })?;
    Ok(configuration)
}

fn read(file: &Path) -> Result<Value, Failure> {
    let text = fs::read(file)
        .with_context(|| format!("cannot read the configuration {}", file.display()))
        .map_err(|error| Failure::new(Exit::BadInput, error))?;
    configuration::parse(&text).map_err(|error| Failure::from(error).context(file.display()))
}

/// Waits until Envoy has taken what was written, or refused it.
async fn taken(admin: SocketAddr, name: &str, before: admin::Counts) -> Result<(), Failure> {
    for _ in 0..200_u8 {
        let now = admin::counts(admin, name).await?;
        if now.taken > before.taken {
            return Ok(());
        }
        if now.refused > before.refused {
            return Err(Failure::text(
                Exit::Failure,
                format!("Envoy refused the new {name}: see its words above"),
            ));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err(Failure::text(
        Exit::Timeout,
        format!("Envoy did not take the new {name} in 10 seconds"),
    ))
}

/// Envoy tells filters apart by name, so that a plugin that runs twice needs two.
fn unique(name: &str, taken: &[&str]) -> String {
    let numbered = (2..=u32::MAX).map(|number| format!("{name}-{number}"));
    std::iter::once(name.to_owned())
        .chain(numbered)
        .find(|candidate| !taken.contains(&candidate.as_str()))
        .unwrap_or_else(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_that_runs_twice_gets_two_names() {
        assert_eq!(unique("x", &[]), "x");
        assert_eq!(unique("x", &["y", "x"]), "x-2");
        assert_eq!(unique("x", &["x", "x-2"]), "x-3");
    }
}
