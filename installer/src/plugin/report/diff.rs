//! What differs, field by field.

use serde::Serialize;

use crate::cluster::diff::Change;
use crate::cluster::diff::shown::{COLUMNS, rows};
use crate::output::{Report, Table};

/// `--diff`.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct DiffReport(pub(crate) Vec<Change>);

impl Report for DiffReport {
    fn table(&self) -> Table {
        let mut table = Table::new(&COLUMNS);
        for change in &self.0 {
            rows(&mut table, &[], change, &[]);
        }
        table
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().map(|change| change.path.clone()).collect()
    }
}
