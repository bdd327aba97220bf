//! What an undo would take away from others: it meets the guards of the verbs that delete the same things.

use serde_json::Value;

use super::{Action, Unsafe};
use crate::cluster::access::Cluster;
use crate::cluster::object::ObjectId;
use crate::failure::Failure;
use crate::gateway::guard;
use crate::mesh::install::tags;
use crate::sidecar::gateway::is_workload;

/// Everything that uses what would be deleted.
pub(crate) async fn in_use(
    cluster: &Cluster,
    root: &str,
    actions: &[Action],
) -> Result<Vec<Unsafe>, Failure> {
    let gateways: Vec<_> = deleted(actions)
        .filter(|(id, object)| guard::is_deployed(id) && is_workload(object))
        .map(|(_, object)| guard::seen(object))
        .collect();
    let mut found = guard::referring(cluster, &gateways).await?;
    let tags: Vec<_> = deleted(actions)
        .filter_map(|(id, object)| tags::tag(id, object))
        .collect();
    let used = tags::in_use(cluster, root, &tags).await?.into_iter();
    found.extend(used.map(|(tag, users)| format!("tag {tag}: {}", users.join(", "))));
    Ok(found.into_iter().map(Unsafe::InUse).collect())
}

/// What would be deleted, as it is.
fn deleted(actions: &[Action]) -> impl Iterator<Item = (&ObjectId, &Value)> {
    actions.iter().filter_map(|action| match action {
        Action::Delete {
            object, current, ..
        } => Some((object, current)),
        Action::Apply { .. } => None,
    })
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::http::Uri;
    use serde_json::json;

    use super::*;
    use crate::cluster::fake;
    use crate::cluster::object::ObjectId;
    use crate::sidecar::injector::TAG;

    fn delete(group: &str, kind: &str, current: Value) -> Action {
        Action::Delete {
            object: ObjectId {
                group: group.to_owned(),
                version: "v1".to_owned(),
                kind: kind.to_owned(),
                namespace: Some("edge".to_owned()),
                name: "front".to_owned(),
            },
            current,
            manager: "weft",
        }
    }

    /// A gateway that a Gateway of Istio selects is not taken away by an undo of its creation; one that nobody selects is.
    #[tokio::test]
    async fn a_gateway_in_use_stays() {
        let answer = async |uri: Uri| {
            let gateway = json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": {"selector": {"istio": "front"}}});
            let items = if uri.path().ends_with("/networking.istio.io/v1/gateways") {
                vec![gateway]
            } else {
                Vec::new()
            };
            json!({"apiVersion": "v1", "kind": "List", "metadata": {}, "items": items}).to_string()
        };
        let cluster = fake::served(Router::new().fallback(answer));
        let workload = |label: &str| {
            json!({"metadata": {"name": "front", "namespace": "edge"}, "spec": {"template": {
                "metadata": {"labels": {"istio": label, "app": "front"}, "annotations": {"inject.istio.io/templates": "gateway"}},
                "spec": {"containers": [{"name": "istio-proxy", "image": "auto"}]}}}})
        };
        let of = |label| [delete("apps", "Deployment", workload(label))];
        let used = in_use(&cluster, "istio-system", &of("front"))
            .await
            .unwrap();
        assert_eq!(used.len(), 1, "{used:?}");
        assert!(used[0].to_string().contains("shop/web"), "{}", used[0]);
        let free = in_use(&cluster, "istio-system", &of("other"))
            .await
            .unwrap();
        assert_eq!(free, []);
    }

    /// A tag that a namespace names is not taken away by an undo of its creation; one that nobody names, or no tag, is.
    #[tokio::test]
    async fn a_tag_in_use_stays() {
        let answer = async |uri: Uri| {
            let items = if uri.path() == "/api/v1/namespaces" {
                vec![json!({"metadata": {"name": "shop", "labels": {"istio.io/rev": "prod"}}})]
            } else {
                Vec::new()
            };
            json!({"apiVersion": "v1", "kind": "List", "metadata": {}, "items": items}).to_string()
        };
        let cluster = fake::served(Router::new().fallback(answer));
        for (labels, users) in [
            (json!({TAG: "prod"}), Some("tag prod: Namespace shop")),
            (json!({TAG: "canary"}), None),
            (json!({"istio.io/rev": "prod"}), None),
        ] {
            let webhook = json!({"metadata": {"name": "front", "labels": labels}});
            let action = delete(
                "admissionregistration.k8s.io",
                "MutatingWebhookConfiguration",
                webhook,
            );
            let found = in_use(&cluster, "istio-system", &[action]).await.unwrap();
            let wanted: Vec<_> = users
                .map(|text| Unsafe::InUse(text.to_owned()))
                .into_iter()
                .collect();
            assert_eq!(found, wanted, "{labels}");
        }
    }
}
