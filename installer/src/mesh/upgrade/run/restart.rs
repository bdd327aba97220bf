//! Starts the workloads of a namespace anew, and watches their health.

use super::act::Deeds;
use crate::failure::{Exit, Failure};
use crate::history::journal::Journal;
use crate::sidecar::kinds::Kinds;
use crate::sidecar::read::Reader;
use crate::sidecar::restart::{Restarted, Restarter, Verdict};
use crate::sidecar::state::{PodState, WorkloadState, WorkloadStatus, survey};
use crate::sidecar::view::WorkloadName;
use crate::sidecar::write::Writer;

impl Deeds<'_> {
    /// What is not as it would be now is started anew, and what somebody has begun is waited for.
    pub(super) async fn restart(
        &mut self,
        namespace: &str,
        journal: &Journal<'_>,
    ) -> Result<(), Failure> {
        let cluster = self.upgrader.installer.cluster;
        let kinds = Kinds::read(cluster, self.root, None).await?;
        let reader = Reader::new(cluster.clone()).with(kinds.served);
        let snapshot = reader.snapshot(Some(namespace), self.root).await?;
        let found = survey(&snapshot);
        let workloads: Vec<_> = found.iter().flat_map(|row| &row.workloads).collect();
        let named = |wanted: fn(&WorkloadStatus) -> bool| -> Vec<WorkloadName> {
            let chosen = workloads.iter().filter(|one| wanted(one));
            chosen.filter_map(|one| one.workload_name()).collect()
        };
        let (stale, coming) = (named(WorkloadStatus::has_stale_proxies), named(is_coming));
        for one in workloads
            .iter()
            .filter(|one| one.has_stale_proxies() && one.workload_name().is_none())
        {
            let text = format!("{} {namespace}/{}: {}", one.kind, one.name, one.reason);
            self.upgrader.installer.output.warn(text);
        }
        let writer = Writer::new(cluster.clone(), false, false);
        let progress = self.upgrader.installer.output.progress();
        let restarter = Restarter {
            reader: &reader,
            writer: &writer,
            progress: &progress,
            pace: self.upgrader.pace,
        };
        let mut rows = restarter.all(&coming, None).await;
        let failed = |rows: &[Restarted]| rows.iter().any(|row| row.result == Verdict::Failed);
        let keeps_going = self.upgrader.pace.keep_going;
        if keeps_going || !failed(&rows) {
            rows.extend(restarter.all(&stale, Some(journal)).await);
        }
        drop(progress);
        self.rows.extend(rows.clone());
        if keeps_going {
            return Ok(());
        }
        self.health(&rows)
    }

    /// Whether all of these got ready.
    pub(super) fn health(&self, rows: &[Restarted]) -> Result<(), Failure> {
        let Some(row) = rows.iter().find(|row| row.result == Verdict::Failed) else {
            return Ok(());
        };
        let name = &self.upgrader.name;
        let what = if row.begun {
            "did not get ready"
        } else {
            "was not restarted"
        };
        let failed = rows.iter().filter(|row| row.result == Verdict::Failed);
        let rest = match (self.upgrader.pace.keep_going, failed.count()) {
            (false, _) => "nothing more was begun".to_owned(),
            (true, count) => format!("of all that was begun, {count} did not"),
        };
        let text = format!(
            "{} {}/{} {what}: {}; {rest}: correct it and run the same command again, or go back with `weft mesh upgrade rollback {name}`",
            row.kind, row.namespace, row.name, row.message
        );
        let moved = self.rows.iter().any(|row| row.result == Verdict::Succeed);
        let exit = if moved { Exit::Partial } else { Exit::Failure };
        Err(Failure::text(exit, text))
    }
}

/// Current, and not all of it up.
fn is_coming(workload: &WorkloadStatus) -> bool {
    let up = |state| state == PodState::Running || state == PodState::NotInjected;
    workload.state == WorkloadState::Injected && !workload.pods.iter().all(|pod| up(pod.state))
}
