//! Sending: blobs before the manifest that names them, and none that is there already.

use super::attempt::Attempt;
use super::reference::{Digest, Reference};
use super::{OCI_MANIFEST, Packed, Registry, RegistryError};
use futures_util::Stream;
use oci_client::RegistryOperation;
use oci_client::errors::OciDistributionError;
use std::io;

impl Registry {
    /// Pushes an artifact. Blobs that the registry has already are not sent again.
    ///
    /// # Errors
    /// When the registry does not take it.
    pub async fn push(&self, packed: &Packed, reference: &Reference) -> Result<(), RegistryError> {
        let attempt = self.log_in(reference, RegistryOperation::Push).await?;
        for blob in &packed.blobs {
            let digest = &blob.descriptor.digest;
            if !self.has_blob(reference, digest).await {
                let pushed = self
                    .client
                    .push_blob(reference, blob.data.clone(), digest)
                    .await;
                pushed.map_err(|error| attempt.explain(error))?;
            }
        }
        self.send_manifest(&attempt, reference, &packed.manifest, OCI_MANIFEST)
            .await
    }

    /// Whether a blob is in a repository. A registry that does not say is told again by the push what it may.
    pub(crate) async fn has_blob(&self, reference: &Reference, digest: &str) -> bool {
        self.client
            .blob_exists(reference, digest)
            .await
            .unwrap_or(false)
    }

    /// The digest under a name; nothing when there is no such name. Some registries say of it that it is forbidden; a
    /// push says it then in its own right.
    pub(crate) async fn held(
        &self,
        reference: &Reference,
    ) -> Result<Option<Digest>, RegistryError> {
        match self.manifest(reference).await {
            Ok((digest, _)) => Ok(Some(digest)),
            Err(
                RegistryError::NotFound(_)
                | RegistryError::Unauthorized { .. }
                | RegistryError::Denied { .. },
            ) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends one blob as it is read. A chunk that fails ends the upload before the registry keeps anything of it.
    pub(crate) async fn push_blob(
        &self,
        reference: &Reference,
        digest: &Digest,
        chunks: impl Stream<Item = io::Result<Vec<u8>>> + Send + 'static,
    ) -> Result<(), RegistryError> {
        use futures_util::StreamExt as _;
        let attempt = self.log_in(reference, RegistryOperation::Push).await?;
        let chunks =
            chunks.map(|chunk| chunk.map(Into::into).map_err(OciDistributionError::IoError));
        let pushed = self
            .client
            .push_blob_stream(reference, chunks, digest.as_str(), None)
            .await;
        match pushed {
            Ok(_) => Ok(()),
            Err(OciDistributionError::IoError(error)) => Err(RegistryError::Sink(error)),
            Err(error) => Err(attempt.explain(error)),
        }
    }

    /// Sends a manifest of this media type, byte by byte as it is.
    pub(crate) async fn push_manifest(
        &self,
        reference: &Reference,
        manifest: &[u8],
        kind: &str,
    ) -> Result<(), RegistryError> {
        let attempt = self.log_in(reference, RegistryOperation::Push).await?;
        self.send_manifest(&attempt, reference, manifest, kind)
            .await
    }

    async fn send_manifest(
        &self,
        attempt: &Attempt,
        reference: &Reference,
        manifest: &[u8],
        kind: &str,
    ) -> Result<(), RegistryError> {
        let kind = kind
            .parse()
            .map_err(|_| attempt.strange(&format!("{kind:?} is no media type")))?;
        let pushed = self
            .client
            .push_manifest_raw(reference, manifest.to_vec(), kind)
            .await;
        pushed.map_err(|error| attempt.explain(error))?;
        Ok(())
    }
}
