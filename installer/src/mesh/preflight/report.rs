//! What `weft preflight` shows.

use serde::Serialize;

use super::{Check, Verdict};
use crate::failure::Exit;
use crate::output::{Cell, Report, Style, Table};

/// All checks, what matters first.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct PreflightReport(Vec<Check>);

impl PreflightReport {
    /// Of what was checked.
    pub(crate) fn of(mut checks: Vec<Check>) -> Self {
        checks.sort_by_key(|check| check.verdict);
        Self(checks)
    }

    /// 2 where something would not work.
    pub(crate) fn exit(&self) -> Exit {
        if self.0.iter().any(|check| check.verdict == Verdict::Fail) {
            Exit::Findings
        } else {
            Exit::Ok
        }
    }
}

impl Report for PreflightReport {
    fn table(&self) -> Table {
        let mut table = Table::new(&["VERDICT", "CHECK", "OBJECT", "WHAT"]).wide(&["ID"]);
        for check in &self.0 {
            let verdict = match check.verdict {
                Verdict::Pass => Cell::styled(Style::Good, "pass"),
                Verdict::Warn => Cell::styled(Style::Warn, "warn"),
                Verdict::Fail => Cell::styled(Style::Bad, "fail"),
                Verdict::Skipped => Cell::styled(Style::Dim, "skipped"),
            };
            table.row([
                verdict,
                check.title.into(),
                check
                    .object
                    .clone()
                    .unwrap_or_else(|| "-".to_owned())
                    .into(),
                check.words.clone().into(),
                check.id.into(),
            ]);
            if let Some(remedy) = &check.remedy {
                table.text(format!("  remedy: {remedy}").into());
            }
        }
        table
    }

    fn names(&self) -> Vec<String> {
        let found = self
            .0
            .iter()
            .filter(|check| matches!(check.verdict, Verdict::Fail | Verdict::Warn));
        found.map(|check| check.id.to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Terminal;

    #[test]
    fn a_remedy_stands_below_its_finding_however_long_that_is() {
        let check = |id: &'static str, verdict, words: &str, remedy: Option<&str>| Check {
            id,
            title: "Clock",
            verdict,
            words: words.to_owned(),
            object: None,
            remedy: remedy.map(str::to_owned),
        };
        let long = "x".repeat(200);
        let report = PreflightReport::of(vec![
            check("A", Verdict::Pass, "fine", None),
            check("B", Verdict::Fail, &long, Some("set it")),
        ]);
        let text = report.table().layout(false, true, Terminal::default());
        assert_eq!(
            text,
            format!(
                "VERDICT   CHECK   OBJECT   WHAT\nfail      Clock   -        {long}\n  remedy: set it\npass      Clock   -        fine\n"
            )
        );
    }
}
