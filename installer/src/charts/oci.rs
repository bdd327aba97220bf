//! Charts in a registry, as Helm pushes them.

use super::{CONFIG, Charts, ChartsError, LARGEST, LAYER, Repository, Wanted};
use crate::registry::reference::{self, Digest, Reference};
use crate::registry::{Blob, Descriptor, Manifest, Packed, Registry, RegistryError};

/// A chart of which the manifest is known.
struct Located {
    registry: Registry,
    reference: Reference,
    origin: String,
    digest: Digest,
    json: Vec<u8>,
    manifest: Manifest,
}

/// The archive alone, out of the cache when it is there.
pub(super) async fn archive(
    charts: &Charts,
    wanted: Wanted<'_>,
    base: &Repository,
) -> Result<(Vec<u8>, String), ChartsError> {
    let located = locate(charts, wanted, base).await?;
    let layer = layer(&located.manifest, &located.origin)?;
    let place = Digest::parse(&layer.digest).ok().zip(charts.cache.as_ref());
    let cached = place.as_ref().and_then(|(digest, cache)| cache.get(digest));
    if let Some(archive) = cached {
        return Ok((archive, located.origin));
    }
    let archive = located
        .registry
        .blob(&located.reference, layer, LARGEST)
        .await
        .map_err(|error| refused(wanted, error))?;
    if let Some((digest, cache)) = place {
        cache.put(&digest, &archive);
    }
    Ok((archive, located.origin))
}

/// Manifest and blobs as they are, for a bundle.
pub(super) async fn artifact(
    charts: &Charts,
    wanted: Wanted<'_>,
    base: &Repository,
) -> Result<Packed, ChartsError> {
    let located = locate(charts, wanted, base).await?;
    layer(&located.manifest, &located.origin)?;
    let mut blobs = Vec::new();
    for descriptor in located.manifest.blobs() {
        let registry = &located.registry;
        let blob = registry.blob(&located.reference, descriptor, LARGEST).await;
        blobs.push(Blob {
            descriptor: descriptor.clone(),
            data: blob.map_err(|error| refused(wanted, error))?,
        });
    }
    Ok(Packed {
        manifest: located.json,
        digest: located.digest,
        blobs,
    })
}

/// The tags of a chart.
pub(super) async fn versions(
    charts: &Charts,
    base: &Repository,
    name: &str,
) -> Result<Vec<String>, ChartsError> {
    let reference = reference::parse(&format!("{}/{name}", base.name))
        .map_err(|_| ChartsError::Name(name.to_owned()))?;
    let tags = charts.registry_of(base).tags(&reference).await;
    let tags = tags.map_err(|error| ChartsError::Registry {
        chart: format!("{name} of {base}"),
        error,
    })?;
    Ok(tags.iter().map(|tag| tag.replace('_', "+")).collect())
}

async fn locate(
    charts: &Charts,
    wanted: Wanted<'_>,
    base: &Repository,
) -> Result<Located, ChartsError> {
    let reference = reference::parse(&format!("{}/{}", base.name, wanted.tag()))
        .map_err(|_| ChartsError::Name(wanted.name.to_owned()))?;
    let registry = charts.registry_of(base);
    let pulled = registry.manifest(&reference).await;
    let (digest, json) = pulled.map_err(|error| refused(wanted, error))?;
    let origin = format!("oci://{reference} ({digest})");
    let manifest = serde_json::from_slice(&json).map_err(|error| ChartsError::Damaged {
        origin: origin.clone(),
        reason: format!("its manifest cannot be read: {error}"),
    })?;
    Ok(Located {
        registry,
        reference,
        origin,
        digest,
        json,
        manifest,
    })
}

fn layer<'a>(manifest: &'a Manifest, origin: &str) -> Result<&'a Descriptor, ChartsError> {
    let layer = manifest
        .layers
        .iter()
        .find(|layer| layer.media_type == LAYER);
    layer
        .filter(|_| manifest.config.media_type == CONFIG)
        .ok_or_else(|| ChartsError::Damaged {
            origin: origin.to_owned(),
            reason: format!(
                "it is an artifact of another kind, {}; `helm push` makes one with a layer {LAYER}",
                manifest.config.media_type
            ),
        })
}

fn refused(wanted: Wanted<'_>, error: RegistryError) -> ChartsError {
    if matches!(error, RegistryError::NotFound(_)) {
        return wanted.missing(format!(
            "check the version, and that the path ends where the names of charts begin: it was looked for at {}. A repository that you may not read can look like this too, and a log-in helps",
            wanted.tag()
        ));
    }
    ChartsError::Registry {
        chart: wanted.to_string(),
        error,
    }
}
