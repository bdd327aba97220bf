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

pub use archive::{About, describe};
pub use error::ChartsError;
pub use index::{Index, Release};
pub use source::{Source, SourceError};

use crate::bundle::Bundle;
use crate::environment::Environment;
use crate::registry::reference::Digest;
use crate::registry::{Packed, Registry};
use cache::Cache;
use http::Http;
use std::path::{Path, PathBuf};

/// The largest archive of a chart; Istio's are below 200 kB.
pub(crate) const LARGEST: u64 = 20 * 1024 * 1024;
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
        let (archive, origin) = match source {
            Source::Oci(_) => oci::archive(self, wanted).await?,
            Source::Http(base) => http::archive(self, wanted, base).await?,
            Source::Local(path) => self.local(wanted, path).await?,
        };
        let about = describe(&archive).map_err(|reason| ChartsError::Damaged {
            origin: origin.clone(),
            reason,
        })?;
        wanted.check(&about, &origin)?;
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
        let kept = match source {
            Source::Oci(_) => Some(oci::artifact(self, wanted).await?),
            Source::Local(path) if !self.at(path).is_dir() => {
                let bundle = Bundle::open(&self.at(path))?;
                Some(bundle.chart(name, version)?)
            }
            Source::Http(_) | Source::Local(_) => None,
        };
        if let Some(artifact) = kept {
            let archive = pack::archive_of(&artifact).unwrap_or_default();
            let origin = wanted.to_string();
            let about = describe(archive).map_err(|reason| ChartsError::Damaged {
                origin: origin.clone(),
                reason,
            })?;
            wanted.check(&about, &origin)?;
            return Ok(artifact);
        }
        let chart = self.fetch(source, name, version).await?;
        pack::artifact(&chart).map_err(|reason| ChartsError::Damaged {
            origin: chart.origin.clone(),
            reason,
        })
    }

    /// A directory, or else a bundle.
    async fn local(
        &self,
        wanted: Wanted<'_>,
        path: &Path,
    ) -> Result<(Vec<u8>, String), ChartsError> {
        let path = self.at(path);
        if path.is_dir() {
            return folder::archive(&path, wanted);
        }
        let (name, version) = (wanted.name.to_owned(), wanted.version.to_owned());
        let origin = format!("{} in the bundle {}", wanted.tag(), path.display());
        // A bundle is large, and reading its contents is work for a disk.
        let read = tokio::task::spawn_blocking(move || Bundle::open(&path)?.chart(&name, &version));
        let artifact = read.await.map_err(|error| ChartsError::Damaged {
            origin: origin.clone(),
            reason: error.to_string(),
        })??;
        let archive = pack::archive_of(&artifact).map(<[u8]>::to_vec);
        let archive = archive.ok_or_else(|| ChartsError::Damaged {
            origin: origin.clone(),
            reason: format!("it has no layer {LAYER}"),
        })?;
        Ok((archive, origin))
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
    fn check(&self, about: &About, origin: &str) -> Result<(), ChartsError> {
        if about.name == self.name && about.version == self.version {
            return Ok(());
        }
        Err(ChartsError::Other {
            origin: origin.to_owned(),
            wanted: format!("{} {}", self.name, self.version),
            found: format!("{} {}", about.name, about.version),
        })
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

impl std::fmt::Display for Wanted<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} {} of {}", self.name, self.version, self.source)
    }
}

#[cfg(test)]
mod tests;
