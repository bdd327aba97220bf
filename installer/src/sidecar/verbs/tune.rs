//! `resources` and `passthrough`: annotations of a workload's template.

use serde_json::Value;

use super::super::edit::{Edit, Site, current};
use super::super::injector::Labels;
use super::super::passthrough::Passing;
use super::super::report::{SettingsReport, SettingsRow};
use super::super::restart::Pace;
use super::super::target::Target;
use super::super::view::WorkloadName;
use super::super::{passthrough, resources};
use super::{Manner, Sidecars, workloads};
use crate::cluster::mode::Mode;
use crate::failure::{Exit, Failure, Outcome};

/// What is set, and how.
#[derive(Debug)]
pub(crate) struct Tuning {
    /// How to write it.
    pub(crate) manner: Manner,
    /// Wait for the rollout that follows, in this way.
    pub(crate) restart: Option<Pace>,
    /// Even where a namespace's change awaits restarts.
    pub(crate) force: bool,
}

/// Which annotations, of those that can be set.
#[derive(Clone, Copy, Debug)]
enum Family {
    Resources,
    Passthrough,
}

impl Sidecars {
    /// Shows the resources of workloads' proxies, or sets them.
    pub(crate) async fn resources(
        &self,
        targets: &[Target],
        namespace: Option<&str>,
        asked: Option<&resources::Asked>,
        tuning: &Tuning,
    ) -> Outcome {
        let edit = |current: &Labels| match asked {
            Some(asked) => resources::edit(asked, current),
            None => Ok(resources::clear()),
        };
        self.tune(targets, namespace, &edit, tuning).await
    }

    /// Sets what passes by workloads' proxies, or takes it away.
    pub(crate) async fn passthrough(
        &self,
        targets: &[Target],
        namespace: Option<&str>,
        passing: &Passing,
        tuning: &Tuning,
    ) -> Outcome {
        let edit = |current: &Labels| match passing {
            Passing::Set(asked) => passthrough::edit(asked, current),
            Passing::Clear(direction) => Ok(passthrough::clear(*direction)),
        };
        self.tune(targets, namespace, &edit, tuning).await
    }

    /// The resources as they are set.
    pub(crate) async fn show_resources(
        &self,
        targets: &[Target],
        namespace: Option<&str>,
    ) -> Outcome {
        self.settings(targets, namespace, Family::Resources).await
    }

    /// What passes by, as it is set.
    pub(crate) async fn show_passthrough(
        &self,
        targets: &[Target],
        namespace: Option<&str>,
    ) -> Outcome {
        self.settings(targets, namespace, Family::Passthrough).await
    }

    async fn tune(
        &self,
        targets: &[Target],
        namespace: Option<&str>,
        edit: &(dyn Fn(&Labels) -> Result<Edit, Vec<String>> + Sync),
        tuning: &Tuning,
    ) -> Outcome {
        let here = namespace.unwrap_or(self.namespace());
        let names = workloads(targets, here)?;
        self.guard(names.iter().map(|name| name.namespace.as_str()))?;
        if !tuning.force {
            self.settled(here, &names).await?;
        }
        let mut planned = Vec::new();
        for name in &names {
            let decided = |object: &Value| {
                edit(&current(object, Site::Template(name.kind), "annotations"))
                    .map_err(|mistakes| mistaken(name, &mistakes))
            };
            planned.push(self.workload_edit(name, decided).await?);
        }
        let ending = Self::ended(&planned, tuning.manner);
        let written = self.written(&planned, tuning.manner).await?;
        match tuning.restart {
            Some(pace) if tuning.manner.mode == Mode::Act => {
                let rows = self.rolled(&names, pace, None).await;
                self.restarted(rows)
            }
            _ => {
                if written {
                    self.output
                        .say("a changed template is rolled out by its controller; --restart waits for it");
                }
                Ok(ending)
            }
        }
    }

    async fn settings(
        &self,
        targets: &[Target],
        namespace: Option<&str>,
        family: Family,
    ) -> Outcome {
        let here = namespace.unwrap_or(self.namespace());
        let names = workloads(targets, here)?;
        let snapshot = self.reader.snapshot(Some(here), &self.root).await?;
        if let Some(missing) = names
            .iter()
            .find(|name| !snapshot.workloads.iter().any(|one| one.name == **name))
        {
            return Err(Failure::text(
                Exit::Failure,
                format!("there is no {missing}"),
            ));
        }
        let keys: Vec<String> = match family {
            Family::Resources => resources::KEYS.map(str::to_owned).to_vec(),
            Family::Passthrough => passthrough::NAMES.map(passthrough::key).to_vec(),
        };
        let concerned = snapshot
            .workloads
            .iter()
            .filter(|one| names.is_empty() || names.contains(&one.name));
        let rows = concerned.map(|one| SettingsRow {
            workload: one.name.clone(),
            settings: keys
                .iter()
                .filter_map(|key| Some((key.clone(), one.template.annotations.get(key)?.clone())))
                .collect(),
        });
        let mut rows: Vec<_> = rows.collect();
        rows.sort_by(|a, b| a.workload.cmp(&b.workload));
        self.output.report(&SettingsReport(rows))?;
        Ok(Exit::Ok)
    }
}

fn mistaken(name: &WorkloadName, mistakes: &[String]) -> Failure {
    Failure::text(
        Exit::Usage,
        format!("{name}: {}", mistakes.join(&format!("\n{name}: "))),
    )
}
