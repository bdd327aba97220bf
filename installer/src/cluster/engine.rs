//! Makes a cluster be as it is wanted: objects in, a plan as a value, then what the plan says, stage by stage.
//!
//! It knows nothing of what the objects are for but how Kubernetes says that they are ready.

mod error;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use super::access::Cluster;
use super::apply::{Deed, Execution};
use super::discovery::{Kinds, Resource, discover};
use super::event::Sink;
use super::inventory::Parent;
use super::object::{GroupKind, ObjectId};
use super::order::rank;
use super::peek::label;
use super::plan::{Basis, Plan};
use super::readiness::Readiness;
use super::rehearse::rehearse;
use super::snapshot::{self, Hidden};
use super::wanted::{COMPONENT, Wanted};
use super::watch::{Target, Waited, Watch, states};
pub(crate) use error::EngineError;

/// How long a server may be away, and a definition take, when nobody waits for more.
const SHORT: Duration = Duration::from_mins(1);

/// How to plan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// Take over fields that others own.
    pub(crate) force: bool,
    /// Remove members that are not wanted.
    pub(crate) prune: bool,
    /// Ask the server what would come of it, and not only what is there.
    pub(crate) rehearse: bool,
}

/// What would have to be done. Nothing is written.
pub(crate) async fn plan(
    cluster: &Cluster,
    wanted: &Wanted,
    manner: Manner,
) -> Result<Plan, EngineError> {
    let kinds = discover(cluster).await?;
    let items = wanted.items(&kinds).map_err(EngineError::Mistakes)?;
    let snapshot = snapshot::read(cluster, &kinds, &wanted.parent, &items).await?;
    let rehearsals = if manner.rehearse {
        rehearse(cluster, &items, &snapshot, manner.force).await?
    } else {
        BTreeMap::new()
    };
    let basis = Basis {
        parent: &wanted.parent,
        items: &items,
        snapshot: &snapshot,
        rehearsals: &rehearsals,
        prune: manner.prune,
        adopt: manner.force,
    };
    basis.plan().map_err(EngineError::Mistakes)
}

/// How far each member of a set is, in the order of writing; nothing for one that has to be there and is not.
pub(crate) async fn assess(
    cluster: &Cluster,
    parent: &Parent,
) -> Result<Vec<(Target, Option<Readiness>)>, EngineError> {
    let (seen, hidden) = Box::pin(glance(cluster, parent)).await?;
    match hidden.into_iter().next() {
        Some(one) => Err(one.error.into()),
        None => Ok(seen),
    }
}

/// The same of what may be read, with the kinds that may not be.
pub(crate) async fn glance(
    cluster: &Cluster,
    parent: &Parent,
) -> Result<(Vec<(Target, Option<Readiness>)>, Vec<Hidden>), EngineError> {
    let kinds = discover(cluster).await?;
    let (snapshot, hidden) = Box::pin(snapshot::readable(cluster, &kinds, parent, &[])).await?;
    let inventory = snapshot.inventory.unwrap_or_default();
    let expected: Vec<_> = inventory
        .members()
        .map(|(kind, namespace, name)| expected(&kinds, &kind, namespace, name))
        .filter(|member| !snapshot.objects.contains_key(&member.id))
        .filter(|member| !hidden.iter().any(|one| one.covers(&member.id)))
        .collect();
    let mut members: Vec<_> = snapshot
        .objects
        .into_iter()
        .filter(|(_, found)| !found.is_made())
        .map(|(id, found)| Target {
            component: label(&found.object, COMPONENT)
                .unwrap_or_default()
                .to_owned(),
            id,
            resource: found.resource,
        })
        .chain(expected)
        .collect();
    members.sort_by_key(|member| rank(&member.id));
    // What is not served any more has no objects, and cannot be asked for.
    let (members, unserved): (Vec<_>, Vec<_>) = members
        .into_iter()
        .partition(|member| member.resource.served);
    let mut seen = states(cluster, members).await?;
    seen.extend(unserved.into_iter().map(|member| (member, None)));
    Ok((seen, hidden))
}

/// A member by what the parent says of it. Its component is known by its label only, which is gone with it.
fn expected(kinds: &Kinds, kind: &GroupKind, namespace: Option<&str>, name: &str) -> Target {
    let resource = kinds.preferred(kind).cloned().unwrap_or_else(|| Resource {
        group: kind.group.clone(),
        version: String::new(),
        kind: kind.kind.clone(),
        plural: String::new(),
        namespaced: namespace.is_some(),
        served: false,
    });
    Target {
        component: String::new(),
        id: ObjectId {
            group: kind.group.clone(),
            version: resource.version.clone(),
            kind: kind.kind.clone(),
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        },
        resource,
    }
}

/// What came of a plan.
#[derive(Debug)]
#[must_use]
pub(crate) struct Carried {
    /// What was written, in order, also when not all of it could be.
    pub(crate) deeds: Vec<Deed>,
    /// Whether all of it was, and is ready where somebody waited for it.
    pub(crate) end: Result<(), EngineError>,
}

/// Does what a plan says, and waits until all that is wanted is ready, so long as `timeout` says; nothing means that nobody
/// waits for it.
pub(crate) async fn carry_out(
    cluster: &Cluster,
    sink: &dyn Sink,
    plan: &Plan,
    timeout: Option<Duration>,
) -> Carried {
    let conflicts = plan.conflicts();
    if !conflicts.is_empty() {
        return Carried {
            deeds: Vec::new(),
            end: Err(EngineError::Conflicts(conflicts)),
        };
    }
    let patience = timeout.unwrap_or(SHORT);
    let execution = Execution {
        watch: Watch::within(cluster, sink, patience),
        waits: timeout.is_some(),
        patience,
        deeds: RefCell::default(),
    };
    let end = execution.run(plan).await;
    Carried {
        deeds: execution.deeds.into_inner(),
        end,
    }
}

/// Waits until an object that is being deleted is gone.
pub(crate) async fn see_off(
    cluster: &Cluster,
    sink: &dyn Sink,
    object: (Target, String),
    timeout: Duration,
) -> Result<(), EngineError> {
    let watch = Watch::within(cluster, sink, timeout);
    match watch.until_gone(vec![object]).await? {
        Waited::Ready => Ok(()),
        Waited::Failed(waiting) | Waited::TimedOut(waiting) => Err(EngineError::Late {
            seconds: timeout.as_secs(),
            waiting,
        }),
    }
}
