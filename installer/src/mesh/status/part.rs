//! Of objects that are not there: what they are a part of, and what they wait for.

use crate::cluster::object::ObjectId;
use crate::cluster::readiness::Readiness;
use crate::cluster::watch::Target;
use crate::mesh::record::{MeshState, Phase};

/// What is written before the control plane.
const BASE: [&str; 2] = ["istio-reader-service-account", "istiod-default-validator"];

/// The part that an object belongs to, by what Istio's charts call it: its label is gone with it.
pub(super) fn part_of(state: &MeshState, id: &ObjectId) -> String {
    let name = id.name.as_str();
    let part = match id.kind.as_str() {
        "CustomResourceDefinition" => "istio-base",
        _ if BASE.contains(&name) => "istio-base",
        "Namespace" => "namespace",
        "Sidecar" => "discovery",
        _ if name.starts_with("istio-cni") => "cni",
        _ if name.starts_with("ztunnel") => "ztunnel",
        _ if name.starts_with("istio") || name.starts_with("values") => {
            return plane(state, name);
        }
        _ => "",
    };
    part.to_owned()
}

/// The control plane whose revision its name has.
fn plane(state: &MeshState, name: &str) -> String {
    let upgrade = state.upgrade.as_deref();
    let both = upgrade.map(|upgrade| [upgrade.old(), upgrade.new_one()]);
    let known = both.into_iter().flatten().chain(state.revision.as_deref());
    let named = known.filter(|revision| format!("{name}-").contains(&format!("-{revision}-")));
    named.max_by_key(|revision| revision.len()).map_or_else(
        || "istiod".to_owned(),
        |revision| format!("istiod-{revision}"),
    )
}

/// What those wait for that were to be written after it: the first part that is there, runs and is not ready. Nothing of a mesh
/// whose last change came to its end waits any more.
pub(super) fn waits_for(phase: Phase, seen: &[(Target, Option<Readiness>)]) -> Option<String> {
    match phase {
        Phase::Creating | Phase::Updating | Phase::Failed => {}
        Phase::Succeeded | Phase::Terminating => return None,
    }
    let open = |(target, readiness): &&(Target, Option<Readiness>)| {
        target.id.group == "apps"
            && matches!(
                readiness,
                Some(Readiness::Progressing { .. } | Readiness::Failed(_))
            )
    };
    let (target, _) = seen.iter().find(open)?;
    Some(format!("{} ({})", target.component, target.id))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::mesh::record::Mode;
    use crate::mesh::upgrade::steps::tests::upgrade;

    #[test]
    fn what_is_gone_is_known_by_its_name() {
        let plain = MeshState::new(Mode::Dedicated, Phase::Succeeded);
        let mut canary = plain.clone();
        canary.revision = Some("r1".to_owned());
        canary.upgrade = Some(Box::new(upgrade("{version: 1.30.0, revision: r1}")));
        let cases = [
            (
                &plain,
                "CustomResourceDefinition",
                "sidecars.networking.istio.io",
                "istio-base",
            ),
            (
                &plain,
                "ServiceAccount",
                "istio-reader-service-account",
                "istio-base",
            ),
            (
                &plain,
                "ValidatingWebhookConfiguration",
                "istiod-default-validator",
                "istio-base",
            ),
            (
                &plain,
                "MutatingWebhookConfiguration",
                "istio-sidecar-injector",
                "istiod",
            ),
            (
                &plain,
                "MutatingWebhookConfiguration",
                "istio-revision-tag-prod",
                "istiod",
            ),
            (&plain, "ConfigMap", "values", "istiod"),
            (&plain, "ClusterRole", "istio-cni-repair-role", "cni"),
            (&plain, "DaemonSet", "ztunnel", "ztunnel"),
            (&plain, "Namespace", "istio-system", "namespace"),
            (&plain, "Sidecar", "default", "discovery"),
            (&plain, "Secret", "other", ""),
            (
                &canary,
                "MutatingWebhookConfiguration",
                "istio-sidecar-injector-r1",
                "istiod-r1",
            ),
            (
                &canary,
                "ClusterRole",
                "istiod-clusterrole-1-31-0-istio-system",
                "istiod-1-31-0",
            ),
        ];
        for (state, kind, name, wanted) in cases {
            let object = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}});
            let id = ObjectId::of(&object).unwrap();
            assert_eq!(part_of(state, &id), wanted, "{kind} {name}");
        }
    }
}
