//! What an installation must be allowed to do, and whether it is.

use futures_util::StreamExt as _;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::Api;
use kube::api::PostParams;

use super::facts::{Facts, Lack};
use super::{Check, Subject, Wish};
use crate::cluster::access::Cluster;
use crate::cluster::error::ClusterError;

/// What the check is called.
pub(super) const PERMISSION: &str = "PERMISSION";
/// How many questions are asked at a time.
const AT_ONCE: usize = 8;
/// Reading, writing with server-side apply, and pruning.
const VERBS: [&str; 5] = ["get", "list", "create", "patch", "delete"];

/// Group, plural, and whether it is asked for the root namespace.
const NEEDS: [(&str, &str, bool); 18] = [
    ("", "namespaces", false),
    ("apiextensions.k8s.io", "customresourcedefinitions", false),
    ("rbac.authorization.k8s.io", "clusterroles", false),
    ("rbac.authorization.k8s.io", "clusterrolebindings", false),
    (
        "admissionregistration.k8s.io",
        "mutatingwebhookconfigurations",
        false,
    ),
    (
        "admissionregistration.k8s.io",
        "validatingwebhookconfigurations",
        false,
    ),
    ("", "serviceaccounts", true),
    ("", "configmaps", true),
    ("", "secrets", true),
    ("", "services", true),
    ("apps", "deployments", true),
    ("apps", "daemonsets", true),
    ("autoscaling", "horizontalpodautoscalers", true),
    ("policy", "poddisruptionbudgets", true),
    ("rbac.authorization.k8s.io", "roles", true),
    ("rbac.authorization.k8s.io", "rolebindings", true),
    ("networking.k8s.io", "networkpolicies", true),
    ("coordination.k8s.io", "leases", true),
];

pub(super) fn permissions(facts: &Facts, wish: &Wish) -> Vec<Check> {
    let subject = Subject::of(PERMISSION, "weft may write what a mesh consists of");
    if facts.lacking.is_empty() {
        return vec![subject.pass("it may")];
    }
    let check = |lack: &Lack| {
        let place = lack
            .namespace
            .as_ref()
            .map_or_else(String::new, |place| format!(" in {place}"));
        let words = format!(
            "no permission to {} {}{place}",
            lack.verbs.join(", "),
            lack.resource
        );
        if lack.verbs == ["escalate"] {
            let remedy = "the API server refuses roles with more rights than one's own: let somebody with all rights install the mesh, or be allowed to escalate";
            return subject.warn(words, remedy).about(lack.resource.clone());
        }
        let remedy = format!(
            "ask for a role that allows it, for namespace {} and the cluster",
            wish.root_namespace
        );
        subject.fail(words, remedy).about(lack.resource.clone())
    };
    facts.lacking.iter().map(check).collect()
}

/// Asks the API server.
pub(super) async fn lacking(cluster: &Cluster, root: &str) -> Result<Vec<Lack>, ClusterError> {
    // An administrator needs one question.
    if may(cluster, "*", "*", "*", None).await? {
        return Ok(Vec::new());
    }
    let questions = NEEDS
        .iter()
        .flat_map(|need| VERBS.map(|verb| (*need, verb)));
    let escalate = (
        ("rbac.authorization.k8s.io", "clusterroles", false),
        "escalate",
    );
    let asked = questions.chain(std::iter::once(escalate)).map(
        |((group, resource, namespaced), verb)| async move {
            let place = namespaced.then_some(root);
            let allowed = may(cluster, group, resource, verb, place).await?;
            Ok::<_, ClusterError>((group, resource, place, verb, allowed))
        },
    );
    let answers: Vec<_> = futures_util::stream::iter(asked)
        .buffered(AT_ONCE)
        .collect()
        .await;
    let mut lacking: Vec<Lack> = Vec::new();
    for answer in answers {
        let (group, resource, place, verb, allowed) = answer?;
        if allowed {
            continue;
        }
        let resource = if group.is_empty() {
            resource.to_owned()
        } else {
            format!("{resource}.{group}")
        };
        match lacking
            .last_mut()
            .filter(|last| last.resource == resource && verb != "escalate")
        {
            Some(last) => last.verbs.push(verb),
            None => lacking.push(Lack {
                resource,
                namespace: place.map(str::to_owned),
                verbs: vec![verb],
            }),
        }
    }
    Ok(lacking)
}

async fn may(
    cluster: &Cluster,
    group: &str,
    resource: &str,
    verb: &str,
    namespace: Option<&str>,
) -> Result<bool, ClusterError> {
    let question = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                group: Some(group.to_owned()),
                resource: Some(resource.to_owned()),
                verb: Some(verb.to_owned()),
                namespace: namespace.map(str::to_owned),
                ..ResourceAttributes::default()
            }),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let api: Api<SelfSubjectAccessReview> = Api::all(cluster.client.clone());
    let answer = cluster
        .call(
            "ask what weft may do",
            api.create(&PostParams::default(), &question),
        )
        .await?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}
