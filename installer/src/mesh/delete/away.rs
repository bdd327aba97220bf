//! Takes a mesh away: its set, then what istiod itself wrote, then what weft keeps account in.

use serde_json::Value;

use super::{Deletion, is_going, root, see_off};
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
use crate::mesh::record::{self, MESH_LABEL, MeshRecord, Phase};
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
    clear_everywhere(cluster, output, &record).await?;
    let namespace = root(cluster, &record).await?;
    let root = record.root_namespace.as_str();
    let ours = namespace.filter(|object| {
        label(object, MESH_LABEL) == Some(record.name.as_str())
            && !KEPT.contains(&root)
            && !IGNORED.contains(&root)
    });
    match ours {
        Some(namespace) if is_empty(cluster, root).await? => {
            let (_, resource) = snapshot::namespace(root);
            remove(cluster, &resource, &namespace).await?;
            see_off(cluster, output, &namespace, how).await?;
            output.say(format!("mesh {} is deleted, and namespace {root} with it; Istio's custom resource definitions stay", record.name));
        }
        _ => {
            clear(cluster, &record).await?;
            output.say(format!("mesh {} is deleted; namespace {root} stays, because it is not weft's or something else runs in it; Istio's custom resource definitions stay", record.name));
        }
    }
    Ok(())
}

/// Takes away what istiod put into every namespace, unless that of another mesh did it too.
async fn clear_everywhere(
    cluster: &Cluster,
    output: &Output,
    record: &MeshRecord,
) -> Result<(), Failure> {
    let others = others(cluster, record).await?;
    if !others.is_empty() {
        output.say(format!(
            "{} stay in the namespaces of pods, since there is another mesh: {}; `weft mesh apply` of it takes over what only one mesh of a cluster can have",
            DISTRIBUTED.join(" and "),
            others.join(", ")
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

/// The other meshes that are recorded.
async fn others(cluster: &Cluster, record: &MeshRecord) -> Result<Vec<String>, Failure> {
    let all = record::each(cluster).await?;
    let all = all.into_iter().map(|one| match one {
        Ok(one) => one.name,
        Err(broken) => broken.to_string(),
    });
    Ok(all.filter(|name| *name != record.name).collect())
}

/// Whether nothing runs there.
async fn is_empty(cluster: &Cluster, namespace: &str) -> Result<bool, ClusterError> {
    let pods = cluster
        .select(&Resource::core("Pod", "pods"), Some(namespace), "", "")
        .await?;
    Ok(pods.iter().all(is_going))
}

/// What would go with the namespace, where that stays.
async fn clear(cluster: &Cluster, record: &MeshRecord) -> Result<(), Failure> {
    let root = record.root_namespace.as_str();
    for (kind, plural, name) in LEFTOVERS {
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
    for object in cluster
        .select(&maps, Some(root), "weft.dev/history=true", "")
        .await?
    {
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
