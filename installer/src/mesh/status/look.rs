//! Looks how a mesh is, once or until it works.

use std::time::Duration;

use tokio::time::Instant;

use super::{Component, MeshStatus, State};
use crate::cluster::access::Cluster;
use crate::cluster::discovery::Resource;
use crate::cluster::engine::{self, EngineError};
use crate::cluster::inventory::Parent;
use crate::cluster::object::ObjectId;
use crate::cluster::watch::{Target, states};
use crate::failure::{Exit, Failure};
use crate::mesh::adopt::{Found, Part};
use crate::mesh::read::{DAEMON_SETS, DEPLOYMENTS, Kind};
use crate::mesh::record::{MeshRecord, Mode, object_name};

/// Looks at every object of the mesh that can be ready or not: the members of its set, or of an Istio that somebody else
/// runs, what it was when it was adopted.
pub(crate) async fn look(cluster: &Cluster, record: &MeshRecord) -> Result<MeshStatus, Failure> {
    let theirs = theirs(record)?;
    Ok(look_at(cluster, record, &theirs).await?)
}

async fn look_at(
    cluster: &Cluster,
    record: &MeshRecord,
    theirs: &[Target],
) -> Result<MeshStatus, EngineError> {
    let parent = Parent {
        namespace: record.root_namespace.clone(),
        name: object_name(&record.name),
    };
    let seen = if record.state.mode == Mode::External {
        states(cluster, theirs.to_vec()).await?
    } else {
        engine::assess(cluster, &parent).await?
    };
    let components = seen
        .iter()
        .map(|(target, readiness)| Component::of(record, target, readiness.as_ref()));
    Ok(MeshStatus::of(record, components.collect()))
}

/// What runs of an Istio that was adopted.
pub(super) fn theirs(record: &MeshRecord) -> Result<Vec<Target>, Failure> {
    let Some(adopted) = &record.state.adopted else {
        return Ok(Vec::new());
    };
    let found: Found = serde_json::from_value(adopted.clone()).map_err(|error| {
        let text = format!(
            "{}: state.json: adopted: {error}: record it anew with `weft mesh adopt {}`",
            record.id(),
            record.name
        );
        Failure::text(Exit::Failure, text)
    })?;
    let planes = found.control_planes.iter();
    let planes = planes.map(|plane| target("istiod", DEPLOYMENTS, &plane.part));
    let nodes = [("cni", &found.cni), ("ztunnel", &found.ztunnel)];
    let nodes = nodes
        .into_iter()
        .filter_map(|(name, part)| Some(target(name, DAEMON_SETS, part.as_ref()?)));
    Ok(planes.chain(nodes).collect())
}

fn target(component: &str, kind: Kind, part: &Part) -> Target {
    Target {
        component: component.to_owned(),
        id: ObjectId {
            group: kind.group.to_owned(),
            version: kind.version.to_owned(),
            kind: kind.name.to_owned(),
            namespace: Some(part.namespace.clone()),
            name: part.name.clone(),
        },
        resource: Resource {
            group: kind.group.to_owned(),
            version: kind.version.to_owned(),
            ..Resource::core(kind.name, kind.plural)
        },
    }
}

/// Looks until all of it works, or time is up; gives what was seen last. A server that is away for a moment is asked again.
pub(crate) async fn wait(
    cluster: &Cluster,
    record: &MeshRecord,
    timeout: Duration,
    mut tell: impl FnMut(&MeshStatus),
) -> Result<(MeshStatus, bool), Failure> {
    let theirs = theirs(record)?;
    let deadline = Instant::now().checked_add(timeout);
    let mut last = None;
    loop {
        match look_at(cluster, record, &theirs).await {
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
            Err(error) => return Err(error.into()),
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
