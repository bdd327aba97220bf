//! What would be done, and what is in its way.

use super::super::facts::Facts;
use super::super::next::{Act, Left};
use super::super::report::StepRow;
use super::super::state::{Stage, Upgrade, revision};
use super::super::steps::{Step, Verb};
use super::stock::Stock;
use super::{Upgrader, version_of};
use crate::cluster::mode::Mode;
use crate::cluster::plan::{Action, Plan};
use crate::cluster::report::{changes, show};
use crate::failure::{Exit, Failure, Outcome};

impl Upgrader<'_> {
    /// Shows a plan that is not carried out.
    pub(super) fn planned(&self, plan: &Plan) -> Outcome {
        if self.mode != Mode::Diff {
            show(self.installer.output, plan)?;
            return Ok(Exit::Ok);
        }
        self.installer.output.report(&changes(plan))?;
        Ok(if plan.changes_nothing() {
            Exit::Ok
        } else {
            Exit::Drift
        })
    }

    /// What cannot be gone back from is begun knowingly.
    pub(super) async fn agreed(&self, upgrade: &Upgrade) -> Result<bool, Failure> {
        let Some(caution) = upgrade.caution() else {
            return Ok(true);
        };
        let version = |mesh| version_of(mesh).map(ToString::to_string);
        let question = format!(
            "Upgrade mesh {} in place, from Istio {} to {}? ({caution})",
            self.name,
            version(&upgrade.from)?,
            version(&upgrade.to)?
        );
        self.installer.output.confirm(&question, self.yes).await
    }

    /// A revision that is to go, and that somebody uses, stays.
    pub(super) fn unused(
        &self,
        facts: &Facts,
        upgrade: &Upgrade,
        revision: &str,
    ) -> Result<(), Failure> {
        let finishes = revision == upgrade.old();
        let left = Left::of(facts, Some(upgrade).filter(|_| finishes), revision);
        if left.uses.is_none() {
            return Ok(());
        }
        let stays = if finishes {
            upgrade.new_one()
        } else {
            upgrade.old()
        };
        let usage = &left.uses;
        let text = format!(
            "revision {revision} is in use and stays:\n  {usage}\nwhat ends that:\n  {}",
            lines(&left.acts(&self.name, stays))
        );
        Err(Failure::text(Exit::Failure, text))
    }

    /// What is known to stop later stops before anything is written; after restarts it is looked at again.
    pub(super) fn check_usage(
        &self,
        facts: &Facts,
        upgrade: &Upgrade,
        steps: &[Step],
    ) -> Result<(), Failure> {
        match steps.first() {
            Some(Step::Unused(revision)) => self.unused(facts, upgrade, revision),
            _ => Ok(()),
        }
    }

    /// Whoever promotes while pods have proxies of the old revision takes tags and validation away from under them.
    pub(super) fn check_promotion(
        &self,
        facts: &Facts,
        upgrade: &Upgrade,
        verb: &Verb,
    ) -> Result<(), Failure> {
        if self.promote_in_use || *verb != Verb::Promote || upgrade.stage != Stage::Ready {
            return Ok(());
        }
        let left = Left::of(facts, Some(upgrade), upgrade.old());
        let Some(pods) = left.uses.remaining(facts.root()) else {
            return Ok(());
        };
        let (name, old) = (&self.name, upgrade.old());
        let text = format!(
            "nothing was written: pods have proxies of the old revision {old} still ({pods}); what ends that:\n  {}\n\
             or promote all the same: `weft mesh upgrade promote {name} --force`",
            lines(&left.of_pods(name, upgrade.new_one()))
        );
        Err(Failure::text(Exit::Failure, text))
    }

    /// The steps, each with what it would change.
    pub(super) async fn rows(
        &self,
        upgrade: Upgrade,
        steps: &[Step],
        facts: &Facts,
        stock: &Stock,
    ) -> Result<Vec<StepRow>, Failure> {
        let said = facts.said();
        let stale = stale(facts);
        let mut at = upgrade;
        let mut rows = Vec::new();
        for step in steps {
            rows.push(match step {
                Step::Note(upgrade) => {
                    let row = StepRow::new(
                        "note",
                        &self.name,
                        format!("{} -> {}", at.stage.word(), upgrade.stage.word()),
                        **upgrade != at,
                    );
                    at = (**upgrade).clone();
                    row
                }
                Step::Planes => self.planes_row(&at, stock).await?,
                Step::Say(namespace, wanted) => {
                    let now = said.get(namespace).cloned().unwrap_or_default();
                    let owners = self.owners(namespace, wanted).await?;
                    let text = format!("{} -> {}{owners}", now.words(), wanted.words());
                    StepRow::new("label", namespace, text, true)
                }
                Step::Keep(namespace, said) => {
                    let text = format!("{} stays: this upgrade did not write it", said.words());
                    StepRow::new("keep", namespace, text, false)
                }
                Step::Restart(namespace) => {
                    let count = stale.get(namespace).copied().unwrap_or_default();
                    let text = "workloads whose proxies are not as they would be then".to_owned();
                    StepRow::new("restart", namespace, text, count > 0)
                }
                Step::Unused(revision) => {
                    StepRow::new("check", revision, "that nothing uses it".to_owned(), false)
                }
                Step::Done(mesh) => {
                    let text = format!("with revision {}", revision(mesh));
                    StepRow::new("end", &self.name, text, true)
                }
            });
        }
        Ok(rows)
    }

    async fn planes_row(&self, upgrade: &Upgrade, stock: &Stock) -> Result<StepRow, Failure> {
        let plan = self.plan(upgrade, stock).await?;
        let count = |action| {
            plan.steps
                .iter()
                .filter(|step| step.action == action)
                .count()
        };
        let text = format!(
            "{} objects created, {} changed, {} removed",
            count(Action::Create),
            count(Action::Update).saturating_add(count(Action::Conflict)),
            count(Action::Prune)
        );
        let planes: Vec<_> = upgrade
            .planes()
            .iter()
            .map(|mesh| revision(mesh).to_owned())
            .collect();
        let changes = !plan.changes_nothing();
        Ok(StepRow::new(
            "control planes",
            &planes.join(", "),
            text,
            changes,
        ))
    }
}

fn lines(acts: &[Act]) -> String {
    let lines: Vec<_> = acts.iter().map(Act::to_string).collect();
    lines.join("\n  ")
}

/// How many workloads of each namespace are not as they would be.
fn stale(facts: &Facts) -> std::collections::BTreeMap<String, usize> {
    let rows = facts.survey().into_iter();
    rows.map(|row| {
        let count = row
            .workloads
            .iter()
            .filter(|one| one.has_stale_proxies())
            .count();
        (row.namespace, count)
    })
    .collect()
}
