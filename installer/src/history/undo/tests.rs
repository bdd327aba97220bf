use proptest::prelude::*;
use serde_json::json;

use super::super::fields::tests::any_json;
use super::super::stored::{Limits, pieces};
use super::super::{Change, Entry, store};
use super::*;

/// What is done where nothing is in the way, or everything that is.
fn plan(entry: &Past, current: &[Option<Value>]) -> Result<Vec<Action>, Vec<Unsafe>> {
    let weighed = super::plan(entry, current);
    if weighed.reasons.is_empty() {
        Ok(weighed.actions)
    } else {
        Err(weighed.reasons)
    }
}

fn id(kind: &str) -> ObjectId {
    ObjectId {
        group: String::new(),
        version: "v1".to_owned(),
        kind: kind.to_owned(),
        namespace: None,
        name: "shop".to_owned(),
    }
}

fn past(verb: &str, kind: &str, before: Option<Value>, after: Option<Value>) -> Past {
    let entry = Entry {
        at: "2026-01-01T00:00:00Z".to_owned(),
        who: "alice".to_owned(),
        verb: verb.to_owned(),
        changes: vec![Change {
            object: id(kind),
            manager: "",
            before,
            after,
        }],
    };
    let chunks = store::place(&[], &pieces(&entry, 1, Limits::REAL), Limits::REAL);
    store::read(&chunks).unwrap().entries.remove(0)
}

/// An object as the API server shows it, all of whose fields one manager applied.
fn shown(object: &Value, manager: &str) -> Value {
    let mut object = object.clone();
    let account = json!([{"manager": manager, "operation": "Apply", "fieldsV1": tree(&object)}]);
    fields::put(&mut object, "/metadata/managedFields", Some(account));
    object
}

fn tree(value: &Value) -> Value {
    match value.as_object() {
        Some(fields) if !fields.is_empty() => {
            let inner = fields
                .iter()
                .map(|(key, value)| (format!("f:{key}"), tree(value)));
            Value::Object(
                std::iter::once((".".to_owned(), json!({})))
                    .chain(inner)
                    .collect(),
            )
        }
        _ => json!({}),
    }
}

fn named(rest: Value) -> Value {
    let mut object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shop"}});
    fields::put(&mut object, "/data", Some(rest));
    object
}

proptest! {
    /// Undo after an entry gives what was before the entry.
    #[test]
    fn undo_is_the_inverse_of_an_entry(before in any_json(), after in any_json()) {
        let (before, after) = (named(before), named(after));
        let entry = past("test", "ConfigMap", Some(before.clone()), Some(after.clone()));
        let actions = plan(&entry, &[Some(shown(&after, "weft"))]);
        match actions.as_ref().map(Vec::as_slice) {
            Err(reasons) => {
                prop_assert_eq!(reasons, &[Unsafe::Restarted(1)]);
                prop_assert_eq!(before, after);
            }
            Ok([Action::Apply { wanted, manager, .. }]) => {
                prop_assert_eq!(wanted, &before);
                prop_assert_eq!(*manager, "weft");
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }
}

fn namespace(label: Option<&str>, manager: &str) -> Value {
    let mut object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {}}});
    fields::put(
        &mut object,
        "/metadata/labels/istio-injection",
        label.map(Value::from),
    );
    shown(&object, manager)
}

fn enabled() -> Past {
    let ours = |label: Option<&str>| {
        Some(fields::ours(
            &namespace(label, "weft-labels"),
            "weft-labels",
        ))
    };
    past(
        "sidecar enable shop",
        "Namespace",
        ours(None),
        ours(Some("enabled")),
    )
}

fn refusals(entry: &Past, current: Option<Value>) -> Vec<String> {
    let refused = plan(entry, &[current]).unwrap_err();
    refused.iter().map(Unsafe::to_string).collect()
}

#[test]
fn a_label_goes_under_the_name_that_wrote_it() {
    let actions = plan(
        &enabled(),
        &[Some(namespace(Some("enabled"), "weft-labels"))],
    )
    .unwrap();
    let [
        Action::Apply {
            wanted, manager, ..
        },
    ] = actions.as_slice()
    else {
        panic!("{actions:?}");
    };
    assert_eq!(*manager, "weft-labels");
    assert_eq!(wanted.pointer("/metadata/labels"), Some(&json!({})));
}

#[test]
fn what_somebody_changed_is_left_alone_and_they_are_named() {
    assert_eq!(
        refusals(
            &enabled(),
            Some(namespace(Some("disabled"), "kubectl-edit"))
        ),
        [
            "Namespace shop: .metadata.labels.istio-injection is not as the entry left it: kubectl-edit changed it; undo it by hand, or put it back and try again"
        ]
    );
    assert_eq!(
        refusals(&enabled(), Some(namespace(None, "kubectl-edit"))),
        [
            "Namespace shop: .metadata.labels.istio-injection is not as the entry left it: nobody is said to have it now; undo it by hand, or put it back and try again"
        ]
    );
    assert_eq!(
        refusals(&enabled(), None),
        ["Namespace shop is gone: there is nothing to go back from"]
    );
}

