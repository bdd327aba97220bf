//! `enable`, `disable` and `clear`, of namespaces and of workloads, many at once.

use super::super::decision::{Place, Template};
use super::super::edit::Edit;
use super::super::gateway;
use super::super::injector::Labels;
use super::super::restart::Pace;
use super::super::state::{NamespaceStatus, Snapshot, WorkloadState, survey};
use super::super::target::Target;
use super::super::view::WorkloadName;
use super::super::wish::{self, Refusal, Wish};
use super::{Manner, Planned, Sidecars, all_or, workloads};
use crate::cluster::mode::Mode;
use crate::failure::{Exit, Failure, Outcome};

/// What is asked for, of what, and what comes after.
#[derive(Debug)]
pub(crate) struct Enabling {
    /// What is asked for.
    pub(crate) wish: Wish,
    /// How to write it.
    pub(crate) manner: Manner,
    /// Restart what needs it then, in this way.
    pub(crate) restart: Option<Pace>,
    /// Even where a namespace's change awaits restarts, or gateways lose their proxies.
    pub(crate) force: bool,
}

impl Sidecars {
    /// Sets or takes away the labels, and restarts what needs it if that is asked for.
    pub(crate) async fn inject(
        &self,
        targets: &[Target],
        namespace: Option<&str>,
        asked: &Enabling,
    ) -> Outcome {
        let here = namespace.unwrap_or(self.namespace());
        let (namespaces, others): (Vec<_>, Vec<_>) = targets
            .iter()
            .cloned()
            .partition(|target| matches!(target, Target::Namespace(_)));
        let namespaces: Vec<String> = namespaces
            .into_iter()
            .filter_map(|target| match target {
                Target::Namespace(name) => Some(name),
                Target::Workload(..) | Target::Pod(_) => None,
            })
            .collect();
        let workloads = workloads(&others, here)?;
        let places = workloads.iter().map(|name| name.namespace.as_str());
        self.guard(namespaces.iter().map(String::as_str).chain(places))?;

        let mut planned = self.of_namespaces(&namespaces, asked).await?;
        planned.extend(self.of_workloads(&workloads, here, asked).await?);
        let exit = Self::ended(&planned, asked.manner);
        self.carry_out(planned, asked.manner).await?;
        if asked.manner.mode != Mode::Act {
            return Ok(exit);
        }
        match asked.restart {
            Some(pace) => self.and_restart(&namespaces, &workloads, pace).await,
            None => self.advise(&namespaces, &workloads).await,
        }
    }

    async fn of_namespaces(
        &self,
        names: &[String],
        asked: &Enabling,
    ) -> Result<Vec<Planned>, Failure> {
        let wish = &asked.wish;
        let injectors = match wish {
            Wish::Enable(_) if !names.is_empty() => Some(self.reader.injectors(&self.root).await?),
            Wish::Enable(_) | Wish::Disable | Wish::Clear => None,
        };
        let edit = wish::of_namespace(wish);
        let mut planned = Vec::new();
        let mut refused = Vec::new();
        for name in names {
            let plan = self.namespace_edit(name, &edit).await?;
            let after = Edit::on(&edit.labels, &plan.labels);
            if !asked.force && after != plan.labels {
                let snapshot = self.reader.snapshot(Some(name), &self.root).await?;
                let losing = gateway::losing(&snapshot, name, &after);
                let what = format!("namespace {name}");
                refused.extend(
                    wish::with_gateways(what, name, &losing)
                        .err()
                        .map(|one| one.to_string()),
                );
            }
            if let Some(injectors) = &injectors {
                match wish::check_namespace(injectors, name, &after) {
                    Ok(warning) => warning.iter().for_each(|text| self.output.warn(text)),
                    Err(refusal) => refused.push(refusal.to_string()),
                }
            }
            planned.push(plan);
        }
        all_or(&refused)?;
        Ok(planned)
    }

