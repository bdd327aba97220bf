//! What is shown of a plan: object by object, or field by field.

use serde::Serialize;
use serde_json::Value;

use super::cause::Cause;
use super::diff::Change;
use super::object::ObjectId;
use super::plan::{Action, Plan, Step};
use super::readiness::Readiness;
use super::watch::Target;
use crate::output::{Cell, Report, Style, Table};

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
            table.row([
                step.component.clone().into(),
                step.id.to_string().into(),
                Cell::styled(style(step.action), word(step.action)),
                fields(step).into(),
                owned.join(", ").into(),
                step.unsure.clone().unwrap_or_default().into(),
            ]);
        }
        table
    }

    fn names(&self) -> Vec<String> {
        self.0.steps.iter().map(|step| name(&step.id)).collect()
    }
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
            })
            .collect(),
    )
}

impl Report for ChangesReport {
    fn table(&self) -> Table {
        let mut table = Table::new(&["OBJECT", "ACTION", "FIELD", "IS", "WOULD BE"]);
        for object in &self.0 {
            let head =
                |table: &mut Table, field: &str, is: &Option<Value>, will: &Option<Value>| {
                    table.row([
                        object.object.clone().into(),
                        Cell::styled(style(object.action), word(object.action)),
                        field.to_owned().into(),
                        Cell::styled(Style::Bad, shown(is.as_ref())),
                        Cell::styled(Style::Good, shown(will.as_ref())),
                    ]);
                };
            if object.changes.is_empty() {
                head(&mut table, "-", &None, &None);
            }
            for change in &object.changes {
                head(&mut table, &change.path, &change.before, &change.after);
            }
        }
        table
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().map(|object| object.object.clone()).collect()
    }
}

/// Each member of a set and how far it is.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct StatusReport(Vec<MemberStatus>);

#[derive(Debug, Serialize)]
struct MemberStatus {
    #[serde(flatten)]
    id: ObjectId,
    component: String,
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    waits_for: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<Cause>,
}

impl StatusReport {
    /// Of what was seen.
    pub(crate) fn of(members: Vec<(Target, Option<Readiness>)>) -> Self {
        let members = members.into_iter().map(|(target, readiness)| {
            let (ready, waits_for, cause) = match readiness {
                Some(Readiness::Ready) => (true, None, None),
                Some(Readiness::Progressing { waits_for, cause }) => {
                    (false, Some(waits_for), cause)
                }
                Some(Readiness::Failed(cause)) => (false, None, Some(cause)),
                None => (false, None, Some(absent(&target.id))),
            };
            MemberStatus {
                id: target.id,
                component: target.component,
                ready,
                waits_for,
                cause,
            }
        });
        Self(members.collect())
    }

    /// Whether all are ready.
    pub(crate) fn is_ready(&self) -> bool {
        self.0.iter().all(|member| member.ready)
    }
}

impl Report for StatusReport {
    fn table(&self) -> Table {
        let mut table = Table::new(&["OBJECT", "READY", "CAUSE"]).wide(&["COMPONENT"]);
        for member in &self.0 {
            let (style, word) = if member.ready {
                (Style::Good, "yes")
            } else {
                (Style::Bad, "no")
            };
            let cause = member.cause.as_ref().map(ToString::to_string);
            table.row([
                member.id.to_string().into(),
                Cell::styled(style, word),
                cause
                    .or_else(|| member.waits_for.clone())
                    .unwrap_or_default()
                    .into(),
                member.component.clone().into(),
            ]);
        }
        table
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().map(|member| name(&member.id)).collect()
    }
}

/// Somebody deleted it.
pub(crate) fn absent(id: &ObjectId) -> Cause {
    let advice = "somebody deleted it: apply the same files again, which writes it anew";
    Cause::new(id, "it does not exist".to_owned(), advice)
}

/// For a shell loop: `deployment.apps/istiod`.
fn name(id: &ObjectId) -> String {
    format!("{}/{}", id.group_kind().to_string().to_lowercase(), id.name)
}

fn shown(value: Option<&Value>) -> String {
    const ENOUGH: usize = 80;
    let text = value.map_or_else(|| "-".to_owned(), ToString::to_string);
    if text.chars().count() <= ENOUGH {
        return text;
    }
    let start: String = text.chars().take(ENOUGH).collect();
    format!("{start} …")
}
