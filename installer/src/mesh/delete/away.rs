//! Takes a mesh away: its set, then what istiod itself wrote, then what weft keeps account in.

use serde_json::Value;

use super::{Deletion, nothing, others, root, see_off};
use crate::cluster::access::Cluster;
use crate::cluster::discovery::Resource;
use crate::cluster::engine;
use crate::cluster::error::ClusterError;
use crate::cluster::object::ObjectId;
use crate::cluster::peek::{label, text};
use crate::cluster::plan::Plan;
use crate::cluster::snapshot;
use crate::cluster::told::Told;
use crate::cluster::watch::Target;
use crate::failure::Failure;
use crate::mesh::record::{MESH_LABEL, MeshRecord, Phase};
use crate::output::Output;
use crate::sidecar::decision::IGNORED;

/// Namespaces that are never deleted, whatever a record says.
const KEPT: [&str; 1] = ["default"];
/// What istiod and weft write into the root namespace besides the set, where that namespace stays.
const LEFTOVERS: [(&str, &str, &str); 9] = [
    ("ConfigMap", "configmaps", "istio-ca-crl"),
    ("ConfigMap", "configmaps", "istio-ip-autoallocate"),
    ("ConfigMap", "configmaps", "istio-leader"),
    ("ConfigMap", "configmaps", "istio-gateway-status-leader"),
    ("ConfigMap", "configmaps", "istio-gateway-deployment-leader"),
    (
        "ConfigMap",
        "configmaps",
        "istio-namespace-controller-election",
    ),
    ("Secret", "secrets", AUTHORITY),
    ("Secret", "secrets", "istio-ca-root-cert"),
    (
        "ConfigMap",
        "configmaps",
        "istio-validation-controller-election",
    ),
];
/// The root certificate authority and its key.
const AUTHORITY: &str = "istio-ca-secret";
/// The elections of istiods that are held by Leases, but for the suffix that names a revision.
const ELECTIONS: [&str; 2] = ["istio-gateway-deployment", "istio-gateway-status-leader"];
/// istiod puts its root certificate, and what it revoked, into every namespace under this label.
const CERTIFICATES: &str = "istio.io/config=true";
const DISTRIBUTED: [&str; 2] = ["istio-ca-root-cert", "istio-ca-crl"];
/// The label of what keeps the history.
pub(super) const HISTORY: (&str, &str) = ("weft.dev/history", "true");

/// What of the leftovers stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keeps {
    /// Nothing.
    Nothing,
    /// The authority: who was overridden goes on with certificates of it.
    Authority,
    /// Everything: another istiod goes on with it.
    All,
}

/// Does what the plan says, and what no plan knows.
pub(super) async fn take_away(
    cluster: &Cluster,
    output: &Output,
    mut record: MeshRecord,
    (plan, in_use): (&Plan, bool),
    how: Deletion,
) -> Result<(), Failure> {
    record.state.phase = Phase::Terminating;
    record.write(cluster, false).await?;
    let told = Told::new(output, how.progress);
    engine::carry_out(cluster, &told, plan, Some(how.timeout))
        .await
        .end?;
    let planes = others::planes(cluster).await?;
    distributed(cluster, output, &planes).await?;
    let namespace = root(cluster, &record).await?;
    let root = record.root_namespace.as_str();
    let ours = namespace.filter(|object| is_ours(object, &record));
    let stays = match ours {
        None => "it is not weft's".to_owned(),
        Some(namespace) => {
            let kept = others::kept(cluster, &nothing(&record).parent).await?;
            if kept.is_empty() {
                let (_, resource) = snapshot::namespace(root);
                remove(cluster, &resource, &namespace).await?;
                see_off(cluster, output, &namespace, how).await?;
                output.say(format!("mesh {} is deleted, and namespace {root} with it; Istio's custom resource definitions stay", record.name));
                return Ok(());
            }
            format!("others have something in it ({})", others::named(&kept))
        }
    };
    let shared = planes
        .iter()
        .any(|plane| text(plane, "/metadata/namespace") == root);
    let keeps = match (shared, in_use) {
        (true, _) => Keeps::All,
        (false, true) => Keeps::Authority,
        (false, false) => Keeps::Nothing,
    };
    let told = Told::new(output, how.progress);
    for gone in clear(cluster, &record, keeps).await? {
        engine::see_off(cluster, &told, gone, how.timeout).await?;
    }
    if keeps == Keeps::Authority {
        output.say(format!(
            "Secret {AUTHORITY} stays in namespace {root}, because what still runs has certificates of it"
        ));
    }
    output.say(format!("mesh {} is deleted; namespace {root} stays, because {stays}; Istio's custom resource definitions stay", record.name));
    Ok(())
}

/// Whether the root namespace may go with its mesh.
pub(super) fn is_ours(namespace: &Value, record: &MeshRecord) -> bool {
    let root = record.root_namespace.as_str();
    label(namespace, MESH_LABEL) == Some(record.name.as_str())
        && !KEPT.contains(&root)
        && !IGNORED.contains(&root)
}

