//! A chart: its description, defaults, templates and files.

use crate::error::ChartError;
use crate::values::{Values, as_read};
use crate::yaml;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// The largest file of a chart, which is also Helm's limit.
pub(crate) const LARGEST_FILE: usize = 5 << 20;
/// All files of a chart together.
pub(crate) const LARGEST_CHART: usize = 32 << 20;
/// How many files a chart may have.
pub(crate) const MOST_FILES: usize = 2_000;

/// A Helm chart, read and checked, ready to be rendered any number of times.
#[derive(Clone, Debug)]
pub struct Chart {
    metadata: Metadata,
    defaults: Map<String, Json>,
    schema: Option<Json>,
    files: BTreeMap<String, Vec<u8>>,
}

/// What `Chart.yaml` says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metadata {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) texts: BTreeMap<&'static str, String>,
    pub(crate) raw: Map<String, Json>,
}

/// Fields of `.Chart` that are text: the name in a template, the one in the file.
pub(crate) const TEXTS: [(&str, &str); 10] = [
    ("Name", "name"),
    ("Version", "version"),
    ("AppVersion", "appVersion"),
    ("KubeVersion", "kubeVersion"),
    ("Description", "description"),
    ("Home", "home"),
    ("Icon", "icon"),
    ("APIVersion", "apiVersion"),
    ("Condition", "condition"),
    ("Type", "type"),
];

impl Chart {
    /// Reads a chart's archive (`.tgz`), bounded in size and number of files; a path that leads out of it is refused.
    ///
    /// # Errors
    /// When it is no archive of one chart, or more than is taken.
    pub fn from_archive(archive: &[u8]) -> Result<Self, ChartError> {
        Self::from_files(crate::archive::files(archive)?)
    }

    /// A chart from its files: path below the chart's folder (`Chart.yaml`, `templates/x.yaml`) and content.
    ///
    /// # Errors
    /// When `Chart.yaml` is missing, or a file that must be read is wrong.
    pub fn from_files(
        files: impl IntoIterator<Item = (String, Vec<u8>)>,
    ) -> Result<Self, ChartError> {
        let mut kept = BTreeMap::new();
        let mut size = 0_usize;
        for (path, bytes) in files {
            check_path(&path)?;
            size = size.saturating_add(bytes.len());
            if bytes.len() > LARGEST_FILE || size > LARGEST_CHART || kept.len() >= MOST_FILES {
                return Err(ChartError::file(path, "the chart is too large"));
            }
            kept.insert(path, bytes);
        }
        let chart = Self {
            metadata: metadata(&kept)?,
            defaults: defaults(&kept)?,
            schema: schema(&kept)?,
            files: kept,
        };
        chart.check_dependencies()?;
        Ok(chart)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.metadata.version
    }

    /// The version of what it installs, if it says one.
    #[must_use]
    pub fn app_version(&self) -> Option<&str> {
        self.metadata.text("AppVersion")
    }

    /// The versions of Kubernetes that it supports, if it says any: a constraint such as `>= 1.28.0-0`.
    #[must_use]
    pub fn kube_version(&self) -> Option<&str> {
        self.metadata.text("KubeVersion")
    }

    /// Every file with its path below the chart's folder.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files
            .iter()
            .map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }

    /// The defaults of `values.yaml`.
    #[must_use]
    pub fn defaults(&self) -> Json {
        crate::values::as_shown(Json::Object(self.defaults.clone()))
    }

    /// What templates will see as `.Values`, before any template changes it: these values over the chart's defaults.
    #[must_use]
    pub fn effective(&self, values: &Values) -> Json {
        crate::values::as_shown(Json::Object(self.coalesced(values)))
    }

    pub(crate) fn coalesced(&self, values: &Values) -> Map<String, Json> {
        crate::values::coalesce(&self.defaults, values.map())
    }

    pub(crate) fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    pub(crate) fn schema(&self) -> Option<&Json> {
        self.schema.as_ref()
    }

    fn check_dependencies(&self) -> Result<(), ChartError> {
        let listed = self
            .metadata
            .raw
            .get("dependencies")
            .and_then(Json::as_array);
        let listed = listed.and_then(|all| all.first()).map(|first| {
            let name = first.get("name").and_then(Json::as_str);
            name.unwrap_or("another chart").to_owned()
        });
        let held = self
            .files
            .keys()
            .find(|path| path.starts_with("charts/"))
            .cloned();
        match listed.or(held) {
            Some(dependency) => Err(ChartError::Dependency {
                chart: self.name().to_owned(),
                dependency,
            }),
            None => Ok(()),
        }
    }
}

impl Metadata {
    pub(crate) fn text(&self, field: &str) -> Option<&str> {
        self.texts.get(field).map(String::as_str)
    }
}