#[test]
fn what_was_created_is_deleted_while_it_is_as_it_was() {
    let object = named(json!({"a": "1"}));
    let entry = past("x", "ConfigMap", None, Some(object.clone()));
    let with_more = named(json!({"a": "1", "theirs": "2"}));

    let actions = plan(&entry, &[Some(shown(&with_more, "weft"))]).unwrap();
    assert!(
        matches!(
            actions.as_slice(),
            [Action::Delete {
                manager: "weft",
                ..
            }]
        ),
        "{actions:?}"
    );
    assert_eq!(plan(&entry, &[None]), Ok(vec![]), "it is gone already");
    let changed = shown(&named(json!({"a": "2"})), "kubectl");
    assert!(
        refusals(&entry, Some(changed))[0]
            .starts_with("ConfigMap shop: .data.a is not as the entry left it: kubectl changed it")
    );
    let entry = past("x", "Namespace", None, Some(object.clone()));
    assert!(refusals(&entry, Some(object))[0].contains("would delete everything in it"));
}

#[test]
fn what_was_too_large_to_keep_is_known_by_its_hash() {
    let object = named(json!({"a": "x".repeat(40_000)}));
    let entry = past("x", "ConfigMap", None, Some(object.clone()));
    assert!(plan(&entry, &[Some(shown(&object, "weft"))]).is_ok());
    let other = named(json!({"a": "y".repeat(40_000)}));
    assert!(
        refusals(&entry, Some(shown(&other, "weft")))[0]
            .contains("the object is not as the entry left it")
    );
}

#[test]
fn what_was_deleted_comes_back_where_all_of_it_was_kept() {
    let mut object = named(json!({"a": "1"}));
    fields::put(&mut object, "/metadata/resourceVersion", Some(json!("7")));
    let entry = past("x", "ConfigMap", Some(object.clone()), None);
    let actions = plan(&entry, &[None]).unwrap();
    let [
        Action::Apply {
            wanted,
            current: None,
            manager: "weft",
            ..
        },
    ] = actions.as_slice()
    else {
        panic!("{actions:?}");
    };
    assert_eq!(wanted, &named(json!({"a": "1"})));
    assert_eq!(
        refusals(&entry, Some(object)),
        ["ConfigMap shop was deleted by the entry and is there again: somebody created it since"]
    );
    let secret = past("x", "Secret", Some(json!({"data": {}})), None);
    assert!(
        refusals(&secret, None)[0]
            .starts_with("Secret shop: the whole object was not kept (values of Secrets")
    );
}

#[test]
fn a_secrets_value_cannot_be_put_back_but_a_change_of_it_is_seen() {
    let secret = |value: &str| json!({"data": {"key": value}});
    let entry = past("x", "Secret", Some(secret("a")), Some(secret("b")));
    assert!(refusals(&entry, Some(secret("b")))[0].contains(".data.key was not kept"));
    assert!(
        refusals(&entry, Some(secret("c")))[0].contains(".data.key is not as the entry left it")
    );
}

#[test]
fn some_verbs_are_not_undone_and_say_why() {
    for (verb, why) in [
        ("mesh delete", "create it anew from its file"),
        (
            "mesh upgrade --to 1.31.0",
            "one that has ended is not gone back from",
        ),
        ("sidecar restart shop", "pods that were restarted are gone"),
    ] {
        let text = refusals(&past(verb, "ConfigMap", None, None), None).join("");
        assert!(
            text.starts_with(&format!("`weft {verb}` cannot be undone: ")) && text.contains(why),
            "{text}"
        );
    }
    assert_eq!(
        plan(&past("mesh deleted", "ConfigMap", None, None), &[None]),
        Err(vec![Unsafe::Restarted(1)])
    );
}

#[test]
fn an_entry_that_is_not_whole_is_not_undone() {
    let mut entry = enabled();
    entry.complete = false;
    assert!(refusals(&entry, None)[0].contains("entry 1 is not kept whole"));
}

