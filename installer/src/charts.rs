//! Charts: where they come from, and how their bytes arrive.
//!
//! A chart is asked for by name and exact version, and comes as the archive that Helm packs, whatever the source is: a
//! directory is packed on the way, so that everything behind this module (rendering, bundles) knows one form. What is in
//! a chart beyond its name and version is not read here.

mod archive;
mod cache;
mod error;
mod folder;
mod http;
mod index;
mod oci;
mod pack;
mod source;
mod versions;

pub use archive::{About, describe};
pub use error::ChartsError;
pub use index::{Index, Release};
pub use source::{Repository, Source, SourceError};

use crate::bundle::Bundle;
use crate::environment::Environment;
use crate::registry::reference::Digest;
use crate::registry::{Packed, Registry};
use cache::Cache;
use http::Http;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The largest archive of a chart; Istio's are below 200 kB.
pub(crate) const LARGEST: u64 = 20 * 1024 * 1024;
/// How long one chart may take.
const PATIENCE: Duration = Duration::from_mins(5);
/// Media type of a chart's archive in a registry.
pub(crate) const LAYER: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
/// Media type of what stands for a configuration there: Chart.yaml as JSON.
pub(crate) const CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";

/// Fetches charts.
#[derive(Debug)]
pub struct Charts {
    registry: Registry,
    http: Http,
    cache: Option<Cache>,
    directory: PathBuf,
}

/// A chart that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedChart {
    /// Its name.
    pub name: String,
    /// Its version. The charts in Istio's source tree have none, and get the one that was asked for.
    pub version: String,
    /// The chart as Helm packs it: a gzipped tar with one folder.
    pub archive: Vec<u8>,
    /// The digest of the archive.
    pub digest: Digest,
    /// Where exactly it came from, for people.
    pub origin: String,
}

/// A chart to fetch.
#[derive(Clone, Copy, Debug)]
struct Wanted<'a> {
    source: &'a Source,
    name: &'a str,
    version: &'a str,
}

impl Charts {
    /// Fetches with the registry client's credentials and its choice about plain HTTP; what was downloaded is kept in
    /// the user's cache.
    #[must_use]
    pub fn new(registry: Registry, environment: &Environment) -> Self {
        Self {
            http: Http::new(registry.credentials().clone(), registry.plain_http()),
            registry,
            cache: environment.cache().as_deref().map(Cache::below),
            directory: environment.directory().to_path_buf(),
        }
    }

    /// Fetches a chart.
    ///
    /// # Errors
    /// When the source does not have it, cannot be reached, or gives something else.
    pub async fn fetch(
        &self,
        source: &Source,
        name: &str,
        version: &str,
    ) -> Result<FetchedChart, ChartsError> {
        let wanted = Wanted::new(source, name, version)?;
        let arrived = tokio::time::timeout(PATIENCE, self.archive(wanted)).await;
        let (archive, origin) = arrived.map_err(|_| wanted.late())??;
        wanted.check(&archive, &origin)?;
        Ok(FetchedChart {
            name: name.to_owned(),
            version: version.to_owned(),
            digest: Digest::of(&archive),
            archive,
            origin,
        })
    }

    /// A chart as an artifact of a registry: the source's own where it is one, so that digests stay what they are.
    ///
    /// # Errors
    /// As for `fetch`.
    pub(crate) async fn artifact(
        &self,
        source: &Source,
        name: &str,
        version: &str,
    ) -> Result<Packed, ChartsError> {
        let wanted = Wanted::new(source, name, version)?;
        let artifact = match source {
            Source::Oci(base) => {
                let pulled = tokio::time::timeout(PATIENCE, oci::artifact(self, wanted, base));
                pulled.await.map_err(|_| wanted.late())??
            }
            Source::Local(path) if !self.at(path).is_dir() => self.bundled(wanted, path).await?,
            Source::Http(_) | Source::Local(_) => {
                let chart = self.fetch(source, name, version).await?;
                return pack::artifact(&chart).map_err(|reason| ChartsError::Damaged {
                    origin: chart.origin.clone(),
                    reason,
                });
            }
        };
        let origin = wanted.to_string();
        wanted.check(pack::archive_of(&artifact, &origin)?, &origin)?;
        Ok(artifact)
    }

