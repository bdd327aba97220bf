//! Making a bundle: first what every artifact is made of, then the content, straight from the registry into the file.

use super::write::Writer;
use super::{BundleError, DEPTH, Entry, Held, Holding, Index, Kind, chart_name, image_name};
use crate::charts::{Charts, Source};
use crate::failure::{Exit, Failure};
use crate::measure;
use crate::output::{Output, Style};
use crate::registry::reference::Reference;
use crate::registry::{self, Blob, Descriptor, Manifest, Packed, Registry, is_list, media_type};
use anyhow::Context as _;
use std::collections::BTreeSet;
use std::io::{BufWriter, Write};
use std::path::Path;

/// The charts of Istio that weft installs.
const CHARTS: [&str; 5] = ["base", "cni", "gateway", "istiod", "ztunnel"];

/// What goes into a bundle.
#[derive(Clone, Debug)]
pub struct Contents {
    /// Istio's charts of this version.
    pub istio: Option<String>,
    /// Where they are.
    pub charts: Source,
    /// Images of plugins.
    pub plugins: Vec<Reference>,
    /// Images of anything.
    pub images: Vec<Reference>,
}

/// An artifact of which the manifests are known.
#[derive(Debug)]
struct Gathered {
    entry: Entry,
    manifests: Vec<(Descriptor, Vec<u8>)>,
    blobs: Vec<Descriptor>,
    supply: Supply,
}

/// Where its content is.
#[derive(Debug)]
enum Supply {
    Memory(Vec<Blob>),
    Registry(Reference),
}

/// Makes a bundle, or with no `file` only says what would be in it.
///
/// # Errors
/// When something is not there or cannot be written; then the file is what it was before.
pub async fn create(
    contents: &Contents,
    charts: &Charts,
    registry: &Registry,
    file: Option<&Path>,
    output: &Output,
) -> Result<Holding, Failure> {
    let mut gathered = Vec::new();
    for name in contents.istio.iter().flat_map(|_| CHARTS) {
        gathered.push(chart(contents, charts, name).await?);
    }
    for reference in &contents.plugins {
        // An image of something else would be found out by a proxy, at a site that cannot get another.
        registry.pull_module(reference).await?;
        gathered.push(image(registry, Kind::Plugin, reference).await?);
    }
    for reference in &contents.images {
        gathered.push(image(registry, Kind::Image, reference).await?);
    }
    let gathered = sorted(gathered)?;
    let digest = match file {
        Some(file) => Some(write(&gathered, registry, file, output).await?),
        None => None,
    };
    Ok(Holding {
        file: file.map(|file| file.display().to_string()),
        digest,
        size: total(gathered.iter().flat_map(Gathered::all)),
        artifacts: gathered.iter().map(Gathered::held).collect(),
    })
}

async fn chart(contents: &Contents, charts: &Charts, name: &str) -> Result<Gathered, Failure> {
    let version = contents.istio.as_deref().unwrap_or_default();
    let artifact = charts.artifact(&contents.charts, name, version).await?;
    let Packed {
        manifest,
        digest,
        blobs,
    } = artifact;
    let descriptor = Descriptor {
        media_type: registry::OCI_MANIFEST.to_owned(),
        digest: digest.to_string(),
        size: measure::length(&manifest),
    };
    Ok(Gathered {
        entry: Entry {
            kind: Kind::Chart,
            name: chart_name(name, version),
            manifest: descriptor.clone(),
        },
        manifests: vec![(descriptor, manifest)],
        blobs: blobs.iter().map(|blob| blob.descriptor.clone()).collect(),
        supply: Supply::Memory(blobs),
    })
}

/// The manifests of an image. Of a list, those of all platforms, since the digest of the list names them all.
async fn image(
    registry: &Registry,
    kind: Kind,
    reference: &Reference,
) -> Result<Gathered, Failure> {
    let (digest, json) = registry.manifest(reference).await?;
    let top = describe(reference, &digest.to_string(), &json)?;
    let mut manifests = vec![(top.clone(), json)];
    let mut blobs = Vec::new();
    let mut level = manifests.clone();
    for _ in 0..=DEPTH {
        let mut next = Vec::new();
        for (_, json) in level {
            if !is_list(&json) {
                blobs.extend(parse::<Manifest>(reference, &json)?.blobs().cloned());
                continue;
            }
            for one in parse::<registry::Index>(reference, &json)?.manifests {
                let child = reference.clone_with_digest(one.digest.clone());
                next.push((one, registry.manifest(&child).await?.1));
            }
        }
        manifests.extend(next.iter().cloned());
        level = next;
    }
    if !level.is_empty() {
        return Err(odd(reference, "its lists of images lie too deep"));
    }
    // What a list names must be there before the list.
    manifests.reverse();
    Ok(Gathered {
        entry: Entry {
            kind,
            name: image_name(reference),
            manifest: top,
        },
        manifests,
        blobs,
        supply: Supply::Registry(reference.clone()),
    })
}

