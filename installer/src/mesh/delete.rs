//! `weft mesh delete`: takes a mesh away, in order, and only when nothing needs it any more.
//!
//! What goes: everything of the mesh's set (the webhooks before istiod, so that no pod waits for one that is gone), what istiod
//! itself wrote, history and record, and the root namespace if weft made it. What stays: definitions, because deleting one deletes
//! every resource of its kind in the cluster.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::adopt::verbs::forget;
use super::record::{MESH_LABEL, MeshRecord, Mode, Phase, lock, object_name};
use super::upgrade::facts::Facts;
use super::upgrade::usage::Usage;
use crate::cluster::access::Cluster;
use crate::cluster::discovery::Resource;
use crate::cluster::engine::{self, EngineError, Manner};
use crate::cluster::error::ClusterError;
use crate::cluster::inventory::Parent;
use crate::cluster::object::ObjectId;
use crate::cluster::order::is_namespace;
use crate::cluster::peek::{label, text};
use crate::cluster::snapshot;
use crate::cluster::told::Told;
use crate::cluster::wanted::Wanted;
use crate::cluster::watch::Target;
use crate::failure::{Exit, Failure, Outcome};
use crate::history::who;
use crate::output::{Cell, Output, ProgressChoice, Report, Style, Table};
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

/// A condition on deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Condition {
    /// It is protected.
    MeshProtected,
    /// Pods have sidecars of it.
    IstioSidecars,
    /// Gateways of it run.
    IstioGateways,
}

/// A condition and whether it is met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Guard {
    /// Which.
    #[serde(rename = "type")]
    pub(crate) condition: Condition,
    /// Whether it lets the mesh go.
    pub(crate) met: bool,
    /// How many are in the way.
    pub(crate) remaining_resources_count: usize,
    /// What to do.
    pub(crate) message: String,
}

/// Every condition on deleting a mesh. System namespaces do not count.
pub(crate) fn guards(record: &MeshRecord, used: &[Usage]) -> Vec<Guard> {
    let name = &record.name;
    let counts =
        |namespace: &str| namespace != record.root_namespace && !IGNORED.contains(&namespace);
    let pods = used
        .iter()
        .flat_map(|usage| &usage.pods)
        .filter(|(namespace, _)| counts(namespace));
    let places: Vec<_> = pods
        .clone()
        .map(|(namespace, count)| format!("{count} in {namespace}"))
        .collect();
    let gateways: Vec<_> = used
        .iter()
        .flat_map(|usage| &usage.gateways)
        .cloned()
        .collect();
    let sidecars = pods.map(|(_, count)| *count).sum();
    vec![
        Guard {
            condition: Condition::MeshProtected,
            met: !record.state.protected,
            remaining_resources_count: usize::from(record.state.protected),
            message: if record.state.protected {
                format!("mesh {name} is protected: `weft mesh protect {name} --off` lets it go")
            } else {
                "it is not protected".to_owned()
            },
        },
        Guard {
            condition: Condition::IstioSidecars,
            met: sidecars == 0,
            remaining_resources_count: sidecars,
            message: if sidecars == 0 {
                "no pod has a sidecar of it".to_owned()
            } else {
                format!(
                    "pods have sidecars of it ({}): `weft sidecar disable NAMESPACE --restart` takes them away",
                    places.join(", ")
                )
            },
        },
        Guard {
            condition: Condition::IstioGateways,
            met: gateways.is_empty(),
            remaining_resources_count: gateways.len(),
            message: if gateways.is_empty() {
                "no gateway of it runs".to_owned()
            } else {
                format!(
                    "gateways of it run ({}): `weft gateway delete NAME` takes them away",
                    gateways.join(", ")
                )
            },
        },
    ]
}

/// What is in the way.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct GuardsReport(pub(crate) Vec<Guard>);

impl Report for GuardsReport {
    fn table(&self) -> Table {
        let mut table = Table::new(&["CONDITION", "MET", "REMAINING", "WHAT"]);
        for guard in &self.0 {
            let word = match guard.condition {
                Condition::MeshProtected => "MESH_PROTECTED",
                Condition::IstioSidecars => "ISTIO_SIDECARS",
                Condition::IstioGateways => "ISTIO_GATEWAYS",
            };
            let met = if guard.met {
                Cell::styled(Style::Good, "yes")
            } else {
                Cell::styled(Style::Bad, "no")
            };
            table.row([
                word.into(),
                met,
                guard.remaining_resources_count.to_string().into(),
                guard.message.clone().into(),
            ]);
        }
        table
    }

