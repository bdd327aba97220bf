//! What differs, field by field.

use serde::Serialize;

use crate::cluster::diff::Change;
use crate::output::{Cell, Report, Style, Table};

/// `--diff`.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct DiffReport(pub(crate) Vec<Change>);

impl Report for DiffReport {
    fn table(&self) -> Table {
        let mut table = Table::new(&["FIELD", "IS", "WOULD BE"]);
        for change in &self.0 {
            let text = |value: &Option<serde_json::Value>| {
                value
                    .as_ref()
                    .map_or_else(|| "-".to_owned(), ToString::to_string)
            };
            table.row([
                change.path.clone().into(),
                Cell::styled(Style::Bad, text(&change.before)),
                Cell::styled(Style::Good, text(&change.after)),
            ]);
        }
        table
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().map(|change| change.path.clone()).collect()
    }
}
