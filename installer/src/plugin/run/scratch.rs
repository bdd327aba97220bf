//! A folder for the files of one run, which goes when the run ends.
//!
//! A killed process cannot clean up; so each folder holds a lock, which the kernel drops with its holder, and the next
//! run removes the folders whose lock is free.

use anyhow::Context as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const PREFIX: &str = "weft-run-";
const LOCK: &str = "lock";

/// The folder of this run.
#[derive(Debug)]
pub(super) struct Scratch {
    folder: TempDir,
    _lock: File,
}

impl Scratch {
    /// A fresh folder below `parent`; those of dead runs are removed.
    pub(super) fn new(parent: &Path) -> anyhow::Result<Self> {
        sweep(parent);
        let folder = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir_in(parent)
            .with_context(|| format!("cannot create a folder in {}", parent.display()))?;
        // Held before it has its name, so that no other run's sweep finds it free.
        let unnamed = folder.path().join(".lock");
        let lock = File::create(&unnamed).context("cannot create the run's lock")?;
        lock.lock().context("cannot lock the run's folder")?;
        fs::rename(unnamed, folder.path().join(LOCK)).context("cannot name the run's lock")?;
        Ok(Self {
            folder,
            _lock: lock,
        })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A file of the run.
    pub(super) fn write(&self, name: &str, data: &[u8]) -> anyhow::Result<PathBuf> {
        replace(self.path(), name, data)
    }
}

/// Puts a file in place by renaming, which is what Envoy watches for.
pub(super) fn replace(folder: &Path, name: &str, data: &[u8]) -> anyhow::Result<PathBuf> {
    let path = folder.join(name);
    let fresh = folder.join(format!(".{name}.new"));
    fs::write(&fresh, data)
        .and_then(|()| fs::rename(&fresh, &path))
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// Removes what dead runs left. What cannot be removed is another user's, or going already.
fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let lock = if is_ours {
            File::open(entry.path().join(LOCK)).ok()
        } else {
            None
        };
        if lock.is_some_and(|lock| lock.try_lock().is_ok()) {
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_its_run_and_the_next_run_removes_those_of_dead_ones() {
        let parent = tempfile::tempdir().unwrap();
        let dead = parent.path().join("weft-run-dead");
        let other = parent.path().join("other");
        for folder in [&dead, &other] {
            fs::create_dir(folder).unwrap();
            fs::write(folder.join(LOCK), "").unwrap();
        }
        let first = Scratch::new(parent.path()).unwrap();
        let second = Scratch::new(parent.path()).unwrap();
        assert!(!dead.exists() && other.exists() && first.path().exists());
        let gone = second.path().to_path_buf();
        drop(second);
        assert!(!gone.exists() && first.path().exists());
    }

    #[test]
    fn a_file_is_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        for data in ["one", "two"] {
            let path = replace(folder.path(), "x.json", data.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(path).unwrap(), data);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
