//! What the verbs report about bundles.

use super::create::total;
use super::{Bundle, BundleError, Kind};
use crate::measure;
use crate::output::{Cell, Report, Style, Table};
use crate::registry::reference::Digest;
use serde::Serialize;

/// What a bundle holds.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Holding {
    /// The file; none when it was only asked what would be in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The digest of the file, known to whoever wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The size of the content in bytes. What several artifacts share counts once.
    pub size: u64,
    /// Every artifact.
    pub artifacts: Vec<Held>,
}

/// One artifact in a bundle.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// The digest of its manifest.
    pub digest: String,
    /// Its size in bytes.
    pub size: u64,
}

/// What was pushed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pushed {
    /// The source of charts that a mesh file names, when there are charts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charts: Option<String>,
    /// Every artifact.
    pub artifacts: Vec<Sent>,
}

/// One artifact and where it is now.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sent {
    /// What it is.
    pub kind: Kind,
    /// Its name in the bundle.
    pub name: String,
    /// How to name it from now on.
    pub reference: String,
    /// Its digest, which is that in the bundle.
    pub digest: Digest,
    /// What the registry had before.
    pub state: State,
    /// Whether nothing was sent.
    pub dry_run: bool,
}

/// What a registry had under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// This.
    There,
    /// Nothing.
    New,
    /// Something else; the name moves.
    Moved,
}

impl Holding {
    /// Reads all of a bundle and reports what it holds.
    ///
    /// # Errors
    /// When anything in it is not what its name says.
    pub fn of(bundle: &Bundle) -> Result<Self, BundleError> {
        bundle.verify()?;
        let artifacts = bundle.entries().iter().map(|entry| {
            let tree = bundle.tree(entry)?;
            let manifests = tree.manifests.iter().map(|(descriptor, _)| descriptor);
            for blob in &tree.blobs {
                bundle.pieces(blob)?;
            }
            Ok(Held {
                kind: entry.kind,
                name: entry.name.clone(),
                digest: entry.manifest.digest.clone(),
                size: total(manifests.chain(&tree.blobs)),
            })
        });
        Ok(Self {
            artifacts: artifacts.collect::<Result<_, BundleError>>()?,
            file: Some(bundle.path().to_owned()),
            digest: None,
            size: bundle.size(),
        })
    }
}

impl Report for Holding {
    fn table(&self) -> Table {
        let mut table = Table::new(&["KIND", "NAME", "SIZE"]).wide(&["DIGEST"]);
        for held in &self.artifacts {
            table.row([
                held.kind.word().into(),
                held.name.clone().into(),
                measure::size(held.size).into(),
                held.digest.clone().into(),
            ]);
        }
        table
    }

    fn names(&self) -> Vec<String> {
        let names = self.artifacts.iter();
        names.map(|held| held.name.clone()).collect()
    }
}

impl Report for Pushed {
    fn table(&self) -> Table {
        let mut table = Table::new(&["KIND", "STATE", "REFERENCE"]).wide(&["DIGEST", "NAME"]);
        for sent in &self.artifacts {
            table.row([
                sent.kind.word().into(),
                sent.word(),
                sent.reference.clone().into(),
                sent.digest.to_string().into(),
                sent.name.clone().into(),
            ]);
        }
        table
    }

    fn names(&self) -> Vec<String> {
        let names = self.artifacts.iter();
        names.map(|sent| sent.reference.clone()).collect()
    }
}

impl Sent {
    fn word(&self) -> Cell {
        match (self.state, self.dry_run) {
            (State::There, _) => "there".into(),
            (State::New, false) => Cell::styled(Style::Good, "pushed"),
            (State::New, true) => "would push".into(),
            (State::Moved, false) => Cell::styled(Style::Warn, "moved"),
            (State::Moved, true) => Cell::styled(Style::Warn, "would move"),
        }
    }
}
