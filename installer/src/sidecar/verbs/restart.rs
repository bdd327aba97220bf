//! `restart` and `upgrade`.

use std::collections::BTreeSet;

use super::super::gateway;
use super::super::report::RestartReport;
use super::super::restart::{Pace, Restarted, Restarter, Verdict};
use super::super::state::{NamespaceStatus, WorkloadState, WorkloadStatus, survey};
use super::super::target::Target;
use super::super::view::WorkloadName;
use super::super::write::Writer;
use super::Sidecars;
use crate::cluster::mode::Mode;
use crate::failure::{Exit, Failure, Outcome};
use crate::history::journal::Journal;

/// Which of the workloads are restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// All that are named.
    All,
    /// Those that are not what they would be now.
    Needed,
    /// Those whose proxies are of another version or revision than they would be now.
    Old,
}

/// What is asked of a restart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Restarting {
    /// Which workloads.
    pub(crate) which: Which,
    /// How fast.
    pub(crate) pace: Pace,
    /// What may be done.
    pub(crate) mode: Mode,
    /// Without a question.
    pub(crate) yes: bool,
}

impl Sidecars {
    /// Restarts workloads in batches.
    pub(crate) async fn restart(
        &self,
        targets: &[Target],
        namespace: Option<&str>,
        asked: Restarting,
    ) -> Outcome {
        let Restarting {
            which,
            pace,
            mode,
            yes,
        } = asked;
        let rows = self.concerned(targets, namespace).await?;
        let (names, mut done) = choose(&rows, which);
        if mode != Mode::Act || names.is_empty() {
            let would = names
                .iter()
                .map(|name| Restarted::of(name, Verdict::Skipped, "would be restarted"));
            done.extend(would);
            self.output.report(&RestartReport(done))?;
            let differs = mode == Mode::Diff && !names.is_empty();
            return Ok(if differs { Exit::Drift } else { Exit::Ok });
        }
        let question = format!("Restart {} ({} in all)?", list(&names), names.len());
        if !self.output.confirm(&question, yes).await? {
            return Err(Failure::text(Exit::Failure, "nothing was restarted"));
        }
        let journal = self.journal(Mode::Act);
        done.extend(self.rolled(&names, pace, Some(&journal)).await);
        self.close(journal, is_well(&done)).await;
        self.restarted(done)
    }

    /// What was named, without the system's namespaces: named they are refused, met on the way they are passed over.
    async fn concerned(
        &self,
        targets: &[Target],
        namespace: Option<&str>,
    ) -> Result<Vec<NamespaceStatus>, Failure> {
        let mut rows = Vec::new();
        let here = namespace.unwrap_or(self.namespace());
        let mut places: BTreeSet<&str> = targets
            .iter()
            .map(|target| match target {
                Target::Namespace(name) => name.as_str(),
                Target::Workload(..) | Target::Pod(_) => here,
            })
            .collect();
        if targets.is_empty() && namespace.is_none() {
            rows = survey(&self.reader.snapshot(None, &self.root).await?);
            rows.retain(|row| super::super::wish::guard(&row.namespace, &self.root).is_ok());
            return Ok(rows);
        }
        if targets.is_empty() {
            places.insert(here);
        }
        self.guard(places.iter().copied())?;
        for place in &places {
            rows.extend(survey(
                &self.reader.snapshot(Some(place), &self.root).await?,
            ));
        }
        keep_named(&mut rows, targets, here)?;
        Ok(rows)
    }

    /// Restarts these, or without a journal only waits for what has begun by itself.
    pub(super) async fn rolled(
        &self,
        names: &[WorkloadName],
        pace: Pace,
        journal: Option<&Journal<'_>>,
    ) -> Vec<Restarted> {
        let writer = Writer::new(self.cluster.clone(), false, false);
        let progress = self.output.progress();
        let restarter = Restarter {
            reader: &self.reader,
            writer: &writer,
            progress: &progress,
            pace,
        };
        restarter.all(names, journal).await
    }

    /// Restarts what needs it in these namespaces.
    pub(super) async fn stale(
        &self,
        rows: &[NamespaceStatus],
        pace: Pace,
        journal: &Journal<'_>,
    ) -> Vec<Restarted> {
        let (names, mut done) = choose(rows, Which::Needed);
        done.extend(self.rolled(&names, pace, Some(journal)).await);
        done
    }