fn describe(reference: &Reference, digest: &str, json: &[u8]) -> Result<Descriptor, Failure> {
    let kind = media_type(json).ok_or_else(|| odd(reference, "its manifest is none"))?;
    Ok(Descriptor {
        media_type: kind,
        digest: digest.to_owned(),
        size: measure::length(json),
    })
}

fn parse<'a, T: serde::Deserialize<'a>>(
    reference: &Reference,
    json: &'a [u8],
) -> Result<T, Failure> {
    serde_json::from_slice(json)
        .map_err(|error| odd(reference, &format!("its manifest cannot be read: {error}")))
}

fn odd(reference: &Reference, reason: &str) -> Failure {
    Failure::text(
        Exit::BadInput,
        format!("{reference} cannot be put into a bundle: {reason}"),
    )
}

/// By kind and name, so that the order of flags does not matter. The same thing twice is there once.
fn sorted(mut gathered: Vec<Gathered>) -> Result<Vec<Gathered>, BundleError> {
    gathered.sort_by(|one, other| {
        let key = |gathered: &Gathered| (gathered.entry.kind, gathered.entry.name.clone());
        key(one).cmp(&key(other))
    });
    gathered.dedup_by(|one, other| one.entry == other.entry);
    super::push::places("registry.example", gathered.iter().map(|one| &one.entry))?;
    Ok(gathered)
}

async fn write(
    gathered: &[Gathered],
    registry: &Registry,
    file: &Path,
    output: &Output,
) -> Result<String, Failure> {
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let unwritten = || format!("cannot write {}", file.display());
    // Beside its final place, so that it appears there whole or not at all.
    let temporary = tempfile::NamedTempFile::new_in(folder).with_context(unwritten)?;
    let mut writer = Writer::new(BufWriter::new(temporary)).with_context(unwritten)?;
    for one in gathered {
        let size = measure::size(total(one.all()));
        output.mark(Style::Bold, "adding", format!("{}, {size}", one.entry.name));
        add(&mut writer, one, registry).await?;
    }
    let index = Index {
        entries: gathered.iter().map(|one| one.entry.clone()).collect(),
    };
    let (digest, out) = writer.finish(&index).with_context(unwritten)?;
    let temporary = out
        .into_inner()
        .map_err(std::io::IntoInnerError::into_error)
        .with_context(unwritten)?;
    temporary.as_file().sync_all().with_context(unwritten)?;
    readable(temporary.as_file()).with_context(unwritten)?;
    temporary
        .persist(file)
        .map_err(|error| error.error)
        .with_context(unwritten)?;
    Ok(digest)
}

/// Temporary files are their owner's alone; a bundle is made to be passed on.
fn readable(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

async fn add<W: Write>(
    writer: &mut Writer<W>,
    one: &Gathered,
    registry: &Registry,
) -> Result<(), Failure> {
    match &one.supply {
        Supply::Memory(blobs) => {
            for blob in blobs {
                writer.blob(&blob.descriptor, &blob.data)?;
            }
        }
        Supply::Registry(reference) => {
            for blob in &one.blobs {
                if !writer.has(blob) {
                    copy(writer, blob, registry, reference).await?;
                }
            }
        }
    }
    for (descriptor, json) in &one.manifests {
        writer.blob(descriptor, json)?;
    }
    Ok(())
}

/// One blob, from the registry into the file, a piece at a time.
async fn copy<W: Write>(
    writer: &mut Writer<W>,
    blob: &Descriptor,
    registry: &Registry,
    reference: &Reference,
) -> Result<(), Failure> {
    writer.begin(blob)?;
    let mut came = 0_u64;
    let sink = |piece: &[u8]| {
        came = came.saturating_add(measure::length(piece));
        writer.piece(piece)
    };
    registry.stream(reference, blob, blob.size, sink).await?;
    Ok(writer.end(blob, came)?)
}

impl Gathered {
    fn all(&self) -> impl Iterator<Item = &Descriptor> {
        let manifests = self.manifests.iter().map(|(descriptor, _)| descriptor);
        manifests.chain(&self.blobs)
    }

    fn held(&self) -> Held {
        Held {
            kind: self.entry.kind,
            name: self.entry.name.clone(),
            digest: self.entry.manifest.digest.clone(),
            size: total(self.all()),
        }
    }
}

/// The size of blobs together; one that is named twice counts once.
pub(super) fn total<'a>(blobs: impl Iterator<Item = &'a Descriptor>) -> u64 {
    let mut seen = BTreeSet::new();
    blobs
        .filter(|blob| seen.insert(blob.digest.as_str()))
        .fold(0, |sum, blob| sum.saturating_add(blob.size))
}
