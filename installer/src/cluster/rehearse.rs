//! Asks the API server what would come of an apply, without doing it.
//!
//! The server alone knows its defaults, its merge keys, how it normalises quantities and what its webhooks change, so its
//! answer is the truth that a plan is made of. Where it cannot answer yet (the namespace or the definition is not there,
//! a webhook's server does not run), the plan says less, and nothing wrong.

use std::collections::BTreeMap;

use futures_util::{StreamExt, TryStreamExt};
use serde_json::Value;

use super::access::Cluster;
use super::cause;
use super::error::ClusterError;
use super::left::{is_account, is_orphan};
use super::object::ObjectId;
use super::ownership::{MANAGER, OwnedField, ours};
use super::peek::text;
use super::request::Write;
use super::snapshot::{AT_ONCE, Snapshot};
use super::wanted::{Item, Mistake, defined};
use super::yielding;
use crate::failure::Exit;

/// What would come of applying an object.
#[derive(Clone, Debug)]
pub(crate) struct Rehearsal {
    /// What would be sent: what is wanted without the fields that are left to others.
    pub(crate) object: Value,
    /// Whether it takes over fields of others.
    pub(crate) force: bool,
    /// The object as it was when the server answered, where that is not as it was read before.
    pub(crate) newer: Option<Value>,
    /// What the server says.
    pub(crate) outcome: Outcome,
}

/// What the server says about an apply.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// It would be this, after taking over these fields.
    Would(Value, Vec<OwnedField>),
    /// Others own these fields.
    Conflict(Vec<OwnedField>),
    /// It cannot say, for this reason.
    Blind(String),
    /// It would not take it.
    Refused(Mistake),
}

/// Asks about everything that is wanted, in the order of the items.
pub(crate) async fn rehearse(
    cluster: &Cluster,
    items: &[Item],
    snapshot: &Snapshot,
    force: bool,
) -> Result<BTreeMap<ObjectId, Rehearsal>, ClusterError> {
    let defined = defined(items);
    let defined = &defined;
    let asked = items.iter().map(|item| async move {
        let rehearsal = if let Some(why) = obstacle(item, snapshot) {
            blind(item, why)
        } else {
            let brought = defined.contains(&(item.id.group.clone(), item.id.kind.clone()));
            let found = snapshot.objects.get(&item.id).map(|found| &found.object);
            let mut rehearsal = one(cluster, item, found, force, brought).await?;
            rehearsal.newer = newer(cluster, item, found, &rehearsal.outcome).await?;
            rehearsal
        };
        Ok::<_, ClusterError>((item.id.clone(), rehearsal))
    });
    futures_util::stream::iter(asked)
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}

/// Why the server cannot know yet.
fn obstacle(item: &Item, snapshot: &Snapshot) -> Option<&'static str> {
    let namespace = item.id.namespace.as_ref();
    if !item.resource.served {
        return Some("its definition comes first");
    }
    if namespace.is_some_and(|name| !snapshot.namespaces.contains(name)) {
        return Some("its namespace comes first");
    }
    let found = snapshot.objects.get(&item.id);
    found
        .is_some_and(|found| snapshot.is_going(&item.id, found))
        .then_some("the one that is there is being deleted")
}

fn blind(item: &Item, why: impl Into<String>) -> Rehearsal {
    Rehearsal {
        object: item.object.clone(),
        force: false,
        newer: None,
        outcome: Outcome::Blind(why.into()),
    }
}

/// First without force: only what others own is taken over, and nothing of what is left to them. What Helm has left behind takes no
/// force.
async fn one(
    cluster: &Cluster,
    item: &Item,
    found: Option<&Value>,
    force: bool,
    brought: bool,
) -> Result<Rehearsal, ClusterError> {
    let mut object = item.object.clone();
    let mut answer = ask(cluster, item, &object, false).await;
    let (mut taken, mut forced) = (Vec::new(), false);
    if let Err(ClusterError::Conflict { fields, .. }) = &answer
        && let Some(less) = yielding::without(&item.id, &object, fields)
    {
        object = less;
        answer = ask(cluster, item, &object, false).await;
    }
    let force = match (&answer, found) {
        (Err(ClusterError::Conflict { fields, .. }), Some(found)) if !force => {
            is_account(&item.id, fields, ours(found).is_some()) && is_orphan(cluster, found).await
        }
        _ => force,
    };
    if force && let Err(ClusterError::Conflict { fields, .. }) = answer {
        taken = fields;
        forced = true;
        answer = ask(cluster, item, &object, true).await;
    }
    let outcome = match answer {
        Ok(after) => Outcome::Would(after, taken),
        Err(ClusterError::Conflict { fields, .. }) => Outcome::Conflict(fields),
        Err(error) if error.exit() == Exit::Unreachable => return Err(error),
        Err(error) if brought || is_early(&error) => Outcome::Blind(cause::plain(&error)),
        Err(error) => {
            let mistake = Mistake::new(&item.id, cause::refusal(&error));
            Outcome::Refused(mistake.exiting(error.exit()))
        }
    };
    Ok(Rehearsal {
        object,
        force: forced,
        newer: None,
        outcome,
    })
}

/// The server's answer tells the version that it is about. When somebody has written since we read the object, what they
/// changed is not what we would change.
async fn newer(
    cluster: &Cluster,
    item: &Item,
    found: Option<&Value>,
    outcome: &Outcome,
) -> Result<Option<Value>, ClusterError> {
    let version = |object: &Value| text(object, "/metadata/resourceVersion").to_owned();
    match outcome {
        Outcome::Would(after, _) if version(after) != found.map(version).unwrap_or_default() => {
            cluster.read(&item.resource, &item.id).await
        }
        Outcome::Would(_, _) | Outcome::Conflict(_) | Outcome::Blind(_) | Outcome::Refused(_) => {
            Ok(None)
        }
    }
}

async fn ask(
    cluster: &Cluster,
    item: &Item,
    object: &Value,
    force: bool,
) -> Result<Value, ClusterError> {
    let write = Write {
        manager: MANAGER,
        force,
        dry_run: true,
    };
    cluster.apply(&item.resource, &item.id, object, write).await
}

/// Whether the server may well take it once what comes before it is there.
fn is_early(error: &ClusterError) -> bool {
    if error.is_transient() || error.is_not_found() {
        return true;
    }
    // A webhook that has effects beside its answer is not asked in a rehearsal.
    matches!(error, ClusterError::Invalid { message, .. } if message.contains("does not support dry run"))
}