    /// Tells, and ends accordingly.
    pub(super) fn restarted(&self, rows: Vec<Restarted>) -> Outcome {
        let count = |verdict| rows.iter().filter(|row| row.result == verdict).count();
        let failed = count(Verdict::Failed);
        let well = count(Verdict::Succeed).saturating_add(count(Verdict::InProcess));
        let first = rows.iter().find(|row| row.result == Verdict::Failed);
        let cause = first.map(|row| {
            format!(
                "{} {}/{}: {}",
                row.kind, row.namespace, row.name, row.message
            )
        });
        self.output.report(&RestartReport(rows))?;
        match cause {
            None => Ok(Exit::Ok),
            Some(cause) => {
                let exit = if well == 0 {
                    Exit::Failure
                } else {
                    Exit::Partial
                };
                let text = format!("{failed} restarts failed, {well} did not; the first: {cause}");
                Err(Failure::text(exit, text))
            }
        }
    }
}

/// Whether nothing failed.
pub(super) fn is_well(rows: &[Restarted]) -> bool {
    rows.iter().all(|row| row.result != Verdict::Failed)
}

/// Leaves the workloads that were named, in the namespaces that were named whole all of them.
fn keep_named(rows: &mut [NamespaceStatus], targets: &[Target], here: &str) -> Result<(), Failure> {
    let whole = |namespace: &str| {
        targets.is_empty()
            || targets
                .iter()
                .any(|target| matches!(target, Target::Namespace(name) if name == namespace))
    };
    for target in targets {
        let (kind, name) = match target {
            Target::Namespace(_) => continue,
            Target::Workload(kind, name) => (kind.word(), name),
            Target::Pod(name) => ("Pod", name),
        };
        let mut here = rows.iter().filter(|row| row.namespace == here);
        if !here.any(|row| row.workloads.iter().any(|one| one.is_called(kind, name))) {
            let text = format!(
                "there is no {kind} {name} to restart; pods that belong to a workload are restarted through it"
            );
            return Err(Failure::text(Exit::Failure, text));
        }
    }
    super::named::refuse_gateways(rows, targets, here)?;
    for row in rows.iter_mut().filter(|row| !whole(&row.namespace)) {
        row.workloads.retain(|one| {
            targets.iter().any(|target| match target {
                Target::Workload(kind, name) => one.is_called(kind.word(), name),
                Target::Pod(name) => one.is_called("Pod", name),
                Target::Namespace(_) => false,
            })
        });
    }
    Ok(())
}

/// Those to restart, and those that are left alone with the reason why.
fn choose(rows: &[NamespaceStatus], which: Which) -> (Vec<WorkloadName>, Vec<Restarted>) {
    let mut names = Vec::new();
    let mut left = Vec::new();
    for workload in rows.iter().flat_map(|row| &row.workloads) {
        let stale = workload.is_stale();
        let wanted = match which {
            Which::All => true,
            Which::Needed => stale,
            Which::Old => stale && workload.is_only_old(),
        };
        match workload.workload_name() {
            Some(name) if workload.is_gateway => {
                let word = gateway::renewed_by(&name.namespace, &name.name);
                left.extend(wanted.then(|| Restarted::of(&name, Verdict::Skipped, word)));
            }
            Some(name) if wanted => names.push(name),
            Some(name) if which == Which::Old => {
                left.push(Restarted::of(&name, Verdict::Skipped, current(workload)));
            }
            None if wanted => left.push(Restarted {
                namespace: workload.namespace.clone(),
                kind: workload.kind,
                name: workload.name.clone(),
                result: Verdict::Skipped,
                begun: false,
                message: if workload.reason.is_empty() {
                    "no controller would start it anew".to_owned()
                } else {
                    workload.reason.clone()
                },
            }),
            _ => {}
        }
    }
    (names, left)
}

fn current(workload: &WorkloadStatus) -> &'static str {
    match workload.state {
        WorkloadState::NeedRestart => "not a matter of versions: weft sidecar restart --needed",
        WorkloadState::Injected => "already current",
        WorkloadState::UnInjected => "has no proxies",
    }
}

impl WorkloadStatus {
    /// Whether it is the one of that kind and name.
    pub(super) fn is_called(&self, kind: &str, name: &str) -> bool {
        self.kind == kind && self.name == name
    }

    /// Its name, if it can be restarted.
    pub(crate) fn workload_name(&self) -> Option<WorkloadName> {
        Some(WorkloadName {
            namespace: self.namespace.clone(),
            kind: self.owner?,
            name: self.name.clone(),
        })
    }
}

fn list(names: &[WorkloadName]) -> String {
    let mut texts: Vec<_> = names.iter().take(5).map(ToString::to_string).collect();
    let more = names.len().saturating_sub(5);
    if more > 0 {
        texts.push(format!("and {more} more"));
    }
    texts.join(", ")
}
