//! A chart's archive: its name and version, and whether it is an archive that may be unpacked at all.

use crate::measure;
use flate2::read::MultiGzDecoder;
use serde_json::{Map, Value};
use std::io::{self, Read};
use std::path::{Component, Path};

/// What a chart may grow to, Helm's own bound.
const UNPACKED: u64 = 100 * 1024 * 1024;
/// The largest Chart.yaml.
const DESCRIPTION: u64 = 1024 * 1024;
/// How many files a chart may have.
const ENTRIES: usize = 10_000;

/// What a chart says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// All of Chart.yaml.
    pub fields: Map<String, Value>,
}

impl About {
    /// Reads a Chart.yaml.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(yaml: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(yaml).map_err(|_| "Chart.yaml is no text".to_owned())?;
        let fields: Map<String, Value> = serde_saphyr::from_str(text)
            .map_err(|error| format!("Chart.yaml cannot be read: {error}"))?;
        let field = |name: &str| {
            let value = fields.get(name).and_then(Value::as_str);
            value
                .filter(|value| !value.is_empty())
                .map(str::to_owned)
                .ok_or_else(|| format!("Chart.yaml has no text {name:?}"))
        };
        Ok(Self {
            name: field("name")?,
            version: field("version")?,
            fields,
        })
    }
}

/// Reads what a packed chart says about itself, having seen that every path in it stays inside of it.
///
/// # Errors
/// What is wrong with it.
pub fn describe(archive: &[u8]) -> Result<About, String> {
    let unpacked = MultiGzDecoder::new(archive).take(UNPACKED.saturating_add(1));
    let mut tar = tar::Archive::new(unpacked);
    let mut about = None;
    let entries = tar.entries().map_err(|error| damaged(&error))?;
    for (count, entry) in entries.enumerate() {
        let entry = entry.map_err(|error| damaged(&error))?;
        if count >= ENTRIES {
            return Err(format!("it has more than {ENTRIES} files"));
        }
        if entry.raw_file_position().saturating_add(entry.size()) > UNPACKED {
            return Err(format!(
                "it unpacks to more than {}",
                measure::size(UNPACKED)
            ));
        }
        let path = entry.path().map_err(|error| damaged(&error))?.into_owned();
        check(&path, entry.header().entry_type())?;
        if is_description(&path) {
            about = Some(About::parse(&read(entry)?)?);
        }
    }
    // Its checksum stands behind the end of the archive.
    io::copy(&mut tar.into_inner(), &mut io::sink()).map_err(|error| damaged(&error))?;
    about.ok_or_else(|| "it has no NAME/Chart.yaml".to_owned())
}

/// A file that would leave the chart's folder, or a link to somewhere, is no part of a chart.
fn check(path: &Path, kind: tar::EntryType) -> Result<(), String> {
    let shown = path.to_string_lossy();
    let stays = path
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !stays {
        return Err(format!(
            "the path {shown:?} in it leads out of it. Do not use it"
        ));
    }
    if kind.is_file() || kind.is_dir() || kind.is_pax_global_extensions() {
        return Ok(());
    }
    Err(format!("{shown:?} in it is neither a file nor a folder"))
}

/// `NAME/Chart.yaml`, and not that of a chart inside the chart.
fn is_description(path: &Path) -> bool {
    let parts = path
        .components()
        .filter(|part| matches!(part, Component::Normal(_)));
    parts.count() == 2 && path.file_name().is_some_and(|name| name == "Chart.yaml")
}

fn read(entry: impl Read) -> Result<Vec<u8>, String> {
    let mut yaml = Vec::new();
    entry
        .take(DESCRIPTION)
        .read_to_end(&mut yaml)
        .map_err(|error| damaged(&error))?;
    Ok(yaml)
}

fn damaged(error: &io::Error) -> String {
    format!("it is no whole gzipped tar: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::tests::{tar_of, tgz};
    use proptest::prelude::*;

    const YAML: &[u8] = b"apiVersion: v2\nname: istiod\nversion: 1.31.0\n";

    #[test]
    fn a_chart_says_what_it_is() {
        let archive = tgz(&[
            (
                "istiod/charts/inner/Chart.yaml",
                b"name: inner\nversion: 1.2.3\n",
            ),
            ("istiod/Chart.yaml", YAML),
            ("istiod/templates/x.yaml", b"{{ x }}"),
        ]);
        let about = describe(&archive).unwrap();
        assert_eq!(
            (about.name.as_str(), about.version.as_str()),
            ("istiod", "1.31.0")
        );
        assert_eq!(about.fields["apiVersion"], "v2");
    }

    #[test]
    fn what_is_no_chart_says_why() {
        let whole = tgz(&[
            ("istiod/Chart.yaml", YAML),
            ("istiod/big", &vec![7; 90_000]),
        ]);
        let mut link = tar::Header::new_gnu();
        link.set_entry_type(tar::EntryType::Symlink);
        link.set_size(0);
        link.set_link_name("/etc/passwd").unwrap();
        let mut linked = tar::Builder::new(Vec::new());
        linked
            .append_data(&mut link, "istiod/link", &b""[..])
            .unwrap();
        let linked = measure::gzip(&linked.into_inner().unwrap()).unwrap();
        let mut out = tar_of(&[("istiod/XX/evil", b"x")]);
        out[7..9].copy_from_slice(b"..");
        let mut header = tar::Header::from_byte_slice(&out[..512]).clone();
        header.set_cksum();
        out[..512].copy_from_slice(header.as_bytes());
        let cases: [(Vec<u8>, &str); 9] = [
            (Vec::new(), "no whole gzipped tar"),
            (b"plain".to_vec(), "no whole gzipped tar"),
            (whole[..whole.len() / 2].to_vec(), "no whole gzipped tar"),
            (
                tgz(&[("istiod/values.yaml", b"a: 1")]),
                "no NAME/Chart.yaml",
            ),
            (tgz(&[("Chart.yaml", YAML)]), "no NAME/Chart.yaml"),
            (
                tgz(&[("istiod/Chart.yaml", b"name: istiod")]),
                "no text \"version\"",
            ),
            (tgz(&[("istiod/Chart.yaml", b"name: [")]), "cannot be read"),
            (measure::gzip(&out).unwrap(), "leads out of it"),
            (linked, "neither a file nor a folder"),
        ];
        for (archive, words) in cases {
            let error = describe(&archive).unwrap_err();
            assert!(error.contains(words), "{words}: {error}");
        }
    }

    /// Few bytes that claim to be many.
    #[test]
    fn a_chart_that_swells_is_stopped() {
        let mut header = tar::Header::new_gnu();
        header.set_path("istiod/huge").unwrap();
        header.set_size(UNPACKED);
        header.set_cksum();
        let error = describe(&measure::gzip(header.as_bytes()).unwrap()).unwrap_err();
        assert!(error.contains("unpacks to more than"), "{error}");
    }

    proptest! {
        #[test]
        fn damage_is_found_or_does_not_matter(at in 0_usize..200, bit in 0_u8..8) {
            let mut archive = tgz(&[("istiod/Chart.yaml", YAML)]);
            let at = at % archive.len();
            archive[at] ^= 1 << bit;
            if let Ok(about) = describe(&archive) {
                prop_assert_eq!(about.name, "istiod");
            }
        }
    }
}