    fn names(&self) -> Vec<String> {
        let open = self.0.iter().filter(|guard| !guard.met);
        open.map(|guard| format!("{:?}", guard.condition)).collect()
    }
}

/// How to delete.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deletion {
    /// Although pods and gateways use it.
    pub(crate) force: bool,
    /// Without a question.
    pub(crate) yes: bool,
    /// Only say what would be deleted.
    pub(crate) dry_run: bool,
    /// How long to wait.
    pub(crate) timeout: Duration,
    /// How to tell what happens.
    pub(crate) progress: ProgressChoice,
}

/// Deletes a mesh, or forgets one that somebody else runs.
pub(crate) async fn delete(
    cluster: &Cluster,
    output: &Output,
    record: MeshRecord,
    how: Deletion,
) -> Outcome {
    if record.state.mode == Mode::External {
        let question = format!("Forget mesh {}? Nothing of it is touched.", record.name);
        if how.dry_run || !output.confirm(&question, how.yes).await? {
            output.say("nothing was written");
            return Ok(Exit::Ok);
        }
        forget(cluster, &record).await?;
        output.say(format!(
            "mesh {} is forgotten; it runs as before",
            record.name
        ));
        return Ok(Exit::Ok);
    }
    if record.state.phase == Phase::Terminating
        && let Some(namespace) = root(cluster, &record).await?.filter(is_going)
        && has_no_members(cluster, &record).await?
    {
        return leave(cluster, output, &namespace, how).await;
    }
    let guards = guards(&record, &usages(cluster, &record).await?);
    refuse(output, &record, &guards, how)?;
    let wanted = nothing(&record);
    let manner = Manner {
        force: false,
        prune: true,
        rehearse: false,
    };
    let plan = engine::plan(cluster, &wanted, manner).await?;
    if how.dry_run {
        output.report(&crate::cluster::report::PlanReport(&plan))?;
        return Ok(Exit::Ok);
    }
    let question = format!(
        "Delete mesh {} and its {} objects? This cannot be undone.",
        record.name,
        plan.steps.len()
    );
    if !output.confirm(&question, how.yes).await? {
        return Err(Failure::text(Exit::Failure, "nothing was written"));
    }
    let who = who(cluster).await?;
    let root = record.root_namespace.clone();
    let held = lock::hold(
        cluster,
        &root,
        &who,
        &format!("mesh delete {}", record.name),
    )
    .await?;
    let done = take_away(cluster, output, record, &plan, how).await;
    let released = held.release().await;
    done?;
    // The Lease went with its namespace, if that went.
    if let Err(error) = released
        && !error.is_not_found()
    {
        return Err(error.into());
    }
    Ok(Exit::Ok)
}

async fn root(cluster: &Cluster, record: &MeshRecord) -> Result<Option<Value>, ClusterError> {
    let (id, resource) = snapshot::namespace(&record.root_namespace);
    cluster.read(&resource, &id).await
}

fn is_going(object: &Value) -> bool {
    object.pointer("/metadata/deletionTimestamp").is_some()
}

/// Whether all of the set is gone, but for the namespace that it is in.
async fn has_no_members(cluster: &Cluster, record: &MeshRecord) -> Result<bool, EngineError> {
    let members = engine::assess(cluster, &nothing(record).parent).await?;
    let mut ids = members.iter().map(|(target, _)| &target.id);
    Ok(ids.all(is_namespace))
}

/// A deletion that was stopped at its last step: the rest is gone, the record goes with the namespace.
async fn leave(cluster: &Cluster, output: &Output, namespace: &Value, how: Deletion) -> Outcome {
    let name = text(namespace, "/metadata/name");
    output.say(format!(
        "all of it is gone but namespace {name}, which is being deleted"
    ));
    if !how.dry_run {
        see_off(cluster, output, namespace, how).await?;
    }
    Ok(Exit::Ok)
}

/// Waits until the root namespace is gone: until then no mesh can be created in it anew.
async fn see_off(
    cluster: &Cluster,
    output: &Output,
    namespace: &Value,
    how: Deletion,
) -> Result<(), EngineError> {
    let (id, resource) = snapshot::namespace(text(namespace, "/metadata/name"));
    let component = "namespace".to_owned();
    let target = Target {
        component,
        id,
        resource,
    };
    let uid = text(namespace, "/metadata/uid").to_owned();
    let told = Told::new(output, how.progress);
    engine::see_off(cluster, &told, (target, uid), how.timeout).await
}

