use serde_json::json;

use super::*;
use crate::cluster::object::ObjectId;
use crate::history::store::Past;
use crate::history::stored::{Course, Stored};
use crate::history::undo::{self, Action};

/// A Deployment as the API server shows it: the replicas, and who applied them.
fn shown(replicas: u8, managers: &[(&str, &str)]) -> Value {
    let accounts: Vec<_> = managers
        .iter()
        .map(|(manager, field)| {
            let tree = match *field {
                "replicas" => json!({"f:spec": {"f:replicas": {}}}),
                _ => json!({"f:spec": {"f:paused": {}}}),
            };
            json!({"manager": manager, "operation": "Apply", "fieldsV1": tree})
        })
        .collect();
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "istiod", "namespace": "istio-system", "managedFields": accounts},
        "spec": {"replicas": replicas, "paused": false},
    })
}

fn deed(before: Option<Value>, after: Option<Value>) -> Deed {
    let object = before.as_ref().or(after.as_ref()).unwrap();
    Deed {
        object: ObjectId::of(object).unwrap(),
        manager: "weft",
        before,
        after,
    }
}

fn undone(deed: &Deed) -> Result<Vec<Action>, String> {
    let entry = Past {
        number: 1,
        at: String::new(),
        who: String::new(),
        verb: "mesh apply shop".to_owned(),
        changes: changes(std::slice::from_ref(deed))
            .iter()
            .map(Stored::shown)
            .collect(),
        complete: true,
        course: Course::Done,
    };
    let current: Vec<_> = entry.changes.iter().map(|_| deed.after.clone()).collect();
    let weighed = undo::plan(&entry, &current);
    if weighed.reasons.is_empty() {
        Ok(weighed.actions)
    } else {
        Err(format!("{:?}", weighed.reasons))
    }
}

/// What an undo of the deed writes into `/spec`.
fn spec(deed: &Deed) -> Value {
    match undone(deed).unwrap().as_slice() {
        [
            Action::Apply {
                wanted, manager, ..
            },
        ] => {
            assert_eq!(*manager, "weft");
            wanted.pointer("/spec").cloned().unwrap_or_default()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn undo_of_an_update_writes_what_was_ours_and_what_we_took() {
    let (mine, theirs) = (("weft", "replicas"), ("kubectl", "replicas"));
    let other = ("weft", "paused");
    for (what, before, after, wanted) in [
        (
            "changed",
            shown(1, &[mine]),
            shown(2, &[mine]),
            json!({"replicas": 1}),
        ),
        (
            "added over a default",
            shown(1, &[other]),
            shown(2, &[mine, other]),
            json!({"paused": false}),
        ),
        (
            "taken over",
            shown(5, &[theirs]),
            shown(2, &[mine]),
            json!({"replicas": 5}),
        ),
        (
            "given up to a default",
            shown(2, &[mine]),
            shown(1, &[other]),
            json!({"replicas": 2}),
        ),
    ] {
        let mut deed = deed(Some(before), Some(after));
        if what == "added over a default" {
            // One account for each manager.
            if let Some(object) = &mut deed.after {
                object["metadata"]["managedFields"] = json!([{"manager": "weft", "operation": "Apply",
                    "fieldsV1": {"f:spec": {"f:replicas": {}, "f:paused": {}}}}]);
            }
        }
        let found = spec(&deed);
        let paused = found.get("paused").is_some() && wanted.get("paused").is_none();
        assert!(
            !paused || what == "given up to a default",
            "{what}: {found}"
        );
        for (field, value) in wanted.as_object().unwrap() {
            assert_eq!(found.get(field), Some(value), "{what}: {found}");
        }
    }
}

#[test]
fn undo_of_a_deletion_brings_all_of_it_back() {
    let before = shown(2, &[("weft", "replicas")]);
    assert_eq!(spec(&deed(Some(before), None)), json!({"replicas": 2}));
}

#[test]
fn undo_of_a_creation_deletes_what_is_still_as_it_was_created() {
    let created = deed(None, Some(shown(2, &[("weft", "replicas")])));
    assert!(matches!(
        undone(&created).unwrap().as_slice(),
        [Action::Delete { .. }]
    ));
    let kept = changes(&[created]);
    assert_eq!(
        kept[0].after.as_ref().unwrap()["spec"],
        json!({"replicas": 2})
    );
}

#[test]
fn who_owns_a_field_is_no_change() {
    let ours = || Some(shown(2, &[("weft", "replicas")]));
    assert_eq!(changes(&[deed(ours(), ours())]), []);
    assert_eq!(
        changes(&[deed(Some(shown(2, &[("kubectl", "replicas")])), ours())]),
        []
    );
}
