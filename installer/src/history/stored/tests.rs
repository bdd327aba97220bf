use serde_json::{Value, json};

use super::super::Entry;
use super::*;

const SMALL: Limits = Limits {
    value: 64,
    piece: 400,
    chunk: 800,
    total: 4000,
    days: 10,
};

fn change(kind: &str, before: Option<Value>, after: Option<Value>) -> Change {
    Change {
        object: ObjectId {
            group: String::new(),
            version: "v1".to_owned(),
            kind: kind.to_owned(),
            namespace: Some("a".to_owned()),
            name: "b".to_owned(),
        },
        manager: "weft",
        before,
        after,
    }
}

fn kept(changes: Vec<Change>) -> Vec<Piece> {
    let entry = Entry {
        at: "2026-01-01T00:00:00Z".to_owned(),
        who: "alice".to_owned(),
        verb: "test".to_owned(),
        changes,
    };
    pieces(&entry, 1, SMALL)
}

#[test]
fn a_secret_is_never_kept() {
    let secret = |value: &str| json!({"metadata": {"labels": {"a": value}}, "data": {"key": value}, "stringData": {"k": value}});
    for (before, after) in [
        (None, Some(secret("czNjcmV0"))),
        (Some(secret("czNjcmV0")), None),
        (
            Some(json!({"data": {"key": "czNjcmV0"}})),
            Some(json!({"data": {"key": "other"}})),
        ),
    ] {
        let text = json!(kept(vec![change("Secret", before, after)])).to_string();
        assert!(
            !text.contains("czNjcmV0") && text.contains("sha256"),
            "{text}"
        );
    }
}

#[test]
fn labels_of_a_secret_are_no_secret() {
    let label = |value: &str| Some(json!({"metadata": {"labels": {"a": value}}}));
    let pieces = kept(vec![change("Secret", label("x"), label("y"))]);
    let wanted = KeptField {
        at: "/metadata/labels/a".to_owned(),
        before: Some(Kept::Value(json!("x"))),
        after: Some(Kept::Value(json!("y"))),
    };
    assert_eq!(
        pieces[0].changes[0].what,
        What::Update {
            fields: vec![wanted]
        }
    );
}

#[test]
fn what_is_large_is_a_hash() {
    let large = json!({"x": "x".repeat(100)});
    let pieces = kept(vec![change("ConfigMap", None, Some(large.clone()))]);
    let wanted = Kept::Hash {
        sha256: hash(&large),
        bytes: 108,
    };
    assert_eq!(pieces[0].changes[0].what, What::Create { after: wanted });
}

#[test]
fn a_change_of_very_many_fields_is_one_hash() {
    let many = |value: u32| {
        Some(
            (0..50)
                .map(|at| (format!("k{at}"), json!(value)))
                .collect::<Value>(),
        )
    };
    let pieces = kept(vec![change("ConfigMap", many(1), many(2))]);
    let What::Update { fields } = &pieces[0].changes[0].what else {
        panic!("{pieces:?}");
    };
    assert_eq!((fields.len(), fields[0].at.as_str()), (1, ""));
}

#[test]
fn many_changes_are_several_pieces_and_all_are_there() {
    let changes: Vec<_> = (0..20)
        .map(|at| {
            let mut change = change("ConfigMap", None, Some(json!({"at": at})));
            change.object.name = format!("n{at}");
            change
        })
        .collect();
    let pieces = kept(changes);
    assert!(pieces.len() > 2, "{}", pieces.len());
    assert!(pieces.iter().all(|piece| piece.parts == pieces.len()));
    let names: Vec<_> = pieces
        .iter()
        .flat_map(|piece| &piece.changes)
        .map(|stored| stored.object.name.clone())
        .collect();
    assert_eq!(
        names,
        (0..20).map(|at| format!("n{at}")).collect::<Vec<_>>()
    );
}

#[test]
fn an_object_that_is_written_twice_changes_once() {
    let pieces = kept(vec![
        change("ConfigMap", None, Some(json!(1))),
        change("ConfigMap", Some(json!(1)), Some(json!(2))),
    ]);
    assert_eq!(pieces[0].changes.len(), 1);
    assert_eq!(
        pieces[0].changes[0].what,
        What::Create {
            after: Kept::Value(json!(2))
        }
    );
}

#[test]
fn the_order_of_fields_does_not_count() {
    assert_eq!(
        hash(&json!({"a": 1, "b": [2]})),
        hash(&json!({"b": [2], "a": 1}))
    );
    assert_ne!(hash(&json!({"a": 1})), hash(&json!({"a": 2})));
}

#[test]
fn a_piece_is_read_as_it_was_written() {
    let all = kept(vec![
        change("Secret", None, Some(json!({"data": {}}))),
        change("ConfigMap", Some(json!({"a": 1})), None),
        change("Service", Some(json!({"a": 1})), Some(json!({"b": 1}))),
    ]);
    let read: Vec<Piece> = serde_json::from_value(json!(all)).unwrap();
    assert_eq!(read, all);
}
