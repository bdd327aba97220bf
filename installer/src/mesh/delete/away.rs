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
    ("Secret", "secrets", "istio-ca-secret"),
    ("Secret", "secrets", "istio-ca-root-cert"),
    (
        "ConfigMap",
        "configmaps",
        "istio-validation-controller-election",
    ),
];
/// istiod puts its root certificate, and what it revoked, into every namespace under this label.
const CERTIFICATES: &str = "istio.io/config=true";
const DISTRIBUTED: [&str; 2] = ["istio-ca-root-cert", "istio-ca-crl"];
/// The label of what keeps the history.
pub(super) const HISTORY: (&str, &str) = ("weft.dev/history", "true");

/// Does what the plan says, and what no plan knows.
pub(super) async fn take_away(
    cluster: &Cluster,
    output: &Output,
    mut record: MeshRecord,
    plan: &Plan,
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
    let ours = namespace.filter(|object| {
        label(object, MESH_LABEL) == Some(record.name.as_str())
            && !KEPT.contains(&root)
            && !IGNORED.contains(&root)
    });
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
    clear(cluster, &record, shared).await?;
    output.say(format!("mesh {} is deleted; namespace {root} stays, because {stays}; Istio's custom resource definitions stay", record.name));
    Ok(())
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

/// What would go with the namespace, where that stays. What istiods write there is `shared` with one that goes on.
async fn clear(cluster: &Cluster, record: &MeshRecord, shared: bool) -> Result<(), Failure> {
    let root = record.root_namespace.as_str();
    let left: &[_] = if shared { &[] } else { &LEFTOVERS };
    for &(kind, plural, name) in left {
        let id = ObjectId {
            group: String::new(),
            version: "v1".to_owned(),
            kind: kind.to_owned(),
            namespace: Some(root.to_owned()),
            name: name.to_owned(),
        };
        let resource = Resource::core(kind, plural);
        if let Some(object) = cluster.read(&resource, &id).await? {
            remove(cluster, &resource, &object).await?;
        }
    }
    let maps = Resource::core("ConfigMap", "configmaps");
    let history = format!("{}={}", HISTORY.0, HISTORY.1);
    for object in cluster.select(&maps, Some(root), &history, "").await? {
        remove(cluster, &maps, &object).await?;
    }
    // Last: until here the same command goes on.
    if let Some(object) = cluster.read(&maps, &record.id()).await? {
        remove(cluster, &maps, &object).await?;
    }
    Ok(())
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
