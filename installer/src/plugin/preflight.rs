//! Everything that can be known to be wrong before anything is written.
//!
//! The moment a `WasmPlugin` with a missing image is written, every proxy that it concerns denies every request, and one
//! whose configuration is refused may answer 500 to all. So the image is resolved and pulled here first, from the same
//! registry, and its own code is asked whether it takes the configuration.

use super::check::{self, Refused};
use super::desired::Desired;
use super::secret::host_of;
use crate::failure::Failure;
use crate::registry::Registry;
use crate::registry::reference::{self, Reference, ReferenceError};

/// An image that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resolved {
    /// `oci://REPOSITORY@sha256:…`.
    pub(crate) url: String,
    /// The registry, as Istio's agent looks it up in a Secret.
    pub(crate) registry: String,
}

impl Resolved {
    fn of(reference: &Reference, url: String) -> Self {
        Self {
            url,
            registry: host_of(reference.registry()),
        }
    }

    /// Of an image that is pinned already.
    pub(crate) fn of_pinned(url: &str) -> Result<Self, ReferenceError> {
        Ok(Self::of(&reference::parse(url)?, url.to_owned()))
    }

    /// Of a wish, asking the registry only when its image has no digest.
    pub(crate) async fn of_wish(desired: &Desired, registry: &Registry) -> Result<Self, Failure> {
        let reference = reference::parse(&desired.image)?;
        let digest = match reference.digest() {
            Some(digest) => reference::Digest::parse(digest)?,
            None => registry.resolve(&reference).await?,
        };
        Ok(Self::of(&reference, reference::pinned(&reference, &digest)))
    }

    /// Of a wish, having pulled the image and asked the plugin about the configuration.
    pub(crate) async fn checked(desired: &Desired, registry: &Registry) -> Result<Self, Failure> {
        let reference = reference::parse(&desired.image)?;
        let pulled = registry.pull(&reference).await?;
        let configuration = desired.spec.configuration();
        check::check(&pulled.code, &configuration).map_err(|refused: Refused| {
            let text = format!(
                "nothing was written: {} does not take this configuration",
                desired.image
            );
            Failure::from(refused).context(text)
        })?;
        Ok(Self::of(
            &reference,
            reference::pinned(&reference, &pulled.image.digest),
        ))
    }
}
