//! What an undo wrote, and what it leaves.

use serde::Serialize;

use super::super::Change;
use super::super::store::Past;
use super::super::stored::Stored;
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
        let restarted = past.changes.iter().filter(|one| one.is_restart());
        Self {
            entry: past.number,
            verb: past.verb.clone(),
            changes: changes.iter().map(Stored::shown).collect(),
            restarted: restarted.map(|one| one.object.clone()).collect(),
        }
    }
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
