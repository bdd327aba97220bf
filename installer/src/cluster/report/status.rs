//! What is shown of a set: each member, and how far it is.

use serde::Serialize;

use super::name;
use crate::cluster::cause::Cause;
use crate::cluster::object::ObjectId;
use crate::cluster::readiness::Readiness;
use crate::cluster::watch::Target;
use crate::output::{Cell, Report, Style, Table};

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
fn absent(id: &ObjectId) -> Cause {
    let advice = "somebody deleted it: apply the same files again, which writes it anew";
    Cause::new(id, "it does not exist".to_owned(), advice)
}
