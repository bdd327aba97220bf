//! Looks how a mesh is, once or until it works.

use std::time::Duration;

use tokio::time::Instant;

use super::{Component, MeshStatus, State, running, theirs};
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
    if record.state.mode == Mode::External {
        return Ok(theirs::look(cluster, record).await?);
    }
    let parent = Parent {
        namespace: record.root_namespace.clone(),
        name: object_name(&record.name),
    };
    let (seen, hidden) = engine::glance(cluster, &parent).await?;
    let components = seen
        .iter()
        .map(|(target, readiness)| Component::of(record, target, readiness.as_ref()));
    Ok(MeshStatus {
        running_version: running::other(cluster, record).await,
        unseen: hidden.iter().map(|one| one.error.to_string()).collect(),
        ..MeshStatus::of(record, components.collect())
    })
}

/// Looks until all of it works, or time is up; gives what was seen last. A server that is away for a moment is asked again.
pub(crate) async fn wait(
    cluster: &Cluster,
    record: &MeshRecord,
    timeout: Duration,
    mut tell: impl FnMut(&MeshStatus),
) -> Result<(MeshStatus, bool), EngineError> {
    let deadline = Instant::now().checked_add(timeout);
    let mut last = None;
    loop {
        match look(cluster, record).await {
            Ok(status) if status.status == State::Succeeded => return Ok((status, true)),
            Ok(status) => {
                tell(&status);
                last = Some(status);
            }
            Err(EngineError::Cluster(error)) if error.is_transient() => {
                if last.is_none() && is_over(deadline) {
                    return Err(error.into());
                }
            }
            Err(error) => return Err(error),
        }
        if let Some(status) = last.take_if(|_| is_over(deadline)) {
            return Ok((status, false));
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

fn is_over(deadline: Option<Instant>) -> bool {
    deadline.is_none_or(|end| Instant::now() >= end)
}
