//! Writes container images as an OCI layout: layers that are plain tars, shared between images, and nothing compressed,
//! because nothing of it leaves the machine.

use crate::command::Run;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// A directory in the form of the OCI image layout.
#[derive(Debug)]
pub(crate) struct Layout {
    dir: PathBuf,
    index: Vec<Value>,
}

/// A blob: what is written about it in a manifest.
#[derive(Clone, Debug)]
pub(crate) struct Blob {
    digest: String,
    size: u64,
}

/// What an image runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Image<'a> {
    pub(crate) name: &'a str,
    pub(crate) entrypoint: &'a [&'a str],
    pub(crate) user: &'a str,
}

impl Layout {
    pub(crate) fn new(dir: &Path) -> Result<Self> {
        fs::create_dir_all(dir.join("blobs/sha256")).context("cannot create the image layout")?;
        fs::write(dir.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#)
            .context("cannot write the image layout")?;
        Ok(Self {
            dir: dir.to_owned(),
            index: Vec::new(),
        })
    }

    /// A layer with everything below `root`.
    pub(crate) fn layer(&self, root: &Path) -> Result<Blob> {
        let file = self.dir.join("layer.tar");
        Run::new("tar")
            .args(["--sort=name", "--numeric-owner", "--one-file-system", "-cf"])
            .args([&file])
            .args(["-C"])
            .args([root])
            .args(["."])
            .stdout()?;
        self.adopt(&file)
    }

    /// A layer of single files, each at its absolute path and readable by everybody.
    pub(crate) fn files(&self, files: &[(&Path, &str)]) -> Result<Blob> {
        let root = self.dir.join("files");
        super::install::remove(&root)?;
        for (from, to) in files {
            let to = root.join(to.trim_start_matches('/'));
            crate::cache::ensure_parent(&to)?;
            fs::copy(from, &to).with_context(|| format!("cannot copy {}", from.display()))?;
        }
        let layer = self.layer(&root)?;
        super::install::remove(&root)?;
        Ok(layer)
    }

    /// An image of these layers.
    pub(crate) fn image(&mut self, image: &Image<'_>, layers: &[Blob]) -> Result<()> {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        let digests: Vec<&str> = layers.iter().map(|layer| layer.digest.as_str()).collect();
        let config = self.json(&json!({
            "architecture": architecture,
            "os": "linux",
            "config": {
                "Entrypoint": image.entrypoint,
                "User": image.user,
                "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            },
            "rootfs": { "type": "layers", "diff_ids": digests },
        }))?;
        let layers: Vec<Value> = layers.iter().map(|layer| layer.descriptor(LAYER)).collect();
        let manifest = self.json(&json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": config.descriptor(CONFIG),
            "layers": layers,
        }))?;
        let mut entry = manifest.descriptor(MANIFEST);
        if let Some(entry) = entry.as_object_mut() {
            // containerd takes the full name from here.
            entry.insert(
                "annotations".into(),
                json!({ "io.containerd.image.name": image.name }),
            );
        }
        self.index.push(entry);
        Ok(())
    }

    /// Writes the index and packs everything into one tar.
    pub(crate) fn pack(self, archive: &Path) -> Result<()> {
        let index = json!({ "schemaVersion": 2, "manifests": self.index });
        fs::write(self.dir.join("index.json"), index.to_string())
            .context("cannot write the image index")?;
        Run::new("tar")
            .args(["-cf"])
            .args([archive])
            .args(["-C"])
            .args([&self.dir])
            .args(["."])
            .stdout()
            .map(drop)
    }

    fn json(&self, value: &Value) -> Result<Blob> {
        let file = self.dir.join("blob.json");
        fs::write(&file, value.to_string()).context("cannot write an image blob")?;
        self.adopt(&file)
    }

    /// Moves a file to where its digest says.
    fn adopt(&self, file: &Path) -> Result<Blob> {
        let sum = Run::new("sha256sum").args([file]).stdout()?;
        let sum = sum
            .split_whitespace()
            .next()
            .context("sha256sum printed nothing")?
            .to_owned();
        let size = file.metadata().context("a blob vanished")?.len();
        fs::rename(file, self.dir.join("blobs/sha256").join(&sum))
            .context("cannot store a blob")?;
        Ok(Blob {
            digest: format!("sha256:{sum}"),
            size,
        })
    }
}

impl Blob {
    fn descriptor(&self, kind: &str) -> Value {
        json!({ "mediaType": kind, "digest": self.digest, "size": self.size })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_names_its_layers() {
        let dir = tempfile::tempdir().unwrap();
        let mut layout = Layout::new(&dir.path().join("oci")).unwrap();
        let program = dir.path().join("p");
        fs::write(&program, "x").unwrap();
        let layer = layout.files(&[(&program, "/bin/p")]).unwrap();
        let image = Image {
            name: "a.b/c:1",
            entrypoint: &["/bin/p"],
            user: "0",
        };
        layout.image(&image, std::slice::from_ref(&layer)).unwrap();
        let archive = dir.path().join("a.tar");
        layout.pack(&archive).unwrap();

        let index = fs::read_to_string(dir.path().join("oci/index.json")).unwrap();
        let index: Value = serde_json::from_str(&index).unwrap();
        let entry = &index["manifests"][0];
        assert_eq!(entry["annotations"]["io.containerd.image.name"], "a.b/c:1");
        let digest = entry["digest"]
            .as_str()
            .unwrap()
            .strip_prefix("sha256:")
            .unwrap();
        let manifest =
            fs::read_to_string(dir.path().join("oci/blobs/sha256").join(digest)).unwrap();
        assert!(manifest.contains(&layer.digest), "{manifest}");
        let list = Run::new("tar")
            .args(["-tf"])
            .args([&archive])
            .stdout()
            .unwrap();
        assert!(
            list.contains("./index.json") && list.contains("./oci-layout"),
            "{list}"
        );
    }
}
