//! Packing: the same module gives the same image, to the last bit.

use super::{FILE, METADATA, OCI_CONFIG, OCI_LAYER};
use crate::failure::Failure;
use crate::measure;
use crate::plugin::metadata::Metadata;
use crate::registry::reference::Digest;
use crate::registry::{Blob, Manifest, OCI_MANIFEST, Packed};
use anyhow::Context as _;
use serde_json::json;
use std::collections::BTreeMap;

/// Packs a module and its metadata.
///
/// # Errors
/// Never for what memory can hold; the writers' types say they could.
pub fn pack(module: &[u8], metadata: &Metadata) -> Result<Packed, Failure> {
    let words = serde_json::to_vec(metadata).context("cannot write the metadata as JSON")?;
    let tar = tar(module).context("cannot put the module into a tar")?;
    let diffs = [measure::digest(&words), measure::digest(&tar)];
    let zipped = measure::gzip(&tar).context("cannot compress the module")?;
    let config = config(&diffs)?;
    let blobs = [(OCI_CONFIG, config), (METADATA, words), (OCI_LAYER, zipped)]
        .map(|(kind, data)| Blob::new(kind, data));
    let [config, layers @ ..] = &blobs;
    let manifest = Manifest {
        schema_version: 2,
        media_type: OCI_MANIFEST.to_owned(),
        config: config.descriptor.clone(),
        layers: layers
            .iter()
            .map(|layer| layer.descriptor.clone())
            .collect(),
        annotations: annotations(metadata),
    };
    let manifest = serde_json::to_vec(&manifest).context("cannot write the manifest as JSON")?;
    Ok(Packed {
        digest: Digest::of(&manifest),
        manifest,
        blobs: blobs.into(),
    })
}

/// A configuration that Docker, containerd and skopeo accept. The platform is the one that Istio asks for; it says
/// nothing about the module, which runs anywhere.
fn config(diffs: &[String]) -> Result<Vec<u8>, Failure> {
    let config = json!({
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": diffs},
    });
    Ok(serde_json::to_vec(&config).context("cannot write the image's configuration as JSON")?)
}

fn annotations(metadata: &Metadata) -> BTreeMap<String, String> {
    let words = [
        ("title", &metadata.name),
        ("version", &metadata.version),
        ("description", &metadata.description),
    ];
    words
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (format!("org.opencontainers.image.{key}"), value.clone()))
        .collect()
}

/// One file without an owner and without a time.
fn tar(module: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut header = tar::Header::new_ustar();
    header.set_path(FILE)?;
    header.set_size(measure::length(module));
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_cksum();
    let mut tar = tar::Builder::new(Vec::new());
    tar.append(&header, module)?;
    tar.into_inner()
}
