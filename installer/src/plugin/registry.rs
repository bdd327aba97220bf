//! Plugins in registries: fetching what an image holds.

mod answer;
mod error;

pub use answer::{Image, Pulled};
pub use error::PullError;

use super::image::{self, Contents};
use super::metadata::Metadata;
use super::module;
use crate::registry::reference::{Digest, Reference};
use crate::registry::{Descriptor, Registry, RegistryError, is_list};
use answer::{guess, unpack};

/// The largest metadata: a generous schema.
const LARGEST_METADATA: u64 = 4 * 1024 * 1024;

impl Registry {
    /// The digest that a name stands for now.
    ///
    /// # Errors
    /// As for `image`.
    pub async fn resolve(&self, reference: &Reference) -> Result<Digest, PullError> {
        Ok(self.image(reference).await?.digest)
    }

    /// What an image is made of.
    ///
    /// # Errors
    /// When the registry does not say, and when it is no image.
    pub async fn image(&self, reference: &Reference) -> Result<Image, PullError> {
        let (digest, json) = self.manifest(reference).await?;
        let manifest = if is_list(&json) {
            let one = reference.clone_with_digest(image::select(&json)?);
            image::parse(&self.manifest(&one).await?.1)?
        } else {
            image::parse(&json)?
        };
        Ok(Image { digest, manifest })
    }

    /// What a plugin says about itself. Of an image that weft did not push, what can be read off its module.
    ///
    /// # Errors
    /// As for `image`, and when it holds no plugin.
    pub async fn fetch_metadata(&self, reference: &Reference) -> Result<Metadata, PullError> {
        let image = self.image(reference).await?;
        let contents = image.manifest.contents()?;
        match self.metadata_layer(reference, &contents).await? {
            Some(metadata) => Ok(metadata),
            None => guess(reference, &self.module_of(reference, &contents).await?),
        }
    }

    /// The module in an image.
    ///
    /// # Errors
    /// As for `fetch_metadata`, and when it is damaged or too large.
    pub async fn pull_module(&self, reference: &Reference) -> Result<Vec<u8>, PullError> {
        let image = self.image(reference).await?;
        self.module_of(reference, &image.manifest.contents()?).await
    }

    /// An image with all that is in it.
    ///
    /// # Errors
    /// As for `pull_module`.
    pub async fn pull(&self, reference: &Reference) -> Result<Pulled, PullError> {
        let image = self.image(reference).await?;
        let contents = image.manifest.contents()?;
        let code = self.module_of(reference, &contents).await?;
        let metadata = match self.metadata_layer(reference, &contents).await? {
            Some(metadata) => metadata,
            None => guess(reference, &code)?,
        };
        Ok(Pulled {
            image,
            layout: contents.layout,
            metadata,
            code,
        })
    }

    async fn metadata_layer(
        &self,
        reference: &Reference,
        contents: &Contents,
    ) -> Result<Option<Metadata>, PullError> {
        let Some(layer) = &contents.metadata else {
            return Ok(None);
        };
        let json = self.layer(reference, layer, LARGEST_METADATA).await?;
        serde_json::from_slice(&json)
            .map(Some)
            .map_err(|error| image::ImageError::Metadata(error).into())
    }

    async fn module_of(
        &self,
        reference: &Reference,
        contents: &Contents,
    ) -> Result<Vec<u8>, PullError> {
        let layer = self
            .layer(reference, &contents.code, image::LARGEST)
            .await?;
        let module = unpack(contents.layout, layer).await?;
        module::magic(&module)?;
        Ok(module)
    }

    /// A layer of a plugin, which has bounds of its own.
    async fn layer(
        &self,
        reference: &Reference,
        layer: &Descriptor,
        largest: u64,
    ) -> Result<Vec<u8>, PullError> {
        match self.blob(reference, layer, largest).await {
            Err(RegistryError::TooLarge { .. }) => Err(image::ImageError::TooLarge.into()),
            blob => Ok(blob?),
        }
    }
}

#[cfg(test)]
pub(crate) mod fake;
#[cfg(test)]
mod tests;
