//! What was written, or would be.

use serde::Serialize;
use serde_json::Value;

use crate::cluster::diff::Change;
use crate::cluster::diff::shown::rows;
use crate::cluster::error::ClusterError;
use crate::cluster::object::ObjectId;
use crate::cluster::ownership::OwnedField;
use crate::cluster::report::{owners, table};
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
    /// Somebody else keeps it as it is.
    Conflict,
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
    /// Those who own what changes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) owners: Vec<OwnedField>,
    /// What would be applied, of a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) manifest: Option<Value>,
    /// Why it could not be written.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) message: String,
}

impl ChangeRow {
    /// Who owns a field, where the table says that.
    fn owner(&self, path: &str, is_owned: bool) -> Vec<Cell> {
        let cell = is_owned.then(|| owners(&self.owners, path).into());
        cell.into_iter().collect()
    }

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
        let is_owned = self.rows.iter().any(|row| !row.owners.is_empty());
        let mut table = table("RESULT", is_owned);
        for row in &self.rows {
            let (style, word) = match row.result {
                Written::Unchanged if self.is_diff => continue,
                Written::Unchanged => (Style::Dim, "unchanged"),
                Written::Done => (Style::Good, "written"),
                Written::WouldBe => (Style::Warn, "would be written"),
                Written::Conflict => (Style::Bad, "conflict"),
                Written::Failed => (Style::Bad, "failed"),
            };
            let object = row.object.to_string();
            if row.fields.is_empty() {
                table.row([object.clone().into(), Cell::styled(style, word)]);
            }
            for field in &row.fields {
                let lead = [object.clone().into(), Cell::styled(style, word)];
                rows(&mut table, &lead, field, &row.owner(&field.path, is_owned));
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
