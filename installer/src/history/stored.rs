//! How a change is kept: only the fields that differ, within bounds, and never a value of a Secret.

mod pieces;

use serde::{Deserialize, Serialize};

use super::Change;
pub(crate) use super::kept::{Kept, hash};
use crate::cluster::diff;
use crate::cluster::object::ObjectId;
pub(crate) use pieces::{ending, intent, pieces};

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The largest value that is kept whole, in bytes; of a larger one its hash is.
    pub(crate) value: usize,
    /// The largest piece of an entry.
    pub(crate) piece: usize,
    /// The largest `ConfigMap`; Kubernetes refuses more than 1 MiB.
    pub(crate) chunk: usize,
    /// All of them.
    pub(crate) total: usize,
    /// For how many days.
    pub(crate) days: i64,
}

impl Limits {
    /// Of a real history.
    pub(crate) const REAL: Self = Self {
        value: 32 * 1024,
        piece: 192 * 1024,
        chunk: 256 * 1024,
        total: 2 * 1024 * 1024,
        days: 400,
    };
}

/// A part of an entry: an entry that wrote thousands of objects has several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Piece {
    /// The entry, counted from 1.
    pub(crate) number: u64,
    /// Which part of it, counted from 0.
    pub(crate) part: usize,
    /// Of how many.
    pub(crate) parts: usize,
    /// As in the entry.
    pub(crate) at: String,
    /// As in the entry.
    pub(crate) who: String,
    /// As in the entry.
    pub(crate) verb: String,
    /// Some of its changes, in order.
    pub(crate) changes: Vec<Stored>,
    /// How far the verb was when this was written.
    #[serde(default, skip_serializing_if = "Course::is_done")]
    pub(crate) course: Course,
}

/// How far a verb came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Course {
    /// It began, and nobody knows what it wrote: it is at work, or was killed.
    Begun,
    /// It did not come to its end; what it wrote until then is known.
    Failed,
    /// It wrote all that it had to.
    #[default]
    Done,
}

/// A change as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stored {
    /// Which object.
    pub(crate) object: ObjectId,
    /// Under which name.
    #[serde(default)]
    pub(crate) manager: String,
    /// What was done to it.
    #[serde(flatten)]
    pub(crate) what: What,
}

impl Stored {
    /// A change without a field of the object's: its pods were made anew, and nothing else.
    pub(crate) fn is_restart(&self) -> bool {
        matches!(&self.what, What::Update { fields } if fields.is_empty())
    }
}

/// What was done to an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "lowercase")]
pub(crate) enum What {
    /// It was not there before.
    Create {
        /// What weft's fields are.
        after: Kept,
    },
    /// These fields differ.
    Update {
        /// Which.
        fields: Vec<KeptField>,
    },
    /// It is not there any more.
    Delete {
        /// What weft's fields were.
        before: Kept,
    },
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeptField {
    /// Where, as a JSON pointer.
    pub(crate) at: String,
    /// What was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<Kept>,
    /// What is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<Kept>,
}

impl KeptField {
    /// As comparisons tell it.
    pub(crate) fn shown(&self) -> diff::Change {
        diff::Change {
            path: diff::path(&self.at),
            before: self.before.as_ref().map(Kept::shown),
            after: self.after.as_ref().map(Kept::shown),
        }
    }
}

impl Stored {
    /// A change as it would be kept.
    pub(crate) fn shown(change: &Change) -> Self {
        pieces::fitting(change, Limits::REAL)
    }
}

impl Course {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    fn is_done(&self) -> bool {
        *self == Self::Done
    }
}

impl What {
    /// In a word.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Update { .. } => "update",
            Self::Delete { .. } => "delete",
        }
    }
}

#[cfg(test)]
#[path = "stored/tests.rs"]
mod tests;
