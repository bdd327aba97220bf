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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::discovery::Resource;
    use crate::cluster::object::ObjectId;
    use crate::cluster::plan::Work;

    /// As the server shows it, with a field of somebody else.
    fn shown(replicas: u8, memory: &str) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Thing",
            "metadata": {"name": "edge", "managedFields": [
                {"manager": "weft", "operation": "Apply", "fieldsV1": {"f:spec": {"f:replicas": {}, "f:memory": {}}}},
            ]},
            "spec": {"replicas": replicas, "memory": memory, "theirs": true},
        })
    }

    fn weft(replicas: u8, memory: &str) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Thing", "metadata": {"name": "edge"},
            "spec": {"replicas": replicas, "memory": memory},
        })
    }

    #[test]
    fn weft_says_of_each_object_what_an_undo_needs() {
        let (old, new) = (shown(1, "1Gi"), shown(2, "1Gi"));
        let (was, is) = (weft(1, "1Gi"), weft(2, "1Gi"));
        let sent = weft(2, "1024Mi");
        let cases = [
            (Action::Unchanged, Some(&old), Some(&old), None),
            (Action::Create, None, Some(&new), Some((None, Some(&is)))),
            (Action::Create, None, None, Some((None, Some(&sent)))),
            (
                Action::Update,
                Some(&old),
                Some(&new),
                Some((Some(&was), Some(&is))),
            ),
            (Action::Prune, Some(&old), None, Some((Some(&was), None))),
        ];
        for (action, was, becomes, kept) in cases {
            let step = Step {
                id: ObjectId::of(&sent).unwrap(),
                component: String::new(),
                action,
                changes: Vec::new(),
                conflicts: Vec::new(),
                unsure: None,
                work: Work {
                    stage: 0,
                    resource: Resource::core("Thing", "things"),
                    object: sent.clone(),
                    force: false,
                    uid: String::new(),
                    going: false,
                    was: was.cloned(),
                    becomes: becomes.cloned(),
                },
            };
            let found = change(&step).map(|change| (change.before, change.after));
            let kept = kept.map(|(before, after)| (before.cloned(), after.cloned()));
            assert_eq!(found, kept, "{action:?}");
        }
    }
}