/// What istiod put into every namespace, kube-system too. Those of several istiods have one name, and nothing says whose one is.
async fn distributed(cluster: &Cluster, output: &Output, planes: &[Value]) -> Result<(), Failure> {
    if !planes.is_empty() {
        let names: Vec<_> = planes.iter().map(others::name).collect();
        output.say(format!(
            "the ConfigMaps {} of all namespaces stay, since another control plane writes them too ({})",
            DISTRIBUTED.join(" and "),
            others::named(&names)
        ));
        return Ok(());
    }
    let maps = Resource::core("ConfigMap", "configmaps");
    for object in cluster.select(&maps, None, CERTIFICATES, "").await? {
        if DISTRIBUTED.contains(&text(&object, "/metadata/name")) {
            remove(cluster, &maps, &object).await?;
        }
    }
    Ok(())
}

/// Whether istiod wrote that into the root namespace.
pub(super) fn is_leftover(kind: &str, name: &str) -> bool {
    let left = LEFTOVERS.iter().any(|(a, _, b)| (*a, *b) == (kind, name));
    left || kind == "ConfigMap" && DISTRIBUTED.contains(&name)
}

/// What would go with the namespace, where that stays; what is going is returned, for whoever waits for it.
async fn clear(
    cluster: &Cluster,
    record: &MeshRecord,
    keeps: Keeps,
) -> Result<Vec<(Target, String)>, Failure> {
    let root = record.root_namespace.as_str();
    let mut found = Vec::new();
    for &(kind, plural, name) in LEFTOVERS.iter().filter(|(.., name)| keeps.lets_go(name)) {
        let id = ObjectId {
            group: String::new(),
            version: "v1".to_owned(),
            kind: kind.to_owned(),
            namespace: Some(root.to_owned()),
            name: name.to_owned(),
        };
        let resource = Resource::core(kind, plural);
        let object = cluster.read(&resource, &id).await?;
        found.extend(object.map(|object| (resource, object)));
    }
    if keeps != Keeps::All {
        let leases = leases();
        let all = cluster.select(&leases, Some(root), "", "").await?;
        let left = all
            .into_iter()
            .filter(|one| is_election(text(one, "/metadata/name")));
        found.extend(left.map(|one| (leases.clone(), one)));
    }
    let maps = Resource::core("ConfigMap", "configmaps");
    let history = format!("{}={}", HISTORY.0, HISTORY.1);
    let history = cluster.select(&maps, Some(root), &history, "").await?;
    found.extend(history.into_iter().map(|one| (maps.clone(), one)));
    // Last: until here the same command goes on.
    let own = cluster.read(&maps, &record.id()).await?;
    found.extend(own.map(|one| (maps, one)));
    let mut going = Vec::new();
    for (resource, object) in found {
        remove(cluster, &resource, &object).await?;
        going.extend(target(resource, &object));
    }
    Ok(going)
}

fn target(resource: Resource, object: &Value) -> Option<(Target, String)> {
    let id = named(&resource, object)?;
    let target = Target {
        component: "mesh".to_owned(),
        id,
        resource,
    };
    Some((target, text(object, "/metadata/uid").to_owned()))
}

/// By which istiods elect the one that writes.
fn leases() -> Resource {
    Resource {
        group: "coordination.k8s.io".to_owned(),
        plural: "leases".to_owned(),
        ..Resource::core("Lease", "leases")
    }
}

/// Whether a Lease is one of istiod's, of whatever revision.
fn is_election(name: &str) -> bool {
    ELECTIONS.iter().any(|election| {
        let rest = name.strip_prefix(election);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    })
}

impl Keeps {
    fn lets_go(self, name: &str) -> bool {
        match self {
            Self::Nothing => true,
            Self::Authority => name != AUTHORITY,
            Self::All => false,
        }
    }
}

async fn remove(
    cluster: &Cluster,
    resource: &Resource,
    object: &Value,
) -> Result<(), ClusterError> {
    let uid = object
        .pointer("/metadata/uid")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let Some(mut id) = ObjectId::of(object).or_else(|| named(resource, object)) else {
        return Ok(());
    };
    id.kind.clone_from(&resource.kind);
    match cluster.delete(resource, &id, uid).await {
        Err(error) if error.is_not_found() => Ok(()),
        done => done,
    }
}

/// Items of a list do not say their kind.
fn named(resource: &Resource, object: &Value) -> Option<ObjectId> {
    let text = |at: &str| {
        object
            .pointer(at)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    Some(ObjectId {
        group: resource.group.clone(),
        version: resource.version.clone(),
        kind: resource.kind.clone(),
        namespace: text("/metadata/namespace"),
        name: text("/metadata/name")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elections_are_known_with_and_without_a_revision() {
        let cases = [
            ("istio-gateway-deployment", true),
            ("istio-gateway-deployment-default", true),
            ("istio-gateway-status-leader-1-31-0", true),
            ("istio-gateway-status-leaders", false),
            ("weft-lock", false),
            ("a-controller-of-others", false),
        ];
        for (name, ours) in cases {
            assert_eq!(is_election(name), ours, "{name}");
        }
    }

    #[test]
    fn the_authority_outlives_a_mesh_that_was_in_use() {
        let cases = [
            (Keeps::Nothing, true, true),
            (Keeps::Authority, false, true),
            (Keeps::All, false, false),
        ];
        for (keeps, authority, others) in cases {
            assert_eq!(keeps.lets_go(AUTHORITY), authority, "{keeps:?}");
            assert_eq!(keeps.lets_go("istio-leader"), others, "{keeps:?}");
        }
    }
}
