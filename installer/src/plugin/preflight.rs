//! Everything that can be known to be wrong before anything is written.
//!
//! The moment a `WasmPlugin` with a missing image is written, every proxy that it concerns denies every request, and one
//! whose configuration is refused may answer 500 to all. So the image is resolved and pulled here first, from the same
//! registry, and its own code is asked whether it takes the configuration.

use super::check::{self, Refused};
use super::desired::Desired;
use super::metadata::Phase;
use super::secret::host_of;
use crate::failure::Failure;
use crate::registry::Registry;
use crate::registry::reference::{self, Digest, Reference};

/// An image that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resolved {
    /// `oci://REPOSITORY@sha256:…`.
    pub(crate) url: String,
    /// The registry, as Istio's agent looks it up in a Secret.
    pub(crate) registry: String,
    /// Where in the chain of filters the plugin asks to be, if it does and was asked.
    phase: Phase,
}

impl Resolved {
    fn of(reference: &Reference, url: String, phase: Phase) -> Self {
        Self {
            url,
            registry: host_of(reference.registry()),
            phase,
        }
    }

    /// Puts the plugin where it asks to be, unless the operator said where. Gives the phase if that was done.
    pub(crate) fn place(&self, desired: &mut Desired) -> Option<Phase> {
        if desired.spec.phase.is_some() || self.phase == Phase::Unspecified {
            return None;
        }
        desired.spec.phase = Some(self.phase.as_str().to_owned());
        Some(self.phase)
    }

    /// Of an earlier version, which ran everywhere, so that an image that cannot be pulled from here is no reason not to go
    /// back: proxies may have it. Then the text says why.
    pub(crate) async fn of_earlier(
        desired: &Desired,
        registry: &Registry,
    ) -> Result<(Self, Option<String>), Failure> {
        let url = &desired.spec.url;
        let reference = reference::parse(url)?;
        let resolved = Self::of(&reference, url.clone(), Phase::Unspecified);
        let code = match registry.pull_module(&reference).await {
            Ok(code) => code,
            Err(error) => {
                let text = format!(
                    "{} cannot be pulled from here, so nobody has checked that the proxies can: {}",
                    desired.image,
                    Failure::from(error)
                );
                return Ok((resolved, Some(text)));
            }
        };
        takes(desired, &code)?;
        Ok((resolved, None))
    }

    /// Of a wish, asking the registry only for a digest and a phase that the wish does not have.
    pub(crate) async fn of_wish(desired: &Desired, registry: &Registry) -> Result<Self, Failure> {
        let reference = reference::parse(&desired.image)?;
        let digest = match reference.digest() {
            Some(digest) => Digest::parse(digest)?,
            None => registry.resolve(&reference).await?,
        };
        let phase = if desired.spec.phase.is_some() {
            Phase::Unspecified
        } else {
            let exactly = reference.clone_with_digest(digest.to_string());
            registry.fetch_metadata(&exactly).await?.phase
        };
        let url = reference::pinned(&reference, &digest);
        Ok(Self::of(&reference, url, phase))
    }

    /// Of a wish, having pulled the image and asked the plugin about the configuration.
    pub(crate) async fn checked(desired: &Desired, registry: &Registry) -> Result<Self, Failure> {
        let reference = reference::parse(&desired.image)?;
        let pulled = registry.pull(&reference).await?;
        takes(desired, &pulled.code)?;
        Ok(Self::of(
            &reference,
            reference::pinned(&reference, &pulled.image.digest),
            pulled.metadata.phase,
        ))
    }
}

/// Asks the plugin's own code whether it takes the configuration.
fn takes(desired: &Desired, code: &[u8]) -> Result<(), Failure> {
    check::check(code, &desired.spec.configuration()).map_err(|refused: Refused| {
        let text = format!(
            "nothing was written: {} does not take this configuration",
            desired.image
        );
        Failure::from(refused).context(text)
    })
}

#[cfg(test)]
mod tests;
