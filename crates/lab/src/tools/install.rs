//! The one way a tool gets into the cache: stamped, locked, and never half there.
//!
//! A tool is built in a temporary directory, gets a stamp that says from what, and is renamed into place. A killed run
//! leaves only its temporary directory, which the next run removes. A second run compares stamps and does nothing.

use crate::cache::{Cache, ensure_parent};
use crate::output::say;
use anyhow::{Context, Result};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Instant;

const STAMP: &str = ".stamp";

/// What is to be installed.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    /// The name of its directory and of its log.
    pub(crate) name: String,
    /// What the result depends on; another stamp reinstalls.
    pub(crate) stamp: String,
    /// Programs to link into `<cache>/bin`: name there, path in the tool's directory.
    pub(crate) links: Vec<(String, String)>,
}

impl Recipe {
    pub(crate) fn new(name: impl Into<String>, stamp: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            stamp: stamp.into(),
            links: Vec::new(),
        }
    }

    pub(crate) fn link(mut self, name: impl Into<String>, path: impl Into<String>) -> Self {
        self.links.push((name.into(), path.into()));
        self
    }

    /// Installs it unless it is there, and returns its directory. `build` gets an empty directory to fill, and may
    /// write the final one's path ([`Cache::tool`]) into what it makes.
    pub(crate) fn ensure(
        &self,
        cache: &Cache,
        build: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<PathBuf> {
        let dir = cache.tool(&self.name);
        if !self.is_installed(cache) {
            let _lock = cache.lock(&format!("tool-{}", self.name))?;
            // Somebody else may have installed it while we waited.
            if !self.is_installed(cache) {
                self.install(cache, &dir, build)?;
            }
        }
        Ok(dir)
    }

    pub(crate) fn is_installed(&self, cache: &Cache) -> bool {
        let stamp = fs::read_to_string(cache.tool(&self.name).join(STAMP));
        let linked = |(name, _): &(String, String)| cache.bin(name).exists();
        stamp.is_ok_and(|found| found == self.stamp) && self.links.iter().all(linked)
    }

    fn install(
        &self,
        cache: &Cache,
        dir: &Path,
        build: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<()> {
        say(&format!(
            "installing {} ({})",
            self.name,
            headline(&self.stamp)
        ));
        let started = Instant::now();
        sweep(dir, &self.name);
        let fresh = dir.with_file_name(format!(".{}.{}-new", self.name, std::process::id()));
        remove(&fresh)?;
        fs::create_dir_all(&fresh).with_context(|| format!("cannot create {}", fresh.display()))?;
        remove(&cache.log(&self.name))?;
        build(&fresh).with_context(|| format!("cannot install {}", self.name))?;
        fs::write(fresh.join(STAMP), &self.stamp).context("cannot write the stamp")?;
        remove(dir)?;
        fs::rename(&fresh, dir).with_context(|| format!("cannot create {}", dir.display()))?;
        for (name, path) in &self.links {
            link(&cache.bin(name), &dir.join(path))?;
        }
        say(&format!(
            "installed {} in {:.1} s",
            self.name,
            started.elapsed().as_secs_f64()
        ));
        Ok(())
    }
}

/// Removes what killed runs left, as far as that goes: a compiler that outlived its run may still be writing there.
fn sweep(dir: &Path, name: &str) {
    let prefix = format!(".{name}.");
    let entries = dir.parent().and_then(|parent| fs::read_dir(parent).ok());
    for entry in entries.into_iter().flatten().filter_map(Result::ok) {
        let found = entry.file_name().to_string_lossy().into_owned();
        if found.starts_with(&prefix)
            && found.ends_with("-new")
            && let Err(error) = remove(&entry.path())
        {
            say(&format!("{error:#}; the next run tries again"));
        }
    }
}

fn headline(stamp: &str) -> &str {
    stamp.lines().next().unwrap_or_default()
}

/// Points a name in `<cache>/bin` at a program, replacing what was there in one step.
fn link(name: &Path, target: &Path) -> Result<()> {
    ensure_parent(name)?;
    let fresh = name.with_extension(format!("new{}", std::process::id()));
    remove(&fresh)?;
    symlink(target, &fresh)
        .and_then(|()| fs::rename(&fresh, name))
        .with_context(|| format!("cannot link {}", name.display()))
}

/// Removes a file or a whole directory that may not be there.
pub(crate) fn remove(path: &Path) -> Result<()> {
    let gone = match path.symlink_metadata() {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => Ok(()),
    };
    gone.with_context(|| format!("cannot remove {}", path.display()))
}

/// Writes a program that runs.
pub(crate) fn write_program(path: &Path, text: &str) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    ensure_parent(path)?;
    fs::write(path, text)
        .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o755)))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// A short fingerprint of some text, for stamps (FNV-1a: no secret depends on it).
