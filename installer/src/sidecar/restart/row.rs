//! What became of one target.

use serde::Serialize;

use super::super::view::WorkloadName;

/// How far one target has come, in the reference's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Verdict {
    /// Begun, and nobody waits for it.
    InProcess,
    /// All of its pods are new and ready.
    Succeed,
    /// It did not work.
    Failed,
    /// Nothing was done.
    Skipped,
}

/// One target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Restarted {
    /// Its namespace.
    pub(crate) namespace: String,
    /// `Deployment`, …, or `Pod`.
    pub(crate) kind: &'static str,
    /// Its name.
    pub(crate) name: String,
    /// How far it has come.
    pub(crate) result: Verdict,
    /// Whether its pods are being replaced, or were: what failed before that runs as before.
    pub(crate) begun: bool,
    /// The first cause, or what was skipped.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) message: String,
}

impl Restarted {
    /// Of a workload.
    pub(crate) fn of(name: &WorkloadName, result: Verdict, message: impl Into<String>) -> Self {
        Self {
            namespace: name.namespace.clone(),
            kind: name.kind.word(),
            name: name.name.clone(),
            result,
            begun: false,
            message: message.into(),
        }
    }
}