#[test]
fn what_cannot_be_undone_says_what_to_do() {
    let there = Some(named(json!({"a": "1"})));
    let mut made = past("mesh apply shop", "ConfigMap", None, there.clone());
    made.changes[0].object.name = "weft-mesh-shop".to_owned();
    let mut begun = past("mesh apply shop", "ConfigMap", None, None);
    (begun.course, begun.complete) = (Course::Begun, false);
    let mut half = past("mesh apply shop", "ConfigMap", None, None);
    half.complete = false;
    for (entry, words) in [
        (&made, "`weft mesh delete` takes a mesh away"),
        (&begun, "entry 1 was interrupted, or is at work now"),
        (&half, "not kept whole"),
    ] {
        let told = refusals(entry, there.clone()).join("\n");
        assert!(told.contains(words), "{told}");
    }
}

#[test]
fn each_is_written_under_the_name_that_the_entry_says() {
    let before = named(json!({"a": "1"}));
    for manager in fields::MANAGERS {
        let mut entry = past(
            "gateway delete shop",
            "ConfigMap",
            Some(before.clone()),
            None,
        );
        entry.changes[0].manager = manager.to_owned();
        let actions = plan(&entry, &[None]).unwrap();
        let [Action::Apply { manager: found, .. }] = actions.as_slice() else {
            panic!("{actions:?}");
        };
        assert_eq!(*found, manager);
    }
}

#[test]
fn what_was_written_under_two_names_is_deleted_once() {
    let object = named(json!({"a": "1"}));
    let mut entry = past(
        "gateway create shop",
        "ConfigMap",
        None,
        Some(object.clone()),
    );
    let marks = past(
        "gateway create shop",
        "ConfigMap",
        Some(named(json!({}))),
        Some(object.clone()),
    );
    entry.changes.extend(marks.changes);
    let current = Some(shown(&object, "weft"));
    let actions = plan(&entry, &[current.clone(), current]).unwrap();
    assert!(
        matches!(actions.as_slice(), [Action::Delete { .. }]),
        "{actions:?}"
    );
}

/// A refused undo still shows what it would do, but where nobody knows that.
#[test]
fn what_is_refused_is_known_all_the_same() {
    let object = |value: &str| named(json!({"a": value}));
    let update = |verb: &str| past(verb, "ConfigMap", Some(object("1")), Some(object("2")));
    let wanted = |entry: &Past, current: Option<Value>| -> Vec<Option<Value>> {
        let weighed = super::plan(entry, &[current]);
        assert_eq!(weighed.reasons.len(), 1, "{weighed:?}");
        let actions = weighed.actions.into_iter();
        let wanted = actions.map(|action| match action {
            Action::Apply { wanted, .. } => Some(wanted),
            Action::Delete { .. } => None,
        });
        wanted.collect()
    };
    let theirs = Some(shown(&object("3"), "kubectl"));
    let back = wanted(&update("test"), theirs);
    assert_eq!(back[0].as_ref().unwrap()["data"], json!({"a": "1"}));
    let back = wanted(&update("mesh upgrade x"), Some(shown(&object("2"), "weft")));
    assert_eq!(back, [Some(object("1"))]);
    let again = past("test", "ConfigMap", Some(object("1")), None);
    assert_eq!(wanted(&again, Some(object("3"))), [Some(object("1"))]);
    let made = past("test", "Namespace", None, Some(object("1")));
    assert_eq!(
        wanted(&made, Some(object("1"))),
        [None],
        "it would be deleted"
    );
    let mut begun = update("test");
    begun.course = Course::Begun;
    assert!(wanted(&begun, Some(object("2"))).is_empty());
}

/// What ran before an entry and did not work is nothing to go back to.
#[test]
fn a_record_of_what_never_worked_is_not_put_back() {
    let record = |phase: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "weft-mesh-shop"}, "data": {"state.json": json!({"phase": phase}).to_string()}});
    let after = record("SUCCEEDED");
    for (name, phase, refused) in [
        ("weft-mesh-shop", "SUCCEEDED", false),
        ("weft-mesh-shop", "FAILED", true),
        ("weft-mesh-shop", "CREATING", true),
        ("weft-gateway-front", "CREATING", false),
    ] {
        let mut before = record(phase);
        before["data"]["other"] = json!("x");
        let mut entry = past("apply", "ConfigMap", Some(before), Some(after.clone()));
        entry.changes[0].object.name = name.to_owned();
        let found = plan(&entry, &[Some(shown(&after, "weft"))]);
        let is_that = |reason: &Unsafe| matches!(reason, Unsafe::NeverWorked { phase: said, .. } if said == phase);
        let told = found.is_err_and(|reasons| reasons.iter().any(is_that));
        assert_eq!(told, refused, "{name} {phase}");
    }
}

/// An entry that restarted pods and did no more is never said to be undone, whatever its verb.
#[test]
fn a_restart_alone_is_not_undone() {
    let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "shop"}});
    let entry = past("sidecar enable shop", "Pod", None, None);
    assert_eq!(
        plan(&entry, &[Some(object)]),
        Err(vec![Unsafe::Restarted(1)])
    );
}
