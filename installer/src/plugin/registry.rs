//! Registries: pushing an image, and fetching what one holds.
//!
//! Everything that comes back is checked against its digest and bounded in size before it is used. TLS is the default;
//! plain HTTP only when it was asked for.

mod answer;
mod attempt;
mod credentials;
mod error;

pub use answer::{Image, Pulled};
pub use credentials::Credentials;
pub use error::RegistryError;

use super::image::{self, Contents, Descriptor, Manifest, Packed};
use super::metadata::Metadata;
use super::module;
use super::reference::{Digest, Reference};
use answer::{guess, is_list, unpack};
use attempt::Attempt;
use futures_util::StreamExt as _;
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::manifest::OciDescriptor;
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, RegistryOperation};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// What a registry may send us as a manifest.
const ACCEPTED: [&str; 4] = [
    image::OCI_MANIFEST,
    image::DOCKER_MANIFEST,
    image::OCI_INDEX,
    image::DOCKER_LIST,
];
/// The largest metadata: a generous schema.
const LARGEST_METADATA: u64 = 4 * 1024 * 1024;

/// A client of registries.
#[derive(Clone)]
pub struct Registry {
    client: Client,
    credentials: Credentials,
    plain_http: bool,
    sessions: Arc<Mutex<Sessions>>,
}

/// The credentials that were used for a repository, to pull and to push.
type Sessions = BTreeMap<(String, bool), RegistryAuth>;

impl fmt::Debug for Registry {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Registry")
            .field("plain_http", &self.plain_http)
            .finish_non_exhaustive()
    }
}

