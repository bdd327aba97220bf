//! Whether the istiods of a mesh serve: a short look, for those who list meshes or are about to change one. `weft mesh status`
//! looks at all of it.

use super::read::{self, DEPLOYMENTS, SERVICES};
use crate::cluster::access::Cluster;
use crate::cluster::error::ClusterError;
use crate::cluster::readiness::{Readiness, istiod};
use crate::cluster::watch::{Target, states};

/// How the istiods of a mesh are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Serving {
    /// As they should be, as far as this can be seen.
    Well,
    /// Not yet, or not all of them, and what is waited for.
    NotYet(String),
    /// They do not, and waiting does not help: why, and what to do.
    Not(String),
}

/// Looks at the istiods of a root namespace, and at their Services.
pub(crate) async fn look(cluster: &Cluster, root: &str) -> Result<Serving, ClusterError> {
    let mut targets = Vec::new();
    for kind in [DEPLOYMENTS, SERVICES] {
        let found = read::all(cluster, kind, Some(root), istiod::SELECTOR).await?;
        targets.extend(
            found
                .iter()
                .map(|object| kind.target("istiod", root, read::name(object))),
        );
    }
    let seen = states(cluster, targets).await?;
    Ok(judged(&seen))
}

/// What has failed is said before what only waits.
fn judged(seen: &[(Target, Option<Readiness>)]) -> Serving {
    let failed = seen.iter().find_map(|(_, readiness)| match readiness {
        Some(Readiness::Failed(cause)) => Some(Serving::Not(cause.to_string())),
        Some(Readiness::Ready | Readiness::Progressing { .. }) | None => None,
    });
    let waits = || {
        seen.iter().find_map(|(target, readiness)| match readiness {
            Some(Readiness::Progressing { waits_for, cause }) => {
                let told = cause.as_ref().map(ToString::to_string);
                let told = told.unwrap_or_else(|| format!("{}: {waits_for}", target.id));
                Some(Serving::NotYet(told))
            }
            Some(Readiness::Ready | Readiness::Failed(_)) | None => None,
        })
    };
    failed.or_else(waits).unwrap_or(Serving::Well)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::cause::Cause;
    use crate::mesh::read::Kind;

    #[test]
    fn what_has_failed_comes_before_what_waits() {
        let of =
            |kind: Kind, readiness| (kind.target("istiod", "istio-system", "istiod"), readiness);
        let waits = |cause| Readiness::Progressing {
            waits_for: "0 of 1 pods are ready".to_owned(),
            cause,
        };
        let cause = || Cause::new("Pod x", "no image", "push it");
        let failed = || Some(Readiness::Failed(cause()));
        let told = || "Pod x: no image; push it".to_owned();
        let bare = "Deployment istio-system/istiod: 0 of 1 pods are ready".to_owned();
        let cases = [
            (vec![], Serving::Well),
            (vec![of(SERVICES, None)], Serving::Well),
            (vec![of(SERVICES, Some(Readiness::Ready))], Serving::Well),
            (
                vec![of(DEPLOYMENTS, Some(waits(None)))],
                Serving::NotYet(bare),
            ),
            (
                vec![of(DEPLOYMENTS, Some(waits(Some(cause()))))],
                Serving::NotYet(told()),
            ),
            (
                vec![of(DEPLOYMENTS, Some(waits(None))), of(SERVICES, failed())],
                Serving::Not(told()),
            ),
        ];
        for (seen, wanted) in cases {
            assert_eq!(judged(&seen), wanted);
        }
    }
}