pub(crate) fn check_path(path: &str) -> Result<(), ChartError> {
    let wrong = path.starts_with('/')
        || path.contains(['\\', '\0', ':'])
        || path.split('/').any(|step| matches!(step, "" | "." | ".."));
    if wrong {
        return Err(ChartError::Archive(format!(
            "the path {path:?} leads out of the chart, or is none"
        )));
    }
    Ok(())
}

fn text<'f>(
    files: &'f BTreeMap<String, Vec<u8>>,
    path: &str,
) -> Result<Option<&'f str>, ChartError> {
    let Some(bytes) = files.get(path) else {
        return Ok(None);
    };
    let text = std::str::from_utf8(bytes).map_err(|_| ChartError::file(path, "it is not UTF-8"))?;
    Ok(Some(text.strip_prefix('\u{feff}').unwrap_or(text)))
}

fn mapping(path: &str, text: &str) -> Result<Map<String, Json>, ChartError> {
    match yaml::read::read(text).map_err(|error| ChartError::file(path, error))? {
        Json::Object(object) => Ok(object),
        Json::Null => Ok(Map::new()),
        _ => Err(ChartError::file(path, "it is no mapping")),
    }
}

fn metadata(files: &BTreeMap<String, Vec<u8>>) -> Result<Metadata, ChartError> {
    const FILE: &str = "Chart.yaml";
    let text = text(files, FILE)?.ok_or_else(|| ChartError::file(FILE, "it is missing"))?;
    let raw = mapping(FILE, text)?;
    let mut texts = BTreeMap::new();
    for (field, key) in TEXTS {
        match raw.get(key) {
            None | Some(Json::Null) => {}
            Some(Json::Array(_) | Json::Object(_)) => {
                return Err(ChartError::file(FILE, format!("{key} is no text")));
            }
            Some(Json::String(text)) => {
                texts.insert(field, text.clone());
            }
            Some(other) => {
                texts.insert(field, other.to_string());
            }
        }
    }
    let needed = |field: &str, key: &str| {
        let value = texts.get(field).filter(|value| !value.is_empty()).cloned();
        value.ok_or_else(|| ChartError::file(FILE, format!("{key} is missing")))
    };
    let name = needed("Name", "name")?;
    if name.contains('/') {
        return Err(ChartError::file(
            FILE,
            format!("the name {name:?} has a slash"),
        ));
    }
    let version = needed("Version", "version")?;
    Ok(Metadata {
        name,
        version,
        texts,
        raw,
    })
}

fn defaults(files: &BTreeMap<String, Vec<u8>>) -> Result<Map<String, Json>, ChartError> {
    const FILE: &str = "values.yaml";
    let Some(text) = text(files, FILE)? else {
        return Ok(Map::new());
    };
    match as_read(Json::Object(mapping(FILE, text)?)) {
        Json::Object(defaults) => Ok(defaults),
        _ => Ok(Map::new()),
    }
}

fn schema(files: &BTreeMap<String, Vec<u8>>) -> Result<Option<Json>, ChartError> {
    const FILE: &str = "values.schema.json";
    let Some(text) = text(files, FILE)? else {
        return Ok(None);
    };
    let schema = serde_json::from_str(text);
    schema
        .map(Some)
        .map_err(|error| ChartError::file(FILE, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(files: &[(&str, &str)]) -> Result<Chart, ChartError> {
        let files = files.iter();
        Chart::from_files(files.map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())))
    }

    #[test]
    fn a_chart_says_what_it_is() {
        let chart = chart(&[
            (
                "Chart.yaml",
                "name: a\nversion: 1.2.3\nappVersion: 1.31\nkubeVersion: '>= 1.28'",
            ),
            ("values.yaml", "x: 1"),
        ])
        .unwrap();
        assert_eq!((chart.name(), chart.version()), ("a", "1.2.3"));
        assert_eq!(
            (chart.app_version(), chart.kube_version()),
            (Some("1.31"), Some(">= 1.28"))
        );
        assert_eq!(chart.defaults(), serde_json::json!({"x": 1}));
        assert_eq!(chart.files().count(), 2);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let good = ("Chart.yaml", "name: a\nversion: 1.0.0");
        let table: [(&[(&str, &str)], &str); 9] = [
            (&[], "Chart.yaml"),
            (&[("Chart.yaml", "version: 1.0.0")], "name is missing"),
            (&[("Chart.yaml", "name: a")], "version is missing"),
            (&[("Chart.yaml", "name: a/b\nversion: 1.0.0")], "slash"),
            (&[("Chart.yaml", "name: [a]\nversion: 1.0.0")], "no text"),
            (&[good, ("values.yaml", "[1]")], "values.yaml"),
            (&[good, ("values.schema.json", "{")], "values.schema.json"),
            (&[good, ("../x", "")], "leads out"),
            (&[good, ("charts/b/Chart.yaml", "")], "depends on"),
        ];
        for (files, part) in table {
            let error = chart(files).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
