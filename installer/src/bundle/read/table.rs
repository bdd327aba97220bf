//! The table of contents of an archive that holds an OCI image layout. It is read off headers; contents are passed by.

use crate::bundle::{BLOBS, INDEX_FILE, Index, LARGEST_MANIFEST, LAYOUT_FILE};
use std::collections::BTreeMap;
use std::io::{self, Read, Seek};
use std::path::{Component, Path};

/// How many files a bundle may have.
const ENTRIES: usize = 100_000;

/// What a bundle holds, and where.
#[derive(Clone, Debug)]
pub struct Table {
    pub(super) blobs: BTreeMap<String, Place>,
    pub(super) index: Index,
}

/// Where a blob is in the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) at: u64,
    pub(super) size: u64,
}

impl Table {
    /// Reads that of an archive of this length, passing by its contents.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(source: impl Read + Seek, length: u64) -> Result<Self, String> {
        let mut found = Found::default();
        let mut archive = tar::Archive::new(source);
        for (count, entry) in archive.entries_with_seek().map_err(damaged)?.enumerate() {
            if count >= ENTRIES {
                return Err(format!("it has more than {ENTRIES} files"));
            }
            found.add(entry.map_err(damaged)?, length)?;
        }
        if !found.layout {
            return Err(format!(
                "it is no OCI image layout, for it has no {LAYOUT_FILE}"
            ));
        }
        let index = found.index;
        Ok(Self {
            blobs: found.blobs,
            index: index.ok_or_else(|| format!("it has no {INDEX_FILE}; is it cut off?"))?,
        })
    }
}

/// What was seen so far.
#[derive(Default)]
struct Found {
    blobs: BTreeMap<String, Place>,
    layout: bool,
    index: Option<Index>,
}

impl Found {
    fn add<R: Read>(&mut self, mut entry: tar::Entry<'_, R>, length: u64) -> Result<(), String> {
        let path = entry.path().map_err(damaged)?.into_owned();
        let place = Place {
            at: entry.raw_file_position(),
            size: entry.size(),
        };
        if place.at.saturating_add(place.size) > length {
            return Err(format!("it is cut off in the middle of {}", path.display()));
        }
        let kind = entry.header().entry_type();
        let name = inside(&path, kind)?;
        match name.as_str() {
            _ if !kind.is_file() => {}
            LAYOUT_FILE => self.layout = true,
            INDEX_FILE => {
                let mut json = Vec::new();
                let read = entry.by_ref().take(LARGEST_MANIFEST).read_to_end(&mut json);
                read.map_err(damaged)?;
                self.index = Some(Index::parse(&json)?);
            }
            name => {
                if let Some(hex) = name.strip_prefix(BLOBS) {
                    self.blobs.insert(format!("sha256:{hex}"), place);
                }
            }
        }
        Ok(())
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it stands where errors are mapped"
)]
fn damaged(error: io::Error) -> String {
    format!("it is no tar archive, or no whole one: {error}")
}

/// The path of a file in the layout. We unpack nothing, but another program may.
fn inside(path: &Path, kind: tar::EntryType) -> Result<String, String> {
    let shown = path.to_string_lossy();
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => parts.push(name.to_string_lossy()),
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::ParentDir => {
                return Err(format!(
                    "the path {shown:?} in it leads out of it. Do not use it"
                ));
            }
        }
    }
    if kind.is_file() || kind.is_dir() || kind.is_pax_global_extensions() {
        return Ok(parts.join("/"));
    }
    Err(format!("{shown:?} in it is neither a file nor a folder"))
}
