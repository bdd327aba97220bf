//! Why something is injected or not.

use serde::Serialize;

use super::super::decision::Decision;
use crate::output::{Cell, Report, Style, Table};

/// One answer.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Explained {
    /// What it is about.
    pub(crate) subject: String,
    /// Its namespace.
    pub(crate) namespace: String,
    /// The answer.
    #[serde(flatten)]
    pub(crate) decision: Decision,
}

/// All of them.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct ExplainReport(pub(crate) Vec<Explained>);

impl Report for ExplainReport {
    fn table(&self) -> Table {
        let mut table = Table::new(&["SUBJECT", "STEP", "RESULT", "WHY"]);
        for one in &self.0 {
            let subject = || Cell::from(one.subject.clone());
            for step in &one.decision.chain {
                let result = match step.injects {
                    Some(true) => Cell::styled(Style::Good, "injects"),
                    Some(false) => Cell::styled(Style::Warn, "called"),
                    None => Cell::styled(Style::Dim, "not called"),
                };
                let name = format!("{}/{}", step.configuration, step.webhook);
                table.row([subject(), name.into(), result, step.why.clone().into()]);
            }
            let all = one.decision.also.iter();
            for also in all {
                let warning = format!("{also} injects, too, and the last one wins");
                let twice = Cell::styled(Style::Bad, "twice");
                table.row([subject(), "conflict".into(), twice, warning.into()]);
            }
            for note in &one.decision.notes {
                let word = Cell::styled(Style::Warn, "note");
                table.row([subject(), "note".into(), word, note.clone().into()]);
            }
            let verdict = if one.decision.injected {
                Cell::styled(Style::Good, "INJECTED")
            } else {
                Cell::styled(Style::Bold, "NOT_INJECTED")
            };
            let reason = one.decision.reason.clone();
            table.row([subject(), "verdict".into(), verdict, reason.into()]);
        }
        table
    }

    fn names(&self) -> Vec<String> {
        let injected = self.0.iter().filter(|one| one.decision.injected);
        injected.map(|one| one.subject.clone()).collect()
    }
}
