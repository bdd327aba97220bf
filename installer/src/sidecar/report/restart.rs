//! What became of restarts.

use serde::Serialize;

use super::super::restart::{Restarted, Verdict};
use super::or_dash;
use crate::output::{Cell, Report, Style, Table};

/// One row for each target.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct RestartReport(pub(crate) Vec<Restarted>);

impl Report for RestartReport {
    fn table(&self) -> Table {
        let mut table = Table::new(&["NAMESPACE", "KIND", "NAME", "RESULT", "MESSAGE"]);
        for row in &self.0 {
            let (style, word) = match row.result {
                Verdict::InProcess => (Style::Warn, "IN_PROCESS"),
                Verdict::Succeed => (Style::Good, "SUCCEED"),
                Verdict::Failed => (Style::Bad, "FAILED"),
                Verdict::Skipped => (Style::Dim, "SKIPPED"),
            };
            table.row([
                row.namespace.clone().into(),
                row.kind.into(),
                row.name.clone().into(),
                Cell::styled(style, word),
                or_dash(&row.message).into(),
            ]);
        }
        table
    }

    fn names(&self) -> Vec<String> {
        self.0
            .iter()
            .map(|row| format!("{}/{}", row.kind.to_lowercase(), row.name))
            .collect()
    }
}
