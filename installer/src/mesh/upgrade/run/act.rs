//! Does the steps.

use std::time::Duration;

use tokio::time::Instant;

use super::super::facts::Facts;
use super::super::state::{Said, Upgrade};
use super::super::steps::Step;
use super::Upgrader;
use super::labels::{id, path};
use super::stock::Stock;
use crate::cluster::engine;
use crate::cluster::engine::Manner;
use crate::cluster::peek::{label, list, text};
use crate::cluster::plan::Plan;
use crate::cluster::told::Told;
use crate::failure::{Exit, Failure, both};
use crate::history::journal::{Journal, Keeping};
use crate::history::{Change, begin};
use crate::mesh::install::changes;
use crate::mesh::read::{self, MUTATING};
use crate::mesh::record::{MeshRecord, Phase};
use crate::mesh::render::Plane;
use crate::sidecar::edit::MANAGER;
use crate::sidecar::injector::REVISION;
use crate::sidecar::read::Reader;
use crate::sidecar::restart::Restarted;
use crate::sidecar::write::Writer;

/// Between two looks at webhooks.
const PAUSE: Duration = Duration::from_millis(300);
/// How long an istiod may take to sign its webhooks when nobody says so.
const SIGNED: Duration = Duration::from_mins(1);

/// What is being done, and what was.
pub(super) struct Deeds<'a> {
    pub(super) upgrader: &'a Upgrader<'a>,
    pub(super) root: &'a str,
    upgrade: Upgrade,
    stock: &'a Stock,
    pub(super) rows: Vec<Restarted>,
}

impl<'a> Deeds<'a> {
    pub(super) fn new(
        upgrader: &'a Upgrader<'a>,
        root: &'a str,
        upgrade: Upgrade,
        stock: &'a Stock,
    ) -> Self {
        Self {
            upgrader,
            root,
            upgrade,
            stock,
            rows: Vec::new(),
        }
    }

    /// What was restarted.
    pub(super) fn restarted(self) -> Vec<Restarted> {
        self.rows
    }

    /// Whatever a step wrote is in the history before the next one begins, also when not all of it could be written.
    pub(super) async fn all(&mut self, steps: &[Step]) -> Result<(), Failure> {
        for step in steps {
            let upgrader = self.upgrader;
            let cluster = upgrader.installer.cluster;
            let journal = Journal::new(cluster, self.root, &upgrader.verb, Keeping::Always);
            let done = self.one(step, &journal).await;
            let noted = journal.end(done.is_ok()).await;
            both(done, noted.map_err(Failure::from))?;
        }
        // Where a failure stops nothing, it is told in the end.
        self.health(&self.rows)
    }

    /// A control plane has an entry of its own; what else is written goes into the journal.
    async fn one(&mut self, step: &Step, journal: &Journal<'_>) -> Result<(), Failure> {
        match step {
            Step::Note(upgrade) => {
                self.record(|record| record.note_upgrade(upgrade)).await?;
                self.upgrade = (**upgrade).clone();
                Ok(())
            }
            Step::Planes => self.planes().await,
            Step::Say(namespace, said) => self.say(namespace, said, journal).await,
            Step::Keep(namespace, said) => {
                let text = format!(
                    "namespace {namespace} says {} by now, which this upgrade did not write: that stays",
                    said.words()
                );
                self.upgrader.installer.output.warn(text);
                Ok(())
            }
            Step::Restart(namespace) => self.restart(namespace, journal).await,
            Step::Unused(revision) => {
                let cluster = self.upgrader.installer.cluster;
                let facts = Facts::with_gateways(cluster, self.root).await?;
                self.upgrader.unused(&facts, &self.upgrade, revision)
            }
            Step::Done(mesh) => {
                self.record(|record| record.end_upgrade(mesh)).await?;
                if let Some(text) = self.upgrade.file_needs(mesh) {
                    self.upgrader.installer.output.say(text);
                }
                Ok(())
            }
        }
    }

    /// The record is read anew each time: it is the parent of the set as well, which is written in between.
    async fn record(
        &self,
        change: impl FnOnce(&mut MeshRecord) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let cluster = self.upgrader.installer.cluster;
        let mut record = MeshRecord::now(cluster, &self.upgrader.name, self.root).await?;
        let before = record.clone();
        change(&mut record)?;
        if record == before {
            return Ok(());
        }
        record.write(cluster, false).await
    }

