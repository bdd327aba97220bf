//! Unpacking a code layer, which comes from the network: nothing larger than a module may grow out of it.

use super::{FILE, ImageError, LARGEST, Layout};
use flate2::read::MultiGzDecoder;
use std::io::{self, Read};
use std::path::Path;

/// Headers and padding of a tar around the largest module.
const ROOM: u64 = 1024 * 1024;

/// The module in a code layer.
///
/// # Errors
/// When the layer is damaged, lacks the module, or holds more than Istio takes.
pub fn unpack(layout: Layout, layer: &[u8]) -> Result<Vec<u8>, ImageError> {
    within(LARGEST, layout, layer)
}

/// The same with a bound of the caller's choice, so that a test need not fill memory.
pub(super) fn within(largest: u64, layout: Layout, layer: &[u8]) -> Result<Vec<u8>, ImageError> {
    match layout {
        Layout::Artifact => Ok(layer.to_vec()),
        Layout::Docker | Layout::Compat => find(largest, layer),
    }
}

fn find(largest: u64, layer: &[u8]) -> Result<Vec<u8>, ImageError> {
    let mut archive = tar::Archive::new(Bounded {
        inner: MultiGzDecoder::new(layer),
        left: largest.saturating_add(ROOM),
    });
    let mut others = Vec::new();
    for entry in archive.entries().map_err(damaged)? {
        let entry = entry.map_err(damaged)?;
        let path = entry.path().map_err(damaged)?.into_owned();
        if entry.header().entry_type().is_file()
            && path.file_name().is_some_and(|name| name == FILE)
        {
            return read(largest, entry);
        }
        others.push(path);
    }
    Err(ImageError::NoFile(list(&others)))
}

fn read(largest: u64, entry: impl Read) -> Result<Vec<u8>, ImageError> {
    let mut module = Vec::new();
    let read = entry
        .take(largest.saturating_add(1))
        .read_to_end(&mut module)
        .map_err(damaged)?;
    if u64::try_from(read).is_ok_and(|read| read <= largest) {
        Ok(module)
    } else {
        Err(ImageError::TooLarge)
    }
}

fn list(paths: &[impl AsRef<Path>]) -> String {
    let names: Vec<_> = paths
        .iter()
        .take(5)
        .map(|path| path.as_ref().display().to_string())
        .collect();
    if names.is_empty() {
        "none at all".to_owned()
    } else {
        names.join(", ")
    }
}

/// Reads no more than it may, and says so; a silent end would look like a damaged archive.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let read = self.inner.by_ref().take(self.left).read(buffer)?;
        self.left = self
            .left
            .saturating_sub(u64::try_from(read).unwrap_or(u64::MAX));
        Ok(read)
    }
}

fn damaged(error: io::Error) -> ImageError {
    if error.kind() == io::ErrorKind::FileTooLarge {
        ImageError::TooLarge
    } else {
        ImageError::Damaged(error)
    }
}
