//! Reading a bundle: its table of contents at once, its contents when they are asked for, and never unchecked.

mod pieces;
mod table;

pub use table::Table;

use super::{BundleError, DEPTH, Entry, Kind, LARGEST_MANIFEST, chart_name};
use crate::measure;
use crate::registry::reference::Digest;
use crate::registry::{self, Blob, Descriptor, Manifest, Packed, is_list};
use pieces::{Changed, Pieces};
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// A bundle that was opened.
#[derive(Clone, Debug)]
pub struct Bundle {
    path: String,
    file: Arc<File>,
    table: Table,
}

/// What an artifact is made of.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    /// Manifests, those that others name before them; the artifact's own is the last.
    pub(super) manifests: Vec<(Descriptor, Vec<u8>)>,
    /// Configurations and layers.
    pub(super) blobs: Vec<Descriptor>,
}

impl Bundle {
    /// Reads the table of contents.
    ///
    /// # Errors
    /// When it is no bundle, or no whole one.
    pub fn open(path: &Path) -> Result<Self, BundleError> {
        let path_text = path.display().to_string();
        let unreadable = |error: io::Error| BundleError::Read {
            path: path_text.clone(),
            reason: error.to_string(),
        };
        let damaged = |reason| BundleError::Damaged {
            path: path_text.clone(),
            reason,
        };
        let file = File::open(path).map_err(unreadable)?;
        let length = file.metadata().map_err(unreadable)?.len();
        let table = Table::read(&file, length).map_err(damaged)?;
        Ok(Self {
            path: path_text,
            file: Arc::new(file),
            table,
        })
    }

    /// What it holds.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.table.index.entries
    }

    /// Its file.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// A chart as the artifact that it is.
    ///
    /// # Errors
    /// When it is not there, or damaged.
    pub fn chart(&self, name: &str, version: &str) -> Result<Packed, BundleError> {
        let wanted = chart_name(name, version);
        let charts = || {
            let charts = self.entries().iter();
            charts.filter(|entry| entry.kind == Kind::Chart)
        };
        let Some(entry) = charts().find(|entry| entry.name == wanted) else {
            let there: Vec<_> = charts().map(|entry| entry.name.as_str()).collect();
            return Err(BundleError::Missing {
                path: self.path.clone(),
                chart: format!("{name} {version}"),
                there: if there.is_empty() {
                    "no charts".to_owned()
                } else {
                    there.join(", ")
                },
            });
        };
        let tree = self.tree(entry)?;
        let manifest = tree.manifests.into_iter().next_back();
        let (descriptor, manifest) =
            manifest.ok_or_else(|| self.damaged(format!("{wanted} has no manifest")))?;
        let blobs = tree.blobs.into_iter().map(|descriptor| {
            let data = self.blob(&descriptor, crate::charts::LARGEST)?;
            Ok(Blob { descriptor, data })
        });
        Ok(Packed {
            digest: self.digest(&descriptor)?,
            manifest,
            blobs: blobs.collect::<Result<_, BundleError>>()?,
        })
    }

    /// Manifests and blobs of an artifact, each once.
    pub(super) fn tree(&self, entry: &Entry) -> Result<Tree, BundleError> {
        let mut tree = Tree::default();
        self.descend(&entry.manifest, DEPTH, &mut tree)?;
        let mut seen = BTreeSet::new();
        tree.blobs.retain(|blob| seen.insert(blob.digest.clone()));
        Ok(tree)
    }

    fn descend(
        &self,
        descriptor: &Descriptor,
        depth: usize,
        tree: &mut Tree,
    ) -> Result<(), BundleError> {
        let json = self.blob(descriptor, LARGEST_MANIFEST)?;
        let unread = |error| {
            self.damaged(format!(
                "the manifest {} in it cannot be read: {error}",
                descriptor.digest
            ))
        };
        if is_list(&json) {
            let depth = depth
                .checked_sub(1)
                .ok_or_else(|| self.damaged("its lists of images lie too deep".to_owned()))?;
            let list: registry::Index = serde_json::from_slice(&json).map_err(unread)?;
            for one in &list.manifests {
                self.descend(one, depth, tree)?;
            }
        } else {
            let manifest: Manifest = serde_json::from_slice(&json).map_err(unread)?;
            tree.blobs.extend(manifest.blobs().cloned());
        }
        let is_new = tree
            .manifests
            .iter()
            .all(|(there, _)| there.digest != descriptor.digest);
        if is_new {
            tree.manifests.push((descriptor.clone(), json));
        }
        Ok(())
    }

    /// A blob of at most `largest` bytes.
    fn blob(&self, descriptor: &Descriptor, largest: u64) -> Result<Vec<u8>, BundleError> {
        if descriptor.size > largest {
            return Err(self.damaged(format!(
                "{} in it has {}, which is more than weft takes",
                descriptor.digest,
                measure::size(descriptor.size)
            )));
        }
        let mut data = Vec::new();
        for piece in self.pieces(descriptor)? {
            data.extend(piece.map_err(|error| self.broken(error))?);
        }
        Ok(data)
    }

    /// A blob in pieces. The last of them is an error when the whole is not what its name says.
    pub(super) fn pieces(&self, descriptor: &Descriptor) -> Result<Pieces, BundleError> {
        let place = self.table.blobs.get(&descriptor.digest).copied();
        let place = place.ok_or_else(|| self.damaged(format!("it lacks {}", descriptor.digest)))?;
        if place.size != descriptor.size {
            return Err(self.damaged(format!(
                "{} in it has {} bytes, and {} were announced",
                descriptor.digest, place.size, descriptor.size
            )));
        }
        Ok(Pieces::new(
            Arc::clone(&self.file),
            place,
            descriptor.digest.clone(),
        ))
    }

    /// Reads every blob of the file, and finds that each is what its name says.
    ///
    /// # Errors
    /// The first that is not.
    pub(super) fn verify(&self) -> Result<(), BundleError> {
        for (digest, place) in &self.table.blobs {
            let descriptor = Descriptor {
                media_type: String::new(),
                digest: digest.clone(),
                size: place.size,
            };
            for piece in self.pieces(&descriptor)? {
                piece.map_err(|error| self.broken(error))?;
            }
        }
        Ok(())
    }

    /// The size of the blobs together.
    pub(super) fn size(&self) -> u64 {
        self.table
            .blobs
            .values()
            .fold(0, |sum, place| sum.saturating_add(place.size))
    }

    pub(super) fn digest(&self, descriptor: &Descriptor) -> Result<Digest, BundleError> {
        Digest::parse(&descriptor.digest).map_err(|error| self.damaged(error.to_string()))
    }

    pub(super) fn damaged(&self, reason: String) -> BundleError {
        BundleError::Damaged {
            path: self.path.clone(),
            reason,
        }
    }

    /// What ended a blob before its end.
    pub(super) fn broken(&self, error: io::Error) -> BundleError {
        match error.downcast::<Changed>() {
            Ok(changed) => BundleError::WrongDigest {
                path: self.path.clone(),
                what: "a blob".to_owned(),
                wanted: changed.wanted,
                found: changed.found,
            },
            Err(error) => BundleError::Read {
                path: self.path.clone(),
                reason: error.to_string(),
            },
        }
    }
}

#[cfg(test)]
mod tests;
