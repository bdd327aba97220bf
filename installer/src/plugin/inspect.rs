//! What `push`, `pull` and `inspect` report about a plugin.

use super::image::Layout;
use super::metadata::Metadata;
use super::module;
use super::registry::Pulled;
use super::source::Fetched;
use crate::measure;
use crate::output::{Report, Table};
use crate::registry::Descriptor;
use crate::registry::reference::{Digest, Reference, pinned};
use serde::Serialize;

/// An image that was pushed.
#[derive(Debug, Serialize)]
pub struct Pushed {
    /// The plugin.
    pub name: String,
    /// Its version.
    pub version: String,
    /// As it was named.
    pub image: String,
    /// Exactly this content, for a `WasmPlugin`.
    pub reference: String,
    /// The digest of the image.
    pub digest: Digest,
}

impl Report for Pushed {
    fn table(&self) -> Table {
        let mut table = Table::new(&["PLUGIN", "VERSION", "REFERENCE"]).wide(&["IMAGE"]);
        table.row(
            [&self.name, &self.version, &self.reference, &self.image]
                .map(|text| text.clone().into()),
        );
        table
    }

    fn names(&self) -> Vec<String> {
        vec![self.reference.clone()]
    }
}

/// A module that was pulled.
#[derive(Debug, Serialize)]
pub struct Saved {
    /// The plugin.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The file.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// Exactly this content.
    pub reference: String,
}

impl Report for Saved {
    fn table(&self) -> Table {
        let mut table = Table::new(&["PLUGIN", "VERSION", "SIZE", "FILE"]).wide(&["REFERENCE"]);
        let [name, version, path, reference] =
            [&self.name, &self.version, &self.path, &self.reference]
                .map(|text| text.clone().into());
        table.row([
            name,
            version,
            measure::size(self.size).into(),
            path,
            reference,
        ]);
        table
    }

    fn names(&self) -> Vec<String> {
        vec![self.path.clone()]
    }
}

/// Everything there is to know about a plugin without running it.
#[derive(Debug, Serialize)]
pub struct Inspection {
    /// What it says about itself, the schema included.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Its code.
    pub module: Code,
    /// Its image, when it came from one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<Held>,
}

/// The code of a plugin.
#[derive(Debug, Serialize)]
pub struct Code {
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 in hex.
    pub sha256: String,
    /// Why Envoy would not load it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unfit: Option<String>,
}

/// The image that holds a plugin.
#[derive(Debug, Serialize)]
pub struct Held {
    /// Exactly this content.
    pub reference: String,
    /// The digest of the image.
    pub digest: Digest,
    /// How it holds the code.
    pub layout: Layout,
    /// Its layers.
    pub layers: Vec<Descriptor>,
}

impl Inspection {
    /// Of a module.
    #[must_use]
    pub fn of_module(fetched: Fetched) -> Self {
        Self {
            module: Code::of(&fetched.code),
            metadata: fetched.metadata,
            image: None,
        }
    }

    /// Of an image.
    #[must_use]
    pub fn of_image(reference: &Reference, pulled: Pulled) -> Self {
        let held = Held {
            reference: pinned(reference, &pulled.image.digest),
            digest: pulled.image.digest,
            layout: pulled.layout,
            layers: pulled.image.manifest.layers,
        };
        Self {
            module: Code::of(&pulled.code),
            metadata: pulled.metadata,
            image: Some(held),
        }
    }
}

impl Code {
    fn of(code: &[u8]) -> Self {
        Self {
            size: measure::length(code),
            sha256: measure::sha256(code),
            unfit: module::check(code).err().map(|error| error.to_string()),
        }
    }
}

impl Report for Inspection {
    fn table(&self) -> Table {
        let mut table = Table::new(&["FIELD", "VALUE"]);
        let mut row = |field: &str, value: String| {
            if !value.is_empty() {
                table.row([field.into(), value.into()]);
            }
        };
        let plugin = &self.metadata;
        row("name", plugin.name.clone());
        row("version", plugin.version.clone());
        row("description", plugin.description.clone());
        row("abi", plugin.abi.clone());
        row("phase", plugin.phase.to_string());
        row("callbacks", plugin.callbacks.join(", "));
        row(
            "schema",
            if plugin.schema.is_some() {
                "yes, see -o json"
            } else {
                "none"
            }
            .to_owned(),
        );
        row(
            "module",
            format!(
                "{}, sha256 {}",
                measure::size(self.module.size),
                self.module.sha256
            ),
        );
        row("unfit", self.module.unfit.clone().unwrap_or_default());
        if let Some(image) = &self.image {
            row("image", image.reference.clone());
            row("layout", format!("{:?}", image.layout).to_lowercase());
            for layer in &image.layers {
                row(
                    "layer",
                    format!(
                        "{} {} {}",
                        layer.digest,
                        measure::size(layer.size),
                        layer.media_type
                    ),
                );
            }
        }
        table
    }

    fn names(&self) -> Vec<String> {
        let image = self.image.as_ref().map(|image| image.reference.clone());
        vec![image.unwrap_or_else(|| self.metadata.name.clone())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::metadata::Phase;

    #[test]
    fn an_inspection_tells_what_envoy_would_refuse() {
        let code = wat::parse_str(r#"(module (import "env" "puts" (func)))"#).unwrap();
        let metadata = Metadata {
            name: "x".into(),
            version: "1.0.0".into(),
            description: String::new(),
            abi: String::new(),
            phase: Phase::Authn,
            callbacks: Vec::new(),
            schema: Some(serde_json::json!({"type": "object"})),
        };
        let inspection = Inspection::of_module(Fetched {
            metadata,
            code,
            path: None,
        });
        let json = serde_json::to_value(&inspection).unwrap();
        assert_eq!(json["name"], "x");
        assert_eq!(json["schema"]["type"], "object");
        assert!(
            json["module"]["unfit"]
                .as_str()
                .unwrap()
                .contains("env.puts")
        );
        let table = inspection
            .table()
            .layout(false, false, crate::output::Terminal::default());
        assert!(
            table.contains("phase") && table.contains("AUTHN") && table.contains("env.puts"),
            "{table}"
        );
    }
}
