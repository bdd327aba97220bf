//! Definitions that Helm left behind. `helm uninstall` keeps them, as Istio's charts ask, and with them the account of a release
//! that is gone: nobody writes that again, so that whoever has the definitions next may write it.

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::Api;
use kube::api::ListParams;
use serde_json::Value;

use super::access::Cluster;
use super::object::ObjectId;
use super::order::is_definition;
use super::ownership::OwnedField;
use super::peek::annotation;
use super::plan::{Action, Plan};

/// By these, Helm and the charts keep account of what they made.
const ACCOUNT: [&str; 6] = [
    ".metadata.labels.app.kubernetes.io/managed-by",
    ".metadata.labels.app.kubernetes.io/instance",
    ".metadata.labels.app.kubernetes.io/version",
    ".metadata.labels.helm.sh/chart",
    ".metadata.annotations.meta.helm.sh/release-name",
    ".metadata.annotations.meta.helm.sh/release-namespace",
];

/// Whether these are the account that Helm keeps of a definition, and nothing besides. Of one that weft has had already, all that
/// Helm has is what it wrote before that: the next version of the definition is not for Helm to keep back.
pub(crate) fn is_account(id: &ObjectId, contested: &[OwnedField], is_ours: bool) -> bool {
    let kept = |one: &OwnedField| {
        is_helms(one) && (is_ours || ACCOUNT.contains(&one.field.replace('"', "").as_str()))
    };
    is_definition(id) && !contested.is_empty() && contested.iter().all(kept)
}

/// Whether the release is gone that an object says it is of. What may not be seen is taken to be there.
pub(crate) async fn is_orphan(cluster: &Cluster, object: &Value) -> bool {
    let said = |key| annotation(object, key).unwrap_or_default();
    let (name, namespace) = (
        said("meta.helm.sh/release-name"),
        said("meta.helm.sh/release-namespace"),
    );
    if name.is_empty() || namespace.is_empty() {
        // Without these two, Helm does not take an object for its own.
        return true;
    }
    let params = ListParams::default()
        .labels(&format!("owner=helm,name={name}"))
        .limit(1);
    let what = "look for a release of Helm";
    let secrets: Api<Secret> = Api::namespaced(cluster.client.clone(), namespace);
    let secrets = cluster.call(what, secrets.list_metadata(&params)).await;
    if !secrets.is_ok_and(|found| found.items.is_empty()) {
        return false;
    }
    let maps: Api<ConfigMap> = Api::namespaced(cluster.client.clone(), namespace);
    let maps = cluster.call(what, maps.list_metadata(&params)).await;
    maps.is_ok_and(|found| found.items.is_empty())
}

/// What a plan takes over that nobody forced, in a line.
pub(crate) fn words(plan: &Plan) -> Option<String> {
    let taken = plan.steps.iter().filter(|step| {
        let all_helms = !step.conflicts.is_empty() && step.conflicts.iter().all(is_helms);
        step.action == Action::Update && is_definition(&step.id) && all_helms
    });
    match taken.count() {
        0 => None,
        count => Some(format!(
            "custom resource definitions that Helm left behind ({count} in all) become this mesh's: no release has them any more, and what \
             Helm noted on them is taken over"
        )),
    }
}

fn is_helms(field: &OwnedField) -> bool {
    field.manager.contains("helm")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_account_that_helm_keeps_of_a_definition_is_taken_over() {
        let definition = ("apiextensions.k8s.io/v1", "CustomResourceDefinition");
        let managed = ".metadata.labels.app.kubernetes.io/managed-by";
        let chart = ".metadata.labels.helm.sh/chart";
        let cases = [
            (
                "the account",
                definition,
                vec![(managed, "helm"), (chart, "helm")],
                true,
            ),
            (
                "of another program",
                definition,
                vec![(managed, "helm"), (chart, "argocd-controller")],
                false,
            ),
            (
                "more than that",
                definition,
                vec![(managed, "helm"), (".spec.versions", "helm")],
                false,
            ),
            (
                "another label",
                definition,
                vec![(".metadata.labels.team", "helm")],
                false,
            ),
            ("no conflict", definition, vec![], false),
            (
                "something else",
                ("v1", "ConfigMap"),
                vec![(managed, "helm")],
                false,
            ),
        ];
        for (what, (api, kind), fields, wanted) in cases {
            let id =
                ObjectId::of(&json!({"apiVersion": api, "kind": kind, "metadata": {"name": "a"}}));
            let fields: Vec<_> = fields
                .into_iter()
                .map(|(field, manager)| OwnedField {
                    field: field.to_owned(),
                    manager: manager.to_owned(),
                })
                .collect();
            let id = id.unwrap();
            assert_eq!(is_account(&id, &fields, false), wanted, "{what}");
            let later = wanted || ["more than that", "another label"].contains(&what);
            assert_eq!(is_account(&id, &fields, true), later, "{what}");
        }
    }
}
