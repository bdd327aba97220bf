//! What a manifest says: which layer holds the code, and which the metadata.

use super::{ARTIFACT_LAYER, DOCKER_LAYER, ImageError, METADATA, OCI_LAYER};
use crate::registry::{DOCKER_MANIFEST, Descriptor, Manifest};
use serde::{Deserialize, Serialize};

/// A list of images, one for each platform.
#[derive(Deserialize)]
struct Index {
    manifests: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    digest: String,
    platform: Option<Platform>,
}

/// What an image is built for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Platform {
    os: String,
    architecture: String,
}

/// How an image holds its module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// A Docker image; the last layer is a tar with `plugin.wasm`.
    Docker,
    /// An OCI image; the last layer is a tar with `plugin.wasm`.
    Compat,
    /// Two layers, one of them the module as it is.
    Artifact,
}

/// Where the parts of a plugin are in its image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// How the code is held.
    pub layout: Layout,
    /// The code.
    pub code: Descriptor,
    /// The metadata, when weft pushed the image.
    pub metadata: Option<Descriptor>,
}

/// Reads a manifest.
///
/// # Errors
/// When it is none.
pub fn parse(json: &[u8]) -> Result<Manifest, ImageError> {
    serde_json::from_slice(json).map_err(ImageError::Manifest)
}

impl Manifest {
    /// Finds code and metadata, trying the layouts in the order in which Istio does.
    ///
    /// # Errors
    /// When none fits.
    pub fn contents(&self) -> Result<Contents, ImageError> {
        let last = self
            .layers
            .last()
            .ok_or_else(|| ImageError::Layout("it has no layers".to_owned()))?;
        let (layout, code) = if self.media_type == DOCKER_MANIFEST {
            (
                Layout::Docker,
                (last.media_type == DOCKER_LAYER).then_some(last),
            )
        } else if last.media_type == OCI_LAYER {
            (Layout::Compat, Some(last))
        } else {
            let module = self
                .layers
                .iter()
                .find(|layer| layer.media_type == ARTIFACT_LAYER);
            (Layout::Artifact, module.filter(|_| self.layers.len() == 2))
        };
        let code = code.cloned().ok_or_else(|| {
            let kinds: Vec<_> = self
                .layers
                .iter()
                .map(|layer| layer.media_type.as_str())
                .collect();
            ImageError::Layout(format!("its layers are {}", kinds.join(", ")))
        })?;
        let metadata = self
            .layers
            .iter()
            .find(|layer| layer.media_type == METADATA)
            .cloned();
        Ok(Contents {
            layout,
            code,
            metadata,
        })
    }
}

/// The digest of the image for the platform that Istio asks for, out of a list of images.
///
/// # Errors
/// When it is no list, or has none for linux/amd64.
pub fn select(list: &[u8]) -> Result<String, ImageError> {
    let index: Index = serde_json::from_slice(list).map_err(ImageError::Manifest)?;
    let fits = |platform: &Platform| platform.os == "linux" && platform.architecture == "amd64";
    let found = index
        .manifests
        .iter()
        .find(|entry| entry.platform.as_ref().is_some_and(fits));
    found.map(|entry| entry.digest.clone()).ok_or_else(|| {
        let there: Vec<_> = index
            .manifests
            .iter()
            .filter_map(|entry| entry.platform.as_ref())
            .map(|platform| format!("{}/{}", platform.os, platform.architecture))
            .collect();
        ImageError::Platform(if there.is_empty() {
            "it has none".to_owned()
        } else {
            there.join(", ")
        })
    })
}
