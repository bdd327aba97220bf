//! What an undo wrote, and what it leaves.

use serde::Serialize;

use super::super::Change;
use super::super::store::Past;
use super::super::stored::{Stored, What};
use super::{all_told, names, table};
use crate::cluster::object::ObjectId;
use crate::output::{Report, Table};

/// `weft undo`.
#[derive(Debug, Serialize)]
pub(crate) struct UndoReport {
    entry: u64,
    verb: String,
    #[serde(serialize_with = "all_told")]
    changes: Vec<Stored>,
    /// What the entry restarted: its pods are gone, and no undo brings them back.
    restarted: Vec<ObjectId>,
}

impl UndoReport {
    /// Of what was or would be written to undo an entry.
    pub(crate) fn of(past: &Past, changes: &[Change]) -> Self {
        Self {
            entry: past.number,
            verb: past.verb.clone(),
            changes: changes.iter().map(Stored::shown).collect(),
            restarted: past.changes.iter().filter_map(restarted).collect(),
        }
    }
}

/// A change without a field is a restart.
fn restarted(stored: &Stored) -> Option<ObjectId> {
    let is_restart = matches!(&stored.what, What::Update { fields } if fields.is_empty());
    is_restart.then(|| stored.object.clone())
}

impl Report for UndoReport {
    fn table(&self) -> Table {
        let mut table = table(&self.changes);
        for object in &self.restarted {
            table.row([
                object.to_string().into(),
                "not undone".into(),
                "pods that were restarted are gone".into(),
                "-".into(),
                "-".into(),
            ]);
        }
        table
    }

    fn names(&self) -> Vec<String> {
        names(&self.changes)
    }
}
