//! Tags that an apply would take away: a namespace that names one would get no sidecars any more.

use crate::cluster::access::Cluster;
use crate::cluster::peek::label;
use crate::cluster::plan::{Action, Plan, Step};
use crate::failure::{Exit, Failure};
use crate::mesh::upgrade::facts::Facts;
use crate::sidecar::injector::TAG;

/// Refuses to take away a tag that is in use.
pub(super) async fn check(cluster: &Cluster, root: &str, plan: &Plan) -> Result<(), Failure> {
    let going: Vec<_> = plan.steps.iter().filter_map(tag).collect();
    if going.is_empty() {
        return Ok(());
    }
    let facts = Facts::read(cluster, root).await?;
    let used = going.iter().map(|tag| (*tag, facts.naming(tag)));
    let used: Vec<_> = used.filter(|(_, users)| !users.is_empty()).collect();
    if used.is_empty() {
        return Ok(());
    }
    Err(Failure::text(Exit::Failure, refusal(&used)))
}

/// The tag that a step takes away.
fn tag(step: &Step) -> Option<&str> {
    if step.action != Action::Prune {
        return None;
    }
    match step.id.kind.as_str() {
        "MutatingWebhookConfiguration" => label(&step.work.object, TAG),
        "IstioRevisionTag" => Some(&step.id.name),
        _ => None,
    }
}

fn refusal(used: &[(&str, Vec<String>)]) -> String {
    let lines = used.iter().map(|(tag, users)| {
        format!(
            "tag {tag} would go, and {} name it: their next pods would have no sidecar; give them another istio.io/rev first, \
             or leave the tag in spec.tags",
            users.join(", ")
        )
    });
    lines.collect::<Vec<_>>().join("\n  ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::discovery::Resource;
    use crate::cluster::object::ObjectId;
    use crate::cluster::plan::Work;

    fn step(kind: &str, action: Action, tag: Option<&str>) -> Step {
        let object = json!({"metadata": {"labels": {TAG: tag}}});
        Step {
            id: ObjectId {
                group: String::new(),
                version: "v1".to_owned(),
                kind: kind.to_owned(),
                namespace: None,
                name: "prod".to_owned(),
            },
            component: String::new(),
            action,
            changes: Vec::new(),
            conflicts: Vec::new(),
            unsure: None,
            work: Work {
                stage: 0,
                resource: Resource::core(kind, ""),
                object,
                force: false,
                takes: false,
                current: None,
                uid: String::new(),
                going: false,
            },
        }
    }

    #[test]
    fn a_tag_goes_with_its_webhook_or_its_resource() {
        let webhook = "MutatingWebhookConfiguration";
        let table = [
            (webhook, Action::Prune, Some("prod"), Some("prod")),
            (webhook, Action::Prune, None, None),
            (webhook, Action::Update, Some("prod"), None),
            ("IstioRevisionTag", Action::Prune, None, Some("prod")),
            ("Service", Action::Prune, Some("prod"), None),
        ];
        for (kind, action, says, wanted) in table {
            assert_eq!(tag(&step(kind, action, says)), wanted, "{kind} {action:?}");
        }
        let text = refusal(&[("prod", vec!["Namespace shop".to_owned()])]);
        assert!(
            text.starts_with("tag prod would go, and Namespace shop name it"),
            "{text}"
        );
    }
}
