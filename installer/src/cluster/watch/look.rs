//! One look at objects: how far each is.

use futures_util::{StreamExt, TryStreamExt};
use serde_json::Value;

use super::evidence::gather;
use super::{STAY, Target};
use crate::cluster::access::Cluster;
use crate::cluster::cause::{Evidence, before};
use crate::cluster::discovery::Resource;
use crate::cluster::error::ClusterError;
use crate::cluster::object::ObjectId;
use crate::cluster::readiness::istiod::{self, Behind};
use crate::cluster::readiness::{Readiness, is_probed, judge};
use crate::cluster::snapshot::AT_ONCE;

/// What is said of an object that is waited for and is not there.
const ABSENT: &str = "it does not exist";

/// One look at an object.
pub(super) struct Look {
    /// How far it is.
    pub(super) readiness: Readiness,
    /// Whether its containers say so themselves.
    pub(super) is_probed: bool,
}

impl Look {
    /// At something that is not ready.
    pub(super) fn open(waits_for: impl Into<String>) -> Self {
        Self {
            readiness: Readiness::Progressing {
                waits_for: waits_for.into(),
                cause: None,
            },
            is_probed: true,
        }
    }
}

/// How far each is, and the whole story of those that are not ready; nothing for one that is not there.
pub(crate) async fn states(
    cluster: &Cluster,
    targets: Vec<Target>,
) -> Result<Vec<(Target, Option<Readiness>)>, ClusterError> {
    futures_util::stream::iter(targets)
        .map(|target| async move {
            let look = look(cluster, &target, true).await?;
            Ok((target, look.map(|look| look.readiness)))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

/// Looks at each.
pub(super) async fn all(
    cluster: &Cluster,
    targets: Vec<Target>,
    is_last: bool,
) -> Vec<(Target, Result<Look, ClusterError>)> {
    futures_util::stream::iter(targets)
        .map(|target| async move {
            let look = look(cluster, &target, is_last).await;
            let look = look.map(|look| look.unwrap_or_else(|| Look::open(ABSENT)));
            (target, look)
        })
        .buffered(AT_ONCE)
        .collect()
        .await
}

async fn look(
    cluster: &Cluster,
    target: &Target,
    is_last: bool,
) -> Result<Option<Look>, ClusterError> {
    let id = &target.id;
    let Some(object) = cluster.read(&target.resource, id).await? else {
        return Ok(None);
    };
    let mut readiness = judge(id, &object, &Evidence::default());
    if readiness != Readiness::Ready {
        readiness = judge(id, &object, &gather(cluster, id, &object, is_last).await?);
        // What is said in the end says what the containers said.
        if !is_last && matches!(readiness, Readiness::Failed(_)) {
            readiness = judge(id, &object, &gather(cluster, id, &object, true).await?);
        }
    }
    if readiness == Readiness::Ready && istiod::is_service(id, &object) {
        readiness = behind(cluster, id, &object).await?;
    }
    Ok(Some(Look {
        readiness,
        is_probed: is_probed(&object),
    }))
}

/// The Service of an istiod, by what it leads to. Where nobody may look, it is as good as it says.
async fn behind(
    cluster: &Cluster,
    id: &ObjectId,
    service: &Value,
) -> Result<Readiness, ClusterError> {
    let namespace = id.namespace.as_deref();
    let ours = format!("kubernetes.io/service-name={}", id.name);
    let (slices, deployments) = (
        of("discovery.k8s.io", "EndpointSlice"),
        of("apps", "Deployment"),
    );
    let asked = tokio::try_join!(
        cluster.select(&slices, namespace, &ours, ""),
        cluster.select(&deployments, namespace, istiod::SELECTOR, ""),
    );
    match asked {
        Ok((slices, istiods)) => Ok(istiod::served(id, service, &Behind { slices, istiods })),
        Err(error) if error.is_forbidden() => Ok(Readiness::Ready),
        Err(error) => Err(error),
    }
}

fn of(group: &str, kind: &str) -> Resource {
    Resource {
        group: group.to_owned(),
        ..Resource::core(kind, &format!("{}s", kind.to_lowercase()))
    }
}

/// Of something that is up, but was not for long enough: why it was down before. Time is up: a server that is away at this
/// moment does not change what is said of it.
pub(super) async fn fallen(cluster: &Cluster, target: &Target) -> Result<Readiness, ClusterError> {
    let asked = async {
        let Some(object) = cluster.read(&target.resource, &target.id).await? else {
            return Ok::<_, ClusterError>(None);
        };
        Ok(before(&gather(cluster, &target.id, &object, true).await?))
    };
    let cause = match asked.await {
        Err(error) if !error.is_transient() => return Err(error),
        asked => asked.unwrap_or_default(),
    };
    Ok(Readiness::Progressing {
        waits_for: STAY.to_owned(),
        cause,
    })
}

/// A server that is away for a moment says nothing about the object.
pub(super) fn patient(error: ClusterError) -> Result<Look, ClusterError> {
    if error.is_transient() {
        Ok(Look::open(error.to_string()))
    } else {
        Err(error)
    }
}
