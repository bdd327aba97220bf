//! Downloaded charts, kept under their digest. A file that is not what its name says is downloaded again.

use crate::registry::reference::Digest;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Where they are kept.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// In weft's own cache.
    pub(super) fn below(cache: &Path) -> Self {
        Self {
            folder: cache.join("charts"),
        }
    }

    /// The archive with this digest.
    pub(super) fn get(&self, digest: &Digest) -> Option<Vec<u8>> {
        let archive = std::fs::read(self.file(digest)).ok()?;
        (Digest::of(&archive) == *digest).then_some(archive)
    }

    /// Keeps an archive. A cache that cannot be written costs a download the next time, and nothing else.
    pub(super) fn put(&self, digest: &Digest, archive: &[u8]) {
        let keep = || {
            std::fs::create_dir_all(&self.folder)?;
            let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
            file.write_all(archive)?;
            file.persist(self.file(digest)).map_err(|error| error.error)
        };
        drop(keep());
    }

    fn file(&self, digest: &Digest) -> PathBuf {
        self.folder.join(format!("{}.tgz", digest.hex()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back_and_what_was_changed_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::below(&folder.path().join("weft"));
        let digest = Digest::of(b"chart");
        assert_eq!(cache.get(&digest), None);
        cache.put(&digest, b"chart");
        assert_eq!(cache.get(&digest).as_deref(), Some(&b"chart"[..]));
        std::fs::write(cache.file(&digest), b"other").unwrap();
        assert_eq!(cache.get(&digest), None);
    }
}
