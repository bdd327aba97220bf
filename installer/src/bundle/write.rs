//! Writing a bundle, piece by piece as content arrives, so that memory stays small.

use super::{BLOBS, INDEX_FILE, Index, LAYOUT, LAYOUT_FILE};
use crate::measure::{self, Hash};
use crate::registry::Descriptor;
use std::collections::BTreeSet;
use std::io::{self, Write};

/// A tar archive is made of blocks of this size.
const BLOCK: u64 = 512;

/// A bundle that is being written. Everything in it has neither owner nor time.
pub(super) struct Writer<W> {
    out: W,
    hash: Hash,
    there: BTreeSet<String>,
}

impl<W: Write> Writer<W> {
    /// Starts one.
    pub(super) fn new(out: W) -> io::Result<Self> {
        let mut writer = Self {
            out,
            hash: Hash::default(),
            there: BTreeSet::new(),
        };
        writer.file(LAYOUT_FILE, LAYOUT)?;
        Ok(writer)
    }

    /// Whether content is in it already. It is not written twice.
    pub(super) fn has(&self, blob: &Descriptor) -> bool {
        self.there.contains(&blob.digest)
    }

    /// Content at hand.
    pub(super) fn blob(&mut self, blob: &Descriptor, data: &[u8]) -> io::Result<()> {
        if self.has(blob) {
            return Ok(());
        }
        self.begin(blob)?;
        self.piece(data)?;
        self.end(blob, measure::length(data))
    }

    /// Announces content that comes in pieces.
    pub(super) fn begin(&mut self, blob: &Descriptor) -> io::Result<()> {
        let hex = blob.digest.trim_start_matches("sha256:");
        self.header(&format!("{BLOBS}{hex}"), blob.size)
    }

    /// One piece of it.
    pub(super) fn piece(&mut self, data: &[u8]) -> io::Result<()> {
        self.hash.update(data);
        self.out.write_all(data)
    }

    /// Ends content of which this much came.
    pub(super) fn end(&mut self, blob: &Descriptor, came: u64) -> io::Result<()> {
        if came != blob.size {
            return Err(io::Error::other(format!(
                "{} has {came} bytes, and its manifest says {}",
                blob.digest, blob.size
            )));
        }
        self.pad(came)?;
        self.there.insert(blob.digest.clone());
        Ok(())
    }

    /// Writes the list of what there is and ends the archive. Returns its digest, and the writer for what is left to do.
    pub(super) fn finish(mut self, index: &Index) -> io::Result<(String, W)> {
        self.file(INDEX_FILE, &index.write()?)?;
        self.piece(&[0; 1024])?;
        self.out.flush()?;
        Ok((self.hash.finish(), self.out))
    }

    fn file(&mut self, path: &str, data: &[u8]) -> io::Result<()> {
        let size = measure::length(data);
        self.header(path, size)?;
        self.piece(data)?;
        self.pad(size)
    }

    fn header(&mut self, path: &str, size: u64) -> io::Result<()> {
        let mut header = tar::Header::new_ustar();
        header.set_path(path)?;
        header.set_size(size);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        header.set_cksum();
        self.piece(header.as_bytes())
    }

    fn pad(&mut self, size: u64) -> io::Result<()> {
        let zeros = [0; 512];
        let missing = size.next_multiple_of(BLOCK).saturating_sub(size);
        let missing = usize::try_from(missing).unwrap_or_default();
        self.piece(zeros.get(..missing).unwrap_or_default())
    }
}
