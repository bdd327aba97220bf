//! What the verbs print, as values.

mod change;
mod explain;
mod restart;
mod settings;
mod status;

pub(crate) use change::{ChangeReport, ChangeRow, Written};
pub(crate) use explain::{ExplainReport, Explained};
pub(crate) use restart::RestartReport;
pub(crate) use settings::{LevelReport, LevelRow, ScopeReport, SettingsReport, SettingsRow};
pub(crate) use status::{Level, StatusReport};

/// For a cell that would be empty.
fn or_dash(text: &str) -> String {
    if text.is_empty() {
        "-".to_owned()
    } else {
        text.to_owned()
    }
}
