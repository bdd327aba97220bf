//! Packing: the same files give the same archive, and the same archive gives the same artifact, to the last bit.

use super::{CONFIG, ChartsError, FetchedChart, LAYER, describe};
use crate::measure;
use crate::registry::reference::Digest;
use crate::registry::{Blob, Manifest, OCI_MANIFEST, Packed};
use std::collections::BTreeMap;
use std::io;

/// An archive of files below one folder. They are sorted, and have neither owners nor times.
pub(super) fn archive(folder: &str, files: &BTreeMap<String, Vec<u8>>) -> io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, data) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(measure::length(data));
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        tar.append_data(&mut header, format!("{folder}/{path}"), data.as_slice())?;
    }
    measure::gzip(&tar.into_inner()?)
}

/// The artifact that Helm would push, but for the time of the push that Helm writes into it.
pub(super) fn artifact(chart: &FetchedChart) -> Result<Packed, String> {
    let about = describe(&chart.archive)?;
    let config = serde_json::to_vec(&about.fields).map_err(|error| error.to_string())?;
    let blobs = [
        Blob::new(CONFIG, config),
        Blob::new(LAYER, chart.archive.clone()),
    ];
    let [config, layer] = &blobs;
    let annotations = [("title", &about.name), ("version", &about.version)];
    let manifest = Manifest {
        schema_version: 2,
        media_type: OCI_MANIFEST.to_owned(),
        config: config.descriptor.clone(),
        layers: vec![layer.descriptor.clone()],
        annotations: annotations
            .into_iter()
            .map(|(key, value)| (format!("org.opencontainers.image.{key}"), value.clone()))
            .collect(),
    };
    let manifest = serde_json::to_vec(&manifest).map_err(|error| error.to_string())?;
    Ok(Packed {
        digest: Digest::of(&manifest),
        manifest,
        blobs: blobs.into(),
    })
}

/// The chart in an artifact.
pub(super) fn archive_of<'a>(artifact: &'a Packed, origin: &str) -> Result<&'a [u8], ChartsError> {
    let mut blobs = artifact.blobs.iter();
    let layer = blobs.find(|blob| blob.descriptor.media_type == LAYER);
    layer
        .map(|layer| layer.data.as_slice())
        .ok_or_else(|| ChartsError::Damaged {
            origin: origin.to_owned(),
            reason: format!("it has no layer {LAYER}"),
        })
}
