//! Waits until objects are ready, and says what each waits for.

mod evidence;
mod injection;
mod look;
mod made;

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use serde_json::Value;
use tokio::time::Instant;

use super::access::Cluster;
use super::cause::Cause;
use super::discovery::Resource;
use super::error::ClusterError;
use super::event::{Event, Sink, State};
use super::object::ObjectId;
use super::peek::{list, text};
use super::readiness::{self, Readiness, sail};
use crate::failure::Exit;
use look::Look;
pub(crate) use look::states;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// For how long a container without a probe has to run.
const STEADY: Duration = Duration::from_secs(2);

const STAY: &str = "its containers to stay up";

/// An object that is waited for.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// What it is a part of.
    pub(crate) component: String,
    /// Which.
    pub(crate) id: ObjectId,
    /// Where such objects are.
    pub(crate) resource: Resource,
}

/// An object that is not ready.
#[derive(Clone, Debug)]
pub(crate) struct Unready {
    /// Which.
    pub(crate) id: ObjectId,
    /// What it waits for, when that is all that is known.
    pub(crate) waits_for: String,
    /// What is in its way.
    pub(crate) cause: Option<Cause>,
}

impl Unready {
    /// The first thing in its way.
    pub(crate) fn reason(&self) -> String {
        self.cause.as_ref().map_or_else(
            || format!("{} waits: {}", self.id, self.waits_for),
            ToString::to_string,
        )
    }
}

/// How waiting ended.
#[derive(Debug)]
pub(crate) enum Waited {
    /// All are ready.
    Ready,
    /// Some will not be.
    Failed(Vec<Unready>),
    /// Some were not in time.
    TimedOut(Vec<Unready>),
}

impl Waited {
    /// How a command exits that waited in vain, and what is in the way of each object, a line each.
    pub(crate) fn in_vain(self) -> Option<(Exit, String)> {
        let (exit, unready) = match self {
            Self::Ready => return None,
            Self::Failed(unready) => (Exit::Failure, unready),
            Self::TimedOut(unready) => (Exit::Timeout, unready),
        };
        let lines: Vec<_> = unready.iter().map(Unready::reason).collect();
        Some((exit, lines.join("\n  ")))
    }
}

/// Waits.
#[derive(Clone, Copy)]
pub(crate) struct Watch<'a> {
    /// Where.
    pub(crate) cluster: &'a Cluster,
    /// Whom to tell.
    pub(crate) sink: &'a dyn Sink,
    /// Until when.
    pub(crate) deadline: Instant,
}

impl<'a> Watch<'a> {
    /// For so long from now on.
    pub(crate) fn within(cluster: &'a Cluster, sink: &'a dyn Sink, time: Duration) -> Self {
        let now = Instant::now();
        Self {
            cluster,
            sink,
            deadline: now.checked_add(time).unwrap_or(now),
        }
    }

    /// Until all are ready, one will not be, or time is up.
    pub(crate) async fn until_ready(&self, targets: Vec<Target>) -> Result<Waited, ClusterError> {
        let mut open: Vec<Target> = targets
            .into_iter()
            .filter(|target| readiness::is_awaited(&target.id))
            .collect();
        let (mut told, mut up) = (BTreeMap::new(), BTreeMap::new());
        loop {
            let is_last = Instant::now() >= self.deadline;
            let (mut still, mut failed, mut unready) = (Vec::new(), Vec::new(), Vec::new());
            for (target, look) in look::all(self.cluster, open, is_last).await {
                let look = look.or_else(look::patient)?;
                let flickers = !look.is_probed && told.contains_key(&target.id);
                let was_up = look.readiness == Readiness::Ready;
                let mut readiness = steady(&target.id, look.readiness, flickers, &mut up);
                if is_last && was_up && readiness != Readiness::Ready {
                    readiness = look::fallen(self.cluster, &target).await?;
                }
                self.tell(&target, &readiness, &mut told);
                match described(&target.id, readiness) {
                    None => continue,
                    Some((true, what)) => failed.push(what),
                    Some((false, what)) => unready.push(what),
                }
                still.push(target);
            }
            if still.is_empty() {
                return Ok(Waited::Ready);
            }
            if !failed.is_empty() {
                return Ok(Waited::Failed(failed));
            }
            if is_last {
                return Ok(Waited::TimedOut(unready));
            }
            open = still;
            tokio::time::sleep_until(self.deadline.min(next())).await;
        }
    }

