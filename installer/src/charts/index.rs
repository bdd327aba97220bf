//! `index.yaml` of a Helm repository: which charts it has, where, and with which digests.

use serde::Deserialize;
use std::collections::BTreeMap;

/// The index.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Index {
    entries: BTreeMap<String, Vec<Release>>,
}

/// One version of a chart.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Release {
    version: String,
    #[serde(default)]
    urls: Vec<String>,
    #[serde(default)]
    digest: Option<String>,
}

impl Index {
    /// Reads one.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(yaml: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(yaml).map_err(|_| "it is no text".to_owned())?;
        serde_saphyr::from_str(text).map_err(|error| error.to_string())
    }

    /// A version of a chart.
    ///
    /// # Errors
    /// What there is instead, for people.
    pub fn find(&self, name: &str, version: &str) -> Result<&Release, String> {
        let releases = self
            .entries
            .get(name)
            .filter(|releases| !releases.is_empty())
            .ok_or_else(|| {
                let names: Vec<_> = self.entries.keys().take(20).cloned().collect();
                format!("its index has the charts {}", names.join(", "))
            })?;
        let found = releases.iter().find(|release| release.version == version);
        found.ok_or_else(|| {
            let versions: Vec<_> = releases
                .iter()
                .take(20)
                .map(|release| release.version.as_str())
                .collect();
            format!("its index has the versions {}", versions.join(", "))
        })
    }
}

impl Index {
    /// The versions of a chart, none where it is not there.
    pub fn versions(&self, name: &str) -> impl Iterator<Item = &str> {
        let releases = self.entries.get(name).into_iter().flatten();
        releases.map(|release| release.version.as_str())
    }
}

impl Release {
    /// Where it is: an address, or a path from the index on.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.urls.first().map(String::as_str)
    }

    /// SHA-256 of the archive in hex; an index need not have it.
    #[must_use]
    pub fn digest(&self) -> Option<String> {
        let digest = self.digest.as_deref().filter(|digest| !digest.is_empty())?;
        let hex = digest.strip_prefix("sha256:").unwrap_or(digest);
        Some(format!("sha256:{}", hex.to_ascii_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const INDEX: &str = "apiVersion: v1
generated: 2026-01-01T00:00:00Z
entries:
  istiod:
  - {version: 1.31.0, name: istiod, digest: AB, urls: [istiod-1.31.0.tgz], appVersion: 1.31.0}
  - {version: 1.30, urls: ['https://other.example/i.tgz']}
  empty: []
";

    #[test]
    fn a_version_is_found_with_its_place_and_digest() {
        let index = Index::parse(INDEX.as_bytes()).unwrap();
        let found = index.find("istiod", "1.31.0").unwrap();
        assert_eq!(found.url(), Some("istiod-1.31.0.tgz"));
        assert_eq!(found.digest().as_deref(), Some("sha256:ab"));
        let found = index.find("istiod", "1.30").unwrap();
        assert_eq!(
            (found.url(), found.digest()),
            (Some("https://other.example/i.tgz"), None)
        );
    }

    #[test]
    fn what_is_not_there_tells_what_is() {
        let index = Index::parse(INDEX.as_bytes()).unwrap();
        let cases = [
            ("istiod", "1.29.0", "the versions 1.31.0, 1.30"),
            ("ztunnel", "1.31.0", "the charts empty, istiod"),
            ("empty", "1.31.0", "the charts empty, istiod"),
        ];
        for (name, version, words) in cases {
            let error = index.find(name, version).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
        for text in [
            "",
            "<html>",
            "entries: 7",
            "entries: {x: [{urls: []}]}",
            "[1",
        ] {
            assert!(Index::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    /// Aliases that multiply.
    #[test]
    fn an_index_that_swells_is_stopped() {
        let mut yaml = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for (last, next) in "abcdefghij".chars().zip("bcdefghijk".chars()) {
            let one = format!("*{last}, ");
            let list = one.repeat(9);
            yaml.extend([format!(
                "{next}: &{next} [{}]\n",
                list.trim_end_matches(", ")
            )]);
        }
        yaml += "entries: {x: *k}\n";
        assert!(Index::parse(yaml.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn nothing_breaks_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0_usize..200) {
            drop(Index::parse(&bytes));
            let mut near = INDEX.as_bytes().to_vec();
            let at = at % near.len();
            near.splice(at..at, bytes.into_iter().take(3));
            drop(Index::parse(&near));
        }
    }
}
