//! Tags that would be taken away: a namespace that names one would get no sidecars any more.

use serde_json::Value;

use crate::cluster::access::Cluster;
use crate::cluster::object::ObjectId;
use crate::cluster::peek::label;
use crate::cluster::plan::{Action, Plan, Step};
use crate::failure::{Exit, Failure};
use crate::mesh::spec::Mesh;
use crate::mesh::upgrade::facts::Facts;
use crate::sidecar::injector::TAG;

/// Refuses to take away a tag that is in use.
pub(super) async fn check(cluster: &Cluster, mesh: &Mesh, plan: &Plan) -> Result<(), Failure> {
    let going: Vec<_> = plan.steps.iter().filter_map(going).collect();
    let used = in_use(cluster, mesh.root_namespace(), &going).await?;
    if used.is_empty() {
        return Ok(());
    }
    Err(Failure::text(
        Exit::Failure,
        refusal(&mesh.spec.tags, &used),
    ))
}

/// The tag that a step takes away.
fn going(step: &Step) -> Option<&str> {
    let tag = tag(&step.id, &step.work.object);
    tag.filter(|_| step.action == Action::Prune)
}

/// Those of these tags that somebody names, each with who does.
pub(crate) async fn in_use<'a>(
    cluster: &Cluster,
    root: &str,
    tags: &[&'a str],
) -> Result<Vec<(&'a str, Vec<String>)>, Failure> {
    if tags.is_empty() {
        return Ok(Vec::new());
    }
    let facts = Facts::read(cluster, root).await?;
    let users = tags.iter().map(|tag| (*tag, facts.naming(tag)));
    Ok(users.filter(|(_, users)| !users.is_empty()).collect())
}

/// The tag that an object is.
pub(crate) fn tag<'a>(id: &'a ObjectId, object: &'a Value) -> Option<&'a str> {
    match id.kind.as_str() {
        "MutatingWebhookConfiguration" => label(object, TAG),
        "IstioRevisionTag" => Some(&id.name),
        _ => None,
    }
}

/// With what the file needs for them to stay, such as the tag that an upgrade gave to the new revision.
fn refusal(has: &[String], used: &[(&str, Vec<String>)]) -> String {
    let goes = used.iter().map(|(tag, _)| *tag);
    let all: Vec<_> = has.iter().map(String::as_str).chain(goes).collect();
    let lines = used.iter().map(|(tag, users)| {
        format!(
            "tag {tag} would go, and {} name it: their next pods would have no sidecar",
            users.join(", ")
        )
    });
    let remedy = format!(
        "have the mesh file say `tags: [{}]`, or give them another istio.io/rev first",
        all.join(", ")
    );
    lines.chain([remedy]).collect::<Vec<_>>().join("\n  ")
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
            assert_eq!(
                going(&step(kind, action, says)),
                wanted,
                "{kind} {action:?}"
            );
        }
        let users = vec!["Namespace shop".to_owned()];
        let text = refusal(&["test".to_owned()], &[("prod", users)]);
        assert!(text.contains("`tags: [test, prod]`"), "{text}");
        assert!(
            text.starts_with("tag prod would go, and Namespace shop name it"),
            "{text}"
        );
    }
}
