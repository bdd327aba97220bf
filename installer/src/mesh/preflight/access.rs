//! What an installation must be allowed to do, and whether it is.

use futures_util::StreamExt as _;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::Api;
use kube::api::PostParams;

use super::facts::{Facts, Lack};
use super::{Check, Extra, Subject, Wish};
use crate::cluster::access::Cluster;
use crate::cluster::error::ClusterError;
use crate::mesh::sail::GROUP;

/// What the check is called.
pub(super) const PERMISSION: &str = "PERMISSION";
/// How many questions are asked at a time.
const AT_ONCE: usize = 8;
/// Reading, writing with server-side apply, and pruning.
const VERBS: [&str; 5] = ["get", "list", "create", "patch", "delete"];
/// What others write is only read.
const READING: [&str; 2] = ["get", "list"];
const ESCALATE: &str = "escalate";

/// A kind that weft needs.
#[derive(Clone, Copy, Debug)]
struct Need {
    group: &'static str,
    plural: &'static str,
    /// Whether it is asked for the root namespace.
    namespaced: bool,
    verbs: &'static [&'static str],
}

const RBAC: &str = "rbac.authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";

/// What every mesh needs: a namespace, its record and its lock.
const ALWAYS: [Need; 3] = [
    cluster_wide("", "namespaces"),
    namespaced("", "configmaps"),
    namespaced("coordination.k8s.io", "leases"),
];

/// What is in charts.
const CHARTS: [Need; 15] = [
    cluster_wide("apiextensions.k8s.io", "customresourcedefinitions"),
    cluster_wide(RBAC, "clusterroles"),
    cluster_wide(RBAC, "clusterrolebindings"),
    cluster_wide(ADMISSION, "mutatingwebhookconfigurations"),
    cluster_wide(ADMISSION, "validatingwebhookconfigurations"),
    namespaced("", "serviceaccounts"),
    namespaced("", "secrets"),
    namespaced("", "services"),
    namespaced("apps", "deployments"),
    namespaced("apps", "daemonsets"),
    namespaced("autoscaling", "horizontalpodautoscalers"),
    namespaced("policy", "poddisruptionbudgets"),
    namespaced(RBAC, "roles"),
    namespaced(RBAC, "rolebindings"),
    namespaced("networking.k8s.io", "networkpolicies"),
];

/// What the Sail operator needs to be told. What it makes of that, it makes with rights of its own.
const OPERATOR: [Need; 4] = [
    Need {
        verbs: &READING,
        ..cluster_wide("apiextensions.k8s.io", "customresourcedefinitions")
    },
    cluster_wide(GROUP, "istios"),
    cluster_wide(GROUP, "istiorevisiontags"),
    Need {
        verbs: &READING,
        ..cluster_wide(GROUP, "istiorevisions")
    },
];

const fn cluster_wide(group: &'static str, plural: &'static str) -> Need {
    Need {
        group,
        plural,
        namespaced: false,
        verbs: &VERBS,
    }
}

const fn namespaced(group: &'static str, plural: &'static str) -> Need {
    Need {
        namespaced: true,
        ..cluster_wide(group, plural)
    }
}

/// What this mesh needs.
fn needs(wish: &Wish) -> Vec<Need> {
    let mut needs = ALWAYS.to_vec();
    if wish.sail.is_none() {
        needs.extend(CHARTS);
        // Roles with more rights than one's own.
        needs.push(Need {
            verbs: &[ESCALATE],
            ..cluster_wide(RBAC, "clusterroles")
        });
        return needs;
    }
    needs.extend(OPERATOR);
    if wish.has_plugin() {
        needs.push(cluster_wide(GROUP, "istiocnis"));
    }
    if wish.has(Extra::Ambient) {
        needs.push(cluster_wide(GROUP, "ztunnels"));
    }
    needs
}

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
        if lack.verbs == [ESCALATE] {
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
pub(super) async fn lacking(cluster: &Cluster, wish: &Wish) -> Result<Vec<Lack>, ClusterError> {
    // An administrator needs one question.
    if may(cluster, "*", "*", "*", None).await? {
        return Ok(Vec::new());
    }
    let root = wish.root_namespace.as_str();
    let questions = needs(wish).into_iter().flat_map(|need| {
        let verbs = need.verbs.iter();
        verbs.map(move |verb| (need, *verb))
    });
    let asked = questions.map(|(need, verb)| async move {
        let place = need.namespaced.then_some(root);
        let allowed = may(cluster, need.group, need.plural, verb, place).await?;
        Ok::<_, ClusterError>((need, place, verb, allowed))
    });
    let answers: Vec<_> = futures_util::stream::iter(asked)
        .buffered(AT_ONCE)
        .collect()
        .await;
    let mut lacking: Vec<Lack> = Vec::new();
    for answer in answers {
        let (need, place, verb, allowed) = answer?;
        if allowed {
            continue;
        }
        let resource = if need.group.is_empty() {
            need.plural.to_owned()
        } else {
            format!("{}.{}", need.plural, need.group)
        };
        match lacking
            .last_mut()
            .filter(|last| last.resource == resource && verb != ESCALATE)
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

#[cfg(test)]
mod tests {
    use super::super::Sail;
    use super::*;

    /// Kinds of a group, each with the verbs that are needed.
    fn of(group: &str, wish: &Wish) -> Vec<(&'static str, usize)> {
        let needs = needs(wish).into_iter();
        needs
            .filter(|need| need.group == group)
            .map(|need| (need.plural, need.verbs.len()))
            .collect()
    }

    #[test]
    fn with_the_operator_its_kinds_are_needed_and_not_those_of_charts() {
        let charts = Wish::usual("istio-system".to_owned());
        let sail = Wish {
            sail: Some(Sail {
                plane: "default".to_owned(),
            }),
            ..charts.clone()
        };
        let with = |extra: Extra| Wish {
            with: vec![extra],
            ..sail.clone()
        };
        let plain = [
            ("istios", 5),
            ("istiorevisiontags", 5),
            ("istiorevisions", 2),
        ];
        let cases = [
            (charts.clone(), &[][..]),
            (sail.clone(), &[]),
            (with(Extra::Cni), &[("istiocnis", 5)]),
            (with(Extra::Ambient), &[("istiocnis", 5), ("ztunnels", 5)]),
        ];
        for (wish, besides) in cases {
            let base: &[_] = if wish.sail.is_some() { &plain } else { &[] };
            assert_eq!(of(GROUP, &wish), [base, besides].concat(), "{wish:?}");
        }
        assert_eq!(of(RBAC, &charts).len(), 5);
        assert_eq!(of(RBAC, &sail), []);
        for wish in [&charts, &sail] {
            assert_eq!(of("coordination.k8s.io", wish), [("leases", 5)]);
        }
    }
}
