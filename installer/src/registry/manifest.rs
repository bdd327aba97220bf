//! Manifests: what an artifact is made of, and lists of them.

use super::reference::Digest;
use crate::measure;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Media type of an OCI image.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Media type of a Docker image.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Media types of lists of images, one for each platform.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Docker's own kind of list.
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// The largest manifest that registries agree to keep.
pub(super) const LARGEST: u64 = 4 * 1024 * 1024;

/// A manifest of one image, with the fields that matter here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// 2.
    pub schema_version: u32,
    /// What it is.
    #[serde(default)]
    pub media_type: String,
    /// The image's configuration.
    pub config: Descriptor,
    /// Its layers, the lowest first.
    pub layers: Vec<Descriptor>,
    /// Words about it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// Where a blob is, and how large.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What it is.
    pub media_type: String,
    /// Its digest, which is its name.
    pub digest: String,
    /// Its size in bytes.
    pub size: u64,
}

/// A list of images, one for each platform.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Index {
    /// Its entries.
    pub manifests: Vec<Descriptor>,
}

/// A blob of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// Where it will be.
    pub descriptor: Descriptor,
    /// What it is.
    pub data: Vec<u8>,
}

/// An artifact, ready to be pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// The manifest, as its digest was computed.
    pub manifest: Vec<u8>,
    /// The digest of the manifest, which is the artifact's.
    pub digest: Digest,
    /// Configuration and layers, in the order in which to push them.
    pub blobs: Vec<Blob>,
}

impl Manifest {
    /// Configuration and layers.
    pub fn blobs(&self) -> impl Iterator<Item = &Descriptor> {
        std::iter::once(&self.config).chain(&self.layers)
    }
}

impl Packed {
    /// What is sent when the registry has nothing of it, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        let blobs = self.blobs.iter().map(|blob| blob.descriptor.size);
        blobs.fold(measure::length(&self.manifest), u64::saturating_add)
    }
}

impl Blob {
    /// A blob of this media type.
    #[must_use]
    pub fn new(kind: &str, data: Vec<u8>) -> Self {
        let descriptor = Descriptor {
            media_type: kind.to_owned(),
            digest: measure::digest(&data),
            size: measure::length(&data),
        };
        Self { descriptor, data }
    }
}

/// Whether it is a list of manifests, one for each platform.
#[must_use]
pub fn is_list(json: &[u8]) -> bool {
    media_type(json).is_some_and(|kind| kind == OCI_INDEX || kind == DOCKER_LIST)
}

/// What a manifest says it is, or what it looks like when it does not say.
#[must_use]
pub fn media_type(json: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Shape {
        #[serde(rename = "mediaType", default)]
        media_type: String,
        manifests: Option<serde::de::IgnoredAny>,
        layers: Option<serde::de::IgnoredAny>,
    }
    let shape: Shape = serde_json::from_slice(json).ok()?;
    match (shape.media_type.as_str(), shape.manifests, shape.layers) {
        ("", Some(_), _) => Some(OCI_INDEX.to_owned()),
        ("", None, Some(_)) => Some(OCI_MANIFEST.to_owned()),
        ("", None, None) => None,
        (kind, _, _) => Some(kind.to_owned()),
    }
}
