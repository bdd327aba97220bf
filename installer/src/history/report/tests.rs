use super::super::stored::pieces;
use super::super::{Entry, store};
use super::*;
use crate::output::Terminal;

fn history() -> History {
    let entry =
        |at: &str, verb: &str, kind: &str, before: Option<Value>, after: Option<Value>| Entry {
            at: at.to_owned(),
            who: "alice".to_owned(),
            verb: verb.to_owned(),
            changes: vec![Change {
                object: ObjectId {
                    group: String::new(),
                    version: "v1".to_owned(),
                    kind: kind.to_owned(),
                    namespace: None,
                    name: "shop".to_owned(),
                },
                manager: "weft-labels",
                before,
                after,
            }],
        };
    let label = |value: &str| Some(json!({"metadata": {"labels": {"istio-injection": value}}}));
    let entries = [
        entry(
            "2026-01-01T00:00:00Z",
            "sidecar enable shop",
            "Namespace",
            Some(json!({"metadata": {"labels": {}}})),
            label("enabled"),
        ),
        entry(
            "2026-01-02T00:00:00Z",
            "gateway create shop",
            "Service",
            None,
            label("x"),
        ),
    ];
    let mut history = History::default();
    for (number, entry) in (1..).zip(entries) {
        let pieces = pieces(&entry, number, super::super::stored::Limits::REAL);
        let chunks = store::place(&[], &pieces, super::super::stored::Limits::REAL);
        history
            .entries
            .extend(store::read(&chunks).unwrap().entries);
    }
    history
}

#[test]
fn entries_are_listed_newest_first() {
    let text = EntriesReport::of(&history(), &Filter::default())
        .table()
        .layout(true, true, Terminal::default());
    assert_eq!(
        text,
        "ENTRY   WHEN                   WHO     WHAT                  CHANGES     OBJECTS\n\
         2       2026-01-02T00:00:00Z   alice   gateway create shop   1 created   Service shop\n\
         1       2026-01-01T00:00:00Z   alice   sidecar enable shop   1 updated   Namespace shop\n"
    );
}

#[test]
fn entries_are_chosen_by_time_and_object() {
    let named = |text: &str| Filter {
        object: Some(text.parse().unwrap()),
        ..Filter::default()
    };
    let late = Filter {
        since: Some("2026-01-01T12:00:00Z".parse().unwrap()),
        ..Filter::default()
    };
    for (filter, wanted) in [
        (late, vec!["2"]),
        (named("namespace/shop"), vec!["1"]),
        (named("Namespace/other"), vec![]),
    ] {
        assert_eq!(
            EntriesReport::of(&history(), &filter).names(),
            wanted,
            "{filter:?}"
        );
    }
    assert!("shop".parse::<Named>().is_err() && "/shop".parse::<Named>().is_err());
}

#[test]
fn an_entry_shows_each_field_before_and_after() {
    let first = history().entries.remove(0);
    let text = EntryReport(first)
        .table()
        .layout(false, false, Terminal::default());
    assert_eq!(
        text,
        "Namespace shop   update   metadata.labels.istio-injection   -   enabled\n"
    );
}

/// What is kept is a file in a string: the fields of it that differ are told, and programs get them beside the whole.
#[test]
fn what_differs_inside_a_file_is_told() {
    let mesh =
        |log: &str| Some(json!({"data": {"mesh": format!("accessLogFile: {log}\ntrust: x\n")}}));
    let change = Change {
        object: history().entries[0].changes[0].object.clone(),
        manager: "weft",
        before: mesh("a"),
        after: mesh("b"),
    };
    let report = ChangesReport::of(&[change]);
    let text = report.table().layout(false, false, Terminal::default());
    assert_eq!(
        text,
        "Namespace shop   update   data.mesh.accessLogFile   a   b\n"
    );
    let field = &json!(report)[0]["fields"][0];
    assert_eq!(field["after"]["value"], "accessLogFile: b\ntrust: x\n");
    assert_eq!(
        field["fields"],
        json!([{"path": "data.mesh.accessLogFile", "before": "a", "after": "b"}])
    );
}

/// Labels go back, pods that were restarted do not.
#[test]
fn an_undo_says_what_it_leaves() {
    let mut past = history().entries.remove(0);
    let label = &past.changes[0].what;
    let What::Update { fields } = label else {
        panic!("{label:?}");
    };
    assert!(!fields.is_empty());
    let mut restart = past.changes[0].clone();
    restart.object.name = "cart".to_owned();
    restart.what = What::Update { fields: Vec::new() };
    past.changes.push(restart);
    let report = UndoReport::of(&past, &[]);
    let text = report.table().layout(false, false, Terminal::default());
    assert_eq!(
        text,
        "Namespace cart   not undone   pods that were restarted are gone   -   -\n"
    );
    assert_eq!(json!(report)["restarted"][0]["name"], "cart");
}
