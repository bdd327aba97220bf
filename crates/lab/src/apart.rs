//! A lab of a test's own: the tools of the real cache, and state beside it, so that a lab in use is not touched.
//!
//! What a killed test left is removed by the next session or `lab` command: the directory says whose it is.

use crate::cache::{Cache, write_atomically};
use crate::cleanup::Scope;
use crate::output::say;
use crate::process::ProcId;
use crate::session::clean;
use crate::tools::remove;
use anyhow::{Context, Result};
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

const PREFIX: &str = "apart-";
const OWNER: &str = "owner.json";

/// State of its own until it is dropped, or its process dies.
#[derive(Debug)]
pub struct Apart {
    cache: Cache,
    net: &'static str,
    owner: Option<ProcId>,
}

impl Apart {
    /// Beside the tools of `real`, since hard links do not cross file systems; on the network `net`. `name` keeps the
    /// tests of one process apart.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub fn new(real: &Cache, name: &str, net: &'static str) -> Result<Self> {
        sweep(real);
        let root = real
            .root()
            .join(format!("{PREFIX}{name}-{}", std::process::id()));
        let apart = Self {
            cache: Cache::at(root),
            net,
            owner: ProcId::current(),
        };
        let owner = serde_json::to_string(&apart.owner).context("cannot write a process down")?;
        write_atomically(&apart.cache.root().join(OWNER), &owner)?;
        for dir in ["tools", "bin"] {
            let target = real.root().join(dir);
            fs::create_dir_all(&target)
                .and_then(|()| symlink(&target, apart.cache.root().join(dir)))
                .with_context(|| format!("cannot link to {}", target.display()))?;
        }
        Ok(apart)
    }

    /// Where its state is.
    #[must_use]
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// What `lab` has to be given in its environment to work here, and to let go what it starts with this process.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, OsString)> {
        let owner = self.owner.as_ref().map(|owner| owner.pid().to_string());
        [
            Some(("WEFT_CACHE", self.cache.root().into())),
            Some(("WEFT_LAB_NET", self.net.into())),
            owner.map(|pid| ("WEFT_LAB_OWNER", pid.into())),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        tear_down(&self.cache);
    }
}

fn tear_down(cache: &Cache) {
    let gone = clean(cache, &Scope::All).and_then(|()| remove(cache.root()));
    if let Err(error) = gone {
        say(&format!("not everything could be stopped: {error:#}"));
    }
}

/// Removes what tests left that have died.
pub(crate) fn sweep(real: &Cache) {
    let entries = fs::read_dir(real.root());
    for entry in entries.into_iter().flatten().filter_map(Result::ok) {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && !is_owned(&path) {
            tear_down(&Cache::at(path));
        }
    }
}

fn is_owned(dir: &Path) -> bool {
    let Ok(text) = fs::read_to_string(dir.join(OWNER)) else {
        // Being made, or left by a run that was killed right then: the name ends in the pid.
        let pid = dir.file_name().unwrap_or_default().to_string_lossy();
        let pid = pid.rsplit('-').next().and_then(|pid| pid.parse().ok());
        return pid.and_then(ProcId::of).is_some();
    };
    serde_json::from_str::<Option<ProcId>>(&text)
        .is_ok_and(|owner| owner.is_some_and(|owner| owner.is_alive()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_with_its_end_or_with_the_next_one_after_its_process_has_died() {
        let dir = tempfile::tempdir().unwrap();
        let real = Cache::at(dir.path());
        let names = || {
            let entries = fs::read_dir(dir.path()).unwrap();
            let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            names
                .filter(|name| name.starts_with(PREFIX))
                .collect::<Vec<_>>()
        };
        let one = Apart::new(&real, "one", "10.79.0.0/24").unwrap();
        fs::create_dir_all(dir.path().join("apart-dead-1")).unwrap();
        fs::write(dir.path().join("apart-dead-1").join(OWNER), "null").unwrap();

        let two = Apart::new(&real, "two", "10.79.0.0/24").unwrap();

        assert_eq!(names().len(), 2, "{:?}", names());
        drop((one, two));
        assert!(names().is_empty(), "{:?}", names());
        assert!(dir.path().join("tools").exists());
    }
}
