//! Bundles: charts, plugins and container images in one file, for a site without internet.
//!
//! The file is a tar of an OCI image layout, which skopeo and others read too (`oci-archive:FILE:NAME`). A format of our
//! own was rejected: it would need our program on both sides, and could be checked by nothing else. The same content
//! gives the same file, to the last bit.

mod create;
mod error;
mod index;
mod push;
mod read;
mod report;
mod write;

pub use create::{Contents, create};
pub use error::BundleError;
pub use index::{Entry, Index, Kind};
pub use push::{Destination, push};
pub use read::{Bundle, Table};
pub use report::{Held, Holding, Pushed, Sent, State};

use crate::registry::reference::Reference;

/// The file that says that this is a layout.
const LAYOUT_FILE: &str = "oci-layout";
/// What is in it.
const LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;
/// The file that lists what there is.
const INDEX_FILE: &str = "index.json";
/// Where blobs are.
const BLOBS: &str = "blobs/sha256/";
/// The largest manifest or index.
const LARGEST_MANIFEST: u64 = 4 * 1024 * 1024;
/// How deep lists of images may lie in lists.
const DEPTH: usize = 3;

/// The name of a chart in a bundle, and below the prefix that it is pushed to.
pub(crate) fn chart_name(name: &str, version: &str) -> String {
    // Build metadata comes after a plus, which no tag can hold.
    format!("charts/{name}:{}", version.replace('+', "_"))
}

/// The name of an image in a bundle: with its tag, or without one with its digest.
fn image_name(reference: &Reference) -> String {
    let repository = format!("{}/{}", reference.registry(), reference.repository());
    match (reference.tag(), reference.digest()) {
        (Some(tag), _) => format!("{repository}:{tag}"),
        (None, Some(digest)) => format!("{repository}@{digest}"),
        (None, None) => format!("{repository}:latest"),
    }
}
