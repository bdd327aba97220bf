//! Bundles that are whole, and bundles that are not.

use super::*;
use crate::bundle::write::Writer;
use crate::bundle::{Holding, Index};
use crate::failure::Exit;
use crate::registry::OCI_MANIFEST;
use proptest::prelude::*;
use std::io::Cursor;

/// A bundle with the chart istiod 1.31.0.
pub(in crate::bundle) fn bundle() -> Vec<u8> {
    let blobs = [Blob::new("c", b"{}".to_vec()), Blob::new("l", vec![7; 700])];
    let manifest = Manifest {
        schema_version: 2,
        media_type: OCI_MANIFEST.to_owned(),
        config: blobs[0].descriptor.clone(),
        layers: vec![blobs[1].descriptor.clone()],
        annotations: std::collections::BTreeMap::default(),
    };
    let manifest = Blob::new(OCI_MANIFEST, serde_json::to_vec(&manifest).unwrap());
    let mut writer = Writer::new(Vec::new()).unwrap();
    for blob in blobs.iter().chain([&manifest, &manifest]) {
        writer.blob(&blob.descriptor, &blob.data).unwrap();
    }
    let entry = Entry {
        kind: Kind::Chart,
        name: chart_name("istiod", "1.31.0"),
        manifest: manifest.descriptor,
    };
    let index = Index {
        entries: vec![entry],
    };
    writer.finish(&index).unwrap().1
}

fn opened(bytes: &[u8]) -> Result<Bundle, BundleError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mesh.tar");
    std::fs::write(&path, bytes).unwrap();
    Bundle::open(&path)
}

/// As `inspect` reads it: all of it.
fn inspected(bytes: &[u8]) -> Result<Holding, BundleError> {
    Holding::of(&opened(bytes)?)
}

#[test]
fn what_is_written_is_read_again() {
    let bundle = opened(&bundle()).unwrap();
    let chart = bundle.chart("istiod", "1.31.0").unwrap();
    assert_eq!(Digest::of(&chart.manifest), chart.digest);
    let sizes: Vec<_> = chart.blobs.iter().map(|blob| blob.data.len()).collect();
    assert_eq!(sizes, [2, 700]);
    let holding = Holding::of(&bundle).unwrap();
    assert_eq!(holding.artifacts[0].digest, chart.digest.as_str());
    assert_eq!(holding.size, chart.size());
    let error = bundle.chart("istiod", "1.30.0").unwrap_err();
    assert!(
        error.to_string().contains("it has charts/istiod:1.31.0"),
        "{error}"
    );
    assert_eq!(error.exit(), Exit::Failure);
}

#[test]
fn the_same_content_gives_the_same_file() {
    assert_eq!(bundle(), bundle());
    assert_eq!(measure::digest(&bundle()), PINNED);
}

/// Of any machine and any year: it changes only together with the layout of a bundle.
const PINNED: &str = "sha256:722e0cfa4e4994593d52e7a715b2afdb4b343123eb9c840ee12b32d5722f3ace";

/// Wherever a copy broke off.
#[test]
fn a_bundle_that_is_cut_off_is_refused() {
    let whole = bundle();
    // The end of an archive is two empty blocks and what fills the last one before them, which say nothing.
    for length in (0..whole.len() - 1536).step_by(100) {
        let error = inspected(&whole[..length]).unwrap_err();
        assert_eq!(error.exit(), Exit::BadInput, "{length}: {error}");
    }
}

#[test]
fn files_that_are_no_bundle_say_why() {
    let mut header = tar::Header::new_ustar();
    header.set_path("oci-layout").unwrap();
    header.set_size(0);
    let mut evil = header.clone();
    evil.as_old_mut().name[..9].copy_from_slice(b"../escape");
    evil.set_cksum();
    let mut link = header.clone();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_link_name("/etc/passwd").unwrap();
    link.set_cksum();
    header.set_path("index.json").unwrap();
    header.set_cksum();
    let cases: [(&[u8], &str); 5] = [
        (b"", "no OCI image layout"),
        (b"plain text that is no archive", "no tar archive"),
        (evil.as_bytes(), "leads out of it"),
        (link.as_bytes(), "neither a file nor a folder"),
        (header.as_bytes(), "index.json cannot be read"),
    ];
    for (bytes, words) in cases {
        let error = opened(bytes).unwrap_err();
        assert!(error.to_string().contains(words), "{words}: {error}");
        assert_eq!(error.exit(), Exit::BadInput);
    }
    let error = Bundle::open(Path::new("/nowhere/mesh.tar")).unwrap_err();
    assert!(error.to_string().contains("/nowhere/mesh.tar"), "{error}");
}

proptest! {
    /// Content is never handed out changed, wherever the change is.
    #[test]
    fn a_changed_byte_is_found_or_does_not_matter(at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let whole = bundle();
        let mut changed = whole.clone();
        changed[at.index(whole.len())] ^= 1 << bit;
        let chart = |bytes: &[u8]| opened(bytes)?.chart("istiod", "1.31.0");
        if let Ok(found) = chart(&changed) {
            prop_assert_eq!(found, chart(&whole).unwrap());
        }
    }

    #[test]
    fn nothing_breaks_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        drop(Table::read(Cursor::new(&bytes), measure::length(&bytes)));
    }
}
