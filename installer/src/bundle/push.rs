//! Pushing what is in a bundle, with the digests that it has.

use super::read::Tree;
use super::{Bundle, BundleError, Entry, Kind, Pushed, Sent, State};
use crate::charts::Repository;
use crate::failure::Failure;
use crate::output::{Output, Style};
use crate::registry::reference::{self, Digest, Reference, ReferenceError, pinned};
use crate::registry::{Descriptor, Registry, RegistryError};
use futures_util::stream;
use std::collections::BTreeMap;

/// A registry and what names in it begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination(String);

/// One artifact and where it goes.
#[derive(Debug)]
struct Step<'a> {
    entry: &'a Entry,
    place: Reference,
    state: State,
}

impl Destination {
    /// Reads `REGISTRY/PREFIX`, with or without `oci://`.
    ///
    /// # Errors
    /// When no name of an image can begin with it.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        let base = text
            .strip_prefix("oci://")
            .unwrap_or(text)
            .trim_end_matches('/');
        let invalid = |reason: &str| ReferenceError::Destination {
            text: text.to_owned(),
            reason: reason.to_owned(),
        };
        let (host, path) = base.split_once('/').unwrap_or((base, ""));
        if path.contains([':', '@']) {
            return Err(invalid("the tags are those in the bundle: leave it away"));
        }
        // A first part that is no host would quietly mean Docker Hub.
        let is_host = host.contains(['.', ':']) || host == "localhost";
        if !is_host || reference::parse(&format!("{base}/x:1")).is_err() {
            return Err(invalid("it does not begin with the name of a registry"));
        }
        Ok(Self(base.to_owned()))
    }
}

/// Pushes everything in a bundle; `dry_run` only looks what would be sent.
///
/// # Errors
/// When two things would get one name, when the bundle is damaged, or the registry does not take something.
pub async fn push(
    bundle: &Bundle,
    destination: &Destination,
    registry: &Registry,
    dry_run: bool,
    output: &Output,
) -> Result<Pushed, Failure> {
    let places = places(&destination.0, bundle.entries().iter())?;
    let mut steps = Vec::new();
    for (entry, place) in bundle.entries().iter().zip(places) {
        let digest = bundle.digest(&entry.manifest)?;
        let state = State::of(registry.held(&place).await?, &digest);
        steps.push(Step {
            entry,
            place,
            state,
        });
    }
    if !dry_run {
        send(bundle, &steps, registry, output).await?;
    }
    // As a mesh file names it.
    let source = Repository {
        name: format!("{}/charts", destination.0),
        plain_http: registry.plain_http(),
    };
    let has_charts = steps.iter().any(|step| step.entry.kind == Kind::Chart);
    let artifacts = steps.iter().map(|step| step.sent(bundle, dry_run));
    Ok(Pushed {
        charts: has_charts.then(|| source.to_string()),
        artifacts: artifacts.collect::<Result<_, BundleError>>()?,
    })
}

/// Where each goes: what follows the registry in its name stays, so that hubs and folders stay too.
pub(super) fn places<'a>(
    base: &str,
    entries: impl Iterator<Item = &'a Entry>,
) -> Result<Vec<Reference>, BundleError> {
    let mut taken: BTreeMap<String, &Entry> = BTreeMap::new();
    let mut places = Vec::new();
    for entry in entries {
        let place = place(base, entry)?;
        let other = taken.insert(place.to_string(), entry);
        if let Some(other) = other.filter(|other| other.manifest.digest != entry.manifest.digest) {
            return Err(BundleError::Clash {
                one: other.name.clone(),
                other: entry.name.clone(),
                name: place.to_string(),
            });
        }
        places.push(place);
    }
    Ok(places)
}

fn place(base: &str, entry: &Entry) -> Result<Reference, BundleError> {
    let name = match entry.kind {
        Kind::Chart => Ok(format!("{base}/{}", entry.name)),
        Kind::Plugin | Kind::Image => reference::parse(&entry.name).map(|name| {
            let end = match (name.digest(), name.tag()) {
                (Some(digest), None) => format!("@{digest}"),
                (_, tag) => format!(":{}", tag.unwrap_or("latest")),
            };
            format!("{base}/{}{end}", name.repository())
        }),
    };
    name.and_then(|name| reference::parse(&name))
        .map_err(|error| BundleError::Name {
            name: entry.name.clone(),
            prefix: base.to_owned(),
            reason: error.to_string(),
        })
}

async fn send(
    bundle: &Bundle,
    steps: &[Step<'_>],
    registry: &Registry,
    output: &Output,
) -> Result<(), Failure> {
    for (count, step) in steps.iter().enumerate() {
        if step.state == State::There {
            continue;
        }
        output.mark(Style::Bold, "pushing", &step.place);
        let tree = bundle.tree(step.entry)?;
        artifact(bundle, &tree, &step.place, registry)
            .await
            .map_err(|failure| {
                failure.context(format!(
                    "{count} of {} are pushed; the same command goes on from there",
                    steps.len()
                ))
            })?;
    }
    Ok(())
}

/// Blobs, then the manifests that name them.
async fn artifact(
    bundle: &Bundle,
    tree: &Tree,
    place: &Reference,
    registry: &Registry,
) -> Result<(), Failure> {
    for blob in &tree.blobs {
        if !registry.has_blob(place, &blob.digest).await {
            send_blob(bundle, blob, place, registry).await?;
        }
    }
    let last = tree.manifests.len().saturating_sub(1);
    for (at, (descriptor, json)) in tree.manifests.iter().enumerate() {
        let name = if at == last && place.digest().is_none() {
            place.clone()
        } else {
            by_digest(place, &descriptor.digest)
        };
        registry
            .push_manifest(&name, json, &descriptor.media_type)
            .await?;
    }
    Ok(())
}

async fn send_blob(
    bundle: &Bundle,
    blob: &Descriptor,
    place: &Reference,
    registry: &Registry,
) -> Result<(), Failure> {
    let digest = bundle.digest(blob)?;
    let pieces = stream::iter(bundle.pieces(blob)?);
    match registry.push_blob(place, &digest, pieces).await {
        // What ended early is our file, which has better words for it.
        Err(RegistryError::Sink(error)) => Err(bundle.broken(error).into()),
        pushed => Ok(pushed?),
    }
}

/// As a tag, since the client library expects one at the end of an address when a registry answers briefly.
fn by_digest(place: &Reference, digest: &str) -> Reference {
    Reference::with_tag(
        place.registry().to_owned(),
        place.repository().to_owned(),
        digest.to_owned(),
    )
}

impl Step<'_> {
    fn sent(&self, bundle: &Bundle, dry_run: bool) -> Result<Sent, BundleError> {
        let digest: Digest = bundle.digest(&self.entry.manifest)?;
        Ok(Sent {
            kind: self.entry.kind,
            name: self.entry.name.clone(),
            reference: match self.entry.kind {
                Kind::Chart => format!("oci://{}", self.place),
                Kind::Plugin => pinned(&self.place, &digest),
                Kind::Image => self.place.to_string(),
            },
            digest,
            state: self.state,
            dry_run,
        })
    }
}

impl State {
    fn of(held: Option<Digest>, wanted: &Digest) -> Self {
        match held {
            None => Self::New,
            Some(held) if held == *wanted => Self::There,
            Some(_) => Self::Moved,
        }
    }
}

#[cfg(test)]
mod tests;
