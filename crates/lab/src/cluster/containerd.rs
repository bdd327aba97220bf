//! containerd: its configuration, and the store of images that every cluster starts from.
//!
//! Images are imported once, by a containerd that lives in namespaces of its own for a few seconds. A cluster gets the
//! store as hard links (layers are only read) with databases of its own.

use crate::command::Run;
use crate::tools::pause_image;
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// The namespaces of what may be killed: its processes and mounts go with the first of them.
pub(crate) const APART: [&str; 6] = [
    "--fork",
    "--pid",
    "--kill-child=KILL",
    "--mount-proc",
    "--mount",
    "--propagation=private",
];
/// What a cluster has apart besides.
pub(crate) const MACHINE: [&str; 3] = ["--uts", "--ipc", "--net"];

const IMPORT: &str = r#"
mkdir -p /var/lib/containerd
mount -t tmpfs tmpfs /run
mount --bind "$1/containerd" /var/lib/containerd
containerd --config "$1/containerd.toml" & server=$!
for _ in $(seq 100); do ctr version >/dev/null 2>&1 && break; sleep 0.1; done
ctr -n k8s.io images import --local "$2" || ctr -n k8s.io images import "$2"
kill $server
wait $server || true
"#;

/// Imports an archive of images into `dir/containerd`.
pub(crate) fn import(dir: &Path, archive: &Path) -> Result<()> {
    let store = dir.join("containerd");
    fs::create_dir_all(&store).context("cannot create the image store")?;
    fs::write(dir.join("containerd.toml"), config()).context("cannot write containerd.toml")?;
    Run::new("unshare")
        .args(APART)
        .args(MACHINE)
        .args(["bash", "-euc", IMPORT, "import"])
        .args([dir, archive])
        .hint("see that containerd runs: containerd --version")
        .logged(&dir.join("import.log"))
}

/// A copy of the store for one cluster.
pub(crate) fn copy_store(images: &Path, to: &Path) -> Result<()> {
    Run::new("cp")
        .args(["-al"])
        .args([&images.join("containerd"), to])
        .stdout()?;
    own_databases(to)
}

fn own_databases(dir: &Path) -> Result<()> {
    for entry in fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let path = entry?.path();
        // Snapshots hold the layers' files, and no database.
        if path.is_dir() && path.file_name().is_none_or(|name| name != "snapshots") {
            own_databases(&path)?;
        } else if path.extension().is_some_and(|kind| kind == "db") {
            let copy = path.with_extension("copy");
            fs::copy(&path, &copy)
                .and_then(|_| fs::rename(&copy, &path))
                .context("cannot copy a database")?;
        }
    }
    Ok(())
}

/// containerd as a kubelet in namespaces needs it.
pub(crate) fn config() -> String {
    let plugins = [
        "internal.v1.opt",
        "snapshotter.v1.btrfs",
        "snapshotter.v1.zfs",
        "snapshotter.v1.aufs",
        "snapshotter.v1.devmapper",
    ];
    let disabled = plugins
        .map(|name| format!("\"io.containerd.{name}\""))
        .join(",");
    let pause = pause_image();
    format!(
        r#"version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = [{disabled}]
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/etc/cni/net.d"
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn a_copy_shares_layers_but_not_databases() {
        let dir = tempfile::tempdir().unwrap();
        let store = dir.path().join("images/containerd");
        fs::create_dir_all(store.join("meta")).unwrap();
        fs::create_dir_all(store.join("snapshots/1")).unwrap();
        fs::write(store.join("meta/meta.db"), "db").unwrap();
        fs::write(store.join("snapshots/1/file.db"), "layer").unwrap();
        let copy = dir.path().join("copy");
        copy_store(&dir.path().join("images"), &copy).unwrap();
        let inode = |path: &Path| path.metadata().unwrap().ino();
        for (path, shared) in [("meta/meta.db", false), ("snapshots/1/file.db", true)] {
            assert_eq!(
                inode(&store.join(path)) == inode(&copy.join(path)),
                shared,
                "{path}"
            );
        }
        assert_eq!(fs::read_to_string(copy.join("meta/meta.db")).unwrap(), "db");
    }
}
