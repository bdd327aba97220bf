//! Has a file changed? Asked by looking, not by listening: a file that an editor replaces, a link that is turned, a
//! mounted `ConfigMap`, all look the same this way.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

/// What a file looks like from outside; nothing for one that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    seconds: i64,
    nanoseconds: i64,
    size: u64,
    inode: u64,
}

/// Files watched together.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    paths: Vec<PathBuf>,
    known: Vec<Option<Stamp>>,
    pending: Option<Vec<Option<Stamp>>>,
}

impl Watch {
    /// Watches from now on.
    pub(super) fn new(paths: Vec<PathBuf>) -> Self {
        let known = stamps(&paths);
        Self {
            paths,
            known,
            pending: None,
        }
    }

    /// Whether something changed since the last change that was told, and has come to rest: seen twice the same.
    /// Whoever empties a file before writing it would otherwise have an empty configuration read.
    pub(super) fn changed(&mut self) -> bool {
        let now = stamps(&self.paths);
        if now == self.known {
            self.pending = None;
            return false;
        }
        if self.pending.as_ref() != Some(&now) {
            self.pending = Some(now);
            return false;
        }
        self.known = now;
        self.pending = None;
        true
    }
}

fn stamps(paths: &[PathBuf]) -> Vec<Option<Stamp>> {
    paths
        .iter()
        .map(|path| {
            fs::metadata(path).ok().map(|found| Stamp {
                seconds: found.mtime(),
                nanoseconds: found.mtime_nsec(),
                size: found.size(),
                inode: found.ino(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_once_and_only_after_it_has_come_to_rest() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x");
        fs::write(&file, "one").unwrap();
        let mut watch = Watch::new(vec![file.clone()]);
        assert!(!watch.changed());
        fs::write(&file, "").unwrap();
        assert!(!watch.changed(), "just emptied");
        fs::write(&file, "three").unwrap();
        assert!(!watch.changed(), "just written");
        assert!(watch.changed(), "at rest");
        assert!(!watch.changed(), "told already");
        fs::remove_file(&file).unwrap();
        assert_eq!(
            [watch.changed(), watch.changed(), watch.changed()],
            [false, true, false]
        );
    }
}
