//! A plugin as an OCI image, without any network: packing one, and finding the module in one.
//!
//! We write the layout that Istio calls "compat": an ordinary image whose last layer is a tar with `plugin.wasm`. Istio
//! looks at the last layer only, so our metadata stands before it. We read all three layouts that Istio reads.

mod manifest;
mod pack;
mod unpack;

pub use manifest::{Contents, Layout, Platform, parse, select};
pub use pack::pack;
pub use unpack::unpack;

use crate::failure::{Exit, Failure};

/// The largest module that Istio's puller takes, and so the largest that we do.
pub const LARGEST: u64 = 256 * 1024 * 1024;
/// Media type of the layer that holds the metadata.
pub const METADATA: &str = "application/vnd.weft.plugin.metadata.v1+json";
/// Media type of the layer that holds the code in an OCI image.
pub const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// Media type of an OCI image's configuration.
const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// Media type of its layers.
const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
/// Media type of a bare module in the third layout.
const ARTIFACT_LAYER: &str = "application/vnd.module.wasm.content.layer.v1+wasm";
/// The file in the tar.
const FILE: &str = "plugin.wasm";

/// Why an image holds no plugin.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// Not JSON, or not of the right shape.
    #[error("the manifest of the image cannot be read: {0}. Is this the name of an image?")]
    Manifest(#[source] serde_json::Error),
    /// An image of something else.
    #[error(
        "this image holds no plugin: {0}. Istio takes an image whose last layer is {OCI_LAYER} with plugin.wasm; `weft plugin push` makes one"
    )]
    Layout(String),
    /// A list of images without ours.
    #[error(
        "this is a list of images for several platforms, and linux/amd64, which Istio asks for, is not among them: {0}"
    )]
    Platform(String),
    /// Bigger than Istio takes.
    #[error("the plugin is larger than {} MB, which is more than Istio pulls", LARGEST / 1024 / 1024)]
    TooLarge,
    /// The layer is no gzipped tar.
    #[error("the code layer of the image is damaged: {0}. Push the plugin again")]
    Damaged(#[source] std::io::Error),
    /// The tar lacks the file.
    #[error(
        "the code layer of the image has no file {FILE}: it has {0}. Push the plugin with `weft plugin push`"
    )]
    NoFile(String),
    /// The metadata layer is no metadata.
    #[error(
        "the metadata layer of the image cannot be read: {0}. It was written by another version of weft, or damaged"
    )]
    Metadata(#[source] serde_json::Error),
}

impl From<ImageError> for Failure {
    fn from(error: ImageError) -> Self {
        Self::new(Exit::BadInput, error)
    }
}

#[cfg(test)]
mod tests;
