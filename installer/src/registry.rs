//! Registries: images and other artifacts, as bytes that were asked for by name and came as they should.
//!
//! Everything that comes back is checked against its digest and bounded in size before it is used. TLS is the default;
//! plain HTTP only when it was asked for. What a manifest is of (a plugin, a chart) is not known here.

mod attempt;
mod credentials;
mod error;
mod manifest;
mod push;
pub mod reference;

pub(crate) use attempt::causes;
pub use credentials::Credentials;
pub use error::RegistryError;
pub use manifest::{
    Blob, DOCKER_LIST, DOCKER_MANIFEST, Descriptor, Index, Manifest, OCI_INDEX, OCI_MANIFEST,
    Packed, is_list, media_type,
};

use crate::measure;
use attempt::Attempt;
use futures_util::StreamExt as _;
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::manifest::OciDescriptor;
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, RegistryOperation};
use reference::{Digest, Reference};
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// What a registry may send us as a manifest.
/// How many tags are asked for at once, and at how many we stop.
const PAGE: usize = 1000;
const MOST_TAGS: usize = 100_000;
const ACCEPTED: [&str; 4] = [OCI_MANIFEST, DOCKER_MANIFEST, OCI_INDEX, DOCKER_LIST];

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

    /// The same client, speaking plain HTTP.
    pub(crate) fn plain(&self) -> Self {
        if self.plain_http {
            return self.clone();
        }
        Self::new(self.credentials.clone(), true)
    }

    /// Whose credentials it uses.
    pub(crate) const fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Whether it speaks plain HTTP.
    pub(crate) const fn plain_http(&self) -> bool {
        self.plain_http
    }

    /// What a name stands for now: a manifest or a list of them, and its digest.
    ///
    /// # Errors
    /// When the registry does not say, or says it of something else.
    pub async fn manifest(
        &self,
        reference: &Reference,
    ) -> Result<(Digest, Vec<u8>), RegistryError> {
        let attempt = self.log_in(reference, RegistryOperation::Pull).await?;
        let pulled = self
            .client
            .pull_manifest_raw(reference, attempt.auth(), &ACCEPTED)
            .await;
        let (json, _) = pulled.map_err(|error| attempt.explain(error))?;
        if measure::length(&json) > manifest::LARGEST {
            return Err(attempt.too_large("manifest", manifest::LARGEST));
        }
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

    /// The tags of a repository.
    ///
    /// # Errors
    /// When the registry does not say.
    pub(crate) async fn tags(&self, reference: &Reference) -> Result<Vec<String>, RegistryError> {
        let attempt = self.log_in(reference, RegistryOperation::Pull).await?;
        let mut tags: Vec<String> = Vec::new();
        loop {
            let last = tags.last().map(String::as_str);
            let page = self
                .client
                .list_tags(reference, attempt.auth(), Some(PAGE), last)
                .await
                .map_err(|error| attempt.explain(error))?
                .tags;
            // A registry that does not count says all of them at once, and the same ones again.
            let is_last = page.len() < PAGE || page.iter().any(|tag| tags.contains(tag));
            tags.extend(page);
            if is_last || tags.len() > MOST_TAGS {
                tags.sort();
                tags.dedup();
                return Ok(tags);
            }
        }
    }

    /// A blob of at most `largest` bytes, checked against its digest.
    ///
    /// # Errors
    /// When it does not come whole, as it should, and in bounds.
    pub async fn blob(
        &self,
        reference: &Reference,
        layer: &Descriptor,
        largest: u64,
    ) -> Result<Vec<u8>, RegistryError> {
        let mut data = Vec::new();
        let keep = |chunk: &[u8]| {
            data.extend_from_slice(chunk);
            Ok(())
        };
        self.stream(reference, layer, largest, keep).await?;
        Ok(data)
    }

    /// The same, given to `sink` as it comes. What `sink` was given is good only when this ends well.
    ///
    /// # Errors
    /// As for `blob`, and when `sink` fails.
    pub async fn stream(
        &self,
        reference: &Reference,
        layer: &Descriptor,
        largest: u64,
        mut sink: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<(), RegistryError> {
        let attempt = self.log_in(reference, RegistryOperation::Pull).await?;
        let descriptor = OciDescriptor {
            digest: layer.digest.clone(),
            ..OciDescriptor::default()
        };
        let pulled = self.client.pull_blob_stream(reference, &descriptor).await;
        let mut stream = pulled.map_err(|error| attempt.explain(error))?;
        let mut hash = measure::Hash::default();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|error| attempt.broken(layer, &error))?;
            hash.update(&chunk);
            if hash.length() > largest {
                return Err(attempt.too_large("layer", largest));
            }
            sink(&chunk).map_err(RegistryError::Sink)?;
        }
        let found = hash.finish();
        if found == layer.digest {
            Ok(())
        } else {
            Err(attempt.changed(layer, found))
        }
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
}