    async fn planes(&mut self) -> Result<(), Failure> {
        let upgrader = self.upgrader;
        let plan = upgrader.plan(&self.upgrade, self.stock).await?;
        let installer = &upgrader.installer;
        let told = Told::new(installer.output, installer.progress);
        let begun = if plan.changes_nothing() {
            None
        } else {
            Some(begin(installer.cluster, self.root, &upgrader.verb).await?)
        };
        let carried = engine::carry_out(installer.cluster, &told, &plan, upgrader.timeout).await;
        let noted = match begun {
            Some(begun) => {
                let all = carried.end.is_ok();
                begun.end(changes(&carried.deeds), all).await
            }
            None => Ok(()),
        };
        let noted = noted.map_err(Failure::from);
        if let Err(error) = carried.end {
            let failed = |record: &mut MeshRecord| {
                record.state.phase = Phase::Failed;
                Ok(())
            };
            let noted = both(noted, self.record(failed).await);
            let back = self.upgrade.way_back();
            let back = back.map(|command| format!(", and `{command}` goes back"));
            let text = format!(
                "the upgrade of mesh {} stopped; the same command goes on{}",
                upgrader.name,
                back.unwrap_or_default()
            );
            return both(Err(Failure::from(error).context(text)), noted);
        }
        noted?;
        self.signed().await
    }

    /// A webhook that istiod has not signed refuses every pod: nothing is restarted before.
    async fn signed(&self) -> Result<(), Failure> {
        let now = Instant::now();
        let patience = self.upgrader.timeout.unwrap_or(SIGNED);
        let deadline = now.checked_add(patience).unwrap_or(now);
        let ours = [self.upgrade.old(), self.upgrade.new_one()];
        loop {
            let hooks =
                read::all(self.upgrader.installer.cluster, MUTATING, None, REVISION).await?;
            let unsigned = hooks.iter().find(|hook| {
                let is_ours =
                    label(hook, REVISION).is_some_and(|revision| ours.contains(&revision));
                is_ours && list(hook, "/webhooks").iter().any(|one| !is_signed(one))
            });
            let Some(hook) = unsigned else {
                return Ok(());
            };
            if Instant::now() >= deadline {
                let text = format!(
                    "MutatingWebhookConfiguration {} has no caBundle: its istiod has not signed it; the same command goes on",
                    read::name(hook)
                );
                return Err(Failure::text(Exit::Timeout, text));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn say(
        &mut self,
        namespace: &str,
        said: &Said,
        journal: &Journal<'_>,
    ) -> Result<(), Failure> {
        let cluster = self.upgrader.installer.cluster;
        let editing = self.upgrader.editing(namespace, said).await?;
        let writer = Writer::new(cluster.clone(), self.upgrader.force, false);
        let reader = Reader::new(cluster.clone());
        let object = id(namespace);
        let what = object.to_string();
        journal.begin().await?;
        editing
            .write(&object, &path(namespace), &writer, &reader)
            .await?;
        let prepared = editing.prepared;
        for text in prepared.takings(self.upgrader.force) {
            self.upgrader
                .installer
                .output
                .say(format!("{what}: {text}"));
        }
        let change = Change {
            object,
            manager: MANAGER,
            before: Some(prepared.before),
            after: Some(prepared.after),
        };
        journal.add(change).await;
        Ok(())
    }
}

fn is_signed(webhook: &serde_json::Value) -> bool {
    !text(webhook, "/clientConfig/caBundle").is_empty()
        || !text(webhook, "/clientConfig/url").is_empty()
}

impl Upgrader<'_> {
    /// What a cluster lacks to have the control planes that an upgrade means.
    pub(super) async fn plan(&self, upgrade: &Upgrade, stock: &Stock) -> Result<Plan, Failure> {
        let meshes = upgrade.planes();
        let plane = |mesh| stock.release(mesh).map(|release| Plane { mesh, release });
        let planes: Vec<_> = meshes.iter().map(plane).collect::<Result<_, _>>()?;
        let manner = Manner {
            force: self.force,
            prune: true,
            rehearse: self.mode.rehearses(),
        };
        self.installer.plan(&planes, manner).await
    }
}
