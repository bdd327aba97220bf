//! Makes a cluster be as it is wanted: objects in, a plan as a value, then what the plan says, stage by stage.
//!
//! It knows nothing of what the objects are for but how Kubernetes says that they are ready.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::access::Cluster;
use super::apply::{Deed, Execution};
use super::discovery::{Kinds, Resource, discover};
use super::error::{ClusterError, list};
use super::event::Sink;
use super::inventory::Parent;
use super::object::{GroupKind, ObjectId};
use super::order::rank;
use super::ownership::OwnedField;
use super::peek::label;
use super::plan::{Basis, Plan};
use super::readiness::Readiness;
use super::rehearse::rehearse;
use super::snapshot::{self, Hidden, Trouble};
use super::wanted::{COMPONENT, Mistake, Wanted};
use super::watch::{Target, Unready, Waited, Watch, states};
use crate::failure::{Exit, Failure};

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

/// Why a cluster is not as wanted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EngineError {
    /// A request did not work.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// What is wanted cannot be.
    #[error("nothing was written:\n  {}", lines(.0))]
    Mistakes(Vec<Mistake>),
    /// Others own what would change.
    #[error("nothing was written: {}", contested(.0))]
    Conflicts(Vec<(ObjectId, Vec<OwnedField>)>),
    /// Something will not get ready.
    #[error("it does not work:\n{}what was written stays; correct it and run the same command again", unready(.0))]
    Failed(Vec<Unready>),
    /// Something was not ready in time.
    #[error(
        "not ready within {seconds} s:\n{}what was written stays; the same command goes on from there",
        unready(waiting)
    )]
    Late {
        /// How long we waited.
        seconds: u64,
        /// For what.
        waiting: Vec<Unready>,
    },
}

impl EngineError {
    /// How it exits.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Cluster(error) => error.exit(),
            Self::Mistakes(mistakes) => match mistakes.first() {
                Some(first) if mistakes.iter().all(|mistake| mistake.exit == first.exit) => {
                    first.exit
                }
                _ => Exit::Failure,
            },
            Self::Conflicts(_) | Self::Failed(_) => Exit::Failure,
            Self::Late { .. } => Exit::Timeout,
        }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Self::new(error.exit(), error)
    }
}

impl From<Trouble> for EngineError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Cluster(error) => Self::Cluster(error),
            Trouble::Parent(mistake) => Self::Mistakes(vec![mistake]),
        }
    }
}

fn lines(mistakes: &[Mistake]) -> String {
    let lines: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
    lines.join("\n  ")
}

/// Fields have owners; where no field has, the object as it is stands against the one that is wanted.
fn contested(objects: &[(ObjectId, Vec<OwnedField>)]) -> String {
    let (owned, whole): (Vec<_>, Vec<_>) =
        objects.iter().partition(|(_, fields)| !fields.is_empty());
    let mut parts: Vec<_> = whole
        .iter()
        .map(|(id, _)| {
            format!("{id} was changed so that what is wanted cannot be beside it: delete it, and run the same command again")
        })
        .collect();
    if !owned.is_empty() {
        let owned: Vec<_> = owned
            .iter()
            .map(|(id, fields)| format!("{id}\n{}", list(fields)))
            .collect();
        parts.push(format!(
            "somebody else owns fields that this would change:\n{}\nlet them give the fields up, ask for the same values, or take them over with --force-conflicts",
            owned.join("\n")
        ));
    }
    parts.join("\n")
}

fn unready(objects: &[Unready]) -> String {
    let line = |object: &Unready| match &object.cause {
        Some(cause) if cause.object == object.id.to_string() => format!("  {cause}\n"),
        Some(cause) => format!("  {}: {cause}\n", object.id),
        None => format!("  {}: {}\n", object.id, object.waits_for),
    };
    objects.iter().map(line).collect()
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
    let now = Instant::now();
    let watch = Watch {
        cluster,
        sink,
        deadline: now.checked_add(patience).unwrap_or(now),
    };
    let execution = Execution {
        watch,
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
    let now = Instant::now();
    let watch = Watch {
        cluster,
        sink,
        deadline: now.checked_add(timeout).unwrap_or(now),
    };
    match watch.until_gone(vec![object]).await? {
        Waited::Ready => Ok(()),
        Waited::Failed(waiting) | Waited::TimedOut(waiting) => Err(EngineError::Late {
            seconds: timeout.as_secs(),
            waiting,
        }),
    }
}