    /// Until these very objects are gone, or time is up.
    pub(crate) async fn until_gone(
        &self,
        targets: Vec<(Target, String)>,
    ) -> Result<Waited, ClusterError> {
        let mut open = targets;
        let mut told = BTreeMap::new();
        loop {
            let mut still = Vec::new();
            let mut unready = Vec::new();
            for (target, uid) in open {
                let found = match self.cluster.read(&target.resource, &target.id).await {
                    Ok(found) => found,
                    Err(error) if error.is_transient() => Some(Value::Null),
                    Err(error) => return Err(error),
                };
                let there =
                    found.filter(|object| object.is_null() || text(object, "/metadata/uid") == uid);
                let Some(object) = there else {
                    continue;
                };
                let readiness = lingering(self.cluster, &target.id, &object).await;
                self.tell(&target, &readiness, &mut told);
                unready.extend(described(&target.id, readiness).map(|(_, what)| what));
                still.push((target, uid));
            }
            if still.is_empty() {
                return Ok(Waited::Ready);
            }
            if Instant::now() >= self.deadline {
                return Ok(Waited::TimedOut(unready));
            }
            open = still;
            tokio::time::sleep_until(self.deadline.min(next())).await;
        }
    }

    /// Tells what has changed.
    fn tell(
        &self,
        target: &Target,
        readiness: &Readiness,
        told: &mut BTreeMap<ObjectId, (State, Option<String>)>,
    ) {
        let news = match readiness {
            Readiness::Ready => (State::Ready, None),
            Readiness::Progressing { waits_for, cause } => {
                let cause = cause
                    .as_ref()
                    .map(|cause| format!(" ({}: {})", cause.object, cause.what));
                (
                    State::Waiting,
                    Some(format!("{waits_for}{}", cause.unwrap_or_default())),
                )
            }
            Readiness::Failed(cause) => (State::Failed, Some(cause.to_string())),
        };
        if told.get(&target.id) == Some(&news) {
            return;
        }
        self.sink.event(&Event {
            component: target.component.clone(),
            object: target.id.clone(),
            state: news.0,
            waits_for: news.1.clone(),
            at: Timestamp::now().to_string(),
        });
        told.insert(target.id.clone(), news);
    }
}

fn next() -> Instant {
    let now = Instant::now();
    now.checked_add(PAUSE).unwrap_or(now)
}

/// A container without a probe counts as ready as soon as it runs, and one that ends at once does so each time that it is
/// started: what was not ready before must stay so for a moment.
fn steady(
    id: &ObjectId,
    readiness: Readiness,
    flickers: bool,
    up: &mut BTreeMap<ObjectId, Instant>,
) -> Readiness {
    if readiness != Readiness::Ready || !flickers {
        up.remove(id);
        return readiness;
    }
    let now = Instant::now();
    let since = *up.entry(id.clone()).or_insert(now);
    if now.saturating_duration_since(since) >= STEADY {
        return Readiness::Ready;
    }
    Look::open(STAY).readiness
}

/// Whether it has failed for good, and what is said about it; nothing for one that is ready.
fn described(id: &ObjectId, readiness: Readiness) -> Option<(bool, Unready)> {
    let (is_final, waits_for, cause) = match readiness {
        Readiness::Ready => return None,
        Readiness::Progressing { waits_for, cause } => (false, waits_for, cause),
        Readiness::Failed(cause) => (true, String::new(), Some(cause)),
    };
    Some((
        is_final,
        Unready {
            id: id.clone(),
            waits_for,
            cause,
        },
    ))
}

/// An object that was deleted and is still there.
async fn lingering(cluster: &Cluster, id: &ObjectId, object: &Value) -> Readiness {
    let finalizers: Vec<_> = list(object, "/metadata/finalizers")
        .iter()
        .filter_map(Value::as_str)
        .filter(|finalizer| *finalizer != "foregroundDeletion")
        .collect();
    let cause = (!finalizers.is_empty()).then(|| {
        let what = format!("its finalizer {} holds it", finalizers.join(", "));
        Cause::new(id, what, "see that the controller of the finalizer runs")
    });
    let mut away = None;
    if sail::is_one(id) {
        away = sail::lingering(id, made::operators(cluster).await.as_deref());
    }
    Readiness::Progressing {
        waits_for: "what it owns to go".to_owned(),
        cause: away.or(cause),
    }
}
