//! Looks how a mesh is, once or until it works.

use std::time::Duration;

use tokio::time::Instant;

use super::last::{self, Last};
use super::{Component, MeshStatus, part, running, theirs};
use crate::cluster::access::Cluster;
use crate::cluster::engine::{self, EngineError};
use crate::cluster::inventory::Parent;
use crate::mesh::record::{MeshRecord, Mode, object_name};

/// Looks at every object of the mesh that can be ready or not: the members of its set, or the parts of an Istio that
/// somebody else runs.
pub(crate) async fn look(
    cluster: &Cluster,
    record: &MeshRecord,
) -> Result<MeshStatus, EngineError> {
    Ok(seen(cluster, record).await?.0)
}

async fn seen(cluster: &Cluster, record: &MeshRecord) -> Result<(MeshStatus, Last), EngineError> {
    let (record, last) = last::look(cluster, record).await?;
    let status = parts(cluster, &record).await?.after(&last);
    Ok((status, last))
}

async fn parts(cluster: &Cluster, record: &MeshRecord) -> Result<MeshStatus, EngineError> {
    if record.state.mode == Mode::External {
        return Ok(theirs::look(cluster, record).await?);
    }
    let parent = Parent {
        namespace: record.root_namespace.clone(),
        name: object_name(&record.name),
    };
    let (seen, hidden) = engine::glance(cluster, &parent).await?;
    let first = part::waits_for(record.state.phase, &seen);
    let components = seen.iter().map(|(target, readiness)| {
        Component::of(record, target, readiness.as_ref(), first.as_deref())
    });
    Ok(MeshStatus {
        running_version: running::other(cluster, record).await,
        unseen: hidden.iter().map(|one| one.error.to_string()).collect(),
        ..MeshStatus::of(record, components.collect())
    })
}

/// How waiting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waited {
    /// It works; an upgrade that stands between two of its commands is no reason to wait on.
    Ready,
    /// All that is there works, and nobody does the rest.
    Left,
    /// Time is up.
    Late,
}

/// Looks until all of it works, or time is up; gives what was seen last. A server that is away for a moment is asked again.
pub(crate) async fn wait(
    cluster: &Cluster,
    record: &MeshRecord,
    timeout: Duration,
    mut tell: impl FnMut(&MeshStatus),
) -> Result<(MeshStatus, Waited), EngineError> {
    let deadline = Instant::now().checked_add(timeout);
    let mut record = record.clone();
    let mut seen_last = None;
    loop {
        match seen(cluster, &record).await {
            Ok((status, last)) if status.is_ready(&last) => return Ok((status, Waited::Ready)),
            Ok((status, last)) if status.is_left(&last) => return Ok((status, Waited::Left)),
            Ok((status, _)) => {
                tell(&status);
                seen_last = Some(status);
            }
            Err(EngineError::Cluster(error)) if error.is_transient() => {
                if seen_last.is_none() && is_over(deadline) {
                    return Err(error.into());
                }
            }
            Err(error) => return Err(error),
        }
        if let Some(status) = seen_last.take_if(|_| is_over(deadline)) {
            return Ok((status, Waited::Late));
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        // A command may have come to its end meanwhile, or have begun.
        let now = MeshRecord::now(cluster, &record.name, &record.root_namespace).await;
        record = now.unwrap_or(record);
    }
}

fn is_over(deadline: Option<Instant>) -> bool {
    deadline.is_none_or(|end| Instant::now() >= end)
}
