//! Images in memory: what goes in comes out, the same every time, and what is hostile stays out.

use super::*;
use crate::measure;
use crate::plugin::metadata::{Metadata, Phase};
use crate::registry::{DOCKER_MANIFEST, Descriptor, Manifest, OCI_MANIFEST};

fn metadata() -> Metadata {
    Metadata {
        name: "tiny".into(),
        version: "1.2.3".into(),
        description: "Does little".into(),
        abi: "0.2.1".into(),
        phase: Phase::Authn,
        callbacks: vec!["on_tick".into()],
        schema: Some(serde_json::json!({"type": "object"})),
    }
}

fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, data) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(measure::length(data));
        header.set_mode(0o644);
        tar.append_data(&mut header, path, *data).unwrap();
    }
    tar.into_inner().unwrap()
}

fn layer(kind: &str) -> Descriptor {
    Descriptor {
        media_type: kind.into(),
        digest: format!("sha256:{kind}"),
        size: 1,
    }
}

fn manifest(kind: &str, layers: &[&str]) -> Manifest {
    Manifest {
        schema_version: 2,
        media_type: kind.into(),
        config: layer("config"),
        layers: layers.iter().map(|kind| layer(kind)).collect(),
        annotations: std::collections::BTreeMap::default(),
    }
}

#[test]
fn what_is_packed_comes_out_again() {
    let packed = pack(b"\0asm-module", &metadata()).unwrap();
    let manifest = parse(&packed.manifest).unwrap();
    let contents = manifest.contents().unwrap();
    let blob = |wanted: &Descriptor| {
        packed
            .blobs
            .iter()
            .find(|blob| blob.descriptor == *wanted)
            .unwrap()
            .data
            .clone()
    };
    assert_eq!(contents.layout, Layout::Compat);
    assert_eq!(
        unpack(contents.layout, &blob(&contents.code)).unwrap(),
        b"\0asm-module"
    );
    let words: Metadata = serde_json::from_slice(&blob(&contents.metadata.unwrap())).unwrap();
    assert_eq!(words, metadata());
    assert_eq!(
        manifest.annotations["org.opencontainers.image.title"],
        "tiny"
    );
    assert_eq!(manifest.layers.last(), Some(&contents.code));
}

#[test]
fn the_same_module_gives_the_same_image() {
    let packed = pack(b"\0asm-module", &metadata()).unwrap();
    assert_eq!(pack(b"\0asm-module", &metadata()).unwrap(), packed);
    // Of any machine and any year: this digest changes only together with the layout or the compressor.
    assert_eq!(
        packed.digest.to_string(),
        "sha256:ec2bb2dd20c6648fb9d3286b9a5188e2bbe0aca3ae0bf3d8ee016efb63e7f10f"
    );
}

#[test]
fn istios_three_layouts_are_told_apart() {
    type Case = (
        &'static str,
        &'static [&'static str],
        Option<(Layout, &'static str)>,
    );
    let cases: [Case; 8] = [
        (
            OCI_MANIFEST,
            &[METADATA, OCI_LAYER],
            Some((Layout::Compat, OCI_LAYER)),
        ),
        ("", &[OCI_LAYER], Some((Layout::Compat, OCI_LAYER))),
        (
            DOCKER_MANIFEST,
            &["x", DOCKER_LAYER],
            Some((Layout::Docker, DOCKER_LAYER)),
        ),
        (
            OCI_MANIFEST,
            &[ARTIFACT_LAYER, "x"],
            Some((Layout::Artifact, ARTIFACT_LAYER)),
        ),
        (OCI_MANIFEST, &[ARTIFACT_LAYER], None),
        (OCI_MANIFEST, &[OCI_LAYER, METADATA], None),
        (OCI_MANIFEST, &["application/wasm"], None),
        (OCI_MANIFEST, &[], None),
    ];
    for (kind, layers, wanted) in cases {
        let found = manifest(kind, layers)
            .contents()
            .ok()
            .map(|contents| (contents.layout, contents.code.media_type));
        assert_eq!(
            found,
            wanted.map(|(layout, kind)| (layout, kind.to_owned())),
            "{kind} {layers:?}"
        );
    }
}

#[test]
fn a_list_of_images_gives_the_one_that_istio_asks_for() {
    let entry = |os: &str, cpu: &str| serde_json::json!({"digest": cpu, "platform": {"os": os, "architecture": cpu}});
    let list = |entries: &[serde_json::Value]| {
        serde_json::json!({ "manifests": entries })
            .to_string()
            .into_bytes()
    };
    assert_eq!(
        select(&list(&[entry("linux", "arm64"), entry("linux", "amd64")])).unwrap(),
        "amd64"
    );
    let error = select(&list(&[entry("linux", "arm64"), entry("windows", "amd64")]))
        .unwrap_err()
        .to_string();
    assert!(error.ends_with("linux/arm64, windows/amd64"), "{error}");
}

#[test]
fn the_module_may_lie_in_a_folder_of_the_tar() {
    let zipped = measure::gzip(&tar_of(&[
        ("README.md", b"x"),
        ("./opt/plugin.wasm", b"code"),
    ]))
    .unwrap();
    assert_eq!(unpack(Layout::Docker, &zipped).unwrap(), b"code");
    assert_eq!(unpack(Layout::Artifact, b"code").unwrap(), b"code");
}

#[test]
fn a_layer_without_the_module_says_what_it_has() {
    let zipped =
        measure::gzip(&tar_of(&[("other.wasm", b"x"), ("plugin.wasm.txt", b"x")])).unwrap();
    let error = unpack(Layout::Compat, &zipped).unwrap_err().to_string();
    assert!(
        error.contains("it has other.wasm, plugin.wasm.txt"),
        "{error}"
    );
}

#[test]
fn damaged_layers_are_refused() {
    let zipped = measure::gzip(&tar_of(&[("plugin.wasm", &[7; 5000])])).unwrap();
    let cases: [&[u8]; 4] = [
        b"",
        b"plain",
        &zipped[..zipped.len() / 2],
        &measure::gzip(b"no tar").unwrap(),
    ];
    for layer in cases {
        assert!(
            unpack(Layout::Compat, layer).is_err(),
            "{} bytes",
            layer.len()
        );
    }
}

/// Few bytes that would become many.
#[test]
fn a_layer_that_swells_is_stopped() {
    const BOUND: u64 = 1000;
    let swelling = measure::gzip(&tar_of(&[("plugin.wasm", &[0; 1001])])).unwrap();
    let before = measure::gzip(&tar_of(&[
        ("other", &vec![0; 3 << 20]),
        ("plugin.wasm", b"x"),
    ]))
    .unwrap();
    for layer in [swelling, before] {
        let found = unpack::within(BOUND, Layout::Compat, &layer);
        assert!(matches!(found, Err(ImageError::TooLarge)), "{found:?}");
    }
    let fits = measure::gzip(&tar_of(&[("plugin.wasm", &[0; 1000])])).unwrap();
    assert_eq!(
        unpack::within(BOUND, Layout::Compat, &fits).unwrap().len(),
        1000
    );
}
