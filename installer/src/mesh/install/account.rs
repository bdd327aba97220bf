//! What a plan does, as the history of a mesh keeps it: of each object what weft says of it, before and after, so that it can be
//! shown and undone.

use serde_json::Value;

use crate::cluster::ownership::MANAGER;
use crate::cluster::plan::{Action, Plan, Step};
use crate::history::Change;
use crate::history::fields::ours;

/// What a plan does.
pub(crate) fn changes(plan: &Plan) -> Vec<Change> {
    plan.steps.iter().filter_map(change).collect()
}

fn change(step: &Step) -> Option<Change> {
    let was = || step.work.was.as_ref().map(|was| ours(was, MANAGER));
    let (before, after) = match step.action {
        Action::Unchanged | Action::Conflict => return None,
        Action::Create => (None, Some(becomes(step))),
        Action::Prune => (was(), None),
        Action::Update => (was(), Some(becomes(step))),
    };
    Some(Change {
        object: step.id.clone(),
        before,
        after,
    })
}

/// In the server's words, where it could answer: it writes quantities in a form of its own.
fn becomes(step: &Step) -> Value {
    let becomes = step.work.becomes.as_ref();
    becomes.map_or_else(|| step.work.object.clone(), |object| ours(object, MANAGER))
}
