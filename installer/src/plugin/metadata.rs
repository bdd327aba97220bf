//! What a module says about itself: in its custom section `weft.plugin`, and again as the first layer of its image.
//!
//! It travels with the code so that whoever holds only a file or an image can name the plugin, place it in the filter
//! chain and check a configuration for it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// The custom section that holds it, and so the place to look in a file.
pub const SECTION: &str = "weft.plugin";

/// Name, version and abilities of a plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// The plugin's name, as its folder's.
    pub name: String,
    /// Its version.
    pub version: String,
    /// One sentence.
    #[serde(default)]
    pub description: String,
    /// The proxy-wasm ABI that it was built for, `0.2.1`.
    pub abi: String,
    /// Where in a filter chain it belongs.
    #[serde(default)]
    pub phase: Phase,
    /// The callbacks that it exports, `on_request_headers`.
    #[serde(default)]
    pub callbacks: Vec<String>,
    /// JSON Schema of its configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
}

/// Where in a filter chain a plugin belongs, in the words of Istio's `WasmPlugin`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Phase {
    /// Before Istio's authentication filters.
    Authn,
    /// After authentication, before Istio's authorization filters.
    Authz,
    /// After authorization, before Istio's statistics filter.
    Stats,
    /// Wherever the mesh puts it, near the router.
    #[default]
    Unspecified,
}

impl Phase {
    /// As written in manifests.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Authn => "AUTHN",
            Self::Authz => "AUTHZ",
            Self::Stats => "STATS",
            Self::Unspecified => "UNSPECIFIED",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_has_a_default_and_what_is_new_is_ignored() {
        let text = r#"{"name":"x","version":"1.0.0","abi":"0.2.1","from":"the future"}"#;
        let metadata: Metadata = serde_json::from_str(text).unwrap();
        assert_eq!(metadata.phase, Phase::Unspecified);
        assert_eq!(metadata.schema, None);
    }

    #[test]
    fn phases_are_written_as_istio_writes_them() {
        for phase in [Phase::Authn, Phase::Authz, Phase::Stats, Phase::Unspecified] {
            assert_eq!(serde_json::to_value(phase).unwrap(), phase.as_str());
        }
    }
}
