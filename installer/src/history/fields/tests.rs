use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Any small JSON, with keys that a pointer has to escape.
pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[ab~/]{0,2}", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Undoing what was done gives what was.
    #[test]
    fn going_back_is_the_inverse(before in any_json(), after in any_json()) {
        let mut value = after.clone();
        for field in differences(&before, &after) {
            put(&mut value, &field.at, field.before);
        }
        prop_assert_eq!(value, before);
    }

    #[test]
    fn going_on_is_too(before in any_json(), after in any_json()) {
        let mut value = before.clone();
        for field in differences(&before, &after) {
            put(&mut value, &field.at, field.after);
        }
        prop_assert_eq!(value, after);
    }

    #[test]
    fn a_value_lacks_nothing_of_itself(value in any_json()) {
        prop_assert_eq!(first_missing(&value, &value), None);
    }
}

fn pod() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": "a", "namespace": "b", "uid": "1",
            "labels": {"x/y": "1", "theirs": "2"},
            "managedFields": [
                {"manager": "weft", "operation": "Apply", "fieldsV1": {
                    "f:metadata": {"f:labels": {"f:x/y": {}}, "f:finalizers": {".": {}, "v:\"keep\"": {}}},
                    "f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {".": {}, "f:name": {}, "f:image": {}}}, "f:args": {}},
                }},
                {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {
                    "f:metadata": {"f:labels": {"f:theirs": {}}}, "f:spec": {"f:args": {}},
                }},
                {"manager": "weft", "operation": "Apply", "subresource": "status", "fieldsV1": {"f:status": {}}},
            ],
            "finalizers": ["keep", "other"],
        },
        "spec": {
            "containers": [{"name": "other", "image": "o"}, {"name": "app", "image": "i", "added": true}],
            "args": ["1", "2"],
        },
        "status": {"phase": "Running"},
    })
}

#[test]
fn ours_is_what_our_manager_applied() {
    assert_eq!(
        ours(&pod(), "weft"),
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "a", "namespace": "b", "labels": {"x/y": "1"}, "finalizers": ["keep"]},
            "spec": {"containers": [{"name": "app", "image": "i"}], "args": ["1", "2"]},
        })
    );
    assert_eq!(
        ours(&pod(), "weft-labels"),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "b"}})
    );
}

#[test]
fn a_field_has_owners() {
    for (at, mine, theirs) in [
        ("/metadata/labels/x~1y", true, vec![]),
        ("/metadata/labels/theirs", false, vec!["kubectl-edit"]),
        ("/spec/args", true, vec!["kubectl-edit"]),
        ("/spec/args/0", true, vec!["kubectl-edit"]),
        ("/status/phase", false, vec![]),
    ] {
        assert_eq!(is_owned(&pod(), "weft", at), mine, "{at}");
        assert_eq!(others(&pod(), at), theirs, "{at}");
    }
}

#[test]
fn what_is_missing_is_named() {
    let found = json!({"a": {"b/c": [{"n": 1, "default": 0}]}, "x": 1.0});
    for (wanted, missing) in [
        (json!({"x": 1}), None),
        (json!({"x": 1, "empty": null}), None),
        (json!({"a": {"b/c": [{"n": 1}]}}), None),
        (json!({"a": {"b/c": [{"n": 2}]}}), Some("/a/b~1c")),
        (json!({"a": {"d": 1}}), Some("/a/d")),
    ] {
        assert_eq!(
            first_missing(&wanted, &found).as_deref(),
            missing,
            "{wanted}"
        );
    }
}

#[test]
fn a_map_that_was_written_empty_does_not_make_others_labels_ours() {
    let object = json!({
        "metadata": {
            "name": "a", "labels": {"theirs": "1"},
            "managedFields": [{"manager": "weft-labels", "operation": "Apply", "fieldsV1": {"f:metadata": {"f:labels": {}}}}],
        },
    });
    assert_eq!(
        ours(&object, "weft-labels"),
        json!({"metadata": {"name": "a", "labels": {}}})
    );
    assert!(!is_owned(&object, "weft-labels", "/metadata/labels/theirs"));
    assert!(is_owned(&object, "weft-labels", "/metadata/labels"));
}

#[test]
fn what_was_applied_empty_stays_ours() {
    let object = json!({
        "metadata": {
            "name": "a",
            "managedFields": [{"manager": "weft", "operation": "Apply", "fieldsV1": {
                "f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {".": {}, "f:name": {}, "f:env": {}}}},
            }}],
        },
        "spec": {"containers": [{"name": "app", "image": "theirs"}]},
    });
    assert_eq!(
        ours(&object, "weft"),
        json!({"metadata": {"name": "a"}, "spec": {"containers": [{"name": "app", "env": null}]}})
    );
}

/// What was applied empty looks in the account as if all of it were ours. It is, unless somebody has an item of it.
#[test]
fn what_was_applied_empty_does_not_make_what_others_add_ours() {
    let object = |theirs: Value, spec: Value| {
        let template = json!({"f:spec": {"f:env": {}, "f:args": {}, "f:node": {}}, "f:metadata": {"f:annotations": {}}});
        json!({
            "metadata": {"name": "a", "managedFields": [
                {"manager": "weft", "operation": "Apply", "fieldsV1": {"f:template": template}},
                {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {"f:template": {"f:spec": theirs}}},
            ]},
            "template": {"spec": spec, "metadata": {"annotations": {"restartedAt": "now"}}},
        })
    };
    let item = json!({"name": "A", "value": "1"});
    let spec = json!({"env": [item], "args": ["1"], "node": {"disk": "ssd"}});
    let deeper =
        json!({"f:env": {"k:{\"name\":\"A\"}": {".": {}, "f:name": {}}}, "f:node": {"f:disk": {}}});
    for (theirs, wanted) in [
        (deeper, json!({"env": [], "args": ["1"], "node": {}})),
        // Lists and maps that are one whole have no items in anybody's account.
        (json!({"f:env": {}, "f:node": {}}), spec.clone()),
    ] {
        let found = ours(&object(theirs, spec.clone()), "weft");
        assert_eq!(found.pointer("/template/spec"), Some(&wanted));
        assert_eq!(
            found.pointer("/template/metadata/annotations"),
            Some(&json!({})),
            "the annotations of a template are of many, too"
        );
    }
    let found = object(json!({}), spec);
    let restarted = "/template/metadata/annotations/restartedAt";
    assert!(!is_owned(&found, "weft", restarted));
}
