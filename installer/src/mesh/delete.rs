//! `weft mesh delete`: takes a mesh away, in order, and only when nothing needs it any more.
//!
//! What goes: everything of the mesh's set (the webhooks before istiod, so that no pod waits for one that is gone), what istiod
//! itself wrote, history and record, and the root namespace if weft made it. What stays: definitions, because deleting one deletes
//! every resource of its kind in the cluster; a root namespace in which somebody else has anything; and, where another control
//! plane runs, what both of them write.

mod away;
mod besides;
mod forget;
mod guards;
mod orphans;
mod others;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::record::lock::while_held;
use super::record::{MeshRecord, MeshState, Mode, Phase, object_name};
use super::upgrade::facts::Facts;
use super::upgrade::state::DEFAULT;
use super::upgrade::usage::Usage;
use crate::cluster::access::Cluster;
use crate::cluster::engine::{self, EngineError, Manner};
use crate::cluster::error::ClusterError;
use crate::cluster::inventory::Parent;
use crate::cluster::order::is_namespace;
use crate::cluster::peek::text;
use crate::cluster::plan::Plan;
use crate::cluster::snapshot;
use crate::cluster::told::Told;
use crate::cluster::wanted::Wanted;
use crate::cluster::watch::Target;
use crate::failure::{Exit, Failure, Outcome};
use crate::gateway;
use crate::output::{Output, ProgressChoice};
use away::take_away;
use besides::besides;
pub(crate) use forget::{Forgetting, forget};
use guards::{Condition, Gateways, Guard, GuardsReport, Maker, guards};
use orphans::{Orphan, OrphansReport, orphans};

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
        let asked = Forgetting {
            yes: how.yes,
            dry_run: how.dry_run,
        };
        return forget(cluster, output, &record, asked).await;
    }
    if record.state.phase == Phase::Terminating
        && let Some(namespace) = root(cluster, &record).await?.filter(is_going)
        && has_no_members(cluster, &record).await?
    {
        return leave(cluster, output, &namespace, how).await;
    }
    let (plan, left) = permitted(cluster, output, &record, how).await?;
    let namespace = root(cluster, &record).await?;
    let goes_too = namespace.is_some_and(|object| away::is_ours(&object, &record));
    let besides = besides(&record.root_namespace, goes_too, !left.is_empty());
    if how.dry_run {
        crate::cluster::report::show(output, &plan)?;
        output.say(besides);
        for one in &left {
            output.say(one);
        }
        return Ok(Exit::Ok);
    }
    let question = format!(
        "{besides}\nDelete mesh {} and its {} objects? This cannot be undone.",
        record.name,
        plan.steps.len()
    );
    if !output
        .confirm_by_name(&question, &record.name, how.yes)
        .await?
    {
        return Err(Failure::text(Exit::Failure, "nothing was written"));
    }
    let verb = format!("mesh delete {}", record.name);
    let act = async {
        // Somebody may have begun to use or to protect it while the question stood there.
        let record = MeshRecord::now(cluster, &record.name, &record.root_namespace).await?;
        let (plan, left) = permitted(cluster, output, &record, how).await?;
        if !left.is_empty() {
            output.report(&OrphansReport(&left))?;
        }
        take_away(cluster, output, record, (&plan, !left.is_empty()), how).await
    };
    while_held(cluster, &record.root_namespace, &verb, act).await?;
    Ok(Exit::Ok)
}

