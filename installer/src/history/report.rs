//! What the history looks like.

use k8s_openapi::jiff::Timestamp;
use serde::Serialize;

use super::Change;
use super::store::{History, Past};
use super::stored::{Course, Kept, Stored, What};
use super::undo::dotted;
use crate::cluster::object::ObjectId;
use crate::output::{Cell, Report, Style, Table};

/// Which entries are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Not those before.
    pub(crate) since: Option<Timestamp>,
    /// Only those that wrote this object.
    pub(crate) object: Option<Named>,
}

/// `KIND/NAME`, of any namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    kind: String,
    name: String,
}

impl std::str::FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('/') {
            Some((kind, name)) if !kind.is_empty() && !name.is_empty() => Ok(Self {
                kind: kind.to_owned(),
                name: name.to_owned(),
            }),
            _ => Err(format!(
                "{text:?} is no object: write KIND/NAME, for example Deployment/istiod"
            )),
        }
    }
}

impl Filter {
    fn takes(&self, past: &Past) -> bool {
        let late = self
            .since
            .is_none_or(|since| past.at.parse::<Timestamp>().is_ok_and(|at| at >= since));
        let about = self.object.as_ref().is_none_or(|named| {
            past.changes.iter().any(|stored| {
                stored.object.name == named.name
                    && stored.object.kind.eq_ignore_ascii_case(&named.kind)
            })
        });
        late && about
    }
}

/// `weft history`.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct EntriesReport(Vec<Row>);

#[derive(Debug, Serialize)]
struct Row {
    number: u64,
    at: String,
    who: String,
    verb: String,
    objects: Vec<Touched>,
    complete: bool,
    course: Course,
}

#[derive(Debug, Serialize)]
struct Touched {
    action: &'static str,
    object: ObjectId,
}

impl EntriesReport {
    /// Newest first.
    pub(crate) fn of(history: &History, filter: &Filter) -> Self {
        let row = |past: &Past| Row {
            number: past.number,
            at: past.at.clone(),
            who: past.who.clone(),
            verb: past.verb.clone(),
            objects: past
                .changes
                .iter()
                .map(|stored| Touched {
                    action: stored.what.word(),
                    object: stored.object.clone(),
                })
                .collect(),
            complete: past.complete,
            course: past.course,
        };
        let taken = history
            .entries
            .iter()
            .rev()
            .filter(|past| filter.takes(past));
        Self(taken.map(row).collect())
    }
}

impl Report for EntriesReport {
    fn table(&self) -> Table {
        let mut table = Table::new(&["ENTRY", "WHEN", "WHO", "WHAT", "CHANGES"]).wide(&["OBJECTS"]);
        for row in &self.0 {
            let count = |action| {
                row.objects
                    .iter()
                    .filter(|touched| touched.action == action)
                    .count()
            };
            let mut counts: Vec<_> = ["create", "update", "delete"]
                .iter()
                .map(|action| (count(*action), action))
                .filter(|(count, _)| *count > 0)
                .map(|(count, action)| format!("{count} {action}d"))
                .collect();
            match (row.course, row.complete) {
                (Course::Begun, _) => counts.push("interrupted, or at work".to_owned()),
                (_, false) => counts.push("not all kept".to_owned()),
                (Course::Failed, true) => counts.push("then failed".to_owned()),
                (Course::Done, true) => {}
            }
            let objects: Vec<_> = row
                .objects
                .iter()
                .map(|touched| touched.object.to_string())
                .collect();
            table.row([
                row.number.to_string().into(),
                row.at.clone().into(),
                row.who.clone().into(),
                row.verb.clone().into(),
                counts.join(", ").into(),
                objects.join(", ").into(),
            ]);
        }
        table
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().map(|row| row.number.to_string()).collect()
    }
}

/// `weft history show`.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct EntryReport(pub(crate) Past);

impl Report for EntryReport {
    fn table(&self) -> Table {
        table(&self.0.changes)
    }

    fn names(&self) -> Vec<String> {
        names(&self.0.changes)
    }
}

fn table(changes: &[Stored]) -> Table {
    let mut table = Table::new(&["OBJECT", "ACTION", "FIELD", "BEFORE", "AFTER"]);
    for stored in changes {
        stored_rows(&mut table, stored);
    }
    table
}

fn names(changes: &[Stored]) -> Vec<String> {
    changes
        .iter()
        .map(|stored| stored.object.to_string())
        .collect()
}

fn stored_rows(table: &mut Table, stored: &Stored) {
    let row = |field: &str, before: Option<&Kept>, after: Option<&Kept>| {
        let side = |kept: Option<&Kept>, style| {
            kept.map_or_else(
                || Cell::styled(Style::Dim, "-"),
                |kept| Cell::styled(style, kept.short()),
            )
        };
        [
            stored.object.to_string().into(),
            stored.what.word().into(),
            dotted(field).into(),
            side(before, Style::Bad),
            side(after, Style::Good),
        ]
    };
    match &stored.what {
        What::Create { after } => table.row(row("", None, Some(after))),
        What::Delete { before } => table.row(row("", Some(before), None)),
        What::Update { fields } => {
            for field in fields {
                table.row(row(&field.at, field.before.as_ref(), field.after.as_ref()));
            }
        }
    }
}

/// Changes that would be written.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct ChangesReport(Vec<Stored>);

impl ChangesReport {
    /// As the history would keep them.
    pub(crate) fn of(changes: &[Change]) -> Self {
        Self(changes.iter().map(Stored::shown).collect())
    }
}

impl Report for ChangesReport {
    fn table(&self) -> Table {
        table(&self.0)
    }

    fn names(&self) -> Vec<String> {
        names(&self.0)
    }
}

/// `weft undo`.
#[derive(Debug, Serialize)]
pub(crate) struct UndoReport {
    entry: u64,
    verb: String,
    changes: Vec<Stored>,
}

impl UndoReport {
    /// Of what was or would be written to undo an entry.
    pub(crate) fn of(past: &Past, changes: &[Change]) -> Self {
        Self {
            entry: past.number,
            verb: past.verb.clone(),
            changes: changes.iter().map(Stored::shown).collect(),
        }
    }
}

impl Report for UndoReport {
    fn table(&self) -> Table {
        table(&self.changes)
    }

    fn names(&self) -> Vec<String> {
        names(&self.changes)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

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
            "Namespace shop   update   .metadata.labels.istio-injection   -   enabled\n"
        );
    }
}