    async fn of_workloads(
        &self,
        names: &[WorkloadName],
        place: &str,
        asked: &Enabling,
    ) -> Result<Vec<Planned>, Failure> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        if !asked.force {
            self.settled(place, names).await?;
        }
        let snapshot = self.reader.snapshot(Some(place), &self.root).await?;
        let edit = wish::of_workload(&asked.wish);
        let mut planned = Vec::new();
        let mut refused = Vec::new();
        for name in names {
            let plan = self.workload_edit(name, |_| Ok(edit.clone())).await?;
            let after = Edit::on(&edit.labels, &plan.labels);
            planned.push(plan);
            if !asked.force && gateway::loses_by_itself(&snapshot, name, &after) {
                let alone = std::slice::from_ref(name);
                let told = wish::with_gateways(name.to_string(), place, alone);
                refused.extend(told.err().map(|one| one.to_string()));
            }
            if let Wish::Enable(_) = asked.wish {
                match has_effect(&snapshot, name, &edit) {
                    Ok(warning) => warning.iter().for_each(|text| self.output.warn(text)),
                    Err(refusal) => refused.push(refusal.to_string()),
                }
            }
        }
        all_or(&refused)?;
        Ok(planned)
    }

    /// Refuses workloads whose namespace's last change awaits their restart.
    pub(super) async fn settled(&self, place: &str, names: &[WorkloadName]) -> Result<(), Failure> {
        let snapshot = self.reader.snapshot(Some(place), &self.root).await?;
        unsettled(&survey(&snapshot), names)
    }

    /// A template that changed is rolled out by its controller; a namespace's pods wait for somebody.
    async fn and_restart(
        &self,
        namespaces: &[String],
        workloads: &[WorkloadName],
        pace: Pace,
    ) -> Outcome {
        let mut rows = Vec::new();
        for namespace in namespaces {
            let snapshot = self.reader.snapshot(Some(namespace), &self.root).await?;
            rows.extend(survey(&snapshot));
        }
        let mut done = self.rolled(workloads, pace, false).await;
        done.extend(self.stale(&rows, pace).await);
        self.restarted(done)
    }

    async fn advise(&self, namespaces: &[String], workloads: &[WorkloadName]) -> Outcome {
        for namespace in namespaces {
            let snapshot = self.reader.snapshot(Some(namespace), &self.root).await?;
            let waiting: usize = survey(&snapshot).iter().map(|row| row.need_restart).sum();
            if waiting > 0 {
                self.output.say(format!(
                    "in {namespace}, workloads run as before until they are restarted ({waiting} in all): weft sidecar restart {namespace} --needed"
                ));
            }
        }
        if !workloads.is_empty() {
            self.output
                .say("a changed template is rolled out by its controller; --restart waits for it");
        }
        Ok(Exit::Ok)
    }
}

/// Refuses workloads whose namespace's last change awaits their restart, all at once.
fn unsettled(rows: &[NamespaceStatus], names: &[WorkloadName]) -> Result<(), Failure> {
    let mut refused = Vec::new();
    for row in rows {
        for name in names {
            let found = row
                .workloads
                .iter()
                .find(|workload| workload.is_called(name.kind.word(), &name.name));
            if let Some(workload) = found.filter(|one| one.state == WorkloadState::NeedRestart) {
                let settled = wish::settled(&row.namespace, row.state, workload);
                refused.extend(settled.err().map(|refusal| refusal.to_string()));
            }
        }
    }
    all_or(&refused)
}

fn has_effect(
    snapshot: &Snapshot,
    name: &WorkloadName,
    edit: &Edit,
) -> Result<Option<String>, Refusal> {
    let nothing = Labels::new();
    let place = Place {
        name: &name.namespace,
        labels: snapshot.namespaces.get(&name.namespace).unwrap_or(&nothing),
    };
    let found = snapshot.workloads.iter().find(|one| one.name == *name);
    let template = found.map(|one| one.template.clone()).unwrap_or_default();
    let after = Template {
        labels: Edit::on(&edit.labels, &template.labels),
        ..template
    };
    wish::check_workload(&snapshot.injectors, place, name, &after)
}
