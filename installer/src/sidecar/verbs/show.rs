//! `status` and `explain`.

use super::super::decision::{Place, Template, decide};
use super::super::injector::Labels;
use super::super::report::{ExplainReport, Explained, Level, StatusReport};
use super::super::state::{Snapshot, survey};
use super::super::target::Target;
use super::super::view::{Belongs, Kind};
use super::Sidecars;
use crate::failure::{Exit, Failure, Outcome};

/// A pod that does not exist, to be tried out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample {
    /// `--label`.
    pub(crate) labels: Labels,
    /// `--annotation`.
    pub(crate) annotations: Labels,
    /// `--host-network`.
    pub(crate) host_network: bool,
}

impl Sidecars {
    /// How namespaces, workloads and pods are; exits 2 when something waits or fails.
    pub(crate) async fn status(&self, targets: &[Target], namespace: Option<&str>) -> Outcome {
        let named: Vec<&str> = targets
            .iter()
            .filter_map(|target| match target {
                Target::Namespace(name) => Some(name.as_str()),
                Target::Workload(..) | Target::Pod(_) => None,
            })
            .collect();
        let only = match (named.as_slice(), targets.is_empty()) {
            ([one], _) if targets.len() == 1 => Some(*one),
            ([], false) => Some(namespace.unwrap_or(self.namespace())),
            ([], true) => namespace,
            _ => None,
        };
        let (snapshot, meter) = tokio::join!(
            self.reader.visible(only, &self.root),
            self.reader.meter(only)
        );
        let snapshot = Snapshot { meter, ..snapshot? };
        let mut rows = survey(&snapshot);
        if only.is_none() && !named.is_empty() {
            if let Some(missing) = named
                .iter()
                .find(|name| !snapshot.namespaces.contains_key(**name))
            {
                let text = format!(
                    "there is no namespace {missing}: correct the name, or `kubectl create namespace {missing}`"
                );
                return Err(Failure::text(Exit::Failure, text));
            }
            rows.retain(|row| named.contains(&row.namespace.as_str()));
        }
        self.tell_unseen(&snapshot, targets)?;
        let workloads = narrow(&mut rows, targets)?;
        if let Some(why) = &snapshot.blind {
            self.output.warn(format!(
                "whether pods are as they would be now is not known: {why}"
            ));
        }
        let level = match (workloads, only) {
            (true, _) => Level::Pods,
            (false, Some(_)) => Level::Workloads,
            (false, None) => Level::Namespaces,
        };
        if let (Level::Pods, Some(why)) = (level, &snapshot.meter.trouble) {
            self.output
                .say(format!("what the proxies use is unknown: {why}"));
        }
        let found = rows
            .iter()
            .any(super::super::state::NamespaceStatus::has_findings);
        self.output.report(&StatusReport {
            namespaces: rows,
            level,
        })?;
        Ok(if found { Exit::Findings } else { Exit::Ok })
    }

    /// Workloads that may not be seen are passed over; one that is named may not.
    fn tell_unseen(&self, snapshot: &Snapshot, targets: &[Target]) -> Result<(), Failure> {
        for (kind, why) in &snapshot.unseen {
            let is_named =
                |one: &Target| matches!(one, Target::Workload(named, _) if named == kind);
            if targets.iter().any(is_named) {
                return Err(Failure::text(Exit::NoPermission, why));
            }
            let text = format!("{why}: such workloads are passed over");
            self.output.warn(text);
        }
        Ok(())
    }

    /// Whether the targets get a proxy, and which label or rule decides.
    pub(crate) async fn explain(
        &self,
        targets: &[Target],
        namespace: Option<&str>,
        sample: &Sample,
    ) -> Outcome {
        let here = namespace.unwrap_or(self.namespace());
        let mut explained = Vec::new();
        for target in targets {
            let place = match target {
                Target::Namespace(name) => name.as_str(),
                Target::Workload(..) | Target::Pod(_) => here,
            };
            let snapshot = self.snapshot_for(target, place).await?;
            let labels = snapshot.namespaces.get(place).cloned().unwrap_or_default();
            let (what, mut template) = subject(target, place, &snapshot)?;
            template.labels.extend(sample.labels.clone());
            template.annotations.extend(sample.annotations.clone());
            template.host_network |= sample.host_network;
            let at = Place {
                name: place,
                labels: &labels,
            };
            let decision = decide(&snapshot.injectors, at, &template);
            explained.push(Explained {
                subject: what,
                namespace: place.to_owned(),
                decision,
            });
        }
        self.output.report(&ExplainReport(explained))?;
        Ok(Exit::Ok)
    }

    /// A namespace alone needs no look at what is in it.
    async fn snapshot_for(&self, target: &Target, place: &str) -> Result<Snapshot, Failure> {
        match target {
            Target::Namespace(_) => self.reader.outline(Some(place), &self.root).await,
            Target::Workload(..) | Target::Pod(_) => {
                self.reader.snapshot(Some(place), &self.root).await
            }
        }
    }
}

/// Leaves only the workloads and pods that were named; says whether any were.
fn narrow(
    rows: &mut [super::super::state::NamespaceStatus],
    targets: &[Target],
) -> Result<bool, Failure> {
    let wanted: Vec<(&str, &str)> = targets
        .iter()
        .filter_map(|target| match target {
            Target::Workload(kind, name) => Some((kind.word(), name.as_str())),
            Target::Pod(name) => Some(("Pod", name.as_str())),
            Target::Namespace(_) => None,
        })
        .collect();
    if wanted.is_empty() {
        return Ok(false);
    }
    for (kind, name) in &wanted {
        let mut all = rows.iter().flat_map(|row| &row.workloads);
        if !all.any(|workload| workload.is_called(kind, name)) {
            let text = format!("there is no {kind} {name} that counts; is it the right -n?");
            return Err(Failure::text(Exit::Failure, text));
        }
    }
    for row in rows {
        row.workloads.retain(|workload| {
            wanted
                .iter()
                .any(|(kind, name)| workload.is_called(kind, name))
        });
    }
    Ok(true)
}

/// What a target is, and what its pods say.
fn subject(
    target: &Target,
    place: &str,
    snapshot: &Snapshot,
) -> Result<(String, Template), Failure> {
    let missing = |what: String| {
        Failure::text(
            Exit::Failure,
            format!("there is no {what} in namespace {place}"),
        )
    };
    let of_workload = |kind: Kind, name: &str| {
        let mut workloads = snapshot.workloads.iter();
        workloads
            .find(|workload| workload.name.kind == kind && workload.name.name == name)
            .map(|workload| workload.template.clone())
            .ok_or_else(|| missing(format!("{} {name}", kind.word())))
    };
    match target {
        Target::Namespace(name) => Ok((format!("a pod in namespace {name}"), Template::default())),
        Target::Workload(kind, name) => Ok((
            format!("{} {place}/{name}", kind.word()),
            of_workload(*kind, name)?,
        )),
        Target::Pod(name) => {
            let mut pods = snapshot.pods.iter();
            let pod = pods
                .find(|pod| pod.name == *name)
                .ok_or_else(|| missing(format!("Pod {name} that counts")))?;
            let template = match &pod.belongs {
                Belongs::To(owner) => of_workload(owner.kind, &owner.name)?,
                Belongs::Else(template, _) => (**template).clone(),
            };
            Ok((format!("Pod {place}/{name}"), template))
        }
    }
}
