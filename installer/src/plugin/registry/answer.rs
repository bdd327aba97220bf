//! What a registry answers, and what can be read out of it.

use super::PullError;
use crate::plugin::image::{self, Layout};
use crate::plugin::metadata::{Metadata, Phase};
use crate::plugin::module;
use crate::registry::Manifest;
use crate::registry::reference::{Digest, Reference};

/// An image as a registry describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The digest of what the name stands for: a manifest, or a list of manifests.
    pub digest: Digest,
    /// The manifest; out of a list, the one that Istio takes.
    pub manifest: Manifest,
}

/// An image and the plugin in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Pulled {
    /// The image.
    pub image: Image,
    /// How it holds the module.
    pub layout: Layout,
    /// What the plugin says about itself.
    pub metadata: Metadata,
    /// The module.
    pub code: Vec<u8>,
}

/// Decompressing is work for a processor, not for the thread that waits for the network.
pub(super) async fn unpack(layout: Layout, layer: Vec<u8>) -> Result<Vec<u8>, PullError> {
    match tokio::task::spawn_blocking(move || image::unpack(layout, &layer)).await {
        Ok(module) => Ok(module?),
        Err(error) => Err(image::ImageError::Damaged(error.into()).into()),
    }
}

/// What can be read off a module that brings no metadata.
pub(super) fn guess(reference: &Reference, code: &[u8]) -> Result<Metadata, PullError> {
    let facts = module::facts(code)?;
    let name = reference
        .repository()
        .rsplit('/')
        .next()
        .unwrap_or_default();
    Ok(facts.metadata.unwrap_or_else(|| Metadata {
        name: name.to_owned(),
        version: reference.tag().unwrap_or_default().to_owned(),
        description: String::new(),
        abi: facts.abi.unwrap_or_default(),
        phase: Phase::default(),
        callbacks: facts.callbacks,
        schema: None,
    }))
}
