//! What a deployment would change, field by field.

use serde_json::json;

use super::super::apply::Writer;
use super::super::plan::{self, Plan};
use super::super::report::DiffReport;
use super::super::wasmplugin::WasmPlugin;
use super::Mesh;
use crate::cluster::diff;
use crate::cluster::error::ClusterError;
use crate::failure::{Exit, Outcome};

/// Whether the server is asked what would come of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rehearsal {
    /// No.
    Skip,
    /// Whether it would take it, where it lets us ask.
    Try,
    /// Yes, and its answer is what is compared.
    Must,
}

impl Mesh {
    pub(super) async fn diff(
        &self,
        plan: &Plan,
        current: Option<&WasmPlugin>,
        writer: &Writer,
        rehearsal: Rehearsal,
    ) -> Outcome {
        let answer = match rehearsal {
            Rehearsal::Skip => None,
            Rehearsal::Must => Some(writer.rehearse(&plan.settled).await?),
            Rehearsal::Try => match writer.rehearse(&plan.settled).await {
                Ok(_) => None,
                Err(error @ (ClusterError::Forbidden { .. } | ClusterError::Conflict { .. })) => {
                    self.output.warn(error);
                    None
                }
                Err(error) => return Err(error.into()),
            },
        };
        let changes = match (current, &answer) {
            (Some(current), Some(answer)) => plan::changes(current, answer),
            (Some(_), None) => plan.changes.clone(),
            (None, answer) => diff::changes(
                &json!({ "spec": {} }),
                &json!({ "spec": answer.as_ref().unwrap_or(&plan.settled).spec }),
            ),
        };
        let exit = if changes.is_empty() {
            Exit::Ok
        } else {
            Exit::Drift
        };
        self.output.report(&DiffReport(changes))?;
        Ok(exit)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::http::Method;

    use super::super::super::desired::{Desired, Written};
    use super::super::super::plan::Terms;
    use super::*;
    use crate::cluster::fake::Fake;
    use crate::output::{Output, Settings};

    #[tokio::test]
    async fn the_server_is_asked_as_far_as_is_wished() {
        use Rehearsal::{Must, Skip, Try};
        for (rehearsal, status, asked, wanted) in [
            (Skip, None, 0, Ok(Exit::Drift)),
            (Try, None, 1, Ok(Exit::Drift)),
            (Must, None, 1, Ok(Exit::Drift)),
            (Skip, Some(403), 0, Ok(Exit::Drift)),
            (Try, Some(403), 1, Ok(Exit::Drift)),
            (Must, Some(403), 1, Err(Exit::NoPermission)),
        ] {
            let fake = Fake::default();
            let output = Output::to(
                Settings::default(),
                Box::new(Vec::new()),
                Box::new(Vec::new()),
            );
            let mesh = Mesh::new(fake.cluster(), "istio-system".to_owned(), output);
            let count = Arc::new(Mutex::new(0));
            let counted = count.clone();
            fake.before_each(move |_, method, _| {
                let is_asked = method == Method::PATCH;
                *counted.lock().unwrap() += usize::from(is_asked);
                status.filter(|_| is_asked)
            });
            let scope = mesh.scope("shop");
            let snapshot = mesh.reader.snapshot(scope, "x", None).await.unwrap();
            let desired = Desired::read(&Written {
                name: Some("x".to_owned()),
                image: Some("r/x:1".to_owned()),
                ..Written::default()
            });
            let terms = Terms {
                scope,
                url: "oci://r/x@sha256:1",
                registry: "r",
                now: "t",
                allow_empty: true,
            };
            let plan = plan::plan(&snapshot, &desired.unwrap(), terms).unwrap();
            let writer = Writer::new(fake.cluster(), false);
            let outcome = mesh.diff(&plan, None, &writer, rehearsal).await;

            assert_eq!(
                outcome.map_err(|error| error.exit()),
                wanted,
                "{rehearsal:?}"
            );
            assert_eq!(*count.lock().unwrap(), asked, "{rehearsal:?}");
            assert!(
                fake.with(|world| world.plugins.is_empty()),
                "{rehearsal:?} wrote"
            );
        }
    }
}
