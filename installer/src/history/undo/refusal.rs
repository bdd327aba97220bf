//! Why an undo would not be safe.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::store::Past;
use super::super::stored::What;
use super::Action;
use crate::cluster::object::ObjectId;
use crate::mesh::record::{self, Phase};

/// Why a mesh that was made is not unmade.
const CREATED: &str =
    "`weft mesh delete` takes a mesh away, and looks first whether anybody uses it";

/// Of a restart.
const RESTARTED: &str =
    "pods that were restarted are gone; `weft undo NUMBER` goes back from an older entry";

/// What cannot be gone back from, by how the verb begins, and what to do instead.
const REFUSED: [(&str, &str); 6] = [
    ("mesh create", CREATED),
    (
        "mesh delete",
        "certificates and addresses that are gone do not come back: create it anew from its file",
    ),
    (
        "mesh upgrade",
        "proxies run the other version by now, and one that has ended is not gone back from; while it is under way, `weft mesh upgrade rollback` goes back",
    ),
    ("sidecar restart", RESTARTED),
    ("sidecar upgrade", RESTARTED),
    ("gateway upgrade", RESTARTED),
];

/// Why an undo is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsafe {
    /// The verb itself.
    #[error("`weft {verb}` cannot be undone: {why}")]
    Verb {
        /// Which.
        verb: String,
        /// Why.
        why: &'static str,
    },
    /// It was never said what it did.
    #[error(
        "entry {0} was interrupted, or is at work now: nobody knows what it wrote; run the same command once more, which goes on where it stopped, or go back from an older entry with `weft undo NUMBER`"
    )]
    Interrupted(u64),
    /// A part of the entry is gone.
    #[error("entry {0} is not kept whole any more, so nobody knows all of what it did")]
    Incomplete(u64),
    /// Somebody changed a field since.
    #[error(
        "{object}: {field} is not as the entry left it: {}; undo it by hand, or put it back and try again",
        changed(by)
    )]
    Changed {
        /// Which.
        object: ObjectId,
        /// Which of its fields.
        field: String,
        /// Who has the field now.
        by: Vec<String>,
    },
    /// The object is not there any more.
    #[error("{0} is gone: there is nothing to go back from")]
    Gone(ObjectId),
    /// Somebody created it anew.
    #[error("{0} was deleted by the entry and is there again: somebody created it since")]
    Again(ObjectId),
    /// What it was is only known by its hash.
    #[error(
        "{object}: {field} was not kept (values of Secrets never are, and large ones are kept as a hash only): write it anew with what it came from"
    )]
    NotKept {
        /// Which.
        object: ObjectId,
        /// Which of its fields.
        field: String,
    },
    /// Nothing but a restart.
    #[error(
        "entry {0} restarted pods and changed nothing else: pods that were restarted are gone; `weft undo NUMBER` goes back from an older one"
    )]
    Restarted(u64),
    /// What was there before did not work.
    #[error(
        "{object} would say {phase} again: what ran before the entry did not work; `weft mesh apply -f`, or `weft gateway update`, with a description that did goes back further"
    )]
    NeverWorked {
        /// The record.
        object: ObjectId,
        /// What it would say.
        phase: String,
    },
    /// Somebody uses what would go.
    #[error("somebody uses what would be deleted: {0}; let these name something else first")]
    InUse(String),
    /// Deleting it would take along what others put into it.
    #[error(
        "{0} was created by the entry, and deleting it would delete everything in it: delete it by hand when it is empty"
    )]
    Holds(ObjectId),
}

/// Why what a verb did is not undone, whatever is there now.
pub(super) fn refused(entry: &Past) -> Option<&'static str> {
    let known = REFUSED.iter().find(|(verb, _)| begins(&entry.verb, verb));
    // The first apply of a mesh makes it, too.
    let makes = entry
        .changes
        .iter()
        .any(|stored| matches!(stored.what, What::Create { .. }) && is_record(&stored.object));
    let apply = (makes && begins(&entry.verb, "mesh apply")).then_some(CREATED);
    known.map(|(_, why)| *why).or(apply)
}

/// The records of meshes that would say in the end that theirs did not come up. A gateway that nobody waited for says no more
/// than that.
pub(super) fn never_worked(actions: &[Action]) -> Vec<Unsafe> {
    let mut last = BTreeMap::new();
    for action in actions {
        if let Action::Apply { object, wanted, .. } = action
            && is_record(object)
        {
            last.insert(object, broken_phase(wanted));
        }
    }
    let broken = last.into_iter().filter_map(|(object, phase)| {
        let (phase, object) = (phase?, object.clone());
        Some(Unsafe::NeverWorked { object, phase })
    });
    broken.collect()
}

/// How the record of a mesh says that it is, where that did not come up.
fn broken_phase(object: &Value) -> Option<String> {
    let text = object.get("data")?.get(record::STATE)?.as_str()?;
    let state: Value = serde_json::from_str(text).ok()?;
    let phase = state.get("phase")?;
    match serde_json::from_value(phase.clone()).ok()? {
        Phase::Creating | Phase::Updating | Phase::Failed => Some(phase.as_str()?.to_owned()),
        Phase::Succeeded | Phase::Terminating => None,
    }
}

/// Whether it is the record of a mesh.
fn is_record(object: &ObjectId) -> bool {
    object.is("", "ConfigMap") && object.name.starts_with(record::PREFIX)
}

fn begins(verb: &str, with: &str) -> bool {
    verb.strip_prefix(with)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

fn changed(by: &[String]) -> String {
    if by.is_empty() {
        "nobody is said to have it now".to_owned()
    } else {
        format!("{} changed it", by.join(" and "))
    }
}
