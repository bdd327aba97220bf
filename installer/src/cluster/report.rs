//! What is shown of a plan: object by object, or field by field; and of a set, member by member (`status`).

mod status;

use serde::Serialize;
use serde_json::json;

use super::diff::Change;
use super::diff::shown::rows;
use super::object::ObjectId;
use super::ownership::OwnedField;
use super::plan::{Action, Plan, Step};
use crate::failure::Failure;
use crate::output::{Cell, Output, Report, Style, Table};
pub(crate) use status::StatusReport;

/// Shows a plan, and says what all of it comes to.
pub(crate) fn show(output: &Output, plan: &Plan) -> Result<(), Failure> {
    output.report(&PlanReport(plan))?;
    output.say(summary(plan));
    Ok(())
}

/// For example `36 objects: 3 update, 33 unchanged`.
fn summary(plan: &Plan) -> String {
    let all = [
        Action::Create,
        Action::Update,
        Action::Prune,
        Action::Conflict,
        Action::Unchanged,
    ];
    let unsure = plan.steps.iter().filter(|step| is_unsure(step)).count();
    let counted = all.iter().map(|action| {
        let steps = plan.steps.iter();
        let count = steps.filter(|step| step.action == *action && !is_unsure(step));
        (count.count(), word(*action))
    });
    let parts: Vec<_> = counted
        .chain([(unsure, UNSURE)])
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    match plan.steps.len() {
        0 => "no objects".to_owned(),
        1 => format!("1 object: {}", parts.join(", ")),
        count => format!("{count} objects: {}", parts.join(", ")),
    }
}

/// Each object and what happens to it.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct PlanReport<'a>(pub(crate) &'a Plan);

impl Report for PlanReport<'_> {
    fn table(&self) -> Table {
        let mut table = Table::new(&["COMPONENT", "OBJECT", "ACTION", "FIELDS"])
            .wide(&["OWNED BY OTHERS", "UNSURE"]);
        for step in &self.0.steps {
            let owned: Vec<_> = step
                .conflicts
                .iter()
                .map(|field| format!("{} ({})", field.field, field.manager))
                .collect();
            let cells = [
                step.component.clone().into(),
                step.id.to_string().into(),
                said(step),
                fields(step).into(),
                owned.join(", ").into(),
                step.unsure.clone().unwrap_or_default().into(),
            ];
            if step.action == Action::Unchanged && !is_unsure(step) {
                table.wide_row(cells);
            } else {
                table.row(cells);
            }
            if let (Action::Conflict, Some(why)) = (step.action, &step.unsure) {
                table.text(Cell::styled(Style::Bad, format!("  {why}")));
            }
        }
        table
    }

    fn names(&self) -> Vec<String> {
        self.0.steps.iter().map(|step| name(&step.id)).collect()
    }
}

/// What happens, in a word. An object of which nothing is known to change may change all the same.
fn said(step: &Step) -> Cell {
    if is_unsure(step) {
        return Cell::styled(Style::Warn, UNSURE);
    }
    Cell::styled(style(step.action), word(step.action))
}

const UNSURE: &str = "unsure";

fn is_unsure(step: &Step) -> bool {
    step.action == Action::Unchanged && step.unsure.is_some()
}

/// How many fields change, where that says anything.
fn fields(step: &Step) -> String {
    match (step.action, step.changes.len()) {
        (Action::Update, 0) => "owner".to_owned(),
        (Action::Update | Action::Conflict, count) => count.to_string(),
        (Action::Create | Action::Unchanged | Action::Prune, _) => "-".to_owned(),
    }
}

fn word(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Unchanged => "unchanged",
        Action::Prune => "prune",
        Action::Conflict => "conflict",
    }
}

fn style(action: Action) -> Style {
    match action {
        Action::Create | Action::Update => Style::Good,
        Action::Unchanged => Style::Dim,
        Action::Prune => Style::Warn,
        Action::Conflict => Style::Bad,
    }
}

/// Each object and each field of it that changes.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct ChangesReport(Vec<ObjectChanges>);

