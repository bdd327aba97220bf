//! A blob out of a file, piece by piece.

use super::table::Place;
use crate::measure::{self, Hash};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

/// How much is read at once. A registry is sent as much in one request.
const PIECE: u64 = 4 * 1024 * 1024;

/// A blob in pieces, checked against its digest at the end.
#[derive(Debug)]
pub(in crate::bundle) struct Pieces {
    file: Arc<File>,
    place: Place,
    read: u64,
    hash: Option<Hash>,
    wanted: String,
}

/// A blob that is not what its name says.
#[derive(Debug, thiserror::Error)]
#[error("{wanted} in the bundle has the digest {found}: copy the bundle again")]
pub(in crate::bundle) struct Changed {
    pub(super) wanted: String,
    pub(super) found: String,
}

impl Iterator for Pieces {
    type Item = io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        let left = self.place.size.saturating_sub(self.read);
        let mut piece = vec![0; usize::try_from(left.min(PIECE)).ok()?];
        let hash = self.hash.as_mut()?;
        if left == 0 {
            // Reached for an empty blob only: the others are checked together with their last piece.
            return self.check().err().map(Err);
        }
        let at = self.place.at.saturating_add(self.read);
        if let Err(error) = self.file.read_exact_at(&mut piece, at) {
            self.hash = None;
            return Some(Err(error));
        }
        hash.update(&piece);
        self.read = self.read.saturating_add(measure::length(&piece));
        if self.read == self.place.size {
            return Some(self.check().map(|()| piece));
        }
        Some(Ok(piece))
    }
}

impl Pieces {
    pub(super) fn new(file: Arc<File>, place: Place, wanted: String) -> Self {
        Self {
            file,
            place,
            read: 0,
            hash: Some(Hash::default()),
            wanted,
        }
    }

    fn check(&mut self) -> io::Result<()> {
        let found = self.hash.take().unwrap_or_default().finish();
        if found == self.wanted {
            return Ok(());
        }
        Err(io::Error::other(Changed {
            wanted: self.wanted.clone(),
            found,
        }))
    }
}
