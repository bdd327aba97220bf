//! One look at objects: how far each is.

use futures_util::{StreamExt, TryStreamExt};

use super::evidence::gather;
use super::{STAY, Target};
use crate::cluster::access::Cluster;
use crate::cluster::cause::{Evidence, before};
use crate::cluster::error::ClusterError;
use crate::cluster::readiness::{Readiness, is_probed, judge};
use crate::cluster::snapshot::AT_ONCE;

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

/// How far each is, and the whole story of those that are not ready.
pub(crate) async fn states(
    cluster: &Cluster,
    targets: Vec<Target>,
) -> Result<Vec<(Target, Readiness)>, ClusterError> {
    futures_util::stream::iter(targets)
        .map(|target| async move {
            let look = look(cluster, &target, true).await?;
            Ok((target, look.readiness))
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
            (target, look)
        })
        .buffered(AT_ONCE)
        .collect()
        .await
}

async fn look(cluster: &Cluster, target: &Target, is_last: bool) -> Result<Look, ClusterError> {
    let id = &target.id;
    let Some(object) = cluster.read(&target.resource, id).await? else {
        return Ok(Look::open("it does not exist"));
    };
    let mut readiness = judge(id, &object, &Evidence::default());
    if readiness != Readiness::Ready {
        readiness = judge(id, &object, &gather(cluster, id, &object, is_last).await?);
        // What is said in the end says what the containers said.
        if !is_last && matches!(readiness, Readiness::Failed(_)) {
            readiness = judge(id, &object, &gather(cluster, id, &object, true).await?);
        }
    }
    Ok(Look {
        readiness,
        is_probed: is_probed(&object),
    })
}

/// Of something that is up, but was not for long enough: why it was down before.
pub(super) async fn fallen(cluster: &Cluster, target: &Target) -> Result<Readiness, ClusterError> {
    let mut cause = None;
    if let Some(object) = cluster.read(&target.resource, &target.id).await? {
        cause = before(&gather(cluster, &target.id, &object, true).await?);
    }
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
