//! Where the lab keeps what it installs and what it runs, outside the repository.
//!
//! One directory holds everything, so that removing it removes every trace. Locks are files below it: several test
//! runs share one cache, and the kernel drops a lock when its holder dies, however it dies.

use anyhow::{Context, Result, anyhow};
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// The cache directory: `$WEFT_CACHE`, else `$XDG_CACHE_HOME/weft`, else `~/.cache/weft`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    root: PathBuf,
}

/// A lock between processes, held until dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Cache {
    /// The cache that the environment names.
    ///
    /// # Errors
    /// When neither `WEFT_CACHE`, `XDG_CACHE_HOME` nor `HOME` is set.
    pub fn from_env() -> Result<Self> {
        root_from(|name| std::env::var_os(name)).map(|root| Self { root })
    }

    /// A cache at a place of the caller's choice.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The directory itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A program that was installed: `<cache>/bin/NAME`.
    #[must_use]
    pub fn bin(&self, name: &str) -> PathBuf {
        self.root.join("bin").join(name)
    }

    /// The directory of one installed tool.
    #[must_use]
    pub fn tool(&self, name: &str) -> PathBuf {
        self.root.join("tools").join(name)
    }

    /// The directory of what runs, one folder for each part.
    #[must_use]
    pub fn lab(&self) -> PathBuf {
        self.root.join("lab")
    }

    /// The log of an installation.
    #[must_use]
    pub fn log(&self, name: &str) -> PathBuf {
        self.root.join("log").join(format!("{name}.log"))
    }

    /// Waits for the lock of that name.
    ///
    /// # Errors
    /// When the lock file cannot be created.
    pub fn lock(&self, name: &str) -> Result<Lock> {
        let file = self.lock_file(name)?;
        file.lock()
            .with_context(|| format!("cannot lock {name} in {}", self.root.display()))?;
        Ok(Lock { _file: file })
    }

    fn lock_file(&self, name: &str) -> Result<File> {
        let path = self.root.join("locks").join(name);
        ensure_parent(&path)?;
        File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(|| format!("cannot open the lock {}", path.display()))
    }
}

/// Creates the directory that is to hold `path`.
pub(crate) fn ensure_parent(path: &Path) -> Result<()> {
    path.parent().map_or(Ok(()), |parent| {
        fs::create_dir_all(parent)
            .with_context(|| format!("cannot create {}: is the disk writable?", parent.display()))
    })
}

/// Writes a file so that a reader sees all of it or none.
pub(crate) fn write_atomically(path: &Path, content: &str) -> Result<()> {
    ensure_parent(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.{}", std::process::id()));
    fs::write(&temporary, content)
        .and_then(|()| fs::rename(&temporary, path))
        .with_context(|| format!("cannot write {}", path.display()))
}

fn root_from(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf> {
    let set = |name: &str| {
        variable(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    set("WEFT_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|dir| dir.join("weft")))
        .or_else(|| set("HOME").map(|dir| dir.join(".cache/weft")))
        .ok_or_else(|| anyhow!("no place for the cache: HOME is not set; set WEFT_CACHE=DIRECTORY"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_chooses_the_root() {
        type Variables = &'static [(&'static str, &'static str)];
        let table: [(Variables, Option<&str>); 5] = [
            (
                &[
                    ("WEFT_CACHE", "/c"),
                    ("XDG_CACHE_HOME", "/x"),
                    ("HOME", "/h"),
                ],
                Some("/c"),
            ),
            (&[("XDG_CACHE_HOME", "/x"), ("HOME", "/h")], Some("/x/weft")),
            (&[("HOME", "/h")], Some("/h/.cache/weft")),
            (
                &[("WEFT_CACHE", ""), ("HOME", "/h")],
                Some("/h/.cache/weft"),
            ),
            (&[], None),
        ];
        for (set, expected) in table {
            let got = root_from(|name| {
                let found = set.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| OsString::from(value))
            });
            assert_eq!(got.ok(), expected.map(PathBuf::from), "{set:?}");
        }
    }

    #[test]
    fn a_lock_excludes_until_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::at(dir.path());
        let held = cache.lock("x").unwrap();
        assert!(cache.lock_file("x").unwrap().try_lock().is_err());
        drop(held);
        assert!(cache.lock_file("x").unwrap().try_lock().is_ok());
    }
}
