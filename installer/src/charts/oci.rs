//! Charts in a registry, as Helm pushes them.

use super::{CONFIG, Charts, ChartsError, LARGEST, LAYER, Source, Wanted};
use crate::registry::reference::{self, Digest, Reference};
use crate::registry::{Blob, Descriptor, Manifest, Packed, RegistryError};

/// The archive alone, out of the cache when it is there.
pub(super) async fn archive(
    charts: &Charts,
    wanted: Wanted<'_>,
) -> Result<(Vec<u8>, String), ChartsError> {
    let reference = name(wanted)?;
    let (digest, manifest) = manifest(charts, wanted, &reference).await?;
    let origin = format!("oci://{reference} ({digest})");
    let layer = layer(&manifest, &origin)?;
    let kept = Digest::parse(&layer.digest).ok();
    let cached = kept
        .as_ref()
        .zip(charts.cache.as_ref())
        .and_then(|(digest, cache)| cache.get(digest));
    if let Some(archive) = cached {
        return Ok((archive, origin));
    }
    let archive = charts
        .registry
        .blob(&reference, layer, LARGEST)
        .await
        .map_err(|error| refused(wanted, error))?;
    if let (Some(digest), Some(cache)) = (kept, &charts.cache) {
        cache.put(&digest, &archive);
    }
    Ok((archive, origin))
}

/// Manifest and blobs as they are, for a bundle.
pub(super) async fn artifact(charts: &Charts, wanted: Wanted<'_>) -> Result<Packed, ChartsError> {
    let reference = name(wanted)?;
    let pulled = charts.registry.manifest(&reference).await;
    let (digest, json) = pulled.map_err(|error| refused(wanted, error))?;
    let origin = format!("oci://{reference} ({digest})");
    let manifest = parse(&json, &origin)?;
    layer(&manifest, &origin)?;
    let mut blobs = Vec::new();
    for descriptor in manifest.blobs() {
        let blob = charts.registry.blob(&reference, descriptor, LARGEST).await;
        blobs.push(Blob {
            descriptor: descriptor.clone(),
            data: blob.map_err(|error| refused(wanted, error))?,
        });
    }
    Ok(Packed {
        manifest: json,
        digest,
        blobs,
    })
}

fn name(wanted: Wanted<'_>) -> Result<Reference, ChartsError> {
    let base = match wanted.source {
        Source::Oci(base) => base.clone(),
        Source::Http(_) | Source::Local(_) => wanted.source.to_string(),
    };
    reference::parse(&format!("{base}/{}", wanted.tag()))
        .map_err(|_| ChartsError::Name(wanted.name.to_owned()))
}

async fn manifest(
    charts: &Charts,
    wanted: Wanted<'_>,
    reference: &Reference,
) -> Result<(Digest, Manifest), ChartsError> {
    let pulled = charts.registry.manifest(reference).await;
    let (digest, json) = pulled.map_err(|error| refused(wanted, error))?;
    let manifest = parse(&json, &format!("oci://{reference}"))?;
    Ok((digest, manifest))
}

fn parse(json: &[u8], origin: &str) -> Result<Manifest, ChartsError> {
    serde_json::from_slice(json).map_err(|error| ChartsError::Damaged {
        origin: origin.to_owned(),
        reason: format!("its manifest cannot be read: {error}"),
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