/// What would be deleted, if nothing is in the way or that was overridden; and what would be left without a mesh.
async fn permitted(
    cluster: &Cluster,
    output: &Output,
    record: &MeshRecord,
    how: Deletion,
) -> Result<(Plan, Vec<Orphan>), Failure> {
    let (used, gateways) = users(cluster, record).await?;
    let guards = guards(record, &used, &gateways);
    // One that has begun was permitted, and its webhooks are gone: nothing is kept any more by stopping half way.
    if record.state.phase != Phase::Terminating {
        refuse(output, record, &guards, how.force)?;
    }
    let manner = Manner {
        force: false,
        prune: true,
        rehearse: false,
    };
    let plan = engine::plan(cluster, &nothing(record), manner).await?;
    Ok((plan, orphans(record, &used, &gateways)))
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
    let mut left = members.iter().filter(|(_, readiness)| readiness.is_some());
    Ok(left.all(|(target, _)| is_namespace(&target.id)))
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

/// Who uses it, and its gateways: those that weft recorded, and those that its control planes serve.
async fn users(cluster: &Cluster, record: &MeshRecord) -> Result<(Vec<Usage>, Gateways), Failure> {
    let facts = Facts::read(cluster, &record.root_namespace).await?;
    let names = revisions(&record.state);
    let used: Vec<_> = names.iter().map(|name| facts.usage(name)).collect();
    let served = used.iter().flat_map(|usage| &usage.gateways);
    let served = served.filter_map(|name| {
        let (namespace, name) = name.split_once('/')?;
        Some(((namespace.to_owned(), name.to_owned()), Maker::Else))
    });
    // What weft recorded wins.
    let gateways = served.chain(recorded(cluster, record).await?).collect();
    Ok((used, gateways))
}

/// The gateways that weft recorded as the mesh's, or may have.
async fn recorded(cluster: &Cluster, record: &MeshRecord) -> Result<Gateways, Failure> {
    let recorded = gateway::record::all(cluster, None).await?;
    let root = &record.root_namespace;
    let ours = recorded.good.iter();
    let ours = ours.filter(|one| one.state.root_namespace == *root);
    let ours = ours.map(|one| {
        let key = (one.namespace.clone(), one.name().to_owned());
        (key, Maker::Weft)
    });
    let broken = recorded.broken.iter();
    let broken = broken.filter(|one| one.may_be_of(root, Some(&record.name)));
    let broken = broken.map(|one| {
        let key = (one.namespace.clone(), one.gateway.clone());
        (key, Maker::Broken(one.to_string()))
    });
    Ok(ours.chain(broken).collect())
}

/// The revisions of a mesh: one in peace, two while it is upgraded.
fn revisions(state: &MeshState) -> BTreeSet<&str> {
    let upgrade = state.upgrade.as_deref();
    let both = upgrade.map(|upgrade| [upgrade.old(), upgrade.new_one()]);
    let own = state.revision.as_deref().unwrap_or(DEFAULT);
    both.into_iter().flatten().chain([own]).collect()
}

/// What protects a mesh is not overridden, only lifted.
fn refuse(
    output: &Output,
    record: &MeshRecord,
    guards: &[Guard],
    force: bool,
) -> Result<(), Failure> {
    let holds =
        |guard: &&Guard| !guard.met && (!force || guard.condition == Condition::MeshProtected);
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
    let end = match record.state.mode {
        Mode::External => "forgotten",
        Mode::Dedicated | Mode::Hosted => "deleted",
    };
    let text = format!(
        "mesh {} is not {end}:\n  {}{forced}",
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

#[cfg(test)]
mod tests {
    use super::super::upgrade::steps::tests::upgrade;
    use super::*;

    #[test]
    fn a_mesh_counts_its_own_revisions_only() {
        let state = |text: &str| -> MeshState { serde_json::from_str(text).unwrap() };
        let named = r#"{"mode": "DEDICATED", "phase": "SUCCEEDED", "revision": "stable"}"#;
        let unnamed = r#"{"mode": "DEDICATED", "phase": "SUCCEEDED"}"#;
        let mut upgraded = state(named);
        upgraded.upgrade = Some(Box::new(upgrade("{version: 1.30.0, revision: stable}")));
        let mut promoted = state(unnamed);
        promoted.revision = Some("1-31-0".to_owned());
        promoted.upgrade = Some(Box::new(upgrade("{version: 1.30.0}")));
        let cases = [
            (state(named), vec!["stable"]),
            (state(unnamed), vec!["default"]),
            (upgraded, vec!["1-31-0", "stable"]),
            (promoted, vec!["1-31-0", "default"]),
        ];
        for (state, wanted) in cases {
            let found: Vec<_> = revisions(&state).into_iter().collect();
            assert_eq!(found, wanted);
        }
    }
}
