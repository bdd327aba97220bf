//! Charts in a directory: a folder or an archive for each, or Istio's own source tree.

use super::{ChartsError, LARGEST, Wanted, pack, versions};
use crate::measure;
use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// What the files of one chart may have together, and how many they may be.
const TOTAL: u64 = 100 * 1024 * 1024;
const FILES: usize = 10_000;
/// The version of every chart in Istio's source tree.
const PLACEHOLDER: &str = "1.0.0";
/// Where Istio's source tree has the charts that are not at their own names.
const ISTIO: [(&str, &str); 2] = [
    ("istiod", "istio-control/istio-discovery"),
    ("cni", "istio-cni"),
];

/// The archive of a chart, and where it was.
pub(super) fn archive(root: &Path, wanted: Wanted<'_>) -> Result<(Vec<u8>, String), ChartsError> {
    let tree = root.join("manifests").join("charts");
    let bases = [root, &tree];
    let mut folders = bases.iter().flat_map(|base| places(base, wanted.name));
    if let Some(folder) = folders.find(|folder| folder.join("Chart.yaml").is_file()) {
        let archive = pack(root, &folder, wanted)?;
        return Ok((archive, folder.display().to_string()));
    }
    let file = root.join(format!("{}-{}.tgz", wanted.name, wanted.version));
    match std::fs::File::open(&file) {
        Ok(opened) => {
            let archive = bounded(opened, LARGEST, &file)?;
            Ok((archive, file.display().to_string()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(wanted.missing(format!(
            "it would be the folder {name} with a Chart.yaml, the file {name}-{version}.tgz, or at its place in Istio's source tree",
            name = wanted.name,
            version = wanted.version
        ))),
        Err(error) => Err(unreadable(&file, &error)),
    }
}

/// The versions of a chart: of its folder, and of archives.
pub(super) fn versions(root: &Path, name: &str) -> Result<Vec<String>, ChartsError> {
    let mut found = Vec::new();
    let entries = std::fs::read_dir(root).map_err(|error| unreadable(root, &error))?;
    for entry in entries {
        let path = entry.map_err(|error| unreadable(root, &error))?.path();
        found.extend(versions::of_archive(&path, name));
    }
    let tree = root.join("manifests").join("charts");
    let folders = [root, &tree].map(|base| places(base, name)).concat();
    let files = folders.iter().map(|folder| folder.join("Chart.yaml"));
    let Some(file) = files.into_iter().find(|file| file.is_file()) else {
        return Ok(found);
    };
    let text = std::fs::read_to_string(&file).map_err(|error| unreadable(&file, &error))?;
    let version = text.lines().find_map(|line| line.strip_prefix("version:"));
    let version = version.unwrap_or_default().trim().trim_matches(['"', '\'']);
    if version == PLACEHOLDER {
        return Err(ChartsError::NoList {
            place: root.display().to_string(),
            why: "its charts are those of Istio's source tree, which have no version yet"
                .to_owned(),
        });
    }
    found.push(version.to_owned());
    Ok(found)
}

fn places(base: &Path, name: &str) -> Vec<PathBuf> {
    let istio = ISTIO.iter().filter(|(chart, _)| *chart == name);
    std::iter::once(base.join(name))
        .chain(istio.map(|(_, place)| base.join(place)))
        .collect()
}

fn pack(root: &Path, folder: &Path, wanted: Wanted<'_>) -> Result<Vec<u8>, ChartsError> {
    let mut files = Files {
        root: root
            .canonicalize()
            .map_err(|error| unreadable(root, &error))?,
        found: BTreeMap::new(),
        left: TOTAL,
    };
    files.walk(folder, "")?;
    if let Some(chart) = files.found.get_mut("Chart.yaml") {
        stamp(chart, wanted.version);
    }
    pack::archive(wanted.name, &files.found).map_err(|error| unreadable(folder, &error))
}

/// Puts the version into a chart of Istio's source tree, as Istio's release build does: there, every chart has the same
/// version that no release has.
fn stamp(chart: &mut Vec<u8>, version: &str) {
    let Ok(text) = std::str::from_utf8(chart) else {
        return;
    };
    let field = |line: &str| {
        let (key, value) = line.split_once(':')?;
        let is_placeholder = matches!(key, "version" | "appVersion") && value.trim() == PLACEHOLDER;
        is_placeholder.then(|| format!("{key}: {version}"))
    };
    let lines = text
        .lines()
        .map(|line| field(line).unwrap_or_else(|| line.to_owned()) + "\n");
    *chart = lines.collect::<String>().into_bytes();
}

/// The files of a chart, as far as they were found.
struct Files {
    root: PathBuf,
    found: BTreeMap<String, Vec<u8>>,
    left: u64,
}

impl Files {
    /// Links are followed, as Helm does, but not to what lies outside the directory that was named.
    fn walk(&mut self, folder: &Path, inside: &str) -> Result<(), ChartsError> {
        let real = folder
            .canonicalize()
            .map_err(|error| unreadable(folder, &error))?;
        if !real.starts_with(&self.root) {
            return Err(ChartsError::Damaged {
                origin: folder.display().to_string(),
                reason: format!("it is a link that leads out of {}", self.root.display()),
            });
        }
        let depth = inside.bytes().filter(|byte| *byte == b'/').count();
        if depth > 20 || self.found.len() > FILES {
            return Err(ChartsError::Damaged {
                origin: folder.display().to_string(),
                reason: format!(
                    "it has more than {FILES} files, or folders in more than 20 folders"
                ),
            });
        }
        if real.is_dir() {
            return self.enter(&real, inside);
        }
        let file = std::fs::File::open(&real).map_err(|error| unreadable(folder, &error))?;
        let data = bounded(file, self.left, folder)?;
        self.left = self.left.saturating_sub(measure::length(&data));
        self.found.insert(inside.to_owned(), data);
        Ok(())
    }

    fn enter(&mut self, folder: &Path, inside: &str) -> Result<(), ChartsError> {
        let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| unreadable(folder, &error))?;
            let name = entry.file_name();
            let name = name.to_str().ok_or_else(|| ChartsError::Damaged {
                origin: entry.path().display().to_string(),
                reason: "its name is no UTF-8".to_owned(),
            })?;
            let path = if inside.is_empty() {
                name.to_owned()
            } else {
                format!("{inside}/{name}")
            };
            self.walk(&entry.path(), &path)?;
        }
        Ok(())
    }
}

fn bounded(file: std::fs::File, largest: u64, path: &Path) -> Result<Vec<u8>, ChartsError> {
    let mut data = Vec::new();
    file.take(largest.saturating_add(1))
        .read_to_end(&mut data)
        .map_err(|error| unreadable(path, &error))?;
    if measure::length(&data) > largest {
        return Err(ChartsError::TooLarge {
            what: path.display().to_string(),
            largest,
        });
    }
    Ok(data)
}

fn unreadable(path: &Path, error: &io::Error) -> ChartsError {
    ChartsError::Read {
        path: path.display().to_string(),
        reason: error.to_string(),
    }
}
