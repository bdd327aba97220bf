//! What happens while a plan is carried out, as values that a terminal, a log or a program is told.

use serde::Serialize;

use super::object::ObjectId;

/// What became of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    /// It was written and did not exist before.
    Created,
    /// It was written.
    Updated,
    /// It was removed.
    Pruned,
    /// It is not ready yet.
    Waiting,
    /// It is ready.
    Ready,
    /// It will not get ready.
    Failed,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Event {
    /// What the object is a part of.
    pub(crate) component: String,
    /// Which object.
    pub(crate) object: ObjectId,
    /// What became of it.
    pub(crate) state: State,
    /// What it waits for, or why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) waits_for: Option<String>,
    /// When, RFC 3339 in UTC.
    pub(crate) at: String,
}

/// Whom to tell.
pub(crate) trait Sink: Sync {
    /// It happened.
    fn event(&self, event: &Event);
}