    /// The archive of a chart, and where it came from.
    async fn archive(&self, wanted: Wanted<'_>) -> Result<(Vec<u8>, String), ChartsError> {
        match wanted.source {
            Source::Oci(base) => oci::archive(self, wanted, base).await,
            Source::Http(base) => http::archive(self, wanted, base).await,
            Source::Local(path) if self.at(path).is_dir() => {
                folder::archive(&self.at(path), wanted)
            }
            Source::Local(path) => {
                let artifact = self.bundled(wanted, path).await?;
                let origin = format!("{} in the bundle {}", wanted.tag(), path.display());
                let archive = pack::archive_of(&artifact, &origin)?.to_vec();
                Ok((archive, origin))
            }
        }
    }

    async fn bundled(&self, wanted: Wanted<'_>, path: &Path) -> Result<Packed, ChartsError> {
        let path = self.at(path);
        let unread = |reason: String| ChartsError::Read {
            path: path.display().to_string(),
            reason,
        };
        if !path.exists() {
            return Err(unread(
                "there is neither a directory nor a bundle; correct the path, or use another source".to_owned(),
            ));
        }
        let (name, version) = (wanted.name.to_owned(), wanted.version.to_owned());
        let file = path.clone();
        // A bundle is large, and reading its contents is work for a disk.
        let read = tokio::task::spawn_blocking(move || Bundle::open(&file)?.chart(&name, &version));
        Ok(read.await.map_err(|error| unread(error.to_string()))??)
    }

    /// A client as a place in a registry needs it.
    fn registry_of(&self, place: &Repository) -> Registry {
        if place.plain_http {
            self.registry.plain()
        } else {
            self.registry.clone()
        }
    }

    fn at(&self, path: &Path) -> PathBuf {
        self.directory.join(path)
    }
}

impl<'a> Wanted<'a> {
    /// Names and versions become parts of addresses and paths, so nothing else passes.
    fn new(source: &'a Source, name: &'a str, version: &'a str) -> Result<Self, ChartsError> {
        let fits = |text: &str, others: &[char]| {
            text.starts_with(|first: char| first.is_ascii_alphanumeric())
                && text.len() <= 128
                && text
                    .chars()
                    .all(|one| one.is_ascii_alphanumeric() || others.contains(&one))
        };
        if !fits(name, &['-', '_', '.']) {
            return Err(ChartsError::Name(name.to_owned()));
        }
        if !fits(version, &['-', '.', '+']) {
            return Err(ChartsError::Version {
                chart: name.to_owned(),
                version: version.to_owned(),
            });
        }
        Ok(Self {
            source,
            name,
            version,
        })
    }

    /// The version as a tag: build metadata comes after a plus, which no tag can hold.
    fn tag(&self) -> String {
        format!("{}:{}", self.name, self.version.replace('+', "_"))
    }

    /// What arrived must be what was asked for.
    fn check(&self, archive: &[u8], origin: &str) -> Result<(), ChartsError> {
        let about = describe(archive).map_err(|reason| ChartsError::Damaged {
            origin: origin.to_owned(),
            reason,
        })?;
        if about.name == self.name && about.version == self.version {
            return Ok(());
        }
        Err(ChartsError::Other {
            origin: origin.to_owned(),
            wanted: format!("{} {}", self.name, self.version),
            found: format!("{} {}", about.name, about.version),
        })
    }

    /// A server that sends a byte now and then.
    fn late(&self) -> ChartsError {
        ChartsError::Unreachable {
            url: self.to_string(),
            reason: format!("it did not come within {} s", PATIENCE.as_secs()),
        }
    }

    fn missing(&self, remedy: impl Into<String>) -> ChartsError {
        ChartsError::Missing {
            chart: self.name.to_owned(),
            version: self.version.to_owned(),
            place: self.source.to_string(),
            remedy: remedy.into(),
        }
    }
}

impl fmt::Display for Wanted<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {} of {}", self.name, self.version, self.source)
    }
}

#[cfg(test)]
mod tests;
