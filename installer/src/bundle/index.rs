//! `index.json` of a bundle: what it holds.

use crate::registry::Descriptor;
use crate::registry::reference::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where other programs look for a name.
const NAME: &str = "org.opencontainers.image.ref.name";
/// Where we say what it is.
const KIND: &str = "dev.weft.bundle.kind";

/// What something in a bundle is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A Helm chart.
    Chart,
    /// A plugin of weft's or another that Istio takes.
    Plugin,
    /// A container image.
    Image,
}

/// One artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Its manifest, or its list of manifests.
    pub manifest: Descriptor,
}

/// Everything in a bundle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// In the order of the file.
    pub entries: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    schema_version: u32,
    #[serde(default)]
    media_type: String,
    manifests: Vec<Item>,
}

#[derive(Serialize, Deserialize)]
struct Item {
    #[serde(flatten)]
    descriptor: Descriptor,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

impl Kind {
    /// As it is written.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Chart => "chart",
            Self::Plugin => "plugin",
            Self::Image => "image",
        }
    }

    /// What other programs put into a layout is an image.
    fn of(word: Option<&str>) -> Result<Self, String> {
        match word {
            Some("chart") => Ok(Self::Chart),
            Some("plugin") => Ok(Self::Plugin),
            Some("image") | None => Ok(Self::Image),
            Some(other) => Err(format!(
                "it holds a {other:?}, which this version of weft does not know; use the one that made it"
            )),
        }
    }
}

impl Index {
    /// Reads one.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(json: &[u8]) -> Result<Self, String> {
        let written: Written = serde_json::from_slice(json)
            .map_err(|error| format!("index.json cannot be read: {error}"))?;
        let entries = written.manifests.into_iter().map(Entry::read);
        Ok(Self {
            entries: entries.collect::<Result<_, _>>()?,
        })
    }

    /// As it stands in the file.
    ///
    /// # Errors
    /// Never for what memory can hold; the writer's type says it could.
    pub fn write(&self) -> Result<Vec<u8>, serde_json::Error> {
        let items = self.entries.iter().map(|entry| Item {
            descriptor: entry.manifest.clone(),
            annotations: [(NAME, entry.name.as_str()), (KIND, entry.kind.word())]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
        });
        serde_json::to_vec(&Written {
            schema_version: 2,
            media_type: crate::registry::OCI_INDEX.to_owned(),
            manifests: items.collect(),
        })
    }
}

impl Entry {
    fn read(item: Item) -> Result<Self, String> {
        let name = item.annotations.get(NAME);
        let name =
            name.ok_or_else(|| format!("{} in it has no name ({NAME})", item.descriptor.digest))?;
        Digest::parse(&item.descriptor.digest)
            .map_err(|_| format!("the digest of {name} in it is no SHA-256 digest"))?;
        Ok(Self {
            kind: Kind::of(item.annotations.get(KIND).map(String::as_str))?,
            name: name.clone(),
            manifest: item.descriptor,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(kind: Kind, name: &str, size: u64) -> Entry {
        Entry {
            kind,
            name: name.to_owned(),
            manifest: Descriptor {
                media_type: crate::registry::OCI_MANIFEST.to_owned(),
                digest: Digest::of(name.as_bytes()).to_string(),
                size,
            },
        }
    }

    #[test]
    fn a_layout_of_another_program_holds_images() {
        let digest = Digest::of(b"");
        let json = format!(
            r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"m","digest":"{digest}","size":1,"annotations":{{"{NAME}":"r/x:1"}}}}]}}"#
        );
        let index = Index::parse(json.as_bytes()).unwrap();
        assert_eq!(index.entries[0].kind, Kind::Image);
        let cases = [
            (json.replace(NAME, "other"), "has no name"),
            (json.replace(digest.as_str(), "../x"), "no SHA-256 digest"),
            (
                json.replace("\"r/x:1\"", &format!("\"r/x:1\",\"{KIND}\":\"song\"")),
                "\"song\"",
            ),
            ("{".to_owned(), "cannot be read"),
        ];
        for (json, words) in cases {
            let error = Index::parse(json.as_bytes()).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(names in proptest::collection::vec(("[a-z./:0-9@-]{1,20}", any::<u32>()), 0..5)) {
            let kinds = [Kind::Chart, Kind::Plugin, Kind::Image];
            let entries = names.iter().zip(kinds.into_iter().cycle());
            let index = Index { entries: entries.map(|((name, size), kind)| entry(kind, name, u64::from(*size))).collect() };
            prop_assert_eq!(Index::parse(&index.write().unwrap()), Ok(index));
        }

        #[test]
        fn nothing_breaks_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            drop(Index::parse(&bytes));
        }
    }
}
