//! What is not the mesh's: other control planes in the cluster, and what others keep in the root namespace.
//!
//! A namespace goes with everything that is in it, so each kind that the API server knows is looked at, and not only pods: a
//! Deployment at 0 replicas, a volume, a plugged-in CA and a policy would be lost as well.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;

use super::is_going;
use crate::cluster::access::Cluster;
use crate::cluster::discovery::discover;
use crate::cluster::error::ClusterError;
use crate::cluster::inventory::Parent;
use crate::cluster::peek::{annotation, label, list, text};
use crate::mesh::read::{self, DEPLOYMENTS, MUTATING};
use crate::sidecar::injector::REVISION;

/// How many kinds are listed at a time.
const AT_A_TIME: usize = 8;
/// How many objects a sentence names.
const NAMED: usize = 5;
/// What Kubernetes itself writes about the objects of a namespace, and weft's own Lease.
const KEPT_FOR: [&str; 4] = ["Event", "Endpoints", "EndpointSlice", "Lease"];
/// What Kubernetes and `OpenShift` put into each namespace.
const GIVEN: [(&str, &str); 5] = [
    ("ConfigMap", "kube-root-ca.crt"),
    ("ConfigMap", "openshift-service-ca.crt"),
    ("ServiceAccount", "default"),
    ("ServiceAccount", "builder"),
    ("ServiceAccount", "deployer"),
];
/// By which those that run an istiod elect the one that leads.
const LEADER: &str = "control-plane.alpha.kubernetes.io/leader";
/// Of a token or password that Kubernetes made for an account.
const ACCOUNT: &str = "kubernetes.io/service-account.name";

/// The control planes that there are besides: istiods, and injectors of istiods that run elsewhere.
pub(super) async fn planes(cluster: &Cluster) -> Result<Vec<Value>, ClusterError> {
    let (istiods, hooks) = tokio::try_join!(
        read::all(cluster, DEPLOYMENTS, None, "app=istiod"),
        read::all(cluster, MUTATING, None, REVISION),
    )?;
    let all = istiods.into_iter().chain(hooks);
    Ok(all.filter(|object| !is_going(object)).collect())
}

/// What others keep in the root namespace, by kind and name.
pub(super) async fn kept(cluster: &Cluster, parent: &Parent) -> Result<Vec<String>, ClusterError> {
    let kinds = discover(cluster).await?;
    let kinds: Vec<_> = kinds.listable().cloned().collect();
    let namespace = parent.namespace.as_str();
    let listed = stream::iter(kinds).map(|resource| async move {
        match cluster.select(&resource, Some(namespace), "", "").await {
            // Such a kind has no objects: it went meanwhile, or is only written.
            Err(error) if error.is_not_found() || error.is_status(405) => Ok(Vec::new()),
            found => found,
        }
    });
    let all: Vec<_> = listed.buffered(AT_A_TIME).try_collect().await?;
    let theirs = all.iter().flatten().filter(|one| is_theirs(one, parent));
    Ok(theirs.map(name).collect())
}

/// `Secret cacerts`.
pub(super) fn name(object: &Value) -> String {
    format!(
        "{} {}",
        text(object, "/kind"),
        text(object, "/metadata/name")
    )
}

/// Some of them by name, the rest by number.
pub(super) fn named(names: &[String]) -> String {
    let mut some: Vec<_> = names.iter().take(NAMED).cloned().collect();
    let more = names.len().saturating_sub(NAMED);
    if more > 0 {
        some.push(format!("and {more} more"));
    }
    some.join(", ")
}

/// Whether somebody would miss it. What has an owner goes or stays with that one, but for what runs.
fn is_theirs(object: &Value, parent: &Parent) -> bool {
    let (kind, name) = (text(object, "/kind"), text(object, "/metadata/name"));
    let owned = !list(object, "/metadata/ownerReferences").is_empty();
    let ours = kind == "ConfigMap" && name == parent.name
        || label(object, super::away::HISTORY.0) == Some(super::away::HISTORY.1)
        || super::away::is_leftover(kind, name)
        || annotation(object, LEADER).is_some();
    let given = GIVEN.contains(&(kind, name))
        || KEPT_FOR.contains(&kind)
        || kind == "RoleBinding" && name.starts_with("system:")
        || kind == "Secret" && annotation(object, ACCOUNT).is_some();
    !(is_going(object) || ours || given || owned && kind != "Pod")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_somebody_would_miss_keeps_a_namespace() {
        let owner = json!({"ownerReferences": [{"kind": "Deployment", "name": "web"}]});
        let going = json!({"deletionTimestamp": "2026-01-01T00:00:00Z"});
        let leads = json!({"annotations": {"control-plane.alpha.kubernetes.io/leader": "{}"}});
        let history = json!({"labels": {"weft.dev/history": "true"}});
        let token = json!({"annotations": {"kubernetes.io/service-account.name": "default"}});
        let none = json!({});
        let cases = [
            ("Secret", "cacerts", &none, true),
            ("Secret", "istio-ca-secret", &none, false),
            ("Secret", "default-token-x", &token, false),
            ("PersistentVolumeClaim", "data", &none, true),
            ("PersistentVolumeClaim", "data", &going, false),
            ("Deployment", "web", &none, true),
            ("ReplicaSet", "web-1", &owner, false),
            ("ReplicaSet", "alone", &none, true),
            ("Pod", "web-1-a", &owner, true),
            ("Pod", "web-1-a", &going, false),
            ("CronJob", "nightly", &none, true),
            ("PeerAuthentication", "default", &none, true),
            ("ConfigMap", "settings", &none, true),
            ("ConfigMap", "weft-mesh-shop", &none, false),
            ("ConfigMap", "weft-mesh-other", &none, true),
            ("ConfigMap", "weft-history-1", &history, false),
            ("ConfigMap", "istio-ca-root-cert", &none, false),
            ("ConfigMap", "istio-leader-of-something", &leads, false),
            ("ConfigMap", "kube-root-ca.crt", &none, false),
            ("ServiceAccount", "default", &none, false),
            ("ServiceAccount", "web", &none, true),
            ("RoleBinding", "system:deployers", &none, false),
            ("Lease", "weft", &none, false),
            ("Event", "web.1", &none, false),
        ];
        let parent = Parent {
            namespace: "istio-system".to_owned(),
            name: "weft-mesh-shop".to_owned(),
        };
        for (kind, name, metadata, theirs) in cases {
            let mut object = json!({"kind": kind, "metadata": metadata});
            object["metadata"]["name"] = json!(name);
            assert_eq!(is_theirs(&object, &parent), theirs, "{object}");
        }
    }

    #[test]
    fn a_sentence_names_some() {
        let names = |count: usize| -> Vec<String> { (0..count).map(|n| format!("n{n}")).collect() };
        assert_eq!(named(&names(2)), "n0, n1");
        assert_eq!(named(&names(7)), "n0, n1, n2, n3, n4, and 2 more");
    }
}
