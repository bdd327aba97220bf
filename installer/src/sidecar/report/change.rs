//! What was written, or would be.

use serde::Serialize;
use serde_json::Value;

use crate::cluster::diff::Change;
use crate::cluster::diff::shown::rows;
use crate::cluster::error::ClusterError;
use crate::cluster::object::ObjectId;
use crate::output::{Cell, Report, Style, Table};

/// What became of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Written {
    /// It was as asked for already.
    Unchanged,
    /// It was written.
    #[serde(rename = "written")]
    Done,
    /// It would be.
    #[serde(rename = "would-be-written")]
    WouldBe,
    /// It could not be.
    Failed,
}

/// One object.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ChangeRow {
    /// Which.
    pub(crate) object: ObjectId,
    /// What became of it.
    pub(crate) result: Written,
    /// The fields that differ.
    pub(crate) fields: Vec<Change>,
    /// What would be applied, of a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) manifest: Option<Value>,
    /// Why it could not be written.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) message: String,
}

impl ChangeRow {
    /// The same, but it did not work.
    pub(crate) fn failed(self, error: &ClusterError) -> Self {
        Self {
            result: Written::Failed,
            message: error.to_string(),
            ..self
        }
    }
}

/// All of them.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct ChangeReport {
    /// One for each object.
    pub(crate) rows: Vec<ChangeRow>,
    /// Whether only what differs is asked for.
    #[serde(skip)]
    pub(crate) is_diff: bool,
}

impl Report for ChangeReport {
    fn table(&self) -> Table {
        let mut table = Table::new(&["OBJECT", "RESULT", "FIELD", "BEFORE", "AFTER"]);
        for row in &self.rows {
            let (style, word) = match row.result {
                Written::Unchanged if self.is_diff => continue,
                Written::Unchanged => (Style::Dim, "unchanged"),
                Written::Done => (Style::Good, "written"),
                Written::WouldBe => (Style::Warn, "would be written"),
                Written::Failed => (Style::Bad, "failed"),
            };
            let object = row.object.to_string();
            if row.fields.is_empty() {
                table.row([object.clone().into(), Cell::styled(style, word)]);
            }
            for field in &row.fields {
                let lead = [object.clone().into(), Cell::styled(style, word)];
                rows(&mut table, &lead, field, &[]);
            }
        }
        table
    }

    fn names(&self) -> Vec<String> {
        self.rows
            .iter()
            .map(|row| format!("{}/{}", row.object.kind.to_lowercase(), row.object.name))
            .collect()
    }
}
