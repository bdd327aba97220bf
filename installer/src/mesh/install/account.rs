//! What a plan does, as the history of a mesh keeps it.

use serde_json::{Value, json};

use crate::cluster::object::ObjectId;
use crate::cluster::plan::{Action, Plan, Step};
use crate::history::Change;

/// What a plan does, as history keeps it: which fields changed, and of what was created only that it was.
pub(crate) fn changes(plan: &Plan) -> Vec<Change> {
    plan.steps.iter().filter_map(change).collect()
}

fn change(step: &Step) -> Option<Change> {
    let (before, after) = match step.action {
        Action::Unchanged | Action::Conflict => return None,
        Action::Create => (None, Some(identity(&step.id))),
        Action::Prune => (Some(identity(&step.id)), None),
        Action::Update => {
            let side = |pick: fn(&crate::cluster::diff::Change) -> &Option<Value>| {
                let fields = step
                    .changes
                    .iter()
                    .filter_map(|change| Some((change.path.clone(), pick(change).clone()?)));
                Value::Object(fields.collect())
            };
            (
                Some(side(|change| &change.before)),
                Some(side(|change| &change.after)),
            )
        }
    };
    Some(Change {
        object: step.id.clone(),
        before,
        after,
    })
}

fn identity(id: &ObjectId) -> Value {
    json!({ "apiVersion": id.api_version(), "kind": id.kind, "metadata": { "namespace": id.namespace, "name": id.name } })
}
