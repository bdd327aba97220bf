//! Restarts workloads in batches, within their disruption budgets, and watches each until its new pods have been ready
//! for a while.

mod pace;
mod row;

use std::time::Duration;

use futures_util::future::join_all;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::core::Selector;
use serde_json::Value;
use tokio::time::Instant;

use super::budget::{Claim, Claims};
use super::edit::{self, Site};
use super::read::{Reader, collection};
use super::rollout::{self, Progress};
use super::view::{Belongs, Kind, WorkloadName};
use super::write::{RESTARTER, Writer};
use crate::cluster::error::ClusterError;
use crate::cluster::object::ObjectId;
use crate::history::Change;
use crate::history::journal::Journal;
use crate::output;
pub(crate) use pace::Pace;
pub(crate) use row::{Restarted, Verdict};

/// Between two looks at a workload.
const PAUSE: Duration = Duration::from_millis(500);

/// How long a controller may go on trying what does not work.
const PATIENCE: Duration = Duration::from_secs(30);

/// Restarts workloads.
#[derive(Debug)]
pub(crate) struct Restarter<'a> {
    /// Reads.
    pub(crate) reader: &'a Reader,
    /// Writes.
    pub(crate) writer: &'a Writer,
    /// Where progress is told.
    pub(crate) progress: &'a output::Progress,
    /// How to go about it.
    pub(crate) pace: Pace,
}

