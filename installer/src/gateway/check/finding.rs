//! What was looked at for a gateway, and how it is.

use std::fmt;

use serde::Serialize;

use crate::output::{Cell, Report, Style, Table};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Grade {
    /// All is well.
    Pass,
    /// It may be a mistake.
    Warn,
    /// It cannot work.
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// What was looked at.
    pub(crate) check: String,
    /// How it is.
    pub(crate) grade: Grade,
    /// In words, with the remedy where one is needed.
    pub(crate) text: String,
}

impl Finding {
    /// One of them.
    pub(crate) fn new(check: &str, grade: Grade, text: impl Into<String>) -> Self {
        Self {
            check: check.to_owned(),
            grade,
            text: text.into(),
        }
    }

    pub(super) fn fail(check: &str, text: impl Into<String>) -> Self {
        Self::new(check, Grade::Fail, text)
    }

    pub(super) fn warn(check: &str, text: impl Into<String>) -> Self {
        Self::new(check, Grade::Warn, text)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.check, self.text)
    }
}

/// All that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Findings(pub(crate) Vec<Finding>);

impl Report for Findings {
    fn table(&self) -> Table {
        let mut table = Table::new(&["CHECK", "RESULT", "MESSAGE"]);
        for finding in &self.0 {
            let (style, word) = match finding.grade {
                Grade::Pass => (Style::Good, "pass"),
                Grade::Warn => (Style::Warn, "warn"),
                Grade::Fail => (Style::Bad, "fail"),
            };
            table.row([
                finding.check.clone().into(),
                Cell::styled(style, word),
                finding.text.clone().into(),
            ]);
        }
        table
    }

    fn names(&self) -> Vec<String> {
        let bad = self.0.iter().filter(|one| one.grade != Grade::Pass);
        bad.map(|finding| finding.check.clone()).collect()
    }
}