#[derive(Debug, Serialize)]
struct ObjectChanges {
    object: String,
    action: Action,
    changes: Vec<Change>,
    /// Which of the fields others own.
    conflicts: Vec<OwnedField>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unsure: Option<String>,
}

/// What differs of a plan, field by field.
pub(crate) fn changes(plan: &Plan) -> ChangesReport {
    let changing = plan
        .steps
        .iter()
        .filter(|step| step.action != Action::Unchanged);
    ChangesReport(
        changing
            .map(|step| ObjectChanges {
                object: step.id.to_string(),
                action: step.action,
                changes: step.changes.clone(),
                conflicts: step.conflicts.clone(),
                unsure: step.unsure.clone(),
            })
            .collect(),
    )
}

/// What differs of one object, or of the wish for it, that would be updated.
pub(crate) fn update(object: String, changes: Vec<Change>) -> ChangesReport {
    ChangesReport(vec![ObjectChanges {
        object,
        action: Action::Update,
        changes,
        conflicts: Vec::new(),
        unsure: None,
    }])
}

impl Report for ChangesReport {
    fn table(&self) -> Table {
        let is_contested = self.0.iter().any(|object| !object.conflicts.is_empty());
        let mut table = table("ACTION", is_contested);
        for object in &self.0 {
            object.rows(&mut table);
        }
        table
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().map(|object| object.object.clone()).collect()
    }
}

impl ObjectChanges {
    fn rows(&self, table: &mut Table) {
        let lead = [
            self.object.clone().into(),
            Cell::styled(style(self.action), word(self.action)),
        ];
        for change in &self.changes {
            let owners = owners(&self.conflicts, &change.path);
            rows(table, &lead, change, &[owners.into()]);
        }
        // What others own and would be as it is, or is a part of a field above.
        for field in &self.conflicts {
            let is_told = |change: &Change| concerns(field, &change.path);
            if !self.changes.iter().any(is_told) {
                let cells = [field.field.as_str(), "", "", &field.manager];
                let cells = cells.map(|text| text.trim_start_matches('.').into());
                table.row(lead.iter().cloned().chain(cells));
            }
        }
        if self.changes.is_empty() && self.conflicts.is_empty() {
            let only_owned = (self.action == Action::Update).then(|| Change {
                path: "metadata.managedFields".to_owned(),
                before: None,
                after: Some(json!("weft owns what it wants")),
            });
            match only_owned {
                Some(change) => rows(table, &lead, &change, &[]),
                None => table.row(lead),
            }
        }
        if let Some(why) = &self.unsure {
            table.text(Cell::styled(Style::Dim, format!("  unsure: {why}")));
        }
    }
}

/// A table of what differs, and of who owns that: mostly nobody else owns anything.
pub(crate) fn table(second: &'static str, is_owned: bool) -> Table {
    let columns = ["OBJECT", second, "FIELD", "BEFORE", "AFTER", "OWNER"];
    let (_, less) = columns.split_last().unwrap_or((&"", &[]));
    Table::new(if is_owned { &columns } else { less })
}

/// Who of these owns what changes.
pub(crate) fn owners(all: &[OwnedField], path: &str) -> String {
    let owners = all.iter().filter(|field| concerns(field, path));
    let names: Vec<_> = owners.map(|field| field.manager.as_str()).collect();
    names.join(", ")
}

/// Whether a field that others own is what changes, or a part of that, or has it as a part. The server does not quote names as a
/// change does.
fn concerns(field: &OwnedField, path: &str) -> bool {
    let field = field.field.replace('"', "");
    let field = field.trim_start_matches('.');
    let path = path.replace("[\"", ".").replace("\"]", "");
    let is_part = |part: &str, whole: &str| {
        part.strip_prefix(whole)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    is_part(field, &path) || is_part(&path, field)
}

/// For a shell loop: `deployment.apps/istiod`.
fn name(id: &ObjectId) -> String {
    format!("{}/{}", id.group_kind().to_string().to_lowercase(), id.name)
}

#[cfg(test)]
#[path = "report/tests.rs"]
mod tests;