impl Restarter<'_> {
    /// All of them, batch after batch, each noted there; without a journal they are not begun, but waited for: a template that has
    /// just changed restarts its pods anyway. A failure stops those that have not begun.
    pub(crate) async fn all(
        &self,
        names: &[WorkloadName],
        journal: Option<&Journal<'_>>,
    ) -> Vec<Restarted> {
        let mut rows: Vec<Restarted> = Vec::new();
        let claims = Claims::default();
        for batch in names.chunks(self.pace.batch.max(1)) {
            let failed = rows.iter().find(|row| row.result == Verdict::Failed);
            if let (Some(failed), false) = (failed, self.pace.keep_going) {
                let why = format!("not begun, because {} {} failed", failed.kind, failed.name);
                rows.extend(
                    batch
                        .iter()
                        .map(|name| Restarted::of(name, Verdict::Skipped, why.clone())),
                );
                continue;
            }
            rows.extend(join_all(batch.iter().map(|name| self.one(name, journal, &claims))).await);
        }
        rows
    }

    async fn one(
        &self,
        name: &WorkloadName,
        journal: Option<&Journal<'_>>,
        claims: &Claims,
    ) -> Restarted {
        let (what, path) = (name.to_string(), path(name));
        let started = match journal {
            Some(journal) => self.started(name, (&what, &path), journal, claims).await,
            None => Ok(Ok(self.deadline())),
        };
        let begun = matches!(started, Ok(Ok(_)));
        let done = match started {
            Ok(Ok(Some(deadline))) => self.finished(name, &what, &path, deadline).await,
            Ok(Ok(None)) => Ok(Ok(false)),
            Ok(Err(why)) => Ok(Err(why)),
            Err(error) => Err(error),
        };
        // Of what nobody waits for nobody knows when its pods are there again.
        if !matches!(done, Ok(Ok(false))) {
            claims.give_back(name);
        }
        let (verdict, text) = match done {
            Ok(Ok(true)) => (Verdict::Succeed, String::new()),
            Ok(Ok(false)) => (Verdict::InProcess, String::new()),
            Ok(Err(why)) => (Verdict::Failed, why),
            Err(error) => (Verdict::Failed, error.to_string()),
        };
        Restarted {
            begun,
            ..Restarted::of(name, verdict, text)
        }
    }

    /// Has its pods replaced as soon as that is allowed. Says until when they are waited for, or why it was not done.
    async fn started(
        &self,
        name: &WorkloadName,
        (what, path): (&str, &str),
        journal: &Journal<'_>,
        claims: &Claims,
    ) -> Result<Result<Option<Instant>, String>, ClusterError> {
        let deadline = match self.allowed(name, what, path, claims).await? {
            Ok(deadline) => deadline,
            Err(why) => return Ok(Err(why)),
        };
        journal.begin().await?;
        self.writer.restart(what, path, name.kind).await?;
        journal.add(change(name)).await;
        Ok(Ok(deadline))
    }

    /// Until when one workload may take, if it begins now.
    fn deadline(&self) -> Option<Instant> {
        let timeout = self.pace.timeout?;
        Instant::now().checked_add(timeout)
    }

    /// Waits until the budgets let it be restarted; from then on it has until the deadline that is returned. Its time does
    /// not run while only others of this run are before it, since those have theirs.
    async fn allowed(
        &self,
        name: &WorkloadName,
        what: &str,
        path: &str,
        claims: &Claims,
    ) -> Result<Result<Option<Instant>, String>, ClusterError> {
        let mut deadline = self.deadline();
        loop {
            let object = self.reader.object(what, path).await?;
            if let Some(why) = rollout::needs_hands(name.kind, &object) {
                return Ok(Err(why));
            }
            let budgets = self.reader.budgets(&name.namespace).await?;
            let claim = Claim {
                name: name.clone(),
                labels: edit::current(&object, Site::Template(name.kind), "labels"),
                down: rollout::takes_down(name.kind, &object),
            };
            let Some(held) = claims.take(&budgets, claim) else {
                return Ok(Ok(deadline));
            };
            if held.by_our_own && deadline.is_some() {
                deadline = self.deadline();
            } else if deadline.is_none_or(|deadline| Instant::now() >= deadline) {
                return Ok(Err(held.why));
            }
            self.progress.update(format!("{what}: {}", held.why));
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until all of its pods are new, and have been ready for a while; getting ready has a deadline, and the while comes
    /// after it.
    async fn finished(
        &self,
        name: &WorkloadName,
        what: &str,
        path: &str,
        deadline: Instant,
    ) -> Result<Result<bool, String>, ClusterError> {
        let mut done_since: Option<Instant> = None;
        let mut hindered_since: Option<Instant> = None;
        loop {
            let object = self.reader.object(what, path).await?;
            let progress = self.progress_of(name, &object).await?;
            if !matches!(progress, Progress::Hindered(_)) {
                hindered_since = None;
            }
            let text = match progress {
                Progress::Done => {
                    let since = *done_since.get_or_insert_with(Instant::now);
                    if since.elapsed() >= self.pace.settle {
                        return Ok(Ok(true));
                    }
                    self.progress
                        .update(format!("{what}: all pods are new and ready"));
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
                Progress::Stuck(why) => return Ok(Err(why)),
                Progress::Hindered(why) => {
                    done_since = None;
                    if hindered_since.get_or_insert_with(Instant::now).elapsed() >= PATIENCE {
                        return Ok(Err(why));
                    }
                    why
                }
                Progress::Waiting(text) => {
                    done_since = None;
                    text
                }
            };
            if Instant::now() >= deadline {
                let cause = self.cause(name, &object).await.unwrap_or(text);
                return Ok(Err(format!("not done in time: {cause}")));
            }
            self.progress.update(format!("{what}: {text}"));
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// How far it is. What a declared kind counts need not tell new pods from old ones, so that its pods themselves are
    /// looked at besides.
    async fn progress_of(
        &self,
        name: &WorkloadName,
        object: &Value,
    ) -> Result<Progress, ClusterError> {
        let counted = rollout::progress(name.kind, object);
        let (Kind::Declared(kind), Progress::Done) = (name.kind, &counted) else {
            return Ok(counted);
        };
        let labels = selector(object).map(|selector| selector.to_string());
        let reader = self.reader;
        let mut pods = reader
            .pods(Some(&name.namespace), labels.as_deref())
            .await?;
        pods.retain(|pod| matches!(&pod.belongs, Belongs::To(owner) if owner == name));
        Ok(rollout::replaced(kind, object, &pods))
    }

    /// What keeps the first of its pods that does not get on.
    async fn cause(&self, name: &WorkloadName, object: &Value) -> Option<String> {
        let selector = selector(object)?;
        let pods = self
            .reader
            .pods(Some(&name.namespace), Some(&selector.to_string()))
            .await
            .ok()?;
        pods.into_iter()
            .find_map(|pod| Some(format!("Pod {}: {}", pod.name, pod.trouble?)))
    }
}

/// What a restart is in the history: there are no fields to go back to, and it was written under its own name, so that it is never
/// taken for a part of another change of the same workload.
fn change(name: &WorkloadName) -> Change {
    let (group, version) = name.kind.api();
    Change {
        object: ObjectId {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: name.kind.word().to_owned(),
            namespace: Some(name.namespace.clone()),
            name: name.name.clone(),
        },
        manager: RESTARTER,
        before: None,
        after: None,
    }
}

/// Which pods it looks after, where it says so in Kubernetes' way.
fn selector(object: &Value) -> Option<Selector> {
    let selector = object.pointer("/spec/selector")?.clone();
    let selector: LabelSelector = serde_json::from_value(selector).ok()?;
    Selector::try_from(selector).ok()
}

/// Where the API server has a workload.
pub(crate) fn path(name: &WorkloadName) -> String {
    let (group, version) = name.kind.api();
    let api = format!("{group}/{version}");
    let folder = collection(&api, Some(&name.namespace), name.kind.plural());
    format!("{folder}/{}", name.name)
}

#[cfg(test)]
#[path = "restart/tests.rs"]
mod tests;
