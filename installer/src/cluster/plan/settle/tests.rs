use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::cluster::keyed::overlay;

/// A webhook and a Deployment in one: as the server keeps it.
fn kept() -> Value {
    json!({
        "metadata": {"labels": {"app": "x"}, "managedFields": [
            {"manager": "weft", "operation": "Apply", "fieldsV1": {"f:spec": {"f:image": {}}}},
            {"manager": "pilot-discovery", "operation": "Update", "fieldsV1": {
                "f:webhooks": {"k:{\"name\":\"a\"}": {"f:failurePolicy": {}}}}},
            {"manager": "hpa", "operation": "Update", "subresource": "scale", "fieldsV1": {"f:spec": {"f:image": {}}}},
        ]},
        "spec": {
            "image": "1", "policy": "Always",
            "env": [{"name": "EMPTY"}, {"name": "SET", "value": "x"}],
            "resources": {"requests": {"cpu": "500m", "memory": "2Gi"}},
            "args": ["a", "b"],
        },
        "webhooks": [{"name": "a", "failurePolicy": "Fail", "timeoutSeconds": 10}],
    })
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table, row by row")]
fn only_what_is_known_to_change_is_announced() {
    let cases = [
        ("a part", json!({"spec": {"image": "1"}}), json!({}), 0),
        (
            "a value",
            json!({"spec": {"image": "2", "args": ["a", "b"]}}),
            json!({"spec": {"image": "2"}}),
            0,
        ),
        (
            "an empty value that the server drops",
            json!({"spec": {"env": [{"name": "EMPTY", "value": ""}, {"name": "SET", "value": "y"}]}}),
            json!({"spec": {"env": [{"name": "SET", "value": "y"}]}}),
            0,
        ),
        (
            "an empty label is one",
            json!({"metadata": {"labels": {"app": "x", "new": ""}}}),
            json!({"metadata": {"labels": {"new": ""}}}),
            0,
        ),
        (
            "an amount in another notation",
            json!({"spec": {"resources": {"requests": {"cpu": 0.5, "memory": "2048Mi"}}}}),
            json!({}),
            0,
        ),
        (
            "another amount",
            json!({"spec": {"resources": {"requests": {"cpu": 1}}}}),
            json!({"spec": {"resources": {"requests": {"cpu": 1}}}}),
            0,
        ),
        (
            "what may be the default",
            json!({"spec": {"hostNetwork": false}}),
            json!({}),
            1,
        ),
        (
            "what somebody else decides",
            json!({"webhooks": [{"name": "a", "failurePolicy": "Ignore", "timeoutSeconds": 10}]}),
            json!({}),
            1,
        ),
        (
            "what a new item says",
            json!({"webhooks": [{"name": "b", "failurePolicy": "Ignore"}]}),
            json!({"webhooks": [{"name": "b", "failurePolicy": "Ignore"}]}),
            0,
        ),
        (
            "a list without names",
            json!({"spec": {"args": ["a"]}}),
            json!({"spec": {"args": ["a"]}}),
            0,
        ),
    ];
    for (what, wanted, left, unsure) in cases {
        let settled = settle(&kept(), &wanted, true);
        assert_eq!(settled.wanted, left, "{what}");
        assert_eq!(settled.unsure.len(), unsure, "{what}: {settled:?}");
        assert_eq!(settled.why().is_some(), unsure > 0, "{what}");
    }
}

#[test]
fn whose_it_is_is_told_or_does_not_matter() {
    let wanted = json!({"webhooks": [{"name": "a", "failurePolicy": "Ignore"}]});
    assert_eq!(
        settle(&kept(), &wanted, true).unsure,
        ["webhooks[name=a].failurePolicy (pilot-discovery owns it)"]
    );
    assert_eq!(settle(&kept(), &wanted, false).wanted, wanted);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        (0..3_i64).prop_map(Value::from),
        "[ab]{0,1}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 3, |inner| {
        let named = proptest::collection::btree_map("[abc]", inner.clone(), 0..3);
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            named.prop_map(|items| items
                .into_iter()
                .map(|(name, value)| json!({"name": name, "value": value}))
                .collect()),
            proptest::collection::btree_map("[a-c]", inner, 0..3).prop_map(|fields| json!(fields)),
        ]
    })
}

proptest! {
    /// An object that has all that is wanted, and more, does not change; neither does one that was written before.
    #[test]
    fn what_is_there_does_not_change(current in any_json(), wanted in any_json()) {
        let (current, wanted) = (json!({"spec": current}), json!({"spec": wanted}));
        let after = overlay(&current, &wanted);
        let settled = settle(&after, &wanted, true);
        prop_assert_eq!(&settled.wanted, &json!({}));
        prop_assert!(settled.unsure.is_empty());
    }
}