async fn usages(cluster: &Cluster, record: &MeshRecord) -> Result<Vec<Usage>, Failure> {
    let facts = Facts::read(cluster, &record.root_namespace).await?;
    let state = &record.state;
    let mut revisions = vec![state.revision.clone(), state.previous_revision.clone()];
    revisions.extend(
        state
            .upgrade
            .as_ref()
            .map(|upgrade| Some(upgrade.new_one().to_owned())),
    );
    let mut names: Vec<String> = revisions
        .into_iter()
        .map(|name| name.unwrap_or_else(|| "default".to_owned()))
        .collect();
    names.sort();
    names.dedup();
    Ok(names.iter().map(|name| facts.usage(name)).collect())
}

/// What protects a mesh is not overridden, only lifted.
fn refuse(
    output: &Output,
    record: &MeshRecord,
    guards: &[Guard],
    how: Deletion,
) -> Result<(), Failure> {
    let holds =
        |guard: &&Guard| !guard.met && (!how.force || guard.condition == Condition::MeshProtected);
    let open: Vec<_> = guards.iter().filter(holds).collect();
    if open.is_empty() {
        return Ok(());
    }
    output.report(&GuardsReport(guards.to_vec()))?;
    let lines: Vec<_> = open.iter().map(|guard| guard.message.clone()).collect();
    let force = if how.force {
        ""
    } else {
        "\n--force deletes it although pods and gateways use it; they then keep running, and are not configured any more"
    };
    let text = format!(
        "mesh {} is not deleted:\n  {}{force}",
        record.name,
        lines.join("\n  ")
    );
    Err(Failure::text(Exit::Failure, text))
}

fn nothing(record: &MeshRecord) -> Wanted {
    Wanted {
        parent: Parent {
            namespace: record.root_namespace.clone(),
            name: object_name(&record.name),
        },
        mesh: Some(record.name.clone()),
        namespace: record.root_namespace.clone(),
        stages: Vec::new(),
    }
}

async fn take_away(
    cluster: &Cluster,
    output: &Output,
    mut record: MeshRecord,
    plan: &crate::cluster::plan::Plan,
    how: Deletion,
) -> Result<(), Failure> {
    record.state.phase = Phase::Terminating;
    record.write(cluster, false).await?;
    let told = Told::new(output, how.progress);
    engine::carry_out(cluster, &told, plan, Some(how.timeout)).await?;
    // What istiod put into every namespace.
    let maps = core("ConfigMap", "configmaps");
    for object in cluster.select(&maps, None, CERTIFICATES, "").await? {
        if DISTRIBUTED.contains(&text(&object, "/metadata/name")) {
            remove(cluster, &maps, &object).await?;
        }
    }
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

/// Whether nothing runs there.
async fn is_empty(cluster: &Cluster, namespace: &str) -> Result<bool, ClusterError> {
    let pods = cluster
        .select(&core("Pod", "pods"), Some(namespace), "", "")
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
        let resource = core(kind, plural);
        if let Some(object) = cluster.read(&resource, &id).await? {
            remove(cluster, &resource, &object).await?;
        }
    }
    let maps = core("ConfigMap", "configmaps");
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

fn core(kind: &str, plural: &str) -> Resource {
    Resource {
        group: String::new(),
        version: "v1".to_owned(),
        kind: kind.to_owned(),
        plural: plural.to_owned(),
        namespaced: true,
        served: true,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn record(protected: bool) -> MeshRecord {
        let state =
            format!(r#"{{"mode": "DEDICATED", "phase": "SUCCEEDED", "protected": {protected}}}"#);
        MeshRecord {
            name: "shop".to_owned(),
            root_namespace: "istio-system".to_owned(),
            spec: None,
            state: serde_json::from_str(&state).unwrap(),
            resource_version: None,
        }
    }

    #[test]
    fn each_condition_counts_what_remains() {
        let used = Usage {
            pods: BTreeMap::from([
                ("shop".to_owned(), 3),
                ("istio-system".to_owned(), 1),
                ("kube-system".to_owned(), 2),
            ]),
            gateways: BTreeSet::from(["edge/public".to_owned()]),
            ..Usage::default()
        };
        let counted = |record: &MeshRecord, used: &[Usage]| {
            let guards = guards(record, used);
            guards
                .iter()
                .map(|guard| (guard.met, guard.remaining_resources_count))
                .collect::<Vec<_>>()
        };

        assert_eq!(
            counted(&record(false), &[]),
            [(true, 0), (true, 0), (true, 0)]
        );
        assert_eq!(
            counted(&record(true), &[used.clone()]),
            [(false, 1), (false, 3), (false, 1)]
        );
        assert_eq!(
            counted(&record(false), &[used.clone(), used]),
            [(true, 0), (false, 6), (false, 2)]
        );
    }
}
