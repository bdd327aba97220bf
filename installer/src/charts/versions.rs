//! Which versions of a chart a source has, where it can tell.

use super::{Charts, ChartsError, Source, folder, http, oci};
use crate::bundle::{Bundle, Kind, chart_name};
use std::path::{Path, PathBuf};

impl Charts {
    /// The versions of a chart, in no order.
    ///
    /// # Errors
    /// When the source cannot be asked, or has no list.
    pub(crate) async fn versions(
        &self,
        source: &Source,
        name: &str,
    ) -> Result<Vec<String>, ChartsError> {
        match source {
            Source::Oci(base) => oci::versions(self, base, name).await,
            Source::Http(base) => http::versions(self, base, name).await,
            Source::Local(path) if self.at(path).is_dir() => folder::versions(&self.at(path), name),
            Source::Local(path) => bundled(self.at(path), name).await,
        }
    }
}

async fn bundled(path: PathBuf, name: &str) -> Result<Vec<String>, ChartsError> {
    let start = chart_name(name, "");
    let shown = path.display().to_string();
    let read = tokio::task::spawn_blocking(move || Bundle::open(&path)).await;
    let bundle = read.map_err(|error| ChartsError::Read {
        path: shown,
        reason: error.to_string(),
    })??;
    let charts = bundle.entries().iter();
    let charts = charts.filter(|entry| entry.kind == Kind::Chart);
    Ok(charts
        .filter_map(|entry| entry.name.strip_prefix(&start))
        .map(|tag| tag.replace('_', "+"))
        .collect())
}

/// The version in the name of an archive as Helm packs it.
pub(super) fn of_archive(path: &Path, name: &str) -> Option<String> {
    let file = path.file_name()?.to_str()?.strip_suffix(".tgz")?;
    let version = file.strip_prefix(name)?.strip_prefix('-')?;
    version
        .starts_with(|first: char| first.is_ascii_digit())
        .then(|| version.to_owned())
}
