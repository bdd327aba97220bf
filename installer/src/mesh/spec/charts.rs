//! Where a mesh's charts are. It is a source of charts like any other, of those that whoever runs weft elsewhere can read as well, and
//! that do not go over a network in the clear unless it is said in so many words. It is kept as it is written; a source is made of it
//! when charts are fetched.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::charts::{Source, SourceError};

/// A place with charts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct ChartSource(String);

const PATTERN: &str = r"^((oci|oci\+http|https)://[a-z0-9][!-~]*|[^:\x00-\x20][^:\x00-\x1f]*)$";
const TLS: &str = "oci://";
const PLAIN: &str = "oci+http://";
const HELP: &str = "write oci://REGISTRY/PATH (oci+http:// where the registry has no TLS and you trust the network), https://HOST/PATH, a directory, or a bundle that ends in .tar, .tar.gz or .tgz";

/// A text that names no place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no place with charts: {HELP}")]
pub(crate) struct ChartSourceError(String);

impl ChartSource {
    /// The source.
    pub(crate) fn source(&self) -> Result<Source, SourceError> {
        self.0.parse()
    }

    /// The same place, spoken to in plain HTTP where it is a registry.
    pub(crate) fn plain(self) -> Self {
        match self.0.strip_prefix(TLS) {
            Some(place) => Self(format!("{PLAIN}{place}")),
            None => self,
        }
    }
}

impl From<Source> for ChartSource {
    fn from(source: Source) -> Self {
        Self(source.to_string())
    }
}

impl FromStr for ChartSource {
    type Err = ChartSourceError;

    fn from_str(text: &str) -> Result<Self, ChartSourceError> {
        let refused = || ChartSourceError(text.to_owned());
        let is_fine = match text.split_once("://") {
            Some(("oci" | "oci+http" | "https", rest)) => {
                rest.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
                    && rest.chars().all(|c| c.is_ascii_graphic())
            }
            Some(_) => false,
            // A path with a colon is more likely a scheme that was written wrongly.
            None => {
                !text.is_empty()
                    && !text.starts_with(' ')
                    && !text.contains(|c: char| c == ':' || c < ' ')
            }
        };
        is_fine.then(|| Self(text.to_owned())).ok_or_else(refused)
    }
}

impl fmt::Display for ChartSource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl TryFrom<String> for ChartSource {
    type Error = ChartSourceError;

    fn try_from(text: String) -> Result<Self, ChartSourceError> {
        text.parse()
    }
}

impl From<ChartSource> for String {
    fn from(source: ChartSource) -> Self {
        source.0
    }
}

impl JsonSchema for ChartSource {
    fn schema_name() -> Cow<'static, str> {
        "ChartSource".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": PATTERN, "errorMessage": HELP})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let validator =
            jsonschema::validator_for(&serde_json::json!({"pattern": PATTERN})).unwrap();
        for written in [
            "oci://registry.example/istio/charts",
            "oci://localhost/charts",
            "oci://10.0.0.1:5000/charts",
            "oci+http://registry.example:5000/charts",
            "https://charts.example/istio",
            "./charts",
            "istio-1.31.0",
            "site.tar.gz",
            "/media/site.tgz",
        ] {
            let read: ChartSource = written.parse().unwrap();
            assert_eq!(read.to_string(), written);
            assert_eq!(read.source(), written.parse(), "{written}");
            assert!(validator.is_valid(&written.into()), "{written}");
        }
        for wrong in [
            "",
            " ",
            "http://charts.example",
            "https+http://charts.example",
            "file:///charts",
            "oci://",
            "oci+http://",
            "https:///x",
            "oci://a b",
            "://x",
            "oci:/x",
        ] {
            assert_eq!(
                wrong.parse::<ChartSource>(),
                Err(ChartSourceError(wrong.to_owned()))
            );
            assert!(!validator.is_valid(&wrong.into()), "{wrong}");
        }
    }

    #[test]
    fn a_flag_makes_what_a_file_says() {
        for (written, wanted) in [
            ("oci://r.example/charts", "oci+http://r.example/charts"),
            ("oci+http://r.example/charts", "oci+http://r.example/charts"),
            ("https://charts.example", "https://charts.example"),
            ("./charts", "./charts"),
        ] {
            let read: ChartSource = written.parse().unwrap();
            assert_eq!(read.plain().to_string(), wanted, "{written}");
        }
    }
}
