//! The verbs: read what is, decide, write, tell.

mod act;
mod exact;
mod labels;
mod restart;
mod show;
mod stock;

use std::time::Duration;

use super::facts::Facts;
use super::preflight::{self, Ground};
use super::report::{Status, StepsReport};
use super::state::{Strategy, Upgrade};
use super::steps::{Step, Verb};
use super::target::{Asked, target};
use crate::cluster::engine::EngineError;
use crate::cluster::mode::Mode;
use crate::failure::{Exit, Failure, Outcome};
use crate::mesh::install::Installer;
use crate::mesh::record::lock::while_held;
use crate::mesh::record::{Engine, MeshRecord, Phase, find};
use crate::mesh::spec::Mesh;
use crate::sidecar::report::RestartReport;
use crate::sidecar::restart::Pace;
use act::Deeds;
use exact::{mesh_of, version_of};
use stock::Stock;

/// Upgrades one mesh.
#[derive(Debug)]
pub(crate) struct Upgrader<'a> {
    /// Installs control planes.
    pub(crate) installer: Installer<'a>,
    /// The mesh.
    pub(crate) name: String,
    /// The command, for the history.
    pub(crate) verb: String,
    /// What may be done.
    pub(crate) mode: Mode,
    /// Take over what others own.
    pub(crate) force: bool,
    /// How long a control plane may take to be ready; nothing for not waiting.
    pub(crate) timeout: Option<Duration>,
    /// Promote although pods of the old revision remain.
    pub(crate) promote_in_use: bool,
    /// How to restart workloads.
    pub(crate) pace: Pace,
    /// Without a question.
    pub(crate) yes: bool,
}

