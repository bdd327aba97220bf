//! Waits until what was put back works again.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Action;
use crate::cluster::access::Cluster;
use crate::cluster::discovery::discover;
use crate::cluster::object::ObjectId;
use crate::cluster::readiness::is_awaited;
use crate::cluster::told::Told;
use crate::cluster::watch::{Target, Watch};
use crate::failure::Failure;
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
    let target = |id: &ObjectId| {
        Some(Target {
            component: String::new(),
            id: id.clone(),
            resource: kinds.find(id)?.clone(),
        })
    };
    let told = Told::new(output, ProgressChoice::default());
    let watch = Watch::within(cluster, &told, timeout);
    let targets = awaited.into_iter().filter_map(target).collect();
    let waited = watch.until_ready(targets).await?;
    waited.in_vain().map_or(Ok(()), |(exit, lines)| {
        let text = format!("it was put back, and does not work:\n  {lines}");
        Err(Failure::text(exit, text))
    })
}

/// Each once; what is deleted is not waited for.
fn awaited(actions: &[Action]) -> BTreeSet<&ObjectId> {
    let applied = actions.iter().filter_map(|action| match action {
        Action::Apply { object, .. } => Some(object),
        Action::Delete { .. } => None,
    });
    applied.filter(|object| is_awaited(object)).collect()
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
        let wanted = id("apps", "Deployment");
        assert_eq!(awaited(&actions), BTreeSet::from([&wanted]));
    }
}
