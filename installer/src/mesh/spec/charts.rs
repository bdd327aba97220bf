//! Where Istio's charts are, told apart by how it is written.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// A place with charts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum ChartSource {
    /// A path in an OCI registry, without the scheme: a chart is `PATH/NAME`, its version a tag.
    Oci(String),
    /// A Helm repository, with the scheme.
    Https(String),
    /// A directory with a chart in each of its directories.
    Directory(String),
    /// An archive that `weft bundle create` made.
    Bundle(String),
}

const PATTERN: &str =
    r"^(oci://[a-z0-9][!-~]*|https://[a-z0-9][!-~]*|[^:\x00-\x20][^:\x00-\x1f]*)$";
const HELP: &str = "write oci://REGISTRY/PATH, https://HOST/PATH, a directory, or a bundle that ends in .tar, .tar.gz or .tgz";
const ARCHIVES: [&str; 3] = [".tar", ".tar.gz", ".tgz"];

/// A text that names no place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no place with charts: {HELP}")]
pub(crate) struct ChartSourceError(String);

impl FromStr for ChartSource {
    type Err = ChartSourceError;

    fn from_str(text: &str) -> Result<Self, ChartSourceError> {
        let refused = || ChartSourceError(text.to_owned());
        match text.split_once("://") {
            Some((scheme @ ("oci" | "https"), rest)) => {
                let named = rest
                    .starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
                    && rest.chars().all(|c| c.is_ascii_graphic());
                match (named, scheme) {
                    (false, _) => Err(refused()),
                    (true, "oci") => Ok(Self::Oci(rest.to_owned())),
                    (true, _) => Ok(Self::Https(text.to_owned())),
                }
            }
            // A path with a colon is more likely a scheme that was written wrongly.
            None if text.is_empty()
                || text.starts_with(' ')
                || text.contains(|c: char| c == ':' || c < ' ') =>
            {
                Err(refused())
            }
            Some(_) => Err(refused()),
            None if ARCHIVES.iter().any(|end| text.ends_with(end)) => {
                Ok(Self::Bundle(text.to_owned()))
            }
            None => Ok(Self::Directory(text.to_owned())),
        }
    }
}

impl fmt::Display for ChartSource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Oci(path) => write!(out, "oci://{path}"),
            Self::Https(text) | Self::Directory(text) | Self::Bundle(text) => out.write_str(text),
        }
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
        source.to_string()
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
        let text = str::to_owned;
        let cases = [
            (
                "oci://registry.example/istio/charts",
                ChartSource::Oci(text("registry.example/istio/charts")),
            ),
            (
                "https://charts.example/istio",
                ChartSource::Https(text("https://charts.example/istio")),
            ),
            ("./charts", ChartSource::Directory(text("./charts"))),
            ("istio-1.31.0", ChartSource::Directory(text("istio-1.31.0"))),
            ("site.tar.gz", ChartSource::Bundle(text("site.tar.gz"))),
            (
                "/media/site.tgz",
                ChartSource::Bundle(text("/media/site.tgz")),
            ),
        ];
        let validator =
            jsonschema::validator_for(&serde_json::json!({"pattern": PATTERN})).unwrap();
        for (written, wanted) in cases {
            let read: ChartSource = written.parse().unwrap();
            assert_eq!((read.to_string().as_str(), &read), (written, &wanted));
            assert!(validator.is_valid(&written.into()), "{written}");
        }
        for wrong in [
            "",
            " ",
            "http://charts.example",
            "file:///charts",
            "oci://",
            "https:///x",
            "oci://a b",
            "://x",
            "oci:/x",
        ] {
            assert_eq!(
                wrong.parse::<ChartSource>(),
                Err(ChartSourceError(text(wrong)))
            );
            assert!(!validator.is_valid(&wrong.into()), "{wrong}");
        }
    }
}
