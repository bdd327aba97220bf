//! Bundles from one real registry to another, read by a program that is not ours, and broken in several ways.

use crate::charts::istio;
use crate::servers::Registry;
use crate::support::{ended, folder, json, tool};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use weft::measure;

/// A layout such as any program may have made, with an image for two platforms in it.
fn theirs(folder: &Path) -> String {
    let mut blobs = BTreeMap::new();
    let mut blob = |kind: &str, data: Vec<u8>| {
        let digest = measure::digest(&data);
        let descriptor = json!({"mediaType": kind, "digest": digest, "size": data.len()});
        blobs.insert(format!("blobs/{}", digest.replace(':', "/")), data);
        descriptor
    };
    let shared = blob(
        "application/vnd.oci.image.layer.v1.tar+gzip",
        measure::gzip(&vec![9; 90_000]).unwrap(),
    );
    let mut platforms = Vec::new();
    for cpu in ["amd64", "arm64"] {
        let config = json!({"architecture": cpu, "os": "linux", "rootfs": {"type": "layers", "diff_ids": [measure::digest(&vec![9; 90_000])]}});
        let config = blob(
            "application/vnd.oci.image.config.v1+json",
            config.to_string().into_bytes(),
        );
        let manifest = json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config, "layers": [shared]});
        let mut one = blob(
            "application/vnd.oci.image.manifest.v1+json",
            manifest.to_string().into_bytes(),
        );
        one["platform"] = json!({"architecture": cpu, "os": "linux"});
        platforms.push(one);
    }
    let kind = "application/vnd.oci.image.index.v1+json";
    let list = json!({"schemaVersion": 2, "mediaType": kind, "manifests": platforms});
    let mut list = blob(kind, list.to_string().into_bytes());
    let digest = list["digest"].as_str().unwrap().to_owned();
    list["annotations"] =
        json!({"org.opencontainers.image.ref.name": "docker.io/istio/pilot:1.31.0"});
    let index = json!({"schemaVersion": 2, "manifests": [list]});
    let mut files = vec![
        (
            "oci-layout".to_owned(),
            br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec(),
        ),
        ("index.json".to_owned(), index.to_string().into_bytes()),
    ];
    files.extend(blobs);
    std::fs::write(folder.join("theirs.tar"), tar_of(&files)).unwrap();
    digest
}

fn tar_of(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, data) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(measure::length(data));
        header.set_mode(0o644);
        tar.append_data(&mut header, path, data.as_slice()).unwrap();
    }
    tar.into_inner().unwrap()
}