impl Upgrader<'_> {
    /// `upgrade NAME --to V`: begins, or goes on with the installation.
    pub(crate) async fn start(&self, asked: &Asked, skip_preflight: bool) -> Outcome {
        let record = self.record().await?;
        let asked = &self.exact(&record, asked).await?;
        let Some(upgrade) = self.wanted(&record, asked)? else {
            let text = format!("mesh {} runs Istio {} already", self.name, asked.to);
            self.installer.output.say(text);
            return Ok(Exit::Ok);
        };
        let facts = self.facts(&record).await?;
        if !skip_preflight {
            self.look(&upgrade, asked.strategy, &facts).await?;
        }
        self.forewarn(&upgrade, &facts).await?;
        let mut steps = vec![Step::Note(Box::new(upgrade.clone()))];
        steps.extend(upgrade.steps(&Verb::Install, &facts.shown(&upgrade))?);
        let stock = Stock::of(self.installer.charts, &upgrade, &steps).await?;
        stock.tell_unknown(&upgrade, &self.installer);
        let plan = self.plan(&upgrade, &stock).await?;
        if self.mode != Mode::Act {
            if let Some(text) = upgrade.caution() {
                self.installer.output.say(text);
            }
            return self.planned(&plan);
        }
        let conflicts = plan.conflicts();
        if !conflicts.is_empty() {
            return Err(EngineError::Conflicts(conflicts).into());
        }
        if record.state.upgrade.is_none() && !self.agreed(&upgrade).await? {
            return Err(Failure::text(Exit::Failure, "nothing was written"));
        }
        Box::pin(self.carry_out(&record, upgrade, &steps, &stock)).await
    }

    /// The other verbs.
    pub(crate) async fn go(&self, verb: &Verb) -> Outcome {
        let record = self.record().await?;
        let Some(upgrade) = record.state.upgrade.as_deref().cloned() else {
            let none = format!("no upgrade of mesh {} is under way", self.name);
            let text = match verb {
                // What was to be finished is: a command that was killed at its very end is run again.
                Verb::Finish => {
                    self.installer.output.say(none);
                    return Ok(Exit::Ok);
                }
                // The same, of what was to be gone back from; and one that has succeeded is told not to be.
                Verb::Rollback => {
                    self.installer.output.say(format!(
                        "{none}: one that has ended, by itself or by a rollback, is not gone back from"
                    ));
                    return Ok(Exit::Ok);
                }
                Verb::Install | Verb::Move(_) | Verb::Promote => {
                    format!(
                        "{none}: `weft mesh upgrade {} --to VERSION` begins one",
                        self.name
                    )
                }
            };
            return Err(Failure::text(Exit::Failure, text));
        };
        let facts = self.facts(&record).await?;
        let steps = upgrade.steps(verb, &facts.shown(&upgrade))?;
        self.check_usage(&facts, &upgrade, &steps)?;
        self.check_promotion(&facts, &upgrade, verb)?;
        self.check_labels(&steps).await?;
        let stock = Stock::of(self.installer.charts, &upgrade, &steps).await?;
        stock.tell_unknown(&upgrade, &self.installer);
        if self.mode != Mode::Act {
            return self.rehearsed(upgrade, &steps, &facts, &stock).await;
        }
        Box::pin(self.carry_out(&record, upgrade, &steps, &stock)).await
    }

    /// `upgrade status`.
    pub(crate) async fn status(&self) -> Outcome {
        let record = self.record().await?;
        self.tell(&record).await?;
        Ok(Exit::Ok)
    }

    async fn record(&self) -> Result<MeshRecord, Failure> {
        let record = find::one(self.installer.cluster, Some(&self.name)).await?;
        let why = match (record.state.engine, record.state.phase) {
            (Some(Engine::Charts | Engine::Sail), Phase::Terminating) => "it is being deleted",
            (Some(Engine::Charts | Engine::Sail), _) => return Ok(record),
            (None, _) => "somebody else runs it: whoever installed it upgrades it",
        };
        let text = format!("mesh {} is not upgraded by weft: {why}", self.name);
        Err(Failure::text(Exit::Failure, text))
    }

    async fn facts(&self, record: &MeshRecord) -> Result<Facts, Failure> {
        Facts::with_gateways(self.installer.cluster, &record.root_namespace).await
    }

    /// The upgrade that is asked for; nothing when its end is reached.
    fn wanted(&self, record: &MeshRecord, asked: &Asked) -> Result<Option<Upgrade>, Failure> {
        let under_way = record.state.upgrade.as_deref();
        let from = match under_way {
            Some(upgrade) => upgrade.from.clone(),
            None => mesh_of(record)?,
        };
        if under_way.is_none()
            && asked.strategy == Strategy::InPlace
            && from.spec.version.as_ref() == Some(&asked.to)
        {
            return Ok(None);
        }
        let asked = match under_way {
            Some(upgrade) => &asked.going_on(&upgrade.to),
            None => asked,
        };
        let to = target(&from, asked)?;
        let Some(upgrade) = under_way else {
            return Ok(Some(Upgrade::new(asked.strategy, from, to)));
        };
        let end = |mesh: &Mesh| (mesh.spec.version.clone(), mesh.spec.revision.clone());
        if upgrade.strategy == asked.strategy && end(&upgrade.to) == end(&to) {
            // Where charts and images are may be corrected on the way.
            let to = if upgrade.stage == super::state::Stage::Installing {
                to
            } else {
                upgrade.to.clone()
            };
            return Ok(Some(Upgrade {
                to,
                ..upgrade.clone()
            }));
        }
        let back = upgrade.way_back();
        let back = back.map(|command| format!(", `{command}` undoes it"));
        let text = format!(
            "an upgrade of mesh {} is under way already ({}): `{}` goes on with it{}",
            self.name,
            upgrade.stage.word(),
            upgrade.next(),
            back.unwrap_or_default()
        );
        Err(Failure::text(Exit::Failure, text))
    }

    async fn look(
        &self,
        upgrade: &Upgrade,
        strategy: Strategy,
        facts: &Facts,
    ) -> Result<(), Failure> {
        let cluster = self.installer.cluster;
        let asked = cluster.client.apiserver_version();
        let what = "ask the API server for its version";
        let kubernetes = cluster.call(what, asked).await?.git_version;
        let charts = self.installer.charts;
        let others = facts.gateways_of_others(upgrade);
        let gateways =
            preflight::gateways(cluster, charts, &upgrade.to, &kubernetes, &others).await?;
        let ground = Ground {
            to: version_of(&upgrade.to)?,
            strategy,
            kubernetes: &kubernetes,
            proxies: preflight::versions(facts, upgrade),
            gateways,
        };
        for text in preflight::judged(preflight::findings(&ground))? {
            self.installer.output.warn(text);
        }
        Ok(())
    }

    /// Shows the steps; with `--diff` only those that change something.
    async fn rehearsed(
        &self,
        upgrade: Upgrade,
        steps: &[Step],
        facts: &Facts,
        stock: &Stock,
    ) -> Outcome {
        let mut rows = self.rows(upgrade, steps, facts, stock).await?;
        if self.mode == Mode::Diff {
            rows.retain(|row| row.changes);
        }
        let differs = self.mode == Mode::Diff && !rows.is_empty();
        self.installer.output.report(&StepsReport(rows))?;
        Ok(if differs { Exit::Drift } else { Exit::Ok })
    }

    async fn carry_out(
        &self,
        record: &MeshRecord,
        upgrade: Upgrade,
        steps: &[Step],
        stock: &Stock,
    ) -> Outcome {
        let (cluster, root) = (self.installer.cluster, &record.root_namespace);
        let mut deeds = Deeds::new(self, root, upgrade, stock);
        let act = async {
            self.unchanged(record).await?;
            deeds.all(steps).await
        };
        let done = while_held(cluster, root, &self.verb, act).await;
        let rows = deeds.restarted();
        if !rows.is_empty() {
            self.installer.output.report(&RestartReport(rows.clone()))?;
        }
        done?;
        let record = self.record().await?;
        if rows.is_empty() {
            self.tell(&record).await?;
        } else {
            self.status_of(&record).await?.say(self.installer.output);
        }
        Ok(Exit::Ok)
    }

    /// Between looking and holding the lock, somebody else may have been here.
    async fn unchanged(&self, record: &MeshRecord) -> Result<(), Failure> {
        let now = self.record().await?;
        // The file counts as well: an apply that has ended leaves only that behind.
        if now.state == record.state && now.spec == record.spec {
            return Ok(());
        }
        let text = format!(
            "somebody else worked on mesh {} in the meantime: run the command again",
            self.name
        );
        Err(Failure::text(Exit::Failure, text))
    }

    async fn tell(&self, record: &MeshRecord) -> Result<(), Failure> {
        let status = self.status_of(record).await?;
        status.say(self.installer.output);
        self.installer.output.report(&status)
    }

    async fn status_of(&self, record: &MeshRecord) -> Result<Status, Failure> {
        Ok(Status::of(record, &self.facts(record).await?))
    }
}

#[cfg(test)]
mod tests;
