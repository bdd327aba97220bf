//! What the history looks like.

mod undo;

use k8s_openapi::jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::Change;
use super::store::{History, Past};
use super::stored::{Course, Kept, Stored, What};
use crate::cluster::diff::{self, shown};
use crate::cluster::object::ObjectId;
use crate::output::{Report, Table};
pub(crate) use undo::UndoReport;

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
#[derive(Debug)]
pub(crate) struct EntryReport(pub(crate) Past);

impl Serialize for EntryReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut entry = json!(self.0);
        if let Some(changes) = entry.get_mut("changes") {
            *changes = self.0.changes.iter().map(told).collect();
        }
        entry.serialize(serializer)
    }
}

/// A change as it is kept, and beside each field what differs inside.
fn told(stored: &Stored) -> Value {
    let mut value = json!(stored);
    let told = value.get_mut("fields").and_then(Value::as_array_mut);
    if let (What::Update { fields }, Some(told)) = (&stored.what, told) {
        for (field, told) in fields.iter().zip(told) {
            let inside = json!(field.shown().inside());
            if let (Value::Object(inside), Some(told)) = (inside, told.as_object_mut()) {
                told.extend(inside);
            }
        }
    }
    value
}

fn all_told<S: Serializer>(changes: &[Stored], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(changes.iter().map(told))
}

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
    let lead = [stored.object.to_string().into(), stored.what.word().into()];
    match &stored.what {
        What::Create { after } => shown::rows(table, &lead, &whole(None, Some(after)), &[]),
        What::Delete { before } => shown::rows(table, &lead, &whole(Some(before), None), &[]),
        What::Update { fields } => {
            for field in fields {
                shown::rows(table, &lead, &field.shown(), &[]);
            }
        }
    }
}

fn whole(before: Option<&Kept>, after: Option<&Kept>) -> diff::Change {
    diff::Change {
        path: "the object".to_owned(),
        before: before.map(Kept::shown),
        after: after.map(Kept::shown),
    }
}

/// Changes that would be written.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct ChangesReport(#[serde(serialize_with = "all_told")] Vec<Stored>);

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

#[cfg(test)]
#[path = "report/tests.rs"]
mod tests;