impl Registry {
    /// A client that takes its credentials from there.
    #[must_use]
    pub fn new(credentials: Credentials, plain_http: bool) -> Self {
        // Another part of the program may have chosen already; then its choice stands.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = Client::new(ClientConfig {
            protocol: if plain_http {
                ClientProtocol::Http
            } else {
                ClientProtocol::Https
            },
            connect_timeout: Some(Duration::from_secs(10)),
            read_timeout: Some(Duration::from_mins(1)),
            user_agent: concat!("weft/", env!("CARGO_PKG_VERSION")),
            ..ClientConfig::default()
        });
        Self {
            client,
            credentials,
            plain_http,
            sessions: Arc::default(),
        }
    }

    /// The digest that a name stands for now.
    ///
    /// # Errors
    /// When the registry does not say, or says it of something else.
    pub async fn resolve(&self, reference: &Reference) -> Result<Digest, RegistryError> {
        Ok(self.image(reference).await?.digest)
    }

    /// What an image is made of.
    ///
    /// # Errors
    /// As for `resolve`, and when it is no image.
    pub async fn image(&self, reference: &Reference) -> Result<Image, RegistryError> {
        let attempt = self.log_in(reference, RegistryOperation::Pull).await?;
        let (digest, json) = self.manifest(reference, &attempt).await?;
        let manifest = if is_list(&json) {
            let one = reference.clone_with_digest(image::select(&json)?);
            Manifest::parse(&self.manifest(&one, &attempt).await?.1)?
        } else {
            Manifest::parse(&json)?
        };
        Ok(Image { digest, manifest })
    }

    /// What a plugin says about itself. Of an image that weft did not push, what can be read off its module.
    ///
    /// # Errors
    /// As for `image`, and when it holds no plugin.
    pub async fn fetch_metadata(&self, reference: &Reference) -> Result<Metadata, RegistryError> {
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
    pub async fn pull_module(&self, reference: &Reference) -> Result<Vec<u8>, RegistryError> {
        let image = self.image(reference).await?;
        self.module_of(reference, &image.manifest.contents()?).await
    }

    /// An image with all that is in it.
    ///
    /// # Errors
    /// As for `pull_module`.
    pub async fn pull(&self, reference: &Reference) -> Result<Pulled, RegistryError> {
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

    /// Pushes an image. Blobs that the registry has already are not sent again.
    ///
    /// # Errors
    /// When the registry does not take it.
    pub async fn push(&self, packed: &Packed, reference: &Reference) -> Result<(), RegistryError> {
        let attempt = self.log_in(reference, RegistryOperation::Push).await?;
        for blob in &packed.blobs {
            let digest = &blob.descriptor.digest;
            if !self
                .client
                .blob_exists(reference, digest)
                .await
                .unwrap_or(false)
            {
                let pushed = self
                    .client
                    .push_blob(reference, blob.data.clone(), digest)
                    .await;
                pushed.map_err(|error| attempt.explain(error))?;
            }
        }
        let kind = image::OCI_MANIFEST
            .parse()
            .map_err(|_| attempt.strange("an impossible media type"))?;
        let pushed = self
            .client
            .push_manifest_raw(reference, packed.manifest.clone(), kind)
            .await;
        pushed.map_err(|error| attempt.explain(error))?;
        Ok(())
    }

    /// Logs in once for each repository and operation; a helper program may ask its user, and a registry counts.
    async fn log_in(
        &self,
        reference: &Reference,
        operation: RegistryOperation,
    ) -> Result<Attempt, RegistryError> {
        let repository = format!("{}/{}", reference.registry(), reference.repository());
        let key = (repository, matches!(operation, RegistryOperation::Push));
        let mut sessions = self.sessions.lock().await;
        if let Some(auth) = sessions.get(&key) {
            return Ok(Attempt::new(reference, auth, self.plain_http));
        }
        let auth = self.credentials.of(reference.resolve_registry()).await?;
        let attempt = Attempt::new(reference, &auth, self.plain_http);
        self.client
            .auth(reference, &auth, operation)
            .await
            .map_err(|error| attempt.explain(error))?;
        sessions.insert(key, auth);
        Ok(attempt)
    }

    async fn manifest(
        &self,
        reference: &Reference,
        attempt: &Attempt,
    ) -> Result<(Digest, Vec<u8>), RegistryError> {
        let pulled = self
            .client
            .pull_manifest_raw(reference, attempt.auth(), &ACCEPTED)
            .await;
        let (json, _) = pulled.map_err(|error| attempt.explain(error))?;
        let digest = Digest::of(&json);
        match reference.digest() {
            Some(wanted) if wanted != digest.as_str() => Err(RegistryError::WrongDigest {
                what: reference.to_string(),
                wanted: wanted.to_owned(),
                found: digest.to_string(),
            }),
            _ => Ok((digest, json.to_vec())),
        }
    }

    async fn metadata_layer(
        &self,
        reference: &Reference,
        contents: &Contents,
    ) -> Result<Option<Metadata>, RegistryError> {
        let Some(layer) = &contents.metadata else {
            return Ok(None);
        };
        let json = self.blob(reference, layer, LARGEST_METADATA).await?;
        serde_json::from_slice(&json)
            .map(Some)
            .map_err(|error| image::ImageError::Metadata(error).into())
    }

    async fn module_of(
        &self,
        reference: &Reference,
        contents: &Contents,
    ) -> Result<Vec<u8>, RegistryError> {
        let layer = self.blob(reference, &contents.code, image::LARGEST).await?;
        let module = unpack(contents.layout, layer).await?;
        module::magic(&module)?;
        Ok(module)
    }

    /// A blob of at most `largest` bytes, checked against its digest.
    async fn blob(
        &self,
        reference: &Reference,
        layer: &Descriptor,
        largest: u64,
    ) -> Result<Vec<u8>, RegistryError> {
        let attempt = self.log_in(reference, RegistryOperation::Pull).await?;
        let descriptor = OciDescriptor {
            digest: layer.digest.clone(),
            ..OciDescriptor::default()
        };
        let pulled = self.client.pull_blob_stream(reference, &descriptor).await;
        let mut stream = pulled.map_err(|error| attempt.explain(error))?;
        let mut data = Vec::new();
        while let Some(chunk) = stream.next().await {
            data.extend_from_slice(&chunk.map_err(|error| attempt.broken(layer, &error))?);
            if super::measure::length(&data) > largest {
                return Err(image::ImageError::TooLarge.into());
            }
        }
        let found = super::measure::digest(&data);
        if found == layer.digest {
            Ok(data)
        } else {
            Err(attempt.changed(layer, found))
        }
    }
}

#[cfg(test)]
pub(crate) mod fake;
#[cfg(test)]
mod tests;
