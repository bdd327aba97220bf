//! `weft mesh delete`: takes a mesh away, in order, and only when nothing needs it any more.
//!
//! What goes: everything of the mesh's set (the webhooks before istiod, so that no pod waits for one that is gone), what istiod
//! itself wrote, history and record, and the root namespace if weft made it. What stays: definitions, because deleting one deletes
//! every resource of its kind in the cluster.

mod away;
mod guards;

use std::time::Duration;

use serde_json::Value;

use super::adopt::verbs::forget;
use super::record::lock::while_held;
use super::record::{MeshRecord, Mode, Phase, object_name};
use super::upgrade::facts::Facts;
use super::upgrade::usage::Usage;
use crate::cluster::access::Cluster;
use crate::cluster::engine::{self, EngineError, Manner};
use crate::cluster::error::ClusterError;
use crate::cluster::inventory::Parent;
use crate::cluster::order::is_namespace;
use crate::cluster::peek::text;
use crate::cluster::snapshot;
use crate::cluster::told::Told;
use crate::cluster::wanted::Wanted;
use crate::cluster::watch::Target;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{Output, ProgressChoice};
use away::take_away;
use guards::{Condition, Guard, GuardsReport, guards};

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
        crate::cluster::report::show(output, &plan)?;
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
    let verb = format!("mesh delete {}", record.name);
    let root = record.root_namespace.clone();
    let act = take_away(cluster, output, record, &plan, how);
    while_held(cluster, &root, &verb, act).await?;
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
    let forced = if open
        .iter()
        .all(|guard| guard.condition == Condition::MeshProtected)
    {
        ""
    } else {
        "\n--force deletes it although pods and gateways use it; they then keep running, and are not configured any more"
    };
    let text = format!(
        "mesh {} is not deleted:\n  {}{forced}",
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