/// Name and digest of everything that a report lists.
fn digests(report: &Value) -> BTreeMap<String, String> {
    let artifacts = report["artifacts"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    artifacts
        .iter()
        .map(|one| (text(&one["name"]), text(&one["digest"])))
        .collect()
}

fn states(report: &Value) -> Vec<&str> {
    let artifacts = report["artifacts"].as_array().unwrap();
    artifacts
        .iter()
        .map(|one| one["state"].as_str().unwrap())
        .collect()
}

/// A registry of a site with internet: a plugin, and an image for two platforms.
struct World {
    folder: tempfile::TempDir,
    near: Registry,
    far: Registry,
    list: String,
}

impl World {
    fn new() -> Option<Self> {
        let folder = folder();
        let place = |name: &str| {
            let place = folder.path().join(name);
            std::fs::create_dir(&place).unwrap();
            place
        };
        let near = Registry::start(&place("near"))?;
        let far = Registry::start(&place("far"))?;
        let list = theirs(folder.path());
        let world = Self {
            folder,
            near,
            far,
            list,
        };
        world.json(&["bundle", "push", "theirs.tar", &world.near.address]);
        world.json(&["plugin", "push", "tiny.wasm", &world.plugin()]);
        Some(world)
    }

    fn json(&self, line: &[&str]) -> Value {
        json(
            self.folder.path(),
            &[line, &["--plain-http", "-o", "json"]].concat(),
        )
    }

    fn plugin(&self) -> String {
        format!("{}/weft/tiny:1", self.near.address)
    }

    fn image(&self) -> String {
        format!("{}/istio/pilot:1.31.0", self.near.address)
    }

    fn create(&self, file: &str, more: &[&str]) -> Value {
        let (plugin, image) = (self.plugin(), self.image());
        let line = [
            "bundle", "create", file, "--plugin", &plugin, "--image", &image,
        ];
        self.json(&[&line, more].concat())
    }
}

#[test]
fn everything_arrives_at_the_other_site_as_it_was() {
    let Some(world) = World::new() else {
        return;
    };
    let Some(istio) = istio(world.folder.path()) else {
        return;
    };
    let flags = ["--istio", "1.31.0", "--charts", istio.to_str().unwrap()];
    let made = world.create("mesh.tar", &flags);
    let again = world.create("again.tar", &[&flags[2..], &flags[..2]].concat());
    assert_eq!(made["digest"], again["digest"]);
    let file = std::fs::read(world.folder.path().join("mesh.tar")).unwrap();
    assert_eq!(made["digest"], measure::digest(&file));
    let held = digests(&made);
    assert_eq!(held.len(), 7, "{held:?}");
    assert_eq!(held[&world.image()], world.list);
    let inspected = json(
        world.folder.path(),
        &["bundle", "inspect", "mesh.tar", "-o", "json"],
    );
    assert_eq!(digests(&inspected), held);
    assert_eq!(inspected["size"], made["size"]);

    let base = format!("{}/mesh", world.far.address);
    let push = ["bundle", "push", "mesh.tar", &base];
    let planned = world.json(&[&push[..], &["--dry-run"]].concat());
    assert_eq!(states(&planned), ["new"; 7]);
    let pushed = world.json(&push);
    assert_eq!(digests(&pushed), held);
    assert_eq!(states(&pushed), ["new"; 7], "the dry run sent something");
    assert_eq!(states(&world.json(&push)), ["there"; 7]);

    let source = pushed["charts"].as_str().unwrap();
    let back = world.json(&[
        "bundle", "create", "back.tar", "--istio", "1.31.0", "--charts", source,
    ]);
    for (name, digest) in digests(&back) {
        assert_eq!(held[&name], digest, "{name}");
    }
    let artifacts = pushed["artifacts"].as_array().unwrap();
    let plugin = artifacts
        .iter()
        .find(|one| one["kind"] == "plugin")
        .unwrap();
    let reference = plugin["reference"].as_str().unwrap();
    let there = world.json(&["plugin", "inspect", reference]);
    assert_eq!(there["image"]["digest"], plugin["digest"]);
}

#[test]
fn the_images_of_a_mesh_come_along() {
    let Some(world) = World::new() else {
        return;
    };
    let Some(istio) = istio(world.folder.path()) else {
        return;
    };
    // The proxy is one image with istiod here: the site has no other.
    let mesh = |more: &str| {
        let hub = world.near.address.as_str();
        let text = format!(
            "apiVersion: weft.dev/v1\nkind: Mesh\nmetadata: {{name: shop}}\nspec: {{version: 1.31.0, images: {{hub: {hub}/istio, tag: 1.31.0}}, values: {{istiod: {{global: {{proxy: {{image: {}}}}}}}}}{more}}}\n",
            world.image()
        );
        std::fs::write(world.folder.path().join("mesh.yaml"), text).unwrap();
    };
    let source = istio.to_str().unwrap();
    let line = [
        "bundle",
        "create",
        "images.tar",
        "--istio",
        "1.31.0",
        "--charts",
        source,
        "--with-images",
        "-f",
        "mesh.yaml",
    ];
    mesh("");
    let told = world.json(&[&line[..], &["--dry-run"]].concat());
    assert_eq!(digests(&told).get(&world.image()), Some(&world.list));
    assert_eq!(digests(&told).len(), 6, "{told}");
    assert!(!world.folder.path().join("images.tar").exists());

    world.json(&line);
    let pushed = world.json(&["bundle", "push", "images.tar", &world.far.address]);
    assert_eq!(states(&pushed), ["new"; 6]);

    mesh(", cni: true");
    let line = [&line[..], &["--plain-http", "--force"]].concat();
    let (_, said) = ended(world.folder.path(), &line);
    assert!(said.contains("istio/install-cni:1.31.0"), "{said}");
}

#[test]
fn a_program_that_is_not_ours_reads_a_bundle_and_agrees() {
    let (Some(world), Some(skopeo)) = (World::new(), tool(&["skopeo"])) else {
        return;
    };
    let run = |arguments: &[&str]| {
        let mut command = Command::new(&skopeo);
        let output = command
            .args(arguments)
            .current_dir(world.folder.path())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    };
    let made = world.create("mesh.tar", &[]);
    for (name, digest) in digests(&made) {
        let raw = run(&["inspect", "--raw", &format!("oci-archive:mesh.tar:{name}")]);
        assert_eq!(measure::digest(&raw), digest, "{name}");
    }
    // It brings an image out of the bundle to a registry, and one that it wrote itself is a bundle.
    let (image, base) = (world.image(), &world.far.address);
    let copy = [
        "copy",
        "--all",
        "--dest-tls-verify=false",
        "--src-tls-verify=false",
    ];
    let to = format!("docker://{base}/copied:1");
    run(&[&copy[..], &[&format!("oci-archive:mesh.tar:{image}"), &to]].concat());
    run(&[&copy[..], &[&to, "oci-archive:own.tar:r.example/copied:1"]].concat());
    let own = json(
        world.folder.path(),
        &["bundle", "inspect", "own.tar", "-o", "json"],
    );
    assert_eq!(digests(&own)["r.example/copied:1"], world.list);
}

#[test]
fn a_name_that_held_something_else_is_said_to_move() {
    let Some(world) = World::new() else {
        return;
    };
    world.create("mesh.tar", &[]);
    let base = &world.far.address;
    world.json(&[
        "plugin",
        "push",
        "tiny.wasm",
        &format!("{base}/istio/pilot:1.31.0"),
    ]);
    let push = ["bundle", "push", "mesh.tar", base];
    let mut found = states(&world.json(&[&push[..], &["--dry-run"]].concat())).join(" ");
    assert_eq!(found, "new moved");
    world.json(&push);
    found = states(&world.json(&push)).join(" ");
    assert_eq!(found, "there there");
}

#[test]
fn what_cannot_be_put_into_a_bundle_leaves_no_file() {
    let Some(world) = World::new() else {
        return;
    };
    let (image, plugin) = (world.image(), world.plugin());
    let near = &world.near.address;
    let none = format!("{near}/none:1");
    let cases: [(&[&str], i32, &str); 6] = [
        (&["--plugin", &image], 65, "the code layer of the image"),
        (&["--image", &none], 1, "check repository and tag"),
        (
            &[
                "--image",
                &plugin,
                "--image",
                "https://x",
                "--plugin",
                "X:1",
            ],
            64,
            "X:1 is no name",
        ),
        (
            &["--istio", "1.31.0", "--charts", "."],
            1,
            "no chart base 1.31.0",
        ),
        (&["--istio", "../1", "--charts", "."], 64, "is no version"),
        (&[], 64, "--istio"),
    ];
    for (flags, code, words) in cases {
        let line = [&["bundle", "create", "mesh.tar", "--plain-http"], flags].concat();
        let (ended, said) = ended(world.folder.path(), &line);
        assert!(ended == code && said.contains(words), "{ended}: {said}");
        assert!(!world.folder.path().join("mesh.tar").exists());
    }
    let left = std::fs::read_dir(world.folder.path()).unwrap();
    let names: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert!(
        names
            .iter()
            .all(|name| !name.to_string_lossy().starts_with(".tmp")),
        "{names:?}"
    );
}

#[test]
fn a_broken_bundle_is_refused_before_anything_is_sent() {
    let Some(world) = World::new() else {
        return;
    };
    world.create("mesh.tar", &[]);
    let file = |name: &str| world.folder.path().join(name);
    let whole = std::fs::read(file("mesh.tar")).unwrap();
    std::fs::write(file("cut.tar"), &whole[..whole.len() / 2]).unwrap();
    // The first content stands behind the layout file.
    let mut changed = whole.clone();
    changed[512 * 3 + 5] ^= 1;
    std::fs::write(file("changed.tar"), changed).unwrap();
    let mut escaping = whole;
    escaping[..9].copy_from_slice(b"../escape");
    let mut header = tar::Header::from_byte_slice(&escaping[..512]).clone();
    header.set_cksum();
    escaping[..512].copy_from_slice(header.as_bytes());
    std::fs::write(file("escaping.tar"), escaping).unwrap();
    let cases = [
        ("cut.tar", "cut off"),
        ("changed.tar", "Do not use it"),
        ("escaping.tar", "leads out of it"),
        ("tiny.wasm", "is no bundle"),
        ("none.tar", "cannot read the bundle"),
    ];
    for (name, words) in cases {
        let (code, said) = ended(world.folder.path(), &["bundle", "inspect", name]);
        assert!(code == 65 && said.contains(words), "{name}: {code}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        let push = [
            "bundle",
            "push",
            name,
            &world.far.address,
            "--plain-http",
            "-q",
        ];
        let (code, said) = ended(world.folder.path(), &push);
        assert!(code == 65 && said.contains(words), "{name}: {code}: {said}");
    }
    let state = world.json(&[
        "bundle",
        "push",
        "mesh.tar",
        &world.far.address,
        "--dry-run",
    ]);
    assert_eq!(states(&state), ["new", "new"]);
}