pub(crate) fn fingerprint(texts: &[&str]) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in texts.iter().flat_map(|text| text.bytes().chain([0])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{hash:016x}")
}

/// The identity of a program that somebody else may replace: path, size, time of change.
pub(crate) fn identity(program: &Path) -> String {
    use std::os::unix::fs::MetadataExt;
    program.metadata().map_or_else(
        |_| format!("{} absent", program.display()),
        |meta| format!("{} {} {}", program.display(), meta.size(), meta.mtime()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;

    fn program(dir: &Path, text: &str) -> Result<()> {
        write_program(&dir.join("sub/x"), text)
    }

    #[test]
    fn installs_once_and_again_when_the_stamp_changes() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::at(dir.path());
        let one = Recipe::new("x", "1").link("x", "sub/x");
        one.ensure(&cache, |dir| program(dir, "one")).unwrap();
        assert_eq!(fs::read_to_string(cache.bin("x")).unwrap(), "one");
        one.ensure(&cache, |_| bail!("must not build again"))
            .unwrap();

        let two = Recipe::new("x", "2").link("x", "sub/x");
        assert!(!two.is_installed(&cache));
        two.ensure(&cache, |dir| program(dir, "two")).unwrap();
        assert_eq!(fs::read_to_string(cache.bin("x")).unwrap(), "two");
    }

    #[test]
    fn a_failed_or_killed_build_leaves_the_old_tool() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::at(dir.path());
        let one = Recipe::new("x", "1").link("x", "sub/x");
        one.ensure(&cache, |dir| program(dir, "one")).unwrap();

        let two = Recipe::new("x", "2").link("x", "sub/x");
        let half = two.ensure(&cache, |dir| {
            program(dir, "half")?;
            bail!("killed")
        });
        assert!(half.is_err());
        assert!(one.is_installed(&cache));
        assert_eq!(fs::read_to_string(cache.bin("x")).unwrap(), "one");
        // What the dead build left does not get into the next one, and goes.
        let dead = dir.path().join("tools/.x.1-new");
        fs::create_dir_all(&dead).unwrap();
        let clean = |dir: &Path| {
            assert!(!dir.join("sub").exists());
            program(dir, "two")
        };
        two.ensure(&cache, clean).unwrap();
        assert!(!dead.exists());
    }

    #[test]
    fn a_lost_link_is_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::at(dir.path());
        let one = Recipe::new("x", "1").link("x", "sub/x");
        one.ensure(&cache, |dir| program(dir, "one")).unwrap();
        fs::remove_file(cache.bin("x")).unwrap();
        assert!(!one.is_installed(&cache));
        one.ensure(&cache, |dir| program(dir, "one")).unwrap();
        assert!(cache.bin("x").exists());
    }

    #[test]
    fn fingerprints_keep_texts_apart() {
        assert_eq!(fingerprint(&["a", "b"]), fingerprint(&["a", "b"]));
        assert_ne!(fingerprint(&["a", "b"]), fingerprint(&["ab"]));
        assert_ne!(fingerprint(&["a", "b"]), fingerprint(&["b", "a"]));
    }
}
