//! Waits until what was put back works again.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::Action;
use crate::cluster::access::Cluster;
use crate::cluster::discovery::discover;
use crate::cluster::object::ObjectId;
use crate::cluster::readiness::is_awaited;
use crate::cluster::told::Told;
use crate::cluster::watch::{Target, Unready, Waited, Watch};
use crate::failure::{Exit, Failure};
use crate::output::{Output, ProgressChoice};

/// Until each object that was applied and can be ready is.
///
/// # Errors
/// What will not be ready (exit 1), or was not in time (exit 3). What was written stays.
pub(crate) async fn settle(
    cluster: &Cluster,
    output: &Output,
    actions: &[Action],
    timeout: Duration,
) -> Result<(), Failure> {
    let awaited = awaited(actions);
    if awaited.is_empty() {
        return Ok(());
    }
    let kinds = discover(cluster).await?;
    let target = |id: ObjectId| {
        let resource = kinds.find(&id)?.clone();
        Some(Target {
            component: String::new(),
            id,
            resource,
        })
    };
    let told = Told::new(output, ProgressChoice::default());
    let now = Instant::now();
    let watch = Watch {
        cluster,
        sink: &told,
        deadline: now.checked_add(timeout).unwrap_or(now),
    };
    let targets = awaited.into_iter().filter_map(target).collect();
    let (exit, unready) = match watch.until_ready(targets).await? {
        Waited::Ready => return Ok(()),
        Waited::Failed(unready) => (Exit::Failure, unready),
        Waited::TimedOut(unready) => (Exit::Timeout, unready),
    };
    let lines: Vec<_> = unready.iter().map(said).collect();
    let text = format!(
        "it was put back, and does not work:\n  {}",
        lines.join("\n  ")
    );
    Err(Failure::text(exit, text))
}

/// Each once; what is deleted is not waited for.
fn awaited(actions: &[Action]) -> Vec<ObjectId> {
    let mut applied = BTreeMap::new();
    for action in actions {
        match action {
            Action::Apply { object, .. } if is_awaited(object) => {
                applied.insert(object.to_string(), object.clone());
            }
            Action::Apply { .. } | Action::Delete { .. } => {}
        }
    }
    applied.into_values().collect()
}

fn said(unready: &Unready) -> String {
    let waits = || format!("{} waits: {}", unready.id, unready.waits_for);
    unready
        .cause
        .as_ref()
        .map_or_else(waits, ToString::to_string)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn what_can_be_ready_is_waited_for_once() {
        let id = |group: &str, kind: &str| ObjectId {
            group: group.to_owned(),
            version: "v1".to_owned(),
            kind: kind.to_owned(),
            namespace: Some("edge".to_owned()),
            name: "front".to_owned(),
        };
        let apply = |object| Action::Apply {
            object,
            current: None,
            wanted: Value::Null,
            manager: "weft",
        };
        let actions = [
            apply(id("apps", "Deployment")),
            apply(id("", "ConfigMap")),
            apply(id("apps", "Deployment")),
            Action::Delete {
                object: id("apps", "DaemonSet"),
                current: Value::Null,
                manager: "weft",
            },
        ];
        assert_eq!(awaited(&actions), [id("apps", "Deployment")]);
    }
}
